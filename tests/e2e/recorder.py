"""A forwarding recorder between the gate and the real S3 server: what did the backend see?

Bytes go through unchanged in both directions; the request direction is parsed on the way (request line, headers, body
length), so that a test can count requests and look at their headers.
"""

import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field

from leaks import LEAKS, head_bytes

HOST = "127.0.0.1"


@dataclass
class Seen:
    """One request as it reached the backend; header names in lower case, repeated ones joined with a comma."""

    method: str
    target: str
    headers: dict
    body_bytes: int = 0
    ended: bool = False  # the whole of its body came


@dataclass
class _Parser:
    """Incremental HTTP/1.1 request parser: head, then a body by Content-Length or chunks, then the next head."""

    on_request: callable
    buffer: bytes = b""
    current: Seen = None
    left: int = 0
    chunked: bool = False
    state: str = "head"

    def feed(self, data):
        self.buffer += data
        while getattr(self, f"_{self.state}")():
            pass

    def _head(self):
        head, end, rest = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        self.buffer, self.current = rest, Seen(method, target, headers)
        self.chunked = "chunked" in headers.get("transfer-encoding", "")
        self.left = int(headers.get("content-length", 0))
        self.state = "chunk_size" if self.chunked else "body"
        self.on_request(self.current)
        return True

    def _body(self):
        taken = min(self.left, len(self.buffer))
        self.buffer, self.left = self.buffer[taken:], self.left - taken
        self.current.body_bytes += taken
        if self.left:
            return False
        self.current.ended = not self.chunked
        self.state = "chunk_end" if self.chunked else "head"
        return bool(self.buffer) or self.chunked

    def _chunk_size(self):
        line, end, rest = self.buffer.partition(b"\r\n")
        if not end:
            return False
        self.left, self.buffer = int(line.split(b";")[0], 16), rest
        self.state = "body" if self.left else "chunk_trailer"
        return True

    def _chunk_end(self):
        if len(self.buffer) < 2:
            return False
        self.buffer, self.state = self.buffer[2:], "chunk_size"
        return True

    def _chunk_trailer(self):
        line, end, rest = self.buffer.partition(b"\r\n")
        if not end:
            return False
        self.buffer = rest
        if not line:
            self.current.ended, self.state = True, "head"
        return True


@dataclass
class Recorder:
    """Listens on a free port and forwards to `(HOST, backend_port)`."""

    backend_port: int
    requests: list = field(default_factory=list)

    def __post_init__(self):
        self._lock = threading.Lock()
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def endpoint(self):
        return f"http://{HOST}:{self.port}"

    def take(self):
        """The requests seen since the last call, oldest first."""
        with self._lock:
            seen, self.requests[:] = list(self.requests), []
        return seen

    def stop(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                backend = socket.create_connection((HOST, self.backend_port))
            except OSError:
                client.close()
                continue
            parser = _Parser(self._record)
            threading.Thread(target=_pump, args=(client, backend, parser.feed), daemon=True).start()
            threading.Thread(target=_pump, args=(backend, client, self._answer), daemon=True).start()

    def _record(self, seen):
        LEAKS.keep_request(head_bytes(f"{seen.method} {seen.target}", seen.headers))
        with self._lock:
            self.requests.append(seen)

    def _answer(self, data):
        """Sees the answers' bytes before they go on."""


class Holder(Recorder):
    """A recorder that can hold requests before the backend sees them, or the backend's answers to them.

    `arm("request" | "answer", matches)`: from then on, what `matches(seen)` accepts is held, and counted in `held`,
    until `release(drop=...)`: forwarded, or lost with its connection.
    """

    def __post_init__(self):
        self._matches, self._where, self._drop = None, None, False
        self.held, self._open = 0, threading.Event()
        super().__post_init__()

    def arm(self, where, matches):
        self._open.clear()
        self.held, self._where, self._matches = 0, where, matches

    def release(self, drop=False):
        self._drop, self._matches, self._where = drop, None, None
        self._open.set()

    def _record(self, seen):
        super()._record(seen)
        if self._matches and self._matches(seen):
            if self._where == "request":
                self._hold()
            else:
                self._where = "next answer"

    def _answer(self, data):
        if self._where == "next answer":
            self._hold()

    def _hold(self):
        with self._lock:
            self.held += 1
        self._open.wait()
        if self._drop:
            raise OSError("dropped")


class Pipe:
    """Any bytes both ways, to a server on (HOST, port); it can hold what contains a needle, or the answer to it.

    `arm("request" | "answer", needle)`; `held` tells; `release()` cuts the connection that was held.
    """

    def __init__(self, server_port):
        self._server_port, self._where, self._needle = server_port, None, None
        self.held, self._open = threading.Event(), threading.Event()
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, where, needle):
        self.held.clear()
        self._open.clear()
        self._where, self._needle = where, needle

    def release(self):
        self._where = self._needle = None
        self._open.set()

    def stop(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((HOST, self._server_port))
            except OSError:
                client.close()
                continue
            asked, seen = threading.Event(), bytearray()
            threading.Thread(target=_pump, args=(client, server, self._request(asked, seen)), daemon=True).start()
            threading.Thread(target=_pump, args=(server, client, self._reply(asked)), daemon=True).start()

    def _request(self, asked, seen):
        def look(data):
            seen.extend(data)
            if self._needle and self._needle in seen:
                if self._where == "request":
                    self._hold()
                asked.set()
            del seen[:-256]

        return look

    def _reply(self, asked):
        def look(_):
            if self._where == "answer" and asked.is_set():
                self._hold()

        return look

    def _hold(self):
        self.held.set()
        self._open.wait()
        raise OSError("cut")


def _pump(source, sink, look):
    """Copies until the source ends, then ends the sink's direction; `look` sees the bytes before they go on."""
    try:
        while data := source.recv(65536):
            look(data)
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, sink):  # a reset goes on as a reset, not as an orderly end
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()
