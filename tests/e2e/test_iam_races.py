"""Lost races of every writing IAM action through boto3: two gates on one Redis, one of them always overtaken.

The gate that is called has its Redis behind an Overtaker: just before a commit of it arrives, the other gate changes
a record that the call has read (overtaker.py, iam_rivals.py). Proven for each action, and for each record that it
reads or writes: overtaken every time, it is refused with ConcurrentModification, 409, and nothing in the store is
other than before, but for what the rivals did; overtaken once, it is done, and what the rival did stays. The same holds
of the caller's own record; rights that end before the commit give nothing (rule 17): the call is decided anew, and denied.

AWS's model lists the error for 18 of these 50 actions; the other 32 answer with it too, and boto3 has its one exception
class for it whatever the action. DeleteLoginProfile writes nothing: there are no passwords.
"""

import time
from types import SimpleNamespace

import pytest
from actions import call, code_of, documented, lenient, session
from clients import allow, document, refused, unique
from iam_rivals import CALLER, PATHS, RACES, WRITING, Race
from iam_world import POLICY, World
from overtaker import Overtaker, records

ALL = document(allow("*", "*"))
CASES = [(action, race) for action, races in RACES.items() for race in races]
IDS = [f"{action}-{race.what}" for action, race in CASES]
REMOVED = {"the role", "the user", "the group", "the policy", "the provider"}


@pytest.fixture(scope="module")
def w(gate):
    """The world is the other gate's; `caller` calls the one that is overtaken."""
    rival = gate(store="redis", testers=False)
    between = Overtaker(rival.redis.port)
    overtaken = gate(store="redis", join=rival, store_url=f"redis://127.0.0.1:{between.port}")
    world = World(rival)
    world.between, world.overtaken = between, overtaken
    world.root.create_user(UserName="caller")
    world.root.put_user_policy(UserName="caller", PolicyName="P", PolicyDocument=ALL)
    world.caller = lenient("iam", overtaken.endpoint, world.key("caller"))
    world.caller.list_users()
    yield world
    between.stop()


def overtaken(w, race, given, times=None):
    """A rival that keeps book: how often it came, and to what the commit names; what it changed; what stays."""
    made = race.prepare(w, given)
    seen = SimpleNamespace(times=0, hits=0, changed={}, still=[])

    def rival(keys):
        if seen.times == times:
            return
        before = records(w.gate.redis.port)
        seen.still = [race.rival(w, given, made, seen.times)]
        after = records(w.gate.redis.port)
        changed = {key for key in before | after if before.get(key) != after.get(key)}
        seen.changed |= {key: after.get(key) for key in changed}
        seen.times, seen.hits = seen.times + 1, seen.hits + bool(keys & changed)

    return seen, rival


def assert_refused(w, race, action, given, error, caller=None, times=None):
    """Refused so, and nothing was done. Returns message, and the number of times that the call was overtaken."""
    seen, rival = overtaken(w, race, given, times)
    before, iam = records(w.gate.redis.port), caller or w.caller
    with w.between.armed(rival, race.needle):
        code, status, message = refused(lambda: call(iam, action, given))
    assert (code, status) == error, message
    assert seen.hits, "what was changed had no part in the commit"
    wanted = {key: value for key, value in (before | seen.changed).items() if value is not None}
    left = records(w.gate.redis.port)
    assert {key for key in wanted | left if wanted.get(key) != left.get(key)} == set(), "something was done"
    return message, seen.times


def try_again(w, action, given):
    """As clients do; a gate hears within 100 ms of what another one changed."""
    deadline = time.monotonic() + 5
    while True:
        try:
            return call(w.caller, action, given)
        except w.caller.exceptions.ConcurrentModificationException:
            assert time.monotonic() < deadline, "still refused after 5 s"
            time.sleep(0.02)


@pytest.mark.parametrize("action, race", CASES, ids=IDS)
def test_overtaken_every_time(w, action, race):
    path = PATHS[action](w)
    given = next(path)
    message, times = assert_refused(w, race, action, given, ("ConcurrentModification", 409))
    assert "try again" in message.lower() and times >= 10, message
    with pytest.raises(StopIteration):
        path.send(try_again(w, action, given))


@pytest.mark.parametrize("action, race", CASES, ids=IDS)
def test_overtaken_once(w, action, race):
    path = PATHS[action](w)
    given = next(path)
    seen, rival = overtaken(w, race, given, times=1)
    with w.between.armed(rival, race.needle):
        answer = call(w.caller, action, given)
    assert (seen.times, seen.hits) == (1, 1)
    with pytest.raises(StopIteration):
        path.send(answer)
    if not (action.startswith("Delete") and action in REMOVES and race.what in REMOVED):
        assert seen.still[0](), "what the rival did is lost"


