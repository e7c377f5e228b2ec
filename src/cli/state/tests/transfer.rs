//! A state in another store: the same, shown before it is changed, with what is not in it, and broken off.

use super::*;

#[tokio::test]
async fn a_state_is_the_same_in_another_store() {
    let (one, other) = (World::full().await, World::empty().await);
    let file = one.locked().await;
    assert!(!file.contains("s3cr3t") && !file.contains(one.records.store_id()), "{file}");
    let shown = other.import(&file, "").await.unwrap();
    assert_eq!(last(&shown), "To make 9, to change 0, to remove 0. Nothing was changed: --apply does it.");
    assert!(shown.contains("+ user root (AIDAROOTAAAAAAAAAAAAA) of account tenant"), "{shown}");
    assert_eq!(other.export().await, World::empty().await.export().await);
    assert_eq!(last(&other.import(&file, "apply").await.unwrap()), "Made 9, changed 0, removed 0.");
    assert_eq!(other.export().await, one.export().await);
    assert_eq!(
        other.import(&file, "apply,prune").await.unwrap(),
        "The store is as the file has it: nothing to change."
    );
    // Both sides, byte for byte.
    let key: AccessKey = other.get(RecordKey::access_key(&AccessKeyId::parse("KEYALICE").unwrap())).await;
    assert!(other.records.open_secret(&key).unwrap().same_as(b"s3cr3t-of-alice"));
    let group = RecordKey::group(&one.account, "staff");
    assert_eq!(other.get::<Group>(group.clone()).await, one.get::<Group>(group).await);
    let managed = RecordKey::policy(&one.account, "managed");
    assert_eq!(other.get::<ManagedPolicy>(managed.clone()).await, one.get::<ManagedPolicy>(managed).await);
    let bucket = RecordKey::bucket("data");
    assert_eq!(other.get::<BucketRecord>(bucket.clone()).await, one.get::<BucketRecord>(bucket).await);
    let role = RecordKey::role(&one.account, "reader");
    let (was, is): (Role, Role) = (one.get(role.clone()).await, other.get(role).await);
    assert_eq!(Role { revoked: was.revoked.clone(), ..is }, was);
    let provider = RecordKey::oidc_provider(&one.account, "IdP:8080/realm");
    let (was, is): (OidcProvider, OidcProvider) = (one.get(provider.clone()).await, other.get(provider).await);
    let names = |provider: &OidcProvider| provider.client_ids.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!((names(&is), &is.url, &is.thumbprints), (names(&was), &was.url, &was.thumbprints));
    assert_eq!((&is.id, &is.tags, &is.owner, is.created), (&was.id, &was.tags, &was.owner, was.created));
}

#[tokio::test]
async fn a_difference_shows_the_change_and_nothing_else() {
    let world = World::full().await;
    let file = world.export().await;
    let unchanged = world.import(&file, "").await.unwrap();
    assert_eq!(unchanged, "The store is as the file has it: nothing to change.");
    let edited = file.replace("\"value\": \"x\"", "\"value\": \"y\\u001b[2J\"").replace(
        "\"display_name\": \"\",\n          \"kind\": \"standalone\"",
        "\"display_name\": \"Alice\", \"kind\": \"standalone\"",
    );
    let shown = world.import(&edited.replace("\\u001b[2J", ""), "").await.unwrap();
    let expected = "~ user alice (AIDAALICEAAAAAAAAAAAA)\n    ~ display_name\n        was \n        now Alice\n\
        ~ user Bob (AIDABOBAAAAAAAAAAAAAA)\n    ~ tags.team\n        was x\n        now y\n\
        To make 0, to change 2, to remove 0. Nothing was changed: --apply does it.";
    assert_eq!(shown, expected);
    assert!(world.import(&edited, "").await.unwrap_err().to_string().contains("user Bob: "), "no tag has such a value");
    assert_eq!(world.export().await, file);
    assert_eq!(
        last(&world.import(&edited.replace("\\u001b[2J", ""), "apply").await.unwrap()),
        "Made 0, changed 2, removed 0."
    );
    assert_eq!(world.alice().await.display_name, "Alice");
    assert_eq!(world.alice().await.access_keys, ["KEYALICE"], "a key stays without its secret in the file");
}

#[tokio::test]
async fn what_the_file_does_not_have_goes_with_prune_only() {
    let (one, other) = (World::full().await, World::full().await);
    let file = World::empty().await.export().await;
    let said = one.import(&file, "apply").await.unwrap();
    assert!(said.contains("9 things that the file does not have stay; --prune removes them."), "{said}");
    assert_eq!(last(&said), "The store is as the file has it: nothing to change.");
    let said = one.import(&file, "apply,prune").await.unwrap();
    assert_eq!(last(&said), "Made 0, changed 0, removed 9.");
    assert!(said.contains("- bucket data") && said.contains("- account tenant"), "{said}");
    assert_eq!(one.export().await, file);
    assert!(one.records.list::<AccessKey>(&Scope::Global, None, 9).await.unwrap().is_empty());
    // Part of it: the group goes, and nobody is in it any more.
    let file = other.export().await;
    let (head, rest) = file.split_once("      \"groups\": [\n        {").unwrap();
    let (_, tail) = rest.split_once("\n      ],").unwrap();
    let without = format!("{head}      \"groups\": [\n      ],{tail}");
    let dangling = other.import(&without, "prune").await.unwrap_err().to_string();
    assert_eq!(dangling, "account \"\": user Bob: there is no group Staff");
    let without = without.replace("\"groups\": [\n            \"Staff\"\n          ],", "");
    other.import(&without, "apply,prune").await.unwrap();
    let managed: ManagedPolicy = other.get(RecordKey::policy(&other.account, "Managed")).await;
    assert!(managed.attachments.is_empty() && managed.boundary_of.len() == 1);
    assert!(other.get::<User>(RecordKey::user(&other.account, "Bob")).await.groups.is_empty());
}

#[tokio::test]
async fn a_broken_off_import_is_finished_by_the_next() {
    let full = World::full().await;
    let file = full.locked().await;
    for commits in 0..3 {
        let world = World::empty().await;
        world.commits.store(commits, Ordering::Relaxed);
        assert!(matches!(world.import(&file, "apply").await, Err(StateError::Store(_))), "{commits}");
        // Until all is there, the default account is empty: a bootstrap begins again.
        assert!(world.records.list::<User>(&Scope::Account(world.account.clone()), None, 1).await.unwrap().is_empty());
        world.commits.store(9, Ordering::Relaxed);
        world.import(&file, "apply").await.unwrap();
        assert_eq!(world.export().await, full.export().await, "{commits}");
    }
}
