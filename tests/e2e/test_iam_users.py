"""Users, access keys and accounts through boto3, in the sequences of Terraform's resources.

Proven: `aws_iam_user`, `aws_iam_access_key`, `aws_iam_user_policy` and `aws_iam_user_policy_attachment` can be created,
read, updated, imported and deleted with true answers; a key works at once and stops at once; sessions end with the key
that they came from; a renamed user keeps its keys; two keys a user; accounts are apart, and a role of another account
needs its trust and the user's own policy (DESIGN sections 3 and 6).
"""

import concurrent.futures
import json
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from clients import S3_ALL, Keys, allow, assume, client, document, refused, trust, unique
from servers import poll

READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


@pytest.fixture(scope="module")
def served(gate):
    """A gate, and the root of its account."""
    one = gate(testers=False)
    return root_of(one, "")


def root_of(gate, account):
    made = gate.json("user", "create", f"--uid={unique('root-')}", f"--account-id={account}", "--account-root")
    assert made["type"] == "root" and made["account_id"] == account
    key = made["keys"][0]
    keys = Keys(key["access_key"], key["secret_key"])
    return SimpleNamespace(gate=gate, endpoint=gate.endpoint, keys=keys, iam=client("iam", gate.endpoint, keys))


@pytest.fixture
def user(served):
    name = unique("user-")
    served.iam.create_user(UserName=name)
    return name


def new_key(iam, name):
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return Keys(made["AccessKeyId"], made["SecretAccessKey"])


def whoami(endpoint, keys):
    return client("sts", endpoint, keys).get_caller_identity()


def works(endpoint, keys):
    try:
        return whoami(endpoint, keys)
    except ClientError:
        return None


def test_aws_iam_user(served):
    iam, name = served.iam, unique("User-")
    tags = [{"Key": "team", "Value": "red"}]
    # create: CreateUser, then read: GetUser
    made = iam.create_user(UserName=name, Path="/people/", PermissionsBoundary=READ_ONLY, Tags=tags)["User"]
    read = iam.get_user(UserName=name)["User"]
    assert read == made and read["Tags"] == tags and read["UserId"].startswith("AIDA")
    assert read["Arn"] == f"arn:aws:iam:::user/people/{name}"
    assert read["PermissionsBoundary"] == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": READ_ONLY}
    # update: UpdateUser, Put/DeleteUserPermissionsBoundary, TagUser, UntagUser
    renamed = name + "-2"
    iam.update_user(UserName=name, NewUserName=renamed, NewPath="/")
    iam.delete_user_permissions_boundary(UserName=renamed)
    iam.untag_user(UserName=renamed, TagKeys=["team"])
    iam.tag_user(UserName=renamed, Tags=[{"Key": "stage", "Value": ""}])
    read = iam.get_user(UserName=renamed)["User"]
    assert (read["UserId"], read["Path"], "PermissionsBoundary" in read) == (made["UserId"], "/", False)
    assert read["Tags"] == iam.list_user_tags(UserName=renamed)["Tags"] == [{"Key": "stage", "Value": ""}]
    assert refused(iam.get_user, UserName=name)[:2] == ("NoSuchEntity", 404)
    # delete with force_destroy reads everything that may be left
    assert iam.list_groups_for_user(UserName=renamed)["Groups"] == []
    assert iam.list_access_keys(UserName=renamed)["AccessKeyMetadata"] == []
    assert iam.list_ssh_public_keys(UserName=renamed)["SSHPublicKeys"] == []
    assert iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"] == []
    assert iam.list_mfa_devices(UserName=renamed)["MFADevices"] == []
    assert iam.list_signing_certificates(UserName=renamed)["Certificates"] == []
    assert iam.list_service_specific_credentials(UserName=renamed)["ServiceSpecificCredentials"] == []
    for call in (iam.get_login_profile, iam.delete_login_profile):
        assert refused(call, UserName=renamed)[:2] == ("NoSuchEntity", 404)
    iam.delete_user(UserName=renamed)
    assert refused(iam.get_user, UserName=renamed)[:2] == ("NoSuchEntity", 404)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_user(UserName=renamed)