REMOVES = {f"Delete{noun}" for noun in ("Role", "User", "Group", "Policy", "OpenIDConnectProvider")}


def test_it_has_its_own_exception_class(w):
    race = RACES["TagRole"][0]
    given = next(PATHS["TagRole"](w))
    _, rival = overtaken(w, race, given)
    with w.between.armed(rival, race.needle), pytest.raises(w.caller.exceptions.ConcurrentModificationException):
        call(w.caller, "TagRole", given)


# ---- rights that end while the call is on its way


def by_inline_policy(w, user):
    w.root.put_user_policy(UserName=user, PolicyName="P", PolicyDocument=ALL)
    return lambda: w.root.delete_user_policy(UserName=user, PolicyName="P")


def by_attached_policy(w, user):
    arn = wide(w)
    w.root.attach_user_policy(UserName=user, PolicyArn=arn)
    return lambda: w.root.detach_user_policy(UserName=user, PolicyArn=arn)


def by_version(w, user):
    arn = wide(w)
    w.root.attach_user_policy(UserName=user, PolicyArn=arn)
    return lambda: w.root.create_policy_version(PolicyArn=arn, PolicyDocument=POLICY, SetAsDefault=True)


def by_boundary(w, user):
    arn = wide(w)
    w.root.put_user_policy(UserName=user, PolicyName="P", PolicyDocument=ALL)
    w.root.put_user_permissions_boundary(UserName=user, PermissionsBoundary=arn)
    return lambda: w.root.create_policy_version(PolicyArn=arn, PolicyDocument=POLICY, SetAsDefault=True)


def by_membership(w, user):
    group = w.make("Group")
    w.root.put_group_policy(GroupName=group, PolicyName="P", PolicyDocument=ALL)
    w.root.add_user_to_group(GroupName=group, UserName=user)
    return lambda: w.root.remove_user_from_group(GroupName=group, UserName=user)


def by_group(w, user):
    group = w.make("Group")
    w.root.put_group_policy(GroupName=group, PolicyName="P", PolicyDocument=ALL)
    w.root.add_user_to_group(GroupName=group, UserName=user)
    return lambda: w.root.delete_group_policy(GroupName=group, PolicyName="P")


def by_policy_of_group(w, user):
    group, arn = w.attached("Group", wide(w))
    w.root.add_user_to_group(GroupName=group, UserName=user)
    return lambda: w.root.detach_group_policy(GroupName=group, PolicyArn=arn)


def by_role(w, user):
    role = w.make("Role")
    w.root.put_role_policy(RoleName=role, PolicyName="P", PolicyDocument=ALL)
    w.root.put_user_policy(UserName=user, PolicyName="P", PolicyDocument=document(allow("sts:AssumeRole", "*")))
    w.assumed = w.arn("Role", role)
    return lambda: w.root.delete_role_policy(RoleName=role, PolicyName="P")


def wide(w):
    name = w.name("Policy")
    return w.root.create_policy(PolicyName=name, PolicyDocument=ALL)["Policy"]["Arn"]


RIGHTS = [by_inline_policy, by_attached_policy, by_version, by_boundary, by_membership, by_group]
RIGHTS += [by_policy_of_group, by_role]


@pytest.mark.parametrize("action", ["CreateGroup", "PutRolePolicy", "AttachUserPolicy", "DeletePolicy"])
@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: right.__name__)
def test_rule_17_rights_that_end_before_the_commit_give_nothing(w, right, action):
    user = w.make("User")
    end, keys = right(w, user), w.key(user)
    if right is by_role:
        keys = session(w.gate.endpoint, keys, w.assumed)
    iam = lenient("iam", w.overtaken.endpoint, keys)
    iam.list_users(MaxItems=1)  # known to the gate, with its rights
    given = next(PATHS[action](w))
    race = Race("rights", lambda *_: end())
    _, times = assert_refused(w, race, action, given, ("AccessDenied", 403), caller=iam, times=1)
    assert times == 1


# ---- where a race has another end


def test_names_that_are_taken_meanwhile_exist(w):
    """No race is lost then: the answer is what a client would have got a moment later."""
    for noun in ("Role", "User", "Group"):
        given = next(PATHS[f"Create{noun}"](w))
        race = Race("the name", lambda *_, noun=noun, given=given: call(w.root, f"Create{noun}", given))
        _, rival = overtaken(w, race, given, times=1)
        with w.between.armed(rival):
            code, status, _ = refused(lambda: call(w.caller, f"Create{noun}", given))
        assert (code, status) == ("EntityAlreadyExists", 409)
    for noun in ("User", "Group"):
        name, new = w.make(noun), w.name(noun)
        race = Race("the name", lambda *_, noun=noun, new=new: call(w.root, f"Create{noun}", {f"{noun}Name": new}))
        _, rival = overtaken(w, race, {}, times=1)
        with w.between.armed(rival):
            code = code_of(w.caller, f"Update{noun}", {f"{noun}Name": name, f"New{noun}Name": new})
        assert code == "EntityAlreadyExists"
        assert w.read(f"Get{noun}", **{f"{noun}Name": name})[noun]["Arn"] == w.arn(noun, name)


