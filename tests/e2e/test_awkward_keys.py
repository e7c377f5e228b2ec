"""What was authorized is what is touched: awkward keys through the gate, looked at straight at the backend (rule 4).

Each key has a neighbour onto which a wrong decoding would fold it. Proven for put, get, head, copy, tags, multipart,
listing, batch delete and delete: exactly the one object is touched, nothing beside it; and a role that may only touch the
one key cannot reach its neighbour.
"""

import hashlib
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError
from clients import Keys, allow, assume, client, document, make_role, signed, unique
from gate import TESTER1, TESTER2

# (key, what a decoding too much or too little would make of it)
PAIRS = [
    ("a+b", "a b"),
    ("a b", "a+b"),
    ("a%2Fb", "a/b"),
    ("a%2fb", "a%2Fb"),
    ("a%252Fb", "a%2Fb"),
    ("a%20b", "a b"),
    ("a%2Bb", "a+b"),
    ("a%00b", "a"),
    ("100%", "100"),
    ("%", "%25"),
    ("tilde~x", "tilde%7Ex"),
    ("star*", "star1"),
    ("star*/x", "star/x"),
    ("what?", "what"),
    ("what?versionId=null", "what"),
    ("what?tagging", "what"),
    ("k&acl", "k"),
    ("k=v", "k"),
    ("k;v", "k"),
    ("k#frag", "k"),
    ('quote"d', "quoted"),
    ("it's", "its"),
    ("<angle>&amp;", "<angle>&"),
    ("comma,colon:", "comma"),
    ("at@dollar$excl!", "at"),
    ("(paren)", "paren"),
    ("${aws:username}", "TESTER2"),
    ("back`tick^pipe|{b}[c]", "backtick"),
    (" leading", "leading"),
    ("trailing ", "trailing"),
    ("käse", "ka\u0308se"),
    ("日本語/🦀", "日本語"),
    ("e\u0301", "\u00e9"),
    ("Case", "case"),
    ("a..b", "a.b"),
    ("...", "a"),
    ("dir/file", "dir"),
    ("%2e%2e/x", "x"),
    ("%5Cx", "x"),
    ("x" * 200 + "/" + "y" * 200 + "/" + "z" * 200, "x" * 200),
    ("ü" * 120, "u" * 120),
]


@pytest.fixture(scope="module")
def served(gate, weed):
    one = gate()
    owner, user, trusted = Keys(*TESTER1), Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
    s3 = client("s3", one.endpoint, assume(one.endpoint, user, make_role(one.endpoint, owner, trusted)[1]))
    role, arn = make_role(one.endpoint, owner, trusted)
    limited = client("s3", one.endpoint, assume(one.endpoint, user, arn))
    iam, name = client("iam", one.endpoint, owner), unique("keys-")
    s3.create_bucket(Bucket=name)
    return SimpleNamespace(s3=s3, limited=limited, role=role, iam=iam, direct=weed.client(), name=name)


@pytest.fixture
def bucket(served):
    """The module's one bucket (SeaweedFS gives every bucket volumes of its own), empty again after the test."""
    yield served.name
    for entry in served.direct.list_objects_v2(Bucket=served.name).get("Contents", []):
        served.direct.delete_object(Bucket=served.name, Key=entry["Key"])


def stored(served, bucket):
    """{key: ETag} of all objects, straight from the backend."""
    pages = served.direct.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {e["Key"]: e["ETag"].strip('"') for page in pages for e in page.get("Contents", []) if e["Key"][-1] != "/"}


def md5(content):
    return hashlib.md5(content).hexdigest()


