"""OpenID Connect providers through boto3, the aws command, Terraform's calls and Ceph's captured requests.

Proven, on SQLite and on Redis: all ten actions with AWS's answers, limits and errors; caps reach only what standalone
users own; the sequence of calls of Terraform's aws_iam_openid_connect_provider (create, read, update, import, delete)
gets true answers; requests captured from boto3 against Ceph are answered in AWS's XML; commands and API see each other's
changes while the gate runs; an export brings providers to another store.
"""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import pytest
from clients import Keys, client, refused, signed, unique
from gate import TESTER1, TESTER2

CORPUS = Path(__file__).resolve().parents[1] / "corpus/ceph-wire/oidc.tsv"
IAM = "{https://iam.amazonaws.com/doc/2010-05-08/}"
ADMIN, USER = Keys(*TESTER1), Keys(*TESTER2)
PRINT = "EB74AB8D00D943EC9507E2763090932DF2B09C77"
DENIED = ("AccessDenied", 403)


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def served(request, gate):
    one = gate(store=request.param)
    return SimpleNamespace(gate=one, endpoint=one.endpoint, iam=client("iam", one.endpoint, ADMIN))


def new(served, path="", **more):
    """A new provider: its URL without scheme, and its ARN."""
    name = f"{unique('idp-')}.example{path}"
    answer = served.iam.create_open_id_connect_provider(Url=f"https://{name}", **more)
    assert answer["OpenIDConnectProviderArn"] == f"arn:aws:iam:::oidc-provider/{name}"
    return name, answer["OpenIDConnectProviderArn"]


def listed(served):
    return [one["Arn"] for one in served.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]


def test_every_action(served):
    iam = served.iam
    tags = [{"Key": "Team", "Value": "blue"}]
    name, arn = new(served, "/realms/demo", ClientIDList=["app", "account"], ThumbprintList=[PRINT], Tags=tags)
    about = {"OpenIDConnectProviderArn": arn}
    shown = iam.get_open_id_connect_provider(**about)
    assert shown["Url"] == name and shown["ClientIDList"] == ["app", "account"] and shown["Tags"] == tags
    assert shown["ThumbprintList"] == [PRINT.lower()] and shown["CreateDate"].year > 2000
    assert arn in listed(served)

    iam.add_client_id_to_open_id_connect_provider(**about, ClientID="web")
    iam.add_client_id_to_open_id_connect_provider(**about, ClientID="web")
    iam.remove_client_id_from_open_id_connect_provider(**about, ClientID="app")
    iam.remove_client_id_from_open_id_connect_provider(**about, ClientID="app")
    assert iam.get_open_id_connect_provider(**about)["ClientIDList"] == ["account", "web"]

    iam.update_open_id_connect_provider_thumbprint(**about, ThumbprintList=["a" * 40, "B" * 40])
    assert iam.get_open_id_connect_provider(**about)["ThumbprintList"] == ["a" * 40, "b" * 40]
    iam.update_open_id_connect_provider_thumbprint(**about, ThumbprintList=[])
    assert iam.get_open_id_connect_provider(**about)["ThumbprintList"] == []

    iam.tag_open_id_connect_provider(**about, Tags=[{"Key": "team", "Value": "red"}, {"Key": "Stage", "Value": ""}])
    first = iam.list_open_id_connect_provider_tags(**about, MaxItems=1)
    assert first["Tags"] == [{"Key": "team", "Value": "red"}] and first["IsTruncated"]
    rest = iam.list_open_id_connect_provider_tags(**about, Marker=first["Marker"])
    assert rest["Tags"] == [{"Key": "Stage", "Value": ""}] and not rest["IsTruncated"]
    iam.untag_open_id_connect_provider(**about, TagKeys=["TEAM", "absent"])
    assert iam.get_open_id_connect_provider(**about)["Tags"] == [{"Key": "Stage", "Value": ""}]

    iam.delete_open_id_connect_provider(**about)
    missing = ("NoSuchEntity", 404, f"OpenIDConnect Provider not found for arn {arn}")
    assert refused(iam.get_open_id_connect_provider, **about) == missing
    iam.delete_open_id_connect_provider(**about)
    assert arn not in listed(served)


