//! What ends sessions: revoking them, and the keys of their tokens.

use super::*;
use crate::entity::{OidcProvider, Role, User};
use crate::types::AccountId;

#[test]
fn rule_21_sessions_are_revoked_by_epoch_time_and_key() {
    let home = Home::new("");
    home.ok(&["user", "create", "--uid", "TESTER2"]);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;
    home.ok(&["role", "create", "--role-name", "R", "--assume-role-policy-doc", trust]);
    let role = ["session", "revoke", "--role-name", "R"];
    let line = |more: &[&'static str]| role.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    let stored = || home.stored::<Role>(&RecordKey::role(&AccountId::empty(), "R"));
    let epoch = stored().epoch;
    assert_eq!(home.ok(&role), "Revoked for role R: all sessions\n");
    assert_eq!((stored().epoch, stored().revoked.is_empty()), (epoch + 1, true));
    let before = home.ok(&line(&["--before", "2026-11-21T22:00:00Z"]));
    assert_eq!(before, "Revoked for role R: sessions issued before 2026-11-21T22:00:00Z\n");
    assert_eq!(home.ok(&line(&["--access-key-id", "ASIAONE"])), "Revoked for role R: session ASIAONE\n");
    let revoked = stored().revoked;
    let limit = Timestamp::parse_iso8601("2026-11-21T22:00:00Z").unwrap();
    assert_eq!((stored().epoch, revoked.before), (epoch + 1, Some(limit.millis())));
    assert!(revoked.keys.keys().eq(["ASIAONE"]), "{revoked:?}");
    let user = || home.stored::<User>(&RecordKey::user(&AccountId::empty(), "TESTER2")).epoch;
    let of_user = user();
    home.ok(&["session", "revoke", "--user-name=TESTER2", "--account_id="]);
    assert_eq!(user(), of_user + 1);
    for (status, more, part) in [
        (22, &["--before", "2026-11-21T23:00:00Z"][..], "yet to come"),
        (22, &["--before", "yesterday"], "is not a time"),
        (22, &["--access-key-id", "AKIAONE"], "not that of a session"),
        (22, &["--access-key-id", "a b"], "3 to 128"),
        (22, &["--account-id", "12"], "is not an account id"),
        (2, &["--account-id", "123456789012"], "there is no account `123456789012`"),
        (22, &["--user-name", "TESTER2"], "cannot be used with"),
        (22, &["--before", "2026-11-21", "--access-key-id", "ASIAONE"], "cannot be used with"),
    ] {
        let err = home.fails(status, &line(more));
        assert!(err.contains(part), "{more:?}: {err}");
    }
    assert_eq!(
        (stored().epoch, stored().revoked, user()),
        (epoch + 1, revoked, of_user + 1),
        "refusals change nothing"
    );
    assert!(home.fails(2, &["session", "revoke", "--user-name", "nobody"]).contains("there is no user nobody"));
    home.fails(22, &["session", "revoke"]);
}

#[test]
fn rule_21_sessions_of_a_provider_are_revoked_by_its_epoch() {
    let home = Home::new("");
    let url = "https://idp.example/realm";
    home.ok(&["oidc-provider", "create", "--url", url]);
    let epoch =
        || home.stored::<OidcProvider>(&RecordKey::oidc_provider(&AccountId::empty(), "idp.example/realm")).epoch;
    let first = epoch();
    for named in [url, "idp.example/realm", "arn:aws:iam:::oidc-provider/idp.example/realm"] {
        let said = home.ok(&["session", "revoke", "--oidc-provider", named]);
        assert_eq!(said, "Revoked for oidc-provider idp.example/realm: all sessions\n");
    }
    assert_eq!(epoch(), first + 3);
    for (status, more, part) in [
        (22, vec!["--before", "2026-11-21T22:00:00Z"], "cannot be used with"),
        (22, vec!["--access-key-id", "ASIAONE"], "cannot be used with"),
        (22, vec!["--role-name", "R"], "cannot be used with"),
        (2, vec!["--account-id", "123456789012"], "there is no account `123456789012`"),
    ] {
        let err = home.fails(status, &[&["session", "revoke", "--oidc-provider", url][..], &more].concat());
        assert!(err.contains(part), "{more:?}: {err}");
    }
    assert!(home.fails(2, &["session", "revoke", "--oidc-provider=none.example"]).contains("not found"));
    assert_eq!(epoch(), first + 3, "refusals change nothing");
}

#[test]
fn rule_20_token_keys_are_rotated_on_their_file() {
    use std::os::unix::fs::MetadataExt;
    let home = Home::new("");
    let states = |out: &str| {
        let keys = json(out);
        let keys = keys.as_array().unwrap().clone();
        keys.iter().map(|key| (key["id"].as_str().unwrap().to_owned(), key["state"].clone())).collect::<Vec<_>>()
    };
    let first = states(&home.ok(&["token-key", "list"])).remove(0);
    assert_eq!(first.1, "minting");
    let added = states(&home.ok(&["token-key", "add"]));
    let (second, state) = added.last().unwrap().clone();
    assert_eq!((added.len(), state), (2, "opening".into()));
    assert!(home.fails(22, &["token-key", "mint", "--id", &second]).contains("may mint from 2026-11-21T22:57:28Z on"));
    assert!(home.fails(22, &["token-key", "retire", "--id", &first.0]).contains("is the one that mints"));
    assert!(home.fails(22, &["token-key", "drop", "--id", &first.0]).contains("is not retired"));
    assert!(home.fails(2, &["token-key", "drop", "--id", "none"]).contains("there is no token key none"));
    let rotated = states(&home.ok(&["token-key", "rotate"]));
    let wanted = ["opening", "opening", "minting"];
    assert!(rotated.iter().map(|(_, state)| state.as_str().unwrap()).eq(wanted), "{rotated:?}");
    assert!(home.fails(22, &["token-key", "retire", "--id", &first.0]).contains("in use until 2026-11-23T10:56:28Z"));
    home.ok(&["token-key", "retire", "--id", &first.0, "--compromised"]);
    home.ok(&["token-key", "drop", "--id", &first.0]);
    let ended = home.ok(&["token-key", "rotate", "--compromised"]);
    assert!(states(&ended).iter().map(|(_, state)| state.as_str().unwrap()).eq(["retired", "retired", "minting"]));

    let file = home.folder.path().join("state/token.keys");
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o7777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.lines().all(|line| !ended.contains(line.split(':').nth(2).unwrap())), "keys are never shown");
    std::fs::write(file.with_extension("keys.new"), "").unwrap();
    assert!(home.fails(5, &["token-key", "add"]).contains("is being changed"));

    let elsewhere = Home::new("[token]\nkeys = 'env:ROLEGATE_TEST_NO_RING'\n");
    assert!(elsewhere.fails(22, &["token-key", "rotate"]).contains("environment variable"));
    elsewhere.fails(5, &["token-key", "list"]);
}
