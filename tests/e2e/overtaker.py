"""Lost races without luck: something happens just before a gate's commit reaches Redis.

A gate whose Redis is behind an `Overtaker` holds each commit back until `armed(rival)` has run the rival, which changes
through another gate what the first one has read already. Whether a race is lost is not a matter of time then.
"""

import contextlib
import hashlib
import socket
import threading
from pathlib import Path

HOST = "127.0.0.1"
SCRIPT = Path(__file__).parents[2] / "src/store/redis/commit.lua"
COMMIT = hashlib.sha1(SCRIPT.read_bytes()).hexdigest().encode()
# Written at any time by the gates themselves, on which no call depends.
UNCOUNTED = (b"rolegate:beat:", b":last-used:")


class Overtaker:
    """Passes commands on to the Redis at `(HOST, server_port)`, one at a time, commits after the rival."""

    def __init__(self, server_port):
        self._server_port, self._rival, self._needle, self.failed = server_port, None, b"", None
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @contextlib.contextmanager
    def armed(self, rival, needle=b""):
        """Before each commit that names a record with `needle` in its key, `rival(keys)` is called."""
        self.failed, self._needle, self._rival = None, needle, rival
        try:
            yield
        finally:
            self._rival = None
        if self.failed:
            raise self.failed

    def stop(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                gate, _ = self._listener.accept()
            except OSError:
                return
            redis = socket.create_connection((HOST, self._server_port))
            threading.Thread(target=self._commands, args=(gate, redis), daemon=True).start()
            threading.Thread(target=self._answers, args=(redis, gate), daemon=True).start()

    def _commands(self, gate, redis):
        with contextlib.suppress(OSError), gate.makefile("rb") as source:
            while words := read_array(source):
                self._overtake(words)
                redis.sendall(array(words))
        redis.close()

    def _answers(self, redis, gate):
        with contextlib.suppress(OSError):
            while data := redis.recv(65536):
                gate.sendall(data)
        gate.close()

    def _overtake(self, words):
        """EVALSHA, the script, the number of keys, the keys; the last of them are of indexes."""
        rival = self._rival
        if not rival or words[0].upper() != b"EVALSHA" or words[1] != COMMIT:
            return
        keys = {key for key in words[3 : 3 + int(words[2])] if key.startswith(b"rolegate:")}
        if not all(any(part in key for part in UNCOUNTED) for key in keys) and any(self._needle in key for key in keys):
            try:
                rival(keys)
            except BaseException as error:  # raised where it is waited for
                self.failed = error


def array(words):
    """A command of Redis's protocol."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


def read_array(source):
    """The words of a command, or of an answer that is an array of texts; None at the end."""
    head = source.readline()
    if not head:
        return None
    assert head[:1] == b"*", head
    words = []
    for _ in range(int(head[1:])):
        length = int(source.readline()[1:])
        words.append(source.read(length + 2)[:-2] if length >= 0 else None)
    return words


def records(redis_port):
    """All that is in the store, as it is: a value for each record's key."""
    with socket.create_connection((HOST, redis_port)) as connection, connection.makefile("rb") as source:

        def ask(*words):
            connection.sendall(array(words))
            return read_array(source)

        keys = [key for key in ask(b"KEYS", b"rolegate:*") if not any(part in key for part in UNCOUNTED)]
        return dict(zip(keys, ask(b"MGET", *keys), strict=True))
