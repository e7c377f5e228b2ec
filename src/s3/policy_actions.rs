//! The actions that a bucket policy may name: those of the routing table, and those that AWS asks for outside of
//! operations.

use super::table::{On, all};
use std::collections::BTreeMap;

/// What an action of S3 is asked for on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ActionTarget {
    /// The bucket.
    Bucket,
    /// An object.
    Object,
}

/// Actions that no operation of the table needs: replication and inventory ask for them inside of S3, some belong to
/// parts of S3 that are not here. Policies made for AWS name them; here they give nothing.
/// Source: "Actions, resources, and condition keys for Amazon S3" in the service authorization reference.
const ELSEWHERE: [(&str, ActionTarget); 8] = [
    ("s3:GetObjectVersionForReplication", ActionTarget::Object),
    ("s3:InitiateReplication", ActionTarget::Object),
    ("s3:ObjectOwnerOverrideToBucketOwner", ActionTarget::Object),
    ("s3:PauseReplication", ActionTarget::Bucket),
    ("s3:PutObjectVersionAcl", ActionTarget::Object),
    ("s3:ReplicateDelete", ActionTarget::Object),
    ("s3:ReplicateObject", ActionTarget::Object),
    ("s3:ReplicateTags", ActionTarget::Object),
];

/// Each action on buckets and objects, once for each kind of target.
pub fn policy_actions() -> impl Iterator<Item = (&'static str, ActionTarget)> {
    let needs = all().flat_map(|(_, _, row)| row.needs).filter(|need| need.action.starts_with("s3:"));
    let of_table = needs.filter_map(|need| match need.on {
        On::Bucket => Some((need.action, ActionTarget::Bucket)),
        On::Object | On::Source | On::EachEntry => Some((need.action, ActionTarget::Object)),
        // Not of a bucket: no bucket policy can speak of it.
        On::Nothing => None,
    });
    let once: BTreeMap<_, ()> = of_table.chain(ELSEWHERE).map(|pair| (pair, ())).collect();
    once.into_keys()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_of_buckets_and_objects_are_there_once_and_no_others() {
        let all: Vec<_> = policy_actions().collect();
        for pair in [
            ("s3:GetObject", ActionTarget::Object),
            ("s3:ListBucket", ActionTarget::Bucket),
            ("s3:PutBucketPolicy", ActionTarget::Bucket),
            ("s3:DeleteObjectVersion", ActionTarget::Object),
            ("s3:ReplicateObject", ActionTarget::Object),
        ] {
            assert_eq!(all.iter().filter(|known| **known == pair).count(), 1, "{pair:?}");
        }
        for name in ["s3:ListAllMyBuckets", "s3express:CreateSession", "s3:GetBucketPolicies", "iam:GetUser"] {
            assert!(all.iter().all(|(known, _)| *known != name), "{name}");
        }
    }
}
