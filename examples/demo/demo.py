"""A gate before a real S3 server, with two users, until Ctrl-C. Started by `make run` (examples/demo/run).

All state is in .run/, mode 0700: the configuration, and one folder for each kind of store (sqlite, redis, external)
with the gate's keys, its store and SeaweedFS's data. What was made in one run is there in the next.
"""

import fcntl
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "tests/tools"))

from servers import (  # noqa: E402
    HOST,
    OpenIdProvider,
    Process,
    RedisServer,
    SeaweedFS,
    StartError,
    gate_binary,
    private_file,
    private_folder,
    toml,
)

RUN = PROJECT / ".run"
ADDRESS = os.environ.get("ADDRESS") or "127.0.0.1:9080"
ADMIN = os.environ.get("ADMIN") or "127.0.0.1:9081"
REDIS = os.environ.get("REDIS") or ""
OIDC = bool(os.environ.get("OIDC"))
OIDC_PORT = int(os.environ.get("OIDC_PORT") or 9082)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
USERS = [
    ("TESTER1", "test123", "roles=*;oidc-provider=*"),
    ("TESTER2", "test456", None),
]
# The provider's realm: an application that its users sign in to, as in Ceph's documents, and what their tokens say.
REALM = {
    "path": "/auth/realms/demo",
    "clients": [
        {
            "client_id": "customer-portal",
            "client_secret": "portal-secret",
            "redirect_uris": ["http://127.0.0.1/signed-in"],
        }
    ],
    "users": {
        "alice": {
            "groups": ["engineers"],
            "https://aws.amazon.com/tags": {"principal_tags": {"Department": ["Engineering"]}},
        },
        "bob": {"groups": ["readers"]},
    },
}


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


