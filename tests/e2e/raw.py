"""Requests as bytes: written to a socket as they are, signed or not, and the answers read as bytes.

What boto3 and `requests` would never send. Everything goes through the scanner of leaks.
"""

import contextlib
import socket
import time
from dataclasses import dataclass
from xml.etree import ElementTree

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from clients import REGION
from leaks import LEAKS

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Answer:
    """status 0: the connection ended without one."""

    status: int
    headers: dict
    body: bytes
    whole: bool = True

    @property
    def code(self):
        """The code of an S3, IAM or STS error document; None where there is none."""
        if not self.body:
            return None
        names = {element.tag.rpartition("}")[2]: element.text for element in ElementTree.fromstring(self.body).iter()}
        return names.get("Code")

    @property
    def says_close(self):
        return self.headers.get("connection", "").lower() == "close"


class Connection:
    """One client connection."""

    def __init__(self, address, timeout=20):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.sent, self.buffer = b"", b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """Sends what the gate takes; whether it took all."""
        LEAKS.learn_sent(data[:65536])
        self.sent = data[:65536]
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def no_more(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def answer(self, method="GET"):
        """The next answer; interim ones are skipped."""
        while True:
            while b"\r\n\r\n" not in self.buffer:
                if not self._more():
                    return Answer(0, {}, self.buffer, whole=False)
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            status, headers = _head(head)
            if status >= 200:
                break
        body, whole = b"", True
        if method != "HEAD" and status not in (204, 304):
            body, whole = self._body(headers)
        LEAKS.keep_answer("answer (raw)", head + b"\r\n\r\n" + body, self.sent)
        return Answer(status, headers, body, whole)

    def is_closed(self, seconds=5):
        """Whether the gate ends the connection within that time, and says nothing more."""
        self.socket.settimeout(seconds)
        try:
            return self.buffer == b"" and self.socket.recv(1) == b""
        except TimeoutError:
            return False
        except OSError:
            return True

    def _body(self, headers):
        if "chunked" in headers.get("transfer-encoding", ""):
            body = b""
            while True:
                size, whole = self._line()
                if not whole:
                    return body, False
                length = int(size, 16)
                piece, whole = self._take(length + 2)
                body += piece[:length]
                if not whole or not length:
                    return body, whole
        if "content-length" in headers:
            return self._take(int(headers["content-length"]))
        while self._more():
            pass
        body, self.buffer = self.buffer, b""
        return body, True

    def _line(self):
        while b"\r\n" not in self.buffer:
            if not self._more():
                return b"", False
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line, True

    def _take(self, length):
        while len(self.buffer) < length and self._more():
            pass
        taken, self.buffer = self.buffer[:length], self.buffer[length:]
        return taken, len(taken) == length

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except OSError:
            return False
        self.buffer += data
        return bool(data)


def _head(head):
    lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines[1:])
    return int(lines[0].split()[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


class _Payload(S3SigV4Auth):
    """Signs the payload hash that stands in the request."""

    def _should_sha256_sign_payload(self, request):
        return True

    def payload(self, request):
        return request.headers.get("X-Amz-Content-SHA256") or super().payload(request)

    def _modify_request_before_signing(self, request):
        hashed = request.headers.get("X-Amz-Content-SHA256")
        super()._modify_request_before_signing(request)
        if hashed:
            del request.headers["X-Amz-Content-SHA256"]
            request.headers["X-Amz-Content-SHA256"] = hashed


def signed_headers(address, method, target, keys, body=b"", headers=None, service="s3"):
    """The headers of a signed request, in a dict, Host among them."""
    request = AWSRequest(method, f"http://{address}{target}", data=body, headers=dict(headers or {}))
    auth = _Payload if service == "s3" else SigV4Auth
    auth(Credentials(keys.access, keys.secret, keys.token), service, REGION).add_auth(request)
    return {"Host": address} | {name: str(value) for name, value in request.headers.items()}


def presigned_target(address, method, target, keys, seconds=60, headers=None):
    """The target with the query of a presigned URL."""
    request = AWSRequest(method, f"http://{address}{target}", headers=dict(headers or {}))
    S3SigV4QueryAuth(Credentials(keys.access, keys.secret, keys.token), "s3", REGION, expires=seconds).add_auth(request)
    return request.url[len(f"http://{address}") :]


def message(method, target, headers, body=b""):
    """The bytes of a request. `headers`: a dict or pairs; Content-Length is added unless one frames the body."""
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
    if not {name.lower() for name, _ in pairs} & {"content-length", "transfer-encoding"} and (body or method in "PUTPOST"):
        pairs.append(("Content-Length", str(len(body))))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in pairs)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def exchange(address, data, method="GET", timeout=20):
    """One request on a connection of its own; its answer."""
    with Connection(address, timeout) as connection:
        connection.send(data)
        return connection.answer(method)


def settled(check, seconds=0.6):
    """Checks again and again for that time: what must not happen would happen soon."""
    deadline = time.monotonic() + seconds
    while True:
        check()
        if time.monotonic() > deadline:
            return
        time.sleep(0.15)
