r"""The command lines of Ceph's role page, as printed there, with `rolegate --config FILE` in place of `radosgw-admin`.

Proven: every line parses (backslash escapes by a real shell, `_` for `-` in options, options before the command words,
the spaced and the hyphenated command), does what the page says, and prints JSON with the page's names; errors are one
line on stderr and a non-zero status. The lines run in the page's order on one store, beside a running gate.
"""

import json
import re
import subprocess

import pytest

ROLE_NAMES = ["id", "name", "path", "arn", "create_date", "max_session_duration", "assume_role_policy_document"]

TRUST_TESTER = r"\{\"Version\":\"2012-10-17\",\"Statement\":\[\{\"Effect\":\"Allow\",\"Principal\":\{\"AWS\":\[\"arn:aws:iam:::user/TESTER\"\]\},\"Action\":\[\"sts:AssumeRole\"\]\}\]\}"  # noqa: E501
TRUST_TESTER2 = TRUST_TESTER.replace("TESTER", "TESTER2")
POLICY = r"\{\"Version\":\"2012-10-17\",\"Statement\":\[\{\"Effect\":\"Allow\",\"Action\":\[\"s3:*\"\],\"Resource\":\"arn:aws:s3:::example_bucket\"\}\]\}"  # noqa: E501
POLICY_TEXT = POLICY.replace("\\", "")


@pytest.fixture(scope="module")
def served(gate):
    return gate(testers=False)


@pytest.fixture(scope="module")
def admin(served):
    """admin(line, status=0) runs `radosgw-admin line` as a shell would and returns its standard output."""

    def run(line, ok=True, cwd=None):
        command = f"'{served.binary}' --config '{served.config}' {line}"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, cwd=cwd)
        assert (done.returncode == 0) == ok, f"{line}\nstatus {done.returncode}\n{done.stdout}{done.stderr}"
        if not ok:
            assert len(done.stderr.strip().splitlines()) == 1, done.stderr
            return done.stderr
        return done.stdout

    return run


def test_user_with_options_before_the_words(admin):
    created = json.loads(
        admin('--uid TESTER --display-name "TestUser" --access_key TESTER --secret test123 user create')
    )
    assert (created["user_id"], created["display_name"]) == ("TESTER", "TestUser")
    assert [(key["user"], key["access_key"]) for key in created["keys"]] == [("TESTER", "TESTER")]
    assert json.loads(admin("user info --uid=TESTER"))["user_id"] == "TESTER"
    assert admin("user info --uid=nobody", ok=False)
    assert admin("user create --uid=TESTER --display-name=Again", ok=False)


def test_caps_add(admin):
    changed = json.loads(admin('caps add --uid="TESTER" --caps="roles=*"'))
    assert changed["caps"] == [{"type": "roles", "perm": "*"}]


def test_role_create(admin):
    role = json.loads(
        admin(
            "role create --role-name=S3Access1 --path=/application_abc/component_xyz/"
            f" --assume-role-policy-doc={TRUST_TESTER}"
        )
    )
    assert list(role) == ROLE_NAMES
    assert re.fullmatch(r"AROA[A-Z0-9]{17}", role["id"])
    assert (role["name"], role["path"]) == ("S3Access1", "/application_abc/component_xyz/")
    assert role["arn"] == "arn:aws:iam:::role/application_abc/component_xyz/S3Access1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", role["create_date"])
    assert role["max_session_duration"] == 3600
    assert role["assume_role_policy_document"] == TRUST_TESTER.replace("\\", "")


def test_role_create_errors(admin):
    again = f"role create --role-name=S3Access1 --assume-role-policy-doc={TRUST_TESTER}"
    assert "S3Access1" in admin(again, ok=False)
    assert admin("role create --role-name=Bad --assume-role-policy-doc=hello", ok=False)
    assert admin("role create", ok=False)
    assert admin("role get --role-name=Bad", ok=False)


def test_role_get(admin):
    role = json.loads(admin("role get --role-name=S3Access1"))
    assert list(role) == ROLE_NAMES and role["name"] == "S3Access1"


