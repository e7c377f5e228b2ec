"""Fixtures: the real SeaweedFS, redis-server and gate, a recorder between gate and backend.

Run by `make test`, or one file by `.venv/bin/python -m pytest tests/e2e/test_tls.py` after `tests/tools/setup` and
`cargo build`. With E2E_DIRECT=1 the tests that use `endpoint` go straight to SeaweedFS with its own key: one that fails
there too has found a habit of the backend, not of the gate.
"""

import itertools
import os
import secrets
import shutil
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tools")]

from clients import Keys, assume, client, make_role, unique  # noqa: E402
from gate import TESTER1, TESTER2, Gate  # noqa: E402
from idp import authority, issuer, node, openid  # noqa: E402, F401
from leaks import LEAKS, listen_to_clients  # noqa: E402
from recorder import Recorder  # noqa: E402
from servers import RedisServer, SeaweedFS, gate_binary  # noqa: E402

DIRECT = bool(os.environ.get("E2E_DIRECT"))

# What every client here must do without: the machine's own AWS settings, proxies and instance credentials.
for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
os.environ |= {"AWS_SHARED_CREDENTIALS_FILE": os.devnull, "NO_PROXY": "127.0.0.1"}

listen_to_clients()
_gates = []  # the gates that run now, for the report of a failing test


@pytest.fixture(scope="session")
def weed(tmp_path_factory):
    """SeaweedFS: the S3 server behind every gate of this run."""
    server = SeaweedFS(tmp_path_factory.mktemp("weed"), "backend-key", secrets.token_hex(20))
    yield server
    server.stop()
    shutil.rmtree(server.folder / "data")  # gigabytes, after test_big_objects.py


@pytest.fixture(scope="session")
def redis(tmp_path_factory):
    """Starts an empty redis-server at each call; all are stopped at the end of the run."""
    servers = []

    def start():
        servers.append(RedisServer(tmp_path_factory.mktemp("redis")))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def recorder(weed):
    """A forwarding recorder before SeaweedFS: give its `endpoint` to a gate as `backend`."""
    proxy = Recorder(weed.port)
    yield proxy
    proxy.stop()


@pytest.fixture(scope="module")
def gate(weed, redis, tmp_path_factory):
    """gate(store="sqlite" | "redis", serve=True, testers=True, backend=None, join=None, **sections) -> Gate.

    Every call is a gate of its own (`join=other`: on the other's store). Stopped when the module's tests are over.
    """
    if not gate_binary().exists():
        pytest.fail(f"{gate_binary()} is not there: run `make build` first", pytrace=False)
    made, numbers = [], itertools.count(1)

    def build(store="sqlite", serve=True, testers=True, join=None, **options):
        server = (join.redis if join else redis()) if store == "redis" else None
        folder = tmp_path_factory.mktemp(f"gate{next(numbers)}")
        one = Gate(folder, weed, redis=server, join=join, **options)
        one.redis = server
        made.append(one)
        _gates.append(one)
        if testers and not join:
            one.create_testers()
        return one.start() if serve else one

    yield build
    for one in made:
        one.stop()
        _gates.remove(one)


@pytest.fixture(scope="module")
def endpoint(request, weed):
    """A gate with a SQLite store that the tests of a module share; SeaweedFS itself with E2E_DIRECT=1."""
    return weed.endpoint if DIRECT else request.getfixturevalue("gate")().endpoint


@pytest.fixture(scope="module")
def keys(endpoint, weed):
    """Temporary keys, on `endpoint`, of a role with s3:* that TESTER2 assumed."""
    if DIRECT:
        return Keys(weed.access_key, weed.secret_key)
    _, arn = make_role(endpoint, Keys(*TESTER1), "arn:aws:iam:::user/TESTER2")
    return assume(endpoint, Keys(*TESTER2), arn)


@pytest.fixture(scope="module")
def s3(endpoint, keys):
    return client("s3", endpoint, keys)


@pytest.fixture(scope="module")
def bucket(s3):
    """An empty bucket of the module's own."""
    name = unique("daily-")
    s3.create_bucket(Bucket=name)
    return name


def pytest_collection_modifyitems(items):
    for item in items if DIRECT else []:
        if item.get_closest_marker("through_gate"):
            item.add_marker(pytest.mark.skip(reason="about the gate's own answers"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failing test shows the last words of the gates."""
    report = (yield).get_result()
    if report.failed:
        for one in _gates:
            if one.process and (words := one.process.last_words(30)):
                report.sections.append((f"{one.folder.name} gate.log", words))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session):
    """Fails the run if any secret that it knew stands in a log, an answer or a metric. The folders are there still."""
    session.config.leaks = LEAKS.scan()
    if session.config.leaks and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    found = getattr(config, "leaks", [])
    terminalreporter.write_line(f"leak scan: {LEAKS.summary()}: {len(found)} found")
    for where, kind, what in found[:50]:
        terminalreporter.write_line(f"LEAK: {where} has a {kind}: {what}", red=True)
