"""Nothing is left out of the tests of single IAM actions: a new action, parameter or error without its tests fails.

Proven, for each row of the tables in docs/iam-sts.md: it has its good path and denial (test_iam_good_paths.py), and
limits of all its parameters (test_iam_limits.py); each error that botocore's model lists for it comes in
test_iam_errors_by_action.py, test_iam_quotas.py (an account's quotas) or test_iam_races.py (ConcurrentModification),
unless it cannot here (`UNREACHABLE` says why). Providers are in test_iam_providers.py, their races in test_iam_races.py.
"""

import pytest
from iam_good import GOOD
from iam_rivals import RACES
from iam_world import ACTIONS, World
from test_iam_errors_by_action import ERRORS
from test_iam_limits import LIMITS
from test_iam_quotas import QUOTAS


@pytest.fixture(scope="module")
def w(gate):
    return World(gate(testers=False))


# What AWS lists for an action and cannot come here.
UNREACHABLE = {
    "ServiceFailure": "the store is there",
    "UnmodifiableEntity": "there are no service-linked roles",
    "EntityTemporarilyUnmodifiable": "a user can be changed at once",
    "PolicyNotAttachable": "every policy can be attached",
    "NotSupportedService": "ServiceName is not read",
    "PolicyEvaluation": "an evaluation does not fail",
}
# Limits that only grow by making things: these take away, or change in place.
TAKES_AWAY = ("Delete", "Detach", "Remove", "Update", "SetDefault")
EXCEPTED = {
    ("CreateGroup", "NoSuchEntity"): "it names nothing else",
    ("UpdateAccessKey", "InvalidInput"): "a wrong Status is a ValidationError here",
}


def is_unreachable(action, code):
    takes_away = code == "LimitExceeded" and action.startswith(TAKES_AWAY) and action != "UpdateAssumeRolePolicy"
    # A wrong PathPrefix, the only one of these calls' other parameters, is a ValidationError.
    listing = code == "InvalidInput" and action.startswith("ListAttached")
    return code in UNREACHABLE or (action, code) in EXCEPTED or takes_away or listing


def test_every_action_parameter_and_error_is_covered(w):
    assert set(GOOD) == set(ACTIONS), "good path and denial: those of GOOD"
    parameters = {parameter for row in ACTIONS.values() for parameter in row.parameters}
    assert set(LIMITS) == parameters, "a new parameter needs its limits"
    model = w.root.meta.service_model
    for action in ACTIONS:
        listed = {shape.metadata.get("error", {}).get("code", shape.name) for shape in model.operation_model(action).error_shapes}
        found = {code for _, code, _, _ in ERRORS[action]}
        found |= {code for name in ACTIONS[action].parameters for _, _, *more in LIMITS[name].outside for code in more}
        found |= {"LimitExceeded"} if action in QUOTAS else set()
        found |= {"ConcurrentModification"} if RACES.get(action) else set()
        left_out = {code for code in listed - found if not is_unreachable(action, code)}
        assert not left_out, f"{action}: {left_out}"
    assert {action for action, code in EXCEPTED if code in {c for _, c, _, _ in ERRORS[action]}} == set()


PAGED = {"Marker", "MaxItems"}
NOT_SERVED = {
    # There is nothing to page through, or to choose from.
    "ListInstanceProfilesForRole": PAGED,
    "ListInstanceProfiles": PAGED | {"PathPrefix"},
    "ListMFADevices": PAGED,
    "ListSigningCertificates": PAGED,
    "ListSSHPublicKeys": PAGED,
    "ListServiceSpecificCredentials": PAGED | {"ServiceName", "AllUsers"},
    "ListVirtualMFADevices": PAGED | {"AssignmentStatus"},
    "ListAccountAliases": PAGED,
    # Refused, not overlooked.
    "SimulateCustomPolicy": {"OrderedOrganizationPolicyInputList"},
    "SimulatePrincipalPolicy": {"PolicyExclusionList"},
}


def test_every_parameter_of_awss_model_is_served_or_said_not_to_be(w):
    """What botocore can send and the tables do not have, in full."""
    model, found = w.root.meta.service_model, {}
    for action, row in ACTIONS.items():
        shape = model.operation_model(action).input_shape
        left_out = set(shape.members if shape else ()) - set(row.parameters)
        if left_out:
            found[action] = left_out
        assert set(row.parameters) <= set(shape.members if shape else ()), f"{action} has what AWS has not"
        required = set(shape.required_members if shape else ())
        # Without UserName nothing else tells whose key it is, and for MFA devices AWS asks for it: here it is the caller.
        assert required - set(row.required) <= {"UserName"}, action
    assert found == NOT_SERVED
