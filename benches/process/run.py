"""The whole-process benchmark: what a hop through the gate costs, beside hops that check nothing.

`make bench` runs it; alone: `cargo build --release --bins --examples`, then `.venv/bin/python benches/process/run.py`.

    QUICK=1     three rounds instead of ten, for a first look (about a minute)
    ROUNDS=20   as many rounds

One backend (nginx: static files, and a sink that reads uploads whole) behind three hops that run all the time: nginx as
a plain proxy, a pingora pass-through with its defaults (passthrough.rs), and the gate with the access log and the audit
log in files. wrk sends the same signed requests (role session, session token) to each in turn, one second each, round
after round, so that whatever else the machine does meets all of them. CPU is user and system time of the process under
test (all its threads) over the requests that wrk counted. A figure is the median over the rounds, with the interval
that holds the true median with at least 95 % where the rounds suffice; a ratio is taken within each round.

Each hop has the same one core to itself and the backend and wrk have another, where there are two or more.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from math import comb
from pathlib import Path
from statistics import median
from types import SimpleNamespace

PROJECT = Path(__file__).resolve().parents[2]
RELEASE = Path(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target")) / "release"
os.environ.setdefault("ROLEGATE_BIN", str(RELEASE / "rolegate"))
os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull, "NO_PROXY": "127.0.0.1"}
os.environ |= {"AWS_SHARED_CREDENTIALS_FILE": os.devnull}
sys.path[:0] = [str(PROJECT / "tests" / "e2e"), str(PROJECT / "tests" / "tools")]

from botocore.auth import S3SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402
from clients import REGION, Keys, allow, assume, document, make_role  # noqa: E402
from gate import TESTER1, TESTER2, Gate  # noqa: E402
from servers import HOST, Process, free_ports  # noqa: E402

KIB, MIB = 1024, 1024 * 1024
ROUNDS = int(os.environ.get("ROUNDS") or (3 if os.environ.get("QUICK") else 10))
SECONDS = 1
TICKS = os.sysconf("SC_CLK_TCK")

# Written by wrk at the end of a run, for us.
WRK = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests": %d, "micros": %d, "bytes": %d, "refused": %d, "broken": %d}\\n',
    summary.requests, summary.duration, summary.bytes, e.status, e.connect + e.read + e.write + e.timeout))
end
"""

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log error;
worker_rlimit_nofile 4096;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; keepalive_timeout 1h;
  client_max_body_size 16m; client_body_buffer_size 2m; proxy_buffering on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; proxy_max_temp_file_size 0;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{servers}
}}
"""

# An upload is read whole before the second server, which never sees it, answers.
BACKEND = """
  open_file_cache max=100;
  upstream done {{ server {host}:{second}; keepalive 64; }}
  server {{
    listen {host}:{port};
    location / {{ root {folder}/data; if ($request_method = PUT) {{ rewrite ^ /.sink last; }} }}
    location = /.sink {{
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Content-Length "";
      proxy_pass_request_headers off; proxy_pass_request_body off; proxy_method GET; proxy_pass http://done/;
    }}
  }}
  server {{ listen {host}:{second}; location / {{ add_header ETag '"0"'; return 200; }} }}
"""

PROXY = """
  upstream backend {{ server {host}:{backend}; keepalive 64; }}
  server {{
    listen {host}:{port};
    location / {{
      proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_request_buffering off;
    }}
  }}
"""


@dataclass(frozen=True)
class Load:
    """A kind of request. `size` bytes move with each; only the gate `refuses`."""

    name: str
    method: str
    key: str
    size: int
    connections: int
    payload: str = None
    refused: bool = False


LOADS = [
    Load("GET 1 KiB", "GET", "/bench/1k", KIB, 32),
    Load("GET 8 MiB", "GET", "/bench/8m", 8 * MIB, 4),
    Load("PUT 1 MiB unsigned", "PUT", "/bench/put", MIB, 4, "UNSIGNED-PAYLOAD"),
    Load("PUT 1 MiB hashed", "PUT", "/bench/put", MIB, 4, "hashed"),
    Load("GET denied", "GET", "/other/1k", KIB, 32, refused=True),
]
SMALL, DENIED = LOADS[0], LOADS[4]
BODY = "x" * MIB


@dataclass
class Hop:
    name: str
    address: str
    process: Process


@dataclass(frozen=True)
class Run:
    """One second of one load on one hop."""

    cpu: float  # microseconds per request
    rate: float  # requests per second


def cores():
    """(core of the hop under test, cores of all the rest): the same where there is only one."""
    all_cores = sorted(os.sched_getaffinity(0))
    return ({all_cores[-1]}, set(all_cores[:-1])) if len(all_cores) > 1 else (set(all_cores), set(all_cores))


def on(some_cores, start):
    """Starts a process that, like all it starts, stays on the cores given."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, some_cores)
    try:
        return start()
    finally:
        os.sched_setaffinity(0, before)