def test_a_url_is_kept_byte_for_byte_and_is_one_provider_whatever_its_scheme(served):
    iam = served.iam
    name, _ = new(served, "/realm")
    for scheme in ("https", "http"):
        answer = refused(iam.create_open_id_connect_provider, Url=f"{scheme}://{name}")
        assert answer == ("EntityAlreadyExists", 409, f"Provider with url {scheme}://{name} already exists.")
    others = [f"{name}/", name.replace("realm", "Realm"), name.replace("/realm", ":443/realm")]
    for other in others:
        arn = iam.create_open_id_connect_provider(Url=f"https://{other}")["OpenIDConnectProviderArn"]
        assert arn == f"arn:aws:iam:::oidc-provider/{other}"
    for other in [name, *others]:
        arn = f"arn:aws:iam:::oidc-provider/{other}"
        assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["Url"] == other
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def test_limits_and_errors(served):
    iam = served.iam
    url = f"https://{unique('idp-')}.example"
    create = iam.create_open_id_connect_provider
    invalid, outside, most = ("InvalidInput", 400), ("ValidationError", 400), ("LimitExceeded", 409)
    for more, wanted in [
        ({"Url": "https://" + "a" * 248}, outside),
        ({"Url": "ftp://idp.example"}, invalid),
        ({"Url": "https://user@idp.example"}, invalid),
        ({"Url": "https://idp.example?x=1"}, invalid),
        ({"Url": "https://idp.example/#x"}, invalid),
        ({"Url": "https://idp example"}, invalid),
        ({"Url": "https://idp.example\\evil.example"}, invalid),
        ({"Url": "https://idp%2eexample"}, invalid),
        ({"Url": "https://2130706433"}, invalid),
        ({"Url": "https:///path"}, invalid),
        ({"ThumbprintList": ["x" * 40]}, invalid),
        ({"ThumbprintList": ["a" * 40] * 6}, invalid),
        ({"ClientIDList": ["c" * 256]}, outside),
        ({"ClientIDList": [f"c{number}" for number in range(101)]}, most),
        ({"Tags": [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]}, invalid),
        ({"Tags": [{"Key": "aws:x", "Value": ""}]}, invalid),
    ]:
        # botocore has AWS's minimum lengths, the gate all of them.
        assert refused(create, **{"Url": url, **more})[:2] == wanted, more
    clients = [f"c{number}" for number in range(100)]
    _, arn = new(served, ClientIDList=clients, ThumbprintList=["a" * 40] * 5)
    about = {"OpenIDConnectProviderArn": arn}
    add = iam.add_client_id_to_open_id_connect_provider
    add(**about, ClientID="c99")
    message = "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"
    assert refused(add, **about, ClientID="more") == (*most, message)
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
    iam.tag_open_id_connect_provider(**about, Tags=tags)
    assert refused(iam.tag_open_id_connect_provider, **about, Tags=[{"Key": "more", "Value": ""}])[:2] == most
    for foreign in ("arn:aws:iam::123456789012:oidc-provider/idp.example", "arn:aws:iam:::role/idp.example"):
        assert refused(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=foreign)[:2] == invalid
    iam.delete_open_id_connect_provider(**about)


def test_an_account_has_100_providers(served):
    count = 100 - len(listed(served))
    made = [new(served)[1] for _ in range(count)]
    answer = refused(served.iam.create_open_id_connect_provider, Url="https://one-too-many.example")
    assert answer == ("LimitExceeded", 409, "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100")
    assert set(made) <= set(listed(served))
    for arn in made:
        served.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


def test_rule_13_caps_reach_what_standalone_users_own(served):
    name, arn = new(served)
    about = {"OpenIDConnectProviderArn": arn}
    other = client("iam", served.endpoint, USER)
    assert refused(other.list_open_id_connect_providers)[:2] == DENIED
    assert refused(other.get_open_id_connect_provider, **about)[:2] == DENIED
    ours = served.gate.json("oidc-provider", "create", "--url", "https://accounts.example", "--client-id", "app")
    assert ours["arn"] not in listed(served) and arn in listed(served)
    answer = refused(served.iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=ours["arn"])
    assert answer[:2] == DENIED and "beyond what the caps of a user reach" in answer[2]
    # Who owns one stays.
    done = served.gate.cli("user", "rm", "--uid=TESTER1", check=False)
    assert done.returncode == 39 and "owns the oidc-provider https://" in done.stderr
    # The command, who is root, reaches both.
    assert {ours["arn"], arn} <= {one["arn"] for one in served.gate.json("oidc-provider", "list")}
    served.gate.cli("oidc-provider", "delete", "--url", name)
    served.gate.cli("oidc-provider", "delete", "--url", ours["url"])
    assert arn not in listed(served)


