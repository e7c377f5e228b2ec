"""The good paths of the actions about roles, users and groups, with their policies, boundaries and tags."""

import json

from actions import code_of
from clients import trust
from iam_world import NOUNS, POLICY, TAGS, TRUST

# A generator yields the parameters, gets the answer, and looks whether it was done.
GOOD = {}


def good(function):
    GOOD[function.__name__] = function
    return function


def parameters_of(action, w):
    return next(GOOD[action](w))


@good
def CreateRole(w):
    given = {"RoleName": w.name("Role"), "Path": w.path, "AssumeRolePolicyDocument": TRUST, "Tags": TAGS}
    given |= {"Description": "d" * 1000, "MaxSessionDuration": 43200, "PermissionsBoundary": w.boundary}
    role = (yield given)["Role"]
    assert role["Arn"] == w.arn("Role", given["RoleName"]) and role["RoleId"].startswith("AROA")
    assert role | {"RoleLastUsed": {}} == w.read("GetRole", RoleName=given["RoleName"])["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == w.boundary and role["Tags"] == TAGS
    assert (role["MaxSessionDuration"], role["Description"]) == (43200, "d" * 1000)


@good
def CreateUser(w):
    given = {"UserName": w.name("User"), "Path": w.path, "Tags": TAGS, "PermissionsBoundary": w.boundary}
    user = (yield given)["User"]
    assert user["Arn"] == w.arn("User", given["UserName"]) and user["UserId"].startswith("AIDA")
    assert user == w.read("GetUser", UserName=given["UserName"])["User"] and user["Tags"] == TAGS


@good
def CreateGroup(w):
    given = {"GroupName": w.name("Group"), "Path": w.path}
    group = (yield given)["Group"]
    assert group["Arn"] == w.arn("Group", given["GroupName"]) and group["GroupId"].startswith("AGPA")


@good
def CreatePolicy(w):
    given = {"PolicyName": w.name("Policy"), "Path": w.path, "PolicyDocument": POLICY, "Tags": TAGS}
    policy = (yield given | {"Description": "d" * 1000})["Policy"]
    assert policy["Arn"] == w.arn("Policy", given["PolicyName"]) and policy["PolicyId"].startswith("ANPA")
    assert w.read("GetPolicy", PolicyArn=policy["Arn"])["Policy"]["Tags"] == TAGS


def getting(noun):
    def get(w):
        name = w.make(noun)
        answer = yield {f"{noun}Name": name}
        assert answer[noun]["Arn"] == w.arn(noun, name)

    return get


def listing(noun):
    def list_them(w):
        name, prefix = w.make(noun), w.path[:100]
        answer = yield {"PathPrefix": prefix, "MaxItems": 1000}
        names = [one[f"{noun}Name"] for one in answer[f"{noun}s"]]
        assert name in names and not answer["IsTruncated"]
        assert all(one["Path"].startswith(prefix) for one in answer[f"{noun}s"])

    return list_them


def deleting(noun):
    def delete(w):
        name = w.make(noun)
        yield {f"{noun}Name": name}
        assert code_of(w.root, f"Get{noun}", {f"{noun}Name": name}) == "NoSuchEntity"

    return delete


def moving(noun):
    def update(w):
        name, new = w.make(noun), w.name(noun)
        yield {f"{noun}Name": name, f"New{noun}Name": new, "NewPath": w.path.replace("p", "q")}
        assert w.read(f"Get{noun}", **{f"{noun}Name": new})[noun]["Path"] == w.path.replace("p", "q")

    return update


def putting_inline(noun):
    def put(w):
        owner, policy = w.make(noun), w.name("Policy")
        yield {f"{noun}Name": owner, "PolicyName": policy, "PolicyDocument": POLICY}
        read = w.read(f"Get{noun}Policy", **{f"{noun}Name": owner, "PolicyName": policy})
        assert read["PolicyDocument"] == json.loads(POLICY)

    return put


def getting_inline(noun):
    def get(w):
        owner = w.inline(noun)
        answer = yield {f"{noun}Name": owner, "PolicyName": "P"}
        assert (answer[f"{noun}Name"], answer["PolicyDocument"]) == (owner, json.loads(POLICY))

    return get


def listing_inline(noun):
    def list_them(w):
        answer = yield {f"{noun}Name": w.inline(noun)}
        assert answer["PolicyNames"] == ["P"] and not answer["IsTruncated"]

    return list_them


def deleting_inline(noun):
    def delete(w):
        owner = w.inline(noun)
        yield {f"{noun}Name": owner, "PolicyName": "P"}
        assert w.read(f"List{noun}Policies", **{f"{noun}Name": owner})["PolicyNames"] == []

    return delete


def attaching(noun):
    def attach(w):
        owner, policy = w.make(noun), w.policy()
        yield {f"{noun}Name": owner, "PolicyArn": policy}
        listed = w.read(f"ListAttached{noun}Policies", **{f"{noun}Name": owner})["AttachedPolicies"]
        assert [one["PolicyArn"] for one in listed] == [policy]

    return attach


def detaching(noun):
    def detach(w):
        owner, policy = w.attached(noun)
        yield {f"{noun}Name": owner, "PolicyArn": policy}
        assert w.read(f"ListAttached{noun}Policies", **{f"{noun}Name": owner})["AttachedPolicies"] == []
        assert w.read("GetPolicy", PolicyArn=policy)["Policy"]["AttachmentCount"] == 0

    return detach


def listing_attached(noun):
    def list_them(w):
        owner, policy = w.attached(noun)
        answer = yield {f"{noun}Name": owner, "PathPrefix": w.path}
        assert answer["AttachedPolicies"] == [{"PolicyName": policy.rsplit("/", 1)[1], "PolicyArn": policy}]

    return list_them


def putting_boundary(noun):
    def put(w):
        owner = w.make(noun)
        yield {f"{noun}Name": owner, "PermissionsBoundary": w.boundary}
        shown = w.read(f"Get{noun}", **{f"{noun}Name": owner})[noun]["PermissionsBoundary"]
        assert shown == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": w.boundary}

    return put


def deleting_boundary(noun):
    def delete(w):
        owner = w.make(noun, PermissionsBoundary=w.boundary)
        yield {f"{noun}Name": owner}
        assert "PermissionsBoundary" not in w.read(f"Get{noun}", **{f"{noun}Name": owner})[noun]

    return delete


def tagging(noun):
    def tag(w):
        given = {"PolicyArn": w.policy()} if noun == "Policy" else {f"{noun}Name": w.make(noun)}
        yield given | {"Tags": TAGS}
        assert w.read(f"List{noun}Tags", **given)["Tags"] == TAGS

    return tag


def untagging(noun):
    def untag(w):
        made = {"PolicyArn": w.policy(Tags=TAGS)} if noun == "Policy" else {f"{noun}Name": w.make(noun, Tags=TAGS)}
        yield made | {"TagKeys": ["TEAM", "absent"]}
        assert w.read(f"List{noun}Tags", **made)["Tags"] == TAGS[1:]

    return untag


def listing_tags(noun):
    def list_them(w):
        made = {"PolicyArn": w.policy(Tags=TAGS)} if noun == "Policy" else {f"{noun}Name": w.make(noun, Tags=TAGS)}
        answer = yield made | {"MaxItems": 1}
        assert answer["Tags"] == TAGS[:1] and answer["IsTruncated"]
        rest = w.read(f"List{noun}Tags", **made, Marker=answer["Marker"])
        assert rest["Tags"] == TAGS[1:] and not rest["IsTruncated"]

    return list_them


for noun in NOUNS:
    GOOD |= {
        f"Get{noun}": getting(noun),
        f"List{noun}s": listing(noun),
        f"Delete{noun}": deleting(noun),
        f"Put{noun}Policy": putting_inline(noun),
        f"Get{noun}Policy": getting_inline(noun),
        f"List{noun}Policies": listing_inline(noun),
        f"Delete{noun}Policy": deleting_inline(noun),
        f"Attach{noun}Policy": attaching(noun),
        f"Detach{noun}Policy": detaching(noun),
        f"ListAttached{noun}Policies": listing_attached(noun),
    }
for noun in ("User", "Group"):
    GOOD |= {f"Update{noun}": moving(noun)}
for noun in ("Role", "User"):
    GOOD |= {
        f"Put{noun}PermissionsBoundary": putting_boundary(noun),
        f"Delete{noun}PermissionsBoundary": deleting_boundary(noun),
    }
for noun in ("Role", "User", "Policy"):
    GOOD |= {f"Tag{noun}": tagging(noun), f"Untag{noun}": untagging(noun), f"List{noun}Tags": listing_tags(noun)}


@good
def UpdateRole(w):
    name = w.make("Role")
    yield {"RoleName": name, "Description": "new", "MaxSessionDuration": 3601}
    role = w.read("GetRole", RoleName=name)["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("new", 3601)


@good
def UpdateRoleDescription(w):
    name = w.make("Role")
    answer = yield {"RoleName": name, "Description": "new"}
    assert answer["Role"]["Description"] == w.read("GetRole", RoleName=name)["Role"]["Description"] == "new"


@good
def UpdateAssumeRolePolicy(w):
    name, new = w.make("Role"), trust(f"arn:aws:iam::{w.account}:user/probe")
    yield {"RoleName": name, "PolicyDocument": new}
    assert w.read("GetRole", RoleName=name)["Role"]["AssumeRolePolicyDocument"] == json.loads(new)


@good
def ListInstanceProfilesForRole(w):
    assert (yield {"RoleName": w.make("Role")}) == {"InstanceProfiles": [], "IsTruncated": False}


@good
def ListInstanceProfiles(w):
    assert (yield {}) == {"InstanceProfiles": [], "IsTruncated": False}


@good
def ListGroupsForUser(w):
    user, group = w.make("User"), w.make("Group")
    w.root.add_user_to_group(GroupName=group, UserName=user)
    assert [one["GroupName"] for one in (yield {"UserName": user})["Groups"]] == [group]


def nothing(element):
    def list_them(w):
        assert (yield {"UserName": w.make("User")})[element] == []

    return list_them


GOOD |= {
    "ListMFADevices": nothing("MFADevices"),
    "ListSigningCertificates": nothing("Certificates"),
    "ListSSHPublicKeys": nothing("SSHPublicKeys"),
    "ListServiceSpecificCredentials": nothing("ServiceSpecificCredentials"),
}


@good
def ListVirtualMFADevices(w):
    assert (yield {})["VirtualMFADevices"] == []


@good
def GetLoginProfile(w):
    """There is none: `NEVER_THERE`."""
    yield {"UserName": w.make("User")}


@good
def DeleteLoginProfile(w):
    yield {"UserName": w.make("User")}


@good
def GetAccountPasswordPolicy(w):
    yield {}
