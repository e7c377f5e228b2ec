//! Roles and their policies, as Ceph's pages have the commands, in the account of the gate and in others.

use super::*;

#[test]
fn the_command_lines_of_cephs_role_page_work_as_printed() {
    let home = Home::new("");
    home.ok(&[
        "--uid",
        "TESTER",
        "--display-name",
        "TestUser",
        "--access_key",
        "TESTER",
        "--secret",
        "test123",
        "user",
        "create",
    ]);
    home.ok(&["caps", "add", "--uid=TESTER", "--caps=roles=*"]);
    let created = home.ok(&[
        "role",
        "create",
        "--role-name=S3Access1",
        "--path=/application_abc/component_xyz/",
        &format!("--assume-role-policy-doc={TRUST}"),
    ]);
    let id = json(&created)["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("AROA") && id.len() == 21, "{id}");
    let wanted = format!(
        r#"{{
    "id": "{id}",
    "name": "S3Access1",
    "path": "/application_abc/component_xyz/",
    "arn": "arn:aws:iam:::role/application_abc/component_xyz/S3Access1",
    "create_date": "2026-11-21T22:56:28.661Z",
    "max_session_duration": 3600,
    "assume_role_policy_document": "{}"
}}
"#,
        TRUST.replace('"', "\\\"")
    );
    assert_eq!(created, wanted);
    assert_eq!(home.ok(&["role", "get", "--role-name=S3Access1"]), wanted);
    let listed = home.ok(&["role", "list"]);
    assert_eq!(json(&listed), serde_json::json!([json(&wanted)]));
    assert!(listed.starts_with("[\n    {\n        \"id\""), "{listed}");
    assert_eq!(home.ok(&["role", "list", "--path-prefix", "=/application"]), listed);
    assert_eq!(home.ok(&["role", "list", "--path-prefix=/application"]), listed);
    assert_eq!(home.ok(&["role", "list", "--path-prefix=/other"]), "[]\n");
    assert_eq!(
        home.ok(&[
            "role-trust-policy",
            "modify",
            "--role-name=S3Access1",
            &format!("--assume-role-policy-doc={TRUST2}")
        ]),
        "Assume role policy document updated successfully for role: S3Access1\n"
    );
    assert!(home.ok(&["role", "get", "--role-name=S3Access1"]).contains("user/TESTER2"));
    let document = format!("--policy-doc={POLICY}");
    let put = ["role-policy", "put", "--role-name=S3Access1", "--policy-name=Policy1", &document];
    assert_eq!(home.ok(&put), "Permission policy attached successfully\n");
    for list in [["role-policy", "list"].as_slice(), &["role", "policy", "list"], &["role", "policy", "get"]] {
        let line = [list, &["--role-name=S3Access1"]].concat();
        assert_eq!(home.ok(&line), "[\n    \"Policy1\"\n]\n", "{line:?}");
    }
    assert_eq!(
        home.ok(&["role-policy", "get", "--role-name=S3Access1", "--policy-name=Policy1"]),
        format!("{{\n    \"Permission policy\": \"{}\"\n}}\n", POLICY.replace('"', "\\\""))
    );
    let update = ["role", "update", "--role-name=S3Access1", "--max-session-duration=43200"];
    assert_eq!(home.ok(&update), "Max session duration updated successfully for role: S3Access1\n");
    assert!(home.ok(&["role", "get", "--role-name=S3Access1"]).contains("\"max_session_duration\": 43200"));
    home.fails(22, &["role", "update", "--role-name=S3Access1", "--max-session-duration=43201"]);
    home.fails(22, &["role", "update", "--role-name=S3Access1"]);
    home.fails(2, &["role", "update", "--role-name=Nope", "--max-session-duration=3600"]);

    let arn = "--policy-arn=arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let attach = ["role", "policy", "attach", "--role-name=S3Access1", arn];
    assert_eq!(home.ok(&attach), "Policy attached successfully\n");
    for list in [["role-policy", "list-attached"].as_slice(), &["role", "policy", "list", "attached"]] {
        let listed = home.ok(&[list, &["--role-name=S3Access1"]].concat());
        assert_eq!(listed, "[\n    \"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess\"\n]\n");
    }
    home.fails(39, &["role", "delete", "--role-name=S3Access1"]);
    let detach = ["role-policy", "detach", "--role-name=S3Access1", arn];
    assert_eq!(home.ok(&detach), "Policy detached successfully\n");
    home.fails(2, &detach);
    home.fails(39, &["role", "delete", "--role-name=S3Access1"]);
    assert_eq!(
        home.ok(&["role", "policy", "delete", "--role-name=S3Access1", "--policy-name=Policy1"]),
        "Policy: Policy1 successfully deleted for role: S3Access1\n"
    );
    assert_eq!(home.ok(&["role-policy", "list", "--role-name=S3Access1"]), "[]\n");
    assert_eq!(home.ok(&["role", "rm", "--role-name=S3Access1"]), "role: S3Access1 successfully deleted\n");
}

