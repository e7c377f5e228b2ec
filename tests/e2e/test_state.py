"""The whole IAM state as a file, shell completions, and buckets that the server had before the gate.

Proven: what is exported from SQLite works from Redis with the same credentials, roles and buckets; an import shows exactly
what it would change, and a running gate follows it; a file that was altered is refused with the place; without secrets
users come without keys; an empty store is configured by the file alone; a bucket of the server is reached once it is
linked and no longer once it is unlinked.
"""

import json
import subprocess
import time

import pytest
from clients import Keys, assume, client, make_role, refused, unique
from gate import TESTER1, TESTER2
from servers import private_file

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(scope="module")
def source(gate):
    """A gate on SQLite with a role, and a bucket that a session of it made."""
    one = gate()
    one.phrase = private_file(one.folder / "passphrase", PASSPHRASE + "\n")
    one.role, one.arn = make_role(one.endpoint, Keys(*TESTER1), "arn:aws:iam:::user/TESTER2")
    one.bucket = unique("state-")
    s3 = client("s3", one.endpoint, assume(one.endpoint, Keys(*TESTER2), one.arn))
    s3.create_bucket(Bucket=one.bucket)
    s3.put_object(Bucket=one.bucket, Key="k", Body=b"kept")
    return one


@pytest.fixture(scope="module")
def exported(source):
    """The path of an export with secrets."""
    path = source.folder / "state.json"
    source.cli("export", "--out", path, "--with-secrets", "--passphrase-file", source.phrase)
    return path


@pytest.fixture(scope="module")
def target(gate, source, exported):
    """A gate on an empty Redis, into which the export was imported."""
    other = gate(store="redis", serve=False, testers=False)
    words = ("import", exported, "--passphrase-file", source.phrase)
    shown = other.cli(*words).stdout
    for line in ("+ user TESTER1 (", "+ user TESTER2 (", f"+ role {source.role} (AROA", f"+ bucket {source.bucket}"):
        assert line in shown
    assert "Nothing was changed: --apply does it." in shown
    assert other.json("user", "list") == []
    assert "Made 4, changed 0, removed 0." in other.cli(*words, "--apply").stdout
    return other.start()


def soon_refused(call, **parameters):
    """The refusal, once the running gate has heard of what a command changed."""
    deadline = time.monotonic() + 5
    while True:
        try:
            return refused(call, **parameters)
        except AssertionError:
            assert time.monotonic() < deadline, "still allowed after 5 s"


def test_export_is_private_and_holds_no_secret(source, exported):
    text = exported.read_text()
    assert exported.stat().st_mode & 0o777 == 0o600
    assert not any(secret in text for _, secret in (TESTER1, TESTER2))
    state = json.loads(text)
    role = state["accounts"][0]["roles"][0]
    assert role["policies"]["Policy1"]["Statement"][0]["Action"] == "s3:*"  # readable, not a text in a text
    assert source.cli("export").stdout == source.cli("export").stdout


def test_same_credentials_roles_and_buckets_in_the_other_store(source, target):
    session = assume(target.endpoint, Keys(*TESTER2), source.arn)
    s3 = client("s3", target.endpoint, session)
    assert s3.get_object(Bucket=source.bucket, Key="k")["Body"].read() == b"kept"
    owner = client("s3", target.endpoint, Keys(*TESTER1))
    assert [bucket["Name"] for bucket in owner.list_buckets()["Buckets"]] == [source.bucket]
    identities = [client("sts", one.endpoint, Keys(*TESTER1)).get_caller_identity()["UserId"] for one in (source, target)]
    assert identities[0] == identities[1]
    assert source.cli("export").stdout == target.cli("export").stdout


def test_tokens_of_the_other_store_are_worth_nothing(source, target):
    token = assume(source.endpoint, Keys(*TESTER2), source.arn)
    code, status, _ = refused(client("s3", target.endpoint, token).list_buckets)
    assert (code, status) == ("InvalidToken", 400)


def test_difference_is_exactly_the_change_and_a_running_gate_follows(source, target, exported):
    state = json.loads(exported.read_text())
    policies = state["accounts"][0]["roles"][0]["policies"]
    policies["Policy1"]["Statement"][0]["Action"] = "s3:ListAllMyBuckets"
    edited = private_file(source.folder / "edited.json", json.dumps(state))
    words = ("import", edited, "--passphrase-file", source.phrase)
    shown = target.cli(*words).stdout.splitlines()
    changed = [line for line in shown if not line.startswith(" ")]
    assert len(changed) == 2 and changed[0].startswith(f"~ role {source.role} (AROA")
    assert shown[1] == "    ~ policies.Policy1"
    assert "s3:*" in shown[2] and "s3:ListAllMyBuckets" in shown[3]
    assert len(shown) == 5, shown
    s3 = client("s3", target.endpoint, assume(target.endpoint, Keys(*TESTER2), source.arn))
    s3.get_object(Bucket=source.bucket, Key="k")
    target.cli(*words, "--apply")
    assert soon_refused(s3.get_object, Bucket=source.bucket, Key="k")[0] == "AccessDenied"
    target.cli("import", exported, "--passphrase-file", source.phrase, "--apply")
    assert [line["command"] for line in target.audit() if line.get("command")] == ["import"] * 3


