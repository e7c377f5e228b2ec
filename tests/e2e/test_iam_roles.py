"""The whole role surface through boto3, as a person and as Terraform uses it.

Proven: policies attached to a role count for its sessions at once, boundaries cut them, both are shown as AWS shows
them; what is attached keeps a role from being deleted; tags are set, listed and removed (examples/role_tags.py works
as it is); the last use is shown; the sequences of calls of Terraform's aws_iam_role, aws_iam_role_policy and
aws_iam_role_policy_attachment (create, read, update, import, delete) get true answers.
"""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from clients import Keys, allow, assume, client, document, refused, trust, unique
from gate import TESTER1, TESTER2

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/role_tags.py"
OWNER, USER, TRUSTED = Keys(*TESTER1), Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
FULL = "arn:aws:iam::aws:policy/AmazonS3FullAccess"


@pytest.fixture(scope="module")
def served(gate):
    one = gate()
    iam = client("iam", one.endpoint, OWNER)
    s3 = client("s3", one.endpoint, OWNER)
    bucket = unique("roles-")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    return SimpleNamespace(endpoint=one.endpoint, iam=iam, bucket=bucket)


def new_role(served, **more):
    name = unique("Role")
    role = served.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(TRUSTED), **more)["Role"]
    return name, role["Arn"]


def may(served, keys):
    """Whether the keys may read, and whether they may write."""
    s3, done = client("s3", served.endpoint, keys), []
    for call, more in [(s3.get_object, {}), (s3.put_object, {"Body": b"x"})]:
        try:
            call(Bucket=served.bucket, Key="k", **more)
            done.append(True)
        except s3.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDenied", error
            done.append(False)
    return tuple(done)


def test_attached_policies_count_at_once(served):
    iam = served.iam
    name, arn = new_role(served)
    keys = assume(served.endpoint, USER, arn)
    assert may(served, keys) == (False, False)
    iam.attach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
    assert may(served, keys) == (True, False)
    iam.attach_role_policy(RoleName=name, PolicyArn=FULL)
    iam.attach_role_policy(RoleName=name, PolicyArn=FULL)
    assert may(served, keys) == (True, True)
    pages = iam.get_paginator("list_attached_role_policies").paginate(
        RoleName=name, PaginationConfig={"PageSize": 1, "MaxItems": 10}
    )
    listed = [policy for page in pages for policy in page["AttachedPolicies"]]
    assert listed == [
        {"PolicyName": "AmazonS3FullAccess", "PolicyArn": FULL},
        {"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": READ_ONLY},
    ]
    answer = refused(iam.delete_role, RoleName=name)
    assert answer == ("DeleteConflict", 409, "Cannot delete entity, must detach all policies first.")
    for policy in (READ_ONLY, FULL):
        iam.detach_role_policy(RoleName=name, PolicyArn=policy)
    assert may(served, keys) == (False, False)
    answer = refused(iam.detach_role_policy, RoleName=name, PolicyArn=FULL)
    assert answer == ("NoSuchEntity", 404, f"Policy {FULL} was not found.")
    iam.delete_role(RoleName=name)


def test_what_cannot_be_attached(served):
    iam = served.iam
    name, _ = new_role(served)
    for policy, wanted in [
        ("arn:aws:iam:::policy/NoSuchPolicy", ("NoSuchEntity", 404)),
        ("arn:aws:iam::aws:policy/NoSuchPolicy", ("NoSuchEntity", 404)),
        ("arn:aws:iam::123456789012:policy/Theirs", ("InvalidInput", 400)),
        ("arn:aws:iam:::role/RoleOfMine", ("InvalidInput", 400)),
    ]:
        assert refused(iam.attach_role_policy, RoleName=name, PolicyArn=policy)[:2] == wanted, policy
        answer = refused(iam.put_role_permissions_boundary, RoleName=name, PermissionsBoundary=policy)
        assert answer[:2] == wanted, policy
    assert refused(iam.attach_role_policy, RoleName="Never", PolicyArn=FULL)[:2] == ("NoSuchEntity", 404)


def test_boundaries_cut(served):
    iam = served.iam
    name, arn = new_role(served, PermissionsBoundary=READ_ONLY)
    shown = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": READ_ONLY}
    assert iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"] == shown
    assert all("PermissionsBoundary" not in role for role in iam.list_roles()["Roles"])
    iam.attach_role_policy(RoleName=name, PolicyArn=FULL)
    keys = assume(served.endpoint, USER, arn)
    assert may(served, keys) == (True, False)
    denied = refused(client("s3", served.endpoint, keys).put_object, Bucket=served.bucket, Key="k", Body=b"x")
    assert "because no permissions boundary allows the s3:PutObject action" in denied[2]
    iam.delete_role_permissions_boundary(RoleName=name)
    assert may(served, keys) == (True, True)
    assert "PermissionsBoundary" not in iam.get_role(RoleName=name)["Role"]
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=READ_ONLY)
    assert may(served, keys) == (True, False)


def test_the_tags_example(served):
    command = [sys.executable, EXAMPLE, "--endpoint", served.endpoint, "--key", OWNER.access, "--secret", OWNER.secret]
    output = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert output.returncode == 0, output.stderr
    assert output.stdout.splitlines() == [
        "created role Tagged",
        "tags: Department=Engineering",
        "tags: department=Research, Team=blue",
        "tags: Team=blue",
        "deleted role Tagged",
    ]


