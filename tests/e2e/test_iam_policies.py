"""Managed policies and simulation through boto3, and the commands on policies.

Proven: the sequences of Terraform's aws_iam_policy and aws_iam_role_policy_attachment get true answers; AWS's errors,
statuses and texts; AWS's own policies are read and never changed; a policy attached, changed or detached counts at the
next request of running sessions; a simulation says what really happens; nothing that a bounded principal does with
policies reaches beyond its boundary (rule 17); a policy in use stays (rule 18); simulation is bounded (rule 28).
"""

import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from clients import S3_ALL, Keys, allow, assume, client, deny, document, refused, trust, unique
from gate import TESTER1, TESTER2
from servers import poll

USER, TRUSTED = Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
FULL = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
DENIED = ("AccessDenied", 403)


def account_role(gate, policy, *more):
    """A role of the account, made by command, that TESTER2 may assume; returns (name, ARN)."""
    name = unique("Role")
    gate.cli("role", "create", f"--role-name={name}", f"--assume-role-policy-doc={trust(TRUSTED)}", *more)
    if policy:
        gate.cli("role", "policy", "put", f"--role-name={name}", "--policy-name=Own", f"--policy-doc={policy}")
    return name, f"arn:aws:iam:::role/{name}"


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def served(request, gate):
    one = gate(store=request.param)
    _, arn = account_role(one, document(allow(["iam:*", "s3:*"], "*")))
    keys = assume(one.endpoint, USER, arn)
    iam, s3 = (client(name, one.endpoint, keys, **more) for name, more in [("iam", {}), ("s3", {})])
    free = client("iam", one.endpoint, keys, parameter_validation=False)
    bucket = unique("policies-")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"data")
    return SimpleNamespace(gate=one, endpoint=one.endpoint, iam=iam, free=free, s3=s3, bucket=bucket)


@pytest.fixture
def policy(served):
    name = unique("Policy")
    return served.iam.create_policy(PolicyName=name, PolicyDocument=S3_ALL)["Policy"]["Arn"]


@pytest.fixture
def reader(served):
    """A role without policies and an S3 client with its session."""
    name, arn = account_role(served.gate, None)
    return SimpleNamespace(name=name, arn=arn, s3=client("s3", served.endpoint, assume(served.endpoint, USER, arn)))


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


# ---- simulation


def simulated(iam, source, action, resource, **more):
    found = iam.simulate_principal_policy(
        PolicySourceArn=source, ActionNames=[action], ResourceArns=[resource], **more
    )["EvaluationResults"]
    assert len(found) == 1 and found[0]["ResourceSpecificResults"][0]["EvalResourceName"] == resource
    return found[0]


