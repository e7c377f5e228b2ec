"""Every error that an STS action can answer, through boto3, with AWS's code, status and words.

The last test holds that no action, parameter or error is left out here, in test_sts_good_paths.py or test_sts_limits.py.

Not here: ExpiredToken, since no session is shorter than 15 minutes (tests/gateway, with a clock of its own).
"""

import pytest
import requests
from actions import call, errors_of, null, read, refusal, send, session
from clients import Keys, allow, document
from sts_world import ACTIONS, GOOD, POLICY, TAGS, World, given_with, lasts
from test_sts_limits import LIMITS


@pytest.fixture(scope="module")
def w(gate):
    return World(gate(testers=False))


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
    return given, f'User: {w.user} is not authorized to perform: sts:AssumeRole on resource: {arn}'


@error("a role that trusts others", "AccessDenied", 403, "AssumeRole")
def trusts_others(w, action):
    arn = w.make(trusted=w.role)
    given = {"RoleArn": arn, "RoleSessionName": "none"}
    return given, f'User: {w.user} is not authorized to perform: sts:AssumeRole on resource: {arn}'


@error("a role by another path", "AccessDenied", 403, "AssumeRole")
def role_elsewhere(w, action):
    arn = w.role.replace(w.path, "/elsewhere/")
    given = {"RoleArn": arn, "RoleSessionName": "none"}
    return given, f'User: {w.user} is not authorized to perform: sts:AssumeRole on resource: {arn}'


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
