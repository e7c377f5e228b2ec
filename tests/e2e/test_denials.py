"""Who is denied, and in which words: the S3 plane through a real gate before a real S3 server.

Proven: AccessDenied has AWS's text (who, action, resource, kind of policy); session policies intersect; an explicit deny
wins; users and their buckets are apart; bucket names are claimed; what is missing is hidden from who may not list. In
every denial the backend saw nothing (or only what the gate itself must ask).
"""

import pytest
from clients import S3_ALL, allow, assume, client, deny, document, make_role, refused, signed, unique
from denial_scene import DENIED, OWNER, TRUSTED, USER, nothing_recorded, objects, served, session_of  # noqa: F401


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
