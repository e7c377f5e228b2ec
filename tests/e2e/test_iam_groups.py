"""Groups through boto3, in the sequences of Terraform's resources.

Proven: `aws_iam_group`, `aws_iam_group_membership`, `aws_iam_user_group_membership`, `aws_iam_group_policy` and
`aws_iam_group_policy_attachment` can be created, read, updated, imported and deleted with true answers; members have the
group's rights as long as they are in it; users who join at once are all in it.
"""

import concurrent.futures
import json
from types import SimpleNamespace

import pytest
from clients import Keys, allow, client, document, refused, unique

READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def served(gate, request):
    one = gate(store=request.param, testers=False)
    key = one.json("user", "create", "--uid=boss", "--account-id=", "--account-root")["keys"][0]
    keys = Keys(key["access_key"], key["secret_key"])
    return SimpleNamespace(endpoint=one.endpoint, keys=keys, iam=client("iam", one.endpoint, keys))


@pytest.fixture
def group(served):
    name = unique("group-")
    served.iam.create_group(GroupName=name)
    return name


def users(iam, count):
    names = [unique("user-") for _ in range(count)]
    for name in names:
        iam.create_user(UserName=name)
    return names


def members(iam, group):
    pages = iam.get_paginator("get_group").paginate(GroupName=group, PaginationConfig={"PageSize": 2})
    return [user["UserName"] for page in pages for user in page["Users"]]


def test_aws_iam_group(served):
    iam, name = served.iam, unique("Group-")
    made = iam.create_group(GroupName=name, Path="/x/")["Group"]
    assert made["Arn"] == f"arn:aws:iam:::group/x/{name}" and made["GroupId"].startswith("AGPA")
    assert iam.get_group(GroupName=name)["Group"] == made
    assert refused(iam.create_group, GroupName=name.lower())[:2] == ("EntityAlreadyExists", 409)
    iam.update_group(GroupName=name, NewGroupName=name + "-2", NewPath="/y/")
    read = iam.get_group(GroupName=name + "-2")["Group"]
    assert (read["GroupId"], read["Path"]) == (made["GroupId"], "/y/")
    assert refused(iam.get_group, GroupName=name)[:2] == ("NoSuchEntity", 404)
    assert read in iam.list_groups(PathPrefix="/y/")["Groups"]
    iam.delete_group(GroupName=name + "-2")
    assert refused(iam.delete_group, GroupName=name + "-2")[:2] == ("NoSuchEntity", 404)


def test_aws_iam_group_membership(served, group):
    iam = served.iam
    names = users(iam, 5)
    for name in names:
        iam.add_user_to_group(GroupName=group, UserName=name)
    assert members(iam, group) == sorted(names)
    assert [one["GroupName"] for one in iam.list_groups_for_user(UserName=names[0])["Groups"]] == [group]
    assert refused(iam.delete_group, GroupName=group)[2] == "Cannot delete entity, must remove users from group first."
    assert refused(iam.delete_user, UserName=names[0])[0] == "DeleteConflict"
    # both names may change, and the membership stays
    iam.update_user(UserName=names[0], NewUserName="a-" + names[0])
    iam.update_group(GroupName=group, NewGroupName=group + "-2")
    assert members(iam, group + "-2") == sorted(["a-" + names[0], *names[1:]])
    assert [one["GroupName"] for one in iam.list_groups_for_user(UserName=names[1])["Groups"]] == [group + "-2"]
    for name in ["a-" + names[0], *names[1:]]:
        iam.remove_user_from_group(GroupName=group + "-2", UserName=name)
        iam.delete_user(UserName=name)
    assert members(iam, group + "-2") == []
    iam.delete_group(GroupName=group + "-2")
    assert refused(iam.add_user_to_group, GroupName="none", UserName="boss")[:2] == ("NoSuchEntity", 404)


def test_aws_iam_group_policy(served, group):
    iam = served.iam
    for action in ("s3:GetObject", "s3:*"):
        text = document(allow(action, "arn:aws:s3:::b/*"))
        iam.put_group_policy(GroupName=group, PolicyName="P", PolicyDocument=text)
        read = iam.get_group_policy(GroupName=group, PolicyName="P")
        assert (read["GroupName"], read["PolicyName"], read["PolicyDocument"]) == (group, "P", json.loads(text))
    assert iam.list_group_policies(GroupName=group)["PolicyNames"] == ["P"]
    long = document(allow("s3:*", "arn:aws:s3:::" + "b" * 5120))
    code, status, message = refused(iam.put_group_policy, GroupName=group, PolicyName="Q", PolicyDocument=long)
    assert (code, status, message) == (
        "LimitExceeded",
        409,
        f"Maximum policy size of 5120 bytes exceeded for group {group}",
    )
    iam.delete_group_policy(GroupName=group, PolicyName="P")
    assert refused(iam.get_group_policy, GroupName=group, PolicyName="P")[:2] == ("NoSuchEntity", 404)


def test_aws_iam_group_policy_attachment(served, group):
    iam = served.iam
    iam.attach_group_policy(GroupName=group, PolicyArn=READ_ONLY)
    attached = iam.list_attached_group_policies(GroupName=group)["AttachedPolicies"]
    assert attached == [{"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": READ_ONLY}]
    assert refused(iam.delete_group, GroupName=group)[0] == "DeleteConflict"
    iam.detach_group_policy(GroupName=group, PolicyArn=READ_ONLY)
    assert iam.list_attached_group_policies(GroupName=group)["AttachedPolicies"] == []


def test_members_have_the_groups_rights(served, group):
    iam = served.iam
    (name,) = users(iam, 1)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    own = client("iam", served.endpoint, Keys(made["AccessKeyId"], made["SecretAccessKey"]))
    text = document(allow("iam:GetUser", "arn:aws:iam:::user/${aws:username}"))
    iam.put_group_policy(GroupName=group, PolicyName="P", PolicyDocument=text)
    assert refused(own.get_user)[:2] == ("AccessDenied", 403)
    iam.add_user_to_group(GroupName=group, UserName=name)
    assert own.get_user()["User"]["UserName"] == name
    assert refused(own.get_user, UserName="boss")[:2] == ("AccessDenied", 403)
    iam.remove_user_from_group(GroupName=group, UserName=name)
    assert refused(own.get_user)[:2] == ("AccessDenied", 403)


def test_rule_17_users_who_join_at_once_are_all_in_the_group(served, group):
    names = users(served.iam, 10)

    def join(name):
        iam = client("iam", served.endpoint, served.keys)
        try:
            iam.add_user_to_group(GroupName=group, UserName=name)
        except iam.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "ConcurrentModification"
            return None
        return name

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        joined = [name for name in pool.map(join, names) if name]
    assert len(joined) >= 8
    assert members(served.iam, group) == sorted(joined)
    for name in names:
        groups = served.iam.list_groups_for_user(UserName=name)["Groups"]
        assert bool(groups) == (name in joined)