@pytest.mark.parametrize("key, neighbour", PAIRS, ids=lambda text: ascii(text)[:24])
def test_only_the_named_object_is_touched(served, bucket, key, neighbour):
    s3 = served.s3
    # On SeaweedFS, `dir` and `dir/file` are two things of one name: the neighbour is left out where one is a folder.
    beside = {} if key.startswith(neighbour + "/") else {neighbour: md5(b"neighbour")}
    if beside:
        served.direct.put_object(Bucket=bucket, Key=neighbour, Body=b"neighbour")
    where = {"Bucket": bucket, "Key": key}

    s3.put_object(**where, Body=b"one", Tagging="a=1")
    assert stored(served, bucket) == beside | {key: md5(b"one")}
    assert served.direct.get_object(**where)["Body"].read() == b"one"
    assert s3.get_object(**where)["Body"].read() == b"one"
    assert s3.head_object(**where)["ContentLength"] == 3
    assert s3.get_object_tagging(**where)["TagSet"] == [{"Key": "a", "Value": "1"}]

    for call in (s3.list_objects_v2, s3.list_objects):
        listed = call(Bucket=bucket, Prefix=key)
        assert [entry["Key"] for entry in listed["Contents"] if entry["Key"] == key] == [key]
        assert all(entry["Key"].startswith(key) for entry in listed["Contents"])

    s3.copy_object(Bucket=bucket, Key="plain-copy", CopySource=where)
    assert stored(served, bucket) == beside | {key: md5(b"one"), "plain-copy": md5(b"one")}
    s3.put_object(Bucket=bucket, Key="plain-copy", Body=b"two")
    s3.copy_object(**where, CopySource={"Bucket": bucket, "Key": "plain-copy"})
    assert stored(served, bucket) == beside | {key: md5(b"two"), "plain-copy": md5(b"two")}

    upload = s3.create_multipart_upload(**where)["UploadId"]
    pending = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert [(entry["Key"], entry["UploadId"]) for entry in pending] == [(key, upload)]
    part = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"three")["ETag"]
    assert [entry["PartNumber"] for entry in s3.list_parts(**where, UploadId=upload)["Parts"]] == [1]
    done = s3.complete_multipart_upload(
        **where, UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]}
    )
    assert done["Key"] == key
    assert served.direct.get_object(**where)["Body"].read() == b"three"
    assert set(stored(served, bucket)) == set(beside) | {key, "plain-copy"}

    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key}]})
    assert [entry["Key"] for entry in answer["Deleted"]] == [key] and "Errors" not in answer
    assert stored(served, bucket) == beside | {"plain-copy": md5(b"two")}
    s3.put_object(**where, Body=b"four")
    s3.delete_object(**where)
    assert stored(served, bucket) == beside | {"plain-copy": md5(b"two")}
    with pytest.raises(ClientError) as missing:
        s3.get_object(**where)
    assert missing.value.response["Error"]["Code"] == "NoSuchKey"


def literal(key):
    """A key as the literal text of a policy's resource: `*`, `?` and `$` are special there."""
    return "".join({"*": "${*}", "?": "${?}", "$": "${$}"}.get(character, character) for character in key)


@pytest.mark.parametrize("key, neighbour", PAIRS, ids=lambda text: ascii(text)[:24])
def test_a_right_on_a_key_is_no_right_on_its_neighbour(served, bucket, key, neighbour):
    resource = f"arn:aws:s3:::{bucket}/{literal(key)}"
    policy = document(allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], resource))
    if any(ord(character) > 0xFF for character in key):
        assert "\\u" in policy  # written as JSON escapes: the API takes no other characters
    served.iam.put_role_policy(RoleName=served.role, PolicyName="Policy1", PolicyDocument=policy)
    limited = served.limited
    limited.put_object(Bucket=bucket, Key=key, Body=b"mine")
    assert limited.get_object(Bucket=bucket, Key=key)["Body"].read() == b"mine"
    where = {"Bucket": bucket, "Key": neighbour}
    calls = [
        lambda: limited.put_object(**where, Body=b"x"),
        lambda: limited.get_object(**where),
        lambda: limited.delete_object(**where),
        lambda: limited.copy_object(Bucket=bucket, Key=key, CopySource=where),
        lambda: limited.copy_object(**where, CopySource={"Bucket": bucket, "Key": key}),
        lambda: limited.create_multipart_upload(**where),
    ]
    for call in calls:
        with pytest.raises(ClientError) as error:
            call()
        assert error.value.response["Error"]["Code"] == "AccessDenied"
    answer = limited.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": neighbour}, {"Key": key}]})
    assert [entry["Key"] for entry in answer["Errors"]] == [neighbour]
    assert [entry["Key"] for entry in answer["Deleted"]] == [key]


def test_keys_that_are_not_utf8_are_carried_or_refused_but_never_changed(served, bucket):
    """Latin-1 bytes in a path: whatever the backend makes of them, no other key appears."""
    endpoint = served.s3.meta.endpoint_url
    credentials = served.s3._request_signer._credentials
    keys = Keys(credentials.access_key, credentials.secret_key, credentials.token)
    answer = signed("PUT", f"{endpoint}/{bucket}/k%E4se", keys, body=b"x")
    assert answer.status_code in (200, 400), answer.text
    assert not set(stored(served, bucket)) & {"käse", "kse", "k\ufffd\ufffdse"}
