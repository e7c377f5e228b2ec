"""`rolegate check-backend` with the real binary.

Proven: SeaweedFS passes as configured for it, every line and the exit status; with `keys = "exact"` it is refused; what
cannot be reached, or refuses the credentials, is refused; nothing of the checks stays at the backend.
"""

from dataclasses import dataclass

import pytest
from servers import free_ports, private_file, toml


@dataclass
class Report:
    status: int
    lines: dict  # check -> (mark, text)
    error: str


def check(gate, **backend):
    """Runs the command with these keys of [backend]."""
    one = gate(serve=False, testers=False)
    one.sections["backend"] |= backend
    private_file(one.config, toml(one.sections))
    done = one.cli("check-backend", check=False)
    assert "backend-key" not in done.stdout + done.stderr
    lines = {}
    for line in done.stdout.splitlines()[1:]:
        mark, name, text = line[:4].strip(), line[6:25].strip(), line[26:]
        assert mark in ("ok", "note", "FAIL"), line
        lines[name] = (mark, text)
    return Report(done.returncode, lines, done.stderr)


@pytest.fixture
def clean(weed):
    """Whatever the test does, no bucket of the checks is left."""
    yield
    names = [bucket["Name"] for bucket in weed.client().list_buckets()["Buckets"]]
    assert not [name for name in names if name.startswith("rolegate-check-")]


def test_seaweedfs_passes(gate, clean):
    report = check(gate)
    print("\n".join(f"{mark} {name}: {text}" for name, (mark, text) in report.lines.items()))
    assert (report.status, report.error) == (0, "")
    marks = {name: mark for name, (mark, _) in report.lines.items()}
    assert marks == {
        "credentials": "ok",
        "signatures": "ok",
        "buckets": "ok",
        "anonymous": "ok",
        "full buckets": "ok",
        "subresources": "ok",
        "administration": "ok",
        "keys": "ok",
        "upload ids": "ok",
        "aws-chunked": "ok",
        "payload hash": "note",
        "conditional writes": "ok",
        "tags": "ok",
        "batch delete": "ok",
        "version ids": "ok",
        "version keys": "ok",
    }
    for folded in ("empty segments", "a trailing `/`", "bytes that are not UTF-8", ".uploads/"):
        assert folded in report.lines["keys"][1]


def test_rule_04_seaweedfs_is_refused_with_exact_keys(gate, clean):
    report = check(gate, keys="exact")
    assert report.status == 1
    assert report.lines["keys"][0] == "FAIL" and "filesystem" in report.lines["keys"][1]
    assert report.lines["version keys"][0] == "FAIL"
    assert "2 of the checks above failed" in report.error


def test_wrong_secret_is_told_apart(gate, tmp_path):
    secret = private_file(tmp_path / "secret", "another")
    report = check(gate, secret_key=f"file:{secret}")
    assert report.status == 1
    assert list(report.lines) == ["credentials"]
    mark, text = report.lines["credentials"]
    assert mark == "FAIL" and "SignatureDoesNotMatch" in text


def test_backend_that_is_not_there(gate):
    report = check(gate, endpoint=f"http://127.0.0.1:{free_ports(1)[0]}")
    assert report.status == 1
    assert report.lines == {"credentials": report.lines["credentials"]}
    assert "cannot be reached" in report.lines["credentials"][1]
