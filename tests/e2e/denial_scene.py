"""The scene of test_denials.py and test_strange_requests.py: a recorded gate with a role, a session, a bucket."""

from types import SimpleNamespace

import pytest
from clients import Keys, assume, client, make_role, unique
from gate import TESTER1, TESTER2

OWNER, USER, TRUSTED = Keys(*TESTER1), Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
DENIED = ("AccessDenied", 403)


@pytest.fixture(scope="module")
def served(gate, recorder):
    """A gate behind which every request is recorded, a role session with s3:*, and a bucket with one object."""
    one = gate(backend=recorder.endpoint)
    name, arn = make_role(one.endpoint, OWNER, TRUSTED)
    keys = assume(one.endpoint, USER, arn)
    s3, bucket = client("s3", one.endpoint, keys), unique("denials-")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="there", Body=b"content")
    return SimpleNamespace(
        gate=one, endpoint=one.endpoint, recorder=recorder, role=name, arn=arn, keys=keys, s3=s3, bucket=bucket
    )


@pytest.fixture(autouse=True)
def nothing_recorded(recorder):
    recorder.take()


def session_of(served, policy, **parameters):
    """(role name, S3 client) of a new role with `policy`."""
    name, arn = make_role(served.endpoint, OWNER, TRUSTED, policy)
    return name, client("s3", served.endpoint, assume(served.endpoint, USER, arn, **parameters))


def objects(bucket, key="*"):
    return f"arn:aws:s3:::{bucket}/{key}"
