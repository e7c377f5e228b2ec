"""The everyday requests of test_exact_requirements.py: how each is set up, and how it is sent. `w` is what was set up."""

import json
import time
from dataclasses import dataclass

from clients import allow, document, unique
from servers import PROJECT

ROWS = {
    row["operation"]: row
    for row in json.loads((PROJECT / "tests/corpus/s3-operations.json").read_text())["operations"]
}
CARRIED = set(
    """ListBuckets CreateBucket HeadBucket DeleteBucket GetBucketLocation GetBucketVersioning PutBucketVersioning
    GetBucketTagging PutBucketTagging DeleteBucketTagging ListObjects ListObjectsV2 ListObjectVersions GetObject
    HeadObject GetObjectAttributes PutObject CopyObject DeleteObject DeleteObjects GetObjectTagging PutObjectTagging
    DeleteObjectTagging CreateMultipartUpload UploadPart UploadPartCopy CompleteMultipartUpload AbortMultipartUpload
    ListParts ListMultipartUploads GetBucketPolicy GetBucketPolicyStatus PutBucketPolicy DeleteBucketPolicy""".split()
)
# Answered from the gate's own records: the server never sees them.
ANSWERED_HERE = {"GetBucketPolicy", "GetBucketPolicyStatus", "PutBucketPolicy", "DeleteBucketPolicy"}
TAGS = {"TagSet": [{"Key": "team", "Value": "blue"}]}
ELSEWHERE = document(allow("s3:*", ["arn:aws:s3:::somebody-elses", "arn:aws:s3:::somebody-elses/*"]))
PART = 5 << 20


@dataclass(frozen=True)
class Case:
    """One request: `prepare` sets up what it works on, `source_has_tags` says what only the server knows."""

    operation: str
    call: callable
    about: str = ""
    bucket: str = "plain"
    prepare: callable = None
    source_has_tags: bool = False

    @property
    def id(self):
        return f"{self.operation}-{self.about}" if self.about else self.operation


def put(s3, w, **more):
    return s3.put_object(Bucket=w.bucket, Key=w.key, Body=b"content", **more)


def an_object(s3, w):
    w.version = put(s3, w).get("VersionId")


def a_tagged_object(s3, w):
    w.version = put(s3, w, Tagging="team=blue").get("VersionId")


def an_upload(s3, w):
    w.upload = s3.create_multipart_upload(Bucket=w.bucket, Key=w.key)["UploadId"]


def an_upload_with_a_part(s3, w):
    an_upload(s3, w)
    w.etag = s3.upload_part(Bucket=w.bucket, Key=w.key, UploadId=w.upload, PartNumber=1, Body=b"part")["ETag"]


def an_upload_and_a_source(s3, w):
    w.source = f"{w.key}-source"
    w.source_version = s3.put_object(Bucket=w.bucket, Key=w.source, Body=b"content").get("VersionId")
    an_upload(s3, w)


def a_source(s3, w, **more):
    w.source = f"{w.key}-source"
    w.source_version = s3.put_object(Bucket=w.bucket, Key=w.source, Body=b"content", **more).get("VersionId")


def a_tagged_source(s3, w):
    a_source(s3, w, Tagging="team=blue")


def an_empty_bucket(s3, w):
    w.bucket = unique("gone-")
    s3.create_bucket(Bucket=w.bucket)


def a_bucket_with_a_policy(s3, w):
    an_empty_bucket(s3, w)
    w.policy = document(allow("s3:GetObject", f"arn:aws:s3:::{w.bucket}/*", Principal={"AWS": "333333333333"}))
    s3.put_bucket_policy(Bucket=w.bucket, Policy=w.policy)


def a_free_name(s3, w):
    w.bucket = unique("made-")


def on_bucket(method, **more):
    return lambda s3, w: getattr(s3, method)(Bucket=w.bucket, **more)


def on_object(method, **more):
    return lambda s3, w: getattr(s3, method)(Bucket=w.bucket, Key=w.key, **more)


def on_version(method, **more):
    return lambda s3, w: getattr(s3, method)(Bucket=w.bucket, Key=w.key, VersionId=w.version, **more)


def on_upload(method, **more):
    return lambda s3, w: getattr(s3, method)(Bucket=w.bucket, Key=w.key, UploadId=w.upload, **more)


def copy(version=False, **more):
    def call(s3, w):
        source = {"Bucket": w.bucket, "Key": w.source} | ({"VersionId": w.source_version} if version else {})
        return s3.copy_object(Bucket=w.bucket, Key=w.key, CopySource=source, **more)

    return call


