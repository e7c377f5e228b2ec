"""The scene of test_iam_policies.py and test_policy_tools.py: a gate with an administrator's session, and a bucket."""

from types import SimpleNamespace

import pytest
from clients import S3_ALL, Keys, allow, assume, client, document, trust, unique
from gate import TESTER2

USER, TRUSTED = Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
FULL = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
DENIED = ("AccessDenied", 403)


def account_role(gate, policy, *more):
    """A role of the account, made by command, that TESTER2 may assume; returns (name, ARN)."""
    name = unique("Role")
    gate.cli("role", "create", f"--role-name={name}", f"--assume-role-policy-doc={trust(TRUSTED)}", *more)
    if policy:
        gate.cli("role", "policy", "put", f"--role-name={name}", "--policy-name=Own", f"--policy-doc={policy}")
    return name, f"arn:aws:iam:::role/{name}"


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def served(request, gate):
    one = gate(store=request.param)
    _, arn = account_role(one, document(allow(["iam:*", "s3:*"], "*")))
    keys = assume(one.endpoint, USER, arn)
    iam, s3 = (client(name, one.endpoint, keys, **more) for name, more in [("iam", {}), ("s3", {})])
    free = client("iam", one.endpoint, keys, parameter_validation=False)
    bucket = unique("policies-")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"data")
    return SimpleNamespace(gate=one, endpoint=one.endpoint, iam=iam, free=free, s3=s3, bucket=bucket)


@pytest.fixture
def policy(served):
    name = unique("Policy")
    return served.iam.create_policy(PolicyName=name, PolicyDocument=S3_ALL)["Policy"]["Arn"]


@pytest.fixture
def reader(served):
    """A role without policies and an S3 client with its session."""
    name, arn = account_role(served.gate, None)
    return SimpleNamespace(name=name, arn=arn, s3=client("s3", served.endpoint, assume(served.endpoint, USER, arn)))
