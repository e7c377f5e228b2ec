#!/usr/bin/env python3
"""Role, policy, AssumeRole, S3: the example of Ceph's "STS in Ceph" page, in boto3.

An administrator creates a role that another user may assume, and says what the role may do; the other user assumes it
and works with the temporary credentials. Nothing here is particular to Rolegate: three unmodified boto3 clients on one
endpoint. (Ceph's page trusts the user who creates the role and assumes it as another: that is refused, by Ceph too.
Here the role trusts the user who assumes it; try the page's version with --trust arn:aws:iam:::user/TESTER1.)

    examples/assume_role.py --endpoint http://127.0.0.1:9080
"""

import argparse
import json
import os
import sys

try:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    sys.exit("boto3 is missing: use .venv/bin/python (made by tests/tools/setup or make run), or pip install boto3")


def main():
    options = arguments()

    # The administrator: a role, who may assume it, and what it may do. An empty region is fine, as with Ceph.
    admin = dict(aws_access_key_id=options.admin_key, aws_secret_access_key=options.admin_secret)
    iam = boto3.client("iam", endpoint_url=options.endpoint, region_name="", **admin)
    role_arn = create_role(iam, options.role_name, trust_policy(options.trust))
    iam.put_role_policy(RoleName=options.role_name, PolicyName="Policy1", PolicyDocument=json.dumps(S3_EVERYTHING))
    print("put inline policy Policy1: s3:* on arn:aws:s3:::*")

    # The user: temporary credentials for one hour.
    user = dict(aws_access_key_id=options.user_key, aws_secret_access_key=options.user_secret)
    sts = boto3.client("sts", endpoint_url=options.endpoint, region_name="", **user)
    answer = sts.assume_role(RoleArn=role_arn, RoleSessionName="Bob", DurationSeconds=3600)
    credentials = answer["Credentials"]
    print(
        f"{options.user_key} is now {answer['AssumedRoleUser']['Arn']}, until {credentials['Expiration']:%H:%M:%S %Z}"
    )

    # S3 with the temporary credentials. boto3 itself refuses ListBuckets with an empty region: that one wants a name.
    session = dict(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    s3 = boto3.client("s3", endpoint_url=options.endpoint, region_name="", **session)
    create_bucket(s3, options.bucket)
    s3.put_object(Bucket=options.bucket, Key="hello.txt", Body=b"Hello from Bob\n")
    print(f"put {options.bucket}/hello.txt")
    body = s3.get_object(Bucket=options.bucket, Key="hello.txt")["Body"].read()
    print(f"got {options.bucket}/hello.txt: {body.decode().strip()}")
    for entry in s3.list_objects_v2(Bucket=options.bucket)["Contents"]:
        print(f"listed {options.bucket}: {entry['Key']}, {entry['Size']} bytes")
    everywhere = boto3.client("s3", endpoint_url=options.endpoint, region_name="us-east-1", **session)
    names = [bucket["Name"] for bucket in everywhere.list_buckets()["Buckets"]]
    print(f"buckets: {', '.join(names)}")


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


def trust_policy(principal):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": [principal]}, "Action": ["sts:AssumeRole"]}],
        }
    )


S3_EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*"},
}


def arguments():
    parser = argparse.ArgumentParser(description="AssumeRole against one endpoint for IAM, STS and S3.")
    parser.add_argument("--endpoint", default=os.environ.get("ROLEGATE_ENDPOINT", "http://127.0.0.1:9080"))
    parser.add_argument("--admin-key", default="TESTER1", help="who creates the role (default: TESTER1)")
    parser.add_argument("--admin-secret", default="test123")
    parser.add_argument("--user-key", default="TESTER2", help="who assumes it (default: TESTER2)")
    parser.add_argument("--user-secret", default="test456")
    parser.add_argument("--trust", default="arn:aws:iam:::user/TESTER2", help="the principal that the role trusts")
    parser.add_argument("--role-name", default="S3Access")
    parser.add_argument("--bucket", default="my-bucket")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
