"""No upload that is tampered with, cut or stalled leaves an object, or changes one that is there.

For every body plan (what the client says of its body), with framing passed on and decoded, with the fault in the first
chunk, the last one, the seal after it, the trailer and the very last byte. An object that was there keeps content, ETag
and metadata; a part and a body that the gate reads itself are held to the same. Each gate's timeouts are a second, so that a
stalled upload ends; every fault of a plan is sent at once.
"""

import base64
import hashlib
import hmac
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from clients import REGION, Keys, assume, client, make_role, unique
from gate import TESTER1, TESTER2
from raw import Connection, message, presigned_target, settled, signed_headers

CHUNK = 16_384
CONTENT = os.urandom(2 * CHUNK + 5_000)
KINDS = {
    "unsigned trailer": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    "signed chunks": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "signed trailer": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
}
PLANS = ["hashed", "unsigned", "presigned", *KINDS]
REFUSALS = {
    "XAmzContentSHA256Mismatch", "SignatureDoesNotMatch", "BadDigest", "XAmzContentChecksumMismatch",
    "IncompleteBody", "InvalidRequest", "InvalidChunkSizeError", "MalformedTrailerError",
}  # fmt: skip


@pytest.fixture(scope="module", params=["pass", "decode"])
def served(request, gate):
    one = gate(listen={"read_timeout_seconds": 1}, backend={"aws_chunked": request.param})
    _, arn = make_role(one.endpoint, Keys(*TESTER1), "arn:aws:iam:::user/TESTER2")
    keys = assume(one.endpoint, Keys(*TESTER2), arn)
    s3, bucket = client("s3", one.endpoint, keys), unique("whole-")
    s3.create_bucket(Bucket=bucket)
    return SimpleNamespace(gate=one, address=one.address, keys=keys, s3=s3, bucket=bucket)


# ---- uploads as their parts: [(place, bytes)], in the order of the wire


def upload(served, plan, target, content=CONTENT):
    """(head, parts) of a PUT."""
    if plan in KINDS:
        return chunked(served, KINDS[plan], target, content)
    more = {"Content-Length": str(len(content))}
    if plan == "presigned":
        target = presigned_target(served.address, "PUT", target, served.keys)
        headers = {"Host": served.address}
    else:
        payload = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"} if plan == "unsigned" else {}
        headers = signed_headers(served.address, "PUT", target, served.keys, content, payload)
    parts = [("first", content[:CHUNK]), ("last", content[CHUNK:-1]), ("last byte", content[-1:])]
    return message("PUT", target, headers | more), parts


def chunked(served, kind, target, content):
    pieces = [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)] + [b""]
    checksum = base64.b64encode(zlib.crc32(content).to_bytes(4, "big"))
    extra = {"X-Amz-Content-SHA256": kind, "x-amz-decoded-content-length": str(len(content)), "Content-Encoding": "aws-chunked"}
    if kind.endswith("TRAILER"):
        extra["x-amz-trailer"] = "x-amz-checksum-crc32"
    headers = signed_headers(served.address, "PUT", target, served.keys, b"", extra)
    field = b"x-amz-checksum-crc32:" + checksum
    if "UNSIGNED" in kind:
        framed = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces[:-1]] + [b"0\r\n"]
        end = [("trailer", field + b"\r\n\r"), ("last byte", b"\n")]
    else:
        sign = chain(served.keys, headers)
        framed = []
        for piece in pieces:
            signature = sign("PAYLOAD", hashlib.sha256(b"").hexdigest(), hashlib.sha256(piece).hexdigest())
            framed.append(b"%x;chunk-signature=%s\r\n%s\r\n" % (len(piece), signature, piece))
        end = [("last byte", b"\n")]
        framed[-1] = framed[-1][:-1]
        if kind.endswith("TRAILER"):
            framed[-1] = framed[-1][:-1]  # no empty line before the trailer
            signature = sign("TRAILER", hashlib.sha256(field + b"\n").hexdigest())
            seal = b"x-amz-trailer-signature:" + signature + b"\r\n\r"
            end = [("trailer", field + b"\r\n"), ("trailer signature", seal), *end]
    parts = [("first", framed[0]), ("middle", framed[1]), ("last", framed[2]), ("seal", framed[3]), *end]
    length = sum(len(part) for _, part in parts)
    return message("PUT", target, headers | {"Content-Length": str(length)}), parts


