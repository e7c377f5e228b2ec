"""An upload that is refused or broken off on the way leaves the object as it was.

SeaweedFS takes an orderly close before the first byte of a body for the body's end and stores an empty object; the gate
holds a body's last bytes back until they are verified, so this is what a refused small upload would look like to it.
"""

import socket
import time
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from clients import REGION, Keys, assume, client, make_role, unique
from gate import TESTER1, TESTER2


@pytest.fixture(scope="module", params=["straight", "through-recorder"])
def served(request, gate, recorder):
    one = gate(backend=recorder.endpoint if request.param == "through-recorder" else None)
    _, arn = make_role(one.endpoint, Keys(*TESTER1), "arn:aws:iam:::user/TESTER2")
    keys = assume(one.endpoint, Keys(*TESTER2), arn)
    s3, bucket = client("s3", one.endpoint, keys), unique("broken-")
    s3.create_bucket(Bucket=bucket)
    return SimpleNamespace(endpoint=one.endpoint, keys=keys, s3=s3, bucket=bucket)


def signed_headers(served, url, body):
    request = AWSRequest("PUT", url, data=body)
    credentials = Credentials(served.keys.access, served.keys.secret, served.keys.token)
    S3SigV4Auth(credentials, "s3", REGION).add_auth(request)
    return dict(request.headers)


def untouched(served, key):
    return served.s3.get_object(Bucket=served.bucket, Key=key)["Body"].read() == b"original"


@pytest.mark.parametrize("size", [1, 5, 70_000])
def test_body_that_is_not_the_signed_one(served, size):
    key = unique("k")
    served.s3.put_object(Bucket=served.bucket, Key=key, Body=b"original")
    url = f"{served.endpoint}/{served.bucket}/{key}"
    for _ in range(5):
        answer = requests.put(url, data=b"b" * size, headers=signed_headers(served, url, b"a" * size))
        assert answer.status_code == 400 and "XAmzContentSHA256Mismatch" in answer.text, answer.text
        assert untouched(served, key)


@pytest.mark.parametrize("sent", [0, 1, 4])
@pytest.mark.parametrize("how", ["close", "shut"])
def test_client_that_goes_away(served, sent, how):
    key = unique("k")
    served.s3.put_object(Bucket=served.bucket, Key=key, Body=b"original")
    url = f"{served.endpoint}/{served.bucket}/{key}"
    headers = signed_headers(served, url, b"other") | {"Content-Length": "5", "Host": urlsplit(url).netloc}
    head = f"PUT {urlsplit(url).path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
    with socket.create_connection(tuple(urlsplit(url).netloc.split(":"))) as connection:
        connection.sendall(head.encode() + b"other"[:sent])
        if how == "shut":
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(10)
            answer = connection.recv(65536)
            assert not answer or answer.split()[1] == b"400", answer
    deadline = time.monotonic() + 1  # what must not happen would happen soon
    while time.monotonic() < deadline:
        assert untouched(served, key)
        time.sleep(0.1)
