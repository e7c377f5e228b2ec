#!/usr/bin/env python3
"""Tagging, listing and untagging a role: the sample of Ceph's role page, in boto3.

    examples/role_tags.py --endpoint http://127.0.0.1:9080
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
    iam = boto3.client(
        "iam",
        aws_access_key_id=options.key,
        aws_secret_access_key=options.secret,
        endpoint_url=options.endpoint,
        region_name="",
    )
    name = options.role_name
    create_role(iam, name, [{"Key": "Department", "Value": "Engineering"}])
    show(iam, name)

    # A key is there once, whatever its case: this changes its value.
    iam.tag_role(RoleName=name, Tags=[{"Key": "department", "Value": "Research"}, {"Key": "Team", "Value": "blue"}])
    show(iam, name)

    # A key that is not there is no error.
    iam.untag_role(RoleName=name, TagKeys=["Department", "NoSuchKey"])
    show(iam, name)

    iam.delete_role(RoleName=name)
    print(f"deleted role {name}")


def create_role(iam, name, tags):
    """A role that is there already gets the tags."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/TESTER2"]}, "Action": ["sts:AssumeRole"]}
        ],
    }
    try:
        iam.create_role(RoleName=name, Path="/", AssumeRolePolicyDocument=json.dumps(trust), Tags=tags)
        print(f"created role {name}")
    except iam.exceptions.EntityAlreadyExistsException:
        iam.tag_role(RoleName=name, Tags=tags)
        print(f"role {name} exists")


def show(iam, name):
    tags = iam.list_role_tags(RoleName=name)["Tags"]
    print("tags: " + (", ".join(f"{tag['Key']}={tag['Value']}" for tag in tags) or "none"))


def arguments():
    parser = argparse.ArgumentParser(description="Tags of a role.")
    parser.add_argument("--endpoint", default=os.environ.get("ROLEGATE_ENDPOINT", "http://127.0.0.1:9080"))
    parser.add_argument("--key", default="TESTER1", help="who has the cap roles=* (default: TESTER1)")
    parser.add_argument("--secret", default="test123")
    parser.add_argument("--role-name", default="Tagged")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
