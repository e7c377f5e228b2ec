"""How sessions begin and how they end: who may assume what, for how long, and what kills a session at once.

Proven over HTTP: trust, ExternalId, DurationSeconds, chaining and names of AssumeRole; tokens that are absent, altered,
swapped, cut off or over; and that removing the role, the user, the key or any link of a chain ends the sessions at the
next request, for good: a role or user made again under the same name does not revive them.
"""

import base64
import datetime
import hmac
import json
import os
import sqlite3
import struct
import time
from types import SimpleNamespace

import pytest
from clients import S3_ALL, Keys, allow, assume, client, deny, document, make_role, refused, trust, unique
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from gate import TESTER1, TESTER2
from servers import poll

OWNER, USER, TRUSTED = Keys(*TESTER1), Keys(*TESTER2), "arn:aws:iam:::user/TESTER2"
DENIED = ("AccessDenied", 403)
DEAD = ("InvalidToken", 400)  # S3's answer to a token that no longer counts
DEAD_ELSEWHERE = ("InvalidClientTokenId", 403)  # IAM's and STS's


@pytest.fixture(scope="module")
def served(gate):
    one = gate()
    return SimpleNamespace(gate=one, endpoint=one.endpoint, iam=client("iam", one.endpoint, OWNER))


def s3_of(served, keys):
    return client("s3", served.endpoint, keys)


def ends(served, keys, within=2):
    """A session of `keys` ends on every plane, within the time in which the gate hears of other processes."""
    poll(lambda: not works(served, keys), within, "the session's end")
    assert refused(s3_of(served, keys).list_buckets)[:2] == DEAD
    assert refused(client("sts", served.endpoint, keys).get_caller_identity)[:2] == DEAD_ELSEWHERE
    assert refused(client("iam", served.endpoint, keys).list_roles)[:2] == DEAD_ELSEWHERE


def works(served, keys):
    try:
        s3_of(served, keys).list_buckets()
        return True
    except Exception:
        return False


def new_user(served, *more):
    name, secret = unique("user"), unique("secret-of-")
    key = unique("KEY")
    served.gate.cli("user", "create", f"--uid={name}", f"--access-key={key}", f"--secret={secret}", *more)
    return name, Keys(key, secret)


def drop_role(served, name):
    served.iam.delete_role_policy(RoleName=name, PolicyName="Policy1")
    served.iam.delete_role(RoleName=name)


# ---- what ends a session


def test_rule_14_deleted_role_ends_its_sessions_and_its_namesake_does_not_revive_them(served):
    name, arn = make_role(served.endpoint, OWNER, TRUSTED)
    keys = assume(served.endpoint, USER, arn)
    s3_of(served, keys).list_buckets()
    drop_role(served, name)
    assert refused(s3_of(served, keys).list_buckets)[:2] == DEAD  # at once: no polling
    served.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(TRUSTED))
    served.iam.put_role_policy(RoleName=name, PolicyName="Policy1", PolicyDocument=S3_ALL)
    ends(served, keys, within=0)
    s3_of(served, assume(served.endpoint, USER, arn)).list_buckets()


def test_rule_14_deleted_user_ends_its_sessions_and_its_namesake_does_not_revive_them(served):
    name, user = new_user(served)
    _, arn = make_role(served.endpoint, OWNER, f"arn:aws:iam:::user/{name}")
    keys = assume(served.endpoint, user, arn)
    s3_of(served, keys).list_buckets()
    served.gate.cli("user", "rm", f"--uid={name}")
    ends(served, keys)
    assert refused(s3_of(served, user).list_buckets)[:2] == ("InvalidAccessKeyId", 403)
    assert refused(client("sts", served.endpoint, user).get_caller_identity)[:2] == DEAD_ELSEWHERE
    served.gate.cli("user", "create", f"--uid={name}", f"--access-key={user.access}", f"--secret={user.secret}")
    poll(lambda: works(served, user), 5, "the new user")
    ends(served, keys, within=0)


