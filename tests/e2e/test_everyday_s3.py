"""Everyday S3 through temporary credentials: what an application does all day comes through the gate unharmed.

Proven with unmodified boto3 on a real S3 server: buckets, listings, objects and their metadata, awkward keys, ranges,
conditions, copies, tags, checksums, multipart uploads, batch deletes judged key by key, presigned URLs.
E2E_DIRECT=1 runs all but the refusals straight on the backend (see conftest.py).
"""

import datetime
import hashlib
import os

import pytest
import requests
from clients import Keys, allow, assume, client, deny, document, make_role, refused, signed, unique
from gate import TESTER1, TESTER2

PART = 5 << 20
through_gate = pytest.mark.through_gate

AWKWARD_KEYS = [
    "plain",
    "a/b/c.txt",
    "with space",
    " leading and trailing ",
    "plus+and%25percent%2Fnot-a-slash",
    "käse/日本語/🦀.txt",
    "e\u0301-decomposed-and-\u00e9",
    "~!*'();:@&=$,?#[]",
    'quote"<angle>&amp;',
    "back`tick^pipe|{brace}",
    "dots/a..b/...c",
    "x" * 200 + "/" + "y" * 200,
]


def body_of(answer):
    return answer["Body"].read()


def test_bucket_life(s3):
    name = unique("life-")
    assert refused(s3.head_bucket, Bucket=name)[1] in (403, 404)
    s3.create_bucket(Bucket=name)
    s3.head_bucket(Bucket=name)
    assert name in [found["Name"] for found in s3.list_buckets()["Buckets"]]
    s3.delete_bucket(Bucket=name)
    assert name not in [found["Name"] for found in s3.list_buckets()["Buckets"]]
    assert refused(s3.list_objects_v2, Bucket=name)[1] in (403, 404)
    s3.create_bucket(Bucket=name)  # a deleted name is free again
    s3.delete_bucket(Bucket=name)


def test_get_bucket_location(s3, bucket):
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] in (None, "us-east-1")


@pytest.mark.parametrize("key", AWKWARD_KEYS)
def test_awkward_keys_are_the_same_object_for_every_call(s3, bucket, key):
    content = b"" if key.endswith("/") else f"content of {key}".encode()
    s3.put_object(Bucket=bucket, Key=key, Body=content)
    assert body_of(s3.get_object(Bucket=bucket, Key=key)) == content
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(content)
    assert key in [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]]
    if not key.endswith("/"):  # SeaweedFS answers NoSuchKey for a copy whose source is a folder object
        copy = f"copy-of/{key}"
        s3.copy_object(Bucket=bucket, Key=copy, CopySource={"Bucket": bucket, "Key": key})
        assert body_of(s3.get_object(Bucket=bucket, Key=copy)) == content
        s3.delete_object(Bucket=bucket, Key=copy)
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})
    assert [entry["Key"] for entry in answer["Deleted"]] == [key]
    assert refused(s3.head_object, Bucket=bucket, Key=key)[1] == 404


@through_gate
@pytest.mark.parametrize("path", ["a/../b", "../b", "a/./b", "a//b", "a/%2e%2e/b", "%2Fb", "a%5Cb", "a%00b", "folder/"])
def test_keys_that_a_filesystem_would_fold_are_refused(endpoint, keys, s3, bucket, path):
    """Rule 4: by default such a key never reaches the backend, correctly signed though it is."""
    s3.put_object(Bucket=bucket, Key="b", Body=b"untouched")
    answer = signed("PUT", f"{endpoint}/{bucket}/{path}", keys, body=b"folded")
    assert 400 <= answer.status_code < 500 and "SignatureDoesNotMatch" not in answer.text, answer.text
    assert body_of(s3.get_object(Bucket=bucket, Key="b")) == b"untouched"


def test_headers_and_metadata_come_back(s3, bucket):
    headers = {
        "ContentType": "text/x-sample; charset=utf-8",
        "CacheControl": "max-age=60",
        "ContentDisposition": 'attachment; filename="a b.txt"',
        "ContentLanguage": "en",
        "ContentEncoding": "identity-x",
    }
    s3.put_object(Bucket=bucket, Key="meta", Body=b"x", Metadata={"owner": "Bob", "spaced": "a  b"}, **headers)
    for answer in (s3.head_object(Bucket=bucket, Key="meta"), s3.get_object(Bucket=bucket, Key="meta")):
        assert {name: answer[name] for name in headers} == headers
        assert answer["Metadata"]["owner"] == "Bob"
        assert answer["ETag"] == f'"{hashlib.md5(b"x").hexdigest()}"'
        assert answer["ResponseMetadata"]["RequestId"]
    override = s3.get_object(Bucket=bucket, Key="meta", ResponseContentType="text/plain")
    assert override["ContentType"] == "text/plain"