def main():
    for stop in STOP_SIGNALS:
        signal.signal(stop, _stop_asked)
    private_folder(RUN)
    lock = open(RUN / "lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"make run: another one is running in {RUN}")
    running, status = [], 0
    try:
        serve(running)
    except KeyboardInterrupt:
        say("stopping")
    except (DemoError, StartError) as error:
        say(f"error: {error}", sys.stderr)
        status = 1
    finally:
        for stop in STOP_SIGNALS:
            signal.signal(stop, signal.SIG_IGN)  # no second Ctrl-C between here and the last server's end
        for server in reversed(running):
            server.stop()
    sys.exit(status)


def serve(running):
    """Starts everything into `running` and stays until one of them ends (DemoError) or the user has enough."""
    kind = "sqlite" if not REDIS else "redis" if REDIS == "local" else "external"
    home = private_folder(RUN / kind)
    state = private_folder(home / "state")

    url = REDIS or f"sqlite:{state / 'rolegate.db'}"
    if kind == "redis":
        say("starting redis-server")
        running.append(redis := RedisServer(home / "redis", persist=True))
        url = redis.url
    if kind != "sqlite":  # with Redis the gate wants to be given its keys
        keep(state / "store.key", lambda: secrets.token_hex(32) + "\n")
        keep(state / "token.keys", lambda: f"k1:minting:{secrets.token_hex(32)}\n")

    say("starting SeaweedFS")
    secret_file = keep(home / "backend.secret", lambda: secrets.token_hex(20))
    running.append(weed := SeaweedFS(home / "seaweedfs", "rolegate-demo", secret_file.read_text()))

    provider = None
    if OIDC:
        say("starting the OpenID Connect provider")
        running.append(provider := OpenIdProvider(home / "openid", port=OIDC_PORT, **REALM))

    config = private_file(RUN / "rolegate.toml", configuration(weed, secret_file, url, state, provider))
    for name, secret, caps in USERS:
        ensure_user(config, name, secret, caps)

    say("starting the gate")
    gate = Process("rolegate", [gate_binary(), "--config", config, "serve"])
    running.append(gate)
    gate.wait_ready(ready, 60)
    print(welcome(weed, kind, config, provider), flush=True)
    watch([gate, *(server.process for server in running if server is not gate)])


def configuration(weed, secret_file, url, state, provider):
    sections = {
        "listen": {"address": ADDRESS},
        "admin": {"address": ADMIN},
        "backend": {
            "endpoint": weed.endpoint,
            "region": "us-east-1",
            "access_key": weed.access_key,
            "secret_key": f"file:{secret_file}",
        },
        "store": {"url": url, "key": f"file:{state / 'store.key'}", "demo": True},
        "identity": {"account_id": ""},
        "token": {"keys": f"file:{state / 'token.keys'}"},
        "logs": {"access": "stdout", "audit": f"file:{RUN / 'audit.log'}"},
    }
    if provider:  # over plain HTTP and on loopback: only because it is allowed here
        sections["oidc"] = {"allow_hosts": [f"{HOST}:{provider.port}"]}
    return f"# Written by `make run` at each start.\n{toml(sections)}"


def ensure_user(config, name, secret, caps):
    """Creates the user if the store does not have it."""
    if command(config, "user", "info", f"--uid={name}").returncode == 0:
        return
    words = [f"--uid={name}", f"--display-name={name}", f"--access-key={name}", f"--secret={secret}"]
    done = command(config, "user", "create", *words, *([f"--caps={caps}"] if caps else []))
    if done.returncode:
        raise DemoError(f"cannot create user {name}: {done.stderr.strip() or done.stdout.strip()}")
    say(f"created user {name}")


def command(config, *words):
    return subprocess.run([str(gate_binary()), "--config", str(config), *words], capture_output=True, text=True)


def ready():
    try:
        with urllib.request.urlopen(f"http://{ADMIN}/readyz", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def watch(processes):
    """Until one of the processes ends by itself."""
    while True:
        for process in processes:
            if (status := process.exited()) is not None:
                raise DemoError(f"{process.name} ended by itself with status {status}\n{process.last_words()}".rstrip())
        time.sleep(0.2)


def keep(path, make):
    """The file at `path`, written with mode 0600 from `make()` if it is not there yet."""
    return path if path.exists() else private_file(path, make())


def welcome(weed, kind, config, provider):
    endpoint = f"http://{ADDRESS}"
    issuer = f"  OpenID provider   {provider.issuer}   (users alice and bob, no passwords)\n" if provider else ""
    web_identity = WEB_IDENTITY.format(endpoint=endpoint, issuer=provider.issuer) if provider else ""
    lines = (PROJECT / "examples/demo/aws-cli.sh").read_text()
    lines = re.sub(r"\A(#.*\n)+set .*\n", "", lines)
    lines = lines.replace("${1:-http://127.0.0.1:9080}", endpoint)
    lines = lines.replace("${2:-CliAccess}", "CliAccess").replace("${3:-cli-bucket}", "cli-bucket")
    shown = "\n".join(f"    {line}" if line else "" for line in lines.strip().splitlines())
    return f"""
Rolegate is ready.

  S3, IAM and STS   {endpoint}
  admin             http://{ADMIN}   (/healthz, /readyz, /metrics)
  store             {kind}, in .run/{kind}
  S3 server behind  {weed.endpoint}   (SeaweedFS; only the gate has its key)
  users             TESTER1 / test123   may make buckets of its own and manage roles
                    TESTER2 / test456   may make buckets of its own and assume roles that trust it
{issuer}
Try it from another terminal, in {PROJECT}.  In Python:

    .venv/bin/python examples/assume_role.py --endpoint {endpoint}
{web_identity}
With aws-cli, line by line:

    export PATH="$PWD/.venv/bin:$PATH"
{shown}

Commands work beside the running gate:

    {os.path.relpath(gate_binary(), PROJECT)} --config {config.relative_to(PROJECT)} role list

Requests are logged below. Ctrl-C stops everything; the data stay in .run/.
"""


WEB_IDENTITY = """
With a token of the OpenID provider instead of keys:

    .venv/bin/python examples/demo/sign_in.py alice --issuer {issuer} > .run/alice.token
    .venv/bin/python examples/assume_role_with_web_identity.py --web-token .run/alice.token \\
        --endpoint {endpoint} --issuer {issuer}
"""


def say(text, stream=sys.stdout):
    print(f"make run: {text}", file=stream, flush=True)


def _stop_asked(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