def test_rule_14_a_principal_in_a_trust_policy_is_the_user_it_was(served):
    """A trust policy that named a user does not trust a later one of the same name."""
    name, user = new_user(served)
    _, arn = make_role(served.endpoint, OWNER, f"arn:aws:iam:::user/{name}")
    assume(served.endpoint, user, arn)
    served.gate.cli("user", "rm", f"--uid={name}")
    served.gate.cli("user", "create", f"--uid={name}", f"--access-key={user.access}", f"--secret={user.secret}")
    poll(lambda: works(served, user), 5, "the new user")
    assert refused(assume, served.endpoint, user, arn)[:2] == DENIED


def test_removed_key_ends_the_sessions_that_came_from_it_and_no_others(served):
    name, first = new_user(served)
    second = Keys(unique("KEY"), unique("secret-of-"))
    served.gate.cli(
        "key", "create", f"--uid={name}", f"--access-key={second.access}", f"--secret={second.secret}"
    )
    poll(lambda: works(served, second), 5, "the second key")
    _, arn = make_role(served.endpoint, OWNER, f"arn:aws:iam:::user/{name}")
    of_first, of_second = (assume(served.endpoint, keys, arn) for keys in (first, second))
    served.gate.cli("key", "rm", f"--access-key={first.access}")
    ends(served, of_first)
    s3_of(served, of_second).list_buckets()
    assert refused(s3_of(served, first).list_buckets)[:2] == ("InvalidAccessKeyId", 403)


def test_any_link_of_a_chain_ends_the_session(served):
    middle, middle_arn = make_role(served.endpoint, OWNER, TRUSTED, document(allow("sts:AssumeRole", "*")))
    _, last_arn = make_role(served.endpoint, OWNER, f"arn:aws:iam:::role/{middle}")
    link = assume(served.endpoint, USER, middle_arn, session="one")
    keys = assume(served.endpoint, link, last_arn, session="two")
    s3_of(served, keys).list_buckets()
    drop_role(served, middle)
    assert refused(s3_of(served, keys).list_buckets)[:2] == DEAD
    ends(served, link, within=0)


def test_policy_changes_reach_running_sessions_at_once(served):
    name, arn = make_role(served.endpoint, OWNER, TRUSTED)
    s3 = s3_of(served, assume(served.endpoint, USER, arn))
    for _ in range(5):
        s3.list_buckets()
        served.iam.put_role_policy(RoleName=name, PolicyName="Stop", PolicyDocument=document(deny("*", "*")))
        assert refused(s3.list_buckets)[:2] == DENIED
        served.iam.delete_role_policy(RoleName=name, PolicyName="Stop")
    since = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
    revoked = {"DateLessThan": {"aws:TokenIssueTime": since.strftime("%Y-%m-%dT%H:%M:%SZ")}}
    policy = document(allow("*", "*", effect="Deny", Condition=revoked))  # AWS's AWSRevokeOlderSessions
    served.iam.put_role_policy(RoleName=name, PolicyName="AWSRevokeOlderSessions", PolicyDocument=policy)
    assert refused(s3.list_buckets)[:2] == DENIED


# ---- tokens


@pytest.fixture(scope="module")
def session(served):
    name, arn = make_role(served.endpoint, OWNER, TRUSTED)
    return SimpleNamespace(name=name, arn=arn, keys=assume(served.endpoint, USER, arn))


def altered(keys, token):
    return Keys(keys.access, keys.secret, token)


