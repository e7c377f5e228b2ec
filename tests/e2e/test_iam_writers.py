"""Many writers at once through two gates on one Redis: what was confirmed is there in the end, and nothing else.

Proven, for users, groups, memberships, attachments, access keys and versions of policies: a call is done, or refused
with ConcurrentModification or what is true of the moment (NoSuchEntity, EntityAlreadyExists, LimitExceeded,
DeleteConflict); in the end both gates show what the confirmed calls come to; both sides of a relation agree, through
renamings too; no quota was passed at any moment; no record is left of what was refused.
"""

import itertools
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from actions import call, lenient
from clients import Keys, unique
from iam_world import NOUNS, OTHER_POLICY, TRUST, World
from overtaker import Overtaker, records

WRITERS, EACH = 8, 25
# Seconds by which each commit of the second gate comes late, so that the first one's overtake it.
HELD_UP = 0.004
LOST = "ConcurrentModification"


@pytest.fixture(scope="module")
def w(gate):
    first = gate(store="redis", testers=False)
    between = Overtaker(first.redis.port)
    second = gate(store="redis", join=first, store_url=f"redis://127.0.0.1:{between.port}")
    world = World(first)
    world.between = between
    world.both = [world.root, lenient("iam", second.endpoint, world.root_keys)]
    world.endpoints = [first.endpoint, second.endpoint]
    yield world
    between.stop()


def at_once(w, write, writers=WRITERS):
    """`write(iam, number)` by each writer at once, every second one through the second gate; what they return."""
    start = threading.Barrier(writers)

    def begin(number):
        start.wait()
        return write(w.both[number % 2], number)

    with ThreadPoolExecutor(writers) as pool, w.between.armed(lambda _: time.sleep(HELD_UP)):
        return list(pool.map(begin, range(writers)))


def attempt(iam, action, parameters, *honest):
    """The answer, or None if it was refused, as it may be."""
    try:
        return call(iam, action, parameters)
    except iam.exceptions.ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert code in (LOST, *honest) and status == (404 if code == "NoSuchEntity" else 409), error
        return None


def assert_sides_agree(w, users, groups):
    """The memberships, as (user, group), which both gates show from both sides."""
    shown = set()
    for iam in w.both:
        of_groups = {(one["UserName"], group) for group in groups for one in iam.get_group(GroupName=group)["Users"]}
        of_users = {
            (user, one["GroupName"]) for user in users for one in iam.list_groups_for_user(UserName=user)["Groups"]
        }
        assert of_groups == of_users
        shown.add(frozenset(of_groups))
    (memberships,) = shown
    return memberships


def test_rule_17_memberships(w):
    """Each pair has one writer, so that its last confirmed call says what must be; all write the same records."""
    users, groups = [w.make("User") for _ in range(4)], [w.make("Group") for _ in range(4)]
    pairs = list(itertools.product(users, groups))

    def write(iam, number):
        choose, there = random.Random(number), {}
        for _ in range(EACH):
            user, group = pair = choose.choice(pairs[number::WRITERS])
            action = choose.choice(["AddUserToGroup", "RemoveUserFromGroup"])
            if attempt(iam, action, {"UserName": user, "GroupName": group}) is not None:
                there[pair] = action == "AddUserToGroup"
        return there

    confirmed = {pair: there for writer in at_once(w, write) for pair, there in writer.items()}
    assert len(confirmed) >= len(pairs) // 2, "most were refused"
    assert assert_sides_agree(w, users, groups) == {pair for pair, there in confirmed.items() if there}


