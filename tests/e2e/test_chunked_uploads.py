"""aws-chunked uploads, framed and signed by hand, as SDKs other than boto3 send them.

Proven: an unsigned body with a checksum trailer and a body signed chunk by chunk arrive decoded; a wrong checksum, a
tampered chunk, a wrong length and a missing last chunk are refused and leave no object behind.
"""

import base64
import hashlib
import hmac
import os
import zlib

import pytest
from clients import REGION, refused, signed

UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
CONTENT = os.urandom(200_000)
through_gate = pytest.mark.through_gate


def pieces(content, size=65536):
    """The content in chunks, the empty last one included."""
    return [content[at : at + size] for at in range(0, len(content), size)] + [b""]


def crc32(content):
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def put_with_trailer(url, keys, content, checksum, length=None):
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces(content)[:-1])
    body += f"0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n".encode()
    headers = {
        "x-amz-decoded-content-length": str(len(content) if length is None else length),
        "x-amz-trailer": "x-amz-checksum-crc32",
        "content-encoding": "aws-chunked",
    }
    return signed("PUT", url, keys, body, headers, payload=UNSIGNED_TRAILER)


def put_signed_chunks(url, keys, content, spoil=lambda body: body):
    """Each chunk's signature rests on the one before, the first on the request's; `spoil` alters the framed body."""

    def body(signed_headers):
        date, previous = signed_headers["X-Amz-Date"], signed_headers["Authorization"].rpartition("Signature=")[2]
        scope = f"{date[:8]}/{REGION}/s3/aws4_request"
        key = f"AWS4{keys.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        framed = b""
        for piece in pieces(content):
            hashes = [hashlib.sha256(b"").hexdigest(), hashlib.sha256(piece).hexdigest()]
            text = "\n".join(["AWS4-HMAC-SHA256-PAYLOAD", date, scope, previous, *hashes])
            previous = hmac.digest(key, text.encode(), "sha256").hex()
            framed += b"%x;chunk-signature=%s\r\n%s\r\n" % (len(piece), previous.encode(), piece)
        return spoil(framed)

    headers = {"x-amz-decoded-content-length": str(len(content)), "content-encoding": "aws-chunked"}
    return signed("PUT", url, keys, body, headers, payload=SIGNED_CHUNKS)


def assert_refused_without_trace(answer, s3, bucket, key, *codes):
    assert 400 <= answer.status_code < 500, answer.text
    assert any(f"<Code>{code}</Code>" in answer.text for code in codes), answer.text
    assert refused(s3.head_object, Bucket=bucket, Key=key)[1] == 404


def assert_stored(answer, s3, bucket, key, content):
    assert answer.status_code == 200, answer.text
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == content


def test_unsigned_with_trailer(endpoint, keys, s3, bucket):
    for key, content in (("trailer", CONTENT), ("trailer-empty", b"")):
        answer = put_with_trailer(f"{endpoint}/{bucket}/{key}", keys, content, crc32(content))
        assert_stored(answer, s3, bucket, key, content)


@through_gate
def test_unsigned_with_wrong_trailer(endpoint, keys, s3, bucket):
    answer = put_with_trailer(f"{endpoint}/{bucket}/bad-sum", keys, CONTENT, crc32(b"other"))
    assert_refused_without_trace(answer, s3, bucket, "bad-sum", "BadDigest", "XAmzContentChecksumMismatch")


@through_gate
@pytest.mark.parametrize("difference", [-1, 1])
def test_unsigned_with_wrong_decoded_length(endpoint, keys, s3, bucket, difference):
    url, length = f"{endpoint}/{bucket}/bad-length", len(CONTENT) + difference
    answer = put_with_trailer(url, keys, CONTENT, crc32(CONTENT), length)
    assert_refused_without_trace(
        answer, s3, bucket, "bad-length", "IncompleteBody", "InvalidRequest", "InvalidArgument"
    )


def test_signed_chunks(endpoint, keys, s3, bucket):
    for key, content in (("chunks", CONTENT), ("chunks-empty", b""), ("chunks-even", CONTENT[:65536])):
        answer = put_signed_chunks(f"{endpoint}/{bucket}/{key}", keys, content)
        assert_stored(answer, s3, bucket, key, content)


@through_gate
def test_framing_is_not_stored_as_an_encoding(endpoint, keys, s3, bucket):
    """`aws-chunked` describes the upload, not the object; SeaweedFS would store it: it must not get there."""
    put_with_trailer(f"{endpoint}/{bucket}/encoded", keys, CONTENT, crc32(CONTENT))
    assert "ContentEncoding" not in s3.head_object(Bucket=bucket, Key="encoded")
    put_signed_chunks(f"{endpoint}/{bucket}/encoded", keys, CONTENT)
    assert "ContentEncoding" not in s3.head_object(Bucket=bucket, Key="encoded")


def flip(body, at):
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


def swap_hex(body, at):
    return body[:at] + (b"1" if body[at : at + 1] == b"0" else b"0") + body[at + 1 :]


@through_gate
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda body: flip(body, 1000), id="first chunk altered"),
        pytest.param(lambda body: flip(body, len(body) - 1000), id="last data chunk altered"),
        pytest.param(lambda body: swap_hex(body, len(body) - 10), id="final signature altered"),
    ],
)
def test_tampered_chunks(endpoint, keys, s3, bucket, spoil):
    answer = put_signed_chunks(f"{endpoint}/{bucket}/tampered", keys, CONTENT, spoil)
    assert_refused_without_trace(answer, s3, bucket, "tampered", "SignatureDoesNotMatch")


@through_gate
def test_cut_before_the_last_chunk(endpoint, keys, s3, bucket):
    """All data chunks are there and right; only the empty one that seals them is missing."""
    final = len(b"0;chunk-signature=") + 64 + 4
    answer = put_signed_chunks(f"{endpoint}/{bucket}/cut", keys, CONTENT, lambda body: body[:-final])
    assert_refused_without_trace(answer, s3, bucket, "cut", "IncompleteBody", "SignatureDoesNotMatch", "InvalidRequest")
