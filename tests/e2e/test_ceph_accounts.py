r"""Ceph's pages on accounts and STS Lite, and GetCallerIdentity as on its STS page, with the clients that they use.

Proven: an account and its root made by Ceph's command lines, then aws-cli with profiles makes a user who makes a
bucket; a user policy with `sts:authentication` keeps long-term keys from S3 and lets their sessions in; aws-cli assumes
roles by itself (`source_profile`, `credential_source`, `external_id`, `duration_seconds`).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from clients import Keys, client, refused, trust, unique
from gate import TESTER1, TESTER2
from leaks import LEAKS

# As on the page of STS Lite.
LITE = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"s3:*\",\"Resource\":[\"*\"],\"Condition\":{\"BoolIfExists\":{\"sts:authentication\":\"false\"}}},{\"Effect\":\"Allow\",\"Action\":\"sts:GetSessionToken\",\"Resource\":\"*\",\"Condition\":{\"BoolIfExists\":{\"sts:authentication\":\"false\"}}}]}"  # noqa: E501


@pytest.fixture(scope="module")
def served(gate):
    return gate()


class Aws:
    """aws-cli with files of its own; `aws("iam", "get-user", profile="p")` returns the JSON that it prints."""

    def __init__(self, folder, endpoint):
        self.folder, self.endpoint = folder, endpoint
        (folder / "credentials").touch(mode=0o600)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_PAGER": ""}
        self.environment |= {"AWS_CONFIG_FILE": str(folder / "config")}
        self.environment |= {"AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials")}

    def configure(self, profile, **values):
        for name, value in ({"endpoint_url": self.endpoint, "region": "default"} | values).items():
            self.run("configure", "set", name, value, profile=profile)

    def run(self, *words, profile, **environment):
        command = [str(Path(sys.executable).parent / "aws"), "--profile", profile, *words]
        return subprocess.run(
            command, env=self.environment | environment, capture_output=True, text=True, timeout=60
        )

    def __call__(self, *words, **options):
        done = self.run(*words, **options)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout


@pytest.fixture
def aws(served, tmp_path):
    return Aws(tmp_path, served.endpoint)


def test_the_account_root_example(served, aws):
    account = served.json("account", "create", "--account-id=RGW33567154695143645")
    assert (account["id"], account["name"]) == ("RGW33567154695143645",) * 2
    line = ["--uid=root1", "--display-name=Root", f"--account-id={account['id']}", "--account-root"]
    root = served.json("user", "create", *line, "--gen-secret", "--gen-access-key")["keys"][0]
    aws.configure("rgwroot", aws_access_key_id=root["access_key"], aws_secret_access_key=root["secret_key"])

    alice = aws("iam", "create-user", "--user-name", "Alice", profile="rgwroot")["User"]
    assert alice["Arn"] == "arn:aws:iam::RGW33567154695143645:user/Alice"
    key = aws("iam", "create-access-key", "--user-name", "Alice", profile="rgwroot")["AccessKey"]
    LEAKS.know("access secret", key["SecretAccessKey"])
    assert (key["UserName"], key["Status"]) == ("Alice", "Active")
    aws.configure("rgws3", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    bucket = unique("testbucket-")
    assert "AccessDenied" in aws.run("s3", "mb", f"s3://{bucket}", profile="rgws3").stderr
    full = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    aws("iam", "attach-user-policy", "--user-name", "Alice", "--policy-arn", full, profile="rgwroot")
    assert aws("s3", "mb", f"s3://{bucket}", profile="rgws3") == f"make_bucket: {bucket}\n"
    assert bucket in aws("s3", "ls", profile="rgws3")


def test_sts_lite_keeps_long_term_keys_from_s3(served):
    caps = ["--access-key=LITEADM", "--secret=lite-administrator", "--caps=user-policy=*"]
    served.cli("user", "create", "--uid=LITEADM", *caps)
    served.cli("user", "create", "--uid=LITE", "--access-key=LITEKEY", "--secret=lite-secret-00000")
    admin, user = Keys("LITEADM", "lite-administrator"), Keys("LITEKEY", "lite-secret-00000")
    put = client("iam", served.endpoint, admin, region="").put_user_policy
    put(UserName="LITE", PolicyName="Policy1", PolicyDocument=LITE)
    code, status, message = refused(client("s3", served.endpoint, user).list_buckets)
    assert (code, status) == ("AccessDenied", 403)
    assert message.endswith("with an explicit deny in an identity-based policy")
    sts = client("sts", served.endpoint, user, region="")
    session = Keys.of(sts.get_session_token(DurationSeconds=43200)["Credentials"])
    s3, bucket = client("s3", served.endpoint, session), unique("shiny-")
    s3.create_bucket(Bucket=bucket)
    assert [found["Name"] for found in s3.list_buckets()["Buckets"]] == [bucket]


def test_sts_authentication_is_true_in_every_kind_of_session(served):
    """Sessions that a user makes for itself, for others, and of a role; the user's own key is not one."""
    served.cli("user", "create", "--uid=kinds", "--account-id=", "--access-key=KINDSKEY", "--secret=kinds-secret-000")
    keys = Keys("KINDSKEY", "kinds-secret-000")
    policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:*", "Resource": "*"},
                {
                    "Effect": "Allow",
                    "Action": "s3:ListAllMyBuckets",
                    "Resource": "*",
                    "Condition": {"Bool": {"sts:authentication": "true"}},
                },
            ],
        }
    )
    served.cli("user-policy", "put", "--uid=kinds", "--policy-name=P", f"--policy-doc={policy}")
    trusted = trust("arn:aws:iam:::user/kinds")
    served.cli("role", "create", "--role-name=kinds", f"--assume-role-policy-doc={trusted}")
    served.cli("role-policy", "put", "--role-name=kinds", "--policy-name=P", f"--policy-doc={policy}")
    assert refused(client("s3", served.endpoint, keys).list_buckets)[0] == "AccessDenied"
    sts = client("sts", served.endpoint, keys)
    for made in (
        sts.get_session_token(),
        sts.get_federation_token(Name="federated", Policy=policy),
        sts.assume_role(RoleArn="arn:aws:iam:::role/kinds", RoleSessionName="kinds"),
    ):
        client("s3", served.endpoint, Keys.of(made["Credentials"])).list_buckets()


