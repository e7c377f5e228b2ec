"""How far a web identity's session reaches, and when it ends, with a certified OpenID provider.

Proven: sessions end with their provider or client id, and do not come back with it (rule 13); one account's provider is
nobody else's (rule 25); two gates on one Redis; commands know the provider; the call's audit record names the subject and
never has the token; fetches of keys are counted.
"""

import json
import re
import uuid

import requests
from botocore.exceptions import ClientError
from clients import Keys, allow, assume, client, document, refused, unique
from idp import ADMIN, CLIENT, present, register, web_keys, web_role, web_trust
from servers import poll
from web_scene import bucket, served, uses  # noqa: F401


def test_rule_13_sessions_end_with_their_client_id_and_do_not_come_back_with_it(served, bucket):
    served.iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=served.arn, ClientID="second-app")
    token = served.provider.id_token("bob")
    keys = web_keys(served.endpoint, served.role(), token)
    uses(served, keys, bucket)
    served.iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=served.arn, ClientID=CLIENT)
    assert refused(uses, served, keys, bucket)[1] in (400, 403)
    code, status, _ = refused(present, served.endpoint, served.role(), token)
    assert (code, status) == ("InvalidIdentityToken", 400)
    served.iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=served.arn, ClientID=CLIENT)
    assert refused(uses, served, keys, bucket)[1] in (400, 403)
    uses(served, web_keys(served.endpoint, served.role(), token), bucket)


def test_rule_13_sessions_that_a_web_session_assumed_end_with_it(served, bucket):
    first, token = served.role(), served.provider.id_token("bob")
    session = f"arn:aws:sts:::assumed-role/{first.rpartition('/')[2]}/Bob"
    second = web_role(served.endpoint, document(allow("sts:AssumeRole", Principal={"AWS": [session]})))
    chained = assume(served.endpoint, web_keys(served.endpoint, first, token), second)
    uses(served, chained, bucket)
    served.gate.cli("session", "revoke", f"--oidc-provider={served.provider.url}")
    assert refused(uses, served, chained, bucket)[1] in (400, 403)
    uses(served, web_keys(served.endpoint, first, token), bucket)


def test_rule_13_sessions_end_with_their_provider_and_do_not_come_back_with_it(served, openid, bucket):
    keys = web_keys(served.endpoint, served.role(), served.provider.id_token("bob"))
    other = web_keys(served.endpoint, served.role(), served.provider.id_token("alice"))
    uses(served, keys, bucket)
    served.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=served.arn)
    for ended in (keys, other):
        assert refused(uses, served, ended, bucket)[1] in (400, 403)
    role = served.role()
    assert refused(present, served.endpoint, role, served.provider.id_token("bob"))[0] in (
        "AccessDenied",
        "InvalidIdentityToken",
    )
    assert register(served.endpoint, served.provider) == served.arn
    assert refused(uses, served, keys, bucket)[1] in (400, 403)
    uses(served, web_keys(served.endpoint, role, served.provider.id_token("bob")), bucket)


def test_rule_25_a_provider_is_of_its_account_alone(served):
    """The same issuer may be known in another account, or not: a role trusts only the provider of its own."""
    gate = served.gate
    account = gate.json("account", "create", f"--account-name={unique('acme-')}")["id"]
    made = gate.json("user", "create", f"--uid={unique('root-')}", f"--account-id={account}", "--account-root")
    root = Keys(made["keys"][0]["access_key"], made["keys"][0]["secret_key"])
    token, theirs = served.provider.id_token("bob"), f"arn:aws:iam::{account}:oidc-provider/{served.provider.name}"

    ours = web_role(gate.endpoint, web_trust(served.arn), owner=root)
    assert refused(present, gate.endpoint, ours, token)[:2] == ("AccessDenied", 403)
    role = web_role(gate.endpoint, web_trust(theirs), owner=root)
    assert refused(present, gate.endpoint, role, token)[0] in ("AccessDenied", "InvalidIdentityToken")
    assert register(gate.endpoint, served.provider, owner=root) == theirs
    answer = present(gate.endpoint, role, token)
    assert answer["AssumedRoleUser"]["Arn"].startswith(f"arn:aws:sts::{account}:assumed-role/")
    assert refused(present, gate.endpoint, ours, token)[:2] == ("AccessDenied", 403)
    default_role = web_role(gate.endpoint, web_trust(theirs))
    assert refused(present, gate.endpoint, default_role, token)[:2] == ("AccessDenied", 403)


def test_two_gates_on_one_redis(gate, openid, weed):
    """Registered over one, good over the other; deleted over one, over at the other too."""
    provider = openid()
    first = gate(store="redis", oidc={"allow_hosts": [provider.address]})
    second = gate(store="redis", join=first, oidc={"allow_hosts": [provider.address]})
    arn = register(first.endpoint, provider)
    role, token = web_role(first.endpoint, web_trust(arn)), provider.id_token("bob")
    keys = poll(lambda: _or_denied(web_keys, second.endpoint, role, token), 10, "the role at the other gate")
    who = [client("sts", one.endpoint, keys) for one in (first, second)]
    assert {sts.get_caller_identity()["Arn"].rpartition("/")[2] for sts in who} == {"Bob"}
    client("iam", second.endpoint, ADMIN).delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert refused(who[1].get_caller_identity)[1] in (400, 403)
    poll(lambda: not _or_denied(who[0].get_caller_identity), 10, "the end of the session at the other gate")
    assert refused(present, first.endpoint, role, token)[:2] == ("AccessDenied", 403)


def _or_denied(call, *arguments):
    """What the call gives, or None if it is refused."""
    try:
        return call(*arguments)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403), error
        return None


def test_commands_know_the_provider(served):
    shown = served.gate.cli("oidc-provider", "list").stdout
    assert served.provider.name in shown
    found = served.gate.cli("oidc-provider", "get", f"--url={served.provider.url}").stdout
    assert CLIENT in found


def test_audit_names_the_subject_and_never_the_token(served):
    token, session = served.provider.id_token("bob"), f"audit-{uuid.uuid4().hex[:8]}"
    present(served.endpoint, served.role(), token, session=session)
    records = [record for record in served.gate.audit() if "AssumeRoleWithWebIdentity" in json.dumps(record)]
    assert records and "bob" in json.dumps(records[-1]), records[-1:]
    assert token.split(".")[1] not in json.dumps(records)


def test_fetches_of_keys_are_counted(served):
    web_keys(served.endpoint, served.role(), served.provider.id_token())
    page = requests.get(f"http://{served.gate.admin}/metrics", timeout=5).text
    assert int(re.search(r'key_fetches_total{outcome="fetched"} (\d+)', page)[1]) > 0
    assert served.provider.address not in page
