"""What each IAM and STS action takes, as docs/iam-sts.md has it (made from the code), and how calls are made and judged.

The limits of a parameter are written down once, for all actions that have it: values just inside, which must pass, and
values just outside, each with the message that must come.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore import xform_name
from botocore.config import Config
from clients import REGION, Keys, refused, signed

PAGE = Path(__file__).parents[2] / "docs" / "iam-sts.md"
ROW = re.compile(r"^\| `(\w+)` \| (.*) \| (.*) \|$")


@dataclass(frozen=True)
class Action:
    """A row of the tables."""

    name: str
    required: tuple
    optional: tuple
    on: tuple  # the resources, such as `role/Path/RoleName`
    further: tuple  # actions that are needed too, with all parameters given
    of_caller: bool  # UserName may be left out and is the caller then

    @property
    def parameters(self):
        return self.required + self.optional


def documented(place):
    """The actions of the tables whose places begin so, by name."""
    found, inside = {}, False
    for line in PAGE.read_text().splitlines():
        if line.startswith("<!-- "):
            inside = line.startswith(f"<!-- actions of src/{place}")
        elif inside and (row := ROW.match(line)):
            name, parameters, on = row.groups()
            words = [] if parameters == "none" else parameters.split(", ")
            found[name] = Action(
                name,
                tuple(word for word in words if "?" not in word),
                tuple(word.split("?")[0] for word in words if "?" in word),
                tuple(re.findall(r"`([\w/*:-]+)`", on.split("; with")[0])),
                tuple(re.findall(r"with \w+ `([\w:]+)` too", on)),
                "(the caller)" in parameters,
            )
    return found


SESSION = boto3.session.Session()  # reads botocore's models once


def lenient(service, endpoint, keys):
    """A client that sends what it is given, right or wrong, once."""
    return SESSION.client(
        service,
        endpoint_url=endpoint,
        aws_access_key_id=keys.access,
        aws_secret_access_key=keys.secret,
        aws_session_token=keys.token,
        region_name=REGION,
        config=Config(retries={"max_attempts": 0}, parameter_validation=False),
    )


def session(endpoint, keys, arn, **more):
    """Temporary keys of the role."""
    sts = lenient("sts", endpoint, keys)
    return Keys.of(sts.assume_role(RoleArn=arn, RoleSessionName="Bob", **more)["Credentials"])


def call(client, action, parameters):
    """Makes the call; the answer without its metadata."""
    answer = getattr(client, xform_name(action))(**parameters)
    answer.pop("ResponseMetadata")
    return answer


def code_of(client, action, parameters):
    """The code of the refusal, or None."""
    try:
        call(client, action, parameters)
    except client.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None


def refusal(client, action, parameters):
    return refused(getattr(client, xform_name(action)), **parameters)


def send(endpoint, keys, service, body, headers=None, **options):
    """A signed form post of this body; its status, code and message."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | (headers or {})
    answer = signed("POST", endpoint, keys, body=body.encode(), headers=headers, service=service, **options)
    return read(answer)


def read(answer):
    parts = [re.search(f"<{name}>(.*?)</{name}>", answer.text, re.S) for name in ("Code", "Message")]
    code, message = (part.group(1) if part else "" for part in parts)
    return code, answer.status_code, message.replace("&apos;", "'").replace("&quot;", '"').replace("&amp;", "&")


# ---- the messages


def failed(field, constraint, value=""):
    value = f" '{value}'" if value != "" else ""
    return f"1 validation error detected: Value{value} at '{field}' failed to satisfy constraint: Member must {constraint}"


def null(field):
    return f"1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be null"


def short(field, least):
    return failed(field, f"have length greater than or equal to {least}")


def long(field, most):
    return failed(field, f"have length less than or equal to {most}")


def pattern(field, text):
    return failed(field, f"satisfy regular expression pattern: {text}")


# ---- the limits


@dataclass(frozen=True)
class Limits:
    """`outside`: (value, message) or (value, message, code), all 400 and ValidationError unless told otherwise."""

    inside: list
    outside: list