def test_caller_identity_of_a_session_leaves_the_path_out(served):
    """As on Ceph's page, with a role of another path."""
    iam = client("iam", served.endpoint, Keys(*TESTER1))
    made = iam.create_role(
        RoleName="Identity", Path="/xxx/policy/", AssumeRolePolicyDocument=trust("arn:aws:iam:::user/TESTER1")
    )["Role"]
    sts = client("sts", served.endpoint, Keys(*TESTER1))
    session = sts.assume_role(RoleArn=made["Arn"], RoleSessionName="Bob", DurationSeconds=3600)["Credentials"]
    identity = client("sts", served.endpoint, Keys.of(session)).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts:::assumed-role/Identity/Bob"
    assert (identity["UserId"], identity["Account"]) == (f"{made['RoleId']}:Bob", "")
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam:::user/TESTER1"


def test_aws_cli_assumes_roles_by_itself(served, aws):
    trusted = trust("arn:aws:iam:::user/TESTER2")
    arn = served.json("role", "create", "--role-name=Cli", f"--assume-role-policy-doc={trusted}")["arn"]
    access, secret = TESTER2
    aws.configure("base", aws_access_key_id=access, aws_secret_access_key=secret)
    who = ("sts", "get-caller-identity")
    aws.configure("named", role_arn=arn, source_profile="base", role_session_name="Bob")
    assert aws(*who, profile="named")["Arn"] == "arn:aws:sts:::assumed-role/Cli/Bob"
    aws.configure("external", role_arn=arn, source_profile="base", external_id="abc")
    assert aws(*who, profile="external")["Arn"].startswith("arn:aws:sts:::assumed-role/Cli/botocore-session-")
    aws.configure("environment", role_arn=arn, credential_source="Environment")
    given = {"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret}
    assert "/Cli/" in aws(*who, profile="environment", **given)["Arn"]
    aws.configure("long", role_arn=arn, source_profile="base", duration_seconds="43200")
    wanted = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert wanted in aws.run(*who, profile="long").stderr
    aws.configure("unknown", role_arn="arn:aws:iam:::role/none", source_profile="base")
    wanted = "not authorized to perform: sts:AssumeRole on resource: arn:aws:iam:::role/none"
    assert aws.run(*who, profile="unknown").stderr.strip().endswith(wanted)
