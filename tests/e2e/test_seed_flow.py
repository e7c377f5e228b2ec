"""The seed documents' flow, as a newcomer runs it: role, policy, AssumeRole, S3 with temporary credentials.

Proven: examples/assume_role.py works unchanged on the embedded store and on Redis, and a second time; the trust policy
as printed on Ceph's page (which names the wrong user) is refused; the same flow works with aws-cli; the backend's own key,
and temporary keys without their token, open nothing.
"""

import os
import subprocess
import sys

import pytest
from clients import Keys, assume, client, make_role, refused, trust, unique
from gate import TESTER1, TESTER2
from servers import PROJECT

EXAMPLE = PROJECT / "examples/assume_role.py"
AWS_CLI = PROJECT / "examples/demo/aws-cli.sh"
CEPHS_TRUST = "arn:aws:iam:::user/TESTER1"


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def served(request, gate, weed):
    """One gate for each kind of store; `my-bucket` of an earlier one is taken from the backend."""
    weed.remove_bucket("my-bucket")
    return gate(store=request.param)


def run(command, **more):
    environment = os.environ | more
    environment["PATH"] = f"{PROJECT / '.venv/bin'}{os.pathsep}{environment['PATH']}"
    return subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, timeout=120)


def run_example(gate, *options):
    return run([sys.executable, EXAMPLE, "--endpoint", gate.endpoint, *options])


def test_example_runs_and_says_what_it_did(served):
    done = run_example(served)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("created role arn:aws:iam:::role/S3Access\n")
    assert "TESTER2 is now arn:aws:sts:::assumed-role/S3Access/Bob" in done.stdout
    assert "created bucket my-bucket\n" in done.stdout
    assert "got my-bucket/hello.txt: Hello from Bob\n" in done.stdout
    assert "listed my-bucket: hello.txt, 15 bytes\n" in done.stdout
    assert done.stdout.endswith("buckets: my-bucket\n")


def test_example_runs_again_and_updates(served):
    for _ in range(2):
        done = run_example(served)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "role arn:aws:iam:::role/S3Access exists, updated its trust policy\n" in done.stdout


def test_trust_as_printed_by_ceph_is_denied(served):
    done = run_example(served, "--trust", CEPHS_TRUST, "--role-name", unique("Slip"), "--bucket", unique("slip-"))
    assert done.returncode != 0
    assert "AccessDenied" in done.stderr and "AssumeRole" in done.stderr
    assert "created bucket" not in done.stdout


def test_widening_then_narrowing_trust_takes_effect_at_once(served):
    name, arn = make_role(served.endpoint, Keys(*TESTER1), CEPHS_TRUST)
    assert refused(assume, served.endpoint, Keys(*TESTER2), arn)[:2] == ("AccessDenied", 403)
    assert assume(served.endpoint, Keys(*TESTER1), arn).access.startswith("ASIA")
    done = run_example(served, "--role-name", name, "--bucket", unique("again-"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert refused(assume, served.endpoint, Keys(*TESTER1), arn)[:2] == ("AccessDenied", 403)


def test_user_without_caps_manages_no_roles(served):
    iam = client("iam", served.endpoint, Keys(*TESTER2), region="")
    code, status, message = refused(iam.create_role, RoleName="Nope", AssumeRolePolicyDocument=trust(CEPHS_TRUST))
    assert (code, status) == ("AccessDenied", 403)
    assert "iam:CreateRole" in message


def test_caller_identity_of_user_and_session(served):
    user = client("sts", served.endpoint, Keys(*TESTER2), region="").get_caller_identity()
    assert user["Arn"] == "arn:aws:iam:::user/TESTER2"
    name, arn = make_role(served.endpoint, Keys(*TESTER1), "arn:aws:iam:::user/TESTER2")
    keys = assume(served.endpoint, Keys(*TESTER2), arn)
    session = client("sts", served.endpoint, keys).get_caller_identity()
    assert session["Arn"] == f"arn:aws:sts:::assumed-role/{name}/Bob"
    assert session["UserId"].startswith("AROA") and session["UserId"].endswith(":Bob")


def test_backend_key_is_not_a_key_of_the_gate(served, weed):
    s3 = client("s3", served.endpoint, Keys(weed.access_key, weed.secret_key))
    assert refused(s3.list_buckets)[:2] == ("InvalidAccessKeyId", 403)


def test_temporary_keys_without_their_token_are_refused(served):
    _, arn = make_role(served.endpoint, Keys(*TESTER1), "arn:aws:iam:::user/TESTER2")
    keys = assume(served.endpoint, Keys(*TESTER2), arn)
    code, status, _ = refused(client("s3", served.endpoint, Keys(keys.access, keys.secret)).list_buckets)
    assert code in ("InvalidAccessKeyId", "InvalidToken") and status in (400, 403)


def test_aws_cli(served):
    bucket = unique("cli-")
    done = run([AWS_CLI, served.endpoint, unique("Cli"), bucket])
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"RoleName": "Cli' in done.stdout and ":assumed-role/Cli" in done.stdout
    assert f"make_bucket: {bucket}\n" in done.stdout
    assert "15 hello.txt\n" in done.stdout and done.stdout.endswith("Hello from Bob\n")


def test_aws_cli_copies_a_large_file_in_parts(served, tmp_path):
    """aws s3 cp splits at 8 MiB: multipart through the gate, and back by ranges."""
    source, copy = tmp_path / "source.bin", tmp_path / "copy.bin"
    source.write_bytes(os.urandom(1 << 20) * 20)
    _, arn = make_role(served.endpoint, Keys(*TESTER1), "arn:aws:iam:::user/TESTER2")
    keys = assume(served.endpoint, Keys(*TESTER2), arn)
    environment = keys.environment() | {"AWS_ENDPOINT_URL": served.endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
    bucket = unique("parts-")
    for words in (
        ["mb", f"s3://{bucket}"],
        ["cp", "--no-progress", source, f"s3://{bucket}/big"],
        ["cp", "--no-progress", f"s3://{bucket}/big", copy],
    ):
        done = run(["aws", "s3", *words], **environment)
        assert done.returncode == 0, done.stdout + done.stderr
    assert copy.read_bytes() == source.read_bytes()
