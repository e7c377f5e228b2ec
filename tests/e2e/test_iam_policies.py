"""Managed policies through boto3.

Proven: the sequences of Terraform's aws_iam_policy and aws_iam_role_policy_attachment get true answers; AWS's errors,
statuses and texts; AWS's own policies are read and never changed; a policy attached, changed or detached counts at the
next request of running sessions; nothing that a bounded principal does with policies reaches beyond its boundary (rule
17); a policy in use stays (rule 18).
"""

import json

import pytest
from clients import S3_ALL, allow, assume, client, deny, document, refused, unique
from policy_scene import DENIED, FULL, USER, account_role, policy, reader, served  # noqa: F401


# ---- what infrastructure-as-code calls


def test_terraform_aws_iam_policy(served):
    """Create, read, update by new versions with pruning of the oldest, tags, delete; import is the same reads."""
    iam, name = served.iam, unique("tf-")
    made = iam.create_policy(
        PolicyName=name,
        Path="/tf/",
        Description="by Terraform",
        PolicyDocument=S3_ALL,
        Tags=[{"Key": "team", "Value": "red"}],
    )["Policy"]
    arn = made["Arn"]
    assert arn == f"arn:aws:iam:::policy/tf/{name}" and made["PolicyId"].startswith("ANPA")
    assert made["Tags"] == [{"Key": "team", "Value": "red"}] and made["IsAttachable"] is True

    def read():
        policy = iam.get_policy(PolicyArn=arn)["Policy"]
        version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        assert version["IsDefaultVersion"] is True
        return policy, version["Document"]

    policy, shown = read()
    assert (policy["Description"], policy["Path"], policy["AttachmentCount"]) == ("by Terraform", "/tf/", 0)
    assert policy["PermissionsBoundaryUsageCount"] == 0 and policy["DefaultVersionId"] == "v1"
    assert shown == json.loads(S3_ALL)
    for update in range(6):
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) == 5:
            oldest = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: int(v["VersionId"][1:]))
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        text = document(allow("s3:GetObject", f"arn:aws:s3:::b{update}/*"))
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)
        policy, shown = read()
        assert shown == json.loads(text) and policy["DefaultVersionId"] == f"v{update + 2}"
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "Team", "Value": "blue"}])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "Team", "Value": "blue"}]
    iam.untag_policy(PolicyArn=arn, TagKeys=["team"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == []
    code, status, message = refused(iam.delete_policy, PolicyArn=arn)
    assert (code, status) == ("DeleteConflict", 409) and message.startswith("This policy has more than one version.")
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)
    assert refused(iam.get_policy, PolicyArn=arn) == ("NoSuchEntity", 404, f"Policy {arn} was not found.")


@pytest.mark.parametrize("of_aws", [False, True])
def test_terraform_aws_iam_role_policy_attachment(served, policy, reader, of_aws):
    iam, arn = served.iam, FULL if of_aws else policy
    iam.attach_role_policy(RoleName=reader.name, PolicyArn=arn)
    iam.attach_role_policy(RoleName=reader.name, PolicyArn=arn)  # again: no error
    attached = iam.list_attached_role_policies(RoleName=reader.name)["AttachedPolicies"]
    assert attached == [{"PolicyName": arn.rsplit("/", 1)[1], "PolicyArn": arn}]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    uses = iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Role")
    assert [role["RoleName"] for role in uses["PolicyRoles"]] == [reader.name]
    assert uses["PolicyUsers"] == uses["PolicyGroups"] == [] and uses["IsTruncated"] is False
    iam.detach_role_policy(RoleName=reader.name, PolicyArn=arn)
    assert refused(iam.detach_role_policy, RoleName=reader.name, PolicyArn=arn)[:2] == ("NoSuchEntity", 404)
    assert iam.list_attached_role_policies(RoleName=reader.name)["AttachedPolicies"] == []


def test_listings_page_and_filter(served):
    iam, path = served.iam, f"/{unique('list')}/"
    names = sorted(unique("p") for _ in range(5))
    for name in names:
        iam.create_policy(PolicyName=name, Path=path, PolicyDocument=S3_ALL)
    pages = iam.get_paginator("list_policies").paginate(
        Scope="Local", PathPrefix=path, PaginationConfig={"PageSize": 2}
    )
    pages = [[policy["PolicyName"] for policy in page["Policies"]] for page in pages]
    assert [len(page) for page in pages] == [2, 2, 1] and sum(pages, []) == names
    of_aws = iam.list_policies(Scope="AWS")["Policies"]
    assert "AdministratorAccess" in [policy["PolicyName"] for policy in of_aws]
    assert all(policy["Arn"].startswith("arn:aws:iam::aws:policy/") for policy in of_aws)
    assert iam.list_policies(PathPrefix=path, OnlyAttached=True)["Policies"] == []


# ---- refusals


def test_errors_are_awss(served, policy):
    iam, free, missing = served.iam, served.free, "arn:aws:iam:::policy/" + unique("Never")
    for call, more in [
        (iam.get_policy, {}),
        (iam.delete_policy, {}),
        (iam.list_policy_versions, {}),
        (iam.list_entities_for_policy, {}),
        (iam.create_policy_version, {"PolicyDocument": S3_ALL}),
        (iam.tag_policy, {"Tags": [{"Key": "k", "Value": "v"}]}),
    ]:
        assert refused(call, PolicyArn=missing, **more)[:2] == ("NoSuchEntity", 404), call
    name = policy.rsplit("/", 1)[1]
    assert refused(iam.create_policy, PolicyName=name.upper(), PolicyDocument=S3_ALL) == (
        "EntityAlreadyExists",
        409,
        f"A policy called {name.upper()} already exists. Duplicate names are not allowed.",
    )
    assert refused(iam.create_policy, PolicyName=unique("P"), PolicyDocument="{}")[:2] == (
        "MalformedPolicyDocument",
        400,
    )
    long = document(allow("s3:GetObject", ["arn:aws:s3:::" + "a" * 6144]))
    assert refused(iam.create_policy, PolicyName=unique("P"), PolicyDocument=long) == (
        "LimitExceeded",
        409,
        "Cannot exceed quota for PolicySize: 6144",
    )
    for _ in range(4):
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=S3_ALL)
    code, status, message = refused(iam.create_policy_version, PolicyArn=policy, PolicyDocument=S3_ALL)
    assert (code, status) == ("LimitExceeded", 409) and message.startswith("A managed policy can have up to 5 versions.")
    assert refused(iam.delete_policy_version, PolicyArn=policy, VersionId="v1") == (
        "DeleteConflict",
        409,
        "Cannot delete the default version of a policy.",
    )
    assert refused(iam.get_policy_version, PolicyArn=policy, VersionId="v9")[:2] == ("NoSuchEntity", 404)
    assert refused(free.get_policy_version, PolicyArn=policy, VersionId="9")[:2] == ("ValidationError", 400)
    foreign = "arn:aws:iam::123456789012:policy/Any"
    assert refused(iam.get_policy, PolicyArn=foreign)[:2] == ("InvalidInput", 400)


