"""Every STS action through boto3 with no right but its own, and its denial without that right.

As test_iam_good_paths.py, of which this is the other half. AssumeRoleWithWebIdentity has tests of its own.
"""

import pytest
from actions import call, refusal
from clients import allow
from sts_world import ACTIONS, BY_TRUST, DENIED, FREE, GOOD, TRUSTING, World


@pytest.fixture(scope="module")
def w(gate):
    return World(gate(testers=False))


def rights_for(w, action):
    """No right but the action's own, where the row says; none at all where another policy decides or none does."""
    row = ACTIONS[action]
    if action in FREE:
        return w.rights(allow("*", "*", effect="Deny"))
    if action in BY_TRUST:
        return w.rights(allow("s3:*", "*"))
    resource = row.on[0].replace("ACCOUNT", w.account).replace("/Name", "/" + "f" * 32)
    return w.rights(allow([f"sts:{action}", *row.further], resource))


@pytest.mark.parametrize("action", ACTIONS)
def test_good_path_with_no_right_but_its_own(w, action):
    path = GOOD[action](w)
    given = next(path)
    rights_for(w, action)
    with pytest.raises(StopIteration):
        path.send(call(w.sts, action, given))


@pytest.mark.parametrize("action", [name for name in ACTIONS if name not in FREE])
def test_denied_without_that_right_alone(w, action):
    row, given = ACTIONS[action], next(GOOD[action](w))
    for lacking in (f"sts:{action}", *row.further):
        if action in BY_TRUST:
            w.rights(allow("*", "*"))
            left = [one for one in TRUSTING if one != lacking]
            given["RoleArn"] = w.make(left)
        else:
            w.rights({"Effect": "Allow", "Resource": "*", "NotAction": lacking})
        code, status, message = refusal(w.sts, action, given)
        assert (code, status) == DENIED, message
        assert message.startswith(f"User: {w.user} is not authorized to perform: {lacking} on resource: "), message
    w.rights(allow("*", "*"), allow(f"sts:{action}", "*", effect="Deny"))
    code, status, message = refusal(w.sts, action, next(GOOD[action](w)) if action in BY_TRUST else given)
    assert (code, status) == DENIED
    # Of a role nothing is told, not even whether it is there (rule 15).
    told = "with an explicit deny in an identity-based policy" in message
    assert told == (action not in BY_TRUST), message
