//! What an import keeps of sessions, secrets and bindings (security rules 14, 21, 27).

use super::*;

#[tokio::test]
async fn rule_21_an_import_brings_no_ended_session_back() {
    let world = World::full().await;
    let file = world.export().await;
    let role = RecordKey::role(&world.account, "Reader");
    // Who is there keeps what ended sessions.
    let changed = file.replace("\"max_session_duration\": 3600", "\"max_session_duration\": 7200");
    world.import(&changed, "apply").await.unwrap();
    let kept: Role = world.get(role.clone()).await;
    assert_eq!((kept.max_session_duration, kept.revoked.before), (7200, Some(77)));
    assert_eq!(world.alice().await.epoch, 3);
    // Who comes back begins anew.
    let found = world.records.get::<Role>(&role).await.unwrap().unwrap();
    world.records.commit(Changes::new().delete(&found)).await.unwrap();
    world.import(&file, "apply").await.unwrap();
    let back: Role = world.get(role).await;
    let issued = |second| back.revoked.ends(&AccessKeyId::parse("ASIAX").unwrap(), Timestamp::from_seconds(second));
    assert!(issued(999) && !issued(1000), "{:?}", back.revoked);
}

#[tokio::test]
async fn rule_21_an_import_keeps_what_counts_a_providers_sessions_and_begins_anew_with_one_that_was_away() {
    let world = World::full().await;
    let file = world.export().await;
    let key = RecordKey::oidc_provider(&world.account, "IdP:8080/realm");
    let serials = |provider: &OidcProvider| {
        provider.client_ids.iter().map(|client| (client.name.clone(), client.serial)).collect::<Vec<_>>()
    };
    let listed = "\"app\",\n            \"web\"";
    assert!(file.contains(listed), "{file}");
    world.import(&file.replace(listed, "\"web\", \"gone\""), "apply").await.unwrap();
    let kept: OidcProvider = world.get(key.clone()).await;
    assert_eq!(serials(&kept), [("web".to_owned(), 2), ("gone".to_owned(), 3)]);
    assert_eq!((kept.epoch, kept.next_serial), (5, 4));
    let shown = world.import(&file, "apply").await.unwrap();
    assert!(shown.starts_with(
        "~ oidc-provider IdP:8080/realm (AOIPIDPAAAAAAAAAAAAAA)\n    ~ client_ids\n        was web, gone\n        now app, web\n"
    ), "{shown}");
    let kept: OidcProvider = world.get(key.clone()).await;
    assert_eq!(serials(&kept), [("app".to_owned(), 4), ("web".to_owned(), 2)]);
    let found = world.records.get::<OidcProvider>(&key).await.unwrap().unwrap();
    world.records.commit(Changes::new().delete(&found)).await.unwrap();
    world.import(&file, "apply").await.unwrap();
    let back: OidcProvider = world.get(key).await;
    assert_eq!((back.epoch, &back.id), (1_000_500, &kept.id));
}

#[tokio::test]
async fn rule_27_without_secrets_keys_are_left_out_and_it_is_said() {
    let (one, other) = (World::full().await, World::empty().await);
    let said = other.import(&one.export().await, "apply").await.unwrap();
    assert!(said.contains("! the access key KEYALICE of the user alice is left out: the file has no secret for it"));
    assert!(said.contains("rolegate key create --uid alice"), "{said}");
    assert_eq!(other.alice().await.access_keys, Vec::<String>::new());
    // With them the key comes after all; with another secret it changes.
    other.import(&one.locked().await, "apply").await.unwrap();
    assert_eq!(other.alice().await.access_keys, ["KEYALICE"]);
    let key = RecordKey::access_key(&AccessKeyId::parse("KEYALICE").unwrap());
    let old = one.records.get::<AccessKey>(&key).await.unwrap().unwrap();
    let sealed_secret = one.records.seal_secret(&old.value.user_id, &old.value.id, &Secret::new("another"));
    one.records.commit(Changes::new().update(&old, &AccessKey { sealed_secret, ..old.value.clone() })).await.unwrap();
    let shown = other.import(&one.locked().await, "apply").await.unwrap();
    assert!(
        shown.contains("+ access_keys.KEYALICE.secret: (another secret)") && !shown.contains("another\n"),
        "{shown}"
    );
    assert!(other.records.open_secret(&other.get(key).await).unwrap().same_as(b"another"));
}

#[tokio::test]
async fn rule_14_principals_without_bindings_are_bound_as_if_put_now() {
    let (one, other) = (World::full().await, World::empty().await);
    let file = one.locked().await;
    let bindings =
        "\"trust_bindings\": {\n            \"arn:aws:iam:::user/alice\": \"AIDAALICEAAAAAAAAAAAA\"\n          },";
    assert!(file.contains(bindings), "{file}");
    other.import(&file.replace(bindings, ""), "apply").await.unwrap();
    assert_eq!(other.get::<Role>(RecordKey::role(&other.account, "Reader")).await.trust, alice());
    // Those that are given stay, although nobody has the id any more.
    let gone = file.replace(bindings, &bindings.replace("AIDAALICE", "AIDAGONEX"));
    other.import(&gone, "apply").await.unwrap();
    let role: Role = other.get(RecordKey::role(&other.account, "Reader")).await;
    assert_eq!(role.trust.bindings.get("arn:aws:iam:::user/alice"), Some(&unique("AIDAGONEX")));
}