def test_rule_19_altered_tokens(served, session):
    token, keys = session.keys.token, session.keys
    flipped = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in (0, 3, 20, 60, len(token) // 2)]
    for bad in (*flipped, token[:-20], token[:10], token + "AAAA", "x", "not a token!", "A" * 9000, token.swapcase()):
        for expected, call in (
            (DEAD, s3_of(served, altered(keys, bad)).list_buckets),
            (DEAD_ELSEWHERE, client("sts", served.endpoint, altered(keys, bad)).get_caller_identity),
        ):
            code, status, message = refused(call)
            if len(bad) < 8000:  # one too long for any head is refused as such
                assert (code, status) == expected, (bad[:30], code, status, message)
            else:
                assert 400 <= status < 500


def test_rule_19_tokens_go_with_their_own_key_id(served, session):
    other = assume(served.endpoint, USER, session.arn, session="Other")
    swapped = Keys(session.keys.access, session.keys.secret, other.token)
    assert refused(s3_of(served, swapped).list_buckets)[:2] == DEAD
    beside_long_term = Keys(USER.access, USER.secret, session.keys.token)
    assert refused(s3_of(served, beside_long_term).list_buckets)[:2] == DEAD
    assert refused(client("sts", served.endpoint, beside_long_term).get_caller_identity)[:2] == DEAD_ELSEWHERE
    without = Keys(session.keys.access, session.keys.secret)
    assert refused(s3_of(served, without).list_buckets)[:2] == ("InvalidAccessKeyId", 403)
    assert refused(client("sts", served.endpoint, without).get_caller_identity)[:2] == DEAD_ELSEWHERE
    wrong = Keys(session.keys.access, other.secret, session.keys.token)
    assert refused(s3_of(served, wrong).list_buckets)[:2] == ("SignatureDoesNotMatch", 403)


def test_rule_19_token_of_another_gate(gate, served, session):
    """Another installation with other keys takes none of our tokens."""
    other = gate()
    assert refused(client("s3", other.endpoint, session.keys).list_buckets)[:2] == DEAD


def test_expired_session(served, session):
    """A token whose time is over, sealed with the gate's own ring as DESIGN section 5 describes it."""
    seal = Seal(served.gate.folder / "state")
    claims = seal.open(session.keys.token)
    assert claims["n"] == "Bob" and claims["x"] - claims["i"] == 3600
    now = int(time.time())
    living = altered(session.keys, seal.seal(claims | {"i": now - 7200, "x": now + 600}))
    s3_of(served, living).list_buckets()
    for gone in (1, 3600):
        dead = altered(session.keys, seal.seal(claims | {"i": now - 7200, "x": now - gone}))
        assert refused(s3_of(served, dead).list_buckets)[:2] == ("ExpiredToken", 400)
        assert refused(client("sts", served.endpoint, dead).get_caller_identity)[:2] == ("ExpiredToken", 403)
        assert refused(client("iam", served.endpoint, dead).list_roles)[:2] == ("ExpiredToken", 403)


def test_session_ends_while_it_is_cached(served, session):
    """The cache of opened tokens does not outlive a token."""
    seal = Seal(served.gate.folder / "state")
    now = int(time.time())
    keys = altered(session.keys, seal.seal(seal.open(session.keys.token) | {"i": now - 10, "x": now + 3}))
    assert works(served, keys)
    poll(lambda: not works(served, keys), 6, "the token's end")
    assert refused(s3_of(served, keys).list_buckets)[:2] == ("ExpiredToken", 400)


class Seal:
    """Opens and seals tokens with a gate's ring: written from DESIGN section 5 and rule 19, not from the gate."""

    def __init__(self, state):
        ring = (state / "token.keys").read_text().split()
        key_id, _, root = next(line for line in ring if ":minting:" in line).split(":")
        prk = hmac.digest(bytes(32), bytes.fromhex(root), "sha256")
        self.key_id, self.key = key_id.encode(), hmac.digest(prk, b"token\x01", "sha256")
        with sqlite3.connect(f"file:{state / 'rolegate.db'}?mode=ro", uri=True) as database:
            blobs = b" ".join(
                value if isinstance(value, bytes) else str(value).encode()
                for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
                for row in database.execute(f"SELECT * FROM {table}")
                for value in row
            )
        start = blobs.index(b'"store_id":"') + len(b'"store_id":"')
        self.store_id = blobs[start : blobs.index(b'"', start)]

    def open(self, token):
        data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        head = 2 + len(self.key_id)
        assert data[:head] == bytes([1, len(self.key_id)]) + self.key_id
        key, nonce = self._key(data[head : head + 24])
        return json.loads(ChaCha20Poly1305(key).decrypt(nonce, data[head + 24 :], self._associated()))

    def seal(self, claims):
        long_nonce = os.urandom(24)
        key, nonce = self._key(long_nonce)
        plain = json.dumps(claims, separators=(",", ":")).encode()
        data = bytes([1, len(self.key_id)]) + self.key_id + long_nonce
        data += ChaCha20Poly1305(key).encrypt(nonce, plain, self._associated())
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    def _associated(self):
        parts = (self.key_id, b"token", self.store_id)
        return b"\x01" + b"".join(struct.pack(">Q", len(part)) + part for part in parts)

    def _key(self, nonce):
        """XChaCha20: a key by HChaCha20 from the first 16 bytes of the nonce, the other 8 as the short nonce."""
        state = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *struct.unpack("<8I", self.key)]
        state += struct.unpack("<4I", nonce[:16])

        def turn(a, b, c, d):
            for x, y, z, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                state[x] = (state[x] + state[y]) & 0xFFFFFFFF
                mixed = state[z] ^ state[x]
                state[z] = (mixed << by | mixed >> (32 - by)) & 0xFFFFFFFF

        for _ in range(10):
            for column in range(4):
                turn(column, column + 4, column + 8, column + 12)
            for row in range(4):
                turn(row, (row + 1) % 4 + 4, (row + 2) % 4 + 8, (row + 3) % 4 + 12)
        return struct.pack("<8I", *state[:4], *state[12:]), bytes(4) + nonce[16:]


