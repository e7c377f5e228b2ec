"""Who is denied, and in which words: the S3 plane through a real gate before a real S3 server.

Proven: AccessDenied has AWS's text (who, action, resource, kind of policy); session policies intersect; an explicit deny
wins; users and their buckets are apart; bucket names are claimed; what is missing is hidden from who may not list;
strangers reach nothing; unknown sub-resources, folded keys and reserved names never become another request. In every
denial the backend saw nothing (or only what the gate itself must ask).
"""

import json
from types import SimpleNamespace

import pytest
import requests
from botocore.exceptions import ClientError
from clients import S3_ALL, Keys, allow, assume, client, deny, document, make_role, refused, signed, unique
from gate import TESTER1, TESTER2
from servers import PROJECT

OWNER, USER, TRUSTED = Keys(*TESTER1), Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
DENIED = ("AccessDenied", 403)


@pytest.fixture(scope="module")
def served(gate, recorder):
    """A gate behind which every request is recorded, a role session with s3:*, and a bucket with one object."""
    one = gate(backend=recorder.endpoint)
    name, arn = make_role(one.endpoint, OWNER, TRUSTED)
    keys = assume(one.endpoint, USER, arn)
    s3, bucket = client("s3", one.endpoint, keys), unique("denials-")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="there", Body=b"content")
    return SimpleNamespace(
        gate=one, endpoint=one.endpoint, recorder=recorder, role=name, arn=arn, keys=keys, s3=s3, bucket=bucket
    )


@pytest.fixture(autouse=True)
def nothing_recorded(recorder):
    recorder.take()


def session_of(served, policy, **parameters):
    """(role name, S3 client) of a new role with `policy`."""
    name, arn = make_role(served.endpoint, OWNER, TRUSTED, policy)
    return name, client("s3", served.endpoint, assume(served.endpoint, USER, arn, **parameters))


def objects(bucket, key="*"):
    return f"arn:aws:s3:::{bucket}/{key}"


# ---- AWS's words


def test_identity_policy_is_named(served):
    name, s3 = session_of(served, document(allow("s3:ListBucket", f"arn:aws:s3:::{served.bucket}")))
    got = refused(s3.get_object, Bucket=served.bucket, Key="there")
    assert got == (
        *DENIED,
        f"User: arn:aws:sts:::assumed-role/{name}/Bob is not authorized to perform: s3:GetObject on resource: "
        f'"{objects(served.bucket, "there")}" because no identity-based policy allows the s3:GetObject action',
    )
    assert served.recorder.take() == []


def test_explicit_deny_wins_and_is_named(served):
    policy = document(allow("s3:*", "*"), deny("s3:GetObject", objects(served.bucket, "th*")))
    name, s3 = session_of(served, policy)
    code, status, message = refused(s3.get_object, Bucket=served.bucket, Key="there")
    assert (code, status) == DENIED
    assert message.endswith("with an explicit deny in an identity-based policy"), message
    assert served.recorder.take() == []


def test_explicit_deny_of_another_inline_policy_wins(served):
    name, s3 = session_of(served, S3_ALL)
    assert s3.get_object(Bucket=served.bucket, Key="there")["Body"].read() == b"content"
    iam = client("iam", served.endpoint, OWNER)
    iam.put_role_policy(RoleName=name, PolicyName="A", PolicyDocument=document(deny("s3:Get*", "*")))
    assert refused(s3.get_object, Bucket=served.bucket, Key="there")[:2] == DENIED
    iam.delete_role_policy(RoleName=name, PolicyName="A")
    s3.get_object(Bucket=served.bucket, Key="there")


def test_session_policy_intersects_and_is_named(served):
    wide = document(allow("s3:*", "*"), allow("iam:*", "*"))
    narrow = document(allow("s3:GetObject", objects(served.bucket)))
    _, s3 = session_of(served, S3_ALL, Policy=narrow)
    s3.get_object(Bucket=served.bucket, Key="there")["Body"].read()
    message = refused(s3.put_object, Bucket=served.bucket, Key="there", Body=b"x")[2]
    assert message.endswith("because no session policy allows the s3:PutObject action"), message
    _, s3 = session_of(served, narrow, Policy=wide)  # a wide one adds nothing
    message = refused(s3.put_object, Bucket=served.bucket, Key="there", Body=b"x")[2]
    assert message.endswith("because no identity-based policy allows the s3:PutObject action"), message
    _, s3 = session_of(served, S3_ALL, Policy=document(allow("s3:*", "*"), deny("s3:PutObject", "*")))
    message = refused(s3.put_object, Bucket=served.bucket, Key="there", Body=b"x")[2]
    assert message.endswith("with an explicit deny in a session policy"), message
    assert s3.get_object(Bucket=served.bucket, Key="there")["Body"].read() == b"content"