def test_commands_and_api_see_each_other(served):
    url = f"https://{unique('idp-')}.example/realm"
    served.gate.cli("user", "create", "--uid=OPERATOR", "--access-key=OPERATORKEY", "--secret=operator-secret-1", "--account-id=")
    served.gate.cli("user-policy", "attach", "--uid=OPERATOR", "--policy-arn=arn:aws:iam::aws:policy/IAMFullAccess")
    iam = client("iam", served.endpoint, Keys("OPERATORKEY", "operator-secret-1"))
    made = served.gate.json("oidc-provider", "create", "--url", url, "--client-id", "app", "--tag", "Team=blue")
    about = {"OpenIDConnectProviderArn": made["arn"]}
    assert iam.get_open_id_connect_provider(**about)["ClientIDList"] == ["app"]
    iam.add_client_id_to_open_id_connect_provider(**about, ClientID="web")
    changed = served.gate.json(
        "oidc-provider", "update", "--url", url, "--remove-client-id", "app", "--add-client-id", "cli", "--thumbprint", PRINT
    )
    assert changed["client_ids"] == ["web", "cli"] and changed["thumbprints"] == [PRINT.lower()]
    assert iam.get_open_id_connect_provider(**about)["ClientIDList"] == ["web", "cli"]
    assert iam.get_account_summary()["SummaryMap"]["Providers"] == len(served.gate.json("oidc-provider", "list"))
    said = served.gate.cli("session", "revoke", "--oidc-provider", url).stdout
    assert said == f"Revoked for oidc-provider {url.removeprefix('https://')}: all sessions\n"
    iam.delete_open_id_connect_provider(**about)
    assert served.gate.cli("oidc-provider", "get", "--url", url, check=False).returncode == 2
    served.gate.cli("user-policy", "detach", "--uid=OPERATOR", "--policy-arn=arn:aws:iam::aws:policy/IAMFullAccess")
    served.gate.cli("user", "rm", "--uid=OPERATOR")


