"""Bucket policies through the gate: boto3, aws-cli, plain HTTP, Terraform's sequence; SeaweedFS never hears of them.

Proven: a policy comes back byte for byte and is public or not as AWS means it; an anonymous GET works while a policy
allows it and not a moment longer; across accounts the bucket's policy and the caller's own are both needed; a policy
that denies everybody leaves the owner its way in; a role made again has not the old one's grant; a bucket made again has
no policy; export and import keep it; S3's refusals.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from clients import Keys, allow, assume, client, deny, document, make_role, refused, signed, trust, unique
from gate import TESTER1, TESTER2

OWNER, OTHER = Keys(*TESTER1), Keys(*TESTER2)


@pytest.fixture(scope="module")
def served(gate, recorder):
    return gate(backend=recorder.endpoint)


@pytest.fixture(scope="module")
def owner(served):
    return client("s3", served.endpoint, OWNER)


@pytest.fixture(scope="module")
def kept(owner):
    """A bucket of TESTER1 with one object, for all tests."""
    name = unique("policy-")
    owner.create_bucket(Bucket=name)
    owner.put_object(Bucket=name, Key="public/a", Body=b"for all")
    owner.put_object(Bucket=name, Key="private/b", Body=b"for some")
    return name


@pytest.fixture
def bucket(owner, kept, recorder):
    """The bucket without a policy; the recorder forgets what came before."""
    owner.delete_bucket_policy(Bucket=kept)
    recorder.take()
    return kept


@pytest.fixture(scope="module")
def account(served):
    """The id of a second account, and the keys of its root."""
    identity = served.json("account", "create", f"--account-name={unique('other-')}", "--account-id=222222222222")["id"]
    words = ("user", "create", f"--uid={unique('root-')}", f"--account-id={identity}", "--account-root")
    key = served.json(*words)["keys"][0]
    return identity, Keys(key["access_key"], key["secret_key"])


def grant(principal, action, *resources, **more):
    return allow(action, [f"arn:aws:s3:::{each}" for each in resources], Principal=principal, **more)


def is_public(s3, name):
    return s3.get_bucket_policy_status(Bucket=name)["PolicyStatus"]["IsPublic"]


def public(served, bucket, key="public/a"):
    return requests.get(f"{served.endpoint}/{bucket}/{key}", timeout=10)


def test_put_get_status_delete_and_the_backend_sees_nothing(owner, bucket, recorder):
    missing = ("NoSuchBucketPolicy", 404)
    assert refused(owner.get_bucket_policy, Bucket=bucket)[:2] == missing
    assert refused(owner.get_bucket_policy_status, Bucket=bucket)[:2] == missing
    policy = "\n" + json.dumps(json.loads(document(grant("*", "s3:GetObject", f"{bucket}/public/*"))), indent=3) + "\n"
    done = owner.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert done["ResponseMetadata"]["HTTPStatusCode"] == 204
    answer = owner.get_bucket_policy(Bucket=bucket)
    assert answer["Policy"] == policy
    assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/json"
    assert is_public(owner, bucket) is True
    for checksum in ("CRC32", "SHA1", "SHA256"):
        owner.put_bucket_policy(Bucket=bucket, Policy=policy, ChecksumAlgorithm=checksum)
    fixed = grant("*", "s3:GetObject", f"{bucket}/*", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}})
    owner.put_bucket_policy(Bucket=bucket, Policy=document(fixed))
    assert is_public(owner, bucket) is False
    for _ in range(2):
        assert owner.delete_bucket_policy(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(owner.get_bucket_policy, Bucket=bucket)[:2] == missing
    assert recorder.take() == []


def test_anonymous_reads_while_a_policy_allows_it(served, owner, bucket):
    assert public(served, bucket).status_code == 403
    owner.put_bucket_policy(Bucket=bucket, Policy=document(grant("*", "s3:GetObject", f"{bucket}/public/*")))
    assert public(served, bucket).content == b"for all"
    assert requests.head(f"{served.endpoint}/{bucket}/public/a", timeout=10).status_code == 200
    assert public(served, bucket, "private/b").status_code == 403
    assert public(served, bucket, "public/missing").status_code == 403
    assert requests.get(f"{served.endpoint}/{bucket}", timeout=10).status_code == 403
    assert requests.put(f"{served.endpoint}/{bucket}/public/c", data=b"x", timeout=10).status_code == 403
    for call in (requests.get, requests.put, requests.delete):
        assert call(f"{served.endpoint}/{bucket}?policy", timeout=10).status_code == 403
    owner.delete_bucket_policy(Bucket=bucket)
    assert public(served, bucket).status_code == 403


def test_across_accounts_both_sides_are_needed(served, owner, bucket, account):
    identity, root = account
    iam = client("iam", served.endpoint, root)
    name = unique("reader-")
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    reader = client("s3", served.endpoint, Keys(made["AccessKeyId"], made["SecretAccessKey"]))
    read = {"Bucket": bucket, "Key": "private/b"}
    assert refused(reader.get_object, **read)[:2] == ("AccessDenied", 403)
    shared = grant({"AWS": f"arn:aws:iam::{identity}:user/{name}"}, ["s3:GetObject", "s3:*Policy"], bucket, f"{bucket}/*")
    owner.put_bucket_policy(Bucket=bucket, Policy=document(shared))
    assert is_public(owner, bucket) is False
    assert refused(reader.get_object, **read)[:2] == ("AccessDenied", 403), "its own account has not allowed it"
    iam.put_user_policy(UserName=name, PolicyName="read", PolicyDocument=document(allow("s3:*", "*")))
    assert reader.get_object(**read)["Body"].read() == b"for some"
    assert refused(reader.delete_object, **read)[:2] == ("AccessDenied", 403)
    # The policy itself is of the bucket's account, whatever it says.
    assert refused(reader.get_bucket_policy, Bucket=bucket)[:2] == ("MethodNotAllowed", 405)
    assert refused(reader.put_bucket_policy, Bucket=bucket, Policy="{}")[:2] == ("MethodNotAllowed", 405)
    assert refused(reader.delete_bucket_policy, Bucket=bucket)[:2] == ("MethodNotAllowed", 405)
    owner.delete_bucket_policy(Bucket=bucket)
    assert refused(reader.get_object, **read)[:2] == ("AccessDenied", 403)


def test_the_owner_is_never_locked_out(served, owner, bucket):
    everything = grant("*", "s3:*", bucket, f"{bucket}/*") | {"Effect": "Deny"}
    owner.put_bucket_policy(Bucket=bucket, Policy=document(everything))
    assert refused(owner.get_object, Bucket=bucket, Key="public/a")[:2] == ("AccessDenied", 403)
    assert refused(owner.get_bucket_policy_status, Bucket=bucket)[:2] == ("AccessDenied", 403)
    _, arn = make_role(served.endpoint, OWNER, "arn:aws:iam:::user/TESTER2")
    session = client("s3", served.endpoint, assume(served.endpoint, OTHER, arn))
    assert refused(session.delete_bucket_policy, Bucket=bucket)[:2] == ("AccessDenied", 403)
    words = ("explain", "TESTER1", "s3:DeleteBucketPolicy", f"arn:aws:s3:::{bucket}")
    assert "may always get, put and delete" in served.cli(*words).stdout
    assert json.loads(owner.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"][0]["Effect"] == "Deny"
    owner.delete_bucket_policy(Bucket=bucket)
    assert owner.get_object(Bucket=bucket, Key="public/a")["Body"].read() == b"for all"


def test_removing_ones_own_right_must_be_confirmed(served, bucket):
    _, arn = make_role(served.endpoint, OWNER, "arn:aws:iam:::user/TESTER2")
    session = client("s3", served.endpoint, assume(served.endpoint, OTHER, arn))
    lockout = document(grant("*", "s3:PutBucketPolicy", bucket) | {"Effect": "Deny"})
    code, status, message = refused(session.put_bucket_policy, Bucket=bucket, Policy=lockout)
    assert (code, status) == ("InvalidRequest", 400) and "x-amz-confirm-remove-self-bucket-access" in message
    session.put_bucket_policy(Bucket=bucket, Policy=lockout, ConfirmRemoveSelfBucketAccess=True)
    assert refused(session.put_bucket_policy, Bucket=bucket, Policy=lockout)[:2] == ("AccessDenied", 403)


def test_rule_14_a_role_made_again_has_not_the_grant(served, owner, bucket):
    iam = client("iam", served.endpoint, OWNER)
    iam_trust, name = trust("arn:aws:iam:::user/TESTER2"), unique("Again")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=iam_trust)["Role"]["Arn"]
    policy = document(grant({"AWS": arn}, "s3:GetObject", f"{bucket}/private/*"))
    owner.put_bucket_policy(Bucket=bucket, Policy=policy)
    read = {"Bucket": bucket, "Key": "private/b"}
    session = client("s3", served.endpoint, assume(served.endpoint, OTHER, arn))
    assert session.get_object(**read)["Body"].read() == b"for some"
    iam.delete_role(RoleName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=iam_trust)
    session = client("s3", served.endpoint, assume(served.endpoint, OTHER, arn))
    assert refused(session.get_object, **read)[:2] == ("AccessDenied", 403)
    owner.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert session.get_object(**read)["Body"].read() == b"for some"


def test_a_bucket_made_again_has_no_policy(served, owner):
    name = unique("again-")
    owner.create_bucket(Bucket=name)
    owner.put_bucket_policy(Bucket=name, Policy=document(grant("*", "s3:ListBucket", name)))
    assert requests.get(f"{served.endpoint}/{name}", timeout=10).status_code == 200
    owner.delete_bucket(Bucket=name)
    owner.create_bucket(Bucket=name)
    assert refused(owner.get_bucket_policy, Bucket=name)[:2] == ("NoSuchBucketPolicy", 404)
    assert requests.get(f"{served.endpoint}/{name}", timeout=10).status_code == 403
    owner.delete_bucket(Bucket=name)


def test_what_s3_refuses(served, owner, bucket):
    def said(policy):
        code, status, message = refused(owner.put_bucket_policy, Bucket=bucket, Policy=policy)
        assert (code, status) == ("MalformedPolicy", 400)
        return message

    reads = grant("*", "s3:GetObject", f"{bucket}/*")
    assert said("<Policy/>") == "Policies must be valid JSON and the first byte must be '{'"
    assert said(document(allow("s3:GetObject", "*"))).startswith("Missing required field Principal")
    assert said(document(reads | {"Principal": {"AWS": "nobody/at/all"}})).startswith("Invalid principal in policy")
    assert said(document(reads | {"Action": "s3:Fetch"})).startswith("Policy has invalid action")
    foreign = said(document(reads | {"Resource": "arn:aws:s3:::elsewhere/*"}))
    assert foreign.startswith("Policy has invalid resource") and "arn:aws:s3:::elsewhere/*" in foreign
    mismatch = said(document(reads | {"Action": "s3:ListBucket"}))
    assert mismatch.startswith("Action does not apply to any resource(s) in statement")
    long = said(document(*[reads | {"Sid": f"s{n}{'x' * 500}"} for n in range(40)]))
    assert long.startswith("Policy exceeds the maximum allowed document size.")
    wrong = signed("PUT", f"{served.endpoint}/{bucket}?policy", OWNER, b"{}", {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="})
    assert wrong.status_code == 400 and "<Code>BadDigest</Code>" in wrong.text
    assert refused(owner.get_bucket_policy, Bucket=bucket)[:2] == ("NoSuchBucketPolicy", 404)


def test_terraform_aws_s3_bucket_policy(owner, bucket):
    """Create, read, plan (read), update, read, delete, read: PutBucketPolicy, GetBucketPolicy, DeleteBucketPolicy."""
    first = document(grant("*", "s3:GetObject", f"{bucket}/public/*"), deny("s3:DeleteObject", f"arn:aws:s3:::{bucket}/*") | {"Principal": "*"})
    owner.put_bucket_policy(Bucket=bucket, Policy=first)
    for _ in range(2):  # it waits until reads agree
        assert json.loads(owner.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(first)
    second = document(grant({"AWS": "arn:aws:iam:::user/TESTER2"}, "s3:GetObject", f"{bucket}/*"))
    owner.put_bucket_policy(Bucket=bucket, Policy=second)
    assert json.loads(owner.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(second)
    assert is_public(owner, bucket) is False
    owner.delete_bucket_policy(Bucket=bucket)
    assert refused(owner.get_bucket_policy, Bucket=bucket)[:2] == ("NoSuchBucketPolicy", 404)


def test_aws_cli(served, bucket, tmp_path):
    aws = [str(Path(sys.executable).parent / "aws"), "--endpoint-url", served.endpoint, "--region", "us-east-1"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **OWNER.environment()}

    def run(*words):
        command = [*aws, "--output", "json", "s3api", *words, "--bucket", bucket]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    policy = document(grant("*", "s3:GetObject", f"{bucket}/public/*"))
    (tmp_path / "policy.json").write_text(policy)
    done = run("put-bucket-policy", "--policy", f"file://{tmp_path}/policy.json")
    assert done.returncode == 0, done.stderr
    assert json.loads(run("get-bucket-policy").stdout)["Policy"] == policy
    assert json.loads(run("get-bucket-policy-status").stdout) == {"PolicyStatus": {"IsPublic": True}}
    assert run("delete-bucket-policy").returncode == 0
    assert "(NoSuchBucketPolicy)" in run("get-bucket-policy").stderr


def test_export_and_import_keep_the_policy(served, gate, owner, bucket, tmp_path):
    policy = document(grant({"AWS": "arn:aws:iam:::user/TESTER2"}, "s3:GetObject", f"{bucket}/*"))
    owner.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert bucket in served.cli("bucket", "list", "--uid=TESTER1").stdout
    text = served.cli("export").stdout
    state = tmp_path / "state.json"
    state.write_text(text)
    fresh = gate(testers=False)
    done = fresh.cli("import", state, "--apply", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    key = fresh.json("key", "create", "--uid=TESTER1")
    keys = [entry for entry in key["keys"] if entry.get("secret_key")][-1]
    s3 = client("s3", fresh.endpoint, Keys(keys["access_key"], keys["secret_key"]))
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == policy


def test_a_bucket_without_a_record_must_be_linked_first(gate, weed):
    one = gate(backend={"unrecorded_bucket_owner": "user:TESTER1"})
    name = unique("old-")
    weed.client().create_bucket(Bucket=name)
    s3 = client("s3", one.endpoint, OWNER)
    assert refused(s3.get_bucket_policy, Bucket=name)[:2] == ("NoSuchBucketPolicy", 404)
    policy = document(grant("*", "s3:ListBucket", name))
    code, status, message = refused(s3.put_bucket_policy, Bucket=name, Policy=policy)
    assert (code, status) == ("InvalidRequest", 400) and f"rolegate bucket link --bucket {name}" in message
    one.cli("bucket", "link", f"--bucket={name}", "--uid=TESTER1")
    s3.put_bucket_policy(Bucket=name, Policy=policy)
    assert requests.get(f"{one.endpoint}/{name}", timeout=10).status_code == 200
    s3.delete_bucket(Bucket=name)