def test_rule_17_memberships_of_the_same_pair(w):
    user, group = w.make("User"), w.make("Group")

    def write(iam, number):
        action = ["AddUserToGroup", "RemoveUserFromGroup"][number // 2 % 2]
        return [attempt(iam, action, {"UserName": user, "GroupName": group}) for _ in range(EACH)]

    assert any(answer is not None for writer in at_once(w, write) for answer in writer)
    assert assert_sides_agree(w, [user], [group]) <= {(user, group)}


def test_rule_17_memberships_follow_renamings(w):
    """Both user and group go to and fro between two names while members come and go."""
    users, groups = [w.make("User"), w.name("User")], [w.make("Group"), w.name("Group")]
    names = {"User": users, "Group": groups}

    def write(iam, number):
        choose = random.Random(number)
        for at in range(EACH):
            if number < 2:
                noun = ["User", "Group"][number]
                old, new = names[noun][at % 2], names[noun][1 - at % 2]
                given = {f"{noun}Name": old, f"New{noun}Name": new}
                attempt(iam, f"Update{noun}", given, "NoSuchEntity", "EntityAlreadyExists")
            else:
                given = {"UserName": choose.choice(users), "GroupName": choose.choice(groups)}
                attempt(iam, choose.choice(["AddUserToGroup", "RemoveUserFromGroup"]), given, "NoSuchEntity")

    at_once(w, write)
    there = {noun: [name for name in names[noun] if exists(w, noun, name)] for noun in names}
    assert [len(found) for found in there.values()] == [1, 1]
    assert len(assert_sides_agree(w, there["User"], there["Group"])) <= 1


def exists(w, noun, name):
    """Both gates say the same."""
    (answer,) = {attempt(iam, f"Get{noun}", {f"{noun}Name": name}, "NoSuchEntity") is not None for iam in w.both}
    return answer


@pytest.mark.parametrize("noun", ["User", "Group", "Role"])
def test_rule_17_making_and_removing_the_same_names(w, noun):
    """Of each name there is one at most: as many were made as removed, or one more."""
    names = [w.name(noun) for _ in range(2)]
    more = {"AssumeRolePolicyDocument": TRUST} if noun == "Role" else {}

    def write(iam, number):
        choose, done = random.Random(number), Counter()
        for _ in range(EACH):
            name = choose.choice(names)
            if choose.random() < 0.5:
                answer = attempt(iam, f"Create{noun}", {f"{noun}Name": name} | more, "EntityAlreadyExists")
                done[name] += answer is not None
            else:
                answer = attempt(iam, f"Delete{noun}", {f"{noun}Name": name}, "NoSuchEntity", "DeleteConflict")
                done[name] -= answer is not None
        return done

    sums = Counter()
    for writer in at_once(w, write):
        sums.update(writer)
    assert {name: sums[name] for name in names} == {name: int(exists(w, noun, name)) for name in names}


def test_rule_17_attachments(w):
    """Each (entity, policy) has one writer, so that its last confirmed call says what must be."""
    owners = [(noun, w.make(noun)) for noun in ("User", "Group", "Role", "User")]
    policies = [w.policy() for _ in range(4)]
    pairs = list(itertools.product(owners, policies))

    def write(iam, number):
        choose, there = random.Random(number), {}
        for _ in range(EACH):
            (noun, name), policy = pair = choose.choice(pairs[number::WRITERS])
            does = choose.choice(["Attach", "Detach"])
            honest = ["NoSuchEntity"] if does == "Detach" and not there.get(pair) else []
            if attempt(iam, f"{does}{noun}Policy", {f"{noun}Name": name, "PolicyArn": policy}, *honest) is not None:
                there[pair] = does == "Attach"
        return there

    confirmed = {pair: there for writer in at_once(w, write) for pair, there in writer.items()}
    assert confirmed
    wanted = {pair for pair, there in confirmed.items() if there}
    for iam in w.both:
        of_owners = {
            ((noun, name), one["PolicyArn"])
            for noun, name in owners
            for one in call(iam, f"ListAttached{noun}Policies", {f"{noun}Name": name})["AttachedPolicies"]
        }
        of_policies = set()
        for policy in policies:
            uses = iam.list_entities_for_policy(PolicyArn=policy)
            used = {((noun, one[f"{noun}Name"]), policy) for noun in NOUNS for one in uses[f"Policy{noun}s"]}
            assert iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"] == len(used)
            of_policies |= used
        assert of_owners == of_policies == wanted


def test_rule_17_a_policy_is_removed_or_attached(w):
    """Never both: an entity that refers to a policy that is not there would be refused everything."""
    for _ in range(5):
        users, arn = [w.make("User") for _ in range(3)], w.policy()

        def write(iam, number, users=users, arn=arn):
            if number == 3:
                return attempt(iam, "DeletePolicy", {"PolicyArn": arn}, "DeleteConflict")
            return attempt(iam, "AttachUserPolicy", {"UserName": users[number], "PolicyArn": arn}, "NoSuchEntity")

        *attached, deleted = [answer is not None for answer in at_once(w, write, writers=4)]
        assert deleted + any(attached) == 1 or not any([deleted, *attached])
        for user, there in zip(users, attached, strict=True):
            listed = w.read("ListAttachedUserPolicies", UserName=user)["AttachedPolicies"]
            assert [one["PolicyArn"] for one in listed] == [arn] * there


def test_rule_17_access_keys(w):
    """Never more than two, at any moment; what is listed works, what is not is nothing, not even in the store."""
    user, ended = w.make("User"), threading.Event()
    before = keys_in_store(w)

    def look():
        most = 0
        while not ended.is_set():
            for iam in w.both:
                most = max(most, len(iam.list_access_keys(UserName=user)["AccessKeyMetadata"]))
        return most

    def write(iam, number):
        choose, made, removed = random.Random(number), {}, set()
        for _ in range(EACH):
            mine = sorted(set(made) - removed)
            if mine and choose.random() < 0.6:
                given = {"UserName": user, "AccessKeyId": choose.choice(mine)}
                if attempt(iam, "DeleteAccessKey", given) is not None:
                    removed.add(given["AccessKeyId"])
            elif answer := attempt(iam, "CreateAccessKey", {"UserName": user}, "LimitExceeded"):
                made[answer["AccessKey"]["AccessKeyId"]] = answer["AccessKey"]["SecretAccessKey"]
        return made, removed

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            done = at_once(w, write)
        finally:
            ended.set()
        assert looking.result(60) <= 2
    made = {id: secret for made, _ in done for id, secret in made.items()}
    removed = set().union(*(removed for _, removed in done))
    assert len(made) > 2 and removed
    for iam, endpoint in zip(w.both, w.endpoints, strict=True):
        listed = {key["AccessKeyId"] for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]}
        assert listed == set(made) - removed and len(listed) <= 2
        gone = sorted(removed)[:3]  # more unknown keys than a few are throttled (rule 28)
        for id, secret in ((id, made[id]) for id in [*listed, *gone]):
            sts = lenient("sts", endpoint, Keys(id, secret))
            if id in listed:
                assert sts.get_caller_identity()["Arn"] == w.arn("User", user)
            else:
                with pytest.raises(sts.exceptions.ClientError) as error:
                    sts.get_caller_identity()
                assert error.value.response["Error"]["Code"] == "InvalidClientTokenId"
    assert keys_in_store(w) - before == {f"rolegate:{{g}}:access-key:{id}".encode() for id in listed}


