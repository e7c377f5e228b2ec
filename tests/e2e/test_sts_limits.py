"""Every STS action through boto3: the good path with no right but its own, each limit, each error, each denial.

As test_iam_limits.py, of which this is the other half. AssumeRoleWithWebIdentity has tests of its own.

Not here: ExpiredToken, since no session is shorter than 15 minutes (tests/gateway, with a clock of its own).
"""

import datetime
import json

import pytest
import requests
from actions import (
    Limits,
    call,
    documented,
    errors_of,
    lenient,
    long,
    name as name_limits,
    null,
    number,
    pattern,
    read,
    refusal,
    send,
    session,
    short,
    tags,
    text,
)
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


@pytest.fixture(scope="module")
def w(gate):
    return World(gate(testers=False))


# ---- the good path


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


def rights_for(w, action):
    """No right but the action's own, where the row says; none at all where another policy decides or none does."""
    row = ACTIONS[action]
    if action in FREE:
        return w.rights(allow("*", "*", effect="Deny"))
    if action in BY_TRUST:
        return w.rights(allow("s3:*", "*"))
    resource = row.on[0].replace("ACCOUNT", w.account).replace("/Name", "/" + "f" * 32)
    return w.rights(allow([f"sts:{action}", *row.further], resource))


@pytest.mark.parametrize("action", ACTIONS)
def test_good_path_with_no_right_but_its_own(w, action):
    path = GOOD[action](w)
    given = next(path)
    rights_for(w, action)
    with pytest.raises(StopIteration):
        path.send(call(w.sts, action, given))


@pytest.mark.parametrize("action", [name for name in ACTIONS if name not in FREE])
def test_denied_without_that_right_alone(w, action):
    row, given = ACTIONS[action], next(GOOD[action](w))
    for lacking in (f"sts:{action}", *row.further):
        if action in BY_TRUST:
            w.rights(allow("*", "*"))
            left = [one for one in TRUSTING if one != lacking]
            given["RoleArn"] = w.make(left)
        else:
            w.rights({"Effect": "Allow", "Resource": "*", "NotAction": lacking})
        code, status, message = refusal(w.sts, action, given)
        assert (code, status) == DENIED, message
        assert message.startswith(f"User: {w.user} is not authorized to perform: {lacking} on resource: "), message
    w.rights(allow("*", "*"), allow(f"sts:{action}", "*", effect="Deny"))
    code, status, message = refusal(w.sts, action, next(GOOD[action](w)) if action in BY_TRUST else given)
    assert (code, status) == DENIED
    # Of a role nothing is told, not even whether it is there (rule 15).
    told = "with an explicit deny in an identity-based policy" in message
    assert told == (action not in BY_TRUST), message


# ---- limits


ROLE_ARN = "arn:aws:iam::123456789012:role/"


def arn_list():
    def one(arn):
        return [{"arn": arn}]

    field, strangers = "policyArns.member.arn", ("a" * 20, "arn:aws:iam:::role/some-role-name", "a" * 2048)
    return Limits(
        [one(READ_ONLY), one(READ_ONLY) * 10],
        [(one(READ_ONLY) * 11, long("policyArns", 10)), (one("a" * 19), short(field, 20))]
        + [(one("a" * 2049), long(field, 2048))]
        + [(one(arn), f"{arn[:256]} is not the ARN of a managed policy") for arn in strangers],
    )


