"""What the gate shows of itself: health, readiness, metrics, access log and audit log; and what it never shows.

Proven: /readyz follows the store and the stop signal; metrics count requests by plane, operation, decision and status
without a name in any label; one access line a request and one audit line a decision, chained by hashes over restarts;
a request id in every answer, the same as in the logs; no secret, token or signature in any log, metric or error answer.
"""

import hashlib
import json
import re
import signal
import socket
from types import SimpleNamespace

import pytest
import requests
from clients import Keys, allow, assume, client, document, make_role, refused, signed, unique
from gate import TESTER1, TESTER2
from servers import poll

OWNER, USER, TRUSTED = Keys(*TESTER1), Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def page(gate, path):
    return requests.get(f"http://{gate.admin}{path}", timeout=5)


def access_lines(gate):
    return [json.loads(line) for line in (gate.folder / "access.log").read_text().splitlines()]


def line_of(gate, request_id, log="access"):
    """The one line of that request: logs are written off the request path."""
    lines = access_lines if log == "access" else type(gate).audit

    def found():
        return [line for line in lines(gate) if line.get("request_id") == request_id]

    poll(found, 5, f"the {log} line of {request_id}")
    (line,) = found()
    return line


@pytest.fixture(scope="module")
def served(gate):
    one = gate()
    name, arn = make_role(one.endpoint, OWNER, TRUSTED)
    keys = assume(one.endpoint, USER, arn)
    s3, bucket = client("s3", one.endpoint, keys), unique("seen-")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"content")
    return SimpleNamespace(gate=one, endpoint=one.endpoint, role=name, arn=arn, keys=keys, s3=s3, bucket=bucket)


# ---- the admin listener


def test_health_and_readiness(served):
    assert (page(served.gate, "/healthz").status_code, page(served.gate, "/readyz").status_code) == (200, 200)


def test_rule_32_admin_pages_are_read_only_and_on_their_own_listener(served):
    assert page(served.gate, "/").status_code == 404
    assert requests.post(f"http://{served.gate.admin}/metrics").status_code == 405
    elsewhere = requests.get(f"http://{served.gate.admin}/metrics", headers={"Host": "evil.example"})
    assert elsewhere.status_code == 421 and "rolegate_" not in elsewhere.text
    for path in ("/healthz", "/readyz", "/metrics"):
        answer = requests.get(served.endpoint + path)
        assert answer.status_code in (400, 403) and "rolegate_" not in answer.text, path


def ready(one):
    """By an agent's measure: anything but a 200 is not. A stopping gate may have closed this listener too."""
    try:
        return page(one, "/readyz").status_code == 200
    except requests.ConnectionError:
        return False


def test_a_gate_told_to_stop_is_not_ready_and_requests_in_flight_end(gate):
    one = gate()
    client("s3", one.endpoint, OWNER).create_bucket(Bucket=(bucket := unique("stop-")))
    url = client("s3", one.endpoint, OWNER).generate_presigned_url("put_object", {"Bucket": bucket, "Key": "slow"})
    host, port = one.address.split(":")
    with socket.create_connection((host, port)) as upload:
        target = url[len(one.endpoint) :]
        upload.sendall(f"PUT {target} HTTP/1.1\r\nHost: {one.address}\r\nContent-Length: 4\r\n\r\nab".encode())
        poll(lambda: page(one, "/healthz").status_code == 200, 5, "the request in flight")
        one.process.child.send_signal(signal.SIGTERM)
        poll(lambda: not ready(one), 5, "not ready")
        assert one.process.exited() is None
        upload.sendall(b"cd")
        upload.settimeout(20)
        assert upload.recv(65536).startswith(b"HTTP/1.1 200")
    poll(lambda: one.process.exited() is not None, 20, "the end")
    assert one.process.exited() == 0
    again = one.start()
    assert client("s3", again.endpoint, OWNER).get_object(Bucket=bucket, Key="slow")["Body"].read() == b"abcd"


def test_readyz_and_requests_when_redis_is_gone(gate):
    one = gate(store="redis", cache={"stale_grace_seconds": 2})
    s3 = client("s3", one.endpoint, OWNER)
    s3.list_buckets()
    client("s3", one.endpoint, OWNER).create_bucket(Bucket=(bucket := unique("gone-")))
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    one.redis.stop()
    poll(lambda: page(one, "/readyz").status_code == 503, 15, "not ready")
    assert page(one, "/healthz").status_code == 200
    poll(lambda: code_of(s3.get_object, Bucket=bucket, Key="k") == ("ServiceUnavailable", 503), 15, "the grace's end")
    iam = client("iam", one.endpoint, OWNER)
    assert refused(iam.list_roles)[1] == 503
    assert "rolegate_store_up 0" in page(one, "/metrics").text
    assert "redis" not in requests.get(f"http://{one.admin}/metrics").text.lower()


