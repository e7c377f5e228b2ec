"""How the gate comes by a provider's keys: trust, rotation, outage, and whom it may ask at all.

Proven with the certified provider: HTTPS with a CA file, with the thumbprint of its own certificate or of its authority;
none of them, a wrong one, an expired certificate and one for another host are refused (rule 24); keys rotate while both run;
through an outage the keys at hand go on, an unknown one waits, and both come back; keys are fetched once, also by many
callers at a time. Proven with servers that note each connection: nobody is asked but registered providers, no address that
is not public unless the configuration allows the host, no redirect, no proxy, nothing huge, and nobody slow for long (rule 26).
"""

import contextlib
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from certificates import self_signed
from clients import client, refused, unique
from idp import ADMIN, CLIENT, present, register, web_keys, web_role, web_trust
from issuer import Answer, Issuer, SigningKey
from servers import poll

LOOPBACK = {"allow_hosts": ["127.0.0.1", "localhost"]}
UNREACHABLE = ("IDPCommunicationError", 400)
INVALID = ("InvalidIdentityToken", 400)
PATIENCE = 15  # an unknown key id has keys fetched again every 10 seconds at the most


@pytest.fixture(scope="module")
def plain(gate):
    """A gate that may ask loopback."""
    return gate(oidc=LOOPBACK)


def role_for(gate, issuer, **more):
    """Registers the issuer with the gate; returns the ARN of a role that its users may take."""
    return web_role(gate.endpoint, web_trust(register(gate.endpoint, issuer, **more)))


def works(gate, role, token):
    keys = web_keys(gate.endpoint, role, token)
    return client("sts", gate.endpoint, keys).get_caller_identity()["Arn"].endswith("/Bob")


def refusal(gate, role, token):
    return refused(present, gate.endpoint, role, token)[:2]


def patiently(gate, role, token):
    """As `works`, but an unknown key id may have to wait for its turn; until then it is InvalidIdentityToken."""

    def attempt():
        try:
            return works(gate, role, token)
        except ClientError as error:
            assert error.response["Error"]["Code"] in (INVALID[0], UNREACHABLE[0]), error
            return False

    return poll(attempt, PATIENCE, "the new keys", interval=1)


# HTTPS


@pytest.fixture(scope="module")
def over_tls(openid, authority):
    """The certified provider over HTTPS, its certificate by the run's authority."""
    identity = authority.issue("OpenID provider", send_authority=True)
    provider = openid(identity=identity, cafile=str(authority.file))
    provider.identity = identity
    return provider


def test_rule_24_https_with_the_providers_ca_file(gate, over_tls, authority):
    trusting = {"provider": [{"url": over_tls.url, "ca_file": str(authority.file)}]}
    one = gate(oidc=LOOPBACK | trusting)
    role = role_for(one, over_tls)
    assert works(one, role, over_tls.id_token("bob"))
    # A thumbprint that does not fit is of no matter where the certificate is trusted anyway, as with AWS.
    client("iam", one.endpoint, ADMIN).update_open_id_connect_provider_thumbprint(
        OpenIDConnectProviderArn=f"arn:aws:iam:::oidc-provider/{over_tls.name}", ThumbprintList=["0" * 40]
    )
    assert works(one, role, over_tls.id_token("bob"))


def test_rule_24_https_by_thumbprint_alone(plain, over_tls, authority):
    role = role_for(plain, over_tls, thumbprints=["0" * 40, authority.thumbprint])
    assert works(plain, role, over_tls.id_token("bob"))
    arn = f"arn:aws:iam:::oidc-provider/{over_tls.name}"
    iam = client("iam", plain.endpoint, ADMIN)
    for thumbprints, good in (
        ([over_tls.identity.thumbprint], True),
        ([over_tls.identity.thumbprint.upper()], True),
        (["0" * 40], False),
        ([authority.thumbprint], True),
    ):
        iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=thumbprints)
        if good:
            assert works(plain, role, over_tls.id_token("bob")), thumbprints
        else:
            assert refusal(plain, role, over_tls.id_token("bob")) == INVALID


@pytest.mark.parametrize("flaw", ["none", "expired", "not yet", "other host"])
def test_rule_24_a_server_that_vouches_for_itself(plain, issuer, tmp_path, flaw):
    hosts = ("other.example.com",) if flaw == "other host" else ("127.0.0.1",)
    valid = {"expired": (-30, -1), "not yet": (1, 30)}.get(flaw, (-1, 30))
    server = issuer(identity=self_signed(tmp_path, f"Self {flaw}", hosts, valid))
    role = role_for(plain, server, thumbprints=[server.identity.thumbprint])
    if flaw == "none":
        assert works(plain, role, server.token())
    else:
        assert refusal(plain, role, server.token()) == INVALID
        assert server.requests == []


