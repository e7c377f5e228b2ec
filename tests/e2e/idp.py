"""Web identity in the tests: the certified OpenID provider as a process, fixtures, and what its users do at the gate."""

import base64
import json
import re
import secrets
import ssl
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from certificates import Authority
from clients import S3_ALL, Keys, allow, client, document, unique
from gate import TESTER1
from issuer import CLIENT, Issuer, SigningKey
from leaks import LEAKS
from servers import PROJECT, OpenIdProvider

sys.path.insert(0, str(PROJECT / "examples/demo"))
from sign_in import sign_in  # noqa: E402

ADMIN = Keys(*TESTER1)
CALLBACK = "http://127.0.0.1/signed-in"
AUDIENCE = "account"  # of the access tokens that the provider gives to programs
USERS = {
    "alice": {
        "groups": ["engineers", "writers"],
        "email": "alice@example.com",
        "realm_access": {"roles": ["s3-user", "offline_access"]},
        "https://aws.amazon.com/tags": {
            "principal_tags": {"Department": ["Engineering"], "CostCenter": ["4711"]},
            "transitive_tag_keys": ["Department"],
        },
    },
    "bob": {"groups": ["readers"], "email": "bob@example.com", "realm_access": {"roles": ["offline_access"]}},
    "carol": {"https://aws.amazon.com/source_identity": "carol-of-example"},
}


class Provider:
    """oidc-provider from npm, at `url`: users sign in over its pages, programs take access tokens.

    `identity` (certificates.Identity) makes it HTTPS, and `cafile` is what its clients trust then.
    """

    def __init__(self, folder, identity=None, cafile=None, path="/auth/realms/demo"):
        self.secret, self.cafile = secrets.token_hex(16), cafile
        LEAKS.know("client secret", self.secret)
        application = {
            "client_id": CLIENT,
            "client_secret": self.secret,
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "client_credentials"],
        }
        self.server = OpenIdProvider(
            folder,
            path=path,
            tls=identity.as_config() if identity else None,
            cafile=cafile,
            clients=[application],
            users=USERS,
            resources={"urn:rolegate": {"audience": AUDIENCE, "scope": "s3"}},
            client_claims={CLIENT: {"azp": CLIENT}},
        )

    @property
    def url(self):
        return self.server.issuer

    @property
    def name(self):
        return self.url.partition("://")[2]

    @property
    def address(self):
        return self.name.partition("/")[0]

    def id_token(self, user="alice"):
        """By the whole code flow: the sign-in page, the consent page, the token endpoint."""
        answer = sign_in(self.url, user, CLIENT, self.secret, CALLBACK, self.cafile)
        LEAKS.know("web token", answer["id_token"], answer["access_token"])
        return answer["id_token"]

    def access_token(self):
        """By client credentials: a JWT with `typ: at+jwt`, whose subject is the program itself."""
        form = {"grant_type": "client_credentials"}
        request = urllib.request.Request(f"{self.url}/token", urllib.parse.urlencode(form).encode())
        basic = base64.b64encode(f"{CLIENT}:{self.secret}".encode()).decode()
        request.add_header("Authorization", f"Basic {basic}")
        context = ssl.create_default_context(cafile=self.cafile)
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            token = json.load(answer)["access_token"]
        LEAKS.know("web token", token)
        return token

    def rotate(self, *keys, keep=False):
        """Publishes `keys` (SigningKey) and signs with the first; `keep`: the old ones stay published."""
        fresh = [key.private_jwk() for key in keys or [SigningKey(unique("key-"))]]
        self.server.set_keys(fresh + (self.server.keys() if keep else []))

    def fetched(self):
        """How often the gate's two documents were asked for since the start: (discovery, keys)."""
        log = self.server.process.log.read_text()
        return tuple(
            len(re.findall(rf"^GET {re.escape('/' + self.name.partition('/')[2])}/{path} 200$", log, re.MULTILINE))
            for path in (r"\.well-known/openid-configuration", "jwks")
        )


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """The certificate authority of the run's providers: only who is given its file trusts it."""
    return Authority(tmp_path_factory.mktemp("authority"), "Provider authority")


@pytest.fixture(scope="session")
def node():
    """Skips nothing: `make test` installs the provider; a single file run before that says what to do."""
    if not (PROJECT / "tests/idp/node_modules/oidc-provider").is_dir():
        pytest.fail("the OpenID provider is not installed: run `tests/tools/setup idp` first", pytrace=False)


@pytest.fixture(scope="module")
def openid(node, tmp_path_factory):
    """openid(identity=None, cafile=None) -> Provider, the certified one; stopped when the module's tests are over."""
    made = []

    def start(**options):
        made.append(Provider(tmp_path_factory.mktemp("openid"), **options))
        return made[-1]

    yield start
    for one in made:
        one.server.stop()


@pytest.fixture(scope="module")
def issuer():
    """issuer(**options) -> Issuer under test control; stopped when the module's tests are over."""
    made = []

    def start(**options):
        made.append(Issuer(**options))
        return made[-1]

    yield start
    for one in made:
        one.stop()


def register(endpoint, provider, client_ids=(CLIENT,), thumbprints=(), owner=ADMIN, **more):
    """Creates the provider's record at the gate; returns its ARN."""
    iam = client("iam", endpoint, owner)
    given = {"ClientIDList": list(client_ids), "ThumbprintList": list(thumbprints)}
    given = {name: value for name, value in given.items() if value}
    return iam.create_open_id_connect_provider(Url=provider.url, **given, **more)["OpenIDConnectProviderArn"]


def web_trust(arn, condition=None, actions=("sts:AssumeRoleWithWebIdentity",)):
    """A trust policy for one provider."""
    more = {"Condition": condition} if condition else {}
    return document(allow(list(actions), Principal={"Federated": [arn]}, **more))


def web_role(endpoint, trust, policy=S3_ALL, owner=ADMIN, **more):
    """A role of a fresh name with this trust policy and `policy` inline; returns its ARN."""
    iam, name = client("iam", endpoint, owner), unique("Web")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **more)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="Policy1", PolicyDocument=policy)
    return arn


def present(endpoint, role, token, session="Bob", source=None, **more):
    """AssumeRoleWithWebIdentity, unsigned as every SDK sends it: the answer as boto3 has it.

    Each call comes from an address of its own (all of 127/8 is loopback), or else from `source`: the gate slows down
    an address that too many refused calls come from.
    """
    sts = client("sts", endpoint, Keys(None, None))
    origin = source or "127." + ".".join(str(secrets.randbelow(254) + 1) for _ in range(3))
    sts._endpoint.http_session._manager.connection_pool_kw["source_address"] = (origin, 0)
    return sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName=session, WebIdentityToken=token, **more)


def web_keys(endpoint, role, token, **more):
    """Temporary keys for the token."""
    return Keys.of(present(endpoint, role, token, **more)["Credentials"])


def token_file(folder, token, name="token"):
    """The token in a file, as platforms put it there."""
    path = Path(folder) / name
    path.write_text(token)
    return path


def claims_of(token):
    """What a token says, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
