"""AssumeRoleWithWebIdentity with a certified OpenID provider: users sign in there, and take S3 credentials here.

Proven: Ceph's example; every field of the answer; conditions on `app_id`, `aud`, `sub`, lists and nested claims; tags,
transitive tags and source identity of tokens, and the permissions that they need; durations and session policies;
access tokens only where the configuration takes them; aws-cli.
"""

import datetime
import json
import os
import subprocess
import sys

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError
from clients import Keys, allow, assume, client, deny, document, refused
from gate import TESTER2
from idp import AUDIENCE, CLIENT, claims_of, present, register, token_file, web_keys, web_role, web_trust
from leaks import LEAKS
from servers import PROJECT
from web_scene import BODY, TAGGED, bucket, served, uses  # noqa: F401

EXAMPLE = PROJECT / "examples/assume_role_with_web_identity.py"


def assumes(served, condition, token, actions=TAGGED):
    """Whether a role with this condition is to be had for the token; the refusal must be AccessDenied."""
    role = served.role(condition, actions)
    try:
        return bool(present(served.endpoint, role, token))
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied", error
        return False


def signed_in(served, user):
    """What the demo's script prints."""
    command = [sys.executable, PROJECT / "examples/demo/sign_in.py", user, "--issuer", served.provider.url]
    command += ["--client-secret", served.provider.secret]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stdout.endswith("\n"), done.stderr
    LEAKS.know("web token", done.stdout)
    return done.stdout


