"""What a user of the gate has in hand: boto3 clients, policy documents, role sessions, hand-signed requests."""

import json
import uuid
from dataclasses import dataclass
from urllib.parse import quote

import boto3
import requests
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

REGION = "us-east-1"


@dataclass(frozen=True)
class Keys:
    """Access key, secret and, for temporary credentials, the session token."""

    access: str
    secret: str
    token: str = None

    @classmethod
    def of(cls, credentials):
        """From the Credentials of an AssumeRole answer."""
        return cls(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])

    def environment(self):
        """As the variables that aws-cli and boto3 read."""
        names = {
            "AWS_ACCESS_KEY_ID": self.access,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_SESSION_TOKEN": self.token,
        }
        return {name: value for name, value in names.items() if value}


def client(service, endpoint, keys, region=REGION, verify=None, **config):
    """A boto3 client without retries. S3 gets path style and, unless told otherwise, SigV4 for presigned URLs too."""
    if service == "s3":
        config = {"signature_version": "s3v4", "s3": {"addressing_style": "path"}, **config}
    return boto3.session.Session().client(
        service,
        endpoint_url=endpoint,
        aws_access_key_id=keys.access,
        aws_secret_access_key=keys.secret,
        aws_session_token=keys.token,
        region_name=region,
        verify=verify,
        config=Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=120, **config),
    )


def trust(*principals):
    """A trust policy for the given principal ARNs."""
    return document(allow("sts:AssumeRole", Principal={"AWS": list(principals)}))


def allow(action, resource=None, effect="Allow", **more):
    statement = {"Effect": effect, "Action": action, **more}
    return statement | ({"Resource": resource} if resource else {})


def deny(action, resource):
    return allow(action, resource, effect="Deny")


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


S3_ALL = document(allow("s3:*", "arn:aws:s3:::*"))


def make_role(endpoint, owner, trusted, policy=S3_ALL, verify=None):
    """Creates a role of a fresh name with `policy` inline; returns (name, ARN)."""
    iam, name = client("iam", endpoint, owner, verify=verify), unique("Role")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(trusted))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="Policy1", PolicyDocument=policy)
    return name, arn


def assume(endpoint, user, arn, session="Bob", verify=None, **parameters):
    """Temporary keys of the role."""
    sts = client("sts", endpoint, user, verify=verify)
    return Keys.of(sts.assume_role(RoleArn=arn, RoleSessionName=session, **parameters)["Credentials"])


def unique(prefix):
    return f"{prefix}{uuid.uuid4().hex[:10]}"


def refused(call, *args, **kwargs):
    """Calls and returns (code, status, message) of the error that must come."""
    try:
        answer = call(*args, **kwargs)
    except ClientError as error:
        detail = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return detail.get("Code"), status, detail.get("Message", "")
    raise AssertionError(f"was not refused: {answer}")


class _FixedPayload(S3SigV4Auth):
    """Signs the payload hash it is told."""

    def __init__(self, hashed, *args):
        super().__init__(*args)
        self._hashed = hashed

    def payload(self, request):
        return self._hashed


def signed(method, url, keys, body=b"", headers=None, payload=None, service="s3", params=None, **options):
    """Sends a request signed by botocore's signer; returns the `requests` answer.

    `payload` is the payload hash to sign in place of the body's, e.g. "UNSIGNED-PAYLOAD"; the body may then be a
    stream, or a function that makes it from the signed headers.
    `params` are signed in canonical form and put on the wire with only that encoded which HTTP cannot carry.
    """
    request = AWSRequest(method, url, data=None if payload else body, params=params, headers=dict(headers or {}))
    arguments = (Credentials(keys.access, keys.secret, keys.token), service, REGION)
    if payload:
        signer = _FixedPayload(payload, *arguments)
    else:
        signer = S3SigV4Auth(*arguments) if service == "s3" else SigV4Auth(*arguments)
    signer.add_auth(request)
    if callable(body):
        body = body(request.headers)
    if params:
        url += "?" + "&".join(f"{quote(name, safe='')}={quote(value, safe='/:*,')}" for name, value in params.items())
    prepared = requests.Request(method, url, data=body, headers=dict(request.headers)).prepare()
    prepared.url = url  # as it was signed: requests would resolve dots and unquote
    with requests.Session() as session:
        return session.send(prepared, timeout=600, **options)
