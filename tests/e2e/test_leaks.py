"""The scanner of leaks itself: it would notice each kind of secret in each kind of place, whole or a good part of it.

Also proven: the scan at the end of the run reads what the gates really write, by canaries that are allowed there.
"""

import secrets

import pytest
import requests
from clients import Keys, assume, client, make_role, unique
from gate import TESTER1, TESTER2
from leaks import LEAKS, Leaks
from servers import poll

TOKEN = secrets.token_urlsafe(300)
CANARIES = {
    "access secret": secrets.token_urlsafe(30),
    "access secret of a tester": TESTER1[1],
    "temporary secret": secrets.token_urlsafe(30),
    "session token": TOKEN,
    "signature": secrets.token_hex(32),
    "signature for the backend": secrets.token_hex(32),
    "token ring key": secrets.token_hex(32),
    "store key": secrets.token_hex(32),
    "backend secret": secrets.token_hex(20),
}


def put_in_a_log(leaks, folder, name, text):
    (folder / name).write_text(f'{{"n":1,"x":"{text}"}}\n')


PLACES = {
    "access log": lambda leaks, folder, text: put_in_a_log(leaks, folder, "access.log", text),
    "audit log": lambda leaks, folder, text: put_in_a_log(leaks, folder, "audit.log", text),
    "moved audit log": lambda leaks, folder, text: put_in_a_log(leaks, folder, "audit.log.1", text),
    "standard error": lambda leaks, folder, text: put_in_a_log(leaks, folder, "gate.log", text),
    "metrics": lambda leaks, _, text: leaks.keep("metrics", f'rolegate_x{{y="{text}"}} 1'.encode()),
    "answer": lambda leaks, _, text: leaks.keep_answer("answer", f"<Error><Code>X</Code>{text}</Error>".encode()),
    "mismatch": lambda leaks, _, text: leaks.keep_answer(
        "answer", f"<Error><Code>SignatureDoesNotMatch</Code><Message>{text}</Message></Error>".encode()
    ),
    "request to the backend": lambda leaks, _, text: leaks.keep_request(f"GET /b\nx: {text}".encode()),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", CANARIES)
def test_a_canary_of_each_kind_is_noticed_in_each_place(tmp_path, place, kind):
    canary = CANARIES[kind]
    for text in [canary] if len(canary) < 45 else [canary, canary[3:-3], f"https://h/b?x={canary}&y=1"]:
        leaks = Leaks()
        leaks.watch(tmp_path)
        for name, secret in CANARIES.items():
            leaks.know(name, secret)
        PLACES[place](leaks, tmp_path, text)
        assert [found[1] for found in leaks.scan()] == [kind], text


def test_traces_of_credentials_are_noticed_whatever_their_value(tmp_path):
    for trace in ("X-Amz-Signature=0", "a?X-Amz-Security-Token=x", "Signature=abc", "AWS4-HMAC-SHA256 Credential=A"):
        leaks = Leaks()
        leaks.watch(tmp_path)
        put_in_a_log(leaks, tmp_path, "access.log", trace)
        assert {kind for _, kind, _ in leaks.scan()} == {"trace"}


def test_what_is_at_home_in_an_answer_is_no_leak():
    leaks, secret = Leaks(), secrets.token_hex(20)
    sts = f"<AssumeRoleResponse><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{TOKEN}</SessionToken>"
    leaks.keep_answer("answer", sts.encode())
    signature = secrets.token_hex(32)
    sent = f"x\nAuthorization: AWS4-HMAC-SHA256 Credential=A, Signature={signature}".encode()
    leaks.learn_sent(sent)
    mismatch = f"<Error><Code>SignatureDoesNotMatch</Code><SignatureProvided>{signature}</SignatureProvided></Error>"
    leaks.keep_answer("answer", mismatch.encode(), sent)
    assert leaks.scan() == []
    assert set(leaks.known) == {secret.encode(), TOKEN.encode(), signature.encode()}
    leaks.keep_answer("answer", mismatch.encode(), b"another request")
    leaks.keep_answer("answer", b"<GetRoleResponse>" + secret.encode())
    leaks.know("secret", "K" * 40)
    leaks.keep_answer("answer", b"K" * 128)
    assert sorted(kind for _, kind, _ in leaks.scan()) == ["secret", "signature"]


def test_the_scan_of_this_run_reads_what_gates_write_and_answer(gate, recorder):
    """Canaries that may be seen: each is found where a secret would have been."""
    one = gate(backend=recorder.endpoint)
    arn = make_role(one.endpoint, Keys(*TESTER1), "arn:aws:iam:::user/TESTER2")[1]
    session, agent, name = unique("session-canary-of-this-run-"), unique("agent-canary-of-this-run-"), unique("canary-bucket-")
    keys = assume(one.endpoint, Keys(*TESTER2), arn, session=session)
    for secret in (keys.secret, keys.token):
        assert secret.encode() in LEAKS.known, "what STS delivered was learnt"
    s3 = client("s3", one.endpoint, keys)
    s3.create_bucket(Bucket=name)
    url = s3.generate_presigned_url("get_object", {"Bucket": name, "Key": "missing"})
    answer = requests.get(url, headers={"User-Agent": agent})
    assert url.rpartition("X-Amz-Signature=")[2].encode() in LEAKS.known, "what was sent was learnt"
    access = one.folder / "access.log"
    poll(lambda: answer.headers["x-amz-request-id"] in access.read_text(), 5, "the access line")
    one.stop()

    seen = Leaks(kept=LEAKS.kept, folders=[one.folder])
    seen.know("canary", agent, session, name, "rolegate_requests_total")
    places = {where for where, kind, _ in seen.scan() if kind == "canary"}
    assert {f"{one.folder.name}/access.log", f"{one.folder.name}/audit.log"} <= places
    assert {f"metrics of {one.folder.name}", "request to the backend", "answer body (requests.sessions)"} <= places
    assert "answer body (boto3)" in places or "answer head (botocore.httpsession)" in places
    log = (one.folder / "gate.log").read_bytes()
    seen = Leaks(folders=[one.folder])
    seen.know("canary", one.address.encode())
    assert one.address.encode() in log and f"{one.folder.name}/gate.log" in {where for where, _, _ in seen.scan()}