def test_example_of_cephs_page(served, tmp_path, weed):
    weed.remove_bucket("my-web-bucket")
    for user, said in (("alice", "created role"), ("bob", "updated its trust policy")):
        token = token_file(tmp_path, signed_in(served, user))
        command = [sys.executable, EXAMPLE, "--endpoint", served.endpoint, "--issuer", served.provider.url]
        done = subprocess.run([*command, "--web-token", token], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"provider {served.arn}" in done.stdout and said in done.stdout
        assert f"{user} of {served.provider.url} is now arn:aws:sts:::assumed-role/S3WebAccess/Bob" in done.stdout
        assert "got my-web-bucket/hello.txt: Hello from the web\n" in done.stdout
    environment = {"AWS_ENDPOINT_URL": served.endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
    environment |= {"AWS_ROLE_ARN": "arn:aws:iam:::role/S3WebAccess", "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)}
    command = [PROJECT / ".venv/bin/aws", "s3", "cp", "s3://my-web-bucket/hello.txt", "-"]  # as README says
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=60)
    assert done.stdout == "Hello from the web\n", done.stderr


def test_demo_refuses_who_is_not_known(served):
    command = [sys.executable, PROJECT / "examples/demo/sign_in.py", "mallory", "--issuer", served.provider.url]
    done = subprocess.run(
        [*command, "--client-secret", served.provider.secret], capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0 and done.stdout == "" and "does the provider know user 'mallory'?" in done.stderr


def test_every_field_of_the_answer(served, bucket):
    role, token = served.role(), served.provider.id_token()
    answer = present(served.endpoint, role, token, session="Ted")
    assert served.arn == f"arn:aws:iam:::oidc-provider/{served.provider.name}"
    assert answer["SubjectFromWebIdentityToken"] == "alice"
    assert answer["Audience"] == CLIENT
    assert answer["Provider"] in (served.provider.url, served.arn, served.provider.name)
    name = role.rpartition("/")[2]
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts:::assumed-role/{name}/Ted"
    assert answer["AssumedRoleUser"]["AssumedRoleId"].startswith("AROA")
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(":Ted")
    assert 0 < answer["PackedPolicySize"] <= 100
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.UTC)
    assert 3500 < left.total_seconds() <= 3600
    keys = Keys.of(answer["Credentials"])
    assert keys.access.startswith("ASIA")
    whoami = client("sts", served.endpoint, keys).get_caller_identity()
    assert whoami["Arn"] == answer["AssumedRoleUser"]["Arn"]
    uses(served, keys, bucket)


def test_unsigned_by_configuration_and_signed_by_nobody(served, bucket):
    """botocore leaves the call unsigned by itself; clients told to sign nothing send the same."""
    role, token = served.role(), served.provider.id_token()
    unsigned = boto3.client(
        "sts", endpoint_url=served.endpoint, region_name="", config=Config(signature_version=UNSIGNED)
    )
    of_tester = client("sts", served.endpoint, Keys(*TESTER2), region="")
    for sts in (unsigned, of_tester):
        given = {"RoleArn": role, "RoleSessionName": "Bob", "WebIdentityToken": token}
        uses(served, Keys.of(sts.assume_role_with_web_identity(**given)["Credentials"]), bucket)


def test_conditions_on_claims(served):
    alice, bob = served.provider.id_token("alice"), served.provider.id_token("bob")
    both = {
        "app_id": ("StringEquals", CLIENT),
        "aud": ("StringEquals", CLIENT),
        "email": ("StringLike", "*@example.com"),
        "groups": ("ForAnyValue:StringEquals", ["engineers", "readers"]),
    }
    for claim, (operator, value) in both.items():
        condition = {operator: {served.key(claim): value}}
        assert assumes(served, condition, alice) and assumes(served, condition, bob), claim
    only_alice = {
        "sub": ("StringEquals", "alice"),
        "email": ("StringEquals", "alice@example.com"),
        "groups": ("ForAnyValue:StringEquals", ["engineers"]),
        "realm_access/roles": ("ForAnyValue:StringEquals", ["s3-user"]),
    }
    for claim, (operator, value) in only_alice.items():
        condition = {operator: {served.key(claim): value}}
        assert assumes(served, condition, alice), claim
        assert not assumes(served, condition, bob), claim


def test_conditions_that_do_not_hold(served):
    token = served.provider.id_token()
    never = [
        {"StringEquals": {served.key("aud"): "other-app"}},
        {"StringEquals": {served.key("no_such_claim"): "x"}},
        {"StringEquals": {"other.example.com:aud": CLIENT}},
        {"ForAllValues:StringEquals": {served.key("groups"): ["engineers"]}},
        {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
    ]
    for condition in never:
        assert not assumes(served, condition, token), condition


def test_trust_that_is_not_for_web_identities(served):
    token = served.provider.id_token("bob")
    trusts = [
        document(allow("sts:AssumeRole", Principal={"Federated": [served.arn]})),
        document(allow("sts:AssumeRoleWithWebIdentity", Principal={"AWS": ["arn:aws:iam:::user/TESTER2"]})),
        web_trust("arn:aws:iam:::oidc-provider/127.0.0.1:1/auth/realms/demo"),
        document(
            allow("sts:AssumeRoleWithWebIdentity", Principal={"Federated": [served.arn]}),
            allow("sts:AssumeRoleWithWebIdentity", effect="Deny", Principal={"Federated": [served.arn]}),
        ),
    ]
    for trust in trusts:
        role = web_role(served.endpoint, trust)
        assert refused(present, served.endpoint, role, token)[:2] == ("AccessDenied", 403), trust
    missing = "arn:aws:iam:::role/NoSuchRole"
    assert refused(present, served.endpoint, missing, token)[:2] == ("AccessDenied", 403)


def test_user_and_session_keys_do_not_open_a_federated_role(served):
    role = served.role()
    for keys in (Keys(*TESTER2), web_keys(served.endpoint, served.role(), served.provider.id_token())):
        assert refused(assume, served.endpoint, keys, role)[:2] == ("AccessDenied", 403)


def test_tags_of_the_token(served, bucket):
    token = served.provider.id_token("alice")
    assert refused(present, served.endpoint, served.role(actions=TAGGED[:1]), token)[:2] == ("AccessDenied", 403)
    holds = {"StringEquals": {"aws:RequestTag/Department": "Engineering"}}
    assert assumes(served, holds, token)
    assert not assumes(served, holds, served.provider.id_token("bob"))
    assert not assumes(served, {"StringEquals": {"aws:RequestTag/Department": "Sales"}}, token)
    keys = {"ForAllValues:StringEquals": {"aws:TagKeys": ["Department", "CostCenter"]}}
    assert assumes(served, keys, token)
    assert not assumes(served, {"ForAllValues:StringEquals": {"aws:TagKeys": ["Department"]}}, token)
    assert assumes(served, {"ForAllValues:StringEquals": {"sts:TransitiveTagKeys": ["Department"]}}, token)
    condition = {"StringEquals": {"aws:PrincipalTag/Department": "Engineering"}}
    policy = document(allow("s3:*", "arn:aws:s3:::*", Condition=condition))
    role = served.role(policy=policy)
    uses(served, web_keys(served.endpoint, role, token), bucket)
    s3 = client("s3", served.endpoint, web_keys(served.endpoint, role, served.provider.id_token("bob")))
    assert refused(s3.get_object, Bucket=bucket, Key="object")[:2] == ("AccessDenied", 403)


def test_transitive_tags_go_along_the_chain_and_others_do_not(served, bucket):
    first = served.role()
    session = f"arn:aws:sts:::assumed-role/{first.rpartition('/')[2]}/Bob"
    trust = document(allow(["sts:AssumeRole", "sts:TagSession"], Principal={"AWS": [session]}))
    keys = web_keys(served.endpoint, first, served.provider.id_token("alice"))

    def second(tag, value):
        condition = {"StringEquals": {f"aws:PrincipalTag/{tag}": value}}
        role = web_role(served.endpoint, trust, document(allow("s3:*", "arn:aws:s3:::*", Condition=condition)))
        return client("s3", served.endpoint, assume(served.endpoint, keys, role))

    second("Department", "Engineering").put_object(Bucket=bucket, Key="chained", Body=BODY)
    assert refused(second("CostCenter", "4711").put_object, Bucket=bucket, Key="no", Body=BODY)[0] == "AccessDenied"
    role = web_role(served.endpoint, trust)
    changed = [{"Key": "Department", "Value": "Sales"}]
    assert refused(assume, served.endpoint, keys, role, Tags=changed)[0] == "InvalidParameterValue"


def test_source_identity_of_the_token(served):
    token = served.provider.id_token("carol")
    bare = served.role(actions=["sts:AssumeRoleWithWebIdentity"])
    assert refused(present, served.endpoint, bare, token)[:2] == ("AccessDenied", 403)
    actions = ["sts:AssumeRoleWithWebIdentity", "sts:SetSourceIdentity"]
    role = served.role({"StringEquals": {"sts:SourceIdentity": "carol-of-example"}}, actions)
    answer = present(served.endpoint, role, token)
    assert answer["SourceIdentity"] == "carol-of-example"
    assert "SourceIdentity" not in present(served.endpoint, served.role(), served.provider.id_token("bob"))


def test_durations_and_session_names(served):
    role, token = served.role(MaxSessionDuration=7200), served.provider.id_token("bob")
    for seconds in (900, 7200):
        expires = present(served.endpoint, role, token, DurationSeconds=seconds)["Credentials"]["Expiration"]
        left = expires - datetime.datetime.now(datetime.UTC)
        assert seconds - 60 < left.total_seconds() <= seconds
    code, status, message = refused(present, served.endpoint, role, token, DurationSeconds=7201)
    assert (code, status) == ("ValidationError", 400) and "MaxSessionDuration" in message
    named = served.role({"StringLike": {"sts:RoleSessionName": "ci-*"}})
    assert present(served.endpoint, named, token, session="ci-17")
    assert refused(present, served.endpoint, named, token, session="other")[0] == "AccessDenied"


def test_session_policies_narrow_the_role(served, bucket):
    role, token = served.role(), served.provider.id_token("bob")
    inline = document(allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    managed = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    uses(served, web_keys(served.endpoint, role, token), bucket)
    for narrowed in ({"Policy": inline}, {"PolicyArns": [{"arn": managed}]}):
        s3 = client("s3", served.endpoint, web_keys(served.endpoint, role, token, **narrowed))
        assert s3.get_object(Bucket=bucket, Key="object")["Body"].read() == BODY
        assert refused(s3.put_object, Bucket=bucket, Key="object", Body=b"")[:2] == ("AccessDenied", 403)
    denied = document(allow("s3:*", "*"), deny("s3:GetObject", "*"))
    s3 = client("s3", served.endpoint, web_keys(served.endpoint, role, token, Policy=denied))
    assert refused(s3.get_object, Bucket=bucket, Key="object")[0] == "AccessDenied"


def test_conditions_on_the_web_identity_in_the_roles_own_policy(served, bucket):
    policy = document(
        allow("s3:*", "arn:aws:s3:::*", Condition={"StringEquals": {served.key("sub"): "alice"}}),
    )
    role = served.role(policy=policy)
    uses(served, web_keys(served.endpoint, role, served.provider.id_token("alice")), bucket)
    s3 = client("s3", served.endpoint, web_keys(served.endpoint, role, served.provider.id_token("bob")))
    assert refused(s3.get_object, Bucket=bucket, Key="object")[0] == "AccessDenied"


def test_rule_25_access_tokens_only_where_they_are_taken(served, gate):
    token = served.provider.access_token()
    claims = claims_of(token)
    assert claims["aud"] == AUDIENCE and claims["azp"] == CLIENT
    assert refused(present, served.endpoint, served.role(), token)[:2] == ("InvalidIdentityToken", 400)
    lenient = gate(oidc={"allow_hosts": ["127.0.0.1"], "accept_access_tokens": True})
    arn = register(lenient.endpoint, served.provider)
    role = web_role(lenient.endpoint, web_trust(arn, {"StringEquals": {served.key("azp"): CLIENT}}))
    answer = present(lenient.endpoint, role, token)
    assert answer["SubjectFromWebIdentityToken"] == CLIENT
    client("sts", lenient.endpoint, Keys.of(answer["Credentials"])).get_caller_identity()


def test_aws_cli(served, bucket):
    role, token = served.role(), served.provider.id_token("bob")
    environment = os.environ | {"AWS_ENDPOINT_URL": served.endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
    command = [PROJECT / ".venv/bin/aws", "sts", "assume-role-with-web-identity", "--role-arn", role]
    command += ["--role-session-name", "Cli", "--web-identity-token", token]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["SubjectFromWebIdentityToken"] == "bob"
    uses(served, Keys.of(answer["Credentials"]), bucket)
