"""The recipes of docs/web-identity.md hold.

Proven: each recipe's trust policy, read from the page, takes tokens of that platform's shape and none that differ in what
it asks for; Kubernetes' documents behind an authority and a bearer token, which goes nowhere else and is read anew; a
bucket's tag and a principal's decide together who may use it.
"""

import json
import re
import time
import tomllib

import pytest
from botocore.exceptions import ClientError
from clients import allow, client, document, refused, unique
from idp import present, register, web_keys, web_role, web_trust
from issuer import CLIENT
from servers import PROJECT, poll, private_file
from workload_scene import served  # noqa: F401

PAGE = (PROJECT / "docs/web-identity.md").read_text()
AUDIENCE = "s3.example.com"
INVALID = "InvalidIdentityToken"


# The recipes


def section(title):
    return re.search(rf"^## {title}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)[1]


def block(title, kind):
    return re.search(rf"^```{kind}\n(.*?)^```$", section(title), re.MULTILINE | re.DOTALL)[1]


def recipe(gate, server, title, name, audience, **more):
    """Registers the server as the recipe says; returns the ARN of a role with the recipe's trust policy.

    `name` is the provider's name on the page; the server's takes its place.
    """
    assert f"oidc-provider create --url=https://{name} --client-id={audience}\n" in section(title)
    trust = block(title, "json")
    assert json.loads(trust) and trust.count(name) >= 3
    register(gate.endpoint, server, client_ids=[audience], **more)
    return web_role(gate.endpoint, trust.replace(name, server.name))


def takes(gate, role, token):
    return bool(present(gate.endpoint, role, token)["Credentials"])


def refuses(gate, role, server, claims, others, code="AccessDenied"):
    """Each of `others` laid over the good claims spoils them."""
    for other in others:
        found = refused(present, gate.endpoint, role, server.token(**(claims | other)))[0]
        assert found in (code, INVALID if "aud" in other else code), other


KUBERNETES = "kubernetes.default.svc.cluster.local"


def service_account(namespace="backup", name="uploader"):
    """What a projected token says (Kubernetes 1.32)."""
    now = int(time.time())
    return {
        "aud": [AUDIENCE],
        "exp": now + 3607,
        "iat": now,
        "jti": "ea28ed49-2e11-4280-9ec5-bc3d1d84661a",
        "kubernetes.io": {
            "namespace": namespace,
            "node": {"name": "node-1", "uid": "58456cb0-dd00-45ed-b797-5578fdceaced"},
            "pod": {"name": "app-69cbfb9798-jv9gn", "uid": "778a530c-b3f4-47c0-9cd5-ab018fb64f33"},
            "serviceaccount": {"name": name, "uid": "a087d5a0-e1dd-43ec-93ac-f13d89cd13af"},
            "warnafter": now + 3600,
        },
        "nbf": now,
        "sub": f"system:serviceaccount:{namespace}:{name}",
    }


class Cluster:
    """An API server: discovery and keys at its root behind HTTPS by the cluster's authority and a bearer token."""

    def __init__(self, gate, issuer, authority, folder, **oidc):
        self.server = issuer(
            path="", identity=authority.issue(unique("API server ")), bearer="pod-token-1", jwks_path="/openid/v1/jwks"
        )
        self.server.discovery |= {
            "response_types_supported": ["id_token"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        self.file = private_file(folder / "token", self.server.bearer + "\n")
        on_page = tomllib.loads(block("Kubernetes", "toml"))["oidc"]
        assert on_page["allow_hosts"] == [KUBERNETES]
        (provider,) = on_page["provider"]
        assert provider["url"] == f"https://{KUBERNETES}" and set(provider) == {"url", "ca_file", "bearer_token_file"}
        access = {"url": self.server.url, "ca_file": str(authority.file), "bearer_token_file": str(self.file)}
        self.gate = gate(oidc={"allow_hosts": [self.server.host], "provider": [access]} | oidc)

    def authorizations(self):
        return [headers.get("Authorization") for _, headers in self.server.requests]


@pytest.fixture(scope="module")
def cluster(gate, issuer, authority, tmp_path_factory):
    return Cluster(gate, issuer, authority, tmp_path_factory.mktemp("pod"))


def test_kubernetes(cluster):
    gate, server, claims = cluster.gate, cluster.server, service_account()
    role = recipe(gate, server, "Kubernetes", KUBERNETES, AUDIENCE)
    assert takes(gate, role, server.token(**claims))
    assert cluster.authorizations() == ["Bearer pod-token-1"] * 2
    refuses(
        gate,
        role,
        server,
        claims,
        [
            service_account(namespace="other"),
            service_account(name="other"),
            {"aud": ["https://kubernetes.default.svc.cluster.local"]},
            {"sub": "system:serviceaccount:backup:uploader2"},
        ],
    )
    key = f"{server.name}:kubernetes.io/namespace"
    arn = f"arn:aws:iam:::oidc-provider/{server.name}"
    namespace = web_role(gate.endpoint, web_trust(arn, {"StringEquals": {key: "backup"}}))
    assert '"kubernetes.default.svc.cluster.local:kubernetes.io/namespace": "backup"' in section("Kubernetes")
    assert takes(gate, namespace, server.token(**service_account(name="other")))
    refuses(gate, namespace, server, claims, [service_account(namespace="other")])


def test_kubernetes_renews_the_token_that_the_gate_shows(cluster):
    gate, server = cluster.gate, cluster.server
    role = web_role(gate.endpoint, web_trust(f"arn:aws:iam:::oidc-provider/{server.name}"))
    assert takes(gate, role, server.token(**service_account()))
    server.bearer = "pod-token-2"
    private_file(cluster.file, server.bearer)
    server.rotate("second")

    def taken():
        try:
            return takes(gate, role, server.token(**service_account()))
        except ClientError:
            return False

    assert poll(taken, 15, "the keys with the new token", interval=1)
    assert cluster.authorizations()[-1] == "Bearer pod-token-2"


def test_rule_26_the_bearer_token_goes_to_its_own_origin_alone(gate, issuer, authority, tmp_path):
    """jwks_uri on another port, as API servers name themselves: asked, but shown nothing."""
    elsewhere = issuer(path="", identity=authority.issue("Elsewhere"), jwks_path="/openid/v1/jwks")
    cluster = Cluster(gate, issuer, authority, tmp_path)
    cluster.server.discovery["jwks_uri"] = f"{elsewhere.origin}/openid/v1/jwks"
    elsewhere.keys = cluster.server.keys
    arn = register(cluster.gate.endpoint, cluster.server, client_ids=[AUDIENCE])
    role = web_role(cluster.gate.endpoint, web_trust(arn))
    assert takes(cluster.gate, role, cluster.server.token(**service_account()))
    assert cluster.authorizations() == ["Bearer pod-token-1"]
    assert [headers.get("Authorization") for _, headers in elsewhere.requests] == [None]


def test_github_actions(served, issuer):
    name, server = "token.actions.githubusercontent.com", issuer(path="", jwks_path="/.well-known/jwks")
    role = recipe(served.gate, server, "GitHub Actions", name, AUDIENCE)
    repository = "octo-org/octo-repo"
    claims = {
        "jti": "6f1d7a5e-8cf2-4a4b-9a60-3a8a2d8c6c11",
        "sub": f"repo:{repository}:ref:refs/heads/main",
        "aud": AUDIENCE,
        "ref": "refs/heads/main",
        "sha": "d3b07384d113edec49eaa6238ad5ff00c2f5a1b7",
        "repository": repository,
        "repository_owner": "octo-org",
        "repository_owner_id": "65",
        "run_id": "7654321098",
        "run_number": "10",
        "run_attempt": "2",
        "repository_visibility": "private",
        "repository_id": "74",
        "actor_id": "12",
        "actor": "octocat",
        "workflow": "upload",
        "head_ref": "",
        "base_ref": "",
        "event_name": "push",
        "ref_protected": "true",
        "ref_type": "branch",
        "job_workflow_ref": f"{repository}/.github/workflows/upload.yml@refs/heads/main",
        "runner_environment": "github-hosted",
        "exp": int(time.time()) + 300,
    }
    assert takes(served.gate, role, server.token(header={"x5t": "cGxhaW4"}, **claims))
    others = ["repo:octo-org/octo-repo:ref:refs/heads/other", "repo:octo-org/octo-repo:pull_request"]
    others += ["repo:mallory/octo-repo:ref:refs/heads/main", "repo:octo-org/octo-repo:ref:refs/heads/main2"]
    refuses(served.gate, role, server, claims, [{"sub": sub} for sub in others])
    refuses(served.gate, role, server, claims, [{"aud": "sts.amazonaws.com"}, {"aud": "https://github.com/octo-org"}])


def test_gitlab_ci(served, issuer):
    name, server = "gitlab.com", issuer(path="", jwks_path="/oauth/discovery/keys")
    role = recipe(served.gate, server, "GitLab CI", name, f"https://{AUDIENCE}")
    claims = {
        "namespace_id": "72",
        "namespace_path": "mygroup",
        "project_id": "20",
        "project_path": "mygroup/myproject",
        "user_id": "1",
        "user_login": "sample-user",
        "user_email": "sample-user@example.com",
        "user_identities": [{"provider": "github", "extern_uid": "2435223452345"}],
        "pipeline_id": "574",
        "pipeline_source": "push",
        "job_id": "302",
        "ref": "main",
        "ref_type": "branch",
        "ref_path": "refs/heads/main",
        "ref_protected": "true",
        "groups_direct": ["mygroup/mysubgroup"],
        "environment": "prod",
        "runner_id": 1,
        "runner_environment": "self-hosted",
        "sha": "714a629c0b401fdce83e847fc9589983fc6f46bc",
        "jti": "235b3a54-b797-45c7-ae9a-f72d7bc6ef5b",
        "sub": "project_path:mygroup/myproject:ref_type:branch:ref:main",
        "aud": f"https://{AUDIENCE}",
    }
    assert takes(served.gate, role, server.token(**claims))
    others = [{"project_path": "mygroup/other"}, {"ref_protected": "false"}, {"ref_protected": None}]
    refuses(served.gate, role, server, claims, [*others, {"aud": f"https://{name}"}])


def test_keycloak(served, gate, issuer):
    name, server = "keycloak.example.com/realms/demo", issuer(path="/realms/demo")
    role = recipe(served.gate, server, "Keycloak", name, CLIENT)
    common = {
        "auth_time": int(time.time()),
        "jti": "onrtac:5f0cc4bd-9f0b-4f3e-a1c8-2a5c3e8f6f11",
        "sub": "f7e6c8d4-6f5e-4b52-8b3c-0a6f7c7d9e11",
        "azp": CLIENT,
        "sid": "0d7c6a0a-6a3f-4c60-8a07-3c2d1b0a9f11",
        "acr": "1",
        "realm_access": {"roles": ["default-roles-demo", "s3-user"]},
        "preferred_username": "alice",
        "email_verified": True,
    }
    id_token = common | {"typ": "ID", "aud": CLIENT, "at_hash": "x1Yx7mPp4cQ"}
    assert takes(served.gate, role, server.token(**id_token))
    refuses(
        served.gate,
        role,
        server,
        id_token,
        [
            {"realm_access": {"roles": ["default-roles-demo"]}},
            {"realm_access": None},
            {"aud": "x"},
            {"roles": ["s3-user"], "realm_access": {}},
        ],
    )
    access = common | {
        "typ": "Bearer",
        "aud": "account",
        "scope": "openid",
        "resource_access": {CLIENT: {"roles": ["x"]}},
    }
    assert refused(present, served.endpoint, role, server.token(**access))[0] == INVALID
    assert takes(served.gate, role, server.token(**(access | {"aud": ["account", CLIENT]})))  # with the audience mapper
    lenient = gate(oidc={"allow_hosts": ["127.0.0.1"], "accept_access_tokens": True})
    by_azp = block("Keycloak", "json").replace(name, server.name).replace(":app_id", ":azp")
    register(lenient.endpoint, server)
    role = web_role(lenient.endpoint, by_azp)
    assert takes(lenient, role, server.token(**access))
    assert refused(present, lenient.endpoint, role, server.token(**(access | {"azp": "other"})))[0] == INVALID


# Tags of buckets and of principals


def test_a_bucket_for_the_sessions_of_one_department(served, weed):
    """The statement of the page's section on tags: put, get, and copies from the bucket and to it."""
    statement = json.loads(re.findall(r"^```json\n(.*?)^```$", section("Setting it up"), re.MULTILINE | re.DOTALL)[-1])
    actions = ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
    open_to_all = unique("free-")
    role = web_role(
        served.endpoint,
        web_trust(served.arn, None, actions),
        document(statement, allow("s3:*", [f"arn:aws:s3:::{open_to_all}", f"arn:aws:s3:::{open_to_all}/*"])),
    )

    def user(*departments):
        said = {"principal_tags": {"Department": list(departments)}} if departments else None
        token = served.issuer.token(**{"https://aws.amazon.com/tags": said})
        return client("s3", served.endpoint, web_keys(served.endpoint, role, token))

    administrator = client("s3", served.endpoint, web_keys(served.endpoint, served.role, served.issuer.token()))
    administrator.create_bucket(Bucket=open_to_all)
    bucket = unique("dept-")
    administrator.create_bucket(Bucket=bucket)
    engineer, seller, nobody = user("Engineering"), user("Sales"), user()
    assert refused(engineer.put_object, Bucket=bucket, Key="x", Body=b"")[0] == "AccessDenied"  # not tagged yet
    tags = {"TagSet": [{"Key": "Department", "Value": "Engineering"}]}
    administrator.put_bucket_tagging(Bucket=bucket, Tagging=tags)

    engineer.put_object(Bucket=bucket, Key="plan", Body=b"plan")
    assert engineer.get_object(Bucket=bucket, Key="plan")["Body"].read() == b"plan"
    engineer.copy_object(Bucket=open_to_all, Key="copied", CopySource={"Bucket": bucket, "Key": "plan"})
    engineer.copy_object(Bucket=bucket, Key="back", CopySource={"Bucket": open_to_all, "Key": "copied"})
    for other in (seller, nobody):
        other.put_object(Bucket=open_to_all, Key="mine", Body=b"mine")
        for call, more in (
            (other.put_object, {"Key": "plan", "Body": b"spoilt"}),
            (other.get_object, {"Key": "plan"}),
            (other.copy_object, {"Key": "in", "CopySource": {"Bucket": open_to_all, "Key": "mine"}}),
            (other.list_objects_v2, {}),
            (other.delete_object, {"Key": "plan"}),
        ):
            assert refused(call, Bucket=bucket, **more)[:2] == ("AccessDenied", 403), call
        out = {"Bucket": open_to_all, "Key": "out", "CopySource": {"Bucket": bucket, "Key": "plan"}}
        assert refused(other.copy_object, **out)[:2] == ("AccessDenied", 403)
    assert engineer.get_object(Bucket=bucket, Key="plan")["Body"].read() == b"plan"
