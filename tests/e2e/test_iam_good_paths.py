"""Every IAM action through boto3 with no right but its own, and its denial without that right.

Proven, for each row of the tables in docs/iam-sts.md (which are made from the code): the call works for a user who has
exactly the right that the row names, on exactly the resource that it names, and for nobody who lacks it alone.
"""

import pytest
from actions import call, refusal
from clients import allow
from iam_good import GOOD, NEVER_THERE, parameters_of
from iam_world import ACTIONS, World


@pytest.fixture(scope="module")
def w(gate):
    return World(gate(testers=False))


def resource_of(w, on, given):
    """The ARN that a cell such as `role/Path/RoleName` stands for in a call."""
    kind = on.split("/")[0]
    front = f"arn:aws:iam::{w.account}:{kind}"
    if on == "*":
        return "*"
    if on.endswith("/PathPrefix"):
        return front + given["PathPrefix"]
    if "PolicySourceArn" in given:
        return given["PolicySourceArn"]
    if kind == "policy" and "PolicyArn" in given:
        return given["PolicyArn"]
    if "/NewPath/" in on:
        return front + given["NewPath"] + given[on.rsplit("/", 1)[1]]
    return front + w.path + given.get(on.rsplit("/", 1)[1], getattr(w, "key_user", None))


def resources_of(w, action, given):
    return [resource_of(w, on, given) for on in ACTIONS[action].on]


def with_right(action):
    return [f"iam:{action}", *ACTIONS[action].further]


@pytest.mark.parametrize("action", ACTIONS)
def test_good_path_with_no_right_but_its_own(w, action):
    path = GOOD[action](w)
    given = next(path)
    w.rights(allow(with_right(action), resources_of(w, action, given)))
    if action in NEVER_THERE:
        assert refusal(w.probe, action, given)[:2] == ("NoSuchEntity", 404)
        return
    with pytest.raises(StopIteration):
        path.send(call(w.probe, action, given))


@pytest.mark.parametrize("action", ACTIONS)
def test_denied_without_that_right_alone(w, action):
    given = parameters_of(action, w)
    everything = {"Effect": "Allow", "Resource": "*"}
    resources = resources_of(w, action, given)
    for lacking in with_right(action):
        w.rights(everything | {"NotAction": lacking})
        code, status, message = refusal(w.probe, action, given)
        assert (code, status) == ("AccessDenied", 403), message
        by = f"User: arn:aws:iam::{w.account}:user/probe is not authorized to perform: {lacking} on resource: "
        assert message.startswith(f"{by}{resources[0]} because"), message
        assert f"because no identity-based policy allows the {lacking} action" in message
    for lacking in resources[1:]:  # of what is renamed, the new name
        w.rights({"Effect": "Allow", "Action": "*", "NotResource": lacking})
        code, _, message = refusal(w.probe, action, given)
        assert code == "AccessDenied" and lacking in message
    w.rights(allow("*", "*"), allow(f"iam:{action}", "*", effect="Deny"))
    code, _, message = refusal(w.probe, action, given)
    assert code == "AccessDenied" and "with an explicit deny in an identity-based policy" in message


@pytest.mark.parametrize("action", [name for name, row in ACTIONS.items() if row.of_caller])
def test_without_a_user_name_the_caller_is_meant(w, action):
    given = parameters_of(action, w)
    del given["UserName"]
    wanted = "Must specify userName when calling with non-User credentials"
    assert refusal(w.session, action, given) == ("ValidationError", 400, wanted)
    w.rights(allow("s3:*", "*"))
    message = refusal(w.probe, action, given)[2]
    assert f"iam:{action} on resource: arn:aws:iam::{w.account}:user/probe because" in message
