"""kill -9 in the middle of work: uploads, commits, a hundred requests at once.

After the restart everything that was confirmed is there, whole; what was not confirmed is there whole or not at all, and
grants nothing but what a whole commit grants; a retry succeeds. Proven with both stores; with Redis, at the exact points
before the commit reached it and after it was done and before the gate heard so.
"""

import json
import os
import random
import signal
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from clients import S3_ALL, Keys, allow, assume, client, document, refused, trust, unique
from gate import TESTER1, TESTER2
from raw import Connection, message, settled, signed_headers
from recorder import Pipe

OWNER, USER, TRUSTED = Keys(*TESTER1), Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
IN_FLIGHT = 100


def kill(gate):
    os.killpg(gate.process.pid, signal.SIGKILL)
    gate.process.child.wait(10)


@pytest.fixture(scope="module")
def embedded(gate):
    return gate()


@pytest.fixture(scope="module")
def pipe(redis):
    between = Pipe(redis().port)
    yield between
    between.release()
    between.stop()


@pytest.fixture(scope="module")
def shared(gate, pipe):
    """A gate whose Redis is behind the pipe."""
    return gate(store="redis", store_url=f"redis://127.0.0.1:{pipe.port}")


@pytest.fixture(params=["sqlite", "redis"])
def one(request):
    return request.getfixturevalue("embedded" if request.param == "sqlite" else "shared")


# ---- an upload of which the backend has the head


@pytest.mark.parametrize("sent", [0, 5])
def test_an_upload_that_dies_with_the_gate_leaves_the_object(embedded, weed, sent):
    """The gate holds a small body back until it is verified: its end must not look like the end of an empty body."""
    s3, bucket, direct = client("s3", embedded.endpoint, OWNER), unique("dies-"), weed.client()
    s3.create_bucket(Bucket=bucket)
    for _ in range(2):
        s3.put_object(Bucket=bucket, Key="there", Body=b"original")
        target = f"/{bucket}/there"
        headers = signed_headers(embedded.address, "PUT", target, OWNER, b"helloworld")
        with Connection(embedded.address) as upload:
            upload.send(message("PUT", target, headers | {"Content-Length": "10"}) + b"helloworld"[:sent])
            time.sleep(0.2)  # the head goes on to the backend; nothing shows that it has
            kill(embedded)
            assert upload.answer("PUT").status == 0

        def unchanged():
            assert direct.get_object(Bucket=bucket, Key="there")["Body"].read() == b"original"

        settled(unchanged, 1)
        embedded.start()
        s3 = client("s3", embedded.endpoint, OWNER)


# ---- a commit, at its exact points


def marked(marker, action="s3:*"):
    return document(allow(action, "arn:aws:s3:::*", Sid=marker))


COMMITS = ["create role", "put policy", "delete policy", "claim bucket"]


@pytest.mark.parametrize("where", ["request", "answer"])
@pytest.mark.parametrize("what", COMMITS)
def test_killed_at_a_commit_in_redis(shared, pipe, what, where):
    """At `request` Redis has not heard of the commit; at `answer` it is done, and only the gate does not know."""
    iam = client("iam", shared.endpoint, OWNER)
    role, marker, bucket = unique("Held"), unique("Sid"), unique("held-")
    if what != "create role":
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust(TRUSTED))
    if what == "delete policy":
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=marked(marker))
    call, needle = {
        "create role": (lambda: iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust(TRUSTED)), role),
        "put policy": (lambda: iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=marked(marker)), marker),
        "delete policy": (lambda: iam.delete_role_policy(RoleName=role, PolicyName="p"), role),
        "claim bucket": (lambda: client("s3", shared.endpoint, OWNER).create_bucket(Bucket=bucket), '"claimed"'),
    }[what]
    pipe.arm(where, needle.encode())
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(call)
        assert pipe.held.wait(20), "nothing was held"
        kill(shared)
        assert answer.exception(20), "the client was answered by a dead gate"
    pipe.release()
    shared.start()

    iam, s3 = client("iam", shared.endpoint, OWNER), client("s3", shared.endpoint, OWNER)
    done = where == "answer"
    if what == "create role":
        names = [found["RoleName"] for found in iam.list_roles()["Roles"]]
        assert (role in names) == done
        if not done:
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust(TRUSTED))
        else:
            assert refused(iam.create_role, RoleName=role, AssumeRolePolicyDocument=trust(TRUSTED))[0] == "EntityAlreadyExists"
            assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []
    elif what == "claim bucket":
        # A claim is not a bucket: nobody reaches anything in it, and only its owner may go on.
        other = client("s3", shared.endpoint, USER)
        for s3_of in (s3, other):
            assert refused(s3_of.put_object, Bucket=bucket, Key="k", Body=b"x")[1] in (403, 404)
            assert bucket not in [found["Name"] for found in s3_of.list_buckets()["Buckets"]]
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="k", Body=b"mine")
        assert refused(other.create_bucket, Bucket=bucket)[:2] == ("BucketAlreadyExists", 409)
    else:
        there = assert_policy_is_whole(shared, iam, role, marker)
        assert there == (done == (what == "put policy"))
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=marked(marker))
        iam.delete_role_policy(RoleName=role, PolicyName="p")
        assert not may_list(shared, iam, role)


