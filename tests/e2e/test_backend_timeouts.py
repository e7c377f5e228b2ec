"""A backend that does not connect, listen, read, answer or end: every wait has its end, by the configured time.

The clients get 503 where the backend has seen nothing, else 504 or 502 (it may have done what was asked), or a connection
that ends; the next request is served, and nothing is sent twice.
"""

import contextlib
import socket
import threading
import time
from types import SimpleNamespace

import pytest
from clients import Keys, client, unique
from gate import TESTER1
from raw import exchange, message, signed_headers
from recorder import HOST

OWNER = Keys(*TESTER1)
SECONDS = {"connect_timeout_seconds": 1, "read_timeout_seconds": 1, "write_timeout_seconds": 1}


class Stubborn:
    """A server that takes connections and misbehaves: `manner(connection)` is called for each."""

    def __init__(self):
        self._listener = socket.create_server((HOST, 0))
        self.port, self.manner, self.open, self.heads = self._listener.getsockname()[1], None, [], 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError):
            self.manner(self, connection)

    def head(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            data += (more := connection.recv(65536))
            if not more:
                raise OSError
        self.heads += 1

    def stop(self):
        for connection in [self._listener, *self.open]:
            connection.close()


@pytest.fixture(scope="module")
def served(gate):
    good = gate()
    client("s3", good.endpoint, OWNER).create_bucket(Bucket=(bucket := unique("waits-")))
    good.stop()
    backend = Stubborn()
    one = gate(join=good, backend=SECONDS | {"endpoint": f"http://{HOST}:{backend.port}"})
    yield SimpleNamespace(gate=one, address=one.address, bucket=bucket, backend=backend, good=good)
    backend.stop()


def ask(served, method, target, body=b""):
    """(answer, seconds)"""
    headers = signed_headers(served.address, method, target, OWNER, body)
    began = time.monotonic()
    answer = exchange(served.address, message(method, target, headers, body), method)
    return answer, time.monotonic() - began


def nothing(backend, connection):
    connection.recv(65536)
    time.sleep(30)


def reads_no_body(backend, connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    backend.head(connection)
    time.sleep(30)


def half_a_head(backend, connection):
    backend.head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
    time.sleep(30)


def half_a_body(backend, connection):
    backend.head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    time.sleep(30)


def hangs_up(backend, connection):
    backend.head(connection)
    connection.close()


MANNERS = [(nothing, 504), (half_a_head, 504), (hangs_up, 502)]
KINDS = [("GET", "/k"), ("PUT", "/k"), ("DELETE", "/k"), ("GET", "?list-type=2"), ("PUT", "?versioning")]
DOCUMENT = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"


@pytest.mark.parametrize(("method", "target"), KINDS, ids=[f"{method} {target}" for method, target in KINDS])
@pytest.mark.parametrize(("manner", "status"), MANNERS, ids=[manner.__name__ for manner, _ in MANNERS])
def test_a_backend_that_does_not_answer(served, manner, status, method, target):
    served.backend.manner, served.backend.heads = manner, 0
    body = DOCUMENT if target == "?versioning" else b"x" if method == "PUT" else b""
    answer, seconds = ask(served, method, f"/{served.bucket}{target}", body)
    # The gate's own calls do not tell a silent backend from one that hung up.
    assert answer.status in {status, 502}, answer
    assert answer.code == "InternalError" and "may or may not" in answer.body.decode()
    assert HOST.encode() not in answer.body and str(served.backend.port).encode() not in answer.body
    assert seconds < 5
    if manner is hangs_up and method != "GET":
        assert served.backend.heads == 1, "sent twice"


def test_a_backend_that_reads_nothing(served):
    served.backend.manner = reads_no_body
    answer, seconds = ask(served, "PUT", f"/{served.bucket}/k", b"x" * (32 << 20))
    assert answer.status in (0, 504), answer
    assert seconds < 15


def test_a_backend_that_stops_in_the_middle_of_an_answer(served):
    """The client must not take half an object for the whole."""
    served.backend.manner = half_a_body
    answer, seconds = ask(served, "GET", f"/{served.bucket}/k")
    assert not answer.whole or answer.status >= 500, answer
    assert seconds < 5


def test_a_backend_that_takes_no_connections(gate, served):
    """Its queue is full: connecting neither fails nor succeeds."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen(0)
        port, waiting = listener.getsockname()[1], []
        for _ in range(4):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex((HOST, port))
        one = gate(join=served.good, backend=SECONDS | {"endpoint": f"http://{HOST}:{port}"})
        there = SimpleNamespace(address=one.address)
        for method, target, body in (("GET", "/k", b""), ("PUT", "/k", b"x"), ("GET", "?list-type=2", b"")):
            answer, seconds = ask(there, method, f"/{served.bucket}{target}", body)
            assert (answer.status, answer.code) == (503, "ServiceUnavailable"), answer
            assert seconds < 9
        for connection in waiting:
            connection.close()
