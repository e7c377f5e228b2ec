"""A gate that was stopped, as with its machine, and is cut off from its store when it goes on.

Proven: what it knew does not serve longer than the grace after it last heard from the store, whenever it notices that it
is cut off.
"""

import os
import signal
import socket
import time

import pytest
from clients import Keys, allow, client, document, refused, unique
from gate import TESTER1, TESTER2
from recorder import Pipe

GRACE = 5
READER = "arn:aws:iam:::user/TESTER2"


def say(port, *words):
    """One command to Redis, as it is typed."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as there:
        there.sendall((" ".join(words) + "\r\n").encode())
        return there.recv(65536)


@pytest.mark.timeout(120)
def test_grace_counts_from_when_the_store_was_last_heard_of(gate):
    first = gate(store="redis")
    server = first.redis
    pipe = Pipe(server.port)
    second = gate(
        store="redis",
        join=first,
        store_url=server.url.replace(str(server.port), str(pipe.port)),
        cache={"stale_grace_seconds": GRACE},
    )
    bucket = unique("stopped-")
    owner = client("s3", first.endpoint, Keys(*TESTER1))
    owner.create_bucket(Bucket=bucket)
    owner.put_object(Bucket=bucket, Key="k", Body=b"x")
    owner.put_bucket_policy(
        Bucket=bucket, Policy=document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": READER}))
    )
    reader = client("s3", second.endpoint, Keys(*TESTER2))
    assert reader.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"

    os.kill(second.process.pid, signal.SIGSTOP)
    try:
        stopped = time.monotonic()
        owner.delete_bucket_policy(Bucket=bucket)
        pipe.stop()  # nobody gets through to the store any more, and who was connected is not
        say(server.port, "CLIENT KILL TYPE normal")
        while time.monotonic() < stopped + GRACE + 1:  # its life goes on without it: that is what is tested
            time.sleep(0.1)
    finally:
        os.kill(second.process.pid, signal.SIGCONT)
    resumed = time.monotonic()
    while time.monotonic() < resumed + 3:
        code, status, _ = refused(reader.get_object, Bucket=bucket, Key="k")
        assert (code, status) == ("ServiceUnavailable", 503)