def part_copy(version=False):
    def call(s3, w):
        source = {"Bucket": w.bucket, "Key": w.source} | ({"VersionId": w.source_version} if version else {})
        return s3.upload_part_copy(Bucket=w.bucket, Key=w.key, UploadId=w.upload, PartNumber=1, CopySource=source)

    return call


def complete(s3, w):
    parts = {"Parts": [{"PartNumber": 1, "ETag": w.etag}]}
    return s3.complete_multipart_upload(Bucket=w.bucket, Key=w.key, UploadId=w.upload, MultipartUpload=parts)


def batch(version=False, **more):
    def call(s3, w):
        entry = {"Key": w.key} | ({"VersionId": w.version} if version else {})
        return s3.delete_objects(Bucket=w.bucket, Delete={"Objects": [entry]}, **more)

    return call


RETAIN = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": int(time.time()) + 86400}
GRANT = {"GrantRead": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'}
ATTRIBUTES = {"ObjectAttributes": ["ETag", "ObjectSize"]}

CASES = [
    Case("ListBuckets", lambda s3, w: s3.list_buckets()),
    Case("CreateBucket", on_bucket("create_bucket"), prepare=a_free_name),
    Case("CreateBucket", on_bucket("create_bucket", ACL="public-read"), "acl", prepare=a_free_name),
    Case("CreateBucket", on_bucket("create_bucket", ACL="private"), "private-acl", prepare=a_free_name),
    Case("CreateBucket", on_bucket("create_bucket", **GRANT), "grant", prepare=a_free_name),
    Case("CreateBucket", on_bucket("create_bucket", ObjectLockEnabledForBucket=True), "lock", prepare=a_free_name),
    Case(
        "CreateBucket",
        on_bucket("create_bucket", ObjectOwnership="BucketOwnerEnforced"),
        "ownership",
        prepare=a_free_name,
    ),
    Case(
        "CreateBucket",
        on_bucket("create_bucket", CreateBucketConfiguration={"Tags": TAGS["TagSet"]}),
        "tags",
        prepare=a_free_name,
    ),
    Case("HeadBucket", on_bucket("head_bucket")),
    Case("DeleteBucket", on_bucket("delete_bucket"), prepare=an_empty_bucket),
    Case("GetBucketLocation", on_bucket("get_bucket_location")),
    Case("GetBucketVersioning", on_bucket("get_bucket_versioning")),
    Case(
        "PutBucketVersioning",
        on_bucket("put_bucket_versioning", VersioningConfiguration={"Status": "Enabled"}),
        bucket="versioned",
    ),
    Case(
        "GetBucketTagging",
        on_bucket("get_bucket_tagging"),
        prepare=lambda s3, w: s3.put_bucket_tagging(Bucket=w.bucket, Tagging=TAGS),
    ),
    Case("PutBucketTagging", on_bucket("put_bucket_tagging", Tagging=TAGS)),
    Case("DeleteBucketTagging", on_bucket("delete_bucket_tagging")),
    Case("GetBucketPolicy", on_bucket("get_bucket_policy"), prepare=a_bucket_with_a_policy),
    Case("GetBucketPolicyStatus", on_bucket("get_bucket_policy_status"), prepare=a_bucket_with_a_policy),
    Case(
        "PutBucketPolicy",
        lambda s3, w: s3.put_bucket_policy(Bucket=w.bucket, Policy=w.policy),
        prepare=a_bucket_with_a_policy,
    ),
    Case("DeleteBucketPolicy", on_bucket("delete_bucket_policy"), prepare=a_bucket_with_a_policy),
    Case("ListObjects", on_bucket("list_objects", Prefix="a/", Delimiter="/")),
    Case("ListObjectsV2", on_bucket("list_objects_v2", Prefix="a/", FetchOwner=True)),
    Case("ListObjectVersions", on_bucket("list_object_versions"), bucket="versioned", prepare=an_object),
    Case("ListMultipartUploads", on_bucket("list_multipart_uploads"), prepare=an_upload),
    Case("GetObject", on_object("get_object"), prepare=an_object),
    Case("GetObject", on_object("get_object", Range="bytes=0-1"), "range", prepare=an_object),
    Case("GetObject", on_version("get_object"), "version", bucket="versioned", prepare=an_object),
    Case("HeadObject", on_object("head_object"), prepare=an_object),
    Case("HeadObject", on_version("head_object"), "version", bucket="versioned", prepare=an_object),
    Case("GetObjectAttributes", on_object("get_object_attributes", **ATTRIBUTES), prepare=an_object),
    Case(
        "GetObjectAttributes",
        on_version("get_object_attributes", **ATTRIBUTES),
        "version",
        bucket="versioned",
        prepare=an_object,
    ),
    Case("PutObject", on_object("put_object", Body=b"x")),
    Case("PutObject", on_object("put_object", Body=b"x", IfNoneMatch="*"), "if-none-match"),
    Case("PutObject", on_object("put_object", Body=b"x", ACL="public-read"), "acl"),
    Case("PutObject", on_object("put_object", Body=b"x", **GRANT), "grant"),
    Case("PutObject", on_object("put_object", Body=b"x", Tagging="a=b"), "tagging"),
    Case("PutObject", on_object("put_object", Body=b"x", Tagging="a=b", ACL="private"), "tagging-acl"),
    Case("PutObject", on_object("put_object", Body=b"x", **RETAIN), "retention", bucket="locked"),
    Case("PutObject", on_object("put_object", Body=b"x", ObjectLockLegalHoldStatus="ON"), "legal-hold", bucket="locked"),
    Case("CopyObject", copy(), prepare=a_source),
    Case("CopyObject", copy(version=True), "version", bucket="versioned", prepare=a_source),
    Case("CopyObject", copy(), "tagged", prepare=a_tagged_source, source_has_tags=True),
    Case(
        "CopyObject",
        copy(version=True),
        "tagged-version",
        bucket="versioned",
        prepare=a_tagged_source,
        source_has_tags=True,
    ),
    Case(
        "CopyObject",
        copy(TaggingDirective="REPLACE", Tagging="a=b"),
        "new-tags",
        prepare=a_tagged_source,
        source_has_tags=True,
    ),
    Case(
        "CopyObject", copy(TaggingDirective="REPLACE"), "without-tags", prepare=a_tagged_source, source_has_tags=True
    ),
    Case("CopyObject", copy(ACL="public-read"), "acl", prepare=a_source),
    Case("CopyObject", copy(**RETAIN), "retention", bucket="locked", prepare=a_source),
    Case("CopyObject", copy(ObjectLockLegalHoldStatus="ON"), "legal-hold", bucket="locked", prepare=a_source),
    Case("DeleteObject", on_object("delete_object"), prepare=an_object),
    Case("DeleteObject", on_version("delete_object"), "version", bucket="versioned", prepare=an_object),
    Case(
        "DeleteObject",
        on_version("delete_object", BypassGovernanceRetention=True),
        "bypass",
        bucket="locked",
        prepare=an_object,
    ),
    Case("DeleteObjects", batch(), prepare=an_object),
    Case("DeleteObjects", batch(version=True), "version", bucket="versioned", prepare=an_object),
    Case(
        "DeleteObjects",
        batch(version=True, BypassGovernanceRetention=True),
        "bypass",
        bucket="locked",
        prepare=an_object,
    ),
    Case("GetObjectTagging", on_object("get_object_tagging"), prepare=a_tagged_object),
    Case("GetObjectTagging", on_version("get_object_tagging"), "version", bucket="versioned", prepare=a_tagged_object),
    Case("PutObjectTagging", on_object("put_object_tagging", Tagging=TAGS), prepare=an_object),
    Case(
        "PutObjectTagging",
        on_version("put_object_tagging", Tagging=TAGS),
        "version",
        bucket="versioned",
        prepare=an_object,
    ),
    Case("DeleteObjectTagging", on_object("delete_object_tagging"), prepare=a_tagged_object),
    Case(
        "DeleteObjectTagging",
        on_version("delete_object_tagging"),
        "version",
        bucket="versioned",
        prepare=a_tagged_object,
    ),
    Case("CreateMultipartUpload", on_object("create_multipart_upload")),
    Case("CreateMultipartUpload", on_object("create_multipart_upload", ACL="public-read"), "acl"),
    Case("CreateMultipartUpload", on_object("create_multipart_upload", Tagging="a=b"), "tagging"),
    Case("CreateMultipartUpload", on_object("create_multipart_upload", **RETAIN), "retention", bucket="locked"),
    Case(
        "CreateMultipartUpload",
        on_object("create_multipart_upload", ObjectLockLegalHoldStatus="ON"),
        "legal-hold",
        bucket="locked",
    ),
    Case("UploadPart", on_upload("upload_part", PartNumber=1, Body=b"part"), prepare=an_upload),
    Case("UploadPartCopy", part_copy(), prepare=an_upload_and_a_source),
    Case("UploadPartCopy", part_copy(version=True), "version", bucket="versioned", prepare=an_upload_and_a_source),
    Case("CompleteMultipartUpload", complete, prepare=an_upload_with_a_part),
    Case("AbortMultipartUpload", on_upload("abort_multipart_upload"), prepare=an_upload),
    Case("ListParts", on_upload("list_parts"), prepare=an_upload_with_a_part),
]