def test_simulation_says_what_really_happens(served, reader):
    iam, bucket = served.iam, served.bucket
    within = f"arn:aws:s3:::{bucket}"
    boundary = iam.create_policy(
        PolicyName=unique("boundary"),
        PolicyDocument=document(allow(["s3:Get*", "s3:List*", "s3:PutObject"], "*"), allow("iam:*", "*")),
    )["Policy"]["Arn"]
    managed = iam.create_policy(
        PolicyName=unique("Managed"),
        PolicyDocument=document(
            allow("s3:*", [within, f"{within}/*"]),
            deny("s3:*", f"{within}/secret/*"),
            allow("iam:GetRole", "arn:aws:iam:::role/${aws:PrincipalTag/friend}"),
        ),
    )["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=reader.name, PermissionsBoundary=boundary)
    iam.attach_role_policy(RoleName=reader.name, PolicyArn=managed)
    iam.tag_role(RoleName=reader.name, Tags=[{"Key": "friend", "Value": reader.name}])
    listing = document(
        allow("s3:ListBucket", within, Condition={"StringLike": {"s3:prefix": "open/*"}}),
        allow("s3:ListAllMyBuckets", "*"),
    )
    iam.put_role_policy(RoleName=reader.name, PolicyName="Listing", PolicyDocument=listing)
    for key in ("open/k", "secret/k"):
        served.s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    keys = assume(served.endpoint, USER, reader.arn)
    s3, own = client("s3", served.endpoint, keys), client("iam", served.endpoint, keys)
    other, _ = account_role(served.gate, None)
    for call, parameters, action, resource in [
        (s3.get_object, {"Bucket": bucket, "Key": "open/k"}, "s3:GetObject", f"{within}/open/k"),
        (s3.get_object, {"Bucket": bucket, "Key": "secret/k"}, "s3:GetObject", f"{within}/secret/k"),
        (s3.put_object, {"Bucket": bucket, "Key": "new"}, "s3:PutObject", f"{within}/new"),
        (s3.put_object, {"Bucket": bucket, "Key": "secret/new"}, "s3:PutObject", f"{within}/secret/new"),
        (s3.delete_object, {"Bucket": bucket, "Key": "open/k"}, "s3:DeleteObject", f"{within}/open/k"),
        (s3.list_objects_v2, {"Bucket": bucket}, "s3:ListBucket", within),
        (s3.delete_bucket, {"Bucket": bucket}, "s3:DeleteBucket", within),
        (s3.list_buckets, {}, "s3:ListAllMyBuckets", "arn:aws:s3:::*"),
        (s3.create_bucket, {"Bucket": "another-" + bucket}, "s3:CreateBucket", "arn:aws:s3:::another-" + bucket),
        (own.get_role, {"RoleName": reader.name}, "iam:GetRole", reader.arn),
        (own.get_role, {"RoleName": other}, "iam:GetRole", f"arn:aws:iam:::role/{other}"),
        (own.list_roles, {}, "iam:ListRoles", "arn:aws:iam:::role/"),
        (own.delete_role, {"RoleName": reader.name}, "iam:DeleteRole", reader.arn),
    ]:
        try:
            call(**parameters)
            happened = "allowed"
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDenied", (action, resource, error)
            happened = "explicitDeny" if "explicit deny" in str(error) else "implicitDeny"
        assert simulated(iam, reader.arn, action, resource)["EvalDecision"] == happened, (action, resource)


def test_simulation_shows_statements_places_keys_and_boundary(served, policy, reader):
    iam = served.iam
    iam.attach_role_policy(RoleName=reader.name, PolicyArn=policy)
    found = simulated(iam, reader.arn, "s3:GetObject", "arn:aws:s3:::b/k")
    matched = found["MatchedStatements"]
    assert [one["SourcePolicyId"] for one in matched] == [policy.rsplit("/", 1)[1]]
    assert matched[0]["StartPosition"]["Line"] == 1 and matched[0]["EndPosition"]["Column"] > 20
    narrow = document(allow("s3:PutObject", "*"))
    found = simulated(
        iam, reader.arn, "s3:GetObject", "arn:aws:s3:::b/k", PermissionsBoundaryPolicyInputList=[narrow]
    )
    assert found["EvalDecision"] == "implicitDeny"
    assert found["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    limited = document(allow("s3:GetObject", "*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))
    custom = {"PolicyInputList": [limited], "ActionNames": ["s3:GetObject"]}
    missing = iam.simulate_custom_policy(**custom)["EvaluationResults"][0]
    assert (missing["EvalDecision"], missing["MissingContextValues"]) == ("implicitDeny", ["aws:SourceIp"])
    entry = {"ContextKeyName": "aws:SourceIp", "ContextKeyType": "ip", "ContextKeyValues": ["10.1.1.1"]}
    given = iam.simulate_custom_policy(**custom, ContextEntries=[entry])["EvaluationResults"][0]
    assert (given["EvalDecision"], given["MissingContextValues"]) == ("allowed", [])
    assert iam.get_context_keys_for_custom_policy(PolicyInputList=[limited])["ContextKeyNames"] == ["aws:SourceIp"]
    keys = iam.get_context_keys_for_principal_policy(PolicySourceArn=reader.arn, PolicyInputList=[limited])
    assert keys["ContextKeyNames"] == ["aws:SourceIp"]
    pages = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[S3_ALL],
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::b/1", "arn:aws:s3:::b/2"],
        PaginationConfig={"PageSize": 3},
    )
    assert [len(page["EvaluationResults"]) for page in pages] == [3, 1]


def test_rule_28_simulation_is_bounded(served):
    asked = {"PolicyInputList": [S3_ALL], "ActionNames": [f"s3:Get{n}" for n in range(40)]}
    resources = [f"arn:aws:s3:::b/{n}" for n in range(26)]
    assert refused(served.iam.simulate_custom_policy, **asked, ResourceArns=resources)[:2] == ("ValidationError", 400)
    assert served.iam.simulate_custom_policy(**asked, ResourceArns=resources[:25])["IsTruncated"] is True


