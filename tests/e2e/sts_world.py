"""What the tests of single STS actions have in common: an account, a user whose rights they set, and the good paths.

`GOOD[action]`: a generator that yields the parameters, gets the answer, and looks whether it was done.
"""

import datetime
import json

from actions import documented, lenient
from clients import Keys, allow, document, refused, unique

ACTIONS = {name: row for name, row in documented("sts").items() if name != "AssumeRoleWithWebIdentity"}
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
POLICY = document(allow("s3:GetObject", "*"))
TRUSTING = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
TAGS = [{"Key": "team", "Value": "red"}, {"Key": "cost", "Value": "1"}]
DENIED = ("AccessDenied", 403)


class World:
    def __init__(self, gate):
        self.gate, self.endpoint = gate, gate.endpoint
        self.account = gate.json("account", "create", f"--account-name={unique('limits-')}")["id"]
        words = [f"--uid={unique('root-')}", f"--account-id={self.account}", "--account-root"]
        key = gate.json("user", "create", *words)["keys"][0]
        self.root_keys = Keys(key["access_key"], key["secret_key"])
        self.iam = lenient("iam", self.endpoint, self.root_keys)
        self.path = f"/{unique('p')}/".ljust(511, "p") + "/"
        self.iam.create_user(UserName="probe")
        made = self.iam.create_access_key(UserName="probe")["AccessKey"]
        self.keys = Keys(made["AccessKeyId"], made["SecretAccessKey"])
        self.user = f"arn:aws:iam::{self.account}:user/probe"
        self.sts = self.sts_of(self.keys)
        self.role = self.make()

    def sts_of(self, keys):
        return lenient("sts", self.endpoint, keys)

    def rights(self, *statements):
        self.iam.put_user_policy(UserName="probe", PolicyName="P", PolicyDocument=document(*statements))

    def make(self, actions=TRUSTING, trusted=None, **more):
        """A role as long in name and path as may be; its ARN."""
        policy = document(allow(actions, Principal={"AWS": trusted or self.user}))
        given = {"RoleName": unique("r").ljust(64, "r"), "Path": self.path, "MaxSessionDuration": 43200} | more
        return self.iam.create_role(AssumeRolePolicyDocument=policy, **given)["Role"]["Arn"]


# ---- the good paths


def AssumeRole(w):
    given = {"RoleArn": w.role, "RoleSessionName": "s" * 64, "DurationSeconds": 43200, "ExternalId": "e" * 1224}
    given |= {"Policy": POLICY, "PolicyArns": [{"arn": READ_ONLY}], "SourceIdentity": "i" * 64}
    answer = yield given | {"Tags": TAGS, "TransitiveTagKeys": ["team", "COST"]}
    name = w.role.rsplit("/", 1)[1]
    user = answer["AssumedRoleUser"]
    assert user["Arn"] == f"arn:aws:sts::{w.account}:assumed-role/{name}/{'s' * 64}"
    role = w.iam.get_role(RoleName=name)["Role"]
    assert user["AssumedRoleId"] == f"{role['RoleId']}:{'s' * 64}"
    assert answer["SourceIdentity"] == "i" * 64 and 0 < answer["PackedPolicySize"] <= 100
    lasts(answer, 43200)
    assert w.sts_of(Keys.of(answer["Credentials"])).get_caller_identity()["Arn"] == user["Arn"]


def lasts(answer, seconds):
    credentials = answer["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA") and len(credentials["SecretAccessKey"]) == 40
    left = credentials["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert seconds - 10 <= left.total_seconds() <= seconds


def GetSessionToken(w):
    answer = yield {"DurationSeconds": 129600}
    lasts(answer, 129600)
    assert w.sts_of(Keys.of(answer["Credentials"])).get_caller_identity()["Arn"] == w.user


def GetFederationToken(w):
    given = {"Name": "f" * 32, "Policy": POLICY, "PolicyArns": [{"arn": READ_ONLY}], "Tags": TAGS}
    answer = yield given | {"DurationSeconds": 129600}
    lasts(answer, 129600)
    user = {"FederatedUserId": f"{w.account}:{'f' * 32}", "Arn": f"arn:aws:sts::{w.account}:federated-user/{'f' * 32}"}
    assert answer["FederatedUser"] == user and 0 < answer["PackedPolicySize"] <= 100
    assert w.sts_of(Keys.of(answer["Credentials"])).get_caller_identity()["Arn"] == user["Arn"]


def GetCallerIdentity(w):
    answer = yield {}
    assert (answer["Account"], answer["Arn"]) == (w.account, w.user) and answer["UserId"].startswith("AIDA")


def GetAccessKeyInfo(w):
    assert (yield {"AccessKeyId": w.root_keys.access}) == {"Account": w.account}


def DecodeAuthorizationMessage(w):
    w.rights(allow("iam:ListRoles", "*", effect="Deny"))
    message = refused(lenient("iam", w.endpoint, w.keys).list_roles)[2]
    answer = yield {"EncodedMessage": message.split("failure message: ")[1]}
    said = json.loads(answer["DecodedMessage"])
    assert (said["allowed"], said["explicitDeny"], said["context"]["action"]) == (False, True, "iam:ListRoles")


GOOD = {
    one.__name__: one
    for one in (
        AssumeRole,
        GetSessionToken,
        GetFederationToken,
        GetCallerIdentity,
        GetAccessKeyInfo,
        DecodeAuthorizationMessage,
    )
}
# As with AWS, no policy can forbid these.
FREE = {"GetSessionToken", "GetCallerIdentity"}
# Decided by the role's trust policy, which names the caller.
BY_TRUST = {"AssumeRole"}


def given_with(w, action, parameter, value):
    given = next(GOOD[action](w)) | {parameter: value}
    if parameter == "Tags":
        given.pop("TransitiveTagKeys", None)
    return given
