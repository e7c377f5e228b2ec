"""Simulation through boto3, and the commands on policies.

Proven: a simulation says what really happens, and shows statements, places, keys and the boundary; it is bounded (rule
28); the commands make, change, attach, validate and simulate policies, and explain a logged request.
"""

import json

from botocore.exceptions import ClientError
from clients import S3_ALL, allow, assume, client, deny, document, refused, trust, unique
from policy_scene import USER, account_role, policy, reader, served  # noqa: F401
from servers import poll


# ---- simulation


def simulated(iam, source, action, resource, **more):
    found = iam.simulate_principal_policy(
        PolicySourceArn=source, ActionNames=[action], ResourceArns=[resource], **more
    )["EvaluationResults"]
    assert len(found) == 1 and found[0]["ResourceSpecificResults"][0]["EvalResourceName"] == resource
    return found[0]


def test_simulation_says_what_really_happens(served, reader):
    iam, bucket = served.iam, served.bucket
    within = f"arn:aws:s3:::{bucket}"
    boundary = iam.create_policy(
        PolicyName=unique("boundary"),
        PolicyDocument=document(allow(["s3:Get*", "s3:List*", "s3:PutObject"], "*"), allow("iam:*", "*")),
    )["Policy"]["Arn"]
    managed = iam.create_policy(
        PolicyName=unique("Managed"),
        PolicyDocument=document(
            allow("s3:*", [within, f"{within}/*"]),
            deny("s3:*", f"{within}/secret/*"),
            allow("iam:GetRole", "arn:aws:iam:::role/${aws:PrincipalTag/friend}"),
        ),
    )["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName=reader.name, PermissionsBoundary=boundary)
    iam.attach_role_policy(RoleName=reader.name, PolicyArn=managed)
    iam.tag_role(RoleName=reader.name, Tags=[{"Key": "friend", "Value": reader.name}])
    listing = document(
        allow("s3:ListBucket", within, Condition={"StringLike": {"s3:prefix": "open/*"}}),
        allow("s3:ListAllMyBuckets", "*"),
    )
    iam.put_role_policy(RoleName=reader.name, PolicyName="Listing", PolicyDocument=listing)
    for key in ("open/k", "secret/k"):
        served.s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    keys = assume(served.endpoint, USER, reader.arn)
    s3, own = client("s3", served.endpoint, keys), client("iam", served.endpoint, keys)
    other, _ = account_role(served.gate, None)
    for call, parameters, action, resource in [
        (s3.get_object, {"Bucket": bucket, "Key": "open/k"}, "s3:GetObject", f"{within}/open/k"),
        (s3.get_object, {"Bucket": bucket, "Key": "secret/k"}, "s3:GetObject", f"{within}/secret/k"),
        (s3.put_object, {"Bucket": bucket, "Key": "new"}, "s3:PutObject", f"{within}/new"),
        (s3.put_object, {"Bucket": bucket, "Key": "secret/new"}, "s3:PutObject", f"{within}/secret/new"),
        (s3.delete_object, {"Bucket": bucket, "Key": "open/k"}, "s3:DeleteObject", f"{within}/open/k"),
        (s3.list_objects_v2, {"Bucket": bucket}, "s3:ListBucket", within),
        (s3.delete_bucket, {"Bucket": bucket}, "s3:DeleteBucket", within),
        (s3.list_buckets, {}, "s3:ListAllMyBuckets", "arn:aws:s3:::*"),
        (s3.create_bucket, {"Bucket": "another-" + bucket}, "s3:CreateBucket", "arn:aws:s3:::another-" + bucket),
        (own.get_role, {"RoleName": reader.name}, "iam:GetRole", reader.arn),
        (own.get_role, {"RoleName": other}, "iam:GetRole", f"arn:aws:iam:::role/{other}"),
        (own.list_roles, {}, "iam:ListRoles", "arn:aws:iam:::role/"),
        (own.delete_role, {"RoleName": reader.name}, "iam:DeleteRole", reader.arn),
    ]:
        try:
            call(**parameters)
            happened = "allowed"
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDenied", (action, resource, error)
            happened = "explicitDeny" if "explicit deny" in str(error) else "implicitDeny"
        assert simulated(iam, reader.arn, action, resource)["EvalDecision"] == happened, (action, resource)


def test_simulation_shows_statements_places_keys_and_boundary(served, policy, reader):
    iam = served.iam
    iam.attach_role_policy(RoleName=reader.name, PolicyArn=policy)
    found = simulated(iam, reader.arn, "s3:GetObject", "arn:aws:s3:::b/k")
    matched = found["MatchedStatements"]
    assert [one["SourcePolicyId"] for one in matched] == [policy.rsplit("/", 1)[1]]
    assert matched[0]["StartPosition"]["Line"] == 1 and matched[0]["EndPosition"]["Column"] > 20
    narrow = document(allow("s3:PutObject", "*"))
    found = simulated(
        iam, reader.arn, "s3:GetObject", "arn:aws:s3:::b/k", PermissionsBoundaryPolicyInputList=[narrow]
    )
    assert found["EvalDecision"] == "implicitDeny"
    assert found["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    limited = document(allow("s3:GetObject", "*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))
    custom = {"PolicyInputList": [limited], "ActionNames": ["s3:GetObject"]}
    missing = iam.simulate_custom_policy(**custom)["EvaluationResults"][0]
    assert (missing["EvalDecision"], missing["MissingContextValues"]) == ("implicitDeny", ["aws:SourceIp"])
    entry = {"ContextKeyName": "aws:SourceIp", "ContextKeyType": "ip", "ContextKeyValues": ["10.1.1.1"]}
    given = iam.simulate_custom_policy(**custom, ContextEntries=[entry])["EvaluationResults"][0]
    assert (given["EvalDecision"], given["MissingContextValues"]) == ("allowed", [])
    assert iam.get_context_keys_for_custom_policy(PolicyInputList=[limited])["ContextKeyNames"] == ["aws:SourceIp"]
    keys = iam.get_context_keys_for_principal_policy(PolicySourceArn=reader.arn, PolicyInputList=[limited])
    assert keys["ContextKeyNames"] == ["aws:SourceIp"]
    pages = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[S3_ALL],
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::b/1", "arn:aws:s3:::b/2"],
        PaginationConfig={"PageSize": 3},
    )
    assert [len(page["EvaluationResults"]) for page in pages] == [3, 1]


