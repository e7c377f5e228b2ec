"""Nothing secret leaves the gate: what the run knew, what the gates wrote and answered, and the scan of one for the other.

Every secret, token and signature that the tests make or see is learnt here; the log folders of every gate, snapshots of
their metrics, and the answers that clients saw are kept (bounded). `scan()` at the end of the session looks for all of
the first in all of the second. Found is also a part of a secret: 39 characters in a row hold one of its shingles.
"""

import re
import threading
from dataclasses import dataclass, field
from pathlib import Path

SHINGLE = 20  # as in RUN
RUN = re.compile(rb"[A-Za-z0-9+/=_~.%-]{20,}")
KEPT_BYTES, ANSWER_BYTES = 64 << 20, 32 << 10

# What credentials look like whatever their value: never in a log or on the metrics page.
TRACES = [b"X-Amz-Signature", b"X-Amz-Security-Token", b"Signature=", b"AWS4-HMAC-SHA256 Credential"]

SENT = [
    ("signature", re.compile(rb"(?:X-Amz-)?Signature=([0-9a-f]{64})")),
    ("session token", re.compile(rb"(?i)X-Amz-Security-Token(?:: ?|=)([A-Za-z0-9_=%+/-]{20,})")),
]
DELIVERS = re.compile(rb"<(AssumeRole|AssumeRoleWithWebIdentity|GetSessionToken|GetFederationToken|CreateAccessKey)Res(ponse|ult)[ >]")
DELIVERED = [
    ("secret", re.compile(rb"<SecretAccessKey>([^<]{16,})</SecretAccessKey>")),
    ("session token", re.compile(rb"<SessionToken>([^<]{16,})</SessionToken>")),
]
# What a mismatch shows of the request.
SHOWN = re.compile(rb"(?s)<(CanonicalRequest|SignatureProvided)>.*?</\1>")


@dataclass
class Leaks:
    """What is known, and what was kept to be searched."""

    known: dict = field(default_factory=dict)  # secret -> kind
    folders: list = field(default_factory=list)
    kept: list = field(default_factory=list)  # (where, bytes)
    size: int = 0
    dropped: int = 0
    files: int = 0  # searched
    log_bytes: int = 0

    def __post_init__(self):
        self._lock = threading.Lock()

    def know(self, kind, *secrets):
        """Learns secrets; shorter than the documented testers' ones would be found everywhere, and so would those that
        tests of limits write with one letter."""
        for secret in secrets:
            value = secret if isinstance(secret, bytes) else secret.encode()
            if len(value) >= 7 and len(set(value)) > 2:
                self.known[value] = kind

    def learn_sent(self, head):
        """From a request's target and headers, as bytes: its signatures and tokens."""
        for kind, pattern in SENT:
            self.know(kind, *pattern.findall(head))

    def keep_request(self, head):
        """A request as the backend saw it: nothing of the client's credentials, and signed by the gate."""
        for signature in SENT[0][1].findall(head):
            self.know("signature for the backend", signature)
            head = head.replace(signature, b"")
        self.keep("request to the backend", head)

    def watch(self, folder):
        """Every *.log in the folder is searched at the end."""
        self.folders.append(Path(folder))

    def keep(self, where, content):
        content = content[:ANSWER_BYTES]
        with self._lock:
            if self.size + len(content) > KEPT_BYTES:
                self.dropped += 1
                return
            self.size += len(content)
            self.kept.append((where, content))

    def keep_answer(self, where, content, sent=b""):
        """An answer: what STS and IAM deliver is learnt and is at home there; so is what a mismatch shows of the request."""
        if DELIVERS.search(content[:1000]):
            for kind, pattern in DELIVERED:
                for secret in pattern.findall(content):
                    self.know(kind, secret)
                    content = content.replace(secret, b"")
        if b"<Code>SignatureDoesNotMatch</Code>" in content:
            if not sent:  # not known here what it was
                content = SHOWN.sub(b"", content)
            for _, pattern in SENT:
                for secret in pattern.findall(sent):
                    content = content.replace(secret, b"")
        self.keep(where, content)

    def scan(self):
        """[(where, kind, how much of it)] of all that was found."""
        search, self.files, self.log_bytes = Search(self.known), 0, 0
        found = [(where, kind, at) for where, content in self.kept for kind, at in search(content)]
        for folder in self.folders:
            for path in sorted(folder.rglob("*.log*")):
                content = path.read_bytes()
                self.files, self.log_bytes = self.files + 1, self.log_bytes + len(content)
                where = f"{folder.name}/{path.name}"
                found += [(where, kind, at) for kind, at in search(content)]
                found += [(where, "trace", trace.decode()) for trace in TRACES if trace in content]
        return found

    def summary(self):
        return (
            f"{len(self.known)} secrets and signatures looked for in {self.files} logs ({self.log_bytes >> 10} KiB) and "
            f"{len(self.kept)} answers, metrics and requests ({self.size >> 10} KiB; {self.dropped} not kept)"
        )


class Search:
    """Finds any of many secrets, or a good part of one, in a text in one pass."""

    def __init__(self, known):
        self.short = {value: kind for value, kind in known.items() if len(value) < SHINGLE}
        self.shingles = {}
        for value, kind in known.items():
            for at in range(0, len(value) - SHINGLE + 1, SHINGLE):
                self.shingles[value[at : at + SHINGLE]] = kind

    def __call__(self, content):
        found = {kind: value for value, kind in self.short.items() if value in content}
        for run in set(RUN.findall(content)):
            for at in range(len(run) - SHINGLE + 1):
                if kind := self.shingles.get(run[at : at + SHINGLE]):
                    found.setdefault(kind, run[at : at + SHINGLE])
        return [(kind, what[:6].decode(errors="replace") + "…") for kind, what in sorted(found.items())]


LEAKS = Leaks()


def head_bytes(target, headers):
    """Target and headers as they are searched."""
    lines = [target, *(f"{name}: {_text(value)}" for name, value in headers.items())]
    return "\n".join(lines).encode(errors="replace")


def _text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def listen_to_clients():
    """From now on every answer that `requests` and botocore get in this process is kept, and what they sign is learnt."""
    import requests
    from botocore.httpsession import URLLib3Session

    _wrap(requests.Session, lambda answer: answer.content if answer._content_consumed else None)
    _wrap(URLLib3Session, lambda answer: None)  # its body is a stream: read by botocore, and kept below
    from botocore import parsers

    parse = parsers.ResponseParser.parse

    def keeping(self, response, shape):
        body = response.get("body")
        if isinstance(body, bytes):
            LEAKS.keep_answer("answer body (boto3)", body)
        return parse(self, response, shape)

    parsers.ResponseParser.parse = keeping


def _wrap(session, body_of):
    send = session.send

    def sending(self, request, *args, **kwargs):
        sent = head_bytes(str(request.url), request.headers)
        LEAKS.learn_sent(sent)
        answer = send(self, request, *args, **kwargs)
        LEAKS.keep_answer(f"answer head ({session.__module__})", head_bytes("", answer.headers))
        if (content := body_of(answer)) is not None:
            LEAKS.keep_answer(f"answer body ({session.__module__})", content, sent)
        return answer

    session.send = sending
