"""Security rules seen from outside, where only unit tests had them: 6 (hosts), 20 (rotation), 28 (strangers)."""

import secrets
import time

import pytest
import requests
from clients import Keys, assume, client, make_role, refused, signed, unique
from gate import TESTER1, TESTER2
from raw import exchange, message, signed_headers
from servers import private_file

OWNER, USER, TRUSTED = Keys(*TESTER1), Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"


@pytest.mark.parametrize("label", ["iam", "sts", "s3"])
def test_rule_06_service_labels_are_never_buckets(gate, label):
    one = gate(listen={"domains": ["s3.test"]})
    bucket = unique("hosts-")
    client("s3", one.endpoint, OWNER).create_bucket(Bucket=bucket)

    def put(host, target):
        headers = signed_headers(host, "PUT", target, OWNER, b"x")
        return exchange(one.address, message("PUT", target, headers, b"x"), "PUT")

    assert put(f"{bucket}.s3.test", "/k").status == 200, "under a domain the first label is a bucket"
    assert client("s3", one.endpoint, OWNER).get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    answer = put(f"{label}.s3.test", "/key-of-no-bucket")
    assert answer.status in (400, 403, 404, 405), answer
    found = [entry["Name"] for entry in client("s3", one.endpoint, OWNER).list_buckets()["Buckets"]]
    assert label not in found


def test_rule_20_a_ring_that_rotates_and_a_key_that_is_retired(gate):
    one = gate()
    arn = make_role(one.endpoint, OWNER, TRUSTED)[1]
    before = assume(one.endpoint, USER, arn)
    ring = one.state / "token.keys"
    name, _, key = ring.read_text().strip().splitlines()[-1].split(":")

    def rotate(state):
        one.stop()
        private_file(ring, f"{name}:{state}:{key}\n{new}")
        one.start()

    new = f"next:minting:{secrets.token_hex(32)}\n"
    rotate("opening")
    client("s3", one.endpoint, before).list_buckets()
    after = assume(one.endpoint, USER, arn)
    rotate("retired")
    assert refused(client("s3", one.endpoint, before).list_buckets)[:2] == ("InvalidToken", 400)
    assert refused(client("sts", one.endpoint, before).get_caller_identity)[1] == 403
    client("s3", one.endpoint, after).list_buckets()
    client("s3", one.endpoint, assume(one.endpoint, USER, arn)).list_buckets()


def test_rule_28_strangers_are_slowed_down_and_nobody_else(gate):
    """Look-ups of unknown keys are limited by source; keys that the gate has in mind are served, from there too."""
    one = gate()
    s3 = client("s3", one.endpoint, OWNER)
    client("sts", one.endpoint, USER).get_caller_identity()
    codes = []
    for n in range(40):
        answer = signed("GET", f"{one.endpoint}/bucket/k", Keys(f"AKIANOBODY{n:010}", "x" * 40))
        codes.append((answer.status_code, answer.text.partition("<Code>")[2].partition("<")[0]))
        s3.list_buckets()
    assert codes[:20] == [(403, "InvalidAccessKeyId")] * 20
    assert (503, "SlowDown") in codes[20:] and set(codes[20:]) <= {(503, "SlowDown"), (403, "InvalidAccessKeyId")}
    sts = client("sts", one.endpoint, Keys("AKIANOBODYATSTS", "x" * 40))
    assert refused(sts.get_caller_identity)[0] in ("Throttling", "InvalidClientTokenId")
    assert client("sts", one.endpoint, USER).get_caller_identity()["Arn"] == TRUSTED


def test_rule_28_a_body_is_not_read_before_the_request_may_have_one(gate):
    """Strangers and the denied are answered from the head: of a body of 1 GiB nothing is waited for."""
    one = gate()
    huge = str(1 << 30)
    for keys in (None, Keys("AKIANOBODY", "x" * 40), USER):
        for method, target in (("PUT", "/bucket/k"), ("POST", "/bucket?delete"), ("PUT", "/bucket/k?tagging")):
            headers = signed_headers(one.address, method, target, keys, b"x") if keys else {"Host": one.address}
            began = time.monotonic()
            answer = exchange(one.address, message(method, target, headers | {"Content-Length": huge}), method, timeout=10)
            assert answer.status in (400, 403, 404), (keys, target, answer)
            assert time.monotonic() - began < 5
    answer = requests.post(f"{one.endpoint}/", data=b"x" * (2 << 20), headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code in (400, 403, 413)
