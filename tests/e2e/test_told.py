"""What clients hear of the backend's answers, and what of their requests the backend hears, over real sockets.

Statuses and headers that must pass as they are; headers that only some readers may see; error documents with the gate's
ids; requests that some backend would read in another way than the gate, which never reach it.
"""

from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError
from clients import Keys, allow, assume, client, document, make_role, unique
from gate import TESTER1, TESTER2
from raw import Connection, message, signed_headers

OWNER, USER = Keys(*TESTER1), Keys(*TESTER2)


@pytest.fixture(scope="module")
def served(gate, recorder):
    one = gate(backend=recorder.endpoint)
    s3, bucket = client("s3", one.endpoint, OWNER), unique("told-")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789", Tagging="a=1&b=2", ContentType="text/x-k")
    return SimpleNamespace(gate=one, address=one.address, s3=s3, bucket=bucket)


def reader(served, *statements):
    """An S3 client of a session that may do only that."""
    role, arn = make_role(served.gate.endpoint, OWNER, "arn:aws:iam:::user/TESTER2", policy=document(*statements))
    return client("s3", served.gate.endpoint, assume(served.gate.endpoint, USER, arn))


def ask(served, method, target, headers=None, body=b"", keys=OWNER):
    """A request as bytes, signed unless `keys` is None; its answer."""
    headers = dict(headers or {})
    if keys:
        headers = signed_headers(served.address, method, target, keys, body, headers)
    else:
        headers["Host"] = served.address
    with Connection(served.address) as connection:
        connection.send(message(method, target, headers, body))
        return connection.answer(method)


def elements(answer):
    return {element.tag: element.text for element in ElementTree.fromstring(answer.body)}


def test_statuses_of_conditions_and_ranges_pass_with_their_headers(served):
    path = f"/{served.bucket}/k"
    whole = ask(served, "GET", path)
    etag = whole.headers["etag"]
    assert (whole.status, whole.headers["content-type"], whole.body) == (200, "text/x-k", b"0123456789")
    part = ask(served, "GET", path, {"Range": "bytes=2-4"})
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    fresh = ask(served, "GET", path, {"If-None-Match": etag})
    assert (fresh.status, fresh.body, fresh.headers["etag"]) == (304, b"", etag)
    other, outside = {"If-Match": '"x"'}, {"Range": "bytes=99-"}
    for headers, status, code in ((other, 412, "PreconditionFailed"), (outside, 416, "InvalidRange")):
        answer = ask(served, "GET", path, headers)
        assert (answer.status, answer.code) == (status, code)
        assert elements(answer)["RequestId"] == answer.headers["x-amz-request-id"]
    assert ask(served, "HEAD", path, other).status == 412


def test_error_documents_have_the_ids_of_the_gate(served):
    bucket = served.bucket
    for method, target in (
        ("GET", f"/{bucket}/none"),
        ("GET", f"/{bucket}/k?uploadId=none"),
        ("GET", f"/{bucket}?tagging"),
        ("DELETE", f"/{bucket}"),
        ("PUT", f"/{bucket}/k?partNumber=1&uploadId=none"),
    ):
        answer = ask(served, method, target)
        told = elements(answer)
        assert answer.status >= 400 and told["Code"], target
        assert told["RequestId"] == answer.headers["x-amz-request-id"], target
        assert told["HostId"] == answer.headers["x-amz-request-id"], target


def test_the_number_of_tags_is_told_to_those_who_may_read_them(served):
    bucket = served.bucket
    arn = f"arn:aws:s3:::{bucket}/*"
    only = reader(served, allow("s3:GetObject", arn))
    both = reader(served, allow(["s3:GetObject", "s3:GetObjectTagging"], arn))
    for s3, count in ((only, None), (both, 2), (served.s3, 2)):
        assert s3.get_object(Bucket=bucket, Key="k").get("TagCount") == count
        headers = s3.head_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPHeaders"]
        assert (headers.get("x-amz-tagging-count") is None) or count == 2


