"""The scene of test_workloads.py and test_recipes.py: a gate with a bucket, and an issuer that it believes."""

import pytest
from clients import client, unique
from idp import register, web_keys, web_role, web_trust


class Served:
    """A gate with a bucket, an issuer that it believes, and a role for whoever that one knows."""

    def __init__(self, gate, issuer):
        self.issuer = issuer()
        self.gate = gate(oidc={"allow_hosts": ["127.0.0.1"]})
        self.endpoint = self.gate.endpoint
        self.arn = register(self.endpoint, self.issuer)
        self.role = web_role(self.endpoint, web_trust(self.arn))
        self.bucket = unique("work-")
        client("s3", self.endpoint, web_keys(self.endpoint, self.role, self.issuer.token())).create_bucket(
            Bucket=self.bucket
        )


@pytest.fixture(scope="module")
def served(gate, issuer):
    return Served(gate, issuer)
