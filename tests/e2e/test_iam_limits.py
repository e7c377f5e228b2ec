"""Every IAM action through boto3: the good path with no right but its own, each limit, each error, each denial.

Proven, for each row of the tables in docs/iam-sts.md (which are made from the code): the call works for a user who has
exactly the right that the row names, on exactly the resource that it names, and for nobody who lacks it alone; each
parameter passes just inside AWS's limits and is refused just outside, with AWS's words; each required one is missed;
every error that botocore's model lists for the action comes, unless it cannot here (`UNREACHABLE` says why). The last
tests hold that nothing is left out: a new action or parameter without its tests fails.

Not here, because it would take thousands of calls: 1000 roles, 5000 users, 300 groups and 1500 policies of an account
(the tests of src/iam); nor ConcurrentModification, which needs a race (test_iam_groups.py, tests/gateway).
"""

import base64
import datetime
import json
from urllib.parse import urlencode

import pytest
from actions import (
    Limits,
    call,
    choice,
    code_of,
    document as document_limits,
    documented,
    errors_of,
    lenient,
    long,
    name as name_limits,
    null,
    number,
    path as path_limits,
    pattern,
    refusal,
    send,
    session,
    short,
    tag_keys,
    tags,
    text,
)
from clients import Keys, allow, document, refused, trust, unique
from gate import Gate

ACTIONS = {name: row for name, row in documented("iam/").items() if "OpenIDConnectProvider" not in name}
POLICY = document(allow("s3:GetObject", "arn:aws:s3:::b/*"))
OTHER_POLICY = document(allow("s3:*", "arn:aws:s3:::b/*"))
TRUST = trust("*")
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
TAGS = [{"Key": "team", "Value": "red"}, {"Key": "k" * 128, "Value": "v" * 256}]
NOUNS = ("Role", "User", "Group")
MOST_OF_NAMES = {"Role": 64, "User": 64, "Group": 128, "Policy": 128}


class World:
    """A gate with an account, its root, and a user whose rights the tests set. Names and paths are as long as may be."""

    def __init__(self, gate: Gate):
        self.gate, self.endpoint = gate, gate.endpoint
        self.account = gate.json("account", "create", f"--account-name={unique('limits-')}")["id"]
        words = [f"--uid={unique('root-')}", f"--account-id={self.account}", "--account-root"]
        key = gate.json("user", "create", *words)["keys"][0]
        self.root_keys = Keys(key["access_key"], key["secret_key"])
        self.root = lenient("iam", self.endpoint, self.root_keys)
        self.path = f"/{unique('p')}/".ljust(511, "p") + "/"
        self.root.create_user(UserName="probe")
        self.probe_keys = self.key("probe")
        self.probe = lenient("iam", self.endpoint, self.probe_keys)
        self.boundary = self.policy()
        role = self.make("Role")
        self.root.put_role_policy(RoleName=role, PolicyName="P", PolicyDocument=document(allow("*", "*")))
        self.rights(allow("sts:*", "*"))
        assumed = session(self.endpoint, self.probe_keys, self.arn("Role", role))
        self.session = lenient("iam", self.endpoint, assumed)

    def rights(self, *statements):
        """What the probe may do from now on."""
        self.root.put_user_policy(UserName="probe", PolicyName="P", PolicyDocument=document(*statements))

    def name(self, noun):
        return unique("n").ljust(MOST_OF_NAMES[noun], "n")

    def arn(self, noun, name):
        return f"arn:aws:iam::{self.account}:{noun.lower()}{self.path}{name}"

    def make(self, noun, **more):
        """A role, user or group; its name."""
        name = self.name(noun)
        if noun == "Role":
            more = {"AssumeRolePolicyDocument": TRUST} | more
        call(self.root, f"Create{noun}", {f"{noun}Name": name, "Path": self.path, **more})
        return name

    def policy(self, versions=1, **more):
        """A managed policy; its ARN."""
        made = self.root.create_policy(PolicyName=self.name("Policy"), Path=self.path, PolicyDocument=POLICY, **more)
        for _ in range(versions - 1):
            self.root.create_policy_version(PolicyArn=made["Policy"]["Arn"], PolicyDocument=OTHER_POLICY)
        return made["Policy"]["Arn"]

    def key(self, user):
        made = self.root.create_access_key(UserName=user)["AccessKey"]
        return Keys(made["AccessKeyId"], made["SecretAccessKey"])

    def inline(self, noun, policy="P"):
        owner = self.make(noun)
        call(self.root, f"Put{noun}Policy", {f"{noun}Name": owner, "PolicyName": policy, "PolicyDocument": POLICY})
        return owner

    def attached(self, noun, policy=None):
        owner, policy = self.make(noun), policy or self.policy()
        call(self.root, f"Attach{noun}Policy", {f"{noun}Name": owner, "PolicyArn": policy})
        return owner, policy

    def read(self, action, **parameters):
        return call(self.root, action, parameters)


@pytest.fixture(scope="module")
def w(gate):
    return World(gate(testers=False))


# ---- the good path: a generator yields the parameters, gets the answer, and looks whether it was done


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


NEVER_THERE = {"GetLoginProfile", "DeleteLoginProfile", "GetAccountPasswordPolicy"}


@good
def GetAccountSummary(w):
    summary = (yield {})["SummaryMap"]
    assert summary["Users"] >= 1 and (summary["AccessKeysPerUserQuota"], summary["VersionsPerPolicyQuota"]) == (2, 5)


@good
def ListAccountAliases(w):
    assert len((yield {})["AccountAliases"]) == 1


@good
def CreateAccessKey(w):
    user = w.make("User")
    made = (yield {"UserName": user})["AccessKey"]
    assert (made["UserName"], made["Status"], len(made["SecretAccessKey"])) == (user, "Active", 40)
    own = lenient("sts", w.endpoint, Keys(made["AccessKeyId"], made["SecretAccessKey"]))
    assert own.get_caller_identity()["Arn"] == w.arn("User", user)


@good
def ListAccessKeys(w):
    user = w.make("User")
    key = w.key(user)
    assert [one["AccessKeyId"] for one in (yield {"UserName": user})["AccessKeyMetadata"]] == [key.access]


@good
def UpdateAccessKey(w):
    user = w.make("User")
    key = w.key(user)
    yield {"UserName": user, "AccessKeyId": key.access, "Status": "Inactive"}
    assert refused(lenient("sts", w.endpoint, key).get_caller_identity)[:2] == ("InvalidClientTokenId", 403)


