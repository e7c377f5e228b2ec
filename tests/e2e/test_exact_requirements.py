"""Exactly the requirements: for every everyday operation, what it needs is enough, and all of it is needed.

Proven for each request below, with real sockets and a real S3 server: a role session whose policy allows exactly the
(action, resource) pairs of `tests/corpus/s3-operations.json` succeeds; with any one pair taken away it is 403 and the
backend saw nothing; so it is when everything else in S3 is allowed and that one pair is denied. The pairs come from the
data and from the request as botocore put it on the wire, never from the gate's own tables. A change of the role's policy
is in force at the next request.
"""

import json
import time
from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

import pytest
from clients import S3_ALL, Keys, allow, assume, client, deny, document, make_role, unique
from botocore.exceptions import ClientError
from gate import TESTER1, TESTER2
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


# ---- The requests: how each is set up, and how it is sent. `w` is what was set up.


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


# ---- What the data say that a request needs.


class Wire:
    """A request as botocore sent it, in the terms of the data's `when` forms."""

    def __init__(self, request, source_has_tags):
        parts = urlsplit(request.url)
        self.bucket, _, self.key = (unquote(text) for text in parts.path[1:].partition("/"))
        self.query = parse_qs(parts.query, keep_blank_values=True)
        self.headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        source, _, version = self.headers.get("x-amz-copy-source", "").partition("?")
        self.source, self.source_version = unquote(source).lstrip("/"), bool(version)
        self.source_has_tags = source_has_tags
        self.body = request.body if isinstance(request.body, bytes) else b""

    def entries(self):
        """The keys of a Delete body, each with the names of its elements."""
        for entry in ElementTree.fromstring(self.body).iter():
            if entry.tag.endswith("}Object") or entry.tag == "Object":
                yield {child.tag.rpartition("}")[2]: child.text for child in entry}

    def requirements(self, row):
        needs = []
        for need in row["actions"]:
            if need["resource"] == "each-object":
                for entry in self.entries():
                    if self._holds(need["when"], entry):
                        needs.append((need["action"], f"arn:aws:s3:::{self.bucket}/{entry['Key']}"))
            elif self._holds(need["when"]):
                resource = {
                    "none": "*",
                    "bucket": self.bucket,
                    "object": f"{self.bucket}/{self.key}",
                    "source-object": self.source,
                }[need["resource"]]
                needs.append((need["action"], f"arn:aws:s3:::{resource}"))
        return needs

    def _holds(self, when, entry=None):
        if when == "always":
            return True
        if "header" in when:
            value = self.headers.get(when["header"].lower())
            if value is None:
                return when.get("absentCounts", False)
            return value == when["value"] if "value" in when else value != when.get("valueNot")
        (form, wanted), *rest = when.items()
        assert not rest, when
        return {
            "query": lambda: wanted in self.query,
            "queryAbsent": lambda: wanted not in self.query,
            "anyHeader": lambda: any(name.lower() in self.headers for name in wanted),
            "copySourceVersion": lambda: self.source_version == wanted,
            "sourceHasTags": lambda: self.source_has_tags == wanted,
            "bodyEntry": lambda: wanted in entry,
            "bodyEntryAbsent": lambda: wanted not in entry,
            "body": lambda: f"<{wanted.rpartition('/')[2]}>".encode() in self.body,
            "any": lambda: any(self._holds(one, entry) for one in wanted),
            "all": lambda: all(self._holds(one, entry) for one in wanted),
        }[form]()


def _text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


# ---- The gate, two sessions and three buckets, for all cases.


@dataclass
class Stage:
    recorder: object
    role: str
    iam: object
    limited: object  # the session whose policy the cases set
    full: object  # a session with s3:*, for the set-up
    buckets: dict
    sent: list

    def grant(self, policy):
        self.iam.put_role_policy(RoleName=self.role, PolicyName="Policy1", PolicyDocument=policy)

    def prepared(self, case):
        w = SimpleNamespace(bucket=self.buckets[case.bucket], key=unique("a/key-"))
        if case.prepare:
            case.prepare(self.full, w)
        self.recorder.take()
        return w

    def send(self, case, w):
        """(None or (code, status, message), what the backend saw)."""
        try:
            answer = case.call(self.limited, w)
        except ClientError as error:
            detail, meta = error.response["Error"], error.response["ResponseMetadata"]
            return (detail["Code"], meta["HTTPStatusCode"], detail.get("Message", "")), self.recorder.take()
        if errors := answer.get("Errors"):  # DeleteObjects tells in a 200 answer
            return (errors[0]["Code"], 403, errors[0].get("Message", "")), self.recorder.take()
        if "Body" in answer:
            answer["Body"].read()
        return None, self.recorder.take()