def test_zero_bytes(s3, bucket):
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    answer = s3.get_object(Bucket=bucket, Key="empty")
    assert answer["ContentLength"] == 0 and body_of(answer) == b""


def test_ranges(s3, bucket):
    content = os.urandom(300_000)
    s3.put_object(Bucket=bucket, Key="ranged", Body=content)
    for spec, expected in [
        ("bytes=0-9", content[:10]),
        ("bytes=100000-200000", content[100000:200001]),
        ("bytes=299990-", content[-10:]),
        ("bytes=-7", content[-7:]),
    ]:
        answer = s3.get_object(Bucket=bucket, Key="ranged", Range=spec)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert answer["ContentRange"].endswith("/300000") and body_of(answer) == expected
    assert refused(s3.get_object, Bucket=bucket, Key="ranged", Range="bytes=400000-")[:2] == ("InvalidRange", 416)


def test_conditions(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="cond", Body=b"one")["ETag"]
    assert refused(s3.get_object, Bucket=bucket, Key="cond", IfNoneMatch=etag)[1] == 304
    assert body_of(s3.get_object(Bucket=bucket, Key="cond", IfMatch=etag)) == b"one"
    assert refused(s3.get_object, Bucket=bucket, Key="cond", IfMatch='"0"')[:2] == ("PreconditionFailed", 412)
    future = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    assert refused(s3.head_object, Bucket=bucket, Key="cond", IfModifiedSince=future)[1] == 304
    assert refused(s3.put_object, Bucket=bucket, Key="cond", Body=b"two", IfNoneMatch="*")[1] == 412
    assert body_of(s3.get_object(Bucket=bucket, Key="cond")) == b"one"
    s3.put_object(Bucket=bucket, Key=unique("new"), Body=b"two", IfNoneMatch="*")


def test_copy_replaces_metadata_and_honours_conditions(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="src", Body=b"copied", Metadata={"a": "1"})["ETag"]
    source = {"Bucket": bucket, "Key": "src"}
    s3.copy_object(Bucket=bucket, Key="dst", CopySource=source)
    assert s3.head_object(Bucket=bucket, Key="dst")["Metadata"] == {"a": "1"}
    s3.copy_object(Bucket=bucket, Key="dst", CopySource=source, Metadata={"b": "2"}, MetadataDirective="REPLACE")
    assert s3.head_object(Bucket=bucket, Key="dst")["Metadata"] == {"b": "2"}
    s3.copy_object(Bucket=bucket, Key="dst", CopySource=source, CopySourceIfMatch=etag)
    failed = refused(s3.copy_object, Bucket=bucket, Key="dst", CopySource=source, CopySourceIfNoneMatch=etag)
    assert failed[1] == 412


def test_checksums_are_kept_and_checked(s3, bucket):
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        content = os.urandom(200_000)
        put = s3.put_object(Bucket=bucket, Key=algorithm, Body=content, ChecksumAlgorithm=algorithm)
        got = s3.get_object(Bucket=bucket, Key=algorithm, ChecksumMode="ENABLED")  # boto3 checks it while reading
        assert body_of(got) == content
        assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    wrong = {"ChecksumCRC32": "AAAAAA=="}
    assert refused(s3.put_object, Bucket=bucket, Key="wrong-sum", Body=b"x", **wrong)[1] == 400
    assert refused(s3.head_object, Bucket=bucket, Key="wrong-sum")[1] == 404


