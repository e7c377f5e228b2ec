"""STS as boto3 and aws-cli use it: every action, its limits and its errors.

Proven over HTTP: session tags that decide S3 requests, chains that keep tags and source identity, session policies by
document and ARN, sessions of users and federated users, trust within and across accounts, denials that can be decoded,
revocation on every gate within 100 ms, rotation of token keys without a restart.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from clients import S3_ALL, Keys, allow, assume, client, deny, document, make_role, refused, trust, unique
from gate import TESTER1, TESTER2
from servers import poll

OWNER, USER, TRUSTED = Keys(*TESTER1), Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
DENIED = ("AccessDenied", 403)
DEAD = ("InvalidToken", 400)
ALL = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
TEAM = [{"Key": "team", "Value": "red"}]


@pytest.fixture(scope="module")
def served(gate):
    one = gate()
    return SimpleNamespace(gate=one, endpoint=one.endpoint, iam=client("iam", one.endpoint, OWNER))


@pytest.fixture(scope="module")
def bucket(served):
    """A bucket with objects under red/ and blue/, of TESTER1, whose roles reach it."""
    name = unique("sts-")
    s3 = client("s3", served.endpoint, OWNER)
    s3.create_bucket(Bucket=name)
    for key in ("red/k", "blue/k"):
        s3.put_object(Bucket=name, Key=key, Body=b"x")
    return name


def role(served, principal, actions=ALL, policy=S3_ALL, condition=None):
    """A role that trusts `principal` with `actions`; its ARN."""
    name = unique("Role")
    more = {"Condition": condition} if condition else {}
    trusts = document(allow(actions, Principal={"AWS": principal}, **more))
    arn = served.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusts)["Role"]["Arn"]
    served.iam.put_role_policy(RoleName=name, PolicyName="Policy1", PolicyDocument=policy)
    return arn


def reads(served, keys, bucket, key="red/k"):
    try:
        return client("s3", served.endpoint, keys).get_object(Bucket=bucket, Key=key)["Body"].read() == b"x"
    except Exception as error:
        assert error.response["Error"]["Code"] in ("AccessDenied", "InvalidToken"), error
        return False


def sts_of(served, keys):
    return client("sts", served.endpoint, keys)


# ---- AssumeRole


def test_session_tags_decide_an_s3_request(served, bucket):
    own = document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/${{aws:PrincipalTag/team}}/*"))
    arn = role(served, TRUSTED, policy=own)
    keys = assume(served.endpoint, USER, arn, Tags=TEAM)
    assert reads(served, keys, bucket, "red/k") and not reads(served, keys, bucket, "blue/k")
    assert not reads(served, assume(served.endpoint, USER, arn), bucket)
    untagged = role(served, TRUSTED, actions=["sts:AssumeRole"])
    code, status, message = refused(assume, served.endpoint, USER, untagged, Tags=TEAM)
    assert (code, status) == DENIED and "sts:TagSession" in message


def test_chains(served, bucket):
    """What goes on goes on, what does not does not, nothing is changed on the way."""
    first = role(served, TRUSTED)
    name = first.rsplit("/", 1)[1]
    own = document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/${{aws:PrincipalTag/team}}/*"))
    second = role(served, first, policy=own)
    bare = role(served, first, actions=["sts:AssumeRole"])
    sts = sts_of(served, USER)
    answer = sts.assume_role(
        RoleArn=first, RoleSessionName="Bob", Tags=TEAM, TransitiveTagKeys=["team"], SourceIdentity="alice"
    )
    assert answer["SourceIdentity"] == "alice" and answer["PackedPolicySize"] > 0
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts:::assumed-role/{name}/Bob"
    keys = Keys.of(answer["Credentials"])
    chained = assume(served.endpoint, keys, second)
    assert reads(served, chained, bucket)
    arn = f"arn:aws:sts:::assumed-role/{second.rsplit('/', 1)[1]}/Bob"

    def lines():
        return [line for line in served.gate.audit() if line.get("principal") == arn]

    poll(lines, 5, "the audit lines")
    assert all(line["source_identity"] == "alice" for line in lines())
    assert refused(assume, served.endpoint, keys, bare)[:2] == DENIED
    again = refused(assume, served.endpoint, keys, second, Tags=TEAM)
    assert again[:2] == ("InvalidParameterValue", 400)
    assert refused(assume, served.endpoint, keys, second, SourceIdentity="bob")[:2] == DENIED
    too_long = refused(assume, served.endpoint, keys, second, DurationSeconds=3601)
    assert too_long[:2] == ("ValidationError", 400) and "role chaining" in too_long[2]
    loose = assume(served.endpoint, USER, first, Tags=TEAM)  # not transitive
    assert not reads(served, assume(served.endpoint, loose, second), bucket)


def test_parameters_and_their_limits(served):
    arn = role(served, TRUSTED)
    for parameters, wanted in [
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}, "InvalidParameterValue"),
        ({"Tags": [{"Key": "aws:a", "Value": "1"}]}, "InvalidParameterValue"),
        ({"Tags": TEAM, "TransitiveTagKeys": ["cost"]}, "InvalidParameterValue"),
        ({"Tags": [{"Key": f"k{at}", "Value": "v"} for at in range(51)]}, "ValidationError"),
        ({"Tags": [{"Key": f"k{at}", "Value": "v" * 256} for at in range(20)]}, "PackedPolicyTooLarge"),
        ({"PolicyArns": [{"arn": "arn:aws:iam:::policy/none"}]}, "InvalidParameterValue"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}] * 11}, "ValidationError"),
        ({"Policy": "{}"}, "MalformedPolicyDocument"),
        ({"SourceIdentity": "a b"}, "ValidationError"),
        ({"SerialNumber": "arn:aws:iam:::mfa/x", "TokenCode": "123456"}, "InvalidParameterValue"),
    ]:
        assert refused(assume, served.endpoint, USER, arn, **parameters)[:2] == (wanted, 400), parameters


def test_session_policies_intersect(served, bucket):
    arn = role(served, TRUSTED)
    only_read = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    for parameters, may in [
        ({}, (True, True)),
        ({"PolicyArns": [{"arn": only_read}]}, (True, False)),
        ({"Policy": document(allow("s3:PutObject", "*"))}, (False, True)),
        ({"Policy": document(deny("s3:GetObject", "*")), "PolicyArns": [{"arn": only_read}]}, (False, False)),
    ]:
        keys = assume(served.endpoint, USER, arn, **parameters)
        s3 = client("s3", served.endpoint, keys)
        assert reads(served, keys, bucket) == may[0], parameters
        if may[1]:
            s3.put_object(Bucket=bucket, Key="new", Body=b"x")
        else:
            assert refused(s3.put_object, Bucket=bucket, Key="new", Body=b"x")[:2] == DENIED


# ---- sessions of users


def test_session_token(served, bucket):
    answer = sts_of(served, OWNER).get_session_token(DurationSeconds=900)
    keys = Keys.of(answer["Credentials"])
    assert keys.access.startswith("ASIA") and len(keys.access) == 20
    assert reads(served, keys, bucket)
    sts = sts_of(served, keys)
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam:::user/TESTER1"
    assert refused(client("iam", served.endpoint, keys).list_roles)[:2] == DENIED
    for call, more in ((sts.get_session_token, {}), (sts.get_federation_token, {"Name": "app"})):
        code, status, message = refused(call, **more)
        assert (code, status) == DENIED and "session credentials" in message
    assert assume(served.endpoint, keys, role(served, "arn:aws:iam:::user/TESTER1")).token
    too_long = refused(sts_of(served, OWNER).get_session_token, DurationSeconds=129601)
    assert too_long[:2] == ("ValidationError", 400)


def test_federation_token(served, admin, bucket):
    """An IAM user of the bucket's account hands out less than it has."""
    iam, name = client("iam", served.endpoint, admin), unique("app-")
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    keys, name_of = Keys(made["AccessKeyId"], made["SecretAccessKey"]), "web"
    rights = [allow("s3:*", "*"), allow(["sts:GetFederationToken", "sts:TagSession"], "*")]
    iam.put_user_policy(UserName=name, PolicyName="P", PolicyDocument=document(*rights))
    red = document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/${{aws:PrincipalTag/team}}/*"))
    answer = sts_of(served, keys).get_federation_token(Name=name_of, Policy=red, Tags=TEAM, DurationSeconds=900)
    assert answer["FederatedUser"]["Arn"] == f"arn:aws:sts:::federated-user/{name_of}"
    assert 0 < answer["PackedPolicySize"] <= 100
    session = Keys.of(answer["Credentials"])
    assert whoami(served, session) == answer["FederatedUser"]["Arn"]
    assert reads(served, session, bucket, "red/k") and not reads(served, session, bucket, "blue/k")
    bare = Keys.of(sts_of(served, keys).get_federation_token(Name=name_of)["Credentials"])
    assert not reads(served, bare, bucket, "red/k"), "nothing without a session policy"
    for keys_of in (session, bare):
        assert refused(client("iam", served.endpoint, keys_of).list_roles)[:2] == DENIED
        assert refused(sts_of(served, keys_of).get_session_token)[:2] == DENIED
    # The key's end is the session's.
    iam.update_access_key(UserName=name, AccessKeyId=made["AccessKeyId"], Status="Inactive")
    poll(lambda: not reads(served, session, bucket, "red/k"), 5, "the session's end")


def whoami(served, keys):
    return sts_of(served, keys).get_caller_identity()["Arn"]


def test_federation_token_needs_its_permission(served):
    """Standalone users have none of sts."""
    code, status, message = refused(sts_of(served, OWNER).get_federation_token, Name="app", Policy=S3_ALL)
    assert (code, status) == DENIED and "sts:GetFederationToken" in message


def test_caller_identity_of_every_caller(served):
    arn = role(served, TRUSTED)
    name = arn.rsplit("/", 1)[1]
    for keys, wanted in [
        (USER, "arn:aws:iam:::user/TESTER2"),
        (Keys.of(sts_of(served, USER).get_session_token()["Credentials"]), "arn:aws:iam:::user/TESTER2"),
        (assume(served.endpoint, USER, arn), f"arn:aws:sts:::assumed-role/{name}/Bob"),
    ]:
        assert sts_of(served, keys).get_caller_identity()["Arn"] == wanted


# ---- denials and keys


@pytest.fixture(scope="module")
def admin(served):
    """Keys of a session with all rights of STS and IAM: of a role of the account."""
    name = unique("Admin")
    served.gate.cli("role", "create", f"--role-name={name}", f"--assume-role-policy-doc={trust(TRUSTED)}")
    policy = document(allow(["sts:*", "iam:*"], "*"))
    served.gate.cli("role-policy", "put", f"--role-name={name}", "--policy-name=P", f"--policy-doc={policy}")
    return assume(served.endpoint, USER, f"arn:aws:iam:::role/{name}")


def test_rule_30_a_denial_can_be_decoded(served, admin):
    _, _, message = refused(client("iam", served.endpoint, USER).list_roles)
    text, encoded = message.split(". Encoded authorization failure message: ")
    assert text.endswith("because no identity-based policy allows the iam:ListRoles action")
    sts = sts_of(served, admin)
    said = json.loads(sts.decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    assert said["allowed"] is False and said["explicitDeny"] is False
    assert said["context"]["action"] == "iam:ListRoles"
    assert said["context"]["principal"]["arn"] == "arn:aws:iam:::user/TESTER2"
    altered = refused(sts.decode_authorization_message, EncodedMessage=encoded[:-1])
    assert altered[:2] == ("InvalidAuthorizationMessageException", 400)
    assert refused(sts_of(served, USER).decode_authorization_message, EncodedMessage=encoded)[:2] == DENIED


def test_access_key_info(served, admin):
    sts = sts_of(served, admin)
    assert sts.get_access_key_info(AccessKeyId=admin.access)["Account"] == ""
    unknown = refused(sts.get_access_key_info, AccessKeyId="AKIAIOSFODNN7EXAMPLE")
    assert unknown[:2] == ("ValidationError", 400)
    assert refused(sts_of(served, USER).get_access_key_info, AccessKeyId=admin.access)[:2] == DENIED


def test_aws_cli(served, tmp_path):
    """The command line that people have: AssumeRole with all its words."""
    arn = role(served, TRUSTED)
    words = ["sts", "assume-role", "--role-arn", arn, "--role-session-name", "Bob", "--tags", "Key=team,Value=red"]
    words += ["--transitive-tag-keys", "team", "--source-identity", "alice", "--duration-seconds", "900"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **USER.environment()}
    command = [str(Path(sys.executable).parent / "aws"), "--endpoint-url", served.endpoint, "--region", "us-east-1", "--output", "json", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["SourceIdentity"] == "alice" and answer["Credentials"]["AccessKeyId"].startswith("ASIA")


# ---- revocation and rotation


@pytest.fixture(scope="module")
def pair(gate):
    first = gate(store="redis")
    return first, gate(store="redis", join=first)


def works(endpoint, keys):
    try:
        client("s3", endpoint, keys).list_buckets()
        return True
    except Exception:
        return False


@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", ["all", "before", "key"])
def test_rule_21_revocation_is_in_force_on_every_gate_within_100_ms(pair, how):
    late = [revoked_after(pair, how)]
    while late[-1] > 0.100 and len(late) < 3:  # whatever else the machine does may hold it up once
        late.append(revoked_after(pair, how))
    assert late[-1] <= 0.100, late


def revoked_after(pair, how):
    """Revokes sessions of a new role, sees that exactly those ended, and returns after how many seconds at the latest."""
    name, arn = make_role(pair[0].endpoint, OWNER, TRUSTED)
    _, chained_arn = make_role(pair[0].endpoint, OWNER, arn)
    keys, other = (assume(pair[0].endpoint, USER, arn) for _ in range(2))
    chained = assume(pair[0].endpoint, keys, chained_arn)
    clients = [client("s3", one.endpoint, keys) for one in pair]
    for s3 in clients:
        s3.list_buckets()  # warm, and open
    words = {"all": [], "before": None, "key": [f"--access-key-id={keys.access}"]}[how]
    if words is None:
        time.sleep(1.1)  # tokens count in seconds, and the time must be over
        words = [f"--before={time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}"]
    pair[0].cli("session", "revoke", f"--role-name={name}", *words, followed=False)
    done = time.monotonic()
    sent = [done, done]
    for at, s3 in enumerate(clients):
        while True:
            try:
                s3.list_buckets()
            except s3.exceptions.ClientError as error:
                assert error.response["Error"]["Code"] == "InvalidToken", error
                break
            sent[at] = time.monotonic()
            assert sent[at] - done < 5, "not in force after 5 s"
    for one in pair:
        assert not works(one.endpoint, chained), "what came of it is over too"
        assert works(one.endpoint, other) == (how == "key")
        assert works(one.endpoint, assume(one.endpoint, USER, arn)), "new sessions can be made"
    return max(sent) - done


def test_rule_21_revocation_the_way_of_awss_console(served, bucket):
    """AWSRevokeOlderSessions: an inline policy that denies what was issued before."""
    name, arn = make_role(served.endpoint, OWNER, TRUSTED)
    old = assume(served.endpoint, USER, arn)
    assert reads(served, old, bucket)
    time.sleep(1.1)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    older = allow("*", "*", effect="Deny", Condition={"DateLessThan": {"aws:TokenIssueTime": now}})
    served.iam.put_role_policy(RoleName=name, PolicyName="AWSRevokeOlderSessions", PolicyDocument=document(older))
    assert not reads(served, old, bucket)
    assert reads(served, assume(served.endpoint, USER, arn), bucket)


def test_rule_20_token_keys_rotate_without_a_restart(gate):
    one = gate()
    _, arn = make_role(one.endpoint, OWNER, TRUSTED)
    before = assume(one.endpoint, USER, arn)
    assert works(one.endpoint, before)
    ring = one.json("token-key", "rotate")
    assert [key["state"] for key in ring] == ["opening", "minting"]

    def log():
        return (one.folder / "gate.log").read_text()

    poll(lambda: ring[1]["id"] in log(), 10, "the gate reads the ring")
    after = assume(one.endpoint, USER, arn)
    assert works(one.endpoint, before) and works(one.endpoint, after)
    path = one.folder / "state" / "token.keys"
    good = path.read_text()
    path.write_text("nonsense\n")  # a ring that is none changes nothing
    os.kill(one.process.pid, signal.SIGHUP)
    poll(lambda: "the token keys cannot be used" in log(), 10, "the refusal of the ring")
    assert works(one.endpoint, before) and works(one.endpoint, assume(one.endpoint, USER, arn))
    path.write_text(good)
    in_use = one.cli("token-key", "retire", f"--id={ring[0]['id']}", check=False)
    assert in_use.returncode == 22 and "in use until" in in_use.stderr
    one.cli("token-key", "retire", f"--id={ring[0]['id']}", "--compromised")
    os.kill(one.process.pid, signal.SIGHUP)
    poll(lambda: not works(one.endpoint, before), 10, "the end of the retired key's sessions")
    s3 = client("s3", one.endpoint, before)
    assert refused(s3.list_buckets)[:2] == DEAD
    assert works(one.endpoint, after)