# ---- commands


def may_list(s3, bucket):
    try:
        return s3.list_objects_v2(Bucket=bucket)
    except ClientError:
        return None


def test_commands_on_policies(served, reader, tmp_path):
    cli, gate, name = served.gate.cli, served.gate, unique("Cli")
    made = gate.json("policy", "create", f"--policy-name={name}", "--path=/cli/", f"--policy-doc={S3_ALL}")
    arn = made["arn"]
    assert arn == f"arn:aws:iam:::policy/cli/{name}" and made["default_version_id"] == "v1"
    assert gate.json("policy", "get", f"--policy-arn={arn}")["policy_document"] == S3_ALL
    assert [one["name"] for one in gate.json("policy", "list", "--path-prefix=/cli/")] == [name]
    cli("policy", "attach", f"--policy-arn={arn}", f"--role-name={reader.name}")
    poll(lambda: may_list(reader.s3, served.bucket), 2, "the attached policy's effect")
    busy = cli("policy", "delete", f"--policy-arn={arn}", check=False)
    assert (busy.returncode, busy.stderr) == (39, "rolegate: Cannot delete a policy attached to entities.\n")
    explained = cli("explain", reader.arn, "s3:GetObject", f"arn:aws:s3:::{served.bucket}/k").stdout
    assert "may perform s3:GetObject" in explained and f"the identity-based policy {name}" in explained
    closed = document(deny("s3:*", "*"))
    made = gate.json("policy", "create-version", f"--policy-arn={arn}", f"--policy-doc={closed}", "--set-as-default")
    assert made["version_id"] == "v2"
    explained = cli("explain", reader.arn, "s3:GetObject", f"arn:aws:s3:::{served.bucket}/k").stdout
    assert "may not perform s3:GetObject" in explained and "A matching deny wins over every allow." in explained
    found = gate.json(
        "policy", "simulate", f"--principal={reader.arn}", "--action=s3:GetObject", "--resource=arn:aws:s3:::b/k"
    )
    assert [(one["EvalDecision"], one["MatchedStatements"][0]["SourcePolicyId"]) for one in found] == [
        ("explicitDeny", name)
    ]
    cli("policy", "set-default-version", f"--policy-arn={arn}", "--version-id=v1")
    cli("policy", "delete-version", f"--policy-arn={arn}", "--version-id=v2")
    assert [one["version_id"] for one in gate.json("policy", "list-versions", f"--policy-arn={arn}")] == ["v1"]
    cli("policy", "detach", f"--policy-arn={arn}", f"--role-name={reader.name}")
    cli("policy", "delete", f"--policy-arn={arn}")
    assert cli("policy", "get", f"--policy-arn={arn}", check=False).returncode == 2


def test_validate_names_the_places(served, tmp_path):
    good, bad, wide = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "wide.json"
    good.write_text(document(allow("s3:GetObject", "arn:aws:s3:::b/*")))
    bad.write_text('{"Version": "2012-10-17",\n "Statement": [{"Effect": "Permit", "Action": "s3:*", "Resource": "*"}]}')
    wide.write_text(trust("arn:aws:iam:::user/Nobody"))
    cli = served.gate.cli
    assert cli("policy", "validate", good).stdout == "No findings.\n"
    refused_ = cli("policy", "validate", bad, check=False)
    assert refused_.returncode == 1 and refused_.stderr == "rolegate: the policy has 1 error\n"
    assert refused_.stdout.startswith(f"{bad}:2:27: ERROR INVALID_EFFECT: "), refused_.stdout
    found = json.loads(cli("policy", "validate", wide, "--type=trust", "--format=json").stdout)
    assert [one["issueCode"] for one in found] == ["UNRESOLVED_PRINCIPAL"]
    assert cli("policy", "validate", tmp_path / "none.json", check=False).returncode == 2


def test_a_logged_request_is_explained(served, reader):
    response = served.s3.get_object(Bucket=served.bucket, Key="k")
    request_id = response["ResponseMetadata"]["RequestId"]
    log = served.gate.folder / "audit.log"
    poll(lambda: request_id in log.read_text(), 5, "the request's audit line")
    text = served.gate.cli("explain", request_id).stdout
    assert "asked for GetObject" in text and "It was allowed by Own#" in text and text.endswith("The answer was 200.\n")
    assert served.gate.cli("explain", "NEVER", check=False).returncode == 2