def test_rule_28_simulation_is_bounded(served):
    asked = {"PolicyInputList": [S3_ALL], "ActionNames": [f"s3:Get{n}" for n in range(40)]}
    resources = [f"arn:aws:s3:::b/{n}" for n in range(26)]
    assert refused(served.iam.simulate_custom_policy, **asked, ResourceArns=resources)[:2] == ("ValidationError", 400)
    assert served.iam.simulate_custom_policy(**asked, ResourceArns=resources[:25])["IsTruncated"] is True


# ---- commands


def may_list(s3, bucket):
    try:
        return s3.list_objects_v2(Bucket=bucket)
    except ClientError:
        return None


def test_commands_on_policies(served, reader, tmp_path):
    cli, gate, name = served.gate.cli, served.gate, unique("Cli")
    made = gate.json("policy", "create", f"--policy-name={name}", "--path=/cli/", f"--policy-doc={S3_ALL}")
    arn = made["arn"]
    assert arn == f"arn:aws:iam:::policy/cli/{name}" and made["default_version_id"] == "v1"
    assert gate.json("policy", "get", f"--policy-arn={arn}")["policy_document"] == S3_ALL
    assert [one["name"] for one in gate.json("policy", "list", "--path-prefix=/cli/")] == [name]
    cli("policy", "attach", f"--policy-arn={arn}", f"--role-name={reader.name}")
    poll(lambda: may_list(reader.s3, served.bucket), 2, "the attached policy's effect")
    busy = cli("policy", "delete", f"--policy-arn={arn}", check=False)
    assert (busy.returncode, busy.stderr) == (39, "rolegate: Cannot delete a policy attached to entities.\n")
    explained = cli("explain", reader.arn, "s3:GetObject", f"arn:aws:s3:::{served.bucket}/k").stdout
    assert "may perform s3:GetObject" in explained and f"the identity-based policy {name}" in explained
    closed = document(deny("s3:*", "*"))
    made = gate.json("policy", "create-version", f"--policy-arn={arn}", f"--policy-doc={closed}", "--set-as-default")
    assert made["version_id"] == "v2"
    explained = cli("explain", reader.arn, "s3:GetObject", f"arn:aws:s3:::{served.bucket}/k").stdout
    assert "may not perform s3:GetObject" in explained and "A matching deny wins over every allow." in explained
    found = gate.json(
        "policy", "simulate", f"--principal={reader.arn}", "--action=s3:GetObject", "--resource=arn:aws:s3:::b/k"
    )
    assert [(one["EvalDecision"], one["MatchedStatements"][0]["SourcePolicyId"]) for one in found] == [
        ("explicitDeny", name)
    ]
    cli("policy", "set-default-version", f"--policy-arn={arn}", "--version-id=v1")
    cli("policy", "delete-version", f"--policy-arn={arn}", "--version-id=v2")
    assert [one["version_id"] for one in gate.json("policy", "list-versions", f"--policy-arn={arn}")] == ["v1"]
    cli("policy", "detach", f"--policy-arn={arn}", f"--role-name={reader.name}")
    cli("policy", "delete", f"--policy-arn={arn}")
    assert cli("policy", "get", f"--policy-arn={arn}", check=False).returncode == 2


def test_validate_names_the_places(served, tmp_path):
    good, bad, wide = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "wide.json"
    good.write_text(document(allow("s3:GetObject", "arn:aws:s3:::b/*")))
    bad.write_text('{"Version": "2012-10-17",\n "Statement": [{"Effect": "Permit", "Action": "s3:*", "Resource": "*"}]}')
    wide.write_text(trust("arn:aws:iam:::user/Nobody"))
    cli = served.gate.cli
    assert cli("policy", "validate", good).stdout == "No findings.\n"
    refused_ = cli("policy", "validate", bad, check=False)
    assert refused_.returncode == 1 and refused_.stderr == "rolegate: the policy has 1 error\n"
    assert refused_.stdout.startswith(f"{bad}:2:27: ERROR INVALID_EFFECT: "), refused_.stdout
    found = json.loads(cli("policy", "validate", wide, "--type=trust", "--format=json").stdout)
    assert [one["issueCode"] for one in found] == ["UNRESOLVED_PRINCIPAL"]
    assert cli("policy", "validate", tmp_path / "none.json", check=False).returncode == 2


def test_a_logged_request_is_explained(served, reader):
    response = served.s3.get_object(Bucket=served.bucket, Key="k")
    request_id = response["ResponseMetadata"]["RequestId"]
    log = served.gate.folder / "audit.log"
    poll(lambda: request_id in log.read_text(), 5, "the request's audit line")
    text = served.gate.cli("explain", request_id).stdout
    assert "asked for GetObject" in text and "It was allowed by Own#" in text and text.endswith("The answer was 200.\n")
    assert served.gate.cli("explain", "NEVER", check=False).returncode == 2