def text(field, least, most, alphabet, inside=(), outside=(), fill="x"):
    """A text by its length, and further values by its pattern."""
    limits = [(fill * (most + 1), long(field, most))]
    if least:
        limits.append((fill * (least - 1), short(field, least)))
    return Limits(
        [fill * max(least, 1), fill * most, *inside], limits + [(value, pattern(field, alphabet)) for value in outside]
    )


OF_STS = ("name", "roleSessionName", "sourceIdentity")  # names that STS words as patterns


def name(field, most, least=1, fill="x"):
    limits = text(field, least, most, "", [fill + "A+=,.@-_9"], fill=fill)
    message = f"The specified value for {field} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
    if field in OF_STS:
        message = pattern(field, r"[\w+=,.@-]*")
    return Limits(limits.inside, limits.outside + [(value, message) for value in ("a b", "a/b:*", "nämlich")])


def path(field):
    message = f"The specified value for {field} is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
    return Limits(
        ["/", "/a/", "/" + "x" * 510 + "/", "/!~/"],
        [("", short(field, 1)), ("/" + "x" * 511 + "/", long(field, 512))]
        + [(value, message) for value in ("x", "/a", "a/", "/a b/", "/ä/", "/\x7f/")],
    )


def number(field, least, most):
    return Limits(
        [least, most],
        [(least - 1, failed(field, f"have value greater than or equal to {least}", least - 1))]
        + [(-1, failed(field, f"have value greater than or equal to {least}", -1))]
        + [(value, failed(field, f"have value less than or equal to {most}", value)) for value in (most + 1, 10**12)]
        + [(value, failed(field, "be an integer")) for value in ("1.5", "")],
    )


def document(field, good):
    """Good text, and as long as it may be with white space, which does not count for quotas."""
    form = r"[\u0009\u000A\u000D\u0020-\u00FF]+"
    return Limits(
        [good, good + "\t\r\n" + " " * (131072 - 3 - len(good))],
        [("", short(field, 1)), (good + " " * (131073 - len(good)), long(field, 131072))]
        + [(value, pattern(field, form)) for value in (good + "\u0100", good + "\x0b")],
    )


def choice(field, *values, form=None):
    message = failed(field, f"satisfy enum value set: [{', '.join(values) if form is None else form}]")
    return Limits(list(values), [(value, message) for value in ("", "x", values[0].swapcase())])


def tags(duplicate, reserved, duplicates, reserveds):
    """Tags of entities or sessions; duplicate and reserved keys have codes and texts of their own."""
    key, value = "tags.member.key", "tags.member.value"
    form = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*"

    def one(key, value="v"):
        return [{"Key": key, "Value": value}]

    fifty = [{"Key": f"{at:03}", "Value": "v"} for at in range(50)]
    return Limits(
        [fifty, one("k" * 128, "v" * 256), one("Äé _.:/=+-@9", ""), one("k")],
        [
            (fifty + one("more"), long("tags", 50)),
            (one(""), short(key, 1)),
            (one("k" * 129), long(key, 128)),
            (one("k", "v" * 257), long(value, 256)),
            (one("k&"), pattern(key, form)),
            (one("k", "v\t"), pattern(value, form)),
            ([{"Value": "v"}], null(key)),
            ([{"Key": "k"}], null(value)),
            (one("Team") + one("tEAM"), duplicates, duplicate),
            (one("ÄA") + one("äa"), duplicates, duplicate),
            (one("aws:k"), reserveds, reserved),
            (one("AWS:k"), reserveds, reserved),
        ],
    )


def tag_keys(field):
    form = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*"
    return Limits(
        [["k" * 128], [f"{at:03}" for at in range(50)]],
        [
            ([f"{at:03}" for at in range(51)], long(field, 50)),
            ([""], short(field, 1)),
            (["k" * 129], long(field, 128)),
            (["k&"], pattern(field, form)),
        ],
    )


# ---- errors


def errors_of(names):
    """What is refused, by action: (what, code, status, function), and the decorator that adds a function to it."""
    cases = {name: [] for name in names}

    def error(what, code, status, *actions):
        def take(function):
            for action in actions:
                cases[action].append((what, code, status, function))
            return function

        return take

    return cases, error