def test_awss_own_policies_are_read_by_all_who_may_and_changed_by_none(served):
    iam = served.iam
    shown = iam.get_policy(PolicyArn=FULL)["Policy"]
    version = iam.get_policy_version(PolicyArn=FULL, VersionId=shown["DefaultVersionId"])["PolicyVersion"]
    assert version["Document"]["Version"] == "2012-10-17"
    for call, more in [
        (iam.delete_policy, {}),
        (iam.create_policy_version, {"PolicyDocument": S3_ALL}),
        (iam.set_default_policy_version, {"VersionId": "v1"}),
        (iam.tag_policy, {"Tags": [{"Key": "k", "Value": "v"}]}),
    ]:
        assert refused(call, PolicyArn=FULL, **more)[:2] == DENIED, call
    nobody = client("iam", served.endpoint, USER)
    assert refused(nobody.get_policy, PolicyArn=FULL)[:2] == DENIED


def test_rule_18_a_policy_in_use_stays(served, policy, reader):
    iam = served.iam
    iam.attach_role_policy(RoleName=reader.name, PolicyArn=policy)
    in_use = ("DeleteConflict", 409, "Cannot delete a policy attached to entities.")
    assert refused(iam.delete_policy, PolicyArn=policy) == in_use
    iam.detach_role_policy(RoleName=reader.name, PolicyArn=policy)
    iam.put_role_permissions_boundary(RoleName=reader.name, PermissionsBoundary=policy)
    assert refused(iam.delete_policy, PolicyArn=policy) == in_use
    assert iam.get_policy(PolicyArn=policy)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    iam.delete_role_permissions_boundary(RoleName=reader.name)
    iam.delete_policy(PolicyArn=policy)