@pytest.mark.parametrize(
    "line", ['role list --path-prefix="/application"', 'role list --path-prefix "/application"', "role list"]
)
def test_role_list(admin, line):
    assert [list(role) for role in json.loads(admin(line))] == [ROLE_NAMES]


def test_role_list_of_another_prefix_is_empty(admin):
    assert json.loads(admin("role list --path-prefix=/nothing")) == []


def test_role_trust_policy_modify(admin):
    admin(f"role-trust-policy modify --role-name=S3Access1 --assume-role-policy-doc={TRUST_TESTER2}")
    role = json.loads(admin("role get --role-name=S3Access1"))
    assert role["assume_role_policy_document"] == TRUST_TESTER2.replace("\\", "")
    assert admin("role-trust-policy modify --role-name=S3Access1 --assume-role-policy-doc=hello", ok=False)
    assert json.loads(admin("role get --role-name=S3Access1")) == role


def test_role_policy_put(admin):
    admin(f"role-policy put --role-name=S3Access1 --policy-name=Policy1 --policy-doc={POLICY}")
    assert json.loads(admin("role-policy list --role-name=S3Access1")) == ["Policy1"]
    assert admin("role-policy put --role-name=S3Access1 --policy-name=Bad --policy-doc=hello", ok=False)
    assert admin(f"role-policy put --role-name=Nope --policy-name=Policy1 --policy-doc={POLICY}", ok=False)


def test_role_policy_get_lists_names_or_shows_one(admin):
    """The page lists the names with `role policy get` and no policy name, under "List Permission Policy Names"."""
    assert json.loads(admin("role policy get --role-name=S3Access1")) == ["Policy1"]
    for words in ("role-policy", "role policy"):
        shown = json.loads(admin(f"{words} get --role-name=S3Access1 --policy-name=Policy1"))
        assert shown == {"Permission policy": POLICY_TEXT}
    assert admin("role-policy get --role-name=S3Access1 --policy-name=Nope", ok=False)


def test_role_policy_put_from_a_file(admin, tmp_path):
    text = POLICY_TEXT.replace("example_bucket", "file_bucket")
    (tmp_path / "policy-document.json").write_text(text)
    line = "role-policy put --role-name=S3Access1 --policy-name=Policy1 --infile policy-document.json"
    admin(line, cwd=tmp_path)
    shown = json.loads(admin("role-policy get --role-name=S3Access1 --policy-name=Policy1"))
    assert shown == {"Permission policy": text}
    assert admin(line.replace("policy-document", "missing"), ok=False)


def test_role_with_a_policy_is_not_deleted(admin):
    admin("role delete --role-name=S3Access1", ok=False)
    assert json.loads(admin("role get --role-name=S3Access1"))["name"] == "S3Access1"


def test_role_policy_delete_then_role_delete(admin):
    admin("role-policy delete --role-name=S3Access1 --policy-name=Policy1")
    assert json.loads(admin("role policy list --role-name=S3Access1")) == []
    assert admin("role-policy delete --role-name=S3Access1 --policy-name=Policy1", ok=False)
    admin("role delete --role-name=S3Access1")
    assert json.loads(admin("role list")) == []
    assert admin("role delete --role-name=S3Access1", ok=False)


def test_unknown_words_and_options_are_errors(served):
    for words in (["role", "frobnicate"], ["role", "list", "--frobnicate=1"], ["nonsense"]):
        done = served.cli(*words, check=False)
        assert done.returncode != 0 and done.stderr


def test_every_spelling_of_changing_the_trust_policy(admin):
    admin(f"role create --role-name=Spelt --assume-role-policy-doc={TRUST_TESTER}")
    for words in ("role modify", "role trust-policy modify", "role-trust-policy modify"):
        said = admin(f"{words} --role_name Spelt --assume_role_policy_doc {TRUST_TESTER2}")
        assert said == "Assume role policy document updated successfully for role: Spelt\n"
    said = admin("role update --role-name=Spelt --max-session-duration=43200")
    assert said == "Max session duration updated successfully for role: Spelt\n"
    assert json.loads(admin("role get --role-name=Spelt"))["max_session_duration"] == 43200
    assert "43200" in admin("role update --role-name=Spelt --max-session-duration=43201", ok=False)
    admin("role rm --role-name=Spelt")
