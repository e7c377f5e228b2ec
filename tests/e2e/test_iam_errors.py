"""IAM through boto3: AWS's error codes, statuses and texts; whose roles a caller reaches.

Proven: each error of the role calls comes as botocore's exception with AWS's status; a refused policy document names the
place; limits count as AWS counts them; names are unique without regard to case; listings page; sessions of a standalone
user's role never reach IAM, whatever their policies say (rule 13); nothing reaches another account (rule 16).
"""

import json
from types import SimpleNamespace

import pytest
from clients import Keys, allow, assume, client, document, make_role, refused, signed, trust, unique
from gate import TESTER1, TESTER2
from servers import poll

OWNER, USER, TRUSTED = Keys(*TESTER1), Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
DENIED = ("AccessDenied", 403)
GOOD = document(allow("s3:GetObject", "arn:aws:s3:::b/*"))


@pytest.fixture(scope="module")
def served(gate):
    one = gate()
    iam = client("iam", one.endpoint, OWNER, parameter_validation=False)
    return SimpleNamespace(gate=one, endpoint=one.endpoint, iam=iam)


@pytest.fixture
def role(served):
    name = unique("Role")
    served.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(TRUSTED))
    return name


def test_no_such_entity(served, role):
    iam, missing = served.iam, unique("Never")
    for call, parameters in [
        (iam.get_role, {}),
        (iam.delete_role, {}),
        (iam.list_role_policies, {}),
        (iam.get_role_policy, {"PolicyName": "P"}),
        (iam.put_role_policy, {"PolicyName": "P", "PolicyDocument": GOOD}),
        (iam.delete_role_policy, {"PolicyName": "P"}),
        (iam.update_assume_role_policy, {"PolicyDocument": trust(TRUSTED)}),
    ]:
        code, status, message = refused(call, RoleName=missing, **parameters)
        assert (code, status) == ("NoSuchEntity", 404), call
        assert message == f"The role with name {missing} cannot be found."
    for call in (iam.get_role_policy, iam.delete_role_policy):
        code, status, message = refused(call, RoleName=role, PolicyName="P")
        assert (code, status) == ("NoSuchEntity", 404)
        assert message == "The role policy with name P cannot be found."
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=missing)


def test_entity_already_exists(served, role):
    for name in (role, role.upper(), role.lower()):
        answer = refused(served.iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust(TRUSTED))
        assert answer[:2] == ("EntityAlreadyExists", 409) and "already exists" in answer[2]
    with pytest.raises(served.iam.exceptions.EntityAlreadyExistsException):
        served.iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust(TRUSTED))


def test_names_are_found_without_regard_to_case_and_shown_as_made(served, role):
    assert served.iam.get_role(RoleName=role.upper())["Role"]["RoleName"] == role


def test_delete_conflict(served, role):
    served.iam.put_role_policy(RoleName=role, PolicyName="P", PolicyDocument=GOOD)
    code, status, message = refused(served.iam.delete_role, RoleName=role)
    assert (code, status, message) == ("DeleteConflict", 409, "Cannot delete entity, must delete policies first.")
    assert served.iam.get_role_policy(RoleName=role, PolicyName="P")["PolicyDocument"] == json.loads(GOOD)
    served.iam.delete_role_policy(RoleName=role, PolicyName="P")
    served.iam.delete_role(RoleName=role)
    assert refused(served.iam.get_role, RoleName=role)[0] == "NoSuchEntity"


def statement(**members):
    return json.dumps({"Version": "2012-10-17", "Statement": [json.loads(GOOD)["Statement"][0] | members]})


@pytest.mark.parametrize(
    "policy, place",
    [
        ("{", "line 1"),
        ('{"Version":"2012-10-17"}', "Statement"),
        (statement(Effect="allow"), "Statement"),
        (statement(Action="GetObject"), "Statement"),
        (statement(Resource="b/*"), "Statement"),
        (statement(Resource="arn:aws-cn:s3:::b"), "partition"),
        (statement(NotAction="s3:*"), "NotAction"),
        (statement(Principal="*"), "Principal"),
        (statement(Condition={"StringEqual": {"aws:username": "x"}}), "StringEqual"),
        (statement(Nonsense=1), "Nonsense"),
        (GOOD.replace("2012-10-17", "2020-01-01"), "Version"),
        (GOOD.replace('"Effect": "Allow",', '"Effect": "Allow", "Effect": "Deny",'), "Effect"),
    ],
)
def test_malformed_policy_document_names_the_place(served, role, policy, place):
    code, status, message = refused(
        served.iam.put_role_policy, RoleName=role, PolicyName="P", PolicyDocument=policy
    )
    assert (code, status) == ("MalformedPolicyDocument", 400), message
    assert place in message, message
    assert served.iam.list_role_policies(RoleName=role)["PolicyNames"] == []