def test_rule_24_an_authority_that_the_server_does_not_send_is_no_anchor_by_thumbprint(plain, issuer, authority):
    server = issuer(identity=authority.issue("Short chain"))
    role = role_for(plain, server, thumbprints=[authority.thumbprint])
    assert refusal(plain, role, server.token()) == INVALID


def test_rule_24_a_leaf_pin_means_that_leaf(plain, issuer, authority):
    pinned, other = authority.issue("Pinned", send_authority=True), authority.issue("Other", send_authority=True)
    server = issuer(identity=other)
    role = role_for(plain, server, thumbprints=[pinned.thumbprint])
    assert refusal(plain, role, server.token()) == INVALID
    assert server.requests == []


def test_rule_24_the_keys_of_one_trust_are_not_those_of_another(plain, issuer, tmp_path):
    """Keys that came over a trusted connection do not serve once the thumbprint says otherwise."""
    server = issuer(identity=self_signed(tmp_path, "Repinned"))
    arn = register(plain.endpoint, server, thumbprints=[server.identity.thumbprint])
    role = web_role(plain.endpoint, web_trust(arn))
    assert works(plain, role, server.token())
    client("iam", plain.endpoint, ADMIN).update_open_id_connect_provider_thumbprint(
        OpenIDConnectProviderArn=arn, ThumbprintList=["a" * 40]
    )
    assert refusal(plain, role, server.token()) == INVALID


# Rotation and outage


def test_keys_rotate_while_both_run(plain, openid):
    provider = openid()
    role, old = role_for(plain, provider), provider.id_token("bob")
    assert works(plain, role, old)
    provider.rotate(keep=True)
    assert patiently(plain, role, provider.id_token("bob"))
    assert works(plain, role, old)  # still published
    provider.rotate()
    assert patiently(plain, role, provider.id_token("bob"))
    assert refusal(plain, role, old) == INVALID  # no longer


def test_keys_are_fetched_once_also_by_many_at_a_time(plain, openid):
    provider = openid()
    role = role_for(plain, provider)
    tokens = [provider.id_token("bob") for _ in range(16)]
    before = provider.fetched()
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda token: works(plain, role, token), tokens))
    after = provider.fetched()
    assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


def test_outage_of_the_provider(gate, openid):
    one, provider = gate(oidc=LOOPBACK | {"refresh_seconds": 2, "keep_seconds": 3600}), openid()
    role, token = role_for(one, provider), provider.id_token("bob")
    assert works(one, role, token)
    fresh = SigningKey("after-the-outage")
    provider.rotate(fresh, keep=True)
    unknown = provider.id_token("bob")
    provider.server.stop()
    until = time.monotonic() + 6  # beyond refresh_seconds
    while time.monotonic() < until:
        assert works(one, role, token)
        time.sleep(0.5)
    assert refusal(one, role, unknown) == UNREACHABLE
    assert works(one, role, token)
    provider.server.start()
    assert patiently(one, role, unknown)
    assert works(one, role, token)


def test_a_provider_that_was_never_reached(plain, issuer):
    server = issuer()
    role, token = role_for(plain, server), server.token()
    server.stop()
    assert refusal(plain, role, token) == UNREACHABLE
    server.start()
    assert patiently(plain, role, token)


def test_kept_keys_end_with_keep_seconds(gate, issuer):
    one, server = gate(oidc=LOOPBACK | {"refresh_seconds": 1, "keep_seconds": 4}), issuer()
    role, token = role_for(one, server), server.token()
    assert works(one, role, token)
    server.stop()
    assert works(one, role, token)

    def ended():
        try:
            return not works(one, role, token)
        except ClientError as error:
            return error.response["Error"]["Code"] == UNREACHABLE[0]

    poll(ended, PATIENCE, "the end of the keys", interval=0.5)


# Whom the gate asks


