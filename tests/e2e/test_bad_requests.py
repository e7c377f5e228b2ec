"""One line a bad request: what it is, and the one answer it gets.

Proven of each: the status and code of the right plane's error document, with the request's id; nothing reaches the
backend but reads; the connection serves the next request or is closed cleanly after the answer. And of all together:
the gate still serves, the store and the bucket are as they were, and no thread has panicked.
"""

from types import SimpleNamespace

import pytest
from bad_requests import ANY, CASES, OWNER, S3, USER, Form, delete, tags, xml
from clients import assume, client, make_role, unique
from raw import Connection, message


@pytest.fixture(scope="module")
def served(gate, recorder):
    one = gate(backend=recorder.endpoint, listen={"read_timeout_seconds": 1})
    role, arn = make_role(one.endpoint, OWNER, "arn:aws:iam:::user/TESTER2")
    keys = assume(one.endpoint, USER, arn)
    s3, bucket = client("s3", one.endpoint, keys), unique("bad-")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"content", Metadata={"a": "b"})
    return SimpleNamespace(gate=one, address=one.address, keys=keys, s3=s3, bucket=bucket, arn=arn, role=role)


@pytest.fixture(scope="module", autouse=True)
def nothing_has_changed(served, recorder, weed):
    """After the whole table: the bucket and the store are as they were, the gate serves, and nothing has panicked."""
    iam = client("iam", served.gate.endpoint, OWNER)
    before = state(served, weed, iam)
    yield
    assert state(served, weed, iam) == before
    assert served.s3.get_object(Bucket=served.bucket, Key="k")["Body"].read() == b"content"
    assert assume(served.gate.endpoint, USER, served.arn)
    log = (served.gate.folder / "gate.log").read_text()
    assert "panic" not in log.lower() and "overflow" not in log, log[-3000:]


def state(served, weed, iam):
    direct = weed.client()
    objects = direct.list_objects_v2(Bucket=served.bucket)["Contents"]
    head = direct.head_object(Bucket=served.bucket, Key="k")
    tagged = direct.get_object_tagging(Bucket=served.bucket, Key="k")["TagSet"]
    roles = sorted(role["RoleName"] for role in iam.list_roles()["Roles"])
    policies = iam.list_role_policies(RoleName=served.role)["PolicyNames"]
    versioning = direct.get_bucket_versioning(Bucket=served.bucket).get("Status")
    return [(o["Key"], o["ETag"], o["Size"]) for o in objects], head["Metadata"], tagged, roles, policies, versioning



HALVES = [
    ("an object", S3("PUT", body=b"x" * 100, key="/new"), "IncompleteBody", "RequestTimeout"),
    ("a list of keys", xml(delete(5)), "IncompleteBody", "RequestTimeout"),
    ("tags", xml(tags(("a", "b")), "?tagging", "PUT", key="/k"), "IncompleteBody", "RequestTimeout"),
    ("an IAM form", Form("Action=ListRoles&Version=2010-05-08"), "RequestExpired", "RequestExpired"),
    ("an STS form", Form("Action=GetCallerIdentity", "sts"), "RequestExpired", "RequestExpired"),
]


def assert_answered(answer, status, code, by_backend=False):
    """An error document of one of the planes, whole, with the id that is in its headers."""
    assert answer.whole and answer.status == status, answer
    if code is ANY and not answer.body:  # what is no HTTP has no plane
        assert answer.says_close
        return
    assert code is ANY or answer.code == code, answer
    names = [name for name in ("x-amz-request-id", "x-amzn-requestid") if name in answer.headers]
    assert len(names) == 1 and (by_backend or answer.headers[names[0]].encode() in answer.body), answer
    assert b"panicked" not in answer.body and b"src/" not in answer.body and b".rs:" not in answer.body


def assert_usable_or_closed(connection, answer, served):
    if answer.says_close:
        assert connection.is_closed()
        return
    connection.send(message("GET", f"/{served.bucket}/next", {"Host": served.address}))
    answer = connection.answer()
    assert (answer.status, answer.code) == (403, "AccessDenied"), answer


def assert_only_reads(recorder):
    """Of an upload whose fault is in its body, the head may have gone on; its body never ended."""
    for seen in recorder.take():
        assert seen.method in ("GET", "HEAD") or (seen.method == "PUT" and not seen.ended), seen


@pytest.mark.parametrize(("name", "build", "status", "code"), CASES, ids=[case[0] for case in CASES])
def test_bad_request(served, recorder, name, build, status, code):
    recorder.take()
    with Connection(served.address) as connection:
        connection.send(build(served))
        answer = connection.answer(getattr(build, "method", "GET"))
        # Content-MD5 of an object is judged by the backend, which is given the whole of it.
        by_backend = name in ("Content-MD5 that is none", "Content-MD5 of another body")
        assert_answered(answer, status, code, by_backend)
        assert_usable_or_closed(connection, answer, served)
    if not by_backend:
        assert_only_reads(recorder)


@pytest.mark.parametrize("how", ["cut", "stalled"])
@pytest.mark.parametrize(("name", "build", "cut", "stalled"), HALVES, ids=[case[0] for case in HALVES])
def test_half_a_body(served, recorder, name, build, cut, stalled, how):
    recorder.take()
    data = build(served)
    with Connection(served.address) as connection:
        connection.send(data[:-7])
        if how == "cut":
            connection.no_more()
        answer = connection.answer()
        # A client that ends its side in the middle of an upload may be taken for gone.
        if (how, name, answer.status) != ("cut", "an object", 0):
            assert_answered(answer, 400, cut if how == "cut" else stalled)
        assert connection.is_closed()
    assert_only_reads(recorder)


def test_half_a_head_gets_nothing_and_is_closed(served, recorder):
    recorder.take()
    for half in (b"", b"GET", b"GET /k HTTP/1.1\r\nHost: ", b"PUT /k HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"):
        with Connection(served.address) as connection:
            connection.send(half)
            connection.no_more()
            answer = connection.answer()
            assert answer.status in (0, 400, 408), answer
            assert connection.is_closed()
    assert recorder.take() == []
