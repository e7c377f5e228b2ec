"""What the gate does not know, and whom: through a real gate before a real S3 server.

Proven: strangers reach nothing; operations that are not carried, unknown sub-resources and headers, folded keys and
reserved names never become another request. The backend saw nothing of any of them.
"""

import json

import pytest
import requests
from botocore.exceptions import ClientError
from clients import refused, signed
from denial_scene import nothing_recorded, served  # noqa: F401
from exact_requests import CARRIED
from servers import PROJECT


# ---- strangers


@pytest.mark.parametrize(
    "method, target",
    [
        ("GET", "/"),
        ("GET", "/{b}"),
        ("HEAD", "/{b}"),
        ("PUT", "/{b}"),
        ("DELETE", "/{b}"),
        ("PUT", "/anonymous-bucket"),
        ("GET", "/{b}/there"),
        ("HEAD", "/{b}/there"),
        ("PUT", "/{b}/there"),
        ("DELETE", "/{b}/there"),
        ("GET", "/{b}/missing"),
        ("POST", "/{b}?delete"),
        ("POST", "/{b}/there?uploads"),
        ("PUT", "/{b}?acl"),
        ("PUT", "/{b}?policy"),
        ("GET", "/{b}?policy"),
        ("GET", "/{b}/there?acl"),
    ],
)
def test_anonymous_is_denied(served, method, target):
    answer = requests.request(method, served.endpoint + target.format(b=served.bucket), data=b"x" * 100)
    assert answer.status_code == 403, answer.text
    assert method == "HEAD" or "<Code>AccessDenied</Code>" in answer.text
    assert "arn:" not in answer.text and "policy" not in answer.text.replace("?policy", "")
    assert served.recorder.take() == []


# ---- what is not carried, or does not exist


def not_carried():
    """One request line for each operation of the data that the gate does not carry."""
    data = json.loads((PROJECT / "tests/corpus/s3-operations.json").read_text())
    for row in data["operations"]:
        uri = row.get("uri") or ""
        if row["operation"] in CARRIED or not uri.startswith("/{Bucket}") or row["method"] in ("OPTIONS", None):
            continue
        query = "&".join([*(f"{name}={value}" if value else name for name, value in row["markers"]["query"].items())])
        query += "".join(f"&{name}=x" for name in row["markers"]["requiredQuery"])
        yield row["operation"], row["method"], ("/{b}/there" if "{Key+}" in uri else "/{b}") + "?" + query.lstrip("&")


@pytest.mark.parametrize("operation, method, target", list(not_carried()), ids=lambda value: str(value)[:40])
def test_other_operations_are_never_taken_for_the_plain_one(served, operation, method, target):
    if target.endswith("?"):
        pytest.skip("told apart by headers or host")
    url = served.endpoint + target.format(b=served.bucket)
    answer = signed(method, url, served.keys, body=b"<x/>" if method in ("PUT", "POST") else b"")
    assert answer.status_code in (400, 405, 501), (answer.status_code, answer.text)
    if method != "HEAD":
        codes = ("NotImplemented", "InvalidArgument", "MethodNotAllowed", "InvalidRequest")
        assert any(f"<Code>{code}</Code>" in answer.text for code in codes), answer.text
    assert served.recorder.take() == []
    assert served.s3.get_object(Bucket=served.bucket, Key="there")["Body"].read() == b"content"


@pytest.mark.parametrize("what", ["acl", "lifecycle", "cors", "encryption", "website", "notification"])
def test_put_of_a_subresource_is_not_implemented(served, what):
    answer = signed("PUT", f"{served.endpoint}/{served.bucket}?{what}", served.keys, body=b"<x/>")
    assert answer.status_code == 501 and "<Code>NotImplemented</Code>" in answer.text, answer.text
    assert requests.put(f"{served.endpoint}/{served.bucket}?{what}", data=b"<x/>").status_code == 403
    assert served.recorder.take() == []


