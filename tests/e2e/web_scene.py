"""The scene of test_web_identity.py and test_web_identity_ends.py: a gate, a provider that it believes, a bucket."""

import pytest
from clients import client, unique
from idp import ADMIN, register, web_keys, web_role, web_trust

TAGGED = ("sts:AssumeRoleWithWebIdentity", "sts:TagSession")
BODY = b"by web identity"


class Served:
    """A gate, the provider that it asks, and the provider's ARN at the gate."""

    def __init__(self, gate, openid):
        self.provider = openid()
        self.gate = gate(oidc={"allow_hosts": [self.provider.address]})
        self.endpoint = self.gate.endpoint
        self.arn = register(self.endpoint, self.provider)
        self.iam = client("iam", self.endpoint, ADMIN)

    def role(self, condition=None, actions=TAGGED, **more):
        return web_role(self.endpoint, web_trust(self.arn, condition, actions), **more)

    def key(self, claim):
        return f"{self.provider.name}:{claim}"


@pytest.fixture(scope="module")
def served(gate, openid):
    return Served(gate, openid)


@pytest.fixture(scope="module")
def bucket(served):
    """One bucket for the module, made with a web identity."""
    name = unique("web-")
    keys = web_keys(served.endpoint, served.role(), served.provider.id_token())
    client("s3", served.endpoint, keys).create_bucket(Bucket=name)
    return name


def uses(served, keys, bucket, key="object"):
    """Puts, gets and lists an object with these keys."""
    s3 = client("s3", served.endpoint, keys)
    s3.put_object(Bucket=bucket, Key=key, Body=BODY)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == BODY
    assert key in [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
