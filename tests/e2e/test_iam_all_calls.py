"""What all IAM calls have in common, and what belongs to no single action: refusals before any, owners, last uses."""

import datetime

import pytest
from actions import lenient, refusal, send, session
from clients import Keys, trust, unique
from iam_good import parameters_of
from iam_world import NOBODYS_KEY, TRUST, World, made_raw


@pytest.fixture(scope="module")
def w(gate):
    return World(gate(testers=False))


@pytest.mark.parametrize(
    "action, parameter",
    [
        ("SimulateCustomPolicy", "OrderedOrganizationPolicyInputList"),
        ("SimulatePrincipalPolicy", "PolicyExclusionList"),
    ],
)
def test_parameters_that_are_refused(w, action, parameter):
    """Without them another question would be answered."""
    found = made_raw(w, action, parameters_of(action, w), f"{parameter}.member.1", "x")
    assert found == ("InvalidInput", 400, f"The parameter {parameter} of {action} is not supported yet. Leave it out.")


def test_what_a_standalone_user_owns_goes_before_the_user(w):
    """The remainder of DeleteUser that only standalone users leave."""
    admin, owner = unique("administrator"), unique("ownerofroles")
    secrets = {admin: unique("secret-of-"), owner: unique("secret-of-")}
    for name, caps in ((admin, "users=*;roles=*"), (owner, "roles=*")):
        words = [f"--uid={name}", f"--access-key={name}", f"--secret={secrets[name]}", f"--caps={caps}"]
        w.gate.cli("user", "create", *words)
    by_admin = lenient("iam", w.endpoint, Keys(admin, secrets[admin]))
    role = unique("role")
    by_owner = lenient("iam", w.endpoint, Keys(owner, secrets[owner]))
    by_owner.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    by_admin.delete_access_key(UserName=owner, AccessKeyId=owner)
    message = "Cannot delete entity, must delete the buckets, roles and providers that the user owns first."
    assert refusal(by_admin, "DeleteUser", {"UserName": owner}) == ("DeleteConflict", 409, message)
    by_admin.delete_role(RoleName=role)
    by_admin.delete_user(UserName=owner)


# ---- errors that all calls have


def test_errors_common_to_all_calls(w):
    version = "&Version=2010-05-08"

    def post(body, keys=w.root_keys, **more):
        return send(w.endpoint, keys, "iam", body, **more)

    unknown = "Could not find operation {} for version {}"
    assert post("Action=Nonsense" + version) == ("InvalidAction", 400, unknown.format("Nonsense", "2010-05-08"))
    assert post("Action=listRoles" + version)[:2] == ("InvalidAction", 400)
    assert post("Action=ListRoles&Version=2011-06-15") == ("InvalidAction", 400, unknown.format("ListRoles", "2011-06-15"))
    assert post("Version=2010-05-08")[:2] == ("MissingAction", 400)
    assert post("Action=ListRoles&MaxItems=1&MaxItems=1" + version)[1] == 400
    assert post("Action=ListRoles&Marker=%zz" + version)[1] == 400

    body = f"Action=TagUser&UserName=probe&Tags.member.2.Key=a&Tags.member.2.Value=b{version}"
    code, status, message = post(body)
    assert (code, status) == ("ValidationError", 400) and "numbered from 1" in message, message
    stranger = Keys(NOBODYS_KEY, w.root_keys.secret)
    assert post("Action=ListRoles" + version, stranger)[:2] == ("InvalidClientTokenId", 403)
    forged = Keys(w.root_keys.access, "x" * 40)
    assert post("Action=ListRoles" + version, forged)[:2] == ("SignatureDoesNotMatch", 403)
    no_token = Keys(w.root_keys.access, w.root_keys.secret, "nonsense")
    assert post("Action=ListRoles" + version, no_token)[:2] == ("InvalidClientTokenId", 403)


def test_last_uses_have_their_dates_once_the_gate_wrote_them_down(gate):
    """Once a minute, and when the gate stops."""
    one = gate(testers=False)
    key = one.json("user", "create", "--uid=boss", "--account-id=", "--account-root")["keys"][0]
    boss = Keys(key["access_key"], key["secret_key"])
    iam = lenient("iam", one.endpoint, boss)
    iam.create_user(UserName="u")
    made = iam.create_access_key(UserName="u")["AccessKey"]
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust("arn:aws:iam:::user/u"))["Role"]
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    assumed = session(one.endpoint, Keys(made["AccessKeyId"], made["SecretAccessKey"]), role["Arn"])
    send(one.endpoint, assumed, "iam", "Action=ListRoles&Version=2010-05-08")
    one.stop()
    one.start()
    iam = lenient("iam", one.endpoint, boss)
    answer = iam.get_access_key_last_used(AccessKeyId=made["AccessKeyId"])
    of_key, of_role = answer["AccessKeyLastUsed"], iam.get_role(RoleName="r")["Role"]["RoleLastUsed"]
    now = datetime.datetime.now(datetime.timezone.utc)
    assert (answer["UserName"], of_key["ServiceName"], of_key["Region"]) == ("u", "sts", "us-east-1")
    assert before <= of_key["LastUsedDate"] <= now
    assert of_role["Region"] == "us-east-1" and before <= of_role["LastUsedDate"] <= now