def test_aws_iam_access_key(served, user):
    iam = served.iam
    made = iam.create_access_key(UserName=user)["AccessKey"]
    assert made["AccessKeyId"].startswith("AKIA") and (made["Status"], made["UserName"]) == ("Active", user)
    keys = Keys(made["AccessKeyId"], made["SecretAccessKey"])
    assert whoami(served.endpoint, keys)["Arn"] == f"arn:aws:iam:::user/{user}"
    second = new_key(iam, user)
    code, status, message = refused(iam.create_access_key, UserName=user)
    assert (code, status, message) == ("LimitExceeded", 409, "Cannot exceed quota for AccessKeysPerUser: 2")
    listed = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
    assert [one["AccessKeyId"] for one in listed] == [keys.access, second.access]
    assert all("SecretAccessKey" not in one for one in listed)
    last = iam.get_access_key_last_used(AccessKeyId=second.access)
    assert last["UserName"] == user
    assert last["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    iam.update_access_key(UserName=user, AccessKeyId=keys.access, Status="Inactive")
    assert iam.list_access_keys(UserName=user)["AccessKeyMetadata"][0]["Status"] == "Inactive"
    assert refused(whoami, served.endpoint, keys)[:2] == ("InvalidClientTokenId", 403)
    iam.update_access_key(UserName=user, AccessKeyId=keys.access, Status="Active")
    assert whoami(served.endpoint, keys)
    # a user's own keys, without UserName
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document(allow("iam:*", "*")))
    own = client("iam", served.endpoint, keys)
    assert own.get_user()["User"]["UserName"] == user
    assert len(own.list_access_keys()["AccessKeyMetadata"]) == 2
    own.delete_access_key(AccessKeyId=second.access)
    iam.delete_access_key(UserName=user, AccessKeyId=keys.access)
    assert refused(whoami, served.endpoint, keys)[:2] == ("InvalidClientTokenId", 403)
    code, status, message = refused(iam.delete_access_key, UserName=user, AccessKeyId=keys.access)
    assert (code, status) == ("NoSuchEntity", 404) and keys.access in message


def test_aws_iam_user_policy(served, user):
    iam = served.iam
    first, second = document(allow("s3:GetObject", "arn:aws:s3:::b/*")), document(allow("s3:*", "arn:aws:s3:::b/*"))
    for text in (first, second):
        iam.put_user_policy(UserName=user, PolicyName="P", PolicyDocument=text)
        read = iam.get_user_policy(UserName=user, PolicyName="P")
        assert (read["UserName"], read["PolicyName"], read["PolicyDocument"]) == (user, "P", json.loads(text))
    assert iam.list_user_policies(UserName=user)["PolicyNames"] == ["P"]
    assert refused(iam.delete_user, UserName=user)[0] == "DeleteConflict"
    iam.delete_user_policy(UserName=user, PolicyName="P")
    assert refused(iam.get_user_policy, UserName=user, PolicyName="P")[:2] == ("NoSuchEntity", 404)


def test_aws_iam_user_policy_attachment(served, user):
    iam = served.iam
    iam.attach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    iam.attach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    attached = iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]
    assert attached == [{"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": READ_ONLY}]
    assert refused(iam.delete_user, UserName=user)[2] == "Cannot delete entity, must detach all policies first."
    iam.detach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    assert refused(iam.detach_user_policy, UserName=user, PolicyArn=READ_ONLY)[:2] == ("NoSuchEntity", 404)