def test_listings(s3):
    name = unique("list-")
    s3.create_bucket(Bucket=name)
    expected = sorted([f"dir{n}/file{m}" for n in range(3) for m in range(4)] + ["top", "with space+plus"])
    for key in expected:
        s3.put_object(Bucket=name, Key=key, Body=b"x")
    for call in ("list_objects_v2", "list_objects"):
        pages = list(s3.get_paginator(call).paginate(Bucket=name, PaginationConfig={"PageSize": 5}))
        assert [entry["Key"] for page in pages for entry in page["Contents"]] == expected
        assert len(pages) == 3
        folded = getattr(s3, call)(Bucket=name, Delimiter="/")
        assert [prefix["Prefix"] for prefix in folded["CommonPrefixes"]] == ["dir0/", "dir1/", "dir2/"]
        assert [entry["Key"] for entry in folded["Contents"]] == ["top", "with space+plus"]
        inside = getattr(s3, call)(Bucket=name, Prefix="dir1/", Delimiter="/")
        assert [entry["Key"] for entry in inside["Contents"]] == [f"dir1/file{m}" for m in range(4)]
    after = s3.list_objects_v2(Bucket=name, StartAfter="dir2/file2")
    assert [entry["Key"] for entry in after["Contents"]] == ["dir2/file3", "top", "with space+plus"]


def test_object_tags(s3, bucket):
    s3.put_object(Bucket=bucket, Key="tagged", Body=b"x", Tagging="team=blue&env=a%20b")

    def tags():
        return {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=bucket, Key="tagged")["TagSet"]}

    assert tags() == {"team": "blue", "env": "a b"}
    s3.put_object_tagging(Bucket=bucket, Key="tagged", Tagging={"TagSet": [{"Key": "team", "Value": "r+d x@y"}]})
    assert tags() == {"team": "r+d x@y"}
    s3.delete_object_tagging(Bucket=bucket, Key="tagged")
    assert tags() == {}


def test_multipart(s3, bucket):
    first, second, third = os.urandom(PART), os.urandom(PART), b"the end"
    s3.put_object(Bucket=bucket, Key="part-source", Body=second)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big", ContentType="text/x-big", Metadata={"m": "1"})
    where = {"Bucket": bucket, "Key": "big", "UploadId": upload["UploadId"]}
    etags = [s3.upload_part(PartNumber=1, Body=first, **where)["ETag"]]
    copied = s3.upload_part_copy(PartNumber=2, CopySource={"Bucket": bucket, "Key": "part-source"}, **where)
    etags.append(copied["CopyPartResult"]["ETag"])
    etags.append(s3.upload_part(PartNumber=3, Body=third, **where)["ETag"])
    listed = s3.list_parts(**where)["Parts"]
    assert [(part["PartNumber"], part["Size"]) for part in listed] == [(1, PART), (2, PART), (3, len(third))]
    assert upload["UploadId"] in [u["UploadId"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    done = s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **where)
    assert done["Key"] == "big" and done["ETag"].strip('"').endswith("-3")
    got = s3.get_object(Bucket=bucket, Key="big")
    assert body_of(got) == first + second + third
    assert (got["ContentType"], got["Metadata"]) == ("text/x-big", {"m": "1"})


def test_part_copy_of_a_range(s3, bucket):
    content = os.urandom(PART + 100)
    s3.put_object(Bucket=bucket, Key="range-source", Body=content)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="range-copy")["UploadId"]
    where = {"Bucket": bucket, "Key": "range-copy", "UploadId": upload}
    source = {"Bucket": bucket, "Key": "range-source"}
    copied = s3.upload_part_copy(PartNumber=1, CopySource=source, CopySourceRange="bytes=50-99", **where)
    parts = [{"PartNumber": 1, "ETag": copied["CopyPartResult"]["ETag"]}]
    s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **where)
    assert body_of(s3.get_object(Bucket=bucket, Key="range-copy")) == content[50:100]


def test_multipart_abort(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="never")["UploadId"]
    where = {"Bucket": bucket, "Key": "never", "UploadId": upload}
    s3.upload_part(PartNumber=1, Body=b"x" * 1000, **where)
    s3.abort_multipart_upload(**where)
    assert refused(s3.list_parts, **where)[:2] == ("NoSuchUpload", 404)
    assert refused(s3.head_object, Bucket=bucket, Key="never")[1] == 404


def test_delete_objects(s3, bucket):
    keys = [f"batch/{n}" for n in range(5)] + ["batch/käse & <x>"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    wanted = keys + ["batch/was-never-there"]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in wanted]})
    assert sorted(entry["Key"] for entry in answer["Deleted"]) == sorted(wanted)
    assert "Errors" not in answer
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "batch/0"}], "Quiet": True})
    assert "Deleted" not in quiet and "Errors" not in quiet


