"""Workloads that hold no key: three variables make unmodified SDKs work.

Proven: boto3, aws-cli and the AWS SDK for JavaScript put, get and list objects with a token file and an endpoint, no
code; an SDK reads a renewed token.
"""

import json
import os
import subprocess
import sys
import time

import pytest
from idp import token_file
from issuer import SigningKey
from servers import PROJECT
from workload_scene import served  # noqa: F401

BOTO3 = """
import boto3, sys
bucket, key = sys.argv[1:]
s3 = boto3.client("s3")
s3.put_object(Bucket=bucket, Key=key, Body=b"from a workload")
print("got", s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())
print("listed", *[entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]])
"""
AWS_CLI = """
set -e
printf 'from a workload' | aws s3 cp - "s3://$1/$2"
echo "got $(aws s3 cp "s3://$1/$2" -)"
echo "listed $(aws s3 ls "s3://$1/")"
"""
WORKLOADS = {
    "boto3": [sys.executable, "-c", BOTO3],
    "aws-cli": ["bash", "-c", AWS_CLI, "workload"],
    "javascript": ["node", PROJECT / "tests/js/workload.mjs"],
}


def environment(served, file, **more):
    """What a platform gives to a workload."""
    given = {
        "PATH": f"{PROJECT / '.venv/bin'}{os.pathsep}{os.environ['PATH']}",
        "AWS_ROLE_ARN": served.role,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return os.environ | given | more


def run(command, *arguments, env):
    done = subprocess.run([*map(str, command), *arguments], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("endpoints", ["one", "each"])
@pytest.mark.parametrize("sdk", WORKLOADS)
def test_three_variables_and_no_code(served, tmp_path, sdk, endpoints):
    if sdk == "javascript" and not (PROJECT / "tests/js/node_modules/@aws-sdk").is_dir():
        pytest.fail("the SDK is not installed: run `tests/tools/setup js` first", pytrace=False)
    names = ["AWS_ENDPOINT_URL"] if endpoints == "one" else ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_STS"]
    file, key = token_file(tmp_path, served.issuer.token()), f"{sdk}-{endpoints}"
    given = environment(served, file, **dict.fromkeys(names, served.endpoint))
    printed = run(WORKLOADS[sdk], served.bucket, key, env=given)
    assert "got from a workload\n" in printed and key in printed.partition("listed ")[2]


@pytest.mark.parametrize("sdk", WORKLOADS)
def test_a_token_that_is_not_good_opens_nothing(served, tmp_path, sdk):
    file = token_file(tmp_path, SigningKey("first").sign(served.issuer.claims()))
    given = environment(served, file, AWS_ENDPOINT_URL=served.endpoint)
    command = [*map(str, WORKLOADS[sdk]), served.bucket, "never"]
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0 and "InvalidIdentityToken" in done.stderr + done.stdout


def test_a_renewed_token_is_read_anew(served, tmp_path):
    """One process, two sessions: the second with the token that the platform put in the file meanwhile."""
    script = (
        "import boto3, sys\n"
        "for file in sys.stdin:\n"
        "    print(boto3.session.Session().client('sts').get_caller_identity()['Arn'], flush=True)\n"
    )
    file = token_file(tmp_path, served.issuer.token(exp=int(time.time()) + 60))
    given = environment(served, file, AWS_ENDPOINT_URL=served.endpoint, AWS_ROLE_SESSION_NAME="renewed")
    with subprocess.Popen(
        [sys.executable, "-c", script], env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        for _ in range(2):
            child.stdin.write("go\n")
            child.stdin.flush()
            assert child.stdout.readline().endswith("/renewed\n")
            token_file(tmp_path, served.issuer.token(sub="renewed"))
    audit = json.dumps(served.gate.audit())
    assert '"renewed"' in audit
