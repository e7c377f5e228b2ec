"""Rights by tags: of sessions, buckets, stored objects and uploads, with unmodified boto3 on a real S3 server.

Proven: a bucket tagged Department=Engineering is usable only by sessions with that tag, for put, get and both sides of
a copy; tags of stored objects open and close them at once; uploads must bring the tag that is asked for; the server is
asked only where a statement reads a tag; the request meets the object that was judged; a missing object stays a 404.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from clients import Keys, allow, assume, client, document, make_role, refused, unique
from gate import TESTER1, TESTER2
from recorder import Holder
from servers import poll

OWNER, USER, TRUSTED = Keys(*TESTER1), Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
DENIED = ("AccessDenied", 403)
CHANGED = ("SlowDown", 503)
ALL = "arn:aws:s3:::*"
SAME_DEPARTMENT = {"StringEquals": {"s3:ResourceTag/Department": "${aws:PrincipalTag/Department}"}}


@pytest.fixture(scope="module")
def served(gate, weed):
    """A gate before a recorder; a bucket of Engineering, one of Sales, and one with versions and without tags."""
    recorder = Holder(weed.port)
    one = gate(backend=recorder.endpoint)
    s3 = client("s3", one.endpoint, OWNER)
    made = SimpleNamespace(endpoint=one.endpoint, owner=s3, recorder=recorder)
    made.direct = client("s3", weed.endpoint, Keys(weed.access_key, weed.secret_key))
    for name in ("engineering", "sales", "versions"):
        bucket = unique(f"{name}-")
        s3.create_bucket(Bucket=bucket)
        setattr(made, name, bucket)
    for bucket, department in ((made.engineering, "Engineering"), (made.sales, "Sales")):
        s3.put_bucket_tagging(Bucket=bucket, Tagging=tagging(Department=department))
        s3.put_object(Bucket=bucket, Key="there", Body=b"there")
    s3.put_bucket_versioning(Bucket=made.versions, VersioningConfiguration={"Status": "Enabled"})
    yield made
    for bucket in (made.engineering, made.sales, made.versions):
        listed = s3.list_object_versions(Bucket=bucket)
        for found in listed.get("Versions", []) + listed.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])
    recorder.stop()


def tagging(**tags):
    return {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}


def session(served, *statements, **tags):
    """An S3 client of a session with these tags, of a role with these statements."""
    name, arn = make_role(served.endpoint, OWNER, TRUSTED, document(*statements))
    trusts = document(allow(["sts:AssumeRole", "sts:TagSession"], Principal={"AWS": TRUSTED}))
    iam = client("iam", served.endpoint, OWNER)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=trusts)
    more = {"Tags": tagging(**tags)["TagSet"]} if tags else {}
    return client("s3", served.endpoint, assume(served.endpoint, USER, arn, **more))


def read(s3, bucket, key, **more):
    return s3.get_object(Bucket=bucket, Key=key, **more)["Body"].read()


def asked(served):
    """Methods and sub-resources of what the backend was asked since the last look."""
    seen = ((one.method, re.sub("^[^?]*", "", one.target)) for one in served.recorder.take())
    return [f"{method} {query}".strip() for method, query in seen]


def test_rule_11_a_bucket_is_usable_by_the_sessions_of_its_department_alone(served):
    everything = allow("s3:*", ALL, Condition=SAME_DEPARTMENT)
    engineer = session(served, everything, Department="Engineering")
    nobody = session(served, everything)
    ours, theirs = served.engineering, served.sales
    engineer.put_object(Bucket=ours, Key="k", Body=b"1")
    assert read(engineer, ours, "k") == b"1"
    assert engineer.head_object(Bucket=ours, Key="k")["ContentLength"] == 1
    assert "k" in [found["Key"] for found in engineer.list_objects_v2(Bucket=ours)["Contents"]]
    engineer.copy_object(Bucket=ours, Key="copied", CopySource={"Bucket": ours, "Key": "k"})
    assert read(engineer, ours, "copied") == b"1"
    upload = engineer.create_multipart_upload(Bucket=ours, Key="parts")["UploadId"]
    source = {"Bucket": ours, "Key": "k"}
    part = engineer.upload_part_copy(Bucket=ours, Key="parts", UploadId=upload, PartNumber=1, CopySource=source)
    done = {"Parts": [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]}
    engineer.complete_multipart_upload(Bucket=ours, Key="parts", UploadId=upload, MultipartUpload=done)
    assert read(engineer, ours, "parts") == b"1"
    for s3, bucket in ((engineer, theirs), (nobody, theirs), (nobody, ours)):
        assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"2")[:2] == DENIED
        assert refused(s3.get_object, Bucket=bucket, Key="there")[:2] == DENIED
        assert refused(s3.get_object, Bucket=bucket, Key="not there")[:2] == DENIED
        assert refused(s3.list_objects_v2, Bucket=bucket)[:2] == DENIED
        assert refused(s3.put_bucket_tagging, Bucket=bucket, Tagging=tagging(Department="Engineering"))[:2] == DENIED
    # Copies: the tags of both buckets count.
    for source, target in ((theirs, ours), (ours, theirs)):
        there = {"Bucket": source, "Key": "there"}
        assert refused(engineer.copy_object, Bucket=target, Key="c", CopySource=there)[:2] == DENIED
    batch = {"Objects": [{"Key": "k"}, {"Key": "copied"}, {"Key": "parts"}]}
    assert {error["Code"] for error in nobody.delete_objects(Bucket=ours, Delete=batch)["Errors"]} == {"AccessDenied"}
    assert len(engineer.delete_objects(Bucket=ours, Delete=batch)["Deleted"]) == 3
    # The tags are those of now.
    served.owner.put_bucket_tagging(Bucket=theirs, Tagging=tagging(Department="Engineering"))
    assert read(engineer, theirs, "there") == b"there"
    served.owner.put_bucket_tagging(Bucket=theirs, Tagging=tagging(Department="Sales"))
    assert refused(engineer.get_object, Bucket=theirs, Key="there")[:2] == DENIED


def test_rule_11_the_server_is_asked_only_where_a_statement_reads_a_tag(served):
    plain = session(served, allow("s3:*", ALL))
    tagged = session(served, allow("s3:*", ALL, Condition=SAME_DEPARTMENT), Department="Engineering")
    asked(served)
    assert read(plain, served.engineering, "there") == b"there"
    assert asked(served) == ["GET"]
    assert read(tagged, served.engineering, "there") == b"there"
    assert asked(served) == ["GET ?tagging", "GET"]


def test_rule_11_the_tags_of_a_stored_object_decide(served):
    bucket, key = served.sales, "papers/p"
    public = {"StringEquals": {"s3:ExistingObjectTag/public": "yes"}}
    unless = {"StringNotEquals": {"s3:ExistingObjectTag/public": "yes"}}
    reader = session(served, allow("s3:GetObject", ALL, Condition=public))
    reads = ["s3:GetObject", "s3:GetObjectTagging"]
    other = session(served, allow("s3:*", ALL), allow(reads, ALL, "Deny", Condition=unless))
    served.owner.put_object(Bucket=bucket, Key=key, Body=b"paper")
    for value, opened in ((None, False), ("yes", True), ("no", False), ("yes", True)):
        if value:
            served.owner.put_object_tagging(Bucket=bucket, Key=key, Tagging=tagging(public=value, more="x"))
        for s3 in (reader, other):
            if opened:
                assert read(s3, bucket, key) == b"paper"
                assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == 5
            else:
                assert refused(s3.get_object, Bucket=bucket, Key=key)[:2] == DENIED
                assert refused(s3.head_object, Bucket=bucket, Key=key)[1] == 403
    # Ranges and the client's own conditions work as ever.
    etag = served.owner.head_object(Bucket=bucket, Key=key)["ETag"]
    assert read(other, bucket, key, Range="bytes=1-2", IfMatch=etag) == b"ap"
    assert refused(other.get_object, Bucket=bucket, Key=key, IfMatch='"other"')[:2] == ("PreconditionFailed", 412)
    assert refused(other.get_object, Bucket=bucket, Key=key, IfNoneMatch=etag)[1] == 304
    # A copy reads its source.
    source = {"Bucket": bucket, "Key": key}
    more = {"TaggingDirective": "REPLACE", "Tagging": "public=no"}
    other.copy_object(Bucket=bucket, Key="papers/copy", CopySource=source, **more)
    source["Key"] = "papers/copy"
    assert refused(other.copy_object, Bucket=bucket, Key="papers/again", CopySource=source, **more)[:2] == DENIED
    assert refused(other.get_object_tagging, Bucket=bucket, Key="papers/copy")[:2] == DENIED


def test_rule_11_what_is_not_there_is_a_404_for_those_who_may_list(served):
    secret = allow("s3:*", ALL, "Deny", Condition={"StringEquals": {"s3:ExistingObjectTag/secret": "yes"}})
    lister = session(served, allow("s3:*", ALL), secret)
    reader = session(served, allow("s3:GetObject", ALL), secret)
    for bucket in (served.sales, served.versions):
        assert refused(lister.get_object, Bucket=bucket, Key="none")[:2] == ("NoSuchKey", 404)
        assert refused(lister.head_object, Bucket=bucket, Key="none")[1] == 404
        gone = {"Bucket": bucket, "Key": "none"}
        assert refused(lister.copy_object, Bucket=bucket, Key="copy", CopySource=gone)[1] == 404
        assert refused(reader.get_object, Bucket=bucket, Key="none")[:2] == DENIED


def test_rule_11_uploads_must_bring_the_tag_that_is_asked_for(served):
    mine = {"StringEquals": {"s3:RequestObjectTag/Department": "${aws:PrincipalTag/Department}"}}
    put = ["s3:PutObject", "s3:PutObjectTagging"]
    s3 = session(served, allow(put, ALL, Condition=mine), allow("s3:GetObject", ALL), Department="Sales")
    bucket = served.sales
    s3.put_object(Bucket=bucket, Key="up", Body=b"1", Tagging="Department=Sales&a=b")
    for more in ({}, {"Tagging": "Department=Engineering"}, {"Tagging": "a=b"}):
        assert refused(s3.put_object, Bucket=bucket, Key="up", Body=b"2", **more)[:2] == DENIED
    s3.put_object_tagging(Bucket=bucket, Key="up", Tagging=tagging(Department="Sales"))
    assert refused(s3.put_object_tagging, Bucket=bucket, Key="up", Tagging=tagging(Department="x"))[:2] == DENIED
    source = {"Bucket": bucket, "Key": "up"}
    more = {"TaggingDirective": "REPLACE", "Tagging": "Department=Sales"}
    s3.copy_object(Bucket=bucket, Key="copied", CopySource=source, **more)
    assert refused(s3.copy_object, Bucket=bucket, Key="copied", CopySource=source)[:2] == DENIED
    assert read(s3, bucket, "up") == b"1"


def test_rule_11_with_versions_the_judged_version_is_read(served):
    bucket, owner = served.versions, served.owner
    open_ = owner.put_object(Bucket=bucket, Key="v", Body=b"open", Tagging="public=yes")["VersionId"]
    closed = owner.put_object(Bucket=bucket, Key="v", Body=b"closed")["VersionId"]
    public = {"StringEquals": {"s3:ExistingObjectTag/public": "yes"}}
    s3 = session(served, allow(["s3:GetObject", "s3:GetObjectVersion"], ALL, Condition=public))
    assert refused(s3.get_object, Bucket=bucket, Key="v")[:2] == DENIED
    assert refused(s3.get_object, Bucket=bucket, Key="v", VersionId=closed)[:2] == DENIED
    assert read(s3, bucket, "v", VersionId=open_) == b"open"
    owner.delete_object(Bucket=bucket, Key="v", VersionId=closed)
    asked(served)
    answer = s3.get_object(Bucket=bucket, Key="v")
    assert (answer["Body"].read(), answer["VersionId"]) == (b"open", open_)
    version = f"versionId={open_}"
    assert asked(served) == ["HEAD", f"GET ?tagging&{version}", f"GET ?{version}"]


def test_rule_11_another_object_that_came_meanwhile_is_not_read(served):
    bucket, owner = served.sales, served.owner
    public = {"StringEquals": {"s3:ExistingObjectTag/public": "yes"}}
    s3 = session(served, allow(["s3:GetObject", "s3:PutObject"], ALL, Condition=public), allow("s3:PutObject", ALL))
    more = {"CopySource": {"Bucket": bucket, "Key": "swap"}, "TaggingDirective": "REPLACE"}
    for call, is_meant in (
        (lambda: s3.get_object(Bucket=bucket, Key="swap"), lambda seen: f"{seen.method} {seen.target[-5:]}" == "GET /swap"),
        (lambda: s3.copy_object(Bucket=bucket, Key="swapped", **more), lambda seen: "/swapped" in seen.target),
    ):
        owner.put_object(Bucket=bucket, Key="swap", Body=b"open", Tagging="public=yes")
        served.recorder.arm("request", is_meant)
        with ThreadPoolExecutor(1) as pool:
            refusal = pool.submit(refused, call)
            try:
                poll(lambda: served.recorder.held, 30, "the request has been judged and sent")
                served.direct.put_object(Bucket=bucket, Key="swap", Body=b"closed")
            finally:
                served.recorder.release()
            assert refusal.result()[:2] == CHANGED
    assert refused(s3.get_object, Bucket=bucket, Key="swap")[:2] == DENIED


def test_rule_11_a_server_that_does_not_tell_the_tags_is_503(served):
    reads = {"StringNotEquals": {"s3:ResourceTag/Department": "Engineering"}}
    s3 = session(served, allow("s3:GetObject", ALL, Condition=reads))
    assert read(s3, served.sales, "there") == b"there"
    served.recorder.arm("request", lambda seen: seen.target.endswith("?tagging"))
    with ThreadPoolExecutor(1) as pool:
        refusal = pool.submit(refused, s3.get_object, Bucket=served.sales, Key="there")
        try:
            poll(lambda: served.recorder.held, 30, "the tags have been asked for")
        finally:
            served.recorder.release(drop=True)
        assert refusal.result()[:2] == ("ServiceUnavailable", 503)
    assert read(s3, served.sales, "there") == b"there"
