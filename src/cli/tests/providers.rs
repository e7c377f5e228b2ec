//! OpenID Connect providers.

use super::*;

#[test]
fn providers_are_made_shown_changed_and_removed() {
    let home = Home::new("[logs]\naudit = 'file:audit.log'\n");
    let (url, name) = ("https://IdP.example/realms/demo", "IdP.example/realms/demo");
    let print = "EB74AB8D00D943EC9507E2763090932DF2B09C77";
    let line = |words: &[&str]| -> serde_json::Value { json(&home.ok(&[&["oidc-provider"][..], words].concat())) };
    let made = line(&[
        "create",
        "--url",
        url,
        "--client-id=app",
        "--client_id",
        "account",
        "--thumbprint",
        print,
        "--tag",
        "Team=a=b",
        "--tag=Stage=",
    ]);
    let id = made["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("AOIP") && id.len() == 21);
    let mut wanted = serde_json::json!({
        "id": id, "url": url, "arn": format!("arn:aws:iam:::oidc-provider/{name}"),
        "create_date": "2026-11-21T22:56:28.661Z", "client_ids": ["app", "account"],
        "thumbprints": [print.to_lowercase()],
        "tags": [{"key": "Team", "value": "a=b"}, {"key": "Stage", "value": ""}]
    });
    assert_eq!(made, wanted);
    for named in [url, name, "http://IdP.example/realms/demo", "arn:aws:iam:::oidc-provider/IdP.example/realms/demo"] {
        assert_eq!(line(&["get", "--url", named]), wanted);
    }
    assert_eq!(line(&["list"]), serde_json::json!([wanted]));
    wanted["client_ids"] = serde_json::json!(["account", "web"]);
    wanted["thumbprints"] = serde_json::json!(["a".repeat(40), "b".repeat(40)]);
    let (one, other) = ("a".repeat(40), "B".repeat(40));
    let update = ["update", "--url", name, "--remove-client-id=app", "--remove-client-id=never", "--add-client-id=web"];
    let update = [&update[..], &["--thumbprint", &one, "--thumbprint", &other]].concat();
    assert_eq!(line(&update), wanted);
    wanted["thumbprints"] = serde_json::json!([]);
    assert_eq!(line(&["update", "--url", name, "--no-thumbprints"]), wanted);
    let long = "c".repeat(256);
    for (status, words, part) in [
        (17, vec!["create", "--url", "http://IdP.example/realms/demo"], "already exists"),
        (22, vec!["create", "--url", "https://a@b"], "Invalid Open ID Connect Provider URL."),
        (22, vec!["create", "--url", "https://a.b", "--thumbprint=12"], "exactly 40 characters"),
        (22, vec!["create", "--url", "https://a.b", "--tag=x"], "--tag x must have the form KEY=VALUE"),
        (22, vec!["create"], "--url"),
        (2, vec!["get", "--url=none.example"], "not found for arn arn:aws:iam:::oidc-provider/none.example"),
        (2, vec!["delete", "--url=none.example"], "not found"),
        (22, vec!["get", "--url=a b"], "is not the ARN of an OpenID Connect provider"),
        (22, vec!["get", "--url=arn:aws:iam::tenant:oidc-provider/a.b"], "of another account"),
        (22, vec!["update", "--url", name], "required"),
        (22, vec!["update", "--url", name, "--no-thumbprints", "--thumbprint", print], "cannot be used with"),
        (22, vec!["update", "--url", name, "--remove-client-id=web", "--add-client-id", &long], "'clientID'"),
        (22, vec!["update", "--url", name, "--remove-client-id=web", "--thumbprint=12"], "exactly 40 characters"),
    ] {
        let err = home.fails(status, &[&["oidc-provider"][..], &words].concat());
        assert!(err.contains(part), "{words:?}: {err}");
    }
    assert_eq!(line(&["get", "--url", name]), wanted, "a value that cannot be leaves all as it is");
    let said = home.ok(&["oidc-provider", "rm", "--url", name]);
    assert_eq!(said, format!("oidc-provider: {name} successfully deleted\n"));
    assert_eq!(line(&["list"]), serde_json::json!([]));
    let text = std::fs::read_to_string(home.folder.path().join("audit.log")).unwrap();
    let first = json(text.lines().next().unwrap());
    assert_eq!((&first["command"], &first["target"]), (&"oidc-provider create".into(), &url.into()));
    assert!(!text.contains("oidc-provider get") && text.contains("oidc-provider delete"), "{text}");
}