def nginx(folder, servers, port, **values):
    folder.mkdir()
    text = NGINX.format(folder=folder, servers=servers.format(folder=folder, host=HOST, port=port, **values))
    (folder / "nginx.conf").write_text(text)
    binary = shutil.which("nginx") or "/usr/sbin/nginx"
    # The first error log is the one from before the configuration is read.
    command = [binary, "-e", folder / "error.log", "-p", folder, "-c", folder / "nginx.conf"]
    return ready(Process("nginx", command, folder / "nginx.log"), port)


def ready(process, port):
    import socket

    def answers():
        with socket.socket() as probe:
            return probe.connect_ex((HOST, int(port))) == 0

    process.wait_ready(answers, 20)
    return process


def backend(folder):
    port, second = free_ports(2)
    process = nginx(folder, BACKEND, port, second=second)
    for bucket in ("bench", "other"):
        (folder / "data" / bucket).mkdir(parents=True)
        (folder / "data" / bucket / "1k").write_bytes(secrets.token_bytes(KIB))
        (folder / "data" / bucket / "8m").write_bytes(secrets.token_bytes(8 * MIB))
    return Hop("backend directly", f"{HOST}:{port}", process)


def proxy(folder, behind):
    (port,) = free_ports(1)
    process = nginx(folder, PROXY, port, backend=behind.address.split(":")[1])
    return Hop("nginx", f"{HOST}:{port}", process)


def passthrough(folder, behind):
    (port,) = free_ports(1)
    command = [RELEASE / "examples" / "passthrough", f"{HOST}:{port}", behind.address, 1]
    return Hop("pass-through", f"{HOST}:{port}", ready(Process("passthrough", command, folder / "pass.log"), port))


def gate(folder, behind):
    """The gate before a backend whose buckets it has no records of; policies decide on them."""
    keys = SimpleNamespace(endpoint=f"http://{behind.address}", access_key="backend", secret_key=secrets.token_hex(20))
    one = Gate(folder, keys)
    one.sections["backend"]["unrecorded_bucket_owner"] = "account"
    one.create_testers()
    one.start()
    return one, Hop("gate", one.address, one.process)


def role_keys(one):
    """Temporary keys of a role that may do everything with the objects of one bucket and nothing else."""
    policy = document(allow("s3:*", ["arn:aws:s3:::bench", "arn:aws:s3:::bench/*"]))
    _, arn = make_role(one.endpoint, Keys(*TESTER1), "arn:aws:iam:::user/TESTER2", policy)
    return assume(one.endpoint, Keys(*TESTER2), arn)


class _Signer(S3SigV4Auth):
    """Signs UNSIGNED-PAYLOAD over plain HTTP too."""

    unsigned = False

    def payload(self, request):
        return "UNSIGNED-PAYLOAD" if self.unsigned else super().payload(request)


def script(path, load, address, keys):
    """The wrk script of a load: one request with fixed headers, signed for the gate's address."""
    body = BODY if load.method == "PUT" else ""
    request = AWSRequest(load.method, f"http://{address}{load.key}", data=body)
    signer = _Signer(Credentials(keys.access, keys.secret, keys.token), "s3", REGION)
    signer.unsigned = load.payload == "UNSIGNED-PAYLOAD"
    signer.add_auth(request)
    lines = [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in request.headers.items()]
    lines += [f'wrk.method = "{load.method}"', f'wrk.headers["Host"] = "{address}"']
    lines += [f'wrk.body = string.rep("x", {MIB})'] if body else []
    path.write_text("\n".join(lines) + WRK)
    return path


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS  # utime, stime (proc(5))


