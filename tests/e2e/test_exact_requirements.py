"""Exactly the requirements: for every everyday operation, what it needs is enough, and all of it is needed.

Proven for each request below, with real sockets and a real S3 server: a role session whose policy allows exactly the
(action, resource) pairs of `tests/corpus/s3-operations.json` succeeds; with any one pair taken away it is 403 and the
backend saw nothing; so it is when everything else in S3 is allowed and that one pair is denied. The pairs come from the
data and from the request as botocore put it on the wire, never from the gate's own tables. A change of the role's policy
is in force at the next request.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError
from clients import S3_ALL, Keys, allow, assume, client, deny, document, make_role, unique
from exact_requests import ANSWERED_HERE, CARRIED, CASES, ELSEWHERE, ROWS, Case
from gate import TESTER1, TESTER2


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
