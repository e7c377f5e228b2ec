"""Every error that an IAM action can answer, through boto3, with AWS's code, status and words.

Each function makes what stands in the way and gives the parameters and the message. test_iam_coverage.py holds that
none that botocore's model lists is left out; ConcurrentModification is in test_iam_races.py, the quotas of an account
are in test_iam_quotas.py.
"""

import pytest
from actions import call, errors_of, refusal
from clients import unique
from iam_good import BUCKET_POLICY, QUESTION, parameters_of
from iam_world import ACTIONS, NOBODYS_KEY, NOUNS, POLICY, READ_ONLY, TAGS, TRUST, World


@pytest.fixture(scope="module")
def w(gate):
    return World(gate(testers=False))


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
