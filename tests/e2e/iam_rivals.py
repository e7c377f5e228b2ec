"""Who may overtake each writing IAM action: the records that it reads and writes, and another call that changes each.

A rival is called as `rival(w, given, made, number)` with the parameters of the call that it overtakes, and returns a
function that says whether what it did is still there. As the call's own good path is judged too, a rival changes what
the call does not.
"""

from dataclasses import dataclass

from actions import documented
from clients import unique
from iam_good import GOOD, NEVER_THERE
from iam_world import NOUNS, TAGS, World

# Those that change nothing that is there.
READING = ("Get", "List", "Simulate")
WRITING = [name for name in documented("iam/") if not name.startswith(READING) and name not in NEVER_THERE]
PRINTS = ["a" * 40], ["b" * 40]
RIVAL = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}'


@dataclass(frozen=True)
class Race:
    """`what` is overtaken by `rival`; `prepare(w, given)` makes what the good path lacks, as `made`."""

    what: str
    rival: object
    prepare: object = lambda w, given: None
    needle: bytes = b""  # in the keys of the commits that are overtaken


# ---- the good paths of providers


def provider(w, **more):
    url = f"https://{unique('idp-')}.example"
    return w.root.create_open_id_connect_provider(Url=url, **more)["OpenIDConnectProviderArn"]


def shown(w, arn):
    return w.read("GetOpenIDConnectProvider", OpenIDConnectProviderArn=arn)


def CreateOpenIDConnectProvider(w):
    arn = (yield {"Url": f"https://{unique('idp-')}.example", "ClientIDList": ["app"]})["OpenIDConnectProviderArn"]
    assert shown(w, arn)["ClientIDList"] == ["app"]


def DeleteOpenIDConnectProvider(w):
    arn = provider(w)
    yield {"OpenIDConnectProviderArn": arn}
    assert arn not in str(w.read("ListOpenIDConnectProviders"))


def AddClientIDToOpenIDConnectProvider(w):
    arn = provider(w)
    yield {"OpenIDConnectProviderArn": arn, "ClientID": "app"}
    assert shown(w, arn)["ClientIDList"] == ["app"]


def RemoveClientIDFromOpenIDConnectProvider(w):
    arn = provider(w, ClientIDList=["app", "web"])
    yield {"OpenIDConnectProviderArn": arn, "ClientID": "app"}
    assert shown(w, arn)["ClientIDList"] == ["web"]


def UpdateOpenIDConnectProviderThumbprint(w):
    arn = provider(w)
    yield {"OpenIDConnectProviderArn": arn, "ThumbprintList": ["c" * 40]}
    assert shown(w, arn)["ThumbprintList"] == ["c" * 40]


def TagOpenIDConnectProvider(w):
    arn = provider(w)
    yield {"OpenIDConnectProviderArn": arn, "Tags": TAGS}
    assert shown(w, arn)["Tags"] == TAGS


def UntagOpenIDConnectProvider(w):
    arn = provider(w, Tags=TAGS)
    yield {"OpenIDConnectProviderArn": arn, "TagKeys": ["team"]}
    assert shown(w, arn)["Tags"] == TAGS[1:]


PATHS = GOOD | {name: path for name, path in globals().items() if name.endswith(("Provider", "Thumbprint"))}


# ---- the rivals


def now_called(given, noun):
    return given.get(f"New{noun}Name", given[f"{noun}Name"])


def tagged(noun, call, key, value, number):
    """Sets a tag; `value` is the entity's name now, and after the call."""
    was, will_be = value
    call(f"Tag{noun}", **{key: was, "Tags": [{"Key": "rival", "Value": str(number)}]})
    return lambda: {"Key": "rival", "Value": str(number)} in call(f"List{noun}Tags", **{key: will_be})["Tags"]


def tag_role(w, given, made, number):
    return tagged("Role", w.read, "RoleName", (given["RoleName"],) * 2, number)


def tag_user(w, given, made, number):
    return tagged("User", w.read, "UserName", (given["UserName"], now_called(given, "User")), number)


def tag_policy(w, given, made, number):
    arn = made or given.get("PolicyArn") or given["PermissionsBoundary"]
    return tagged("Policy", w.read, "PolicyArn", (arn, arn), number)


def tag_provider(w, given, made, number):
    arn = given["OpenIDConnectProviderArn"]
    return tagged("OpenIDConnectProvider", w.read, "OpenIDConnectProviderArn", (arn, arn), number)


def tag_member(w, given, made, number):
    return tagged("User", w.read, "UserName", (made, made), number)


def describe_role(w, given, made, number):
    w.root.update_role_description(RoleName=given["RoleName"], Description=f"rival {number}")
    return lambda: w.read("GetRole", RoleName=given["RoleName"])["Role"]["Description"] == f"rival {number}"


def move_user(w, given, made, number):
    w.root.update_user(UserName=given["UserName"], NewPath=f"/rival/{number}/")
    return lambda: w.read("GetUser", UserName=given["UserName"])["User"]["Path"] == f"/rival/{number}/"


def move_group(w, given, made, number):
    group = made or given["GroupName"]
    w.root.update_group(GroupName=group, NewPath=f"/rival/{number}/")
    return lambda: w.read("GetGroup", GroupName=group)["Group"]["Path"] == f"/rival/{number}/"