def test_session_policy_is_of_one_session_only(served):
    _, arn = make_role(served.endpoint, OWNER, TRUSTED)
    narrow = document(allow("s3:ListAllMyBuckets", "*"))
    first = client("s3", served.endpoint, assume(served.endpoint, USER, arn, Policy=narrow))
    second = client("s3", served.endpoint, assume(served.endpoint, USER, arn))
    first.list_buckets()
    assert refused(first.get_object, Bucket=served.bucket, Key="there")[:2] == DENIED
    second.get_object(Bucket=served.bucket, Key="there")


def test_user_is_named_by_arn(served):
    message = refused(client("s3", served.endpoint, USER).get_object, Bucket=served.bucket, Key="there")[2]
    assert message.startswith("User: arn:aws:iam:::user/TESTER2 is not authorized to perform: s3:GetObject"), message


# ---- users and their buckets


@pytest.fixture(scope="module")
def apart(served):
    """A bucket of each standalone user, with an object."""
    buckets = {}
    for keys in (OWNER, USER):
        s3, name = client("s3", served.endpoint, keys), unique("own-")
        s3.create_bucket(Bucket=name)
        s3.put_object(Bucket=name, Key="k", Body=keys.access.encode())
        buckets[keys.access] = (s3, name)
    return buckets


def test_standalone_users_do_not_see_or_touch_each_other(served, apart):
    for (s3, mine), (_, other) in [(apart["TESTER1"], apart["TESTER2"]), (apart["TESTER2"], apart["TESTER1"])]:
        names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
        assert mine in names and other not in names
        served.recorder.take()
        for call, more in [
            (s3.get_object, {"Key": "k"}),
            (s3.put_object, {"Key": "k", "Body": b"mine now"}),
            (s3.delete_object, {"Key": "k"}),
            (s3.list_objects_v2, {}),
            (s3.list_object_versions, {}),
            (s3.list_multipart_uploads, {}),
            (s3.delete_bucket, {}),
            (s3.put_bucket_versioning, {"VersioningConfiguration": {"Status": "Enabled"}}),
            (s3.copy_object, {"Key": "x", "CopySource": {"Bucket": mine, "Key": "k"}}),
        ]:
            assert refused(call, Bucket=other, **more)[:2] == DENIED, call
        stolen = {"Bucket": other, "Key": "k"}
        assert refused(s3.copy_object, Bucket=mine, Key="stolen", CopySource=stolen)[:2] == DENIED
        assert refused(s3.head_object, Bucket=other, Key="k")[1] == 403
        assert refused(s3.head_bucket, Bucket=other)[1] == 403
        answer = s3.delete_objects(Bucket=other, Delete={"Objects": [{"Key": "k"}]})
        assert [entry["Code"] for entry in answer["Errors"]] == ["AccessDenied"] and "Deleted" not in answer
        assert served.recorder.take() == []
        assert s3.get_object(Bucket=mine, Key="k")["Body"].read()


