"""The backend refuses the gate's own credentials: a fault of the gate, which its clients must not take for theirs.

SeaweedFS answers 403 with SignatureDoesNotMatch or InvalidAccessKeyId and names the gate's key id there. What clients get
is 503 and names nothing; what the gate's log gets is a line that says which keys of the configuration to look at.
"""

import secrets
from types import SimpleNamespace

import pytest
import requests
from clients import Keys, client, refused, unique
from gate import TESTER1

OWNER = Keys(*TESTER1)


@pytest.fixture(scope="module", params=["wrong secret", "unknown key"])
def served(request, gate, weed):
    """A bucket and an object made through a good gate, then a gate on the same store whose key at the backend is wrong."""
    good = gate()
    s3, bucket = client("s3", good.endpoint, OWNER), unique("keys-")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"content")
    good.stop()
    keys = {"access_key": "NOSUCHBACKENDKEY"}
    if request.param == "wrong secret":
        (good.folder / "wrong.secret").write_text(secrets.token_hex(20))
        keys = {"secret_key": f"file:{good.folder / 'wrong.secret'}"}
    bad = gate(join=good, backend=keys)
    name = keys.get("access_key", weed.access_key)
    return SimpleNamespace(good=good, gate=bad, s3=client("s3", bad.endpoint, OWNER), bucket=bucket, backend_key=name)


CALLS = [
    ("list_buckets", {}),
    ("list_objects_v2", {"Bucket": ...}),
    ("delete_objects", {"Bucket": ..., "Delete": {"Objects": [{"Key": "k"}]}}),
    ("put_object_tagging", {"Bucket": ..., "Key": "k", "Tagging": {"TagSet": []}}),
    ("delete_bucket", {"Bucket": ...}),
    ("create_bucket", {"Bucket": "made-with-the-wrong-key"}),
    ("get_object", {"Bucket": ..., "Key": "k"}),
    ("put_object", {"Bucket": ..., "Key": "k", "Body": b"x"}),
    ("delete_object", {"Bucket": ..., "Key": "k"}),
    ("create_multipart_upload", {"Bucket": ..., "Key": "k"}),
]


@pytest.mark.parametrize(("call", "parameters"), CALLS)
def test_a_refusal_of_the_gate_is_not_the_clients(served, call, parameters):
    parameters = {name: served.bucket if value is ... else value for name, value in parameters.items()}
    code, status, message = refused(getattr(served.s3, call), **parameters)
    assert (code, status) == ("ServiceUnavailable", 503), message
    assert served.backend_key not in message and "ignature" not in message and "ccess key" not in message.lower()


def test_the_bytes_of_the_answer_name_nothing(served):
    url = served.s3.generate_presigned_url("list_objects_v2", {"Bucket": served.bucket})
    answer = requests.get(url)
    assert answer.status_code == 503
    assert served.backend_key not in answer.text + str(answer.headers)


def test_the_log_says_what_to_look_at(served):
    refused(served.s3.list_buckets)
    lines = [line for line in (served.gate.folder / "gate.log").read_text().splitlines() if '"ERROR"' in line]
    assert any("backend.access_key" in line and "backend.secret_key" in line for line in lines), lines[-3:]
    assert served.backend_key not in "".join(lines)


def test_a_bucket_that_could_not_be_deleted_is_there_still(served, gate, weed):
    """The backend has done nothing, and the record says so: with the right key the bucket is in use as before."""
    refused(served.s3.delete_bucket, Bucket=served.bucket)
    again = gate(join=served.good)
    s3 = client("s3", again.endpoint, OWNER)
    assert s3.get_object(Bucket=served.bucket, Key="k")["Body"].read() == b"content"
    assert served.bucket in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