@pytest.fixture(scope="module")
def stage(gate, recorder):
    one = gate(backend=recorder.endpoint)
    owner, user, trusted = Keys(*TESTER1), Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
    role, arn = make_role(one.endpoint, owner, trusted, ELSEWHERE)
    limited = client("s3", one.endpoint, assume(one.endpoint, user, arn))
    full = client("s3", one.endpoint, assume(one.endpoint, user, make_role(one.endpoint, owner, trusted)[1]))
    buckets = {kind: unique(f"{kind}-") for kind in ("plain", "versioned", "locked")}
    full.create_bucket(Bucket=buckets["plain"])
    full.create_bucket(Bucket=buckets["versioned"])
    full.put_bucket_versioning(Bucket=buckets["versioned"], VersioningConfiguration={"Status": "Enabled"})
    full.create_bucket(Bucket=buckets["locked"], ObjectLockEnabledForBucket=True)
    sent = []
    limited.meta.events.register("before-send.s3", lambda request, **_: sent.append(request))
    iam = client("iam", one.endpoint, owner)
    return Stage(recorder, role, iam, limited, full, buckets, sent)


def needs_of(case, stage, w):
    """What the data say that the request needs; it is sent once for that, by a role that may do nothing here."""
    stage.grant(ELSEWHERE)
    stage.sent.clear()
    refusal, seen = stage.send(case, w)
    assert refusal and refusal[1] == 403 and not seen, (refusal, seen)
    assert len(stage.sent) == 1
    needs = Wire(stage.sent[0], case.source_has_tags).requirements(ROWS[case.operation])
    assert needs, "every operation needs something"
    return needs


def assert_denied(case, refusal, seen, need, words):
    assert refusal, f"allowed without {need}"
    code, status, message = refusal
    assert status == 403, refusal
    # Whether a copy's source has tags only the backend can say: that it may be asked, and nothing else.
    if case.operation == "CopyObject" and need[0].endswith("Tagging"):
        seen = [request for request in seen if not (request.method == "GET" and "?tagging" in request.target)]
    assert seen == [], "the backend saw it"
    if ROWS[case.operation]["method"] != "HEAD":
        assert code == "AccessDenied"
        assert f'is not authorized to perform: {need[0]} on resource: "{need[1]}" {words}' in message, message


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_exactly_the_requirements(stage, case):
    w = stage.prepared(case)
    needs = needs_of(case, stage, w)
    for missing in needs:
        rest = [need for need in needs if need != missing]
        stage.grant(document(*(allow(*need) for need in rest)) if rest else ELSEWHERE)
        words = f"because no identity-based policy allows the {missing[0]} action"
        assert_denied(case, *stage.send(case, w), missing, words)
        stage.grant(document(allow("s3:*", "*"), deny(*missing)))
        assert_denied(case, *stage.send(case, w), missing, "with an explicit deny in an identity-based policy")
    stage.grant(document(*(allow(*need) for need in needs)))
    refusal, seen = stage.send(case, w)
    assert bool(seen) != (case.operation in ANSWERED_HERE), seen
    assert refusal is None, refusal


def test_every_operation_that_is_carried_has_a_case():
    assert {case.operation for case in CASES} == CARRIED


def test_every_action_of_those_operations_is_needed_by_a_case(stage):
    """The table of cases leaves out no row of the data."""
    covered = set()
    for case in CASES:
        needs = needs_of(case, stage, stage.prepared(case))
        covered |= {(case.operation, action) for action, _ in needs}
    listed = {(name, need["action"]) for name in CARRIED for need in ROWS[name]["actions"]}
    assert covered == listed


