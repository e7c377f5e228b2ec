//! What the commands write: the store and its key, the audit log, exports.

use super::*;

#[test]
fn rule_27_store_and_keys_are_private_and_made_at_first_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new("");
    home.ok(&["user", "list"]);
    let state = home.folder.path().join("state");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&state), 0o700);
    for file in ["rolegate.db", "store.key"] {
        assert_eq!(mode(&state.join(file)), 0o600, "{file}");
    }
    std::fs::set_permissions(state.join("store.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(home.fails(5, &["user", "list"]).contains("chmod 600"));
    // A lost key is not replaced by a new one.
    std::fs::remove_file(state.join("store.key")).unwrap();
    assert!(home.fails(5, &["user", "list"]).contains("put the file back"));
    assert!(!state.join("store.key").exists());
}

#[test]
fn rule_29_commands_that_change_something_leave_an_audit_line_with_the_uid() {
    let home = Home::new("[logs]\naudit = 'file:audit.log'\n[audit]\nrequired = true\n");
    home.ok(&["user", "create", "--uid=U", "--access-key=UKEY", "--secret=sup3rs3cret"]);
    home.ok(&["user", "list"]);
    home.fails(17, &["user", "create", "--uid=U"]);
    home.ok(&["caps", "add", "--uid=U", "--caps=roles=*"]);
    let text = std::fs::read_to_string(home.folder.path().join("audit.log")).unwrap();
    let lines: Vec<_> = text.lines().map(json).collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert_eq!(lines[0]["command"], "user create");
    assert_eq!(lines[0]["target"], "U");
    assert_eq!(lines[0]["outcome"], "done");
    assert_eq!(lines[0]["uid"].as_u64(), own_uid().map(u64::from));
    assert_eq!(lines[1]["outcome"], "there is a user U already");
    assert_eq!(lines[2]["n"], 3);
    assert!(!text.contains("sup3rs3cret"));
    // One that cannot be audited is not done.
    let folder = home.folder.path();
    std::fs::remove_file(folder.join("audit.log")).unwrap();
    std::fs::create_dir(folder.join("audit.log")).unwrap();
    assert!(home.fails(5, &["user", "create", "--uid=W"]).contains("nothing was changed"));
    home.fails(2, &["user", "info", "--uid=W"]);
}

#[test]
fn rule_27_an_export_is_private_and_has_secrets_under_a_passphrase_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new("[logs]\naudit = 'file:audit.log'\n");
    let path = |name: &str| home.folder.path().join(name).to_str().unwrap().to_owned();
    home.ok(&["user", "create", "--uid=U", "--access-key=UKEY", "--secret=sup3rs3cret"]);
    let shown = json(&home.ok(&["export"]));
    assert_eq!((&shown["format"], &shown["secrets"]), (&"rolegate-state".into(), &serde_json::Value::Null));
    home.fails(22, &["export", "--with-secrets"]);
    std::fs::write(path("short"), "short\n").unwrap();
    home.fails(22, &["export", "--with-secrets", &format!("--passphrase-file={}", path("short"))]);
    home.fails(22, &["export", "--with-secrets", "--passphrase-file=/no/such/file"]);
    std::fs::write(path("phrase"), "correct horse battery\n").unwrap();
    let phrase = format!("--passphrase-file={}", path("phrase"));
    let out = format!("--out={}", path("state.json"));
    assert_eq!(home.ok(&["export", &out]), "");
    assert_eq!(home.ok(&["export", &out, "--with-secrets", &phrase]), "", "what is there is replaced");
    home.fails(2, &["export", "--out=/no/such/folder/file"]);
    let mode = std::fs::metadata(path("state.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(path("state.json")).unwrap();
    assert!(!text.contains("sup3rs3cret") && text.contains("argon2id"));

    let other = Home::new("[logs]\naudit = 'file:audit.log'\n");
    other.fails(2, &["import", "/no/such/file"]);
    other.fails(22, &["import", &path("rolegate.toml")]);
    other.fails(22, &["import", &path("state.json")]);
    assert!(other.ok(&["import", &path("state.json"), &phrase]).contains("+ user U ("));
    other.fails(2, &["user", "info", "--uid=U"]);
    other.ok(&["import", &path("state.json"), &phrase, "--apply"]);
    assert_eq!(json(&other.ok(&["user", "info", "--uid=U"]))["keys"][0]["access_key"], "UKEY");
    assert_eq!(json(&other.ok(&["export"])), shown);
    // Both leave an audit line; only looking leaves none.
    let audit = |home: &Home| -> Vec<String> {
        let text = std::fs::read_to_string(home.folder.path().join("audit.log")).unwrap();
        text.lines().map(|line| json(line)["command"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(audit(&other), ["import"]);
    assert_eq!(audit(&home), ["user create", "export", "export", "export"]);
    // The same file configures an empty store.
    let conf = format!("[bootstrap]\nimport = '{}'\npassphrase = 'file:{}'\n", path("state.json"), path("phrase"));
    let third = Home::new(&conf);
    let conf = third.folder.path().join("rolegate.toml");
    let text = std::fs::read_to_string(&conf).unwrap().replace("env:ROLEGATE_TEST_NO_SUCH", "file:rolegate.toml");
    std::fs::write(&conf, &text).unwrap();
    third.ok(&["check-conf"]);
    std::fs::write(&conf, text.replace("phrase'", "short'")).unwrap();
    assert!(third.run(&["check-conf"]).err.contains("the passphrase is not the one"));
}
