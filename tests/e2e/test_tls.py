"""The whole process over TLS, with a certificate authority made for the run.

Proven: boto3 with `verify=CA` works through the gate; over TLS it sends checksums as trailers of an aws-chunked body
with an unsigned payload, and those reach the backend checked and whole; a client that does not trust the CA, and plain
HTTP on the TLS port, get nothing; a renewed certificate is shown without a restart, open connections stay, and a pair of
files that does not belong together is never taken, neither then nor at the start.
"""

import hashlib
import os
import signal
import socket
import ssl
from types import SimpleNamespace

import pytest
import requests
import trustme
from botocore.exceptions import SSLError
from clients import Keys, assume, client, make_role, refused, unique
from gate import TESTER1, TESTER2
from servers import poll


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """(CA file, certificate chain, key) for 127.0.0.1."""
    folder, ca = tmp_path_factory.mktemp("tls"), trustme.CA()
    issued = ca.issue_cert("127.0.0.1", "localhost")
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    write_key(issued, folder / "key.pem")
    write_chain(issued, folder / "chain.pem")
    return folder / "ca.pem", folder / "chain.pem", folder / "key.pem"


def write_key(issued, path):
    issued.private_key_pem.write_to_path(str(path))
    path.chmod(0o600)


def write_chain(issued, path):
    for number, blob in enumerate(issued.cert_chain_pems):
        blob.write_to_path(str(path), append=number > 0)


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


# ---- renewal


@pytest.fixture
def renewed(gate, tmp_path):
    """A gate, its CA's file, and what issues a new pair for it."""
    ca, chain, key = trustme.CA(), tmp_path / "chain.pem", tmp_path / "key.pem"
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    def issue():
        return ca.issue_cert("127.0.0.1")

    first = issue()
    write_chain(first, chain), write_key(first, key)
    one = gate(testers=False, listen={"tls_cert": str(chain), "tls_key": str(key)})
    return SimpleNamespace(gate=one, ca=tmp_path / "ca.pem", chain=chain, key=key, issue=issue, first=first)


def shown(one):
    """The certificate that a new connection is shown, in PEM form."""
    host, port = one.address.split(":")
    return ssl.get_server_certificate((host, int(port))).strip()


def leaf(issued):
    return issued.cert_chain_pems[0].bytes().decode().strip()


@pytest.mark.parametrize("hangup", [True, False])
def test_a_renewed_certificate_is_shown_without_a_restart(renewed, hangup):
    one = renewed.gate
    assert shown(one) == leaf(renewed.first)
    with requests.Session() as open_before:
        assert open_before.get(one.endpoint, verify=str(renewed.ca), timeout=5).status_code == 403
        connections = [pool.num_connections for pool in pools(open_before)]
        second = renewed.issue()
        write_chain(second, renewed.chain)
        if hangup:  # the files are half renewed: they are looked at, and not taken
            os.kill(one.process.pid, signal.SIGHUP)
            poll(lambda: "cannot serve the certificate" in one.process.log.read_text(), 5, "the log's complaint")
            assert shown(one) == leaf(renewed.first)
        write_key(second, renewed.key)
        if hangup:
            os.kill(one.process.pid, signal.SIGHUP)
        poll(lambda: shown(one) == leaf(second), 1 if hangup else 5, "the new certificate")
        assert requests.get(one.endpoint, verify=str(renewed.ca), timeout=5).status_code == 403
        assert open_before.get(one.endpoint, verify=str(renewed.ca), timeout=5).status_code == 403
        assert [pool.num_connections for pool in pools(open_before)] == connections, "the open connection was kept"


def pools(session):
    found = session.get_adapter("https://").poolmanager.pools
    return [found[key] for key in found.keys()]


def test_a_gate_does_not_start_with_a_key_that_is_not_the_certificates(gate, tmp_path):
    ca, chain, key = trustme.CA(), tmp_path / "chain.pem", tmp_path / "key.pem"
    write_chain(ca.issue_cert("127.0.0.1"), chain), write_key(ca.issue_cert("127.0.0.1"), key)
    one = gate(testers=False, serve=False, listen={"tls_cert": str(chain), "tls_key": str(key)})
    done = one.cli("serve", check=False)
    assert done.returncode == 1
    assert "listen.tls_cert" in done.stderr and str(key) in done.stderr and "cannot serve" in done.stderr


@pytest.mark.parametrize("offered, wanted", [(None, None), (["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "http/1.1")])
def test_no_other_protocol_is_spoken_than_http_1(served, authority, offered, wanted):
    context = ssl.create_default_context(cafile=str(authority[0]))
    if offered:
        context.set_alpn_protocols(offered)
    host, port = served.address.split(":")
    with socket.create_connection((host, int(port))) as tcp, context.wrap_socket(tcp, server_hostname=host) as tls:
        assert tls.selected_alpn_protocol() == wanted
    context.set_alpn_protocols(["h2"])
    with socket.create_connection((host, int(port))) as tcp, pytest.raises(ssl.SSLError):
        context.wrap_socket(tcp, server_hostname=host)
