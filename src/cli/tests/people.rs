//! Accounts, users, keys, caps and groups.

use super::*;

#[test]
fn accounts_groups_and_users_of_an_account_are_shown() {
    let home = Home::new("");
    let account = json(&home.ok(&["account", "create", "--account-name=Acme"]));
    let id = account["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("RGW") && id.len() == 20);
    let wanted = serde_json::json!({"id": id, "name": "Acme", "create_date": "2026-11-21T22:56:28.661Z"});
    assert_eq!(account, wanted);
    assert_eq!(json(&home.ok(&["account", "get", "--account-name=ACME"])), wanted);
    assert_eq!(json(&home.ok(&["account", "get", "--account-id="]))["name"], "");
    assert_eq!(json(&home.ok(&["account", "list"])), serde_json::json!([id]));
    home.fails(17, &["account", "create", "--account-name=acme"]);
    let inside = format!("--account-id={id}");
    let boss = json(&home.ok(&["user", "create", "--uid=boss", &inside, "--account-root"]));
    assert_eq!((boss["type"].as_str(), boss["account_id"].as_str()), (Some("root"), Some(id.as_str())));
    let ann = json(&home.ok(&["user", "create", "--uid=ann", &inside, "--access-key=ANN"]));
    assert_eq!(ann["arn"], format!("arn:aws:iam::{id}:user/ann"));
    assert_eq!(home.ok(&["user", "list"]), "[]\n");
    let off = json(&home.ok(&["key", "modify", "--access-key=ANN", "--uid=ann", &inside, "--inactive"]));
    assert_eq!(off["keys"], serde_json::json!([{"user": "ann", "access_key": "ANN", "active": false}]));
    let on = json(&home.ok(&["key", "modify", "--access-key=ANN", &inside, "--active"]));
    assert_eq!(on["keys"], serde_json::json!([{"user": "ann", "access_key": "ANN"}]));
    home.fails(2, &["key", "modify", "--access-key=ANN", "--active"]);

    let group = json(&home.ok(&["group", "create", "--group-name=g", "--path=/x/", &inside]));
    assert_eq!(group["arn"], format!("arn:aws:iam::{id}:group/x/g"));
    home.ok(&["group", "add-user", "--group-name=g", "--uid=ann", &inside]);
    assert_eq!(json(&home.ok(&["group", "get", "--group-name=g", &inside]))["users"], serde_json::json!(["ann"]));
    let document = format!("--policy-doc={POLICY}");
    home.ok(&["group", "policy", "put", "--group-name=g", "--policy-name=P", &document, &inside]);
    let shown = home.ok(&["group-policy", "get", "--group-name=g", "--policy-name=P", &inside]);
    assert_eq!(json(&shown)["Permission policy"], POLICY);
    assert_eq!(home.ok(&["group", "policy", "list", "--group-name=g", &inside]), "[\n    \"P\"\n]\n");
    home.fails(39, &["group", "rm", "--group-name=g", &inside]);
    // A user goes out of its groups and off its policies.
    let arn = "--policy-arn=arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    home.ok(&["user", "policy", "attach", "--uid=ann", arn, &inside]);
    let attached = home.ok(&["user", "policy", "list", "attached", "--uid=ann", &inside]);
    assert_eq!(json(&attached), serde_json::json!(["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]));
    home.ok(&["user", "rm", "--uid=ann", &inside]);
    assert_eq!(json(&home.ok(&["group", "get", "--group-name=g", &inside]))["users"], serde_json::json!([]));
    home.ok(&["group-policy", "rm", "--group-name=g", "--policy-name=P", &inside]);
    home.ok(&["group", "rm", "--group-name=g", &inside]);
    assert!(home.fails(39, &["account", "rm", &inside]).contains("the user boss"));
    home.ok(&["user", "rm", "--uid=boss", &inside]);
    home.ok(&["account", "rm", &inside]);
    home.fails(2, &["account", "get", &inside]);
}

#[test]
fn users_keys_and_caps_are_shown_as_ceph_shows_them() {
    let home = Home::new("");
    let line =
        ["user", "create", "--uid=capdemo", "--display-name=Cap Demo", "--access-key=CAPDEMO", "--secret=capdemo123"];
    let wanted = r#"{
    "user_id": "capdemo",
    "display_name": "Cap Demo",
    "keys": [
        {
            "user": "capdemo",
            "access_key": "CAPDEMO",
            "secret_key": "capdemo123"
        }
    ],
    "caps": [],
    "type": "rgw"
}
"#;
    assert_eq!(home.ok(&line), wanted);
    home.ok(&["caps", "add", "--uid=capdemo", "--caps=roles=*"]);
    let added = home.ok(&["caps", "add", "--uid=capdemo", "--caps=oidc-provider=*;user-policy=read"]);
    assert_eq!(
        json(&added)["caps"],
        serde_json::json!([
            {"type": "oidc-provider", "perm": "*"}, {"type": "roles", "perm": "*"}, {"type": "user-policy", "perm": "read"}
        ])
    );
    let removed = home.ok(&["caps", "rm", "--uid=capdemo", "--caps=user-policy=read"]);
    assert_eq!(json(&removed)["caps"].as_array().unwrap().len(), 2);
    // The secret is shown once.
    let info = home.ok(&["user", "info", "--uid=CAPDEMO"]);
    assert_eq!(info, removed);
    assert!(!info.contains("secret_key") && !info.contains("capdemo123"));
    assert_eq!(home.ok(&["user", "list"]), "[\n    \"capdemo\"\n]\n");

    let second = json(&home.ok(&["key", "create", "--uid=capdemo"]));
    let key = &second["keys"][1];
    let id = key["access_key"].as_str().unwrap();
    assert!(id.starts_with("AKIA") && id.len() == 20, "{id}");
    assert_eq!(key["secret_key"].as_str().unwrap().len(), 40);
    assert!(second["keys"][0].get("secret_key").is_none());
    assert!(home.fails(122, &["key", "create", "--uid=capdemo"]).contains("2 access keys"));
    home.fails(22, &["key", "rm", "--access-key", id, "--uid=other"]);
    assert_eq!(json(&home.ok(&["key", "rm", "--access-key", id]))["keys"].as_array().unwrap().len(), 1);
    assert_eq!(home.ok(&["user", "rm", "--uid=capdemo"]), "");
    assert_eq!(home.ok(&["user", "list"]), "[]\n");
    // The ids are free again.
    home.ok(&line);
}

#[test]
fn rule_19_key_ids_keep_to_their_alphabet_and_are_never_temporary() {
    let home = Home::new("");
    for bad in ["ab", "a-b", "a/b", "ASIAABCDEFGHIJKLMNOP", "ASIA", &"x".repeat(129)] {
        home.fails(22, &["user", "create", "--uid=U", "--access-key", bad, "--secret=test123"]);
    }
    for bad in ["ab", "with space", "\u{e9}\u{e9}\u{e9}", &"x".repeat(129)] {
        let said = home.fails(22, &["user", "create", "--uid=U", "--access-key=GOOD", "--secret", bad]);
        assert!(!said.contains(bad), "{said}");
    }
    // Nothing is left of what was refused.
    home.ok(&["user", "create", "--uid=U", "--access-key=GOOD", "--secret=test123"]);
    home.fails(17, &["user", "create", "--uid=V", "--access-key=GOOD", "--secret=test123"]);
    home.fails(2, &["user", "info", "--uid=V"]);
}