# ---- effect


def test_what_is_attached_counts_at_the_next_request(served, policy, reader):
    iam, read = served.iam, {"Bucket": served.bucket, "Key": "k"}
    assert refused(reader.s3.get_object, **read)[:2] == DENIED
    iam.attach_role_policy(RoleName=reader.name, PolicyArn=policy)
    assert reader.s3.get_object(**read)["Body"].read() == b"data"
    closed = document(deny("s3:GetObject", "arn:aws:s3:::*"))
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=closed)
    assert reader.s3.get_object(**read)["Body"].read() == b"data"  # not the default
    iam.set_default_policy_version(PolicyArn=policy, VersionId="v2")
    assert refused(reader.s3.get_object, **read)[:2] == DENIED
    iam.set_default_policy_version(PolicyArn=policy, VersionId="v1")
    assert reader.s3.get_object(**read)["Body"].read() == b"data"
    iam.detach_role_policy(RoleName=reader.name, PolicyArn=policy)
    assert refused(reader.s3.get_object, **read)[:2] == DENIED


def test_rule_17_policy_calls_of_a_bounded_principal_give_nothing_beyond_its_boundary(served):
    """The published paths over policies: a new default version, another default, attaching more to oneself."""
    iam, read = served.iam, {"Bucket": served.bucket, "Key": "k"}
    everything = document(allow("*", "*"))
    inside = document(
        allow("iam:*", "*"),
        allow("s3:ListAllMyBuckets", "*"),
        # As AWS's sample has it: who is bounded does not change the boundary, nor take it off.
        deny(["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"], "arn:aws:iam:::policy/boundary-*"),
        deny(["iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"], "*"),
    )
    boundary = iam.create_policy(PolicyName=unique("boundary-"), PolicyDocument=inside)["Policy"]["Arn"]
    own = iam.create_policy(PolicyName=unique("own-"), PolicyDocument=document(allow("iam:*", "*")))["Policy"]["Arn"]
    name, arn = account_role(served.gate, None)
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    iam.attach_role_policy(RoleName=name, PolicyArn=own)
    keys = assume(served.endpoint, USER, arn)
    bounded, s3 = client("iam", served.endpoint, keys), client("s3", served.endpoint, keys)

    bounded.create_policy_version(PolicyArn=own, PolicyDocument=everything, SetAsDefault=True)
    assert refused(s3.get_object, **read)[:2] == DENIED
    s3.list_buckets()  # the boundary has this one
    bounded.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    bounded.put_role_policy(RoleName=name, PolicyName="All", PolicyDocument=everything)
    assert refused(s3.get_object, **read)[:2] == DENIED
    for call, parameters in [
        (bounded.create_policy_version, {"PolicyArn": boundary, "PolicyDocument": everything, "SetAsDefault": True}),
        (bounded.set_default_policy_version, {"PolicyArn": boundary, "VersionId": "v1"}),
        (bounded.delete_role_permissions_boundary, {"RoleName": name}),
        (bounded.put_role_permissions_boundary, {"RoleName": name, "PermissionsBoundary": own}),
    ]:
        assert refused(call, **parameters)[:2] == DENIED, call
    assert refused(bounded.delete_policy, PolicyArn=boundary)[:2] == ("DeleteConflict", 409)
    assert refused(s3.get_object, **read)[:2] == DENIED
    # The boundary's own change counts at once.
    iam.create_policy_version(PolicyArn=boundary, PolicyDocument=everything, SetAsDefault=True)
    assert s3.get_object(**read)["Body"].read() == b"data"