def code_of(call, **parameters):
    try:
        call(**parameters)
        return None
    except Exception as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]


# ---- metrics


def samples(text):
    """{(name, frozenset of labels): value}"""
    found = {}
    for name, labels, value in re.findall(r"^([a-z_]+)(?:\{(.*?)\})? ([0-9.e+-]+)$", text, re.M):
        found[name, frozenset(re.findall(r'([a-z_]+)="([^"]*)"', labels))] = float(value)
    return found


def counted(served, **labels):
    wanted = frozenset(labels.items())
    return samples(page(served.gate, "/metrics").text).get(("rolegate_requests_total", wanted), 0)


def test_requests_are_counted_by_plane_operation_decision_and_status(served):
    iam, sts = client("iam", served.endpoint, OWNER), client("sts", served.endpoint, USER)
    stranger = client("s3", served.endpoint, USER)
    cases = [
        (lambda: served.s3.get_object(Bucket=served.bucket, Key="k"), "s3", "GetObject", "allow", "2xx"),
        (lambda: refused(served.s3.get_object, Bucket=served.bucket, Key="no"), "s3", "GetObject", "allow", "4xx"),
        (
            lambda: refused(stranger.get_object, Bucket=served.bucket, Key="k"),
            "s3", "GetObject", "implicit_deny", "4xx",
        ),
        (lambda: requests.get(f"{served.endpoint}/{served.bucket}"), "s3", "ListObjects", "implicit_deny", "4xx"),
        (lambda: iam.get_role(RoleName=served.role), "iam", "GetRole", "allow", "2xx"),
        (lambda: sts.get_caller_identity(), "sts", "GetCallerIdentity", "allow", "2xx"),
    ]  # fmt: skip
    for call, plane, operation, decision, status in cases:
        labels = {"plane": plane, "operation": operation, "decision": decision, "status": status}
        before = counted(served, **labels)
        call()
        poll(lambda: counted(served, **labels) == before + 1, 5, str(labels))  # noqa: B023


def test_metrics_have_latencies_caches_and_no_names(served):
    text = page(served.gate, "/metrics").text
    found = samples(text)
    for name in ("verify", "decide", "upstream", "request"):
        counts = [
            value for (sample, labels), value in found.items()
            if sample == f"rolegate_{name}_seconds_count" and ("plane", "s3") in labels
        ]  # fmt: skip
        assert sum(counts) > 0, name
    hits = {dict(labels)["cache"]: value for (n, labels), value in found.items() if n == "rolegate_cache_hits_total"}
    assert hits["keys"] > 0 and hits["roles"] > 0 and hits["sessions"] > 0
    assert set(hits) == {"keys", "users", "roles", "groups", "policies", "providers", "buckets", "sessions"}
    assert found["rolegate_key_fetches_total", frozenset({("outcome", "fetched")})] == 0
    assert found["rolegate_store_up", frozenset()] == 1
    for name in (served.bucket, served.role, "TESTER1", "TESTER2", "Bob", "arn:", "ASIA", "AROA"):
        assert name not in text, name
    allowed = {"plane", "operation", "decision", "status", "cache", "direction", "log", "outcome", "le"}
    assert {label for _, labels in found for label, _ in labels} <= allowed


# ---- logs


def test_every_answer_has_a_request_id_which_is_in_both_logs(served):
    ok = served.s3.get_object(Bucket=served.bucket, Key="k")
    ok["Body"].read()
    iam = client("iam", served.endpoint, OWNER).get_role(RoleName=served.role)
    denied = signed("GET", f"{served.endpoint}/{served.bucket}/k", USER)
    broken = requests.get(f"{served.endpoint}/{served.bucket}?nonsense")
    anonymous = requests.get(f"{served.endpoint}/{served.bucket}/k")
    sts = requests.post(served.endpoint, data=b"Action=GetCallerIdentity", headers=FORM)
    ids = [ok["ResponseMetadata"]["RequestId"], iam["ResponseMetadata"]["RequestId"]]
    for answer in (denied, broken, anonymous):
        assert answer.headers["x-amz-id-2"]
        ids.append(answer.headers["x-amz-request-id"])
        assert f"<RequestId>{ids[-1]}</RequestId>" in answer.text
    ids.append(sts.headers["x-amzn-RequestId"])
    assert f"<RequestId>{ids[-1]}</RequestId>" in sts.text
    assert len(set(ids)) == 6
    for request_id in ids:
        access, audit = line_of(served.gate, request_id), line_of(served.gate, request_id, "audit")
        assert access["status"] == audit["status"] and access["source"] == audit["source"] == "127.0.0.1"


