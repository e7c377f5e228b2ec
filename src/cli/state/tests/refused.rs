//! Files that are refused, and keys that are not taken.

use super::*;

#[tokio::test]
async fn what_was_altered_is_refused_with_its_place() {
    let world = World::full().await;
    let file = world.export().await;
    for (good, bad, said) in [
        ("rolegate-state", "other", "not a file of `rolegate export`"),
        ("\"version\": 1", "\"version\": 2", "version 2 of the format"),
        ("\"path\": \"/p/\"", "\"path\": \"p\"", "account \"\": policy Managed: The specified value for path"),
        (
            "AROAREADER",
            "AIDAREADER",
            "role Reader: the store has one of this name with another id, AROAREADERAAAAAAAAAAA",
        ),
        ("\"sts:AssumeRole\"", "\"sts:AssumeRole\",\"Resource\":\"*\"", "role Reader: trust: "),
        (
            "\"trust_bindings\": {\n            \"arn:aws:iam:::user/alice\"",
            "\"trust_bindings\": {\n            \"arn:aws:iam:::user/bob\"",
            "role Reader: trust: bindings must be of",
        ),
        ("\"max_session_duration\": 3600", "\"max_session_duration\": 60", "role Reader: 1 validation error"),
        ("policy/p/Managed\",\n", "policy/q/Managed\",\n", "there is no managed policy arn:aws:iam:::policy/q/Managed"),
        ("aws:policy/AmazonS3ReadOnly", "aws:policy/Nonsense", "group Staff: there is no managed policy"),
        ("\"default_version\": 2", "\"default_version\": 1", "policy Managed: versions must be numbered"),
        ("\"kind\": \"standalone\"", "\"kind\": \"iam\"", "only standalone users have caps"),
        ("\"name\": \"Bob\"", "\"name\": \"ALICE\"", "user ALICE: the store has one of this name"),
        ("AIDABOBAAAAAAAAAAAAAA", "AIDAALICEAAAAAAAAAAAA", "the unique id AIDAALICEAAAAAAAAAAAA stands twice"),
        ("\"name\": \"data\"", "\"name\": \"d\"", "bucket d: too short"),
        ("http://IdP:8080/realm", "ftp://IdP", "oidc-provider IdP: Invalid Open ID Connect Provider URL."),
        ("http://IdP:8080/realm", "http://a@b", "Invalid Open ID Connect Provider URL."),
        ("abababab", "ABababab", "must be in lower case"),
        ("abababab", "ababab", "Thumbprint must be exactly 40 characters."),
        ("\"web\"", "\"app\"", "app stands twice"),
        ("\"web\"", "\"\"", "'clientID'"),
        ("AOIPIDP", "AROAIDP", "with another id, AOIPIDPAAAAAAAAAAAAAA"),
        ("\"value\": \"demo\"", "\"value\": \"<\"", "oidc-provider IdP:8080/realm: "),
        ("\"account\": \"\"", "\"account\": \"nobody\"", "bucket data: this account is not there"),
        ("\"created\": \"1970", "\"created\": \"x1970", " at line "),
        ("\"name\": \"Bob\"", "\"name\": \"\\u001b[2J\"", "user \\u{1b}[2J: The specified value for userName"),
        ("\"caps\"", "\"capz\"", "unknown field `capz`"),
        ("s3:GetObject", "s3:Get Object", "account \"\": policy Managed: version v2: "),
    ] {
        assert!(file.contains(good), "{good}: {file}");
        let refused = world.import(&file.replace(good, bad), "apply").await;
        let text = refused.expect_err(bad).to_string();
        assert!(text.contains(said), "{bad}: {text}");
        assert_eq!(world.export().await, file, "{bad}");
    }
    // A sealed secret is one key's alone.
    let (mut locked, other) = (world.locked().await, World::empty().await);
    locked = locked.replace("KEYALICE", "KEYMALLORY");
    let text = other.import(&locked, "apply").await.unwrap_err().to_string();
    assert_eq!(
        text,
        "account \"\": user alice: the secret of the access key KEYMALLORY was altered, or is another key's"
    );
    let scene = other.scene();
    let wrong = Secret::new("another passphrase");
    let options = ImportOptions { passphrase: Some(&wrong), ..Default::default() };
    assert!(matches!(
        import(&scene, locked.as_bytes(), options).await,
        Err(StateError::Passphrase(PassphraseError::Wrong))
    ));
    let none = import(&scene, locked.as_bytes(), ImportOptions::default()).await;
    assert!(matches!(none, Err(StateError::NoPassphrase)));
}

#[tokio::test]
async fn rule_01_a_key_of_another_user_is_not_taken() {
    let (one, other) = (World::full().await, World::empty().await);
    let key = AccessKeyId::parse("KEYALICE").unwrap();
    let eve = AccessKey {
        next_user_name: None,
        sealed_secret: other.records.seal_secret(&unique("AIDAEVE"), &key, &Secret::new("secret-of-eve")),
        id: key.clone(),
        account: AccountId::empty(),
        user_name: "eve".into(),
        user_id: unique("AIDAEVE"),
        status: KeyStatus::Active,
        created: 1,
    };
    other.records.commit(Changes::new().create(&eve)).await.unwrap();
    let refused = other.import(&one.locked().await, "apply").await.unwrap_err().to_string();
    assert!(refused.contains("user alice: the access key KEYALICE belongs to another user"), "{refused}");
    assert_eq!(other.get::<AccessKey>(RecordKey::access_key(&key)).await, eve);
}