#[test]
fn roles_and_providers_of_another_account_are_its_own() {
    let home = Home::new("[logs]\naudit = 'file:audit.log'\n");
    home.ok(&["account", "create", "--account-name=Acme", "--account-id=acme"]);
    let inside = |words: &[&'static str]| [words, &["--account-id=acme"]].concat();
    let made = json(&home.ok(&inside(&["role", "create", "--role-name=R", "--assume-role-policy-doc", TRUST])));
    assert_eq!(made["arn"], "arn:aws:iam::acme:role/R");
    home.fails(2, &["role", "get", "--role-name=R"]);
    assert_eq!(json(&home.ok(&["role", "list"])), serde_json::json!([]));
    assert_eq!(json(&home.ok(&inside(&["role", "list"]))), serde_json::json!([made]));
    home.ok(&inside(&["role", "update", "--role-name=R", "--max-session-duration=7200"]));
    home.ok(&inside(&["role-trust-policy", "modify", "--role-name=R", "--assume-role-policy-doc", TRUST2]));
    let shown = json(&home.ok(&inside(&["role", "get", "--role-name=R"])));
    assert_eq!(shown["max_session_duration"], 7200);
    assert!(shown["assume_role_policy_document"].as_str().unwrap().contains("TESTER2"));
    let arn = "--policy-arn=arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let policy = |words: &[&'static str]| home.ok(&inside(&[&["role-policy"][..], words, &["--role-name=R"]].concat()));
    policy(&["put", "--policy-name=P", "--policy-doc", POLICY]);
    policy(&["attach", arn]);
    assert_eq!(json(&policy(&["list"])), serde_json::json!(["P"]));
    assert_eq!(json(&policy(&["get", "--policy-name=P"]))["Permission policy"], POLICY);
    assert_eq!(json(&policy(&["list-attached"])).as_array().unwrap().len(), 1);
    policy(&["detach", arn]);
    policy(&["delete", "--policy-name=P"]);
    let provider = json(&home.ok(&inside(&["oidc-provider", "create", "--url=https://idp.example"])));
    assert_eq!(provider["arn"], "arn:aws:iam::acme:oidc-provider/idp.example");
    assert_eq!(json(&home.ok(&["oidc-provider", "list"])), serde_json::json!([]));
    home.ok(&inside(&["session", "revoke", "--oidc-provider=idp.example"]));
    home.ok(&inside(&["role", "delete", "--role-name=R"]));
    assert!(home.fails(39, &inside(&["account", "rm"])).contains("the oidc-provider https://idp.example"));
    home.ok(&inside(&["oidc-provider", "delete", "--url=https://idp.example"]));
    for words in [&["role", "list"][..], &["role-policy", "list", "--role-name=R"], &["oidc-provider", "list"]] {
        home.fails(2, &[words, &["--account-id=nobody"]].concat());
        home.fails(22, &[words, &["--account-id=12"]].concat());
    }
    let text = std::fs::read_to_string(home.folder.path().join("audit.log")).unwrap();
    for (command, target) in [
        ("role create", "R of account acme"),
        ("role-trust-policy modify", "R of account acme"),
        ("role-policy put", "R P of account acme"),
        ("oidc-provider create", "https://idp.example of account acme"),
    ] {
        let wanted = |line: serde_json::Value| line["command"] == command && line["target"] == target;
        assert!(text.lines().map(json).any(wanted), "{command}: {text}");
    }
}