def test_malformed_trust_policies(served, role):
    before = served.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    for policy in (
        GOOD,
        "{}",
        document(allow("s3:GetObject", Principal={"AWS": "*"})),
        document(allow("sts:AssumeRole", Principal={"AWS": "arn:aws:iam:::user/*"})),
        document(allow("sts:AssumeRole", Principal={"AWS": ""})),
        document(allow("sts:AssumeRole", Principal={"Nobody": "x"})),
        document(allow("sts:AssumeRole")),
        document(allow("sts:AssumeRole", "*", Principal={"AWS": "*"})),
    ):
        update = refused(served.iam.update_assume_role_policy, RoleName=role, PolicyDocument=policy)
        assert update[:2] == ("MalformedPolicyDocument", 400), policy
        create = refused(served.iam.create_role, RoleName=unique("Bad"), AssumeRolePolicyDocument=policy)
        assert create[:2] == ("MalformedPolicyDocument", 400), policy
    assert served.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] == before


def long_policy(characters):
    policy = document(allow("s3:GetObject", "arn:aws:s3:::b/PAD")).replace(" ", "")
    return policy.replace("PAD", "x" * (characters - len(policy) + 3))


def test_limits_of_inline_policies(served, role):
    put = served.iam.put_role_policy
    put(RoleName=role, PolicyName="A", PolicyDocument=long_policy(6000))
    put(RoleName=role, PolicyName="B", PolicyDocument=long_policy(4240))
    code, status, message = refused(put, RoleName=role, PolicyName="C", PolicyDocument=GOOD)
    assert (code, status) == ("LimitExceeded", 409) and "10240" in message
    assert refused(put, RoleName=role, PolicyName="B", PolicyDocument=long_policy(4241))[0] == "LimitExceeded"
    put(RoleName=role, PolicyName="B", PolicyDocument=" " * 5000 + long_policy(4240))  # white space is not counted
    with pytest.raises(served.iam.exceptions.LimitExceededException):
        put(RoleName=role, PolicyName="C", PolicyDocument=GOOD)


def test_limit_of_the_trust_policy(served, role):
    def padded(characters):
        policy = document(allow("sts:AssumeRole", Principal={"AWS": TRUSTED}, Sid="PAD")).replace(" ", "")
        return policy.replace("PAD", "x" * (characters - len(policy) + 3))

    served.iam.update_assume_role_policy(RoleName=role, PolicyDocument=padded(2048))
    code, status, message = refused(served.iam.update_assume_role_policy, RoleName=role, PolicyDocument=padded(2049))
    assert (code, status, message) == ("LimitExceeded", 409, "Cannot exceed quota for ACLSizePerRole: 2048")


@pytest.mark.parametrize(
    "parameters",
    [
        {"RoleName": ""},
        {"RoleName": "x" * 65},
        {"RoleName": "a b"},
        {"RoleName": "a/b"},
        {"RoleName": "rôle"},
        {"Path": "no-slashes"},
        {"Path": "/open"},
        {"Path": "/" + "x" * 511 + "/"},
        {"Description": "x" * 1001},
        {"MaxSessionDuration": 3599},
        {"MaxSessionDuration": 43201},
        {"AssumeRolePolicyDocument": ""},
        {"Tags": [{"Key": "", "Value": "x"}]},
        {"Tags": [{"Key": "k" * 129, "Value": "x"}]},
        {"Tags": [{"Key": f"k{n}", "Value": "x"} for n in range(51)]},
    ],
    ids=lambda parameters: str(parameters)[:30],
)
def test_validation_errors(served, parameters):
    wanted = {"RoleName": unique("Role"), "AssumeRolePolicyDocument": trust(TRUSTED)} | parameters
    code, status, message = refused(served.iam.create_role, **wanted)
    assert (code, status) == ("ValidationError", 400), message
    assert "validation error detected" in message or "The specified value for " in message, message


def test_further_refusals(served):
    def create(**more):
        more = {"RoleName": unique("Role"), "AssumeRolePolicyDocument": trust(TRUSTED)} | more
        return refused(served.iam.create_role, **more)[:2]

    twice = [{"Key": "Team", "Value": "a"}, {"Key": "team", "Value": "b"}]
    assert create(Tags=twice) == ("InvalidInput", 400)
    assert create(Tags=[{"Key": "aws:x", "Value": "a"}]) == ("InvalidInput", 400)
    assert create(PermissionsBoundary="arn:aws:iam::aws:policy/NoSuchPolicy") == ("NoSuchEntity", 404)
    missing = signed(
        "POST",
        served.endpoint,
        OWNER,
        body=b"Action=CreateRole&Version=2010-05-08",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        service="iam",
    )
    assert missing.status_code == 400 and "<Code>ValidationError</Code>" in missing.text
    assert "Member must not be null" in missing.text