def test_altered_file_is_refused_with_the_place(source, target, exported):
    text = exported.read_text()
    for good, bad, said in (
        ('"sts:AssumeRole"', '"sts:AssumeRole", "Resource": "*"', f"role {source.role}: trust"),
        ('"id": "TESTER1"', '"id": "MALLORY"', "user TESTER1: the secret of the access key MALLORY was altered"),
        ('"max_session_duration": 3600', '"max_session_duration": 1', f"role {source.role}: "),
        ('"kind": "standalone"', '"kind": "nobody"', " at line "),
    ):
        assert good in text
        altered = private_file(source.folder / "altered.json", text.replace(good, bad))
        done = target.cli("import", altered, "--passphrase-file", source.phrase, "--apply", check=False)
        assert done.returncode == 22 and said in done.stderr, (bad, done.stdout, done.stderr)
    wrong = private_file(source.folder / "wrong", "not the right passphrase")
    done = target.cli("import", exported, "--passphrase-file", wrong, "--apply", check=False)
    assert done.returncode == 22 and "the passphrase is not the one" in done.stderr
    assert source.cli("export").stdout == target.cli("export").stdout


def test_without_secrets_users_need_new_keys(gate, source):
    other = gate(serve=False, testers=False)
    plain = source.folder / "plain.json"
    source.cli("export", "--out", plain)
    said = other.cli("import", plain, "--apply").stdout
    assert "the access key TESTER2 of the user TESTER2 is left out: the file has no secret for it" in said
    assert other.json("user", "info", "--uid=TESTER2")["keys"] == []
    made = other.json("key", "create", "--uid=TESTER2")["keys"][0]
    other.start()
    assert refused(client("sts", other.endpoint, Keys(*TESTER2)).get_caller_identity)[1] == 403
    session = assume(other.endpoint, Keys(made["access_key"], made["secret_key"]), source.arn)
    s3 = client("s3", other.endpoint, session)
    assert s3.get_object(Bucket=source.bucket, Key="k")["Body"].read() == b"kept"


def test_an_empty_store_is_configured_by_the_file_alone(gate, source, exported):
    bootstrap = {"import": str(exported), "passphrase": f"file:{source.phrase}"}
    other = gate(testers=False, bootstrap=bootstrap)
    s3 = client("s3", other.endpoint, assume(other.endpoint, Keys(*TESTER2), source.arn))
    assert s3.get_object(Bucket=source.bucket, Key="k")["Body"].read() == b"kept"
    assert source.cli("export").stdout == other.cli("export").stdout


def test_rule_01_a_bucket_of_the_server_is_reached_once_it_is_linked(weed, source):
    name = unique("old-")
    direct = client("s3", weed.endpoint, Keys(weed.access_key, weed.secret_key))
    direct.create_bucket(Bucket=name)
    direct.put_object(Bucket=name, Key="k", Body=b"old")
    owner, stranger = (client("s3", source.endpoint, Keys(*who)) for who in (TESTER1, TESTER2))
    refused(owner.get_object, Bucket=name, Key="k")
    assert source.cli("bucket", "link", "--bucket", name + "-not", "--uid=TESTER1", check=False).returncode == 2
    linked = source.json("bucket", "link", "--bucket", name, "--uid=TESTER1")
    assert (linked["state"], linked["owner"]) == ("active", "TESTER1")
    assert source.cli("bucket", "link", "--bucket", name, "--uid=TESTER2", check=False).returncode == 17
    assert owner.get_object(Bucket=name, Key="k")["Body"].read() == b"old"
    refused(stranger.get_object, Bucket=name, Key="k")
    assert name in [bucket["bucket"] for bucket in source.json("bucket", "list", "--uid=TESTER1")]
    source.cli("bucket", "unlink", "--bucket", name)
    soon_refused(owner.get_object, Bucket=name, Key="k")
    assert name not in [bucket["Name"] for bucket in owner.list_buckets()["Buckets"]]
    assert direct.get_object(Bucket=name, Key="k")["Body"].read() == b"old"
    direct.delete_object(Bucket=name, Key="k")
    direct.delete_bucket(Bucket=name)


def test_completions_are_scripts_that_bash_takes(source):
    script = source.cli("completions", "bash").stdout
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