def keys_in_store(w):
    return {key for key in records(w.gate.redis.port) if b":access-key:" in key}


def test_rule_17_versions_of_a_policy(w):
    """Five at most; a number is given once; one version is the default."""
    arn = w.policy()

    def write(iam, number):
        choose, made, removed = random.Random(number), [], set()
        for _ in range(EACH):
            mine = sorted(set(made) - removed)
            if mine and choose.random() < 0.6:
                given = {"PolicyArn": arn, "VersionId": choose.choice(mine)}
                if attempt(iam, "DeletePolicyVersion", given) is not None:
                    removed.add(given["VersionId"])
            else:
                given = {"PolicyArn": arn, "PolicyDocument": OTHER_POLICY}
                if answer := attempt(iam, "CreatePolicyVersion", given, "LimitExceeded"):
                    made.append(answer["PolicyVersion"]["VersionId"])
        return made, removed

    done = at_once(w, write)
    made = [version for made, _ in done for version in made]
    removed = set().union(*(removed for _, removed in done))
    assert len(made) == len(set(made)) > 4 and "v1" not in made
    for iam in w.both:
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        assert {one["VersionId"] for one in versions} == {"v1", *made} - removed and len(versions) <= 5
        assert [one["VersionId"] for one in versions if one["IsDefaultVersion"]] == ["v1"]


def test_rule_17_tags_and_policies_of_one_user(w):
    """Several kinds of changes of one record: none undoes another's."""
    user = w.make("User")

    def write(iam, number):
        done = set()
        for at in range(EACH):
            if number % 4 < 2:
                given, action = {"Tags": [{"Key": f"{number}-{at}", "Value": unique("v")}]}, "TagUser"
            else:
                given, action = {"PolicyName": f"{number}-{at}", "PolicyDocument": SHORT}, "PutUserPolicy"
            if attempt(iam, action, {"UserName": user} | given, "LimitExceeded") is not None:
                done.add(f"{number}-{at}")
        return done

    confirmed = set().union(*at_once(w, write))
    for iam in w.both:
        tags = {tag["Key"] for tag in iam.list_user_tags(UserName=user)["Tags"]}
        policies = set(iam.list_user_policies(UserName=user)["PolicyNames"])
        assert tags | policies == confirmed


SHORT = '{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}'