def test_what_is_removed_meanwhile_is_not_there(w):
    """Nor is it made anew by a call that had seen it."""
    of_users = [("UpdateUser", "User"), ("CreateAccessKey", "User")]
    for action, noun in [("TagRole", "Role"), ("PutGroupPolicy", "Group"), *of_users]:
        given = next(PATHS[action](w))
        name = {f"{noun}Name": given[f"{noun}Name"]}
        race = Race("it", lambda *_, noun=noun, name=name: call(w.root, f"Delete{noun}", name))
        _, rival = overtaken(w, race, given, times=1)
        with w.between.armed(rival):
            assert code_of(w.caller, action, given) == "NoSuchEntity"
        assert code_of(w.root, f"Get{noun}", name) == "NoSuchEntity"


def test_rule_01_the_last_place_is_given_once(w):
    """A third key, an eleventh group: overtaken by one that took the place."""
    user = w.make("User")
    w.key(user)
    race = Race("the place", lambda *_: w.key(user))
    _, rival = overtaken(w, race, {}, times=1)
    with w.between.armed(rival):
        assert code_of(w.caller, "CreateAccessKey", {"UserName": user}) == "LimitExceeded"
    assert len(w.read("ListAccessKeys", UserName=user)["AccessKeyMetadata"]) == 2
    for _ in range(9):
        w.root.add_user_to_group(GroupName=w.make("Group"), UserName=user)
    last, mine = w.make("Group"), w.make("Group")
    race = Race("the place", lambda *_: w.root.add_user_to_group(GroupName=last, UserName=user))
    _, rival = overtaken(w, race, {}, times=1)
    with w.between.armed(rival):
        assert code_of(w.caller, "AddUserToGroup", {"GroupName": mine, "UserName": user}) == "LimitExceeded"
    assert w.read("GetGroup", GroupName=mine)["Users"] == []
    assert last in [one["GroupName"] for one in w.read("ListGroupsForUser", UserName=user)["Groups"]]


def test_a_refused_renaming_leaves_the_users_keys_working(w):
    """Keys lead to both names while a user is renamed: a call that is given up leaves them so, which nobody sees."""
    user, new = w.make("User"), w.name("User")
    w.root.put_user_policy(UserName=user, PolicyName="P", PolicyDocument=ALL)
    keys = w.key(user)
    others = [lenient("sts", one.endpoint, keys) for one in (w.gate, w.overtaken)]

    def rival(_):
        w.root.tag_user(UserName=user, Tags=[{"Key": "rival", "Value": unique("v")}])

    given = {"UserName": user, "NewUserName": new}
    with w.between.armed(rival, f":user:{user}".lower().encode()):
        assert code_of(w.caller, "UpdateUser", given) == "ConcurrentModification"
    # Whoever takes the name that was not taken does not come by the key.
    w.root.create_user(UserName=new)
    for sts in others:
        assert sts.get_caller_identity()["Arn"] == w.arn("User", user)
    assert w.read("ListAccessKeys", UserName=new)["AccessKeyMetadata"] == []
    w.root.delete_user(UserName=new)
    call(w.caller, "UpdateUser", given)
    for sts in others:
        assert sts.get_caller_identity()["Arn"].endswith(f"/{new}")


# ---- nothing is left out


def test_every_action_that_writes_has_its_races(w):
    model = w.root.meta.service_model

    def listed(action):
        shapes = model.operation_model(action).error_shapes
        return any(shape.metadata.get("error", {}).get("code") == "ConcurrentModification" for shape in shapes)

    assert set(RACES) == set(WRITING) <= set(PATHS)
    assert {action for action, races in RACES.items() if races == [CALLER]} == READ_THE_CALLER_ALONE
    of_model = {name for name in model.operation_names if listed(name)}
    assert {action for action in documented("iam/") if action in of_model} <= set(RACES)
    assert (len(of_model & set(WRITING)), len(WRITING)) == (18, 50), "say so in the header"


READ_THE_CALLER_ALONE = {"CreateGroup", "CreatePolicy", "CreateOpenIDConnectProvider"}


def test_nobody_is_refused_for_nothing(w):
    """A call through the same pipe, whose one commit is seen, with nobody to overtake it."""
    seen = []
    with w.between.armed(seen.append):
        w.caller.create_group(GroupName=unique("alone"))
    assert len(seen) == 1
