"""How a gate stops, and how it does not start.

Proven: at SIGTERM /readyz says 503 while requests are still accepted; then the listener closes, requests in flight end
within the grace and the admin listener goes on saying 503; the grace is the configured one; SIGINT waits for nothing;
a taken address is one clear line and no process; the limit of open files is raised to what the connections need.
"""

import signal
import socket
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from clients import Keys, client, unique
from gate import TESTER1
from raw import Connection, message, signed_headers
from recorder import HOST
from servers import poll

OWNER = Keys(*TESTER1)


@pytest.fixture(scope="module")
def served(gate):
    """A gate that can be started again and again, with a bucket."""
    one = gate(listen={"stop_delay_seconds": 2, "grace_seconds": 2})
    client("s3", one.endpoint, OWNER).create_bucket(Bucket=(bucket := unique("stop-")))
    return SimpleNamespace(gate=one, bucket=bucket)


@pytest.fixture
def running(served):
    if served.gate.process.exited() is not None:
        served.gate.start()
    return served


def status(gate, page):
    return requests.get(f"http://{gate.admin}{page}", timeout=2).status_code


def begin_upload(served, key):
    """A connection with an upload of ten bytes of which five are sent."""
    target = f"/{served.bucket}/{key}"
    headers = signed_headers(served.gate.address, "PUT", target, OWNER, b"helloworld")
    connection = Connection(served.gate.address)
    connection.send(message("PUT", target, headers | {"Content-Length": "10"}) + b"hello")
    return connection


def listens(gate):
    try:
        socket.create_connection((HOST, int(gate.address.rpartition(":")[2])), timeout=2).close()
        return True
    except OSError:
        return False


def test_not_ready_first_then_closed_then_gone(running):
    gate = running.gate
    s3 = client("s3", gate.endpoint, OWNER)
    s3.put_object(Bucket=running.bucket, Key="before", Body=b"x")
    with begin_upload(running, "slow") as upload:
        gate.process.child.send_signal(signal.SIGTERM)
        stopped = time.monotonic()
        poll(lambda: status(gate, "/readyz") == 503, 1, "not ready")
        assert "stopping" in requests.get(f"http://{gate.admin}/readyz", timeout=2).text
        # Not ready, and serving as before: on connections that were open, and on new ones.
        s3.put_object(Bucket=running.bucket, Key="late", Body=b"x")
        client("s3", gate.endpoint, OWNER).put_object(Bucket=running.bucket, Key="later", Body=b"x")
        assert time.monotonic() - stopped < 1.9, "too slow to prove anything"
        poll(lambda: not listens(gate), 5, "the listener closed")
        assert 1.5 < time.monotonic() - stopped < 4
        assert gate.process.exited() is None, "a request is in flight"
        assert (status(gate, "/healthz"), status(gate, "/readyz")) == (200, 503)
        assert "rolegate_requests_total" in requests.get(f"http://{gate.admin}/metrics", timeout=2).text
        upload.send(b"world")
        assert upload.answer("PUT").status == 200
    assert gate.process.child.wait(5) == 0
    gate.start()
    s3 = client("s3", gate.endpoint, OWNER)
    for key, content in (("slow", b"helloworld"), ("late", b"x"), ("later", b"x")):
        assert s3.get_object(Bucket=running.bucket, Key=key)["Body"].read() == content
    puts = [line for line in gate.audit() if line.get("operation") == "PutObject"]
    assert len(puts) == 4, "each of them has its audit line"


def test_the_grace_ends(running):
    gate = running.gate
    with begin_upload(running, "never"):
        gate.process.child.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert gate.process.child.wait(15) == 0
        assert 3.5 < time.monotonic() - began < 9, "two seconds of delay, two of grace"
    gate.start()
    assert "never" not in str(client("s3", gate.endpoint, OWNER).list_objects_v2(Bucket=running.bucket).get("Contents"))


def test_a_second_sigterm_ends_the_delay(running):
    gate = running.gate
    gate.process.child.send_signal(signal.SIGTERM)
    poll(lambda: status(gate, "/readyz") == 503, 1, "not ready")
    began = time.monotonic()
    gate.process.child.send_signal(signal.SIGTERM)
    assert gate.process.child.wait(5) == 0
    assert time.monotonic() - began < 1.9  # the delay would be two seconds


@pytest.mark.parametrize("when", ["serving", "delay", "drain"])
def test_sigint_waits_for_nothing(running, when):
    gate = running.gate
    with begin_upload(running, "cut"):
        if when != "serving":
            gate.process.child.send_signal(signal.SIGTERM)
            poll(lambda: status(gate, "/readyz") == 503, 1, "not ready")
        if when == "drain":
            poll(lambda: not listens(gate), 5, "the listener closed")
        began = time.monotonic()
        gate.process.child.send_signal(signal.SIGINT)
        assert gate.process.child.wait(5) == 0
        assert time.monotonic() - began < 1.9  # the delay would be two seconds


@pytest.mark.parametrize(("hard", "raised"), [(900, 828), (800, 800)])
def test_the_limit_of_open_files_is_raised_for_the_connections(gate, hard, raised):
    one = gate(serve=False, listen={"max_connections": 350})
    limited, binary = one.folder / "limited", one.binary
    limited.write_text(f'#!/bin/sh\nulimit -Sn 256\nulimit -Hn {hard}\nexec {binary} "$@"\n')
    limited.chmod(0o755)
    one.binary = limited
    one.start()
    limits = Path(f"/proc/{one.process.pid}/limits").read_text()
    assert f"Max open files {raised} {hard} files" in " ".join(limits.split())
    told = "may need 828" in (one.folder / "gate.log").read_text()
    assert told == (raised < 828)


@pytest.mark.parametrize("section", ["listen", "admin"])
def test_a_taken_address_is_one_clear_line(gate, section):
    one = gate(serve=False, testers=False)
    with socket.create_server((HOST, 0)) as taken:
        address = f"{HOST}:{taken.getsockname()[1]}"
        right = one.address if section == "listen" else one.admin
        one.config.write_text(one.config.read_text().replace(right, address))
        done = one.cli("serve", check=False)
    assert done.returncode == 1
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    assert len(lines) == 1, lines
    assert f"{section}.address" in lines[0] and address in lines[0] and "in use" in lines[0]
    assert "panic" not in lines[0]
