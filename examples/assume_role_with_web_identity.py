#!/usr/bin/env python3
"""OpenID provider, role, AssumeRoleWithWebIdentity, S3: the web identity example of Ceph's "STS in Ceph" page, in boto3.

An administrator tells the gate which OpenID Connect provider to believe and makes a role for those who signed in there
to a certain application; a user who did so shows the token and works with temporary credentials, without any key of his
own. Nothing here is particular to Rolegate. (On Ceph's page the documents are strings with escaped quotes, and the last
client is called by another name than it was given; here the documents are plain JSON and each client has one name.)

    examples/demo/sign_in.py alice > .run/alice.token
    examples/assume_role_with_web_identity.py --web-token .run/alice.token
"""

import argparse
import json
import os
import sys
from pathlib import Path

try:
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    sys.exit("boto3 is missing: use .venv/bin/python (made by tests/tools/setup or make run), or pip install boto3")


def main():
    options = arguments()
    try:
        web_token = Path(options.web_token).read_text().strip()
    except OSError as error:
        sys.exit(f"--web-token: {error}; examples/demo/sign_in.py gets one")

    # The administrator: the provider and which of its applications count, a role for them, and what it may do.
    admin = dict(aws_access_key_id=options.admin_key, aws_secret_access_key=options.admin_secret)
    iam = boto3.client("iam", endpoint_url=options.endpoint, region_name="", **admin)
    provider_arn = create_provider(iam, options.issuer, options.client_id, options.thumbprint)
    role_arn = create_role(iam, options.role_name, trust_policy(provider_arn, options.client_id))
    iam.put_role_policy(RoleName=options.role_name, PolicyName="Policy1", PolicyDocument=json.dumps(S3_EVERYTHING))
    print("put inline policy Policy1: s3:* on arn:aws:s3:::*")

    # The user: the token instead of keys. The call is not signed.
    unsigned = Config(signature_version=UNSIGNED)
    sts = boto3.client("sts", endpoint_url=options.endpoint, region_name="us-east-1", config=unsigned)
    answer = sts.assume_role_with_web_identity(
        RoleArn=role_arn, RoleSessionName="Bob", DurationSeconds=3600, WebIdentityToken=web_token
    )
    credentials = answer["Credentials"]
    print(
        f"{answer['SubjectFromWebIdentityToken']} of {answer['Provider']} is now {answer['AssumedRoleUser']['Arn']}, "
        f"until {credentials['Expiration']:%H:%M:%S %Z}"
    )

    # S3 with the temporary credentials.
    s3 = boto3.client(
        "s3",
        endpoint_url=options.endpoint,
        region_name="us-east-1",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    create_bucket(s3, options.bucket)
    s3.put_object(Bucket=options.bucket, Key="hello.txt", Body=b"Hello from the web\n")
    print(f"put {options.bucket}/hello.txt")
    body = s3.get_object(Bucket=options.bucket, Key="hello.txt")["Body"].read()
    print(f"got {options.bucket}/hello.txt: {body.decode().strip()}")
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    print(f"buckets: {', '.join(names)}")


def create_provider(iam, issuer, client_id, thumbprint):
    """The provider's ARN; one that is there already serves the client id, too."""
    pinned = {"ThumbprintList": [thumbprint]} if thumbprint else {}
    try:
        made = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=[client_id], **pinned)
        print(f"created provider {made['OpenIDConnectProviderArn']}")
        return made["OpenIDConnectProviderArn"]
    except iam.exceptions.EntityAlreadyExistsException:
        arns = [entry["Arn"] for entry in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
        (arn,) = [arn for arn in arns if arn.endswith(f":oidc-provider/{issuer.partition('://')[2]}")]
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=client_id)
        print(f"provider {arn} exists")
        return arn


def create_role(iam, name, trust):
    """The role's ARN; a role that is there already gets the new trust policy."""
    try:
        role = iam.create_role(RoleName=name, Path="/", AssumeRolePolicyDocument=trust)["Role"]
        print(f"created role {role['Arn']}")
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        role = iam.get_role(RoleName=name)["Role"]
        print(f"role {role['Arn']} exists, updated its trust policy")
    return role["Arn"]


def create_bucket(s3, name):
    try:
        s3.create_bucket(Bucket=name)
        print(f"created bucket {name}")
    except s3.exceptions.BucketAlreadyOwnedByYou:
        print(f"bucket {name} exists")


def trust_policy(provider_arn, client_id):
    """Who signed in at the provider to the application `client_id`: for whom the token was made (`aud`, or `app_id`)."""
    name = provider_arn.partition(":oidc-provider/")[2]
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": [provider_arn]},
        "Action": ["sts:AssumeRoleWithWebIdentity"],
        "Condition": {"StringEquals": {f"{name}:app_id": client_id}},
    }
    # Tokens that carry tags or a source identity need these, too; here any will do.
    carried = statement | {"Action": ["sts:TagSession", "sts:SetSourceIdentity"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement, carried]})


S3_EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*"},
}


def arguments():
    parser = argparse.ArgumentParser(description="AssumeRoleWithWebIdentity against one endpoint for IAM, STS and S3.")
    parser.add_argument("--endpoint", default=os.environ.get("ROLEGATE_ENDPOINT", "http://127.0.0.1:9080"))
    parser.add_argument("--web-token", required=True, help="file with the ID token of the user who signed in")
    parser.add_argument("--issuer", default=os.environ.get("OIDC_ISSUER", "http://127.0.0.1:9082/auth/realms/demo"))
    parser.add_argument("--client-id", default="customer-portal", help="the application that the token is for")
    parser.add_argument("--thumbprint", help="SHA-1 of the certificate of an https issuer that no known CA signed")
    parser.add_argument("--admin-key", default="TESTER1", help="who creates provider and role (default: TESTER1)")
    parser.add_argument("--admin-secret", default="test123")
    parser.add_argument("--role-name", default="S3WebAccess")
    parser.add_argument("--bucket", default="my-web-bucket")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