@good
def DeleteAccessKey(w):
    user = w.make("User")
    key = w.key(user)
    yield {"UserName": user, "AccessKeyId": key.access}
    assert w.read("ListAccessKeys", UserName=user)["AccessKeyMetadata"] == []


@good
def GetAccessKeyLastUsed(w):
    w.key_user = w.make("User")
    answer = yield {"AccessKeyId": w.key(w.key_user).access}
    assert answer["UserName"] == w.key_user
    assert answer["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}


@good
def AddUserToGroup(w):
    user, group = w.make("User"), w.make("Group")
    yield {"GroupName": group, "UserName": user}
    assert [one["UserName"] for one in w.read("GetGroup", GroupName=group)["Users"]] == [user]


@good
def RemoveUserFromGroup(w):
    user, group = w.make("User"), w.make("Group")
    w.root.add_user_to_group(GroupName=group, UserName=user)
    yield {"GroupName": group, "UserName": user}
    assert w.read("GetGroup", GroupName=group)["Users"] == []


@good
def GetPolicy(w):
    arn = w.policy()
    policy = (yield {"PolicyArn": arn})["Policy"]
    assert (policy["Arn"], policy["DefaultVersionId"], policy["AttachmentCount"]) == (arn, "v1", 0)


@good
def ListPolicies(w):
    arn = w.policy()
    w.attached("Group", arn)
    given = {"Scope": "Local", "OnlyAttached": True, "PathPrefix": w.path, "PolicyUsageFilter": "PermissionsPolicy"}
    policies = (yield given | {"MaxItems": 1000})["Policies"]
    assert arn in [one["Arn"] for one in policies] and all(one["AttachmentCount"] for one in policies)


@good
def DeletePolicy(w):
    arn = w.policy()
    yield {"PolicyArn": arn}
    assert code_of(w.root, "GetPolicy", {"PolicyArn": arn}) == "NoSuchEntity"


@good
def CreatePolicyVersion(w):
    arn = w.policy()
    made = (yield {"PolicyArn": arn, "PolicyDocument": OTHER_POLICY, "SetAsDefault": True})["PolicyVersion"]
    assert (made["VersionId"], made["IsDefaultVersion"]) == ("v2", True)
    assert w.read("GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"


@good
def GetPolicyVersion(w):
    answer = yield {"PolicyArn": w.policy(), "VersionId": "v1"}
    assert answer["PolicyVersion"]["Document"] == json.loads(POLICY)


@good
def ListPolicyVersions(w):
    versions = (yield {"PolicyArn": w.policy(versions=5)})["Versions"]
    assert [one["VersionId"] for one in versions] == ["v5", "v4", "v3", "v2", "v1"]


@good
def SetDefaultPolicyVersion(w):
    arn = w.policy(versions=2)
    yield {"PolicyArn": arn, "VersionId": "v2"}
    assert w.read("GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"


@good
def DeletePolicyVersion(w):
    arn = w.policy(versions=2)
    yield {"PolicyArn": arn, "VersionId": "v2"}
    assert len(w.read("ListPolicyVersions", PolicyArn=arn)["Versions"]) == 1


@good
def ListEntitiesForPolicy(w):
    user, arn = w.attached("User")
    given = {"PolicyArn": arn, "EntityFilter": "User", "PathPrefix": w.path, "PolicyUsageFilter": "PermissionsPolicy"}
    answer = yield given
    assert [one["UserName"] for one in answer["PolicyUsers"]] == [user] and answer["PolicyRoles"] == []


QUESTION = {"ActionNames": ["s3:GetObject"], "ResourceArns": ["arn:aws:s3:::b/k"]}
BUCKET_POLICY = document(allow("s3:GetObject", "arn:aws:s3:::b/*", Principal="*"))


@good
def SimulateCustomPolicy(w):
    given = QUESTION | {"PolicyInputList": [POLICY], "CallerArn": f"arn:aws:iam::{w.account}:user/x"}
    answer = yield given
    assert [one["EvalDecision"] for one in answer["EvaluationResults"]] == ["allowed"]


@good
def SimulatePrincipalPolicy(w):
    answer = yield QUESTION | {"PolicySourceArn": w.arn("Role", w.inline("Role"))}
    assert [one["EvalDecision"] for one in answer["EvaluationResults"]] == ["allowed"]


KEYED = document(allow("s3:*", "*", Condition={"StringEquals": {"aws:username": "x"}}))


@good
def GetContextKeysForCustomPolicy(w):
    assert (yield {"PolicyInputList": [KEYED]}) == {"ContextKeyNames": ["aws:username"]}


@good
def GetContextKeysForPrincipalPolicy(w):
    answer = yield {"PolicySourceArn": w.arn("User", w.inline("User")), "PolicyInputList": [KEYED]}
    assert answer["ContextKeyNames"] == ["aws:username"]


def resource_of(w, on, given):
    """The ARN that a cell such as `role/Path/RoleName` stands for in a call."""
    kind = on.split("/")[0]
    front = f"arn:aws:iam::{w.account}:{kind}"
    if on == "*":
        return "*"
    if on.endswith("/PathPrefix"):
        return front + given["PathPrefix"]
    if "PolicySourceArn" in given:
        return given["PolicySourceArn"]
    if kind == "policy" and "PolicyArn" in given:
        return given["PolicyArn"]
    if "/NewPath/" in on:
        return front + given["NewPath"] + given[on.rsplit("/", 1)[1]]
    return front + w.path + given.get(on.rsplit("/", 1)[1], getattr(w, "key_user", None))


def resources_of(w, action, given):
    return [resource_of(w, on, given) for on in ACTIONS[action].on]


def with_right(action):
    return [f"iam:{action}", *ACTIONS[action].further]


@pytest.mark.parametrize("action", ACTIONS)
def test_good_path_with_no_right_but_its_own(w, action):
    path = GOOD[action](w)
    given = next(path)
    w.rights(allow(with_right(action), resources_of(w, action, given)))
    if action in NEVER_THERE:
        assert refusal(w.probe, action, given)[:2] == ("NoSuchEntity", 404)
        return
    with pytest.raises(StopIteration):
        path.send(call(w.probe, action, given))


@pytest.mark.parametrize("action", ACTIONS)
def test_denied_without_that_right_alone(w, action):
    given = parameters_of(action, w)
    everything = {"Effect": "Allow", "Resource": "*"}
    resources = resources_of(w, action, given)
    for lacking in with_right(action):
        w.rights(everything | {"NotAction": lacking})
        code, status, message = refusal(w.probe, action, given)
        assert (code, status) == ("AccessDenied", 403), message
        by = f"User: arn:aws:iam::{w.account}:user/probe is not authorized to perform: {lacking} on resource: "
        assert message.startswith(f'{by}"{resources[0]}"'), message
        assert f"because no identity-based policy allows the {lacking} action" in message
    for lacking in resources[1:]:  # of what is renamed, the new name
        w.rights({"Effect": "Allow", "Action": "*", "NotResource": lacking})
        code, _, message = refusal(w.probe, action, given)
        assert code == "AccessDenied" and lacking in message
    w.rights(allow("*", "*"), allow(f"iam:{action}", "*", effect="Deny"))
    code, _, message = refusal(w.probe, action, given)
    assert code == "AccessDenied" and "with an explicit deny in an identity-based policy" in message


@pytest.mark.parametrize("action", [name for name, row in ACTIONS.items() if row.of_caller])
def test_without_a_user_name_the_caller_is_meant(w, action):
    given = parameters_of(action, w)
    del given["UserName"]
    wanted = "Must specify userName when calling with non-User credentials"
    assert refusal(w.session, action, given) == ("ValidationError", 400, wanted)
    w.rights(allow("s3:*", "*"))
    message = refusal(w.probe, action, given)[2]
    assert f'iam:{action} on resource: "arn:aws:iam::{w.account}:user/probe" because' in message


# ---- limits


def policy_arn(field, nowhere="arn:aws:iam::999999999999:policy/abc"):
    return Limits(
        [READ_ONLY],
        [
            ("a" * 19, short(field, 20)),
            ("a" * 2049, long(field, 2048)),
            ("a" * 20, f"ARN {'a' * 20} is not valid.", "InvalidInput"),
            ("a" * 2048, f"ARN {'a' * 256} is not valid.", "InvalidInput"),
            ("arn:aws:iam:::role/policy", "ARN arn:aws:iam:::role/policy is not valid.", "InvalidInput"),
            (nowhere, f"ARN {nowhere} is not valid: it is of another account.", "InvalidInput"),
        ],
    )


def documents(field, most):
    """A list of policies of a simulation, which together are no longer than one may be."""
    one = among_others(document_limits(field, POLICY))
    # An empty list is no list; `PolicyInputList=` alone says so.
    outside = [([value], message) for value, message in one.outside if len(value) <= 131072]
    return Limits(
        [[value] for value in one.inside] + [[POLICY] * most],
        outside + [([POLICY] * (most + 1), long(field, most)), ([POLICY + " " * 131072], long(field, 131072))],
    )


def among_others(limits):
    """The longest is so long only if it is alone."""
    return Limits([value[:130000] for value in limits.inside], limits.outside)


def entry(key="aws:x", kind="string", values=("v",)):
    return {"ContextKeyName": key, "ContextKeyType": kind, "ContextKeyValues": list(values)}


def wrong_values(what):
    return f"Invalid ContextKeyValues for aws:x: they are not {what}."


MARKER = base64.urlsafe_b64encode(b"1").decode().rstrip("=")
LAST_MARKER = "The specified value for marker is invalid. Use the Marker of the answer before, as it is."
KEY_ID = "an access key id must be 3 to 128 characters out of letters, digits and `_`"
LIMITS = {
    "RoleName": name_limits("roleName", 64),
    "UserName": name_limits("userName", 64),
    "GroupName": name_limits("groupName", 128),
    "PolicyName": name_limits("policyName", 128),
    "NewUserName": name_limits("newUserName", 64, fill="z"),
    "NewGroupName": name_limits("newGroupName", 128, fill="z"),
    "Path": path_limits("path"),
    "NewPath": path_limits("newPath"),
    "PathPrefix": Limits(
        ["/", "/" + "x" * 511, "/!~"],
        [("", short("pathPrefix", 1)), ("/" + "x" * 512, long("pathPrefix", 512))]
        + [(value, pattern("pathPrefix", r"\u002F[\u0021-\u007E]*")) for value in ("x", "/a b", "/ä", "/\x7f")],
    ),
    "Marker": Limits([MARKER], [("", short("marker", 1)), ("A" * 321, long("marker", 320)), ("A" * 320, LAST_MARKER)]),
    "MaxItems": number("maxItems", 1, 1000),
    "AssumeRolePolicyDocument": document_limits("assumeRolePolicyDocument", TRUST),
    "PolicyDocument": document_limits("policyDocument", POLICY),
    "Description": text(
        "description", 0, 1000, r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*", ["", "\t\n\r ~¡ÿ"], ["\x7f", "\xa0", "Ā"]
    ),
    "MaxSessionDuration": number("maxSessionDuration", 3600, 43200),
    "Tags": tags(
        "InvalidInput",
        "InvalidInput",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        "Tag keys beginning with aws: are reserved and cannot be set.",
    ),
    "TagKeys": tag_keys("tagKeys"),
    "PolicyArn": policy_arn("policyArn"),
    "PermissionsBoundary": policy_arn("permissionsBoundary"),
    "AccessKeyId": Limits(["abc", "A" * 128], [("ab", KEY_ID), ("A" * 129, KEY_ID), ("a-b", KEY_ID)]),
    "Status": choice("status", "Active", "Inactive"),
    "Scope": choice("scope", "All", "AWS", "Local"),
    "PolicyUsageFilter": choice("policyUsageFilter", "PermissionsPolicy", "PermissionsBoundary"),
    "EntityFilter": choice("entityFilter", "User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"),
    "OnlyAttached": choice("onlyAttached", "true", "false"),
    "SetAsDefault": choice("setAsDefault", "true", "false"),
    "VersionId": Limits(
        ["v1", "v4294967296", "v" + "9" * 30],
        [(value, pattern("versionId", "v[1-9][0-9]*")) for value in ("", "1", "v", "v0", "v01", "v1.2", "V1", "v1.x")],
    ),
    "PolicyInputList": documents("policyInputList", 20),
    "PermissionsBoundaryPolicyInputList": documents("permissionsBoundaryPolicyInputList", 1),
    "ActionNames": Limits(
        [["s:x"], ["s3:" + "x" * 125], [f"s3:Get{at}" for at in range(1000)]],
        [
            ([], null("actionNames")),
            (["s:"], short("actionNames", 3)),
            (["s3:" + "x" * 126], long("actionNames", 128)),
            (
                [f"s3:Get{at}" for at in range(1001)],
                "1 validation error detected: 1001 values at 'actionNames' and 1 at 'resourceArns' failed to satisfy "
                "constraint: the product of their numbers must be less than or equal to 1000",
            ),
        ]
        + [
            (
                [value],
                f"Invalid Action: {value}. It must be a service, a colon and a name without wildcards, such as "
                "s3:GetObject.",
                "InvalidInput",
            )
            for value in ("GetObject", "s3:*", "s3:Get Object")
        ],
    ),
    "ResourceArns": Limits(
        [["*"], [], ["arn:aws:s3:::b/".ljust(2048, "x")]],
        [
            ([""], short("resourceArns", 1)),
            (["arn:aws:s3:::b/".ljust(2049, "x")], long("resourceArns", 2048)),
            (["b/k"], "Invalid resource: b/k. It must be * or an ARN.", "InvalidInput"),
        ],
    ),
    "ResourcePolicy": among_others(document_limits("resourcePolicy", BUCKET_POLICY)),
    "ResourceHandlingOption": Limits(
        ["x", "x" * 64], [("", short("resourceHandlingOption", 1)), ("x" * 65, long("resourceHandlingOption", 64))]
    ),
    "ResourceOwner": Limits(
        ["123456789012", "arn:aws:iam::123456789012:root"],
        [
            (value, f"Invalid ResourceOwner: {value}. It must be an account id or arn:aws:iam::ACCOUNT:root.", "InvalidInput")
            for value in ("12", "arn:aws:iam::123456789012:user/x")
        ],
    ),
    "CallerArn": Limits(
        ["arn:aws:iam::123456789012:user/x", "arn:aws:sts::123456789012:assumed-role/r/s", "arn:aws:iam::123456789012:root"],
        [
            (value, f"Invalid CallerArn: {value}. It must be the ARN of a user or of a role session.", "InvalidInput")
            for value in ("x", "arn:aws:iam::123456789012:group/x", "arn:aws:iam::123456789012:user/a b")
        ],
    ),
    "ContextEntries": Limits(
        [
            [entry("aws:x")],
            [entry("k" * 256, "stringList", ["v"] * 200)],
            [entry(f"aws:{at}") for at in range(200)],
            [entry(kind="numeric", values=["1.5"]), entry("aws:y", "date", ["2026-01-01T00:00:00Z"])],
            [entry(kind="ipList", values=["10.0.0.0/8", "::1"]), entry("aws:y", "binary", ["AAA="])],
            [entry(kind="booleanList", values=[])],
        ],
        [
            ([entry("aws:")], short("contextEntries.contextKeyName", 5)),
            ([entry("k" * 257)], long("contextEntries.contextKeyName", 256)),
            ([{"ContextKeyValues": ["v"]}], null("contextEntries.contextKeyName")),
            ([entry(f"aws:{at}") for at in range(201)], long("contextEntries", 200)),
            ([entry(kind="stringList", values=["v"] * 201)], long("contextEntries.contextKeyValues", 200)),
            ([entry(kind="text")], "Invalid ContextKeyType: text.", "InvalidInput"),
            ([entry(kind="numeric")], wrong_values("numbers"), "InvalidInput"),
            ([entry(kind="boolean")], wrong_values("true or false"), "InvalidInput"),
            ([entry(kind="ip")], wrong_values("addresses"), "InvalidInput"),
            ([entry(kind="binary", values=["*"])], wrong_values("base64"), "InvalidInput"),
            ([entry(kind="date")], wrong_values("dates"), "InvalidInput"),
            ([entry(values=["a", "b"])], wrong_values("one value; a list has a type that ends in List"), "InvalidInput"),
        ],
    ),
    "PolicySourceArn": Limits(
        [],
        [("a" * 19, short("policySourceArn", 20)), ("a" * 2049, long("policySourceArn", 2048))]
        + [
            (
                value,
                f"Invalid PolicySourceArn: {value[:256]}. It must be the ARN of a user, role or group of your account.",
                "InvalidInput",
            )
            for value in ("a" * 20, "a" * 2048, "arn:aws:s3:::user/abcdef")
        ]
        + [
            (
                "arn:aws:iam::999999999999:user/x",
                "ARN arn:aws:iam::999999999999:user/x is not valid: it is of another account.",
                "InvalidInput",
            )
        ],
    ),
}
# Within its limits a value may name what is not there, or come to a quota that is less than the limit.
PASSES = {
    **dict.fromkeys(("RoleName", "UserName", "GroupName", "PolicyName", "AccessKeyId"), {None, "NoSuchEntity"}),
    "PolicyArn": {None, "NoSuchEntity", "AccessDenied"},  # AWS's own is read and attached, not changed
    "VersionId": {None, "NoSuchEntity", "DeleteConflict"},  # v1 is the default
    "AssumeRolePolicyDocument": {None, "LimitExceeded"},  # of 2048
}


def made_raw(w, action, given, parameter, value):
    """Sends what botocore would put in order, such as a boolean that is none."""
    model = w.root.meta.service_model.operation_model(action)
    body = w.root._serializer.serialize_to_request(given, model)["body"] | {parameter: value}
    code, status, message = send(w.endpoint, w.root_keys, "iam", urlencode(body))
    return (code or None), status, message


def attempt(w, action, given, parameter, value):
    """The code, status and message of a call with this value; None for what is right."""
    if parameter in ("OnlyAttached", "SetAsDefault"):
        return made_raw(w, action, given, parameter, value)
    try:
        call(w.root, action, given | {parameter: value})
    except w.root.exceptions.ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Message"]
    return None, 200, ""


def limits_of(action, parameter):
    if (action, parameter) == ("UpdateAssumeRolePolicy", "PolicyDocument"):
        return document_limits("policyDocument", TRUST)
    return LIMITS[parameter]


@pytest.mark.parametrize("action", [name for name, row in ACTIONS.items() if row.parameters])
def test_limits(w, action):
    row, given = ACTIONS[action], parameters_of(action, w)
    for parameter in row.required:
        field = parameter[0].lower() + parameter[1:]
        without = {name: value for name, value in given.items() if name != parameter}
        assert refusal(w.root, action, without) == ("ValidationError", 400, null(field)), parameter
    for parameter in row.parameters:
        for value, message, *code in limits_of(action, parameter).outside:
            wanted = (*(code or ["ValidationError"]), 400, message)
            assert attempt(w, action, given, parameter, value) == wanted, f"{parameter}={value!r:.80}"
    assert code_of(w.root, action, given) in ({"NoSuchEntity"} if action in NEVER_THERE else {None}), "nothing was done"


@pytest.mark.parametrize("action", [name for name, row in ACTIONS.items() if row.parameters])
def test_just_inside_the_limits(w, action):
    reads = action.startswith(("Get", "List", "Simulate"))
    same = parameters_of(action, w) if reads else None
    for parameter in ACTIONS[action].parameters:
        may = PASSES.get(parameter, {None})
        if action.startswith("Create") and parameter.endswith("Name") and action != "CreateAccessKey":
            may = {None}
        if action == "UpdateAssumeRolePolicy":
            may = may | {"LimitExceeded"}
        if action in NEVER_THERE:
            may = {"NoSuchEntity"}
        for value in limits_of(action, parameter).inside:
            code, status, message = attempt(w, action, same or parameters_of(action, w), parameter, value)
            assert code in may, f"{parameter}={value!r:.80}: {code} {status} {message}"


# ---- errors: (what, code, status, function of the world that gives parameters and message)


# A function gives the parameters, after having made what stands in the way, and the message.
ERRORS, error = errors_of(ACTIONS)


def changed(action, w, **more):
    return parameters_of(action, w) | more


def missing(action, noun):
    """What is named is not there: by its name."""
    key = f"{noun}Name"

    def case(w):
        name = unique("none-")
        return changed(action, w, **{key: name}), f"The {noun.lower()} with name {name} cannot be found."

    ERRORS[action].append((f"no {noun}", "NoSuchEntity", 404, case))


def missing_policy(action, parameter, message):
    def case(w):
        arn = w.arn("Policy", unique("none-"))
        return changed(action, w, **{parameter: arn}), message.format(arn=arn)

    def case_of_aws(w):
        arn = "arn:aws:iam::aws:policy/NoSuchPolicy"
        return changed(action, w, **{parameter: arn}), message.format(arn=arn)

    ERRORS[action].append((f"no {parameter}", "NoSuchEntity", 404, case))
    ERRORS[action].append((f"no {parameter} of AWS", "NoSuchEntity", 404, case_of_aws))


def malformed(action, parameter):
    def case(w):
        return changed(action, w, **{parameter: "{"}), "line 1"

    def another_kind(w):
        other = POLICY if parameter == "AssumeRolePolicyDocument" or action == "UpdateAssumeRolePolicy" else TRUST
        return changed(action, w, **{parameter: other}), "Principal"

    ERRORS[action].append(("no JSON", "MalformedPolicyDocument", 400, case))
    ERRORS[action].append(("a policy of another kind", "MalformedPolicyDocument", 400, another_kind))


for action, row in ACTIONS.items():
    for noun in NOUNS:
        if f"{noun}Name" in row.parameters and action != f"Create{noun}":
            missing(action, noun)
    if "PermissionsBoundary" in row.parameters:
        missing_policy(action, "PermissionsBoundary", "Scope ARN: {arn} does not exist or is not attachable.")
    if "PolicyArn" in row.parameters:
        attaches = action.startswith("Attach")
        missing_policy(
            action,
            "PolicyArn",
            "Policy {arn} does not exist or is not attachable." if attaches else "Policy {arn} was not found.",
        )
    for parameter in ("PolicyDocument", "AssumeRolePolicyDocument"):
        if parameter in row.parameters:
            malformed(action, parameter)


for noun in NOUNS:

    def exists(w, noun=noun):
        given = changed(f"Create{noun}", w, **{f"{noun}Name": w.make(noun).upper()})
        return given, f"{noun} with name {given[f'{noun}Name']} already exists."

    def no_inline(w, noun=noun):
        return {f"{noun}Name": w.make(noun), "PolicyName": "none"}, f"The {noun.lower()} policy with name none cannot be found."

    def inline_remains(w, noun=noun):
        return {f"{noun}Name": w.inline(noun)}, "Cannot delete entity, must delete policies first."

    def attached_remains(w, noun=noun):
        return {f"{noun}Name": w.attached(noun)[0]}, "Cannot delete entity, must detach all policies first."

    def not_attached(w, noun=noun):
        policy = w.policy()
        return {f"{noun}Name": w.make(noun), "PolicyArn": policy}, f"Policy {policy} was not found."

    def eleventh(w, noun=noun):
        owner = w.make(noun)
        for _ in range(10):
            call(w.root, f"Attach{noun}Policy", {f"{noun}Name": owner, "PolicyArn": w.policy()})
        again = {f"{noun}Name": owner, "PolicyArn": w.policy()}
        return again, f"Cannot exceed quota for PoliciesPer{noun}: 10"

    def too_much_inline(w, noun=noun):
        most = {"Role": 10240, "User": 2048, "Group": 5120}[noun]
        owner, put = w.make(noun), f"Put{noun}Policy"
        whole, part = sized(most - 1000) + " " * 500, sized(1000)  # white space is not counted
        for name, policy in (("A", whole), ("B", part)):
            call(w.root, put, {f"{noun}Name": owner, "PolicyName": name, "PolicyDocument": policy})
        more = {f"{noun}Name": owner, "PolicyName": "B", "PolicyDocument": sized(1001)}
        return more, f"Maximum policy size of {most} bytes exceeded for {noun.lower()} {owner}"

    error("exists", "EntityAlreadyExists", 409, f"Create{noun}")(exists)
    error("no policy", "NoSuchEntity", 404, f"Get{noun}Policy", f"Delete{noun}Policy")(no_inline)
    error("inline policies", "DeleteConflict", 409, f"Delete{noun}")(inline_remains)
    error("attached policies", "DeleteConflict", 409, f"Delete{noun}")(attached_remains)
    error("not attached", "NoSuchEntity", 404, f"Detach{noun}Policy")(not_attached)
    error("an eleventh policy", "LimitExceeded", 409, f"Attach{noun}Policy")(eleventh)
    error("too much inline", "LimitExceeded", 409, f"Put{noun}Policy")(too_much_inline)


def sized(characters):
    """A policy that counts so many characters."""
    policy = POLICY.replace(" ", "")
    return policy.replace("b/*", "b/" + "x" * (characters - len(policy)) + "*")


for noun in ("User", "Group"):

    def renamed_to_another(w, noun=noun):
        other = w.make(noun)
        given = {f"{noun}Name": w.make(noun), f"New{noun}Name": other.upper()}
        return given, f"{noun} with name {other.upper()} already exists."

    error("exists", "EntityAlreadyExists", 409, f"Update{noun}")(renamed_to_another)


for noun in ("Role", "User", "Policy"):

    def fifty_first(w, noun=noun):
        tags = [{"Key": f"k{at}", "Value": ""} for at in range(50)]
        made = {"PolicyArn": w.policy(Tags=tags)} if noun == "Policy" else {f"{noun}Name": w.make(noun, Tags=tags)}
        call(w.root, f"Tag{noun}", made | {"Tags": [{"Key": "K1", "Value": "another case is no other key"}]})
        return made | {"Tags": [{"Key": "more", "Value": ""}]}, "The number of tags has reached the maximum limit."

    error("a 51st tag", "LimitExceeded", 409, f"Tag{noun}")(fifty_first)


@error("too long a trust", "LimitExceeded", 409, "CreateRole")
def long_trust(w):
    role = parameters_of("CreateRole", w) | {"AssumeRolePolicyDocument": TRUST.ljust(2048)}
    w.root.create_role(**role)
    given = changed("CreateRole", w, AssumeRolePolicyDocument=TRUST.ljust(2049))
    return given, "Cannot exceed quota for ACLSizePerRole: 2048"


@error("too long a trust", "LimitExceeded", 409, "UpdateAssumeRolePolicy")
def long_new_trust(w):
    role = w.make("Role")
    w.root.update_assume_role_policy(RoleName=role, PolicyDocument=TRUST.ljust(2048))
    return {"RoleName": role, "PolicyDocument": TRUST.ljust(2049)}, "Cannot exceed quota for ACLSizePerRole: 2048"


@error("keys", "DeleteConflict", 409, "DeleteUser")
def keys_remain(w):
    user = w.make("User")
    w.key(user)
    return {"UserName": user}, "Cannot delete entity, must delete access keys first."


@error("groups", "DeleteConflict", 409, "DeleteUser")
def groups_remain(w):
    return {"UserName": member(w)[0]}, "Cannot delete entity, must remove users from group first."


@error("members", "DeleteConflict", 409, "DeleteGroup")
def members_remain(w):
    return {"GroupName": member(w)[1]}, "Cannot delete entity, must remove users from group first."


def member(w):
    user, group = w.make("User"), w.make("Group")
    w.root.add_user_to_group(GroupName=group, UserName=user)
    return user, group


@error("an eleventh group", "LimitExceeded", 409, "AddUserToGroup")
def eleventh_group(w):
    user = w.make("User")
    for _ in range(10):
        w.root.add_user_to_group(GroupName=w.make("Group"), UserName=user)
    return {"GroupName": w.make("Group"), "UserName": user}, "Cannot exceed quota for GroupsPerUser: 10"


@error("a third key", "LimitExceeded", 409, "CreateAccessKey")
def third_key(w):
    user = w.make("User")
    w.key(user), w.key(user)
    return {"UserName": user}, "Cannot exceed quota for AccessKeysPerUser: 2"


NOBODYS_KEY = "AKIAIOSFODNN7EXAMPLE"


@error("no such key", "NoSuchEntity", 404, "UpdateAccessKey", "DeleteAccessKey")
def no_key(w):
    given = {"UserName": w.make("User"), "AccessKeyId": NOBODYS_KEY, "Status": "Active"}
    return given, f"The Access Key with id {NOBODYS_KEY} cannot be found."


@error("another's key", "NoSuchEntity", 404, "UpdateAccessKey", "DeleteAccessKey")
def anothers_key(w):
    given = {"UserName": w.make("User"), "AccessKeyId": w.probe_keys.access, "Status": "Active"}
    return given, f"The Access Key with id {w.probe_keys.access} cannot be found."


@error("no such key", "NoSuchEntity", 404, "GetAccessKeyLastUsed")
def no_used_key(w):
    return {"AccessKeyId": NOBODYS_KEY}, f"The Access Key with id {NOBODYS_KEY} cannot be found."


@error("no password", "NoSuchEntity", 404, "GetLoginProfile", "DeleteLoginProfile")
def no_password(w):
    user = w.make("User")
    return {"UserName": user}, f"Login Profile for User {user} cannot be found."


@error("no passwords", "NoSuchEntity", 404, "GetAccountPasswordPolicy")
def no_password_policy(w):
    return {}, f"The Password Policy with domain name {w.account} cannot be found."


@error("exists", "EntityAlreadyExists", 409, "CreatePolicy")
def policy_exists(w):
    name = w.policy().rsplit("/", 1)[1].upper()
    given = changed("CreatePolicy", w, PolicyName=name, Path="/elsewhere/")
    return given, f"A policy called {name} already exists. Duplicate names are not allowed."


@error("too long", "LimitExceeded", 409, "CreatePolicy", "CreatePolicyVersion")
def long_policy(w):
    w.root.create_policy(PolicyName=w.name("Policy"), PolicyDocument=sized(6144) + " " * 999)
    given = {"PolicyName": w.name("Policy"), "PolicyArn": w.policy(), "PolicyDocument": sized(6145)}
    return given, "Cannot exceed quota for PolicySize: 6144"


@error("a sixth version", "LimitExceeded", 409, "CreatePolicyVersion")
def sixth_version(w):
    given = {"PolicyArn": w.policy(versions=5), "PolicyDocument": POLICY}
    return given, (
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing "
        "version."
    )


@error("no such version", "NoSuchEntity", 404, "GetPolicyVersion", "SetDefaultPolicyVersion", "DeletePolicyVersion")
def no_version(w):
    arn = w.policy()
    return {"PolicyArn": arn, "VersionId": "v2"}, f"Policy {arn} version v2 does not exist or is not attachable."


@error("the default", "DeleteConflict", 409, "DeletePolicyVersion")
def default_version(w):
    return {"PolicyArn": w.policy(), "VersionId": "v1"}, "Cannot delete the default version of a policy."


@error("versions", "DeleteConflict", 409, "DeletePolicy")
def versions_remain(w):
    return {"PolicyArn": w.policy(versions=2)}, (
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The "
        "default version is deleted with the policy."
    )


for noun in NOUNS:

    @error(f"attached to a {noun.lower()}", "DeleteConflict", 409, "DeletePolicy")
    def policy_attached(w, noun=noun):
        return {"PolicyArn": w.attached(noun)[1]}, "Cannot delete a policy attached to entities."


for noun in ("Role", "User"):

    @error(f"the boundary of a {noun.lower()}", "DeleteConflict", 409, "DeletePolicy")
    def policy_bounds(w, noun=noun):
        arn = w.policy()
        w.make(noun, PermissionsBoundary=arn)
        return {"PolicyArn": arn}, "Cannot delete a policy attached to entities."


@error(
    "AWS's own",
    "AccessDenied",
    403,
    "DeletePolicy",
    "CreatePolicyVersion",
    "SetDefaultPolicyVersion",
    "DeletePolicyVersion",
    "TagPolicy",
    "UntagPolicy",
)
def policy_of_aws(w):
    given = {"PolicyArn": READ_ONLY, "PolicyDocument": POLICY, "VersionId": "v1", "Tags": TAGS, "TagKeys": ["k"]}
    return given, f"Policy {READ_ONLY} is AWS's own and cannot be changed."


@error("bad policies", "InvalidInput", 400, "SimulateCustomPolicy", "GetContextKeysForCustomPolicy")
def bad_custom_policy(w):
    return QUESTION | {"PolicyInputList": [POLICY, "{"]}, "Syntax errors in PolicyInputList.2: "


@error("bad policies", "InvalidInput", 400, "SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy")
def bad_further_policy(w):
    given = {"PolicySourceArn": w.arn("Role", w.make("Role")), "PolicyInputList": ["{"]}
    return QUESTION | given, "Syntax errors in PolicyInputList.1: "


@error("a bad boundary", "InvalidInput", 400, "SimulateCustomPolicy")
def bad_boundary(w):
    given = {"PolicyInputList": [POLICY], "PermissionsBoundaryPolicyInputList": ["{"]}
    return QUESTION | given, "Syntax errors in PermissionsBoundaryPolicyInputList.1: "


@error("a bad resource policy", "InvalidInput", 400, "SimulateCustomPolicy")
def bad_resource_policy(w):
    given = {"PolicyInputList": [POLICY], "ResourcePolicy": POLICY, "CallerArn": "arn:aws:iam::123456789012:user/x"}
    return QUESTION | given, "Syntax errors in ResourcePolicy: "


@error("no caller", "InvalidInput", 400, "SimulateCustomPolicy")
def no_caller(w):
    given = {"PolicyInputList": [POLICY], "ResourcePolicy": BUCKET_POLICY}
    return QUESTION | given, "CallerArn is required with ResourcePolicy, unless PolicySourceArn is of a user or role."


@error("too much", "ValidationError", 400, "SimulateCustomPolicy", "GetContextKeysForCustomPolicy")
def too_long_together(w):
    policies = [POLICY.ljust(65536), POLICY.ljust(65537)]
    wanted = "1 validation error detected: the policies given to a simulation must have 131072 characters together at most"
    return QUESTION | {"PolicyInputList": policies}, wanted


for noun in NOUNS:

    @error(f"no {noun.lower()}", "NoSuchEntity", 404, "SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy")
    def no_source(w, noun=noun):
        given = QUESTION | {"PolicySourceArn": f"arn:aws:iam::{w.account}:{noun.lower()}/none"}
        return given, f"The {noun.lower()} with name none cannot be found."

    @error(f"a {noun.lower()} elsewhere", "NoSuchEntity", 404, "SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy")
    def source_elsewhere(w, noun=noun):
        name = w.make(noun)
        given = QUESTION | {"PolicySourceArn": f"arn:aws:iam::{w.account}:{noun.lower()}/elsewhere/{name}"}
        return given, f"The {noun.lower()} with name {name} cannot be found."


@error("nobody's policies", "InvalidInput", 400, "SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy")
def bad_source(w):
    arn = f"arn:aws:iam::{w.account}:policy/abc"
    wanted = f"Invalid PolicySourceArn: {arn}. It must be the ARN of a user, role or group of your account."
    return QUESTION | {"PolicySourceArn": arn}, wanted


CASES = [(action, *case) for action, cases in ERRORS.items() for case in cases]
PARTS = {"MalformedPolicyDocument", "InvalidInput"}  # whose messages go on with the place


@pytest.mark.parametrize("action, what, code, status, case", CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_errors(w, action, what, code, status, case):
    given, message = case(w)
    given = {name: value for name, value in given.items() if name in ACTIONS[action].parameters}
    found = refusal(w.root, action, given)
    assert found[:2] == (code, status), found
    assert message in found[2] if code in PARTS else message == found[2]


@pytest.mark.parametrize(
    "action, parameter",
    [
        ("SimulateCustomPolicy", "OrderedOrganizationPolicyInputList"),
        ("SimulatePrincipalPolicy", "PolicyExclusionList"),
    ],
)
def test_parameters_that_are_refused(w, action, parameter):
    """Without them another question would be answered."""
    found = made_raw(w, action, parameters_of(action, w), f"{parameter}.member.1", "x")
    assert found == ("InvalidInput", 400, f"The parameter {parameter} of {action} is not supported yet. Leave it out.")


def test_what_a_standalone_user_owns_goes_before_the_user(w):
    """The remainder of DeleteUser that only standalone users leave."""
    admin, owner = unique("administrator"), unique("ownerofroles")
    secrets = {admin: unique("secret-of-"), owner: unique("secret-of-")}
    for name, caps in ((admin, "users=*;roles=*"), (owner, "roles=*")):
        words = [f"--uid={name}", f"--access-key={name}", f"--secret={secrets[name]}", f"--caps={caps}"]
        w.gate.cli("user", "create", *words)
    by_admin = lenient("iam", w.endpoint, Keys(admin, secrets[admin]))
    role = unique("role")
    by_owner = lenient("iam", w.endpoint, Keys(owner, secrets[owner]))
    by_owner.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    by_admin.delete_access_key(UserName=owner, AccessKeyId=owner)
    message = "Cannot delete entity, must delete the buckets, roles and providers that the user owns first."
    assert refusal(by_admin, "DeleteUser", {"UserName": owner}) == ("DeleteConflict", 409, message)
    by_admin.delete_role(RoleName=role)
    by_admin.delete_user(UserName=owner)


# ---- errors that all calls have


def test_errors_common_to_all_calls(w):
    version = "&Version=2010-05-08"

    def post(body, keys=w.root_keys, **more):
        return send(w.endpoint, keys, "iam", body, **more)

    unknown = "Could not find operation {} for version {}"
    assert post("Action=Nonsense" + version) == ("InvalidAction", 400, unknown.format("Nonsense", "2010-05-08"))
    assert post("Action=listRoles" + version)[:2] == ("InvalidAction", 400)
    assert post("Action=ListRoles&Version=2011-06-15") == ("InvalidAction", 400, unknown.format("ListRoles", "2011-06-15"))
    assert post("Version=2010-05-08")[:2] == ("MissingAction", 400)
    assert post("Action=ListRoles&MaxItems=1&MaxItems=1" + version)[1] == 400
    assert post("Action=ListRoles&Marker=%zz" + version)[1] == 400

    body = f"Action=TagUser&UserName=probe&Tags.member.2.Key=a&Tags.member.2.Value=b{version}"
    code, status, message = post(body)
    assert (code, status) == ("ValidationError", 400) and "numbered from 1" in message, message
    stranger = Keys(NOBODYS_KEY, w.root_keys.secret)
    assert post("Action=ListRoles" + version, stranger)[:2] == ("InvalidClientTokenId", 403)
    forged = Keys(w.root_keys.access, "x" * 40)
    assert post("Action=ListRoles" + version, forged)[:2] == ("SignatureDoesNotMatch", 403)
    no_token = Keys(w.root_keys.access, w.root_keys.secret, "nonsense")
    assert post("Action=ListRoles" + version, no_token)[:2] == ("InvalidClientTokenId", 403)


def test_last_uses_have_their_dates_once_the_gate_wrote_them_down(gate):
    """Once a minute, and when the gate stops."""
    one = gate(testers=False)
    key = one.json("user", "create", "--uid=boss", "--account-id=", "--account-root")["keys"][0]
    boss = Keys(key["access_key"], key["secret_key"])
    iam = lenient("iam", one.endpoint, boss)
    iam.create_user(UserName="u")
    made = iam.create_access_key(UserName="u")["AccessKey"]
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust("arn:aws:iam:::user/u"))["Role"]
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    assumed = session(one.endpoint, Keys(made["AccessKeyId"], made["SecretAccessKey"]), role["Arn"])
    send(one.endpoint, assumed, "iam", "Action=ListRoles&Version=2010-05-08")
    one.stop()
    one.start()
    iam = lenient("iam", one.endpoint, boss)
    answer = iam.get_access_key_last_used(AccessKeyId=made["AccessKeyId"])
    of_key, of_role = answer["AccessKeyLastUsed"], iam.get_role(RoleName="r")["Role"]["RoleLastUsed"]
    now = datetime.datetime.now(datetime.timezone.utc)
    assert (answer["UserName"], of_key["ServiceName"], of_key["Region"]) == ("u", "sts", "us-east-1")
    assert before <= of_key["LastUsedDate"] <= now
    assert of_role["Region"] == "us-east-1" and before <= of_role["LastUsedDate"] <= now


# ---- nothing is left out


# What AWS lists for an action and cannot come here.
UNREACHABLE = {
    "ServiceFailure": "the store is there",
    "ConcurrentModification": "needs a race",
    "UnmodifiableEntity": "there are no service-linked roles",
    "EntityTemporarilyUnmodifiable": "a user can be changed at once",
    "PolicyNotAttachable": "every policy can be attached",
    "NotSupportedService": "ServiceName is not read",
    "PolicyEvaluation": "an evaluation does not fail",
}
# Limits that only grow by making things: these take away, or change in place.
TAKES_AWAY = ("Delete", "Detach", "Remove", "Update", "SetDefault")
EXCEPTED = {
    ("CreateGroup", "NoSuchEntity"): "it names nothing else",
    ("CreateUser", "LimitExceeded"): "5000 users",
    ("CreateGroup", "LimitExceeded"): "300 groups",
    ("UpdateAccessKey", "InvalidInput"): "a wrong Status is a ValidationError here",
}


def is_unreachable(action, code):
    takes_away = code == "LimitExceeded" and action.startswith(TAKES_AWAY) and action != "UpdateAssumeRolePolicy"
    # A wrong PathPrefix, the only one of these calls' other parameters, is a ValidationError.
    listing = code == "InvalidInput" and action.startswith("ListAttached")
    return code in UNREACHABLE or (action, code) in EXCEPTED or takes_away or listing


def test_every_action_parameter_and_error_is_covered(w):
    assert set(GOOD) == set(ACTIONS), "good path and denial: those of GOOD"
    parameters = {parameter for row in ACTIONS.values() for parameter in row.parameters}
    assert set(LIMITS) == parameters, "a new parameter needs its limits"
    model = w.root.meta.service_model
    for action in ACTIONS:
        listed = {shape.metadata.get("error", {}).get("code", shape.name) for shape in model.operation_model(action).error_shapes}
        found = {code for _, code, _, _ in ERRORS[action]}
        found |= {code for name in ACTIONS[action].parameters for _, _, *more in LIMITS[name].outside for code in more}
        left_out = {code for code in listed - found if not is_unreachable(action, code)}
        assert not left_out, f"{action}: {left_out}"
    assert {action for action, code in EXCEPTED if code in {c for _, c, _, _ in ERRORS[action]}} == set()


PAGED = {"Marker", "MaxItems"}
NOT_SERVED = {
    # There is nothing to page through, or to choose from.
    "ListInstanceProfilesForRole": PAGED,
    "ListInstanceProfiles": PAGED | {"PathPrefix"},
    "ListMFADevices": PAGED,
    "ListSigningCertificates": PAGED,
    "ListSSHPublicKeys": PAGED,
    "ListServiceSpecificCredentials": PAGED | {"ServiceName", "AllUsers"},
    "ListVirtualMFADevices": PAGED | {"AssignmentStatus"},
    "ListAccountAliases": PAGED,
    # Refused, not overlooked.
    "SimulateCustomPolicy": {"OrderedOrganizationPolicyInputList"},
    "SimulatePrincipalPolicy": {"PolicyExclusionList"},
}


def test_every_parameter_of_awss_model_is_served_or_said_not_to_be(w):
    """What botocore can send and the tables do not have, in full."""
    model, found = w.root.meta.service_model, {}
    for action, row in ACTIONS.items():
        shape = model.operation_model(action).input_shape
        left_out = set(shape.members if shape else ()) - set(row.parameters)
        if left_out:
            found[action] = left_out
        assert set(row.parameters) <= set(shape.members if shape else ()), f"{action} has what AWS has not"
        required = set(shape.required_members if shape else ())
        # Without UserName nothing else tells whose key it is, and for MFA devices AWS asks for it: here it is the caller.
        assert required - set(row.required) <= {"UserName"}, action
    assert found == NOT_SERVED
