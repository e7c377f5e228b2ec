"""What the tests of single IAM actions have in common: an account of its own, and a user whose rights they set."""

from urllib.parse import urlencode

from actions import call, documented, lenient, send, session
from clients import Keys, allow, document, trust, unique
from gate import Gate

ACTIONS = {name: row for name, row in documented("iam/").items() if "OpenIDConnectProvider" not in name}
POLICY = document(allow("s3:GetObject", "arn:aws:s3:::b/*"))
OTHER_POLICY = document(allow("s3:*", "arn:aws:s3:::b/*"))
TRUST = trust("*")
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
TAGS = [{"Key": "team", "Value": "red"}, {"Key": "k" * 128, "Value": "v" * 256}]
NOUNS = ("Role", "User", "Group")
NOBODYS_KEY = "AKIAIOSFODNN7EXAMPLE"
MOST_OF_NAMES = {"Role": 64, "User": 64, "Group": 128, "Policy": 128}


class World:
    """A gate with an account, its root, and a user whose rights the tests set. Names and paths are as long as may be."""

    def __init__(self, gate: Gate):
        self.gate, self.endpoint = gate, gate.endpoint
        self.account = gate.json("account", "create", f"--account-name={unique('limits-')}")["id"]
        words = [f"--uid={unique('root-')}", f"--account-id={self.account}", "--account-root"]
        key = gate.json("user", "create", *words)["keys"][0]
        self.root_keys = Keys(key["access_key"], key["secret_key"])
        self.root = lenient("iam", self.endpoint, self.root_keys)
        self.path = f"/{unique('p')}/".ljust(511, "p") + "/"
        self.root.create_user(UserName="probe")
        self.probe_keys = self.key("probe")
        self.probe = lenient("iam", self.endpoint, self.probe_keys)
        self.boundary = self.policy()
        role = self.make("Role")
        self.root.put_role_policy(RoleName=role, PolicyName="P", PolicyDocument=document(allow("*", "*")))
        self.rights(allow("sts:*", "*"))
        assumed = session(self.endpoint, self.probe_keys, self.arn("Role", role))
        self.session = lenient("iam", self.endpoint, assumed)

    def rights(self, *statements):
        """What the probe may do from now on."""
        self.root.put_user_policy(UserName="probe", PolicyName="P", PolicyDocument=document(*statements))

    def name(self, noun):
        return unique("n").ljust(MOST_OF_NAMES[noun], "n")

    def arn(self, noun, name):
        return f"arn:aws:iam::{self.account}:{noun.lower()}{self.path}{name}"

    def make(self, noun, **more):
        """A role, user or group; its name."""
        name = self.name(noun)
        if noun == "Role":
            more = {"AssumeRolePolicyDocument": TRUST} | more
        call(self.root, f"Create{noun}", {f"{noun}Name": name, "Path": self.path, **more})
        return name

    def policy(self, versions=1, **more):
        """A managed policy; its ARN."""
        made = self.root.create_policy(PolicyName=self.name("Policy"), Path=self.path, PolicyDocument=POLICY, **more)
        for _ in range(versions - 1):
            self.root.create_policy_version(PolicyArn=made["Policy"]["Arn"], PolicyDocument=OTHER_POLICY)
        return made["Policy"]["Arn"]

    def key(self, user):
        made = self.root.create_access_key(UserName=user)["AccessKey"]
        return Keys(made["AccessKeyId"], made["SecretAccessKey"])

    def inline(self, noun, policy="P"):
        owner = self.make(noun)
        call(self.root, f"Put{noun}Policy", {f"{noun}Name": owner, "PolicyName": policy, "PolicyDocument": POLICY})
        return owner

    def attached(self, noun, policy=None):
        owner, policy = self.make(noun), policy or self.policy()
        call(self.root, f"Attach{noun}Policy", {f"{noun}Name": owner, "PolicyArn": policy})
        return owner, policy

    def read(self, action, **parameters):
        return call(self.root, action, parameters)


def made_raw(w, action, given, parameter, value):
    """Sends what botocore would put in order, such as a boolean that is none."""
    model = w.root.meta.service_model.operation_model(action)
    body = w.root._serializer.serialize_to_request(given, model)["body"] | {parameter: value}
    code, status, message = send(w.endpoint, w.root_keys, "iam", urlencode(body))
    return (code or None), status, message