def test_unknown_actions(served):
    for call in (served.iam.get_account_authorization_details, served.iam.list_server_certificates):
        code, status, message = refused(call)
        assert (code, status) == ("InvalidAction", 400) and "Could not find operation" in message


def test_listings_page_in_the_order_of_names(served):
    path, names = f"/{unique('page')}/", sorted(unique("r") for _ in range(7))
    for name in reversed(names):
        served.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust(TRUSTED))
    pages = list(
        served.iam.get_paginator("list_roles").paginate(PathPrefix=path, PaginationConfig={"PageSize": 3})
    )
    assert [len(page["Roles"]) for page in pages] == [3, 3, 1]
    assert [role["RoleName"] for page in pages for role in page["Roles"]] == names
    for policy in ("c", "a", "b"):
        served.iam.put_role_policy(RoleName=names[0], PolicyName=policy, PolicyDocument=GOOD)
    first = served.iam.list_role_policies(RoleName=names[0], MaxItems=2)
    assert first["PolicyNames"] == ["a", "b"] and first["IsTruncated"]
    rest = served.iam.list_role_policies(RoleName=names[0], Marker=first["Marker"])
    assert rest["PolicyNames"] == ["c"] and not rest["IsTruncated"]
    assert refused(served.iam.list_roles, MaxItems=0)[:2] == ("ValidationError", 400)
    assert refused(served.iam.list_roles, MaxItems=1001)[:2] == ("ValidationError", 400)
    assert refused(served.iam.list_roles, Marker="nonsense!")[:2] == ("ValidationError", 400)


def test_rule_13_sessions_of_a_standalone_users_role_never_reach_iam(served):
    everything = document(allow("*", "*"), allow("iam:*", "*"))
    name, arn = make_role(served.endpoint, OWNER, TRUSTED, everything)
    iam = client("iam", served.endpoint, assume(served.endpoint, USER, arn))
    for call, parameters in [
        (iam.list_roles, {}),
        (iam.get_role, {"RoleName": name}),
        (iam.create_role, {"RoleName": unique("Mine"), "AssumeRolePolicyDocument": trust(TRUSTED)}),
        (iam.put_role_policy, {"RoleName": name, "PolicyName": "P", "PolicyDocument": everything}),
        (iam.update_assume_role_policy, {"RoleName": name, "PolicyDocument": trust(TRUSTED)}),
        (iam.delete_role_policy, {"RoleName": name, "PolicyName": "Policy1"}),
        (iam.delete_role, {"RoleName": name}),
    ]:
        code, status, message = refused(call, **parameters)
        assert (code, status) == DENIED, call
        assert "permissions boundary" in message, message
    assert served.iam.get_role(RoleName=name)["Role"]["Arn"] == arn


def test_caps_are_needed_and_those_of_reading_do_not_write(served):
    name, _ = make_role(served.endpoint, OWNER, TRUSTED)
    nobody = client("iam", served.endpoint, USER)
    assert refused(nobody.list_roles)[:2] == DENIED
    secret, uid = unique("secret-of-"), unique("reader")
    served.gate.cli("user", "create", f"--uid={uid}", f"--access-key={uid}", f"--secret={secret}", "--caps=roles=read")
    reader = client("iam", served.endpoint, Keys(uid, secret))
    assert reader.get_role(RoleName=name)["Role"]["RoleName"] == name
    for call, parameters in [
        (reader.delete_role, {"RoleName": name}),
        (reader.put_role_policy, {"RoleName": name, "PolicyName": "P", "PolicyDocument": GOOD}),
        (reader.create_role, {"RoleName": unique("R"), "AssumeRolePolicyDocument": trust(TRUSTED)}),
    ]:
        code, status, message = refused(call, **parameters)
        assert (code, status) == DENIED and "identity-based policy" in message, message
    served.gate.cli("caps", "rm", f"--uid={uid}", "--caps=roles=read")


    poll(lambda: denied(reader.get_role, RoleName=name), 2, "the caps gone")


def denied(call, **parameters):
    try:
        call(**parameters)
        return False
    except Exception as error:
        return "AccessDenied" in str(error)


def test_caps_do_not_reach_roles_of_the_account(served):
    name = unique("Account")
    served.gate.cli("role", "create", f"--role-name={name}", f"--assume-role-policy-doc={trust(TRUSTED)}")
    code, status, message = refused(
        served.iam.put_role_policy, RoleName=name, PolicyName="P", PolicyDocument=GOOD
    )
    assert (code, status) == DENIED and "caps" in message, message
    assert refused(served.iam.delete_role, RoleName=name)[:2] == DENIED
