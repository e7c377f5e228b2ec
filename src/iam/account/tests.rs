//! Calls about the account against a store in memory.

use super::Answer as Accounts;
use super::*;
use crate::iam::testing::{TRUST, World, code};
use crate::store::Changes;
use crate::types::AccountId;

#[tokio::test]
async fn the_summary_counts_what_is_there() {
    let world = World::new().await;
    for name in ["A", "B"] {
        world.new_user(name, &[]).await.unwrap();
    }
    world.managed("Own").await;
    world.call("CreateRole", &[("RoleName", "R"), ("AssumeRolePolicyDocument", TRUST)]).await.unwrap();
    let answer = world.call("GetAccountSummary", &[]).await.unwrap();
    assert!(
        answer.to_xml("r").contains("<GetAccountSummaryResult><SummaryMap><entry><key>AccessKeysPerUserQuota</key>")
    );
    let Body::Account(Accounts::Summary(entries)) = answer.body else { panic!() };
    let value = |key: &str| entries.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    for (key, wanted) in [
        ("Users", 2),
        ("Roles", 1),
        ("Groups", 0),
        ("Policies", 1),
        ("PolicyVersionsInUse", 1),
        ("AccountAccessKeysPresent", 0),
        ("AccountMFAEnabled", 0),
        ("RolesQuota", 1000),
        ("GroupsPerUserQuota", 10),
    ] {
        assert_eq!(value(key), Some(wanted), "{key}");
    }
    let mut sorted = entries.clone();
    sorted.sort();
    sorted.dedup_by_key(|(name, _)| *name);
    assert_eq!(sorted, entries, "each once, in order");
}

#[tokio::test]
async fn the_alias_is_the_accounts_name() {
    let world = World::new().await;
    let none = world.call("ListAccountAliases", &[]).await.unwrap().to_xml("r");
    assert!(none.contains("<AccountAliases></AccountAliases><IsTruncated>false</IsTruncated>"), "{none}");
    let account = Account { id: AccountId::empty(), name: "acme".into(), created: 0 };
    world.records.commit(Changes::new().create(&account)).await.unwrap();
    let one = world.call("ListAccountAliases", &[]).await.unwrap().to_xml("r");
    assert!(one.contains("<AccountAliases><member>acme</member></AccountAliases>"), "{one}");
}

#[tokio::test]
async fn unknown_actions_stay_unknown_and_all_are_asked_for_on_everything() {
    let world = World::new().await;
    for action in ["GetAccountAuthorizationDetails", "CreateAccountAlias", "UpdateAccountPasswordPolicy"] {
        assert_eq!(code(world.call(action, &[]).await), "InvalidAction", "{action}");
    }
    for action in ["GetAccountSummary", "ListAccountAliases", "GetAccountPasswordPolicy"] {
        let request = world.parse(action, &[]).unwrap();
        assert_eq!(world.requirements(&request).await[0].resource.to_string(), "*", "{action}");
    }
}
