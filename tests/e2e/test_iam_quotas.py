"""The quotas of an account through boto3: 1000 roles, 5000 users, 300 groups, 1500 managed policies.

Proven, on SQLite and on Redis, in an account that an import filled but for one of each: one more can be made, the next
is refused with AWS's words as boto3's LimitExceededException; a name that is taken is told as taken, in a full account
things can be renamed, and where one goes another has its place; root is none of the users; other accounts have quotas
of their own; an account that is full can be exported and imported; what is listed, by pages of any size, is each of
them once, in order; the summary counts them.

The 100 OpenID Connect providers of an account are in test_iam_providers.py.
"""

import itertools
import json
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from actions import call, code_of
from botocore import xform_name
from clients import S3_ALL, Keys, client, refused, trust, unique
from servers import private_file

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
MADE = "2026-01-01T00:00:00.000Z"
PATHS = "/even/", "/odd/"


@dataclass(frozen=True)
class Kind:
    """What the account has of one kind."""

    noun: str
    most: int
    listed: dict  # what ListXs is asked, to see the account's own

    @property
    def plural(self):
        return self.noun.replace("Policy", "Policie") + "s"

    def parameters(self, name):
        needed = {"Role": {"AssumeRolePolicyDocument": trust("*")}, "Policy": {"PolicyDocument": S3_ALL}}
        return {f"{self.noun}Name": name} | needed.get(self.noun, {})

    def named(self, account, name, path="/"):
        """How a call names it."""
        if self.noun == "Policy":
            return {"PolicyArn": f"arn:aws:iam::{account}:policy{path}{name}"}
        return {f"{self.noun}Name": name}

    def pages(self, iam, size=None, **more):
        """The names, page by page."""
        paginator = iam.get_paginator(xform_name(f"List{self.plural}"))
        pages = paginator.paginate(**self.listed, **more, PaginationConfig={"PageSize": size} if size else {})
        return [[one[f"{self.noun}Name"] for one in page[self.plural]] for page in pages]


KINDS = [
    Kind("Role", 1000, {}),
    Kind("User", 5000, {}),
    Kind("Group", 300, {}),
    Kind("Policy", 1500, {"Scope": "Local"}),
]
# test_iam_coverage.py counts these as tested.
QUOTAS = {f"Create{kind.noun}": f"Cannot exceed quota for {kind.plural}PerAccount: {kind.most}" for kind in KINDS}


def entries(kind, count):
    """So many entries of an export, with unlike names, ids and paths."""
    prefix = {"Role": "AROA", "User": "AIDA", "Group": "AGPA", "Policy": "ANPA"}[kind.noun]
    role = {"max_session_duration": 3600, "owner": "account", "trust": json.loads(trust("*"))}
    version = {"number": 1, "created": MADE, "document": json.loads(S3_ALL)}
    policy = {"versions": [version], "default_version": 1, "next_version": 2, "updated": MADE}
    more = {"Role": role, "Policy": policy, "User": {"display_name": "filled", "kind": "iam"}}.get(kind.noun, {})
    ids = ("".join(letters) for letters in itertools.product(ALPHABET, repeat=3))
    for at, letters in zip(range(count), ids):
        # Some in capitals: order is without regard to case.
        name = f"{'Filled' if at % 3 else 'fillED'}-{at:04}"
        yield {"name": name, "id": prefix + "A" * 14 + letters, "path": PATHS[at % 2], "created": MADE} | more


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def filled(gate, request):
    """An account that lacks one of each kind, with its administrator and root, and another with nothing but its own."""
    one = gate(store=request.param, testers=False)
    accounts = [one.json("account", "create", f"--account-name={unique('full-')}")["id"] for _ in range(2)]
    roots = [key_of(one, account, "--account-root") for account in accounts]
    administrators = [key_of(one, account) for account in accounts]
    for root in roots:
        root.attach_user_policy(UserName="admin", PolicyArn="arn:aws:iam::aws:policy/IAMFullAccess")
    state = json.loads(one.cli("export").stdout)
    (account,) = [account for account in state["accounts"] if account["id"] == accounts[0]]
    for kind in KINDS:
        there = 1 if kind.noun == "User" else 0  # the administrator; root is not counted
        account[kind.plural.lower()] += entries(kind, kind.most - 1 - there)
    path = private_file(one.folder / "filled.json", json.dumps(state))
    count = sum(kind.most - 1 for kind in KINDS) - 1
    assert f"Made {count}, changed 0, removed 0." in one.cli("import", path, "--apply").stdout
    return SimpleNamespace(gate=one, account=accounts[0], iam=administrators[0], root=roots[0], other=administrators[1])


def key_of(one, account, *words):
    name = "root" if words else "admin"
    key = one.json("user", "create", f"--uid={name}", f"--account-id={account}", *words)["keys"][0]
    return client("iam", one.endpoint, Keys(key["access_key"], key["secret_key"]))


def counts(iam):
    summary = iam.get_account_summary()["SummaryMap"]
    assert all(summary[f"{kind.plural}Quota"] == kind.most for kind in KINDS)
    return {kind.noun: summary[kind.plural] for kind in KINDS} | {"versions": summary["PolicyVersionsInUse"]}


