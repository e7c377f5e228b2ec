//! Who gets at a bucket's policy whatever that policy says (DESIGN section 3).

use crate::entity::{BucketRecord, Owner};
use crate::types::Principal;

/// What a bucket's owner may always ask for, so that nobody locks a bucket for ever.
const POLICY_ACTIONS: [&str; 3] = ["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"];

/// Whether the bucket's policy cannot keep the caller from this action: to get, put and delete it, for the root of the
/// bucket's account (as with AWS) and for the standalone user who owns the bucket. All other policies still count:
/// identity policies, with ownership among them, must allow, and boundaries and session policies cut. Sessions of
/// roles and of federated users are not their owner.
pub fn keeps_bucket_policy(caller: &Principal, action: &str, bucket: &BucketRecord) -> bool {
    let owns = match (caller, &bucket.owner) {
        (Principal::Root { account }, _) => *account == bucket.account,
        (Principal::User { account, id, .. }, Owner::User { id: owner, .. }) => {
            *account == bucket.account && id == owner
        }
        _ => false,
    };
    owns && POLICY_ACTIONS.iter().any(|known| known.eq_ignore_ascii_case(action))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::BucketState;
    use crate::types::{AccountId, UniqueId};

    fn id(text: &str) -> UniqueId {
        UniqueId::parse(text).unwrap()
    }

    fn account(text: &str) -> AccountId {
        AccountId::parse(text).unwrap()
    }

    fn bucket(owner: Owner) -> BucketRecord {
        let (name, state) = ("b".to_owned(), BucketState::Active);
        BucketRecord { name, state, account: account("111111111111"), owner, policy: None, created: 0 }
    }

    #[test]
    fn the_owner_alone_and_its_policy_alone() {
        let (own, other) = (id("AIDAAAAAAAAAAAAAAAAAA"), id("AIDABBBBBBBBBBBBBBBBB"));
        let user = |of: &str, id: &UniqueId| Principal::User {
            account: account(of),
            path: "/".into(),
            name: "U".into(),
            id: id.clone(),
        };
        let federated = Principal::FederatedUser {
            account: account("111111111111"),
            name: "F".into(),
            user_path: "/".into(),
            user_name: "U".into(),
            user_id: own.clone(),
        };
        let session = Principal::RoleSession {
            account: account("111111111111"),
            role_path: "/".into(),
            role_name: "R".into(),
            role_id: id("AROAAAAAAAAAAAAAAAAAA"),
            session: "s".into(),
        };
        let root = |of: &str| Principal::Root { account: account(of) };
        let users = bucket(Owner::User { id: own.clone(), name: "U".into() });
        let accounts = bucket(Owner::Account);
        for (caller, record, keeps) in [
            (user("111111111111", &own), &users, true),
            (user("111111111111", &own), &accounts, false),
            (user("111111111111", &other), &users, false),
            (user("222222222222", &own), &users, false),
            (root("111111111111"), &users, true),
            (root("111111111111"), &accounts, true),
            (root("222222222222"), &accounts, false),
            (federated, &users, false),
            (session, &users, false),
            (Principal::Anonymous, &accounts, false),
        ] {
            for action in POLICY_ACTIONS {
                assert_eq!(keeps_bucket_policy(&caller, action, record), keeps, "{caller:?} {action}");
            }
            for action in ["s3:GetObject", "s3:DeleteBucket", "s3:GetBucketPolicyStatus", "s3:*", "*", ""] {
                assert!(!keeps_bucket_policy(&caller, action, record), "{caller:?} {action}");
            }
        }
    }
}