# ---- AssumeRole's own rules


def sts_of(served, keys=USER):
    return client("sts", served.endpoint, keys, parameter_validation=False)


def test_duration_limits(served, session):
    sts = sts_of(served)

    def ask(seconds, arn=session.arn):
        return sts.assume_role(RoleArn=arn, RoleSessionName="Bob", DurationSeconds=seconds)

    for seconds in (0, -1, 899, 43201, 99999999):
        code, status, message = refused(ask, seconds)
        assert (code, status) == ("ValidationError", 400) and "durationSeconds" in message, (seconds, message)
    code, status, message = refused(ask, 3601)
    assert (code, status) == ("ValidationError", 400) and "MaxSessionDuration" in message
    name = unique("Long")
    role = served.iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=trust(TRUSTED), MaxSessionDuration=43200
    )["Role"]
    for seconds in (900, 43200):
        credentials = ask(seconds, role["Arn"])["Credentials"]
        left = credentials["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
        assert seconds - 30 <= left.total_seconds() <= seconds
    for seconds in (3599, 43201):
        code, status, _ = refused(
            client("iam", served.endpoint, OWNER, parameter_validation=False).create_role,
            RoleName=unique("Bad"), AssumeRolePolicyDocument=trust(TRUSTED), MaxSessionDuration=seconds,
        )  # fmt: skip
        assert (code, status) == ("ValidationError", 400)


def test_chained_sessions_last_an_hour_at_most(served):
    middle, middle_arn = make_role(served.endpoint, OWNER, TRUSTED)
    last = served.iam.create_role(
        RoleName=unique("Last"),
        AssumeRolePolicyDocument=trust(f"arn:aws:iam:::role/{middle}"),
        MaxSessionDuration=43200,
    )["Role"]["Arn"]
    sts = client("sts", served.endpoint, assume(served.endpoint, USER, middle_arn))
    sts.assume_role(RoleArn=last, RoleSessionName="two", DurationSeconds=3600)
    code, status, message = refused(sts.assume_role, RoleArn=last, RoleSessionName="two", DurationSeconds=3601)
    assert (code, status) == ("ValidationError", 400) and "role chaining" in message
    assert refused(assume, served.endpoint, USER, last)[:2] == DENIED


def test_external_id(served):
    name = unique("Ext")
    condition = {"StringEquals": {"sts:ExternalId": "code-7"}}
    policy = document(allow("sts:AssumeRole", Principal={"AWS": TRUSTED}, Condition=condition))
    arn = served.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    assume(served.endpoint, USER, arn, ExternalId="code-7")
    for wrong in ({}, {"ExternalId": "code-8"}, {"ExternalId": "CODE-7"}):
        assert refused(assume, served.endpoint, USER, arn, **wrong)[:2] == DENIED
    code, status, _ = refused(sts_of(served).assume_role, RoleArn=arn, RoleSessionName="Bob", ExternalId="x")
    assert (code, status) == ("ValidationError", 400)


def test_unknown_role_wrong_case_and_untrusted_caller_look_the_same(served, session):
    name, arn = make_role(served.endpoint, OWNER, "arn:aws:iam:::user/TESTER1")
    missing = "arn:aws:iam:::role/" + unique("Never")
    cases = [arn, missing, session.arn.replace("Role", "ROLE"), session.arn.lower(), session.arn.replace("/R", "/p/R")]
    said = set()
    for wrong in cases:
        if wrong == session.arn:
            continue
        code, status, message = refused(assume, served.endpoint, USER, wrong)
        assert (code, status) == DENIED and message.endswith(f" {wrong}"), message
        said.add(message.replace(wrong, "ROLE"))
    assert len(said) == 1, said
    assert next(iter(said)).startswith("User: arn:aws:iam:::user/TESTER2 is not authorized to perform: sts:AssumeRole")


def test_parameters_of_assume_role(served, session):
    sts = sts_of(served)
    for parameters in (
        {"RoleArn": session.arn, "RoleSessionName": "x"},
        {"RoleArn": session.arn, "RoleSessionName": "a b"},
        {"RoleArn": session.arn, "RoleSessionName": "x" * 65},
        {"RoleArn": session.arn, "RoleSessionName": ""},
        {"RoleArn": session.arn},
        {"RoleSessionName": "Bob"},
        {"RoleArn": "role", "RoleSessionName": "Bob"},
        {"RoleArn": "arn:aws:iam:::user/TESTER1", "RoleSessionName": "Bob"},
        {"RoleArn": session.arn.replace(":aws:", ":aws-cn:"), "RoleSessionName": "Bob"},
        {"RoleArn": session.arn, "RoleSessionName": "Bob", "Policy": "x" * 2049},
    ):
        code, status, message = refused(sts.assume_role, **parameters)
        assert (code, status) == ("ValidationError", 400) and message, parameters
    for policy in ("{", "[]", '{"Version":"2012-10-17"}', trust(TRUSTED)):
        code, status, _ = refused(sts.assume_role, RoleArn=session.arn, RoleSessionName="Bob", Policy=policy)
        assert (code, status) == ("MalformedPolicyDocument", 400), policy
    # The role trusts with sts:AssumeRole alone.
    for untrusted in ({"SourceIdentity": "Bob"}, {"Tags": [{"Key": "a", "Value": "b"}]}):
        assert refused(sts.assume_role, RoleArn=session.arn, RoleSessionName="Bob", **untrusted)[:2] == DENIED
    for unserved in ({"SerialNumber": "arn:aws:iam:::mfa/x"}, {"TokenCode": "123456"}):
        assert refused(sts.assume_role, RoleArn=session.arn, RoleSessionName="Bob", **unserved)[1] == 400, unserved
    task = {"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"}
    assert refused(sts.assume_root, TargetPrincipal="123456789012", TaskPolicyArn=task)[:2] == ("InvalidAction", 400)


def test_answer_of_assume_role(served, session):
    answer = sts_of(served).assume_role(RoleArn=session.arn, RoleSessionName="a.b@c=d,e-f_g")
    role_id = served.iam.get_role(RoleName=session.name)["Role"]["RoleId"]
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role_id}:a.b@c=d,e-f_g",
        "Arn": f"arn:aws:sts:::assumed-role/{session.name}/a.b@c=d,e-f_g",
    }
    credentials = answer["Credentials"]
    assert credentials["AccessKeyId"].startswith("ASIA") and len(credentials["AccessKeyId"]) == 20
    assert len(credentials["SecretAccessKey"]) == 40