def measure(hop, load, script_path, rest):
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{SECONDS}s", "--timeout", "20s", "-s", str(script_path)]
    before = cpu_seconds(hop.process.pid)
    done = on(rest, lambda: subprocess.run([*command, f"http://{hop.address}{load.key}"], capture_output=True, text=True))
    spent = cpu_seconds(hop.process.pid) - before
    if done.returncode:
        raise SystemExit(f"wrk: {done.stdout}{done.stderr}")
    counted = json.loads(done.stdout.splitlines()[-1])
    expected = counted["requests"] if load.refused else 0
    if counted["broken"] or counted["refused"] != expected or not counted["requests"]:
        raise SystemExit(f"{hop.name}, {load.name}: not the answers expected: {counted}")
    if load.method == "GET" and not load.refused and counted["bytes"] < counted["requests"] * load.size:
        raise SystemExit(f"{hop.name}, {load.name}: answers too short: {counted}")
    return Run(spent * 1e6 / counted["requests"], counted["requests"] * 1e6 / counted["micros"])


def interval(values):
    """The order statistics that hold the median with at least 95 %; the whole range where there are too few."""
    values, n = sorted(values), len(values)
    outside, low = 0.0, 0
    while low < n // 2:
        outside += comb(n, low) / 2**n
        if 2 * outside > 0.05:
            break
        low += 1
    low = max(low - 1, 0)
    return values[low], values[n - 1 - low]


def shown(values, digits):
    low, high = interval(values)
    return f"{median(values):,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def report(runs, hops):
    print(f"\nMedian and interval of {ROUNDS} rounds. Ratios: to the pass-through in the same round.\n")
    print("| request | hop | CPU µs per request | CPU ratio | requests/s | throughput ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    for load in LOADS:
        # A denial is compared to the GET that it would have been.
        base = runs["pass-through", (SMALL if load.refused else load).name]
        for hop in hops:
            these = runs.get((hop.name, load.name))
            if not these:
                continue
            pairs = list(zip(these, base))
            print(
                f"| {load.name} | {hop.name} | {shown([run.cpu for run in these], 1)} "
                f"| {shown([run.cpu / other.cpu for run, other in pairs], 2)} "
                f"| {shown([run.rate for run in these], 0)} "
                f"| {shown([run.rate / other.rate for run, other in pairs], 2)} |"
            )
    cpu = lambda load: median(a.cpu / b.cpu for a, b in zip(runs["gate", load.name], runs["pass-through", SMALL.name]))
    rate = median(a.rate / b.rate for a, b in zip(runs["gate", LOADS[1].name], runs["pass-through", LOADS[1].name]))
    print("\nBars:")
    for text, value, bar, met in [
        ("GET 1 KiB, CPU ratio at most", cpu(SMALL), 1.35, cpu(SMALL) <= 1.35),
        ("GET denied, CPU ratio at most", cpu(DENIED), 0.60, cpu(DENIED) <= 0.60),
        ("GET 8 MiB, throughput ratio at least", rate, 0.95, rate >= 0.95),
    ]:
        print(f"  {'met   ' if met else 'MISSED'}  {text} {bar:.2f}: {value:.2f}")


def main():
    under_test, rest = cores()
    folder = Path(tempfile.mkdtemp(prefix="rolegate-bench-"))
    hops = []
    try:
        hops.append(on(rest, lambda: backend(folder / "backend")))
        hops.append(on(under_test, lambda: proxy(folder / "proxy", hops[0])))
        hops.append(on(under_test, lambda: passthrough(folder, hops[0])))
        one, hop = on(under_test, lambda: gate(folder / "gate", hops[0]))
        hops.append(hop)
        keys = role_keys(one)
        scripts = {load: script(folder / f"{n}.lua", load, one.address, keys) for n, load in enumerate(LOADS)}
        runs = {}
        for turn in range(ROUNDS + 1):
            for load in LOADS:
                for hop in hops:
                    if load.refused and hop.name != "gate":
                        continue
                    run = measure(hop, load, scripts[load], rest)
                    if turn > 0:  # the first round warms up
                        runs.setdefault((hop.name, load.name), []).append(run)
            print(f"round {turn} of {ROUNDS}" if turn else "warm", file=sys.stderr, flush=True)
        report(runs, hops)
    finally:
        for hop in hops:
            hop.process.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