def test_copies_between_buckets_need_source_and_destination(stage):
    """As above, across two buckets: a right on one never stands for the other."""
    source, target = stage.buckets["plain"], stage.buckets["versioned"]
    key = unique("across-")
    stage.full.put_object(Bucket=source, Key=key, Body=b"content")
    read, write = ("s3:GetObject", f"arn:aws:s3:::{source}/{key}"), ("s3:PutObject", f"arn:aws:s3:::{target}/{key}")

    def call(s3, _):
        return s3.copy_object(Bucket=target, Key=key, CopySource={"Bucket": source, "Key": key})

    case = Case("CopyObject", call)
    swapped = [("s3:PutObject", read[1]), ("s3:GetObject", write[1])]
    for needs, missing in (([read], write), ([write], read), (swapped, read)):
        stage.recorder.take()
        stage.grant(document(*(allow(*need) for need in needs)))
        words = f"because no identity-based policy allows the {missing[0]} action"
        assert_denied(case, *stage.send(case, None), missing, words)
    stage.grant(document(allow(*read), allow(*write)))
    refusal, seen = stage.send(case, None)
    assert refusal is None and seen


def test_batch_delete_is_judged_key_by_key_and_only_allowed_keys_go_on(stage, weed):
    bucket, keys = stage.buckets["plain"], [unique("batch/") for _ in range(4)]
    for key in keys:
        stage.full.put_object(Bucket=bucket, Key=key, Body=b"x")
    left, direct = set(keys), weed.client()
    for gone in keys[:2]:
        stage.grant(document(allow("s3:DeleteObject", f"arn:aws:s3:::{bucket}/{gone}")))
        answer = stage.limited.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in sorted(left)]})
        assert [entry["Key"] for entry in answer["Deleted"]] == [gone]
        left.discard(gone)
        assert sorted(entry["Key"] for entry in answer["Errors"]) == sorted(left)
        assert {entry["Code"] for entry in answer["Errors"]} == {"AccessDenied"}
        listed = direct.list_objects_v2(Bucket=bucket, Prefix="batch/").get("Contents", [])
        assert {entry["Key"] for entry in listed} & set(keys) == left


def test_rights_on_the_list_are_not_rights_on_the_bucket(stage):
    """ListAllMyBuckets on one bucket's ARN is no ListBuckets; s3:ListBucket on the objects is no listing."""
    name = stage.buckets["plain"]
    for operation, policy in [
        ("ListBuckets", allow("s3:ListAllMyBuckets", f"arn:aws:s3:::{name}")),
        ("ListObjectsV2", allow("s3:ListBucket", f"arn:aws:s3:::{name}/*")),
        ("ListObjectVersions", allow("s3:ListBucket", f"arn:aws:s3:::{name}")),
        ("ListMultipartUploads", allow("s3:ListBucket", f"arn:aws:s3:::{name}")),
        ("DeleteBucketTagging", allow("s3:GetBucketTagging", f"arn:aws:s3:::{name}")),
    ]:
        case = next(case for case in CASES if case.operation == operation)
        w = SimpleNamespace(bucket=name)
        stage.grant(document(policy))
        stage.recorder.take()
        refusal, seen = stage.send(case, w)
        assert refusal and refusal[:2] == ("AccessDenied", 403) and not seen, operation


def test_conditions_of_a_listing_are_of_its_own_prefix(stage):
    """A right bound to a prefix opens that listing and none beside it."""
    name = stage.buckets["plain"]
    condition = {"StringEquals": {"s3:prefix": "a/"}}
    stage.grant(document(allow("s3:ListBucket", f"arn:aws:s3:::{name}", Condition=condition)))
    stage.limited.list_objects_v2(Bucket=name, Prefix="a/")
    stage.recorder.take()
    for call in (
        lambda: stage.limited.list_objects_v2(Bucket=name),
        lambda: stage.limited.list_objects_v2(Bucket=name, Prefix="a"),
        lambda: stage.limited.list_objects(Bucket=name, Prefix="b/"),
        lambda: stage.limited.head_bucket(Bucket=name),
    ):
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert not stage.recorder.take()
    stage.grant(S3_ALL)
    stage.limited.list_objects_v2(Bucket=name)