def test_users_are_listed_by_path_in_pages(served):
    iam, path = served.iam, f"/{unique('p')}/"
    names = [f"{letter}-{unique('')}" for letter in "bAc"]
    for name in names:
        iam.create_user(UserName=name, Path=path)
    pages = iam.get_paginator("list_users").paginate(PathPrefix=path, PaginationConfig={"PageSize": 2})
    assert [user["UserName"] for page in pages for user in page["Users"]] == sorted(names, key=str.lower)
    code, status, message = refused(iam.create_user, UserName=names[0].upper())
    assert (code, status, message) == (
        "EntityAlreadyExists",
        409,
        f"User with name {names[0].upper()} already exists.",
    )


def test_rule_14_sessions_end_with_the_key_and_outlive_a_renaming(served, user):
    iam = served.iam
    keys, role = new_key(iam, user), unique("Role")
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust(f"arn:aws:iam:::user/{user}"))["Role"]["Arn"]
    session = assume(served.endpoint, keys, arn)
    renamed = user + "-2"
    iam.update_user(UserName=user, NewUserName=renamed)
    assert whoami(served.endpoint, keys)["Arn"].endswith(f"user/{renamed}")
    assert whoami(served.endpoint, session)["Arn"].endswith(f"assumed-role/{role}/Bob")
    assume(served.endpoint, keys, arn)
    iam.update_access_key(UserName=renamed, AccessKeyId=keys.access, Status="Inactive")
    assert refused(whoami, served.endpoint, session)[1] == 403
    iam.update_access_key(UserName=renamed, AccessKeyId=keys.access, Status="Active")
    assert whoami(served.endpoint, session)
    iam.delete_access_key(UserName=renamed, AccessKeyId=keys.access)
    assert refused(whoami, served.endpoint, session)[1] == 403


def test_the_account(served):
    iam = served.iam
    summary = iam.get_account_summary()["SummaryMap"]
    users = len([user for page in iam.get_paginator("list_users").paginate() for user in page["Users"]])
    roots = len([name for name in served.gate.json("user", "list") if name.startswith("root-")])
    assert (summary["Users"], summary["UsersQuota"], summary["AccountMFAEnabled"]) == (users - roots, 5000, 0)
    assert iam.list_account_aliases()["AccountAliases"] == []
    assert refused(iam.get_account_password_policy)[:2] == ("NoSuchEntity", 404)


@pytest.mark.parametrize("store", ["sqlite", "redis"])
def test_rule_17_many_writers_on_one_user_lose_nothing(gate, store):
    one = root_of(gate(store=store, testers=False), "")
    name = unique("user-")
    one.iam.create_user(UserName=name)

    def put(number):
        iam = client("iam", one.endpoint, one.keys)
        text = document(allow("s3:GetObject", f"arn:aws:s3:::b{number}/*"))
        try:
            iam.put_user_policy(UserName=name, PolicyName=f"p{number}", PolicyDocument=text)
        except iam.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "ConcurrentModification"
            return None
        return f"p{number}"

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        written = [policy for policy in pool.map(put, range(10)) if policy]
    assert len(written) >= 8
    assert one.iam.list_user_policies(UserName=name)["PolicyNames"] == sorted(written)


