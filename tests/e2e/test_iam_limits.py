"""Every limit of every parameter of the IAM actions, through boto3.

Proven, for each row of the tables in docs/iam-sts.md: each parameter passes just inside AWS's limits and is refused just
outside, with AWS's words; each required one is missed. The quotas of entities are in test_iam_errors_by_action.py, those
of an account in test_iam_quotas.py.
"""

import base64

import pytest
from actions import (
    Limits,
    call,
    choice,
    code_of,
    document as document_limits,
    long,
    name as name_limits,
    null,
    number,
    path as path_limits,
    pattern,
    refusal,
    short,
    tag_keys,
    tags,
    text,
)
from iam_good import BUCKET_POLICY, NEVER_THERE, parameters_of
from iam_world import ACTIONS, POLICY, READ_ONLY, TRUST, World, made_raw


@pytest.fixture(scope="module")
def w(gate):
    return World(gate(testers=False))


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
