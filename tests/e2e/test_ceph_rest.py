r"""The REST lines of Ceph's role page, as printed there: POST with all parameters in the query string, signed.

Proven: each line does what the page says and answers in AWS's XML; parameters in the query or in the body, not both;
unsigned, wrongly signed and unauthorized calls are refused. (The page writes the JSON with backslashes for its own
shell quoting; they are no part of the parameter.)
"""

import json
import re
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

import pytest
import requests
from clients import Keys, client, signed
from gate import TESTER1, TESTER2

IAM = "{https://iam.amazonaws.com/doc/2010-05-08/}"
TRUST = r"\{\"Version\":\"2012-10-17\",\"Statement\":\[\{\"Effect\":\"Allow\",\"Principal\":\{\"AWS\":\[\"arn:aws:iam:::user/TESTER\"\]\},\"Action\":\[\"sts:AssumeRole\"\]\}\]\}"  # noqa: E501
POLICY = r"\{\"Version\":\"2012-10-17\",\"Statement\":\[\{\"Effect\":\"Allow\",\"Action\":\[\"s3:CreateBucket\"\],\"Resource\":\"arn:aws:s3:::example_bucket\"\}\]\}"  # noqa: E501


@pytest.fixture(scope="module")
def served(gate):
    return gate()


@pytest.fixture(scope="module")
def post(served):
    """post(line) sends `POST "<hostname>?line"` signed by TESTER1; returns the parsed XML, whose status must be 200."""

    def send(line, status=200, user=TESTER1):
        parameters = dict(parse_qsl(line.replace("\\", ""), strict_parsing=True))
        answer = signed("POST", served.endpoint, Keys(*user), service="iam", params=parameters)
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"].startswith("text/xml")
        assert answer.headers["x-amzn-RequestId"]
        return ElementTree.fromstring(answer.content)

    return send


def text(element, path):
    return element.findtext(IAM + path.replace("/", f"/{IAM}"))


def error_code(element):
    return text(element, "Error/Code")


def test_create_role(post):
    line = "Action=CreateRole&RoleName=S3Access&Path=/application_abc/component_xyz/&AssumeRolePolicyDocument=" + TRUST
    answer = post(line)
    assert answer.tag == IAM + "CreateRoleResponse"
    assert text(answer, "CreateRoleResult/Role/RoleName") == "S3Access"
    assert text(answer, "CreateRoleResult/Role/Path") == "/application_abc/component_xyz/"
    arn = text(answer, "CreateRoleResult/Role/Arn")
    assert arn == "arn:aws:iam:::role/application_abc/component_xyz/S3Access"
    assert re.fullmatch(r"AROA[A-Z0-9]{17}", text(answer, "CreateRoleResult/Role/RoleId"))
    document = unquote(text(answer, "CreateRoleResult/Role/AssumeRolePolicyDocument"))
    assert json.loads(document) == json.loads(TRUST.replace("\\", ""))
    assert text(answer, "ResponseMetadata/RequestId")
    assert error_code(post(line, status=409)) == "EntityAlreadyExists"


def test_get_role(post):
    answer = post("Action=GetRole&RoleName=S3Access")
    assert text(answer, "GetRoleResult/Role/MaxSessionDuration") == "3600"
    assert error_code(post("Action=GetRole&RoleName=Nope", status=404)) == "NoSuchEntity"


def test_list_roles(post):
    """The page sends a RoleName that ListRoles does not define: ignored."""
    answer = post("Action=ListRoles&RoleName=S3Access&PathPrefix=/application")
    roles = answer.findall(f"{IAM}ListRolesResult/{IAM}Roles/{IAM}member")
    assert [role.findtext(IAM + "RoleName") for role in roles] == ["S3Access"]
    assert text(answer, "ListRolesResult/IsTruncated") == "false"
    none = post("Action=ListRoles&PathPrefix=/nothing")
    assert none.findall(f"{IAM}ListRolesResult/{IAM}Roles/{IAM}member") == []


def test_update_assume_role_policy(post):
    changed = TRUST.replace("TESTER", "TESTER2")
    post("Action=UpdateAssumeRolePolicy&RoleName=S3Access&PolicyDocument=" + changed)
    answer = post("Action=GetRole&RoleName=S3Access")
    assert "user/TESTER2" in unquote(text(answer, "GetRoleResult/Role/AssumeRolePolicyDocument"))


def test_role_policies(post):
    post("Action=PutRolePolicy&RoleName=S3Access&PolicyName=Policy1&PolicyDocument=" + POLICY)
    names = post("Action=ListRolePolicies&RoleName=S3Access")
    members = names.findall(f"{IAM}ListRolePoliciesResult/{IAM}PolicyNames/{IAM}member")
    assert [member.text for member in members] == ["Policy1"]
    got = post("Action=GetRolePolicy&RoleName=S3Access&PolicyName=Policy1")
    assert text(got, "GetRolePolicyResult/RoleName") == "S3Access"
    assert text(got, "GetRolePolicyResult/PolicyName") == "Policy1"
    assert unquote(text(got, "GetRolePolicyResult/PolicyDocument")) == POLICY.replace("\\", "")
    assert error_code(post("Action=DeleteRole&RoleName=S3Access", status=409)) == "DeleteConflict"
    post("Action=DeleteRolePolicy&RoleName=S3Access&PolicyName=Policy1")
    missing = post("Action=GetRolePolicy&RoleName=S3Access&PolicyName=Policy1", status=404)
    assert error_code(missing) == "NoSuchEntity"


def test_boto3_sees_the_same_role(served):
    """In boto3 the documents are objects, the dates are times."""
    role = client("iam", served.endpoint, Keys(*TESTER1), region="").get_role(RoleName="S3Access")["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Action"] == ["sts:AssumeRole"]
    assert role["CreateDate"].tzinfo


def test_delete_role(post):
    post("Action=DeleteRole&RoleName=S3Access")
    assert error_code(post("Action=GetRole&RoleName=S3Access", status=404)) == "NoSuchEntity"


def test_refusals(post, served):
    assert error_code(post("Action=ListRoles", status=403, user=TESTER2)) == "AccessDenied"
    assert error_code(post("Action=ListRoles", status=403, user=("TESTER1", "wrong"))) == "SignatureDoesNotMatch"
    assert error_code(post("Action=ListRoles", status=403, user=("NOBODY", "wrong"))) == "InvalidClientTokenId"
    assert error_code(post("Action=NoSuchAction", status=400)) == "InvalidAction"
    unsigned = requests.post(f"{served.endpoint}/?Action=ListRoles")
    assert unsigned.status_code == 403 and "MissingAuthenticationToken" in unsigned.text


def test_parameters_in_query_and_body_are_refused(served):
    """Rule 5: they come from one place, so that nobody can hide one."""
    answer = signed(
        "POST",
        served.endpoint,
        Keys(*TESTER1),
        body=b"RoleName=Other",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        service="iam",
        params={"Action": "GetRole", "RoleName": "S3Access"},
    )
    assert answer.status_code == 400, answer.text