def test_access_line(served):
    answer = served.s3.get_object(Bucket=served.bucket, Key="k", Range="bytes=0-2")
    answer["Body"].read()
    line = line_of(served.gate, answer["ResponseMetadata"]["RequestId"])
    expected = {
        "log": "access",
        "principal": f"arn:aws:sts:::assumed-role/{served.role}/Bob",
        "plane": "s3",
        "operation": "GetObject",
        "method": "GET",
        "path": f"/{served.bucket}/k",
        "bucket": served.bucket,
        "status": 206,
        "decision": "allow",
        "backend_status": 206,
        "bytes_out": 3,
    }
    assert {name: line.get(name) for name in expected} == expected
    assert line["backend_request_id"] and line["total_us"] >= line["upstream_us"] > 0
    assert "Boto3" in line["user_agent"]


def test_rule_29_a_claimed_identity_is_not_a_principal(served):
    answer = signed("GET", f"{served.endpoint}/{served.bucket}/k", Keys(USER.access, "wrong"))
    for log in ("access", "audit"):
        line = line_of(served.gate, answer.headers["x-amz-request-id"], log)
        assert "principal" not in line and line["claimed_key"] == "TESTER2"


def test_audit_line_says_what_was_decided(served):
    name, arn = make_role(
        served.endpoint, OWNER, TRUSTED,
        document(allow("s3:*", "*", Sid="All"), allow("s3:PutObject", "*", effect="Deny", Sid="NoPut")),
    )  # fmt: skip
    s3 = client("s3", served.endpoint, assume(served.endpoint, USER, arn))
    ok = s3.get_object(Bucket=served.bucket, Key="k")
    line = line_of(served.gate, ok["ResponseMetadata"]["RequestId"], "audit")
    assert line["decision"] == "allow" and line["session_name"] == "Bob"
    assert line["decided"] == [f"s3:GetObject arn:aws:s3:::{served.bucket}/k"]
    assert any("All" in statement for statement in line["statements"]), line
    with pytest.raises(s3.exceptions.ClientError) as error:
        s3.put_object(Bucket=served.bucket, Key="k", Body=b"x")
    line = line_of(served.gate, error.value.response["ResponseMetadata"]["RequestId"], "audit")
    assert line["decision"] == "explicit_deny" and line["error"] == "AccessDenied" and "backend_status" not in line
    assert any("NoPut" in statement for statement in line["statements"]), line


def test_audit_chain_holds_over_commands_and_restarts(served):
    served.gate.cli("user", "create", "--uid=audited", "--access-key=AUDITED", "--secret=a-secret-of-audited")
    client("s3", served.endpoint, OWNER).list_buckets()
    served.gate.stop()
    served.gate.start()
    served.endpoint = served.gate.endpoint
    served.s3 = client("s3", served.endpoint, served.keys)
    served.s3.list_buckets()
    poll(lambda: served.gate.audit()[-1].get("operation") == "ListBuckets", 5, "the last line")
    previous, number = "0" * 64, 0
    for raw in (served.gate.folder / "audit.log").read_bytes().splitlines():
        line = json.loads(raw)
        number += 1
        assert (line["n"], line["prev"]) == (number, previous)
        previous = hashlib.sha256(raw).hexdigest()
    commands = [line for line in served.gate.audit() if line["event"] == "command"]
    assert any(line["target"] == "audited" and "uid" in line for line in commands)


def test_one_access_line_a_request(served):
    key, last = unique("counted-"), unique("last-")
    served.s3.put_object(Bucket=served.bucket, Key=key, Body=b"x")
    for _ in range(20):
        served.s3.head_object(Bucket=served.bucket, Key=key)
    served.s3.put_object(Bucket=served.bucket, Key=last, Body=b"x")
    of = lambda name: [line["method"] for line in access_lines(served.gate) if line["path"].endswith(name)]
    poll(lambda: of(last), 5, "the line of the last request")
    assert of(key) == ["PUT"] + ["HEAD"] * 20


