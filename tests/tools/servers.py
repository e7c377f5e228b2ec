"""Starts and stops the real servers that the tests and the demo stand on: SeaweedFS, redis-server, the gate, the
OpenID Connect provider.

Every server is a process group of its own with its output in a file. Ports come from the system. A server that finds
its port taken between choosing and binding is started again with others. Nothing here waits for a fixed time: each wait
polls with a deadline. The kernel sends a child SIGTERM when its parent is gone, so a killed run leaves nothing behind.
"""

import ctypes
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

HOST = "127.0.0.1"
PROJECT = Path(__file__).resolve().parents[2]
GRPC_OFFSET = 10000  # SeaweedFS takes a second port this far above each one it is given.
PR_SET_PDEATHSIG = 1


class StartError(RuntimeError):
    """A server did not come up; the message ends with the last lines of its output."""


def poll(condition, seconds, what, interval=0.05):
    """Returns the first true value of `condition()`, or raises TimeoutError naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(interval)


def free_ports(count, offset=0):
    """`count` free ports from the system; with `offset`, port + offset is free too."""
    held, ports = [], []
    try:
        while len(ports) < count:
            sockets = _bind_pair(offset)
            if sockets:
                held += sockets
                ports.append(min(s.getsockname()[1] for s in sockets))
        return ports
    finally:
        for s in held:
            s.close()


def _bind_pair(offset):
    """A bound socket, and with `offset` its partner above (below, where above is out of range); None if taken."""
    first = socket.socket()
    first.bind((HOST, 0))
    if not offset:
        return [first]
    port = first.getsockname()[1]
    second = socket.socket()
    try:
        second.bind((HOST, port + offset if port + offset < 65536 else port - offset))
    except OSError:
        first.close()
        second.close()
        return None
    return [first, second]


def private_folder(path):
    """Makes `path` (and its parents) with mode 0700 and returns it."""
    path = Path(path)
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)
    return path


def private_file(path, text):
    """Writes `text` to `path` with mode 0600 and returns the path."""
    path = Path(path)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    return path


class Process:
    """A child in a process group of its own. `log=None` lets it write to our own output."""

    def __init__(self, name, command, log=None, env=None, cwd=None):
        self.name, self.log = name, Path(log) if log else None
        output = open(self.log, "ab") if self.log else None
        try:
            self.child = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=env,
                cwd=cwd,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        finally:
            if output:
                output.close()

    @property
    def pid(self):
        return self.child.pid

    def exited(self):
        """The exit status, or None while it runs."""
        return self.child.poll()

    def last_words(self, lines=15):
        if not self.log or not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def wait_ready(self, ready, seconds):
        """Polls `ready()`; StartError if the process ends or the time is over first."""

        def check():
            if self.exited() is not None:
                raise StartError(f"{self.name} ended with status {self.exited()} at start\n{self.last_words()}")
            return ready()

        try:
            poll(check, seconds, f"{self.name} ready")
        except TimeoutError as late:
            raise StartError(f"{late}\n{self.last_words()}") from None

    def stop(self, seconds=10):
        """SIGTERM to the group, SIGKILL to what is left of it after `seconds`. Returns the exit status."""
        self._signal(signal.SIGTERM)
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        self._signal(signal.SIGKILL)
        return self.child.wait()

    def _signal(self, number):
        try:
            os.killpg(self.child.pid, number)
        except ProcessLookupError:
            pass


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def retry(start, attempts=4):
    """Calls `start()` until it raises no StartError: a port can be lost between choosing and binding it."""
    for attempt in range(1, attempts + 1):
        try:
            return start()
        except StartError:
            if attempt == attempts:
                raise


class SeaweedFS:
    """`weed mini`, its own IAM switched off, one administrator key. Data stay in `folder` and survive a restart."""

    READY_BUCKET = "seaweed-readiness"

    def __init__(self, folder, access_key, secret_key, weed=PROJECT / ".venv/bin/weed"):
        self.weed, self.folder = weed, private_folder(folder)
        self.access_key, self.secret_key = access_key, secret_key
        identity = {
            "name": "gate",
            "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"],
        }
        self.identities = private_file(self.folder / "s3.json", json.dumps({"identities": [identity]}))
        self.process = retry(self._start)

    @property
    def endpoint(self):
        return f"http://{HOST}:{self.port}"

    def client(self, **config):
        """A boto3 S3 client with the administrator key, straight to SeaweedFS."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=Config(signature_version="s3v4", **config),
        )

    def remove_bucket(self, bucket):
        """Deletes a bucket with all that is in it, whoever's it is; a missing one is fine."""
        s3 = self.client()
        if bucket not in [found["Name"] for found in s3.list_buckets()["Buckets"]]:
            return
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for entry in page.get("Contents", []):
                s3.delete_object(Bucket=bucket, Key=entry["Key"])
        s3.delete_bucket(Bucket=bucket)

    def stop(self):
        # Its volume server waits out idle connections, 30 s, after the filer has closed its files: no need to.
        return self.process.stop(seconds=4)

    def _start(self):
        self.port, master, volume, filer, admin = free_ports(5, GRPC_OFFSET)
        data = private_folder(self.folder / "data")
        command = [self.weed, "mini", f"-dir={data}", f"-ip={HOST}", f"-ip.bind={HOST}", f"-s3.port={self.port}"]
        command += [f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", f"-admin.port={admin}"]
        command += ["-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0"]
        # By default DeleteBucket deletes whatever is in the bucket.
        command += ["-s3.allowDeleteBucketNotEmpty=false"]
        # Each bucket takes volumes of its own; by default there are as many as the disk has room for, and then no bucket more.
        command += ["-volume.max=2000", "-volume.preStopSeconds=0", "-s3.iam=false", f"-s3.config={self.identities}"]
        process = Process("SeaweedFS", command, self.folder / "weed.log", cwd=self.folder)
        probe = self.client(retries={"max_attempts": 0}, connect_timeout=2, read_timeout=5)
        try:
            process.wait_ready(lambda: self._serves(probe), 60)
        except BaseException:
            process.stop(seconds=1)
            raise
        finally:
            probe.close()
        return process

    def _serves(self, probe):
        """A signed ListBuckets answers, and an object written before the last stop can be read: that comes up later."""
        try:
            names = [bucket["Name"] for bucket in probe.list_buckets()["Buckets"]]
            if self.READY_BUCKET not in names:
                probe.create_bucket(Bucket=self.READY_BUCKET)
                probe.put_object(Bucket=self.READY_BUCKET, Key="probe", Body=b"ready" * 1000)
            return probe.get_object(Bucket=self.READY_BUCKET, Key="probe")["Body"].read()
        except Exception:  # whatever it answers until it is up
            return None


class RedisServer:
    """redis-server on a free port; with `persist`, its data stay in `folder` and survive a restart."""

    def __init__(self, folder, persist=False):
        self.folder, self.persist = private_folder(folder), persist
        self.process = retry(self._start)

    @property
    def url(self):
        return f"redis://{HOST}:{self.port}"

    def command(self, *words):
        """Sends one command and returns the first line of the answer."""
        request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        with socket.create_connection((HOST, self.port), timeout=2) as connection:
            connection.sendall(request.encode())
            return connection.makefile("rb").readline().decode().strip()

    def stop(self):
        return self.process.stop()

    def _start(self):
        (self.port,) = free_ports(1)
        command = ["redis-server", "--bind", HOST, "--port", self.port, "--dir", self.folder]
        command += ["--appendonly", "yes" if self.persist else "no", "--save", "", "--maxmemory-policy", "noeviction"]
        process = Process("redis-server", command, self.folder / "redis.log")
        try:
            process.wait_ready(self._answers, 20)
        except BaseException:
            process.stop(seconds=1)
            raise
        return process

    def _answers(self):
        try:
            return self.command("PING") == "+PONG"
        except OSError:
            return False


class OpenIdProvider:
    """oidc-provider from npm (tests/idp), listening at `issuer`; its configuration and keys stay in `folder`.

    `configured` is what tests/idp/provider.mjs describes. Without a port it takes a free one, and keeps it.
    """

    SCRIPT = PROJECT / "tests/idp/provider.mjs"

    def __init__(self, folder, path="/auth/realms/demo", port=None, tls=None, cafile=None, **configured):
        self.folder, self._path, self._tls = private_folder(folder), path, tls
        self.port, self._context = port, ssl.create_default_context(cafile=cafile) if tls else None
        self._configured, self.process = configured, None
        self.start()

    @property
    def issuer(self):
        return f"{'https' if self._tls else 'http'}://{HOST}:{self.port}{self._path}"

    def start(self):
        """Serves; the port of an earlier start is kept, since it is part of the issuer's name."""
        if self.port:
            self.process = self._start()
        else:
            self.process = retry(lambda: self._start(free_ports(1)[0]))
        return self

    def stop(self):
        return self.process.stop()

    def keys(self):
        """The private keys, as JWKs."""
        return json.loads((self.folder / "keys.json").read_text())["keys"]

    def set_keys(self, keys):
        """Other keys, while it serves."""
        private_file(self.folder / "keys.json", json.dumps({"keys": keys}))
        told = self.process.log.read_text().count("reloaded\n")
        self.process.child.send_signal(signal.SIGHUP)
        poll(lambda: self.process.log.read_text().count("reloaded\n") > told, 10, "the provider's new keys")

    def _start(self, port=None):
        self.port = port or self.port
        config = {"issuer": self.issuer, "tls": self._tls, "keys": str(self.folder / "keys.json"), **self._configured}
        private_file(self.folder / "config.json", json.dumps(config, indent=2))
        command = ["node", self.SCRIPT, self.folder / "config.json"]
        process = Process("OpenID provider", command, self.folder / "openid.log")
        try:
            process.wait_ready(self._answers, 30)
        except BaseException:
            self.port = None if port else self.port
            process.stop(seconds=1)
            raise
        return process

    def _answers(self):
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._context)
        )
        try:
            with opener.open(f"{self.issuer}/.well-known/openid-configuration", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False


def gate_binary():
    """The built `rolegate`: $ROLEGATE_BIN, or the debug build of this project."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target"))
    return Path(os.environ.get("ROLEGATE_BIN", PROJECT / target / "debug/rolegate"))


def toml(sections):
    """Writes {"section": {"key": value}} as TOML; a value of None leaves the key out, a list of dicts is `[[section.key]]`."""
    lines = []
    for section, keys in sections.items():
        tables = {key: value for key, value in keys.items() if value and _is_tables(value)}
        lines.append(f"[{section}]")
        lines += [f"{key} = {json.dumps(keys[key])}" for key in keys if keys[key] is not None and key not in tables]
        for key, members in tables.items():
            for member in members:
                lines += [f"[[{section}.{key}]]", *(f"{name} = {json.dumps(value)}" for name, value in member.items())]
        lines.append("")
    return "\n".join(lines)


def _is_tables(value):
    return isinstance(value, list) and all(isinstance(member, dict) for member in value)
