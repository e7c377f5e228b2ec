//! AWS's own managed policies for S3 and IAM: a closed table under `arn:aws:iam::aws:policy/…`.
//!
//! Documents and version numbers are those that AWS publishes in its "AWS managed policy reference"; the unique
//! ids are AWS's. They are the same in every account, cannot be changed, and live in no store.

use crate::types::Timestamp;

/// A managed policy of AWS.
#[derive(Debug)]
pub struct AwsManagedPolicy {
    /// Its name; its path is `/`.
    pub name: &'static str,
    /// `ANPA…`
    pub id: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// The number `n` of its version `vn`, the only one that is kept.
    pub version: u32,
    /// When AWS made it, and when it published this version: ISO 8601.
    dates: (&'static str, &'static str),
    /// The document.
    pub document: &'static str,
}

impl AwsManagedPolicy {
    /// Every policy of the table, by name.
    pub const ALL: &'static [Self] = &TABLE;

    /// The policy of that ARN.
    pub fn find(arn: &str) -> Option<&'static Self> {
        let name = arn.strip_prefix("arn:aws:iam::aws:policy/")?;
        Self::ALL.iter().find(|policy| policy.name == name)
    }

    /// `arn:aws:iam::aws:policy/NAME`.
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::aws:policy/{}", self.name)
    }

    /// When AWS made it.
    pub fn created(&self) -> Timestamp {
        date(self.dates.0)
    }

    /// When AWS published this version.
    pub fn updated(&self) -> Timestamp {
        date(self.dates.1)
    }
}

/// INVARIANT: the table's dates are dates; a test reads each of them.
fn date(text: &str) -> Timestamp {
    Timestamp::parse_iso8601(text).unwrap_or(Timestamp::from_seconds(0))
}