def test_a_lost_upload_is_told_to_a_copier_who_may_not_list(served):
    bucket = served.bucket
    arn = f"arn:aws:s3:::{bucket}/*"
    s3 = reader(served, allow(["s3:GetObject", "s3:PutObject"], arn))
    given = {"Bucket": bucket, "Key": "parts", "UploadId": "none", "PartNumber": 1}
    with pytest.raises(ClientError) as told:
        s3.upload_part_copy(**given, CopySource={"Bucket": bucket, "Key": "k"})
    assert told.value.response["Error"]["Code"] == "NoSuchUpload"
    with pytest.raises(ClientError) as told:
        s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "none"})
    assert told.value.response["Error"]["Code"] == "AccessDenied"


def test_overrides_are_for_signed_requests(served):
    path = f"/{served.bucket}/k?response-content-type=text%2Fhtml"
    assert ask(served, "GET", path).headers["content-type"] == "text/html"
    answer = ask(served, "GET", path, keys=None)
    assert (answer.status, answer.code) == (400, "InvalidRequest")


NEVER = {
    "alias": ("GET", "/ap-0123456789-s3alias/k", {}, b""),
    "directory bucket": ("PUT", "/x--use1-az4--x-s3", {}, b""),
    "tags as metadata": ("PUT", "/BUCKET/n", {"x-amz-meta-x-amz-tagging": "a=1"}, b"x"),
    "unpacked": ("PUT", "/BUCKET/n", {"x-amz-meta-rustfs-snowball-prefix": "p"}, b"x"),
    "lock in another case": ("PUT", "/BUCKET/n", {"x-amz-object-lock-mode": "compliance"}, b"x"),
    "date of another form": ("PUT", "/BUCKET/n", {"x-amz-object-lock-retain-until-date": "1830297600"}, b"x"),
    "tags in two cases": ("PUT", "/BUCKET/n", {"x-amz-tagging": "team=a&Team=b"}, b"x"),
    "upload out of its folder": ("DELETE", "/BUCKET/k?uploadId=u%2F..%2F..%2Fx", {}, b""),
    "version out of its folder": ("GET", "/BUCKET/k?versionId=v%2F..%2F..%2Fx%2Fk", {}, b""),
    "listing out of its bucket": ("GET", "/BUCKET?continuation-token=..%2Fx&list-type=2", {}, b""),
    "append": ("PUT", "/BUCKET/n?append=&position=0", {}, b"x"),
    "usage": ("GET", "/BUCKET?usage=", {}, b""),
    "events": ("GET", "/BUCKET?events=s3%3AObjectCreated%3A%2A", {}, b""),
    "private api": ("GET", "/minio/admin/v3/info", {}, b""),
    "control api": ("GET", "/v20180820/configuration", {}, b""),
}


@pytest.mark.parametrize("name", NEVER)
def test_what_a_backend_may_read_otherwise_never_reaches_it(served, recorder, name):
    method, target, headers, body = NEVER[name]
    recorder.take()
    answer = ask(served, method, target.replace("BUCKET", served.bucket), headers, body)
    assert 400 <= answer.status < 500 and answer.code, name
    if name == "control api":  # `v20180820` could be a bucket's name
        assert answer.code in ("NoSuchBucket", "AccessDenied")
    assert recorder.take() == []


def test_only_what_s3_has_goes_on(served, recorder):
    strange = {
        "x-minio-force-delete": "true",
        "x-minio-source-etag": "e",
        "x-http-method-override": "DELETE",
        "x-rgw-x": "1",
        "rgwx-x": "1",
        "seaweed-ttl": "1d",
        "x-rustfs-x": "1",
        "x-forwarded-host": "other",
        "x_amz_acl": "public-read",
        "cookie": "a=b",
    }
    recorder.take()
    assert ask(served, "PUT", f"/{served.bucket}/s", strange | {"content-type": "text/y"}, b"x").status == 200
    (seen,) = recorder.take()
    assert not set(seen.headers) & set(strange) and seen.headers["content-type"] == "text/y"
    assert ask(served, "GET", f"/{served.bucket}/s", strange | {"content-type": "multipart/form-data"}).status == 200
    (seen,) = recorder.take()
    assert set(seen.headers) == {"host", "authorization", "x-amz-date", "x-amz-content-sha256"}


def test_metadata_of_clients_passes(served):
    kept = {"x-amz-key": "v", "x-amz-iv": "v", "content-type": "v", "mtime": "1", "tagging": "t"}
    served.s3.put_object(Bucket=served.bucket, Key="m", Body=b"x", Metadata=kept)
    assert served.s3.head_object(Bucket=served.bucket, Key="m")["Metadata"] == kept