def test_rule_26_loopback_is_not_asked_unless_it_is_allowed(gate, issuer, tmp_path):
    server, secure = issuer(), issuer(identity=self_signed(tmp_path, "Not allowed"))
    named = issuer(identity=self_signed(tmp_path, "By name"), host="localhost")
    for oidc in ({}, {"allow_hosts": ["127.0.0.1:1", "idp.example.com"]}):
        one = gate(oidc=oidc)
        for asked in (server, secure, named):
            thumbprints = [asked.identity.thumbprint] if asked.identity else []
            role = role_for(one, asked, thumbprints=thumbprints)
            assert refusal(one, role, asked.token())[0] in (UNREACHABLE[0], INVALID[0])
            assert asked.connections == 0


def test_rule_26_a_key_address_is_under_the_same_rule(gate, issuer):
    """The document comes from an allowed port; the keys would from one that is not."""
    elsewhere, server = issuer(), issuer()
    server.discovery["jwks_uri"] = f"{elsewhere.origin}{elsewhere.jwks_path}"
    one = gate(oidc={"allow_hosts": [server.address]})
    role = role_for(one, server)
    assert refusal(one, role, elsewhere.key.sign(server.claims()))[0] in (UNREACHABLE[0], INVALID[0])
    assert server.take() == [server.discovery_path] and elsewhere.connections == 0


@pytest.mark.parametrize("jwks_uri", ["file:///etc/passwd", "gopher://127.0.0.1/", "", None, 7, "http://169.254.169.254/latest/"])
def test_rule_26_key_addresses_that_are_none(plain, issuer, jwks_uri):
    server = issuer()
    server.discovery["jwks_uri"] = jwks_uri
    assert refusal(plain, role_for(plain, server), server.token())[0] in (UNREACHABLE[0], INVALID[0])
    assert server.take() == [server.discovery_path]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("document", ["discovery", "keys"])
def test_rule_26_redirects_are_not_followed(plain, issuer, status, document):
    server, target = issuer(), issuer()
    path = server.discovery_path if document == "discovery" else server.jwks_path
    aim = target.discovery_path if document == "discovery" else target.jwks_path
    target.discovery["issuer"], target.key, target.keys = server.url, server.key, server.keys
    server.answers[path] = Answer(b"", status, {"Location": f"{target.origin}{aim}"})
    assert refusal(plain, role_for(plain, server), server.token())[0] in (UNREACHABLE[0], INVALID[0])
    assert target.connections == 0


@pytest.mark.parametrize("document", ["discovery", "keys"])
@pytest.mark.parametrize("told", [True, False])
def test_rule_26_huge_documents_are_not_read(plain, issuer, document, told):
    server = issuer()
    right = {"discovery": server.discovery, "keys": {"keys": server.keys}}[document] | {"padding": "x" * (70 << 10)}
    headers = {"Content-Type": "application/json"} | ({} if told else {"Content-Length": None})
    path = server.discovery_path if document == "discovery" else server.jwks_path
    server.answers[path] = Answer(json.dumps(right).encode(), headers=headers)
    assert refusal(plain, role_for(plain, server), server.token())[0] in (UNREACHABLE[0], INVALID[0])


@pytest.mark.parametrize("how", ["silent", "dripping"])
def test_rule_26_slow_servers_are_not_waited_for(plain, issuer, how):
    server = issuer()
    body = json.dumps(server.discovery).encode()
    server.answers[server.discovery_path] = (
        Answer(body, delay=20) if how == "silent" else Answer(body, pace=0.5, piece=1)
    )
    role, began = role_for(plain, server), time.monotonic()
    assert refusal(plain, role, server.token()) == UNREACHABLE
    assert time.monotonic() - began < 12  # 5 s for each document
    assert works(plain, *_other(plain, issuer))  # and nobody else waited


def _other(gate, issuer):
    other = issuer()
    return role_for(gate, other), other.token()


@pytest.mark.parametrize("flaw", ["other issuer", "no issuer", "issuer with slash", "not JSON", "404", "500", "list"])
def test_rule_26_documents_that_are_not_the_providers(plain, issuer, flaw):
    server = issuer()
    if flaw == "other issuer":
        server.discovery["issuer"] = "https://idp.example.com"
    elif flaw == "issuer with slash":
        server.discovery["issuer"] += "/"
    elif flaw == "no issuer":
        del server.discovery["issuer"]
    else:
        body, status = {"not JSON": (b"<html>", 200), "list": (b"[]", 200)}.get(flaw, (b"{}", int(flaw) if flaw.isdigit() else 200))
        server.answers[server.discovery_path] = Answer(body, status)
    assert refusal(plain, role_for(plain, server), server.token())[0] in (UNREACHABLE[0], INVALID[0])
    assert server.jwks_path not in server.take()


