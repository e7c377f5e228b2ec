"""The gate under test: the real binary, with a configuration, stores and users of its own in a temporary folder."""

import contextlib
import json
import re
import secrets
import subprocess
import time
from pathlib import Path

import requests
from leaks import LEAKS
from servers import HOST, Process, StartError, free_ports, gate_binary, private_file, private_folder, retry, toml

TESTER1 = ("TESTER1", "test123")  # caps roles=* and oidc-provider=*
TESTER2 = ("TESTER2", "test456")  # no caps

# What a command changed in the store, running gates follow within 100 ms (docs/architecture.md).
FOLLOWED = 0.1

SECRET = re.compile(r"""(?:--secret=|--secret-key=|"secret_key": *")([^\s"]+)""")


class Gate:
    """A configured gate: `cli(...)` runs commands on its store, `start()` serves.

    `redis` is a RedisServer, or None for the embedded SQLite. `join` is another gate whose store, keys and users this
    one shares. `backend` is another endpoint, or keys of that section;
    `store_url` another way to the Redis. `sections` override single keys of the configuration: `listen={"tls_cert": ...}`; None removes a key.
    """

    def __init__(self, folder, weed, *, backend=None, redis=None, join=None, store_url=None, **sections):
        self.folder, self.binary = private_folder(folder), gate_binary()
        if isinstance(backend, dict):
            backend, sections = None, sections | {"backend": backend}
        self.process, self._overrides = None, sections
        backend_secret = private_file(self.folder / "backend.secret", weed.secret_key)
        state = Path(join.folder if join else self.folder) / "state"
        private_folder(state)
        LEAKS.watch(self.folder)
        LEAKS.know("backend secret", weed.secret_key)
        self.state = state
        self.sections = {
            "listen": {"stop_delay_seconds": 0},
            "admin": {},
            "backend": {
                "endpoint": backend or weed.endpoint,
                "region": "us-east-1",
                "access_key": weed.access_key,
                "secret_key": f"file:{backend_secret}",
            },
            "store": {
                "url": store_url or redis.url if redis else f"sqlite:{state / 'rolegate.db'}",
                "key": f"file:{state / 'store.key'}",
            },
            "identity": {"account_id": ""},
            "token": {"keys": f"file:{state / 'token.keys'}"},
            "logs": {"access": f"file:{self.folder / 'access.log'}", "audit": f"file:{self.folder / 'audit.log'}"},
        }
        if redis and not join:  # gates that share a store are given their keys; SQLite makes them at its first start
            private_file(state / "store.key", secrets.token_hex(32) + "\n")
            private_file(state / "token.keys", f"k1:minting:{secrets.token_hex(32)}\n")
        self.config = self.folder / "rolegate.toml"
        self._write_config()

    @property
    def endpoint(self):
        scheme = "https" if self.sections["listen"].get("tls_cert") else "http"
        return f"{scheme}://{self.address}"

    def cli(self, *words, check=True, followed=True):
        """Runs `rolegate --config ... words` and returns the completed process (text), once running gates follow."""
        command = [str(self.binary), "--config", str(self.config), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        LEAKS.know("access secret", *SECRET.findall(" ".join(map(str, words)) + done.stdout))
        if check and done.returncode:
            raise AssertionError(f"{' '.join(words)}: status {done.returncode}\n{done.stdout}{done.stderr}")
        if followed and self.process:
            time.sleep(FOLLOWED)
        return done

    def json(self, *words):
        return json.loads(self.cli(*words).stdout)

    def create_testers(self):
        """The two users of the seed documents: TESTER1 may manage roles and providers, TESTER2 nothing."""
        for (name, secret), caps in ((TESTER1, "roles=*;oidc-provider=*"), (TESTER2, None)):
            words = ["user", "create", f"--uid={name}", f"--display-name={name}"]
            words += [f"--access-key={name}", f"--secret={secret}"]
            self.cli(*words, *([f"--caps={caps}"] if caps else []))

    def start(self):
        """Serves on free ports and returns self once /readyz says 200."""
        retry(self._serve)
        return self

    def stop(self):
        """Ends the process; its metrics, and the keys that it made, go to the scanner of leaks."""
        if not self.process:
            return None
        with contextlib.suppress(requests.RequestException):
            page = requests.get(f"http://{self.admin}/metrics", timeout=5)
            LEAKS.keep(f"metrics of {self.folder.name}", page.content)
        for kind, name in (("store key", "store.key"), ("token ring key", "token.keys")):
            with contextlib.suppress(OSError):
                LEAKS.know(kind, *re.findall(r"[0-9a-fA-F]{64}", (self.state / name).read_text()))
        return self.process.stop()

    def memory(self, field="VmRSS"):
        """Bytes of the process by /proc: VmRSS now, VmHWM the highest ever."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"no {field} in /proc/{self.process.pid}/status")

    def audit(self):
        return [json.loads(line) for line in (self.folder / "audit.log").read_text().splitlines()]

    def _serve(self):
        self._write_config()
        self.process = Process("rolegate", [self.binary, "--config", self.config, "serve"], self.folder / "gate.log")
        try:
            self.process.wait_ready(self._ready, 30)
        except StartError:
            self.process.stop(seconds=1)
            raise

    def _ready(self):
        try:
            return requests.get(f"http://{self.admin}/readyz", timeout=2).status_code == 200
        except requests.ConnectionError:
            return False

    def _write_config(self):
        listen, admin = free_ports(2)
        self.address, self.admin = f"{HOST}:{listen}", f"{HOST}:{admin}"
        self.sections["listen"]["address"], self.sections["admin"]["address"] = self.address, self.admin
        for section, keys in self._overrides.items():
            self.sections.setdefault(section, {}).update(keys)
        private_file(self.config, toml(self.sections))