def chain(keys, headers):
    """Signs chunk after chunk, each signature resting on the one before."""
    date, previous = headers["X-Amz-Date"], headers["Authorization"].rpartition("Signature=")[2]
    scope, key = f"{date[:8]}/{REGION}/s3/aws4_request", f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")

    def sign(what, *hashes):
        nonlocal previous
        text = "\n".join([f"AWS4-HMAC-SHA256-{what}", date, scope, previous, *hashes])
        previous = hmac.digest(key, text.encode(), "sha256").hex()
        return previous.encode()

    return sign


# ---- faults: what is sent of an upload, and how the connection ends


def tampered(part):
    """The part with one byte of its middle altered: content, signature or checksum, never only the framing's case."""
    at = len(part) // 2
    other = b"A" if part[at : at + 1] != b"A" else b"B"
    return part[:at] + other + part[at + 1 :]


def send(served, head, parts, place, fault, end="close"):
    """Sends the upload with its fault; the answer, or None where the client did not wait for one."""
    at = [name for name, _ in parts].index(place)
    before, part = b"".join(data for _, data in parts[:at]), parts[at][1]
    with Connection(served.address) as connection:
        if fault == "tampered":
            connection.send(head + before + tampered(part) + b"".join(data for _, data in parts[at + 1 :]))
            return connection.answer("PUT")
        connection.send(head + before + part[: len(part) // 2])
        if fault == "cut" and end == "close":
            return None
        if fault == "cut":
            connection.no_more()
        answer = connection.answer("PUT")
        assert connection.is_closed(), (place, fault)
        return answer


def faults(plan, fault, parts):
    """The places where this fault can be noticed at all: nothing tells a byte altered in an unsigned body."""
    if fault == "tampered" and plan in ("unsigned", "presigned"):
        return []
    return [(place, end) for place, _ in parts for end in (("close", "shut") if fault == "cut" else ("",))]


def assert_refused(answer, fault, place):
    if fault == "tampered":
        assert answer.status in (400, 403) and answer.code in REFUSALS, (place, answer)
    elif fault == "stalled":
        assert (answer.status, answer.code) == (400, "RequestTimeout"), (place, answer)
    elif answer and answer.status:
        assert answer.status == 400 and answer.code in REFUSALS, (place, answer)


def all_at_once(jobs):
    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(*job) for job in jobs]:
            done.result()


FAULTS = ["tampered", "cut", "stalled"]
MATRIX = [(plan, fault) for plan in PLANS for fault in FAULTS if faults(plan, fault, [("", b"")])]


@pytest.mark.parametrize("plan", PLANS)
def test_the_upload_without_a_fault_is_stored(served, plan):
    """Otherwise nothing of what follows would prove anything."""
    key = unique("good-")
    head, parts = upload(served, plan, f"/{served.bucket}/{key}")
    with Connection(served.address) as connection:
        connection.send(head + b"".join(data for _, data in parts))
        assert connection.answer("PUT").status == 200
    assert served.s3.get_object(Bucket=served.bucket, Key=key)["Body"].read() == CONTENT


@pytest.mark.parametrize(("plan", "fault"), MATRIX, ids=[f"{plan}-{fault}" for plan, fault in MATRIX])
def test_no_object_and_no_changed_object(served, weed, plan, fault):
    there, new = unique("there-"), unique("new-")
    served.s3.put_object(Bucket=served.bucket, Key=there, Body=b"original", Metadata={"a": "b"}, ContentType="text/x")
    direct = weed.client()

    def looks():
        found = direct.get_object(Bucket=served.bucket, Key=there)
        keys = [entry["Key"] for entry in direct.list_objects_v2(Bucket=served.bucket, Prefix=new).get("Contents", [])]
        return found["Body"].read(), found["ETag"], found["Metadata"], found["ContentType"], found["LastModified"], keys

    def one(place, end, key):
        head, parts = upload(served, plan, f"/{served.bucket}/{key}")
        assert_refused(send(served, head, parts, place, fault, end), fault, place)

    before = looks()
    assert before[0] == b"original" and before[-1] == []
    _, parts = upload(served, plan, "/b/k")
    places = faults(plan, fault, parts)
    jobs = [(one, place, end, key) for place, end in places for key in (there, f"{new}-{place.replace(' ', '-')}-{end}")]
    all_at_once(jobs)

    def unchanged():
        assert looks() == before

    settled(unchanged)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("plan", ["hashed", "unsigned trailer", "signed trailer"])
def test_no_part_and_no_changed_part(served, weed, plan, fault):
    key = unique("parts-")
    upload_id = served.s3.create_multipart_upload(Bucket=served.bucket, Key=key)["UploadId"]
    name = {"Bucket": served.bucket, "Key": key, "UploadId": upload_id}
    served.s3.upload_part(**name, PartNumber=1, Body=b"original")
    direct = weed.client()

    def looks():
        parts = direct.list_parts(**name).get("Parts", [])
        return [(part["PartNumber"], part["ETag"], part["Size"]) for part in parts]

    def one(place, end, number):
        head, parts = upload(served, plan, f"/{served.bucket}/{key}?partNumber={number}&uploadId={upload_id}")
        assert_refused(send(served, head, parts, place, fault, end), fault, place)

    before = looks()
    assert len(before) == 1
    _, parts = upload(served, plan, "/b/k")
    all_at_once([(one, place, end, number) for place, end in faults(plan, fault, parts) for number in (1, 2)])

    def unchanged():
        assert looks() == before

    settled(unchanged)
    served.s3.abort_multipart_upload(**name)


@pytest.mark.parametrize("fault", FAULTS)
def test_bodies_that_the_gate_reads_do_nothing(served, weed, fault):
    """A list of keys to delete, tags, a bucket's versioning: tampered, cut and stalled."""
    key = unique("read-")
    served.s3.put_object(Bucket=served.bucket, Key=key, Body=b"original", Tagging="a=1")
    direct = weed.client()
    documents = [
        ("POST", "?delete", "", f"<Delete><Object><Key>{key}</Key></Object></Delete>"),
        ("PUT", "?tagging", f"/{key}", "<Tagging><TagSet><Tag><Key>a</Key><Value>2</Value></Tag></TagSet></Tagging>"),
        ("PUT", "?versioning", "", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
    ]

    def looks():
        tags = direct.get_object_tagging(Bucket=served.bucket, Key=key)["TagSet"]
        content = direct.get_object(Bucket=served.bucket, Key=key)["Body"].read()
        return content, tags, direct.get_bucket_versioning(Bucket=served.bucket).get("Status")

    def one(method, query, path, text, place, end):
        body = text.encode()
        digest = {"Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode()}
        headers = signed_headers(served.address, method, f"/{served.bucket}{path}{query}", served.keys, body, digest)
        head = message(method, f"/{served.bucket}{path}{query}", headers | {"Content-Length": str(len(body))})
        parts = [("first", body[:20]), ("last", body[20:-1]), ("last byte", body[-1:])]
        assert_refused(send(served, head, parts, place, fault, end), fault, place)

    before = looks()
    ends = ("close", "shut") if fault == "cut" else ("",)
    jobs = [(one, *line, place, end) for line in documents for place in ("first", "last", "last byte") for end in ends]
    all_at_once(jobs)

    def unchanged():
        assert looks() == before

    settled(unchanged)