def test_rule_26_nobody_is_asked_whom_no_provider_names(plain, issuer):
    """Tokens that name an issuer, or a place for keys, of their own: unknown ones are not asked, known ones only themselves."""
    stranger, known = issuer(), issuer()
    role = role_for(plain, known)
    assert works(plain, role, known.token())
    known.take()
    made_up = (
        stranger.token(),
        stranger.token(iss=known.url),
        known.token(header={"jku": f"{stranger.origin}{stranger.jwks_path}", "kid": "first"}),
        stranger.token(iss=known.url, header={"jku": f"{stranger.origin}{stranger.jwks_path}"}),
        stranger.token(iss=known.url, header={"x5u": f"{stranger.origin}/chain", "jwk": stranger.key.jwk()}),
    )
    for token in made_up:
        with contextlib.suppress(ClientError):
            present(plain.endpoint, role, token)
    assert stranger.connections == 0
    missing = f"arn:aws:iam:::role/{unique('No')}"
    assert refusal(plain, missing, known.token())[0] == "AccessDenied"
    assert known.take() == []


def test_rule_26_a_role_that_does_not_trust_the_provider_makes_nobody_ask_it(plain, issuer):
    server, other = issuer(), issuer()
    register(plain.endpoint, server)
    role = role_for(plain, other)
    assert refusal(plain, role, server.token())[0] in ("AccessDenied", INVALID[0])
    assert server.connections == 0


def test_rule_26_unknown_key_ids_ask_within_a_budget(plain, issuer):
    server = issuer()
    role = role_for(plain, server)
    assert works(plain, role, server.token())
    server.take()
    for number in range(12):
        assert refusal(plain, role, SigningKey(f"made-up-{number}", "ES256").sign(server.claims()))[0] in (
            INVALID[0],
            UNREACHABLE[0],
        )
    assert len(server.take()) <= 4  # two documents a time, every 10 seconds at the most
    assert works(plain, role, server.token())


def test_no_proxy_of_the_environment_is_asked(gate, issuer, monkeypatch):
    """The tests' own calls go to 127.0.0.1 without it; the provider is at localhost, which no exception names."""
    proxy, server = issuer(), issuer(host="localhost")
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.origin)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    one = gate(oidc=LOOPBACK)
    assert works(one, role_for(one, server), server.token())
    assert proxy.connections == 0


def test_a_slow_provider_holds_nobody_up(plain, issuer):
    """Callers of one provider wait for it together; those of another do not notice."""
    slow, quick = issuer(), issuer()
    slow.answers[slow.discovery_path] = Answer(json.dumps(slow.discovery).encode(), delay=3)
    roles = role_for(plain, slow), role_for(plain, quick)
    outcome = []
    waiting = [
        threading.Thread(target=lambda: outcome.append(works(plain, roles[0], slow.token()))) for _ in range(4)
    ]
    for thread in waiting:
        thread.start()
    began = time.monotonic()
    assert works(plain, roles[1], quick.token())
    assert time.monotonic() - began < 2.5
    for thread in waiting:
        thread.join()
    assert outcome == [True] * 4 and slow.take().count(slow.jwks_path) == 1


def test_client_ids_are_needed_unless_the_configuration_says_otherwise(plain, gate, issuer):
    server = issuer()
    role = role_for(plain, server, client_ids=())
    assert refusal(plain, role, server.token()) == INVALID
    lenient = gate(oidc=LOOPBACK | {"require_client_ids": False})
    role = role_for(lenient, server, client_ids=())
    assert works(lenient, role, server.token(aud="whatever"))
    assert CLIENT != "whatever"


def test_two_issuers_of_one_host_are_two(plain, issuer):
    """Their paths differ, their keys do; a token of one is nothing to the other."""
    one = issuer(path="/auth/realms/one")
    two = Issuer(path="/auth/realms/two", key=SigningKey("first"))
    try:
        roles = role_for(plain, one), role_for(plain, two)
        assert works(plain, roles[0], one.token()) and works(plain, roles[1], two.token())
        for role, token in (
            (roles[0], two.token()),
            (roles[1], one.token()),
            (roles[0], two.token(iss=one.url)),
            (roles[1], one.token(iss=two.url)),
        ):
            assert refusal(plain, role, token)[0] in ("AccessDenied", INVALID[0])
    finally:
        two.stop()