def may_list(gate, iam, role):
    """Whether a session of the role may do what the policy allows."""
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    s3 = client("s3", gate.endpoint, assume(gate.endpoint, USER, arn))
    try:
        s3.list_buckets()
        return True
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied"
        return False


def assert_policy_is_whole(gate, iam, role, marker):
    """It is there with all of its text and grants, or it is not there and nothing is granted."""
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    assert names in ([], ["p"])
    if names:
        stored = iam.get_role_policy(RoleName=role, PolicyName="p")["PolicyDocument"]
        assert stored == json.loads(marked(marker))
    assert may_list(gate, iam, role) == bool(names)
    return bool(names)


def test_killed_while_sqlite_waits_to_commit(embedded):
    """Another process holds the database; the commit that waits for it dies with the gate and has not happened."""
    iam, role = client("iam", embedded.endpoint, OWNER), unique("Waits")
    database = sqlite3.connect(embedded.state / "rolegate.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(iam.create_role, RoleName=role, AssumeRolePolicyDocument=trust(TRUSTED))
        with pytest.raises(TimeoutError):
            answer.result(0.5)
        kill(embedded)
        assert answer.exception(20)
    database.rollback()
    database.close()
    embedded.start()
    iam = client("iam", embedded.endpoint, OWNER)
    assert refused(iam.get_role, RoleName=role)[0] == "NoSuchEntity"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust(TRUSTED))
    assert not may_list(embedded, iam, role)


# ---- a hundred requests at once


def test_killed_with_a_hundred_requests_in_flight(one, weed):
    """Uploads and IAM writes, killed after some of them, twice: what was confirmed is there, the rest is whole or not."""
    bucket = unique("many-")
    client("s3", one.endpoint, OWNER).create_bucket(Bucket=bucket)
    for round_ in range(2):
        confirmed = in_flight_when_killed(one, bucket, round_, after=random.randrange(15, 50))
        one.start()
        check_all(one, weed, bucket, round_, confirmed)


def body(round_, number):
    return (b"%d-%d," % (round_, number)) * 40_000


def in_flight_when_killed(one, bucket, round_, after):
    """Starts the hundred, kills the gate once `after` are confirmed; {number: True} of the confirmed steps."""
    confirmed, lock, enough = {}, threading.Lock(), threading.Event()

    def confirm(step):
        with lock:
            confirmed[step] = True
            if len(confirmed) >= after:
                enough.set()

    s3 = client("s3", one.endpoint, OWNER, max_pool_connections=IN_FLIGHT)
    iam = client("iam", one.endpoint, OWNER, max_pool_connections=IN_FLIGHT)

    def upload(number):
        s3.put_object(Bucket=bucket, Key=f"{round_}-{number}", Body=body(round_, number))
        confirm(("object", number))

    def make(number):
        role = f"R{round_}x{number}{bucket[5:]}"
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust(TRUSTED))
        confirm(("role", number))
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=S3_ALL)
        confirm(("policy", number))

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        work = [pool.submit(upload if number % 2 else make, number) for number in range(IN_FLIGHT)]
        enough.wait(60)
        kill(one)
        errors = [error for done in work if (error := done.exception(60))]
    assert errors, "all were done before the gate was killed"
    assert all(isinstance(error, (BotoCoreError, ClientError)) for error in errors), errors
    return confirmed


def check_all(one, weed, bucket, round_, confirmed):
    iam, direct = client("iam", one.endpoint, OWNER), weed.client()
    objects = {entry["Key"] for entry in direct.list_objects_v2(Bucket=bucket).get("Contents", [])}
    roles = {role["RoleName"] for role in iam.list_roles(MaxItems=1000)["Roles"]}
    half = 0
    for number in range(IN_FLIGHT):
        if number % 2:
            key = f"{round_}-{number}"
            assert key in objects or ("object", number) not in confirmed, "a confirmed upload is lost"
            if key in objects:
                assert direct.get_object(Bucket=bucket, Key=key)["Body"].read() == body(round_, number)
            continue
        role = f"R{round_}x{number}{bucket[5:]}"
        assert role in roles or ("role", number) not in confirmed, "a confirmed role is lost"
        if role in roles:
            policies = iam.list_role_policies(RoleName=role)["PolicyNames"]
            assert policies == ["p"] or ("policy", number) not in confirmed, "a confirmed policy is lost"
            if not policies and half < 2:  # half made: it grants nothing, and a retry makes the rest
                half += 1
                assert not may_list(one, iam, role)
                iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=S3_ALL)
                assert may_list(one, iam, role)
    s3 = client("s3", one.endpoint, OWNER)
    s3.put_object(Bucket=bucket, Key="retry", Body=b"again")
    assert s3.get_object(Bucket=bucket, Key="retry")["Body"].read() == b"again"
