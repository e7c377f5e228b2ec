"""A gate that dies, or stops, in the middle of something.

Proven with kill -9 at each step of making and deleting a bucket: after the restart the owner's retry ends well, nobody
else gets the name or anything in it, and nothing half-done grants access. Proven with SIGTERM: a hundred requests in
flight end as they should, and then the process does.
"""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from clients import Keys, client, refused, signed, unique
from gate import TESTER1, TESTER2
from recorder import Holder
from servers import poll

IN_FLIGHT = 100


@pytest.fixture(scope="module")
def holder(weed):
    proxy = Holder(weed.port)
    yield proxy
    proxy.release(drop=True)
    proxy.stop()


@pytest.fixture(scope="module")
def held_gate(gate, holder):
    return gate(backend=holder.endpoint)


def s3_of(gate, tester):
    return client("s3", gate.endpoint, Keys(*tester))


def die_while(gate, holder, where, method, call):
    """Calls, waits until the gate's `method` request (or the answer to it) is held, kills the gate and starts it."""
    holder.arm(where, lambda seen: seen.method == method)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(call)
        poll(lambda: holder.held, 20, f"{method} at the backend")
        os.killpg(gate.process.pid, signal.SIGKILL)
        gate.process.child.wait(10)
        assert answer.exception(20), "the client was answered by a dead gate"
    holder.release(drop=True)
    gate.start()
    holder.take()


def assert_out_of_reach(gate, holder, bucket, tester):
    """Neither the name nor anything in the bucket, and the backend hears of nothing."""
    s3 = s3_of(gate, tester)
    holder.take()
    for call, more in [
        (s3.put_object, {"Key": "k", "Body": b"x"}),
        (s3.get_object, {"Key": "k"}),
        (s3.list_objects_v2, {}),
        (s3.head_bucket, {}),
        (s3.delete_bucket, {}),
        (s3.put_bucket_versioning, {"VersioningConfiguration": {"Status": "Enabled"}}),
    ]:
        _, status, _ = refused(call, Bucket=bucket, **more)
        assert status in (403, 404, 409), (call, status)
    assert holder.take() == []


STEPS = [
    ("request", "HEAD", False),  # claimed, the backend not yet asked
    ("answer", "HEAD", False),  # claimed, the backend's word not heard
    ("request", "PUT", False),  # creating, the backend has none
    ("answer", "PUT", True),  # creating, the backend has it
]


@pytest.mark.parametrize(("where", "method", "there"), STEPS, ids=[f"{step[1]}-{step[0]}" for step in STEPS])
def test_rule_01_killed_while_making_a_bucket(held_gate, holder, weed, where, method, there):
    bucket = unique("crash-")
    owner = s3_of(held_gate, TESTER1)
    die_while(held_gate, holder, where, method, lambda: owner.create_bucket(Bucket=bucket))
    names = [found["Name"] for found in weed.client().list_buckets()["Buckets"]]
    assert (bucket in names) == there

    owner, other = s3_of(held_gate, TESTER1), s3_of(held_gate, TESTER2)
    assert_out_of_reach(held_gate, holder, bucket, TESTER2)
    assert refused(other.create_bucket, Bucket=bucket)[:2] == ("BucketAlreadyExists", 409)
    # Half made is not made: not for the owner either, and it is in nobody's list.
    assert refused(owner.put_object, Bucket=bucket, Key="k", Body=b"x")[1] in (403, 404, 409)
    for s3 in (owner, other):
        assert bucket not in [found["Name"] for found in s3.list_buckets()["Buckets"]]

    owner.create_bucket(Bucket=bucket)
    owner.put_object(Bucket=bucket, Key="k", Body=b"mine")
    assert owner.get_object(Bucket=bucket, Key="k")["Body"].read() == b"mine"
    assert bucket in [found["Name"] for found in owner.list_buckets()["Buckets"]]
    assert_out_of_reach(held_gate, holder, bucket, TESTER2)
    assert refused(other.create_bucket, Bucket=bucket)[:2] == ("BucketAlreadyExists", 409)


@pytest.mark.parametrize("where", ["request", "answer"])
def test_rule_01_killed_while_deleting_a_bucket(held_gate, holder, where):
    bucket = unique("crash-")
    owner = s3_of(held_gate, TESTER1)
    owner.create_bucket(Bucket=bucket)
    die_while(held_gate, holder, where, "DELETE", lambda: owner.delete_bucket(Bucket=bucket))

    owner, other = s3_of(held_gate, TESTER1), s3_of(held_gate, TESTER2)
    assert_out_of_reach(held_gate, holder, bucket, TESTER2)
    assert refused(other.create_bucket, Bucket=bucket)[1] == 409
    assert refused(owner.put_object, Bucket=bucket, Key="k", Body=b"x")[1] in (403, 404, 409)

    owner.delete_bucket(Bucket=bucket)
    other.create_bucket(Bucket=bucket)  # gone is gone: the name is free
    other.put_object(Bucket=bucket, Key="k", Body=b"theirs")
    assert_out_of_reach(held_gate, holder, bucket, TESTER1)


@pytest.mark.timeout(120)
def test_requests_in_flight_end_when_the_gate_is_stopped(held_gate, holder, weed):
    bucket, keys = unique("drain-"), Keys(*TESTER1)
    s3_of(held_gate, TESTER1).create_bucket(Bucket=bucket)
    url = f"{held_gate.endpoint}/{bucket}"

    def body(number):
        return b"%d," % number * 5000

    holder.arm("request", lambda seen: seen.method == "PUT")
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        answers = [pool.submit(signed, "PUT", f"{url}/{n}", keys, body(n)) for n in range(IN_FLIGHT)]
        poll(lambda: holder.held == IN_FLIGHT, 60, f"{IN_FLIGHT} requests at the backend")
        os.kill(held_gate.process.pid, signal.SIGTERM)
        poll(lambda: not _listens(held_gate), 20, "the listener closed")
        assert held_gate.process.exited() is None, "stopped with requests in flight"
        assert not any(answer.done() for answer in answers)
        holder.release()
        released = time.monotonic()
        assert [answer.result(60).status_code for answer in answers] == [200] * IN_FLIGHT
    assert held_gate.process.child.wait(20) == 0
    print(f"ended {time.monotonic() - released:.1f} s after the backend went on")
    direct = weed.client()
    for n in range(IN_FLIGHT):
        assert direct.get_object(Bucket=bucket, Key=str(n))["Body"].read() == body(n)
    puts = [line for line in held_gate.audit() if line.get("operation") == "PutObject" and bucket in str(line)]
    assert len(puts) == IN_FLIGHT


def _listens(gate):
    try:
        requests.get(gate.endpoint, timeout=2)
        return True
    except requests.ConnectionError:
        return False