@through_gate
def test_delete_objects_is_judged_key_by_key(s3, endpoint, bucket):
    everything = f"arn:aws:s3:::{bucket}/*"
    policy = document(allow("s3:*", everything), deny("s3:DeleteObject", f"arn:aws:s3:::{bucket}/kept/*"))
    _, arn = make_role(endpoint, Keys(*TESTER1), "arn:aws:iam:::user/TESTER2", policy)
    limited = client("s3", endpoint, assume(endpoint, Keys(*TESTER2), arn))
    keys = ["gone/1", "kept/1", "gone/2", "kept/2"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    answer = limited.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    assert [entry["Key"] for entry in answer["Deleted"]] == ["gone/1", "gone/2"]
    assert [(entry["Key"], entry["Code"]) for entry in answer["Errors"]] == [
        ("kept/1", "AccessDenied"),
        ("kept/2", "AccessDenied"),
    ]
    for key in keys:
        if key.startswith("kept/"):
            s3.head_object(Bucket=bucket, Key=key)
        else:
            assert refused(s3.head_object, Bucket=bucket, Key=key)[1] == 404
    quiet = limited.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "kept/1"}], "Quiet": True})
    assert [entry["Key"] for entry in quiet["Errors"]] == ["kept/1"] and "Deleted" not in quiet


@through_gate
def test_missing_object_is_403_without_list_permission(s3, endpoint, bucket):
    """Who may not list the bucket does not learn which keys exist."""
    policy = document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    _, arn = make_role(endpoint, Keys(*TESTER1), "arn:aws:iam:::user/TESTER2", policy)
    reader = client("s3", endpoint, assume(endpoint, Keys(*TESTER2), arn))
    s3.put_object(Bucket=bucket, Key="there", Body=b"x")
    assert body_of(reader.get_object(Bucket=bucket, Key="there")) == b"x"
    assert refused(reader.get_object, Bucket=bucket, Key="not-there")[:2] == ("AccessDenied", 403)
    assert refused(reader.head_object, Bucket=bucket, Key="not-there")[1] == 403
    assert refused(s3.get_object, Bucket=bucket, Key="not-there")[:2] == ("NoSuchKey", 404)
    code, status, message = refused(reader.put_object, Bucket=bucket, Key="there", Body=b"y")
    assert (code, status) == ("AccessDenied", 403)
    assert "s3:PutObject" in message and f"arn:aws:s3:::{bucket}/there" in message and "identity-based" in message


def test_presigned_get_and_put(s3, bucket):
    put = s3.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "pre signed+1"}, ExpiresIn=60)
    assert requests.put(put, data=b"by url").status_code == 200
    get = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "pre signed+1"}, ExpiresIn=60)
    answer = requests.get(get)
    assert (answer.status_code, answer.content) == (200, b"by url")
    ranged = requests.get(get, headers={"Range": "bytes=3-"})
    assert (ranged.status_code, ranged.content) == (206, b"url")
    typed = s3.generate_presigned_url(
        "get_object", {"Bucket": bucket, "Key": "pre signed+1", "ResponseContentType": "text/x-y"}, ExpiresIn=60
    )
    assert requests.get(typed).headers["Content-Type"] == "text/x-y"
    altered = requests.get(get.replace("pre%20signed", "pre%20signedX"))
    assert altered.status_code == 403 and "SignatureDoesNotMatch" in altered.text
    assert requests.delete(get).status_code == 403


@through_gate
def test_presigned_with_sigv2_says_what_to_set(endpoint, keys, bucket):
    """boto3 still makes SigV2 URLs in us-east-1 unless told otherwise."""
    old = client("s3", endpoint, keys, signature_version=None)
    url = old.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    assert "AWSAccessKeyId=" in url
    answer = requests.get(url)
    assert 400 <= answer.status_code < 500
    assert "signature_version='s3v4'" in answer.text


def test_transfer_manager(s3, bucket, tmp_path):
    """upload_file and download_file: parts and ranges in parallel over one client."""
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_bytes(os.urandom(1 << 20) * 18)
    s3.upload_file(str(source), bucket, "transfer")
    s3.download_file(bucket, "transfer", str(copy))
    assert source.read_bytes() == copy.read_bytes()
