#!/usr/bin/env bash
# The same with aws-cli: TESTER1 makes a role, TESTER2 assumes it and works with the temporary credentials.
# `make run` prints this file as the lines to copy; the tests run it. Arguments: [endpoint] [role] [bucket].
set -euo pipefail
export AWS_ENDPOINT_URL=${1:-http://127.0.0.1:9080} AWS_DEFAULT_REGION=us-east-1
role=${2:-CliAccess} bucket=${3:-cli-bucket}

unset AWS_SESSION_TOKEN
export AWS_ACCESS_KEY_ID=TESTER1 AWS_SECRET_ACCESS_KEY=test123
aws iam create-role --role-name "$role" --assume-role-policy-document '{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam:::user/TESTER2"},"Action":"sts:AssumeRole"}]}'
aws iam put-role-policy --role-name "$role" --policy-name Policy1 --policy-document '{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::*"}]}'

export AWS_ACCESS_KEY_ID=TESTER2 AWS_SECRET_ACCESS_KEY=test456
read -r AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN < <(
    aws sts assume-role --role-arn "arn:aws:iam:::role/$role" --role-session-name Bob \
        --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)
export AWS_SESSION_TOKEN
aws sts get-caller-identity

aws s3 mb "s3://$bucket"
echo 'Hello from Bob' | aws s3 cp - "s3://$bucket/hello.txt"
aws s3 ls "s3://$bucket/"
aws s3 cp "s3://$bucket/hello.txt" -