def test_aws_cli(served, tmp_path):
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **ADMIN.environment()}
    start = [str(Path(sys.executable).parent / "aws"), "--endpoint-url", served.endpoint, "--region", "us-east-1"]

    def aws(*words):
        command = [*start, "--output", "json", "iam", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    name = f"{unique('idp-')}.example/auth/realms/demo"
    words = ["--client-id-list", "app", "account", "--thumbprint-list", PRINT, "--tags", "Key=Team,Value=blue"]
    arn = aws("create-open-id-connect-provider", "--url", f"https://{name}", *words)["OpenIDConnectProviderArn"]
    on = ["--open-id-connect-provider-arn", arn]
    aws("add-client-id-to-open-id-connect-provider", *on, "--client-id", "web")
    aws("remove-client-id-from-open-id-connect-provider", *on, "--client-id", "app")
    aws("update-open-id-connect-provider-thumbprint", *on, "--thumbprint-list", "c" * 40)
    aws("tag-open-id-connect-provider", *on, "--tags", "Key=Stage,Value=demo")
    aws("untag-open-id-connect-provider", *on, "--tag-keys", "Team")
    shown = aws("get-open-id-connect-provider", *on)
    assert (shown["Url"], shown["ClientIDList"], shown["ThumbprintList"]) == (name, ["account", "web"], ["c" * 40])
    assert aws("list-open-id-connect-provider-tags", *on)["Tags"] == [{"Key": "Stage", "Value": "demo"}]
    assert {"Arn": arn} in aws("list-open-id-connect-providers")["OpenIDConnectProviderList"]
    aws("delete-open-id-connect-provider", *on)


def read_as_terraform(iam, arn):
    """aws_iam_openid_connect_provider reads the provider, then its tags."""
    read = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    tags = iam.list_open_id_connect_provider_tags(OpenIDConnectProviderArn=arn)["Tags"]
    assert read.get("Tags", []) == tags
    return {
        "url": read["Url"],
        "client_id_list": set(read["ClientIDList"]),
        "thumbprint_list": read["ThumbprintList"],
        "tags": {tag["Key"]: tag["Value"] for tag in tags},
    }


@pytest.mark.parametrize("thumbprints", [[PRINT.lower()], None])
def test_terraform_aws_iam_openid_connect_provider(served, thumbprints):
    iam, name = served.iam, f"{unique('tf-')}.example/id/CLUSTER"
    more = {} if thumbprints is None else {"ThumbprintList": thumbprints}
    created = iam.create_open_id_connect_provider(
        Url=f"https://{name}", ClientIDList=["sts.amazonaws.com"], Tags=[{"Key": "Name", "Value": "one"}], **more
    )
    arn = created["OpenIDConnectProviderArn"]
    state = read_as_terraform(iam, arn)
    assert state == {
        "url": name,
        "client_id_list": {"sts.amazonaws.com"},
        "thumbprint_list": thumbprints or [],
        "tags": {"Name": "one"},
    }

    # Update: thumbprints as a list, client ids by their difference, tags by theirs.
    about = {"OpenIDConnectProviderArn": arn}
    iam.update_open_id_connect_provider_thumbprint(**about, ThumbprintList=["d" * 40, "e" * 40])
    iam.add_client_id_to_open_id_connect_provider(**about, ClientID="second")
    iam.remove_client_id_from_open_id_connect_provider(**about, ClientID="sts.amazonaws.com")
    iam.untag_open_id_connect_provider(**about, TagKeys=["Name"])
    iam.tag_open_id_connect_provider(**about, Tags=[{"Key": "Owner", "Value": "two"}])
    state = read_as_terraform(iam, arn)
    assert state == {
        "url": name,
        "client_id_list": {"second"},
        "thumbprint_list": ["d" * 40, "e" * 40],
        "tags": {"Owner": "two"},
    }

    # Import is by ARN; the data source seeks the URL in the list.
    assert read_as_terraform(iam, arn) == state
    found = [one for one in listed(served) if read_as_terraform(iam, one)["url"] == name]
    assert found == [arn]

    # Delete; that it is gone is seen by reading.
    iam.delete_open_id_connect_provider(**about)
    assert refused(iam.get_open_id_connect_provider, **about)[:2] == ("NoSuchEntity", 404)


def test_requests_captured_against_ceph(served):
    """In order, as forms. Elements are those that Ceph's answers have, spelled as AWS does."""
    for line in CORPUS.read_text().splitlines():
        if line.startswith("#"):
            continue
        name, wanted, elements, body = line.split("\t")
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        reply = signed("POST", served.endpoint, ADMIN, body=body.encode(), headers=headers, service="iam")
        document = ElementTree.fromstring(reply.content)
        if wanted != "ok":
            assert document.findtext(f"{IAM}Error/{IAM}Code") == wanted, name
            continue
        assert reply.status_code == 200, (name, reply.text)
        action = dict(parse_qsl(body))["Action"]
        assert document.tag == f"{IAM}{action}Response" and document.findtext(f"{IAM}ResponseMetadata/{IAM}RequestId")
        for path in elements.split(" ") if elements != "-" else []:
            whole = "/".join(IAM + part for part in [f"{action}Result", *path.split("/")])
            assert document.find(whole) is not None, (name, path)
    # 098: without caps.
    params = {"Action": "CreateOpenIDConnectProvider", "Version": "2010-05-08", "Url": "http://127.0.0.1:9403"}
    reply = signed("POST", served.endpoint, USER, service="iam", params=params)
    assert reply.status_code == 403
    assert ElementTree.fromstring(reply.content).findtext(f"{IAM}Error/{IAM}Code") == "AccessDenied"


def test_an_export_brings_providers_to_another_store(served, gate, tmp_path):
    iam, path = served.iam, tmp_path / "state.json"
    name, arn = new(served, "/realm", ClientIDList=["app"], ThumbprintList=[PRINT], Tags=[{"Key": "a", "Value": "b"}])
    served.gate.cli("export", "--out", path)
    other = gate(serve=False, testers=False)
    shown = other.cli("import", path).stdout
    assert f"+ oidc-provider {name} (AOIP" in shown and f"    + url: https://{name}" in shown
    other.cli("import", path, "--apply")
    mine = served.gate.json("oidc-provider", "get", "--url", arn)
    assert other.json("oidc-provider", "get", "--url", arn) == mine
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="web")
    shown = served.gate.cli("import", path).stdout
    assert f"~ oidc-provider {name} ({mine['id']})\n    ~ client_ids\n        was app, web\n        now app\n" in shown
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