static TABLE: [AwsManagedPolicy; 7] = [
    AwsManagedPolicy {
        name: "AdministratorAccess",
        id: "ANPAIWMBCKSKIEE64ZLYK",
        description: "Provides full access to AWS services and resources.",
        version: 1,
        dates: ("2015-02-06T18:39:46Z", "2015-02-06T18:39:46Z"),
        document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*"
        }
    ]
}"#,
    },
    AwsManagedPolicy {
        name: "AmazonS3FullAccess",
        id: "ANPAIFIR6V6BVTRAHWINE",
        description: "Provides full access to all buckets via the AWS Management Console.",
        version: 2,
        dates: ("2015-02-06T18:40:58Z", "2021-09-27T20:16:37Z"),
        document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "s3:*",
                "s3-object-lambda:*"
            ],
            "Resource": "*"
        }
    ]
}"#,
    },
    AwsManagedPolicy {
        name: "AmazonS3ReadOnlyAccess",
        id: "ANPAIZTJ4DXE7G6AGAE6M",
        description: "Provides read only access to all buckets via the AWS Management Console.",
        version: 3,
        dates: ("2015-02-06T18:40:59Z", "2023-08-10T21:31:39Z"),
        document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "s3:Get*",
                "s3:List*",
                "s3:Describe*",
                "s3-object-lambda:Get*",
                "s3-object-lambda:List*"
            ],
            "Resource": "*"
        }
    ]
}"#,
    },
    AwsManagedPolicy {
        name: "IAMFullAccess",
        id: "ANPAI7XKCFMBPM3QQRRVQ",
        description: "Provides full access to IAM via the AWS Management Console.",
        version: 2,
        dates: ("2015-02-06T18:40:38Z", "2019-06-21T19:40:00Z"),
        document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "iam:*",
                "organizations:DescribeAccount",
                "organizations:DescribeOrganization",
                "organizations:DescribeOrganizationalUnit",
                "organizations:DescribePolicy",
                "organizations:ListChildren",
                "organizations:ListParents",
                "organizations:ListPoliciesForTarget",
                "organizations:ListRoots",
                "organizations:ListPolicies",
                "organizations:ListTargetsForPolicy"
            ],
            "Resource": "*"
        }
    ]
}"#,
    },
    AwsManagedPolicy {
        name: "IAMReadOnlyAccess",
        id: "ANPAJKSO7NDY4T57MWDSQ",
        description: "Provides read only access to IAM via the AWS Management Console.",
        version: 4,
        dates: ("2015-02-06T18:40:39Z", "2018-01-25T19:11:27Z"),
        document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "iam:GenerateCredentialReport",
                "iam:GenerateServiceLastAccessedDetails",
                "iam:Get*",
                "iam:List*",
                "iam:SimulateCustomPolicy",
                "iam:SimulatePrincipalPolicy"
            ],
            "Resource": "*"
        }
    ]
}"#,
    },
    AwsManagedPolicy {
        name: "IAMUserChangePassword",
        id: "ANPAJ4L4MM2A7QIEB56MS",
        description: "Provides the ability for an IAM user to change their own password.",
        version: 3,
        dates: ("2016-11-15T00:25:16Z", "2025-05-29T21:52:00Z"),
        document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "iam:ChangePassword"
            ],
            "Resource": [
                "arn:aws:iam::*:user/${aws:username}",
                "arn:aws:iam::*:user/*/${aws:username}"
            ]
        },
        {
            "Effect": "Allow",
            "Action": [
                "iam:GetAccountPasswordPolicy"
            ],
            "Resource": "*"
        }
    ]
}"#,
    },
    AwsManagedPolicy {
        name: "PowerUserAccess",
        id: "ANPAJYRXTHIB4FOVS3ZXS",
        description: "Provides full access to AWS services and resources, but does not allow management of Users and groups.",
        version: 12,
        dates: ("2015-02-06T18:39:47Z", "2026-02-12T17:59:00Z"),
        document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "NotAction": [
                "iam:*",
                "organizations:*",
                "account:*"
            ],
            "Resource": "*"
        },
        {
            "Effect": "Allow",
            "Action": [
                "account:GetAccountInformation",
                "account:GetGovCloudAccountInformation",
                "account:GetPrimaryEmail",
                "account:ListRegions",
                "iam:CreateServiceLinkedRole",
                "iam:DeleteServiceLinkedRole",
                "iam:ListRoles",
                "organizations:DescribeEffectivePolicy",
                "organizations:DescribeOrganization"
            ],
            "Resource": "*"
        }
    ]
}"#,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::StoredPolicy;
    use crate::policy::PolicyKind;
    use crate::types::{AccountId, UniqueId};

    #[test]
    fn every_policy_of_the_table_can_be_used() {
        for policy in AwsManagedPolicy::ALL {
            let stored = StoredPolicy { document: policy.document.into(), bindings: Default::default() };
            assert!(stored.compile(PolicyKind::Identity, &AccountId::empty()).is_ok(), "{}", policy.name);
            assert!(UniqueId::parse(policy.id).is_ok() && policy.version > 0, "{}", policy.name);
            assert!(policy.dates.0 <= policy.dates.1 && policy.created().seconds() > 0, "{}", policy.name);
            assert!(Timestamp::parse_iso8601(policy.dates.1).is_ok(), "{}", policy.name);
            assert_eq!(AwsManagedPolicy::find(&policy.arn()).map(|found| found.name), Some(policy.name));
        }
        assert!(AwsManagedPolicy::ALL.is_sorted_by(|one, other| one.name < other.name));
    }

    #[test]
    fn what_is_not_in_the_table_is_not_there() {
        for arn in ["", "AdministratorAccess", "arn:aws:iam::aws:policy/", "arn:aws:iam::aws:policy/x/IAMFullAccess"] {
            assert!(AwsManagedPolicy::find(arn).is_none(), "{arn}");
        }
        for arn in ["arn:aws:iam:::policy/IAMFullAccess", "arn:aws:iam::aws:policy/administratoraccess"] {
            assert!(AwsManagedPolicy::find(arn).is_none(), "{arn}");
        }
    }
}
