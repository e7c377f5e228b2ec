"""Logs under pressure (security rule 29): strangers cannot fill the audit log, and what cannot be audited is not done.

Proven: of a flood of anonymous denials some are written and all are counted, also when the gate stops right after it; a
gate that must audit and cannot answers 503 and says so to its agent, counts the lines that are lost, stores nothing, and
comes back by itself.
"""

import contextlib
import shutil
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from botocore.exceptions import ClientError
from clients import Keys, client, refused, unique
from gate import TESTER1
from servers import poll, private_folder

OWNER = Keys(*TESTER1)
FLOOD = 300


def test_rule_29_anonymous_denials_are_summed_up_and_none_is_lost(gate):
    one = gate()
    with requests.Session() as session, ThreadPoolExecutor(8) as pool:
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=8))
        began = time.time()
        statuses = list(pool.map(lambda n: session.get(f"{one.endpoint}/bucket/{n}").status_code, range(FLOOD)))
        seconds = int(time.time()) - int(began) + 1
    assert statuses == [403] * FLOOD
    assert one.stop() == 0
    lines = one.audit()
    shown = [line for line in lines if line["event"] == "request" and line.get("operation") == "GetObject"]
    summed = [line["count"] for line in lines if line["event"] == "anonymous-denials"]
    assert len(shown) <= 10 * (seconds + 1) < FLOOD
    assert len(shown) + sum(summed) == FLOOD
    assert len((one.folder / "access.log").read_text().splitlines()) == FLOOD


def dropped(one):
    for line in requests.get(f"http://{one.admin}/metrics", timeout=5).text.splitlines():
        if line.startswith('rolegate_log_dropped_total{log="audit"}'):
            return float(line.split()[-1])
    return 0


@pytest.mark.parametrize("required", [True, False])
def test_rule_29_a_gate_that_cannot_audit(gate, weed, tmp_path, required):
    folder = private_folder(tmp_path / "audit")
    one = gate(logs={"audit": f"file:{folder / 'audit.log'}"}, audit={"required": required})
    s3 = client("s3", one.endpoint, OWNER)
    s3.create_bucket(Bucket=(bucket := unique("audit-")))
    folder.rename(tmp_path / "gone")  # the log can neither be followed nor made anew
    with contextlib.suppress(ClientError):
        s3.list_buckets()  # the first to be lost, but for the line of the request before
    poll(lambda: dropped(one) >= 1, 5, "a line that was dropped is counted")
    ready = f"http://{one.admin}/readyz"
    if required:
        assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"x")[:2] == ("ServiceUnavailable", 503)
        assert refused(client("iam", one.endpoint, OWNER).list_roles)[1] == 503
        answer = requests.get(ready, timeout=5)
        assert answer.status_code == 503 and "audit" in answer.text
        assert "Contents" not in weed.client().list_objects_v2(Bucket=bucket)
    else:
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")
        assert requests.get(ready, timeout=5).status_code == 200
    assert "a log cannot be written" in (one.folder / "gate.log").read_text()
    shutil.move(tmp_path / "gone", folder)
    # By the agent's asking alone: a gate that is not ready is sent no requests.
    poll(lambda: requests.get(ready, timeout=5).status_code == 200, 5, "ready again")
    s3.put_object(Bucket=bucket, Key="k2", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key="k2")["Body"].read() == b"x"