@pytest.mark.parametrize(
    "target", ["/{b}?torrents", "/{b}/there?metadata", "/{b}/there?Tagging", "/{b}?acl&policy", "/{b}?ACL", "/{b}?x=1"]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_rule_03_unknown_subresources_are_refused(served, method, target):
    answer = signed(method, served.endpoint + target.format(b=served.bucket), served.keys)
    assert answer.status_code in (400, 405), answer.text
    assert served.recorder.take() == []
    assert served.s3.get_object(Bucket=served.bucket, Key="there")["Body"].read() == b"content"


def test_rule_03_unknown_and_foreign_headers(served):
    url = f"{served.endpoint}/{served.bucket}/there"
    for header in ("x-amz-unheard-of", "x-amz-copy-source-range", "x-amz-mfa", "x-amz-meta-snowball-auto-extract"):
        answer = signed("PUT", url, served.keys, body=b"x", headers={header: "true"})
        assert answer.status_code == 400 and header in answer.text, (header, answer.text)
    assert served.recorder.take() == []
    dropped = {"x-minio-source-mtime": "x", "x-seaweedfs-thing": "y", "rgwx-uid": "z", "x-forwarded-for": "1.2.3.4"}
    assert signed("GET", url, served.keys, headers=dropped).status_code == 200
    (seen,) = served.recorder.take()
    assert not set(dropped) & set(seen.headers)
    assert "x-amz-security-token" not in seen.headers


def test_rule_07_every_amz_header_must_be_signed(served):
    def unsigned_extra(prepared):
        prepared["x-amz-tagging"] = "a=b"

    url = f"{served.endpoint}/{served.bucket}/there"
    answer = send_with(url, served.keys, {"x-amz-acl": "public-read"})
    assert answer.status_code == 403 and "<Code>AccessDenied</Code>" in answer.text, answer.text
    assert "x-amz-acl" in answer.text and "not signed" in answer.text
    presigned = served.s3.generate_presigned_url("put_object", {"Bucket": served.bucket, "Key": "there"})
    answer = requests.put(presigned, data=b"x", headers={"x-amz-tagging": "a=b"})
    assert answer.status_code == 403 and "x-amz-tagging" in answer.text, answer.text
    assert served.recorder.take() == []


def send_with(url, keys, later):
    """A PUT to which headers were added after it had been signed."""
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest("PUT", url, data=b"x")
    S3SigV4Auth(Credentials(keys.access, keys.secret, keys.token), "s3", "us-east-1").add_auth(request)
    return requests.put(url, data=b"x", headers=dict(request.headers) | later)


# ---- names


@pytest.mark.parametrize("name", ["minio", "rustfs", "admin", "swift", "auth", "api", "status", "healthz", "metrics"])
def test_rule_02_reserved_names_are_no_buckets(served, name):
    for method, target in (("PUT", f"/{name}"), ("GET", f"/{name}/v3/info"), ("POST", f"/{name}/k?uploads")):
        answer = signed(method, served.endpoint + target, served.keys)
        assert answer.status_code == 400 and "<Code>InvalidBucketName</Code>" in answer.text, answer.text
    url = f"{served.endpoint}/{served.bucket}/copy"
    answer = signed("PUT", url, served.keys, headers={"x-amz-copy-source": f"/{name}/k"})
    assert answer.status_code == 400, answer.text
    assert served.recorder.take() == []


@pytest.mark.parametrize("name", ["ab", "UPPER", "under_score", "a:b", "a%5Cb", "a%25b", "x" * 64, ".abc", "abc-", "a..b"])
def test_rule_02_names_that_are_no_buckets(served, name):
    answer = signed("PUT", f"{served.endpoint}/{name}", served.keys)
    assert answer.status_code == 400 and "InvalidBucketName" in answer.text, answer.text
    assert served.recorder.take() == []


FOLDED = ["a/../there", "../there", "./there", "a//there", "/there", "a/%2e%2e/there", "%2Fthere", "a%5Cb", "a%00b"]


@pytest.mark.parametrize("key", FOLDED)
def test_rule_04_folded_keys_reach_nothing(served, key):
    base = f"{served.endpoint}/{served.bucket}"
    answers = [signed(method, f"{base}/{key}", served.keys) for method in ("GET", "PUT", "DELETE", "HEAD")]
    answers.append(signed("POST", f"{base}/{key}?uploads", served.keys))
    answers.append(signed("PUT", f"{base}/copy", served.keys, headers={"x-amz-copy-source": f"{served.bucket}/{key}"}))
    answers.append(signed("GET", base, served.keys, params={"list-type": "2", "prefix": requests.utils.unquote(key)}))
    assert [answer.status_code for answer in answers] == [400] * len(answers), [a.text for a in answers]
    if "\0" not in requests.utils.unquote(key):
        wanted = {"Objects": [{"Key": requests.utils.unquote(key)}, {"Key": "other"}]}
        assert refused(served.s3.delete_objects, Bucket=served.bucket, Delete=wanted)[1] == 400
    assert served.recorder.take() == []


def test_expected_bucket_owner_is_judged_by_the_gate(served):
    for call in (served.s3.get_object, served.s3.head_object, served.s3.delete_object):
        with pytest.raises(ClientError) as error:
            call(Bucket=served.bucket, Key="there", ExpectedBucketOwner="123456789012")
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert served.recorder.take() == []