def test_rule_29_no_secret_token_or_signature_is_ever_written(served, weed):
    """Everything that could leak is sent, in the right places and in wrong ones; then all that was written is read."""
    canary = unique("canary-secret-")
    served.gate.cli("user", "create", "--uid=canary", "--access-key=CANARY", f"--secret={canary}")
    user = Keys("CANARY", canary)
    poll(lambda: code_of(client("s3", served.endpoint, user).list_buckets) is None, 5, "the canary")
    arn = make_role(served.endpoint, OWNER, "arn:aws:iam:::user/canary")[1]
    session = assume(served.endpoint, user, arn)
    s3, url = client("s3", served.endpoint, session), f"{served.endpoint}/{served.bucket}/k"
    s3.get_object(Bucket=served.bucket, Key="k")["Body"].read()
    presigned = s3.generate_presigned_url("get_object", {"Bucket": served.bucket, "Key": "k"})
    assert requests.get(presigned).status_code == 200
    bad = Keys(session.access, session.secret, session.token[:-4] + "AAAA")
    answers = [
        requests.get(presigned + "&x=1"),
        requests.get(presigned.replace("Expires=3600", "Expires=9999999")),
        requests.get(url, headers={"Authorization": f"Bearer {canary}"}),
        requests.get(url, headers={"x-amz-security-token": session.token}),
        requests.get(f"{url}?X-Amz-Security-Token={session.token}"),
        signed("GET", url, bad),
        signed("GET", url, Keys("CANARY", canary, session.token)),
        signed("GET", url, Keys(session.access, session.secret)),
        signed("GET", url, Keys("CANARY", canary[:-1])),
        signed("PUT", url + "?acl", session, body=b"<x/>"),
        requests.post(served.endpoint, data=f"Action=X&WebIdentityToken={canary}".encode(), headers=FORM),
        requests.get(f"{served.endpoint}/?Action=AssumeRoleWithWebIdentity&WebIdentityToken={canary}"),
        signed("POST", served.endpoint, user, body=f"Action=Nope&Secret={canary}".encode(), headers=FORM, service="iam"),
        requests.get(url, headers={"Host": "x", "Authorization": "AWS4-HMAC-SHA256 Credential=" + canary}),
    ]
    signatures = set(re.findall(r"X-Amz-Signature=([0-9a-f]{64})", presigned))
    last = answers[-2].headers.get("x-amzn-RequestId") or answers[-2].headers["x-amz-request-id"]
    line_of(served.gate, last)
    metrics = page(served.gate, "/metrics").text
    written = [path for path in served.gate.folder.rglob("*") if path.suffix == ".log"]
    assert len(written) >= 3
    texts = {path.name: path.read_text(errors="replace") for path in written} | {"metrics": metrics}
    for what in (canary, session.secret, session.token, bad.token, session.token[20:60], TESTER1[1], TESTER2[1]):
        for name, text in texts.items():
            assert what not in text, f"{name} has {what[:20]}"
    for name, text in texts.items():
        assert weed.secret_key not in text
        assert not any(signature in text for signature in signatures), name
        assert "X-Amz-Signature" not in text and "Signature=" not in text, name
    state = served.gate.folder / "state"
    for path in state.iterdir():  # at rest: rule 27
        content = path.read_bytes()
        assert canary.encode() not in content and TESTER1[1].encode() not in content, path
        assert path.stat().st_mode & 0o077 == 0, path
    for answer in answers:
        assert session.secret not in answer.text and canary not in answer.text.replace(f"Bearer {canary}", "")


# Last: so many anonymous denials in a second are summed up in the audit log, others' among them.


def test_labels_do_not_grow_by_what_strangers_send(served):
    def labels():
        return {labels for name, labels in samples(page(served.gate, "/metrics").text) if "bucket" not in name}

    for n in range(3):  # the kinds are known after this
        strangers(served, n)
    before = len(labels())
    for n in range(10, 30):
        strangers(served, n)
    assert len(labels()) == before


def strangers(served, n):
    requests.get(f"{served.endpoint}/bucket-{n}/key-{n}")
    requests.get(f"{served.endpoint}/bucket-{n}?unheard-{n}")
    requests.request(f"ODD{n}", f"{served.endpoint}/x")
    signed("POST", served.endpoint, OWNER, body=f"Action=Odd{n}".encode(), headers=FORM, service="iam")