def test_rule_12_owner_needs_no_policy_in_its_own_bucket(apart):
    s3, mine = apart["TESTER2"]
    s3.put_bucket_tagging(Bucket=mine, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert s3.list_objects_v2(Bucket=mine)["KeyCount"] == 1


def test_bucket_of_a_session_belongs_to_the_roles_owner(served):
    names = [bucket["Name"] for bucket in client("s3", served.endpoint, OWNER).list_buckets()["Buckets"]]
    assert served.bucket in names
    assert client("s3", served.endpoint, OWNER).get_object(Bucket=served.bucket, Key="there")["Body"].read()
    names = [bucket["Name"] for bucket in client("s3", served.endpoint, USER).list_buckets()["Buckets"]]
    assert served.bucket not in names
    assert refused(client("s3", served.endpoint, USER).get_object, Bucket=served.bucket, Key="there")[:2] == DENIED
    _, lister = session_of(served, document(allow("s3:ListAllMyBuckets", "*")))
    assert served.bucket in [bucket["Name"] for bucket in lister.list_buckets()["Buckets"]]


def test_rule_01_names_are_claimed(served, apart):
    s3, mine = apart["TESTER1"]
    other, _ = apart["TESTER2"]
    served.recorder.take()
    assert s3.create_bucket(Bucket=mine)["ResponseMetadata"]["HTTPStatusCode"] == 200  # as S3 in us-east-1
    assert refused(other.create_bucket, Bucket=mine)[:2] == ("BucketAlreadyExists", 409)
    assert served.recorder.take() == []
    assert s3.get_object(Bucket=mine, Key="k")["Body"].read() == b"TESTER1"


def test_rule_01_a_bucket_that_the_backend_has_is_not_taken(served, weed):
    name = unique("theirs-")
    weed.client().create_bucket(Bucket=name)
    s3 = client("s3", served.endpoint, OWNER)
    assert refused(s3.create_bucket, Bucket=name)[:2] == ("BucketAlreadyExists", 409)
    assert [request.method for request in served.recorder.take()] == ["HEAD"]
    code, status, _ = refused(s3.list_objects_v2, Bucket=name)
    assert (code, status) in (DENIED, ("NoSuchBucket", 404))
    weed.client().delete_bucket(Bucket=name)


# ---- buckets without a record


@pytest.fixture(scope="module")
def older(weed):
    name = unique("older-")
    weed.client().create_bucket(Bucket=name)
    weed.client().put_object(Bucket=name, Key="k", Body=b"older")
    return name


def gate_with(gate, recorder, **backend):
    one = gate(backend=recorder.endpoint, serve=False)
    one.sections["backend"].update(backend)
    return one.start()


def test_rule_01_unrecorded_buckets_are_out_of_reach_and_the_message_says_why(served, older):
    for reader in (served.s3, client("s3", served.endpoint, OWNER)):
        names = [bucket["Name"] for bucket in reader.list_buckets()["Buckets"]]
        assert older not in names
    served.recorder.take()
    code, status, message = refused(served.s3.get_object, Bucket=older, Key="k")
    assert (code, status) == ("NoSuchBucket", 404) and "unrecorded_bucket_owner" in message
    assert refused(served.s3.put_object, Bucket=older, Key="k", Body=b"x")[:2] == ("NoSuchBucket", 404)
    assert refused(served.s3.head_object, Bucket=older, Key="k")[1] == 404
    missing = refused(client("s3", served.endpoint, USER).get_object, Bucket=older, Key="k")
    assert missing[:2] == ("NoSuchBucket", 404)  # as where there is none at all: USER may make buckets
    copied = {"Bucket": older, "Key": "k"}
    assert refused(served.s3.copy_object, Bucket=served.bucket, Key="x", CopySource=copied)[1] in (403, 404)
    assert served.recorder.take() == []


def test_unrecorded_buckets_of_the_account_are_open_to_its_policies(gate, recorder, older):
    one = gate_with(gate, recorder, unrecorded_bucket_owner="account")
    _, arn = make_role(one.endpoint, OWNER, TRUSTED, document(allow("s3:GetObject", objects(older))))
    s3 = client("s3", one.endpoint, assume(one.endpoint, USER, arn))
    assert s3.get_object(Bucket=older, Key="k")["Body"].read() == b"older"
    assert refused(s3.put_object, Bucket=older, Key="k", Body=b"x")[:2] == DENIED
    assert refused(client("s3", one.endpoint, OWNER).get_object, Bucket=older, Key="k")[:2] == DENIED
    assert refused(client("s3", one.endpoint, OWNER).create_bucket, Bucket=older)[:2] == ("BucketAlreadyExists", 409)


def test_unrecorded_buckets_of_a_user_are_that_users(gate, recorder, older):
    one = gate_with(gate, recorder, unrecorded_bucket_owner="user:TESTER2")
    s3 = client("s3", one.endpoint, USER)
    assert s3.get_object(Bucket=older, Key="k")["Body"].read() == b"older"
    assert older in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert s3.create_bucket(Bucket=older)["ResponseMetadata"]["HTTPStatusCode"] == 200
    other = client("s3", one.endpoint, OWNER)
    assert refused(other.get_object, Bucket=older, Key="k")[:2] == DENIED
    assert older not in [bucket["Name"] for bucket in other.list_buckets()["Buckets"]]


# ---- what is missing


def test_missing_keys_are_hidden_from_who_may_not_list(served):
    reading = ["s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectAttributes", "s3:PutObject"]
    name, s3 = session_of(served, document(allow(reading, objects(served.bucket))))
    listing = document(
        allow(reading, objects(served.bucket)), allow("s3:ListBucket", f"arn:aws:s3:::{served.bucket}")
    )
    source = {"Bucket": served.bucket, "Key": "missing"}
    calls = [
        (s3.get_object, {"Key": "missing"}),
        (s3.head_object, {"Key": "missing"}),
        (s3.get_object_tagging, {"Key": "missing"}),
        (s3.get_object_attributes, {"Key": "missing", "ObjectAttributes": ["ETag"]}),
        (s3.copy_object, {"Key": "copy", "CopySource": source}),
    ]
    for call, more in calls:
        code, status, message = refused(call, Bucket=served.bucket, **more)
        assert status == 403 and code in ("AccessDenied", "403"), (call, code, status, message)
        assert code == "403" or "s3:ListBucket" in message
    client("iam", served.endpoint, OWNER).put_role_policy(
        RoleName=name, PolicyName="Policy1", PolicyDocument=listing
    )
    for call, more in calls:
        assert refused(call, Bucket=served.bucket, **more)[1] == 404, call
    assert refused(s3.get_object, Bucket=served.bucket, Key="missing")[0] == "NoSuchKey"


def test_hidden_answers_do_not_differ_from_a_denial_in_headers(served):
    """Nothing of the backend's 404 shines through: no backend header that a denial would not have."""
    _, arn = make_role(served.endpoint, OWNER, TRUSTED, document(allow("s3:GetObject", objects(served.bucket, "m*"))))
    keys = assume(served.endpoint, USER, arn)
    answers = [signed("GET", f"{served.endpoint}/{served.bucket}/{key}", keys) for key in ("missing", "there")]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert set(answers[0].headers) == set(answers[1].headers)
    assert "NoSuchKey" not in answers[0].text


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
    from test_exact_requirements import CARRIED

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
