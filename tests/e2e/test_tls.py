"""The whole process over TLS, with a certificate authority made for the run.

Proven: boto3 with `verify=CA` works through the gate; over TLS it sends checksums as trailers of an aws-chunked body
with an unsigned payload, and those reach the backend checked and whole; a client that does not trust the CA, and plain
HTTP on the TLS port, get nothing.
"""

import hashlib
import os

import pytest
import requests
import trustme
from botocore.exceptions import SSLError
from clients import Keys, assume, client, make_role, refused, unique
from gate import TESTER1, TESTER2


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """(CA file, certificate chain, key) for 127.0.0.1."""
    folder, ca = tmp_path_factory.mktemp("tls"), trustme.CA()
    issued = ca.issue_cert("127.0.0.1", "localhost")
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "key.pem").chmod(0o600)
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(str(folder / "chain.pem"), append=number > 0)
    return folder / "ca.pem", folder / "chain.pem", folder / "key.pem"


@pytest.fixture(scope="module")
def served(gate, authority, recorder):
    ca, chain, key = authority
    return gate(backend=recorder.endpoint, listen={"tls_cert": str(chain), "tls_key": str(key)})


@pytest.fixture(scope="module")
def s3(served, authority):
    ca = str(authority[0])
    _, arn = make_role(served.endpoint, Keys(*TESTER1), "arn:aws:iam:::user/TESTER2", verify=ca)
    keys = assume(served.endpoint, Keys(*TESTER2), arn, verify=ca)
    return client("s3", served.endpoint, keys, verify=ca)


@pytest.fixture(scope="module")
def bucket(s3):
    name = unique("tls-")
    s3.create_bucket(Bucket=name)
    return name


def test_put_with_trailer_checksum(s3, bucket, recorder):
    sent = []
    s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: sent.append(dict(request.headers)))
    content = os.urandom(300_000)
    recorder.take()
    s3.put_object(Bucket=bucket, Key="trailer", Body=content)
    assert sent[0]["X-Amz-Content-SHA256"] in (
        b"STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    )
    (seen,) = [request for request in recorder.take() if request.method == "PUT"]
    assert seen.headers["x-amz-content-sha256"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    assert seen.headers["x-amz-trailer"] == "x-amz-checksum-crc32"
    assert seen.headers["x-amz-decoded-content-length"] == str(len(content))
    assert "Credential=backend-key/" in seen.headers["authorization"]
    assert "x-amz-security-token" not in seen.headers
    got = s3.get_object(Bucket=bucket, Key="trailer", ChecksumMode="ENABLED")
    assert got["Body"].read() == content and got["ChecksumCRC32"]


def test_empty_and_sha256_trailers(s3, bucket):
    for key, content in (("empty", b""), ("small", b"x"), ("odd", os.urandom(65537))):
        s3.put_object(Bucket=bucket, Key=key, Body=content, ChecksumAlgorithm="SHA256")
        got = s3.get_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
        assert got["Body"].read() == content


def test_multipart_with_trailers(s3, bucket, tmp_path):
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_bytes(os.urandom(1 << 20) * 18)
    s3.upload_file(str(source), bucket, "parts")
    s3.download_file(bucket, "parts", str(copy))
    assert hashlib.sha256(copy.read_bytes()).digest() == hashlib.sha256(source.read_bytes()).digest()
    assert s3.head_object(Bucket=bucket, Key="parts")["ETag"].strip('"').endswith("-3")


def test_presigned_over_tls(s3, bucket, authority):
    s3.put_object(Bucket=bucket, Key="pre", Body=b"over tls")
    url = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "pre"}, ExpiresIn=60)
    assert url.startswith("https://") and requests.get(url, verify=str(authority[0])).content == b"over tls"


def test_missing_object_and_denied_bucket(s3, bucket):
    assert refused(s3.get_object, Bucket=bucket, Key="none")[:2] == ("NoSuchKey", 404)


def test_client_without_the_ca_does_not_connect(served):
    with pytest.raises(SSLError):
        client("sts", served.endpoint, Keys(*TESTER1)).get_caller_identity()


def test_plain_http_on_the_tls_port_gets_nothing(served):
    with pytest.raises(requests.RequestException):
        requests.get(f"http://{served.address}/", timeout=5).raise_for_status()