def full_but(one=None, missing=0):
    """What an account has that is full but for one of each, and so many of this kind."""
    wanted = {kind.noun: kind.most - 1 for kind in KINDS}
    wanted |= {one.noun: one.most - missing} if one else {}
    return wanted | {"versions": wanted["Policy"]}


ALMOST_NOTHING = {"Role": 0, "User": 1, "Group": 0, "Policy": 0, "versions": 0}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.noun)
def test_the_last_place_and_the_next(filled, kind):
    iam, create = filled.iam, f"Create{kind.noun}"

    def make(name, by=iam):
        return call(by, create, kind.parameters(name))

    def remove(name, path="/"):
        call(iam, f"Delete{kind.noun}", kind.named(filled.account, name, path))

    def no_more(name, by=iam):
        with pytest.raises(by.exceptions.LimitExceededException) as error:
            make(name, by)
        answer = error.value.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == ("LimitExceeded", 409)
        assert answer["Error"]["Message"] == QUOTAS[create]
        assert code_of(iam, f"Get{kind.noun}", kind.named(filled.account, name)) == "NoSuchEntity"
        assert counts(iam) == full_but(kind)

    assert counts(iam) == full_but()
    make("Last")
    no_more("Next")
    no_more("Next", by=filled.root)
    assert code_of(iam, create, kind.parameters("lAST")) == "EntityAlreadyExists"
    assert code_of(iam, create, kind.parameters("filled-0007")) == "EntityAlreadyExists"

    # Elsewhere there is room.
    make("Elsewhere", by=filled.other)
    assert counts(filled.other)[kind.noun] == ALMOST_NOTHING[kind.noun] + 1
    of_other = filled.other.get_user()["User"]["Arn"].split(":")[4]
    call(filled.other, f"Delete{kind.noun}", kind.named(of_other, "Elsewhere"))
    assert counts(filled.other) == ALMOST_NOTHING

    # Where one goes, another has its place: one, not two.
    remove("Filled-0001", path="/odd/")
    assert counts(iam) == full_but(kind, missing=1)
    make("Again")
    no_more("Next")
    remove("Last")
    make("Filled-0001")
    no_more("Next")
    remove("Again")
    assert counts(iam) == full_but()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.noun in ("User", "Group")], ids=lambda kind: kind.noun)
def test_a_full_account_can_be_renamed_in(filled, kind):
    iam, name, new = filled.iam, f"{kind.noun}Name", f"New{kind.noun}Name"
    call(iam, f"Create{kind.noun}", kind.parameters("Last"))
    call(iam, f"Update{kind.noun}", {name: "Last", new: "Renamed"})
    assert refused(getattr(iam, xform_name(f"Create{kind.noun}")), **{name: "Last"})[0] == "LimitExceeded"
    call(iam, f"Delete{kind.noun}", {name: "Renamed"})
    assert counts(iam) == full_but()


@pytest.mark.parametrize("size", [None, 7, 1000], ids=lambda size: f"pages of {size or 'no size'}")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.noun)
def test_pages_show_each_once_in_order(filled, kind, size):
    if size == 7 and kind.most > 1000:
        size = 77
    pages = kind.pages(filled.iam, size)
    assert all(len(page) == (size or 100) for page in pages[:-1]) and 0 < len(pages[-1]) <= (size or 100)
    names = [name for page in pages for name in page]
    assert len(names) == kind.most - 1 == len({name.lower() for name in names})
    assert names == sorted(names, key=str.lower)
    assert len(pages) == -(-(kind.most - 1) // (size or 100))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.noun)
def test_pages_of_a_path_show_those_alone(filled, kind):
    asked = itertools.product(PATHS, (None, 1000))
    found = [sum(kind.pages(filled.iam, size, PathPrefix=path), []) for path, size in asked]
    for at, names in enumerate(found):
        filled_names = [name for name in names if name.lower().startswith("filled-")]
        assert names == filled_names and all(int(name[-4:]) % 2 == at // 2 for name in names if name != "Filled-0001")
    assert found[0] == found[1] and found[2] == found[3]
    assert kind.most - 4 <= len(found[0]) + len(found[2]) <= kind.most - 1


def test_a_full_account_goes_through_export_and_import(filled, gate):
    """What the API lets an account have, a file may have."""
    for kind in KINDS:
        call(filled.iam, f"Create{kind.noun}", kind.parameters("Last"))
    assert counts(filled.iam) == {kind.noun: kind.most for kind in KINDS} | {"versions": 1500}
    text = filled.gate.cli("export").stdout
    other = gate(serve=False, testers=False)
    path = private_file(other.folder / "full.json", text)
    assert "Made " in other.cli("import", path, "--apply").stdout
    state = json.loads(text)
    (account,) = [account for account in state["accounts"] if account["id"] == filled.account]
    account["users"] += [entry | {"name": "OneMore", "id": "AIDA" + "B" * 17} for entry in account["users"][1:2]]
    more = private_file(other.folder / "more.json", json.dumps(state))
    done = other.cli("import", more, check=False)
    assert done.returncode and "UsersPerAccount" in done.stderr and "5000" in done.stderr, done.stderr
    for kind in KINDS:
        call(filled.iam, f"Delete{kind.noun}", kind.named(filled.account, "Last"))
    assert counts(filled.iam) == full_but()