def test_tag_limits(served):
    iam = served.iam
    name, _ = new_role(served)
    iam.tag_role(RoleName=name, Tags=[{"Key": f"k{number}", "Value": "v"} for number in range(50)])
    assert refused(iam.tag_role, RoleName=name, Tags=[{"Key": "more", "Value": ""}])[:2] == ("LimitExceeded", 409)
    for tags in ([{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}], [{"Key": "aws:x", "Value": ""}]):
        assert refused(iam.tag_role, RoleName=name, Tags=tags)[:2] == ("InvalidInput", 400)
    pages = iam.get_paginator("list_role_tags").paginate(RoleName=name, PaginationConfig={"PageSize": 7})
    assert [tag["Key"] for page in pages for tag in page["Tags"]] == [f"k{number}" for number in range(50)]


def test_the_last_use_is_shown(gate):
    one = gate()
    iam = client("iam", one.endpoint, OWNER)
    served = SimpleNamespace(iam=iam, endpoint=one.endpoint)
    name, arn = new_role(served)
    assert iam.get_role(RoleName=name)["Role"]["RoleLastUsed"] == {}
    keys = assume(served.endpoint, USER, arn)
    identity = client("sts", served.endpoint, keys, region="eu-west-1").get_caller_identity()
    assert identity["Arn"].endswith("/Bob")
    # Written down when the gate stops, at the latest.
    one.stop()
    one.start()
    used = client("iam", one.endpoint, OWNER).get_role(RoleName=name)["Role"]["RoleLastUsed"]
    assert used["Region"] == "eu-west-1" and used["LastUsedDate"].year > 2000


def read_as_terraform(iam, name):
    """aws_iam_role reads the role, then the names of its policies."""
    role = iam.get_role(RoleName=name)["Role"]
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    attached = [policy["PolicyArn"] for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]]
    return role, inline, attached


def test_terraform_aws_iam_role(served):
    iam, name = served.iam, unique("tf-")
    created = iam.create_role(
        RoleName=name,
        Path="/terraform/",
        AssumeRolePolicyDocument=trust(TRUSTED),
        MaxSessionDuration=3600,
        Tags=[{"Key": "Name", "Value": "one"}],
    )["Role"]
    role, inline, attached = read_as_terraform(iam, name)
    for member in ("RoleName", "RoleId", "Arn", "Path", "CreateDate", "AssumeRolePolicyDocument", "Tags"):
        assert role[member] == created[member], member
    assert role["AssumeRolePolicyDocument"] == json.loads(trust(TRUSTED)) and (inline, attached) == ([], [])

    # Update: each argument has its call.
    other = trust("arn:aws:iam:::user/TESTER1")
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=other)
    iam.update_role_description(RoleName=name, Description="changed")
    iam.update_role(RoleName=name, MaxSessionDuration=7200)
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=READ_ONLY)
    iam.untag_role(RoleName=name, TagKeys=["Name"])
    iam.tag_role(RoleName=name, Tags=[{"Key": "Owner", "Value": "two"}])
    role, _, _ = read_as_terraform(iam, name)
    assert role["AssumeRolePolicyDocument"] == json.loads(other)
    assert (role["Description"], role["MaxSessionDuration"]) == ("changed", 7200)
    assert role["Tags"] == [{"Key": "Owner", "Value": "two"}]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    assert role["RoleId"] == created["RoleId"]
    iam.delete_role_permissions_boundary(RoleName=name)

    # Delete, with force_detach_policies.
    iam.attach_role_policy(RoleName=name, PolicyArn=FULL)
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(allow("s3:*", "*")))
    assert iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"] == []
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)
    assert refused(iam.get_role, RoleName=name)[0] == "NoSuchEntity"
    assert refused(iam.list_instance_profiles_for_role, RoleName=name)[0] == "NoSuchEntity"


def test_terraform_aws_iam_role_policy(served):
    iam = served.iam
    name, _ = new_role(served)
    for action in ("s3:GetObject", "s3:PutObject"):  # create, then update
        wanted = document(allow(action, "*"))
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=wanted)
        read = iam.get_role_policy(RoleName=name, PolicyName="inline")
        document_read = read["PolicyDocument"]
        document_read = json.loads(unquote(document_read)) if isinstance(document_read, str) else document_read
        assert (read["RoleName"], read["PolicyName"], document_read) == (name, "inline", json.loads(wanted))
    iam.delete_role_policy(RoleName=name, PolicyName="inline")
    assert refused(iam.get_role_policy, RoleName=name, PolicyName="inline")[0] == "NoSuchEntity"
    assert refused(iam.delete_role_policy, RoleName=name, PolicyName="inline")[0] == "NoSuchEntity"


def test_terraform_aws_iam_role_policy_attachment(served):
    iam = served.iam
    name, _ = new_role(served)
    iam.attach_role_policy(RoleName=name, PolicyArn=FULL)
    # Read and import: sought in the list.
    assert FULL in read_as_terraform(iam, name)[2]
    iam.detach_role_policy(RoleName=name, PolicyArn=FULL)
    assert read_as_terraform(iam, name)[2] == []
    assert refused(iam.detach_role_policy, RoleName=name, PolicyArn=FULL)[0] == "NoSuchEntity"
    iam.delete_role(RoleName=name)
    assert refused(iam.list_attached_role_policies, RoleName=name)[0] == "NoSuchEntity"


def test_instance_profiles_are_none(served):
    """TESTER1's cap reads the profiles of a role; listing all of them is no right of a cap."""
    assert refused(served.iam.list_instance_profiles)[:2] == ("AccessDenied", 403)
