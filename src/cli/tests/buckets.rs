//! Records of buckets.

use super::*;

#[test]
fn rule_01_buckets_are_linked_to_an_owner_and_unlinked() {
    let home = Home::new("");
    home.ok(&["user", "create", "--uid=U"]);
    home.fails(22, &["bucket", "link", "--bucket=data"]);
    home.fails(2, &["bucket", "link", "--bucket=data", "--uid=nobody"]);
    home.fails(2, &["bucket", "link", "--bucket=data", "--account-id=nobody"]);
    home.fails(22, &["bucket", "link", "--bucket=data", "--account-id=a:b"]);
    assert!(home.fails(2, &["bucket", "link", "--bucket=no-such", "--uid=U"]).contains("the backend has no bucket"));
    assert!(home.fails(5, &["bucket", "link", "--bucket=unknown", "--uid=U"]).contains("no answer"));
    // Rule 2: no private path of the backend is asked for.
    assert!(home.fails(22, &["bucket", "link", "--bucket=minio", "--uid=U"]).contains("minio"));
    home.fails(22, &["bucket", "link", "--bucket=../x", "--uid=U"]);
    let linked = json(&home.ok(&["bucket", "link", "--bucket=data", "--uid=u"]));
    assert_eq!((&linked["state"], &linked["owner"]), (&"active".into(), &"U".into()));
    assert!(home.fails(17, &["bucket", "link", "--bucket=data", "--account-id="]).contains("has a record already"));
    home.ok(&["bucket", "link", "--bucket=common", "--account-id="]);
    let names = |line: &[&str]| -> Vec<String> {
        let list = json(&home.ok(line));
        list.as_array().unwrap().iter().map(|bucket| bucket["bucket"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&["bucket", "list"]), ["common", "data"]);
    assert_eq!(names(&["bucket", "list", "--uid=U"]), ["data"]);
    assert_eq!(names(&["bucket", "list", "--account-id="]), ["common", "data"]);
    assert_eq!(json(&home.ok(&["bucket", "info", "--bucket=data"])), linked);
    home.fails(39, &["user", "rm", "--uid=U"]);
    assert!(home.ok(&["bucket", "unlink", "--bucket=data"]).contains("still at the server, and nobody reaches it"));
    home.fails(2, &["bucket", "unlink", "--bucket=data"]);
    home.fails(2, &["bucket", "info", "--bucket=data"]);
}

#[tokio::test]
async fn buckets_that_are_stuck_are_explained() {
    use crate::entity::{BucketRecord, BucketState, Owner};
    for (state, said) in [
        (BucketState::Claimed, "its name is claimed"),
        (BucketState::Creating, "did not say that it did; out of reach until the owner makes it"),
        (BucketState::Deleting, "out of reach until the owner deletes it"),
    ] {
        let home = Home::new("");
        let config = load(&home.folder.path().join("rolegate.toml"), &ProcessEnvironment).unwrap();
        let records = home.records().await;
        let admin = Administration {
            records: &records,
            account: &config.identity.account_id,
            default_account: &config.identity.account_id,
            entropy: home.hooks.entropy.as_ref(),
            now: home.hooks.clock.now(),
        };
        let (account, owner) = (crate::types::AccountId::empty(), Owner::Account);
        let record = BucketRecord { name: "data".into(), state, account, owner, policy: None, created: 0 };
        records.commit(crate::store::Changes::new().create(&record)).await.unwrap();
        let name = || state_commands::BucketName { bucket: "data".into() };
        let info = state_commands::bucket(&admin, &config, state_commands::Bucket::Info(name())).await.unwrap();
        assert!(info.contains(said) && info.contains(state.as_str()), "{info}");
        let gone = state_commands::bucket(&admin, &config, state_commands::Bucket::Unlink(name())).await.unwrap();
        assert!(gone.starts_with("warning: ") && gone.contains(said), "{gone}");
        assert_eq!(gone.contains("still on its way"), state != BucketState::Claimed, "{gone}");
    }
}