def test_rule_16_accounts_are_apart_and_a_role_of_another_needs_both_sides(served):
    gate, bucket = served.gate, unique("cross-")
    account = gate.json("account", "create", f"--account-name={unique('acme-')}")
    assert account["id"].startswith("RGW") and len(account["id"]) == 20
    assert gate.json("account", "get", f"--account-name={account['name'].upper()}") == account
    other = root_of(gate, account["id"])
    assert whoami(gate.endpoint, other.keys)["Account"] == account["id"]
    assert other.iam.list_account_aliases()["AccountAliases"] == [account["name"]]
    other.iam.create_user(UserName="bob")
    bob_arn = f"arn:aws:iam::{account['id']}:user/bob"
    bob = new_key(other.iam, "bob")
    # Neither account sees the other's users, by whatever name.
    assert refused(served.iam.get_user, UserName="bob")[:2] == ("NoSuchEntity", 404)
    assert refused(served.iam.get_access_key_last_used, AccessKeyId=bob.access)[:2] == ("NoSuchEntity", 404)

    ours = client("s3", gate.endpoint, served.keys)
    ours.create_bucket(Bucket=bucket)
    ours.put_object(Bucket=bucket, Key="k", Body=b"text")
    theirs = client("s3", gate.endpoint, bob)

    def reads():
        try:
            return theirs.get_object(Bucket=bucket, Key="k")["Body"].read() == b"text"
        except theirs.exceptions.ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
            return False

    assert not reads()
    other.iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=S3_ALL)
    assert not reads(), "the user's own policy alone"
    # A role of the bucket's account leads there, if its trust and the user's own policy both allow.
    role = unique("Role")
    arn = served.iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust(bob_arn))["Role"]["Arn"]
    served.iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=S3_ALL)
    assert refused(assume, gate.endpoint, bob, arn)[:2] == ("AccessDenied", 403)
    may = document(allow("sts:AssumeRole", arn))
    other.iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=may)
    session = client("s3", gate.endpoint, assume(gate.endpoint, bob, arn))
    assert session.get_object(Bucket=bucket, Key="k")["Body"].read() == b"text"
    trusted = trust(f"arn:aws:iam::{account['id']}:user/somebody")
    served.iam.update_assume_role_policy(RoleName=role, PolicyDocument=trusted)
    assert refused(assume, gate.endpoint, bob, arn)[:2] == ("AccessDenied", 403)
    assert bucket not in [one["Name"] for one in client("s3", gate.endpoint, other.keys).list_buckets()["Buckets"]]


def test_commands_for_accounts_and_iam_users(served):
    gate = served.gate
    account = gate.json("account", "create", f"--account-name={unique('n-')}", "--account-id=123456789012")["id"]
    assert account in gate.json("account", "list")
    assert gate.cli("account", "create", "--account-name=x", f"--account-id={account}", check=False).returncode == 17
    assert gate.cli("user", "info", "--uid=x", "--account-id=999999999999", check=False).returncode == 2
    inside = f"--account-id={account}"
    made = gate.json("user", "create", "--uid=ann", inside, "--display-name=Ann")
    key = made["keys"][0]
    keys = Keys(key["access_key"], key["secret_key"])
    assert made["arn"] == f"arn:aws:iam::{account}:user/ann" and made["type"] == "rgw"
    assert gate.json("user", "list", inside) == ["ann"]
    assert "ann" not in gate.json("user", "list")
    assert gate.json("user", "modify", "--uid=ann", inside, "--display-name=Anna")["display_name"] == "Anna"
    assert whoami(gate.endpoint, keys)["Arn"] == made["arn"]
    off = gate.json("key", "modify", f"--access-key={keys.access}", inside, "--inactive")
    assert off["keys"][0]["active"] is False
    poll(lambda: not works(gate.endpoint, keys), 10, "the key is off")
    gate.cli("key", "modify", f"--access-key={keys.access}", inside, "--active")
    assert gate.cli("caps", "add", "--uid=ann", inside, "--caps=roles=*", check=False).returncode == 22
    gate.cli("user", "policy", "attach", "--uid=ann", inside, f"--policy-arn={READ_ONLY}")
    assert gate.json("user", "policy", "list", "attached", "--uid=ann", inside) == [READ_ONLY]
    gate.cli("group", "create", "--group-name=g", inside)
    gate.cli("group", "add-user", "--group-name=g", "--uid=ann", inside)
    assert gate.json("group", "get", "--group-name=g", inside)["users"] == ["ann"]
    assert gate.cli("account", "rm", inside, check=False).returncode == 39
    gate.cli("user", "rm", "--uid=ann", inside)
    assert gate.json("group", "get", "--group-name=g", inside)["users"] == []
    gate.cli("group", "rm", "--group-name=g", inside)
    gate.cli("account", "rm", inside)
    assert account not in gate.json("account", "list")