LIMITS = {
    "RoleArn": Limits(
        [],
        [("a" * 19, short("roleArn", 20)), ("a" * 2049, long("roleArn", 2048))]
        + [
            (arn, f"{arn[:256]} is invalid")
            for arn in ("a" * 20, "a" * 2048, ROLE_ARN, ROLE_ARN + "r" * 65, ROLE_ARN + "a b", "arn:aws:iam:::user/name")
        ],
    ),
    "RoleSessionName": name_limits("roleSessionName", 64, 2),
    "DurationSeconds": number("durationSeconds", 900, 129600),
    "ExternalId": text("externalId", 2, 1224, r"[\w+=,.@:\/-]*", ["A+=,.@:/-_9"], ["a b", "a*", "aé"]),
    "Policy": Limits(
        [POLICY, POLICY + "\t\r\n", POLICY.ljust(2048)],
        [
            ("", short("policy", 1)),
            (POLICY.ljust(2049), long("policy", 2048)),
            (POLICY + "\u0100", pattern("policy", r"[\u0009\u000A\u000D\u0020-\u00FF]+")),
        ],
    ),
    "PolicyArns": arn_list(),
    "Tags": tags(
        "InvalidParameterValue",
        "InvalidParameterValue",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        "Tag keys must not begin with aws:, which is reserved.",
    ),
    "TransitiveTagKeys": Limits(
        [["team"], ["TEAM", "cost"], [], ["team"] * 50],
        [
            (["team"] * 51, long("transitiveTagKeys", 50)),
            ([""], short("transitiveTagKeys", 1)),
            (["k" * 129], long("transitiveTagKeys", 128)),
            (["k&"], pattern("transitiveTagKeys", r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")),
            (
                ["other"],
                "The specified transitive tag key must be included in the requested tags.",
                "InvalidParameterValue",
            ),
        ],
    ),
    "SourceIdentity": name_limits("sourceIdentity", 64, 2),
    "Name": name_limits("name", 32, 2),
    "AccessKeyId": Limits(
        ["A" * 16, "A" * 128],
        [
            ("A" * 15, short("accessKeyId", 16)),
            ("A" * 129, long("accessKeyId", 128)),
            ("AKIAIOSFODNN7EXAMPL-", pattern("accessKeyId", r"[\w]*")),
        ],
    ),
    "EncodedMessage": Limits(
        ["x", "x" * 10240], [("", short("encodedMessage", 1)), ("x" * 10241, long("encodedMessage", 10240))]
    ),
}
# Within its limits a value may mean nothing.
PASSES = {
    "AccessKeyId": "No account is known for this access key id.",
    "EncodedMessage": "Message is not valid",
}


def limits_of(action, parameter):
    if (action, parameter) == ("AssumeRole", "DurationSeconds"):
        return number("durationSeconds", 900, 43200)
    return LIMITS[parameter]


def given_with(w, action, parameter, value):
    given = next(GOOD[action](w)) | {parameter: value}
    if parameter == "Tags":
        given.pop("TransitiveTagKeys", None)
    return given


def ready(w, action, parameter, value):
    """The same; a message that is refused anyway needs no denial to be made of."""
    if action == "DecodeAuthorizationMessage":
        return {parameter: value}
    return given_with(w, action, parameter, value)


@pytest.mark.parametrize("action", [name for name, row in ACTIONS.items() if row.parameters])
def test_limits(w, action):
    row = ACTIONS[action]
    w.rights(allow("*", "*"))
    for parameter in row.required:
        given = next(GOOD[action](w))
        del given[parameter]
        wanted = ("ValidationError", 400, null(parameter[0].lower() + parameter[1:]))
        assert refusal(w.sts, action, given) == wanted, parameter
    w.rights(allow("*", "*"))
    for parameter in row.parameters:
        limits = limits_of(action, parameter)
        for value, message, *code in limits.outside:
            given = ready(w, action, parameter, value)
            wanted = (*(code or ["ValidationError"]), 400, message)
            assert refusal(w.sts, action, given) == wanted, f"{parameter}={value!r:.80}"
        for value in limits.inside:
            given = ready(w, action, parameter, value)
            if parameter in PASSES:
                assert refusal(w.sts, action, given)[2] == PASSES[parameter]
            else:
                call(w.sts, action, given)


# ---- errors


# A function gives the parameters, the message, and the client if it is not the probe's.
ERRORS, error = errors_of(ACTIONS)


def changed(action, w, **more):
    return given_with(w, action, *next(iter(more.items()))) | more


@error("a bad policy", "MalformedPolicyDocument", 400, "AssumeRole", "GetFederationToken")
def bad_policy(w, action):
    return changed(action, w, Policy="{"), "line 1"


@error("a policy with a principal", "MalformedPolicyDocument", 400, "AssumeRole", "GetFederationToken")
def trust_as_policy(w, action):
    return changed(action, w, Policy=document(allow("s3:*", "*", Principal="*"))), "Principal"


@error("too much", "PackedPolicyTooLarge", 400, "AssumeRole", "GetFederationToken")
def too_much(w, action):
    given = changed(action, w, Tags=[{"Key": f"k{at}", "Value": "v" * 256} for at in range(20)])
    return given, "% of allotted space, please use smaller policy."


@error("a policy that is not there", "InvalidParameterValue", 400, "AssumeRole", "GetFederationToken")
def no_policy(w, action):
    arn = f"arn:aws:iam::{w.account}:policy/none"
    wanted = f"The session policy {arn} is not found. It must be a managed policy of the account or one of AWS's."
    return changed(action, w, PolicyArns=[{"arn": arn}]), wanted


@error("a policy of another account", "InvalidParameterValue", 400, "AssumeRole", "GetFederationToken")
def foreign_policy(w, action):
    arn = "arn:aws:iam::999999999999:policy/none"
    wanted = f"The session policy {arn} is not found. It must be a managed policy of the account or one of AWS's."
    return changed(action, w, PolicyArns=[{"arn": arn}]), wanted


NOT_SERVED = {"AssumeRole": ["SerialNumber", "TokenCode", "ProvidedContexts"], "GetSessionToken": ["SerialNumber", "TokenCode"]}
for action, names in NOT_SERVED.items():
    for name in names:

        @error(name, "InvalidParameterValue", 400, action)
        def not_served(w, action, name=name):
            value = [{"ProviderArn": "x"}] if name == "ProvidedContexts" else "123456789"
            wanted = f"The parameter {name} is not supported: there are no multi-factor devices and no context providers"
            return changed(action, w, **{name: value}), wanted


@error("longer than the role allows", "ValidationError", 400, "AssumeRole")
def longer_than_the_role(w, action):
    given = changed(action, w, RoleArn=w.make(MaxSessionDuration=3600))
    call(w.sts, action, given | {"DurationSeconds": 3600})
    wanted = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    return given | {"DurationSeconds": 3601}, wanted


@error("longer than a chain allows", "ValidationError", 400, "AssumeRole")
def longer_than_a_chain(w, action):
    assumed = w.sts_of(session(w.endpoint, w.keys, w.role))
    given = {"RoleArn": w.make(trusted=w.role), "RoleSessionName": "chained"}
    call(assumed, action, given | {"DurationSeconds": 3600})
    wanted = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    return given | {"DurationSeconds": 3601}, wanted, assumed


@error("a chain of more than eight", "ValidationError", 400, "AssumeRole")
def long_chain(w, action):
    keys, arn = w.keys, w.role
    for _ in range(7):
        keys, last = session(w.endpoint, keys, arn), arn
        arn = w.make(trusted=last)
    wanted = "The chain of assumed roles is too long: at most 8 users and roles may stand in it."
    return {"RoleArn": arn, "RoleSessionName": "eighth"}, wanted, w.sts_of(keys)


@error("another source identity", "AccessDenied", 403, "AssumeRole")
def other_source_identity(w, action):
    assumed = w.sts_of(session(w.endpoint, w.keys, w.role, SourceIdentity="alice"))
    given = {"RoleArn": w.make(trusted=w.role), "RoleSessionName": "chained"}
    call(assumed, action, given | {"SourceIdentity": "alice"})
    wanted = "The source identity of the calling session cannot be changed. Leave SourceIdentity out or repeat it."
    return given | {"SourceIdentity": "bob"}, wanted, assumed


@error("a tag that goes on", "InvalidParameterValue", 400, "AssumeRole")
def fixed_tag(w, action):
    assumed = w.sts_of(session(w.endpoint, w.keys, w.role, Tags=TAGS, TransitiveTagKeys=["team"]))
    given = {"RoleArn": w.make(trusted=w.role), "RoleSessionName": "chained"}
    call(assumed, action, given | {"Tags": TAGS[1:]})
    wanted = (
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the "
        "calling session."
    )
    return given | {"Tags": [{"Key": "TEAM", "Value": "red"}]}, wanted, assumed


@error("root", "AccessDenied", 403, "AssumeRole")
def root_assumes(w, action):
    arn = w.make(trusted="*")
    given = {"RoleArn": arn, "RoleSessionName": "root"}
    return given, "Roles may not be assumed by root accounts.", w.sts_of(w.root_keys)


@error("no such role", "AccessDenied", 403, "AssumeRole")
def no_role(w, action):
    arn = f"arn:aws:iam::{w.account}:role/none"
    given = {"RoleArn": arn, "RoleSessionName": "none"}
    return given, f"User: {w.user} is not authorized to perform: sts:AssumeRole on resource: {arn}"


@error("a role that trusts others", "AccessDenied", 403, "AssumeRole")
def trusts_others(w, action):
    arn = w.make(trusted=w.role)
    given = {"RoleArn": arn, "RoleSessionName": "none"}
    return given, f"User: {w.user} is not authorized to perform: sts:AssumeRole on resource: {arn}"


@error("a role by another path", "AccessDenied", 403, "AssumeRole")
def role_elsewhere(w, action):
    arn = w.role.replace(w.path, "/elsewhere/")
    given = {"RoleArn": arn, "RoleSessionName": "none"}
    return given, f"User: {w.user} is not authorized to perform: sts:AssumeRole on resource: {arn}"


@error("by a session", "AccessDenied", 403, "GetSessionToken", "GetFederationToken")
def by_a_session(w, action):
    assumed = w.sts_of(session(w.endpoint, w.keys, w.role))
    return next(GOOD[action](w)), f"Cannot call {action} with session credentials", assumed


@error("no message", "InvalidAuthorizationMessageException", 400, "DecodeAuthorizationMessage")
def altered_message(w, action):
    given = next(GOOD[action](w))
    return {"EncodedMessage": given["EncodedMessage"][:-1]}, "Message is not valid"


@error("nobody's key", "ValidationError", 400, "GetAccessKeyInfo")
def nobodys_key(w, action):
    return {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}, "No account is known for this access key id."


CASES = [(action, *case) for action, cases in ERRORS.items() for case in cases]


@pytest.mark.parametrize("action, what, code, status, case", CASES, ids=[f"{case[0]}-{case[1]}" for case in CASES])
def test_errors(w, action, what, code, status, case):
    w.rights(allow("*", "*"))
    given, message, *by = case(w, action)
    w.rights(allow("*", "*"))
    found = refusal(*(by or [w.sts]), action, given)
    assert found[:2] == (code, status) and message in found[2], found


def test_an_unknown_role_and_one_that_trusts_others_look_the_same(w):
    """But for their names (rule 15)."""
    w.rights(allow("*", "*"))
    texts = set()
    for case in (no_role, trusts_others, role_elsewhere):
        given, _ = case(w, "AssumeRole")
        texts.add(refusal(w.sts, "AssumeRole", given)[2].replace(given["RoleArn"], "ARN"))
    assert len(texts) == 1, texts


def test_sessions_of_root_last_an_hour(w):
    root = w.sts_of(w.root_keys)
    lasts(root.get_session_token(DurationSeconds=129600), 3600)
    lasts(root.get_federation_token(Name="root", DurationSeconds=129600, Policy=POLICY), 3600)


def test_durations_if_none_is_asked_for(w):
    w.rights(allow("*", "*"))
    lasts(w.sts.assume_role(RoleArn=w.role, RoleSessionName="default"), 3600)
    lasts(w.sts.get_session_token(), 43200)
    lasts(w.sts.get_federation_token(Name="default"), 43200)


def test_errors_common_to_all_calls(w):
    version = "&Version=2011-06-15"

    def post(body, keys=w.keys):
        return send(w.endpoint, keys, "sts", body)

    unknown = "Could not find operation {} for version {}"
    assert post("Action=Nonsense" + version) == ("InvalidAction", 400, unknown.format("Nonsense", "2011-06-15"))
    assert post("Action=GetCallerIdentity&Version=2010-05-08")[:2] == ("InvalidAction", 400)
    for action in ("AssumeRoleWithSAML", "AssumeRoot", "GetWebIdentityToken"):
        assert post(f"Action={action}{version}") == ("InvalidAction", 400, f"The action {action} is not supported yet.")
    assert post("Version=2011-06-15")[:2] == ("MissingAction", 400)
    nameless = "Action=GetFederationToken&Name=ab&PolicyArns.member.1.arm=x" + version
    assert post(nameless) == ("ValidationError", 400, null("policyArns.member.arn"))
    assert post("Action=GetCallerIdentity&Action=GetCallerIdentity" + version)[1] == 400
    identity = "Action=GetCallerIdentity" + version
    temporary = session(w.endpoint, w.keys, w.role)
    for keys, code, status in [
        (Keys("AKIAIOSFODNN7EXAMPLE", w.keys.secret), "InvalidClientTokenId", 403),
        (Keys(w.keys.access, "x" * 40), "SignatureDoesNotMatch", 403),
        (Keys(temporary.access, temporary.secret), "InvalidClientTokenId", 403),
        (Keys(temporary.access, temporary.secret, temporary.token[:-4]), "InvalidClientTokenId", 403),
        (Keys(temporary.access, "x" * 40, temporary.token), "SignatureDoesNotMatch", 403),
        (Keys(w.keys.access, temporary.secret, temporary.token), "InvalidClientTokenId", 403),
    ]:
        assert post(identity, keys)[:2] == (code, status), keys.access
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    unsigned = requests.post(w.endpoint, data=identity, headers=form, timeout=30)
    assert read(unsigned)[:2] == ("MissingAuthenticationToken", 403)
    for header in ("AWS4-HMAC-SHA256 nonsense", "AWS key:signature"):
        answer = requests.post(w.endpoint, data=identity, headers=form | {"Authorization": header}, timeout=30)
        assert read(answer)[:2] == ("IncompleteSignature", 400), header


# ---- nothing is left out


UNREACHABLE = {
    "RegionDisabledException": "there are no regions",
    "ExpiredTokenException": "of context providers, which are refused",
}
IGNORED = {"MinimumSessionTokenSize"}  # has no part in what is granted


def test_every_action_parameter_and_error_is_covered(w):
    assert set(GOOD) == set(ACTIONS)
    assert set(LIMITS) == {parameter for row in ACTIONS.values() for parameter in row.parameters}
    model = w.sts.meta.service_model
    for action, row in ACTIONS.items():
        operation = model.operation_model(action)
        listed = {shape.metadata.get("error", {}).get("code", shape.name) for shape in operation.error_shapes}
        left_out = listed - {code for _, code, _, _ in ERRORS[action]} - set(UNREACHABLE)
        assert not left_out, f"{action}: {left_out}"
        known = set(operation.input_shape.members) if operation.input_shape else set()
        assert known - set(row.parameters) - IGNORED == set(NOT_SERVED.get(action, [])), action
        required = set(operation.input_shape.required_members) if operation.input_shape else set()
        assert required == set(row.required), action