def write_group(w, given, made, number):
    w.root.put_group_policy(GroupName=given["GroupName"], PolicyName=f"Rival{number}", PolicyDocument=RIVAL)
    name = now_called(given, "Group")
    return lambda: f"Rival{number}" in w.read("ListGroupPolicies", GroupName=name)["PolicyNames"]


def use_policy(w, given, made, number):
    """Attaches it to a new group."""
    w.attached("Group", given["PolicyArn"])
    return lambda: w.read("GetPolicy", PolicyArn=given["PolicyArn"])["Policy"]["AttachmentCount"] == number + 1


def print_provider(w, given, made, number):
    arn, prints = given["OpenIDConnectProviderArn"], PRINTS[number % 2]
    w.root.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=prints)
    return lambda: shown(w, arn)["ThumbprintList"] == prints


def switch_key(w, given, made, number):
    key = made.access if made else given["AccessKeyId"]
    w.root.update_access_key(UserName=given["UserName"], AccessKeyId=key, Status="Active")
    return lambda: True


def tag_caller(w, given, made, number):
    """Whatever of the caller changes, it may have been its rights."""
    return tagged("User", w.read, "UserName", ("caller", "caller"), number)


# ---- what the good path lacks


def bounded(noun):
    def prepare(w, given):
        name = {f"{noun}Name": given[f"{noun}Name"]}
        w.read(f"Put{noun}PermissionsBoundary", **name, PermissionsBoundary=w.boundary)
        return w.boundary

    return prepare


def other_boundary(noun):
    """The one before, which gives way."""

    def prepare(w, given):
        arn = w.policy()
        w.read(f"Put{noun}PermissionsBoundary", **{f"{noun}Name": given[f"{noun}Name"]}, PermissionsBoundary=arn)
        return arn

    return prepare


def using(noun):
    def prepare(w, given):
        arn = w.policy()
        w.read(f"Attach{noun}Policy", **{f"{noun}Name": given[f"{noun}Name"], "PolicyArn": arn})
        return arn

    return prepare


def with_group(w, given):
    group = w.make("Group")
    w.root.add_user_to_group(GroupName=group, UserName=given["UserName"])
    return group


def with_member(w, given):
    user = w.make("User")
    w.root.add_user_to_group(GroupName=given["GroupName"], UserName=user)
    return user


def with_key(w: World, given):
    return w.key(given["UserName"])


# ---- the races


def itself(action):
    """The entity that the call changes."""
    if action.startswith("Create") and action not in ("CreatePolicyVersion", "CreateAccessKey"):
        return []
    if "OpenIDConnect" in action:
        return [Race("the provider", print_provider if action.startswith(("Tag", "Untag")) else tag_provider)]
    if "Role" in action:
        return [Race("the role", tag_role if action.startswith("UpdateRole") else describe_role)]
    if "Group" in action:
        return [Race("the group", write_group if action == "UpdateGroup" else move_group)]
    if "User" not in action and "AccessKey" not in action:
        return [Race("the policy", use_policy if action in ("TagPolicy", "UntagPolicy") else tag_policy)]
    if action == "CreateAccessKey":  # whose first commit is of the key, which nobody lists yet
        return [Race("the user", tag_user, needle=b":user:")]
    return [Race("the user", move_user if action in ("TagUser", "UntagUser") else tag_user)]


FURTHER = {
    "AddUserToGroup": [Race("the user", tag_user)],
    "RemoveUserFromGroup": [Race("the user", tag_user)],
    "UpdateAccessKey": [Race("the key", switch_key, needle=b":access-key:")],
    "UpdateUser": [
        Race("a group", move_group, with_group),
        Race("a policy", tag_policy, using("User")),
        Race("the boundary", tag_policy, bounded("User")),
        Race("a key", switch_key, with_key, needle=b":access-key:"),
    ],
    "UpdateGroup": [Race("a member", tag_member, with_member), Race("a policy", tag_policy, using("Group"))],
    "CreateRole": [Race("the boundary", tag_policy)],
    "CreateUser": [Race("the boundary", tag_policy)],
    "DeleteRole": [Race("the boundary", tag_policy, bounded("Role"))],
    "DeleteUser": [Race("the boundary", tag_policy, bounded("User"))],
    "PutRolePermissionsBoundary": [
        Race("the boundary", tag_policy),
        Race("the boundary before", tag_policy, other_boundary("Role")),
    ],
    "PutUserPermissionsBoundary": [
        Race("the boundary", tag_policy),
        Race("the boundary before", tag_policy, other_boundary("User")),
    ],
    "DeleteRolePermissionsBoundary": [Race("the boundary", tag_policy, bounded("Role"))],
    "DeleteUserPermissionsBoundary": [Race("the boundary", tag_policy, bounded("User"))],
} | {
    f"{does}{noun}Policy": [Race("the policy", tag_policy)] for does in ("Attach", "Detach") for noun in NOUNS
}
# Every call reads its caller.
CALLER = Race("the caller", tag_caller, needle=b":user:caller")
RACES = {action: [CALLER, *itself(action), *FURTHER.get(action, [])] for action in WRITING}
