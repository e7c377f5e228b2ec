"""Every limit of every parameter of the STS actions, through boto3: just inside it passes, just outside it is refused.

As test_iam_limits.py, of which this is the other half. AssumeRoleWithWebIdentity has tests of its own.
"""

import pytest
from actions import Limits, call, long, name as name_limits, null, number, pattern, refusal, short, tags, text
from clients import allow
from sts_world import ACTIONS, GOOD, POLICY, READ_ONLY, World, given_with


@pytest.fixture(scope="module")
def w(gate):
    return World(gate(testers=False))


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
