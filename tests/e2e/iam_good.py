"""The good path of every IAM action: those of iam_entities.py, and of the account, keys, members and managed policies.

`GOOD[action]`: a generator that yields the parameters, gets the answer, and looks whether it was done.
"""

import json

from actions import code_of, lenient
from clients import Keys, allow, document, refused
from iam_entities import GOOD, good, parameters_of  # the first and the last for those who import this file
from iam_world import OTHER_POLICY, POLICY

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
