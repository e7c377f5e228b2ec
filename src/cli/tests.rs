//! The command line from its words to exit status and output, on a store in a folder of its own.

use super::*;
use crate::conf::ProcessEnvironment;
use crate::types::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};

struct Noon;
impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::parse_iso8601("2026-11-21T22:56:28.661Z").unwrap()
    }
}

/// Never the same twice, and no secret.
#[derive(Default)]
struct Counter(AtomicU64);
impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}

/// A folder with a configuration, as a new user has it.
struct Home {
    folder: tempfile::TempDir,
    hooks: Hooks,
}

struct Ended {
    status: u8,
    out: String,
    err: String,
}

impl Home {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let conf = format!(
            "[backend]\nendpoint = 'http://127.0.0.1:9000'\naccess_key = 'K123'\nsecret_key = 'env:ROLEGATE_TEST_NO_SUCH'\n{more}"
        );
        std::fs::write(folder.path().join("rolegate.toml"), conf).unwrap();
        let hooks = Hooks {
            clock: Arc::new(Noon),
            entropy: Arc::new(Counter::default()),
            serve: |config, options| Err(format!("serves {} {options:?}", config.listen.address).into()),
            check_backend: |config, out| Ok(writeln!(out, "{}", config.backend.endpoint)?),
            has_bucket: |_, name| match name {
                "unknown" => Err("no answer".into()),
                name => Ok(!name.starts_with("no-")),
            },
        };
        Self { folder, hooks }
    }

    fn run(&self, line: &[&str]) -> Ended {
        let conf = self.folder.path().join("rolegate.toml");
        let mut args = vec!["rolegate", "--config", conf.to_str().unwrap()];
        args.extend(line);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let status = run(args.iter().map(OsString::from), &ProcessEnvironment, &self.hooks, &mut out, &mut err);
        Ended { status, out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap() }
    }

    /// Runs a line that must succeed.
    fn ok(&self, line: &[&str]) -> String {
        let ended = self.run(line);
        assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{line:?}");
        ended.out
    }

    /// Runs a line that must fail with `status` and one line on standard error.
    fn fails(&self, status: u8, line: &[&str]) -> String {
        let ended = self.run(line);
        assert_eq!((ended.status, ended.out.as_str()), (status, ""), "{line:?}: {}", ended.err);
        assert_eq!(ended.err.matches('\n').count(), 1, "{line:?}: {}", ended.err);
        ended.err
    }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/TESTER"]},"Action":["sts:AssumeRole"]}]}"#;
const TRUST2: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/TESTER2"]},"Action":["sts:AssumeRole"]}]}"#;
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"arn:aws:s3:::example_bucket"}]}"#;

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
fn refusals_are_one_line_with_cephs_exit_status() {
    let home = Home::new("");
    let trust = format!("--assume-role-policy-doc={TRUST}");
    home.ok(&["role", "create", "--role-name=R", &trust]);
    home.ok(&["user", "create", "--uid=U"]);
    for (status, line) in [
        (17, vec!["role", "create", "--role-name=r", &trust]),
        (22, vec!["role", "create", "--role-name=Bad", "--assume-role-policy-doc=hello"]),
        (22, vec!["role", "create", "--role-name=Bad", "--assume-role-policy-doc", POLICY]),
        (22, vec!["role", "create", "--role-name=Bad"]),
        (22, vec!["role", "create"]),
        (22, vec!["role", "create", "--role-name=a/b", &trust]),
        (22, vec!["role", "create", "--role-name=P", "--path=x", &trust]),
        (2, vec!["role", "get", "--role-name=Nope"]),
        (2, vec!["role", "delete", "--role-name=Nope"]),
        (2, vec!["role-trust-policy", "modify", "--role-name=Nope", &trust]),
        (22, vec!["role-policy", "put", "--role-name=R", "--policy-name=Bad", "--policy-doc=hello"]),
        (2, vec!["role-policy", "put", "--role-name=Nope", "--policy-name=P", "--policy-doc", POLICY]),
        (2, vec!["role-policy", "get", "--role-name=R", "--policy-name=Nope"]),
        (2, vec!["role-policy", "delete", "--role-name=R", "--policy-name=Nope"]),
        (2, vec!["role-policy", "put", "--role-name=R", "--policy-name=P", "--infile=/no/such/file"]),
        (2, vec!["user", "info", "--uid=nope"]),
        (2, vec!["user", "rm", "--uid=nope"]),
        (17, vec!["user", "create", "--uid=u"]),
        (22, vec!["user", "create", "--uid=tenant$user"]),
        (22, vec!["user", "create", "--uid=a b"]),
        (22, vec!["user", "create", "--uid=new", "--caps=buckets=*"]),
        (22, vec!["caps", "add", "--uid=U", "--caps=roles"]),
        (2, vec!["caps", "add", "--uid=nope", "--caps=roles=*"]),
        (2, vec!["key", "rm", "--access-key=NOPE"]),
        (22, vec!["user", "modify", "--uid=U"]),
        (2, vec!["user", "modify", "--uid=nope", "--display-name=x"]),
        (22, vec!["user", "create", "--uid=U", "--account-root"]),
        (22, vec!["user", "create", "--uid=V", "--account-id=", "--account-root", "--caps=roles=*"]),
        (22, vec!["user", "create", "--uid=V", "--account-id=", "--caps=roles=*"]),
        (2, vec!["user", "create", "--uid=V", "--account-id=123456789012"]),
        (22, vec!["user", "list", "--account-id=12"]),
        (22, vec!["key", "modify", "--access-key=NOPE"]),
        (22, vec!["key", "modify", "--access-key=NOPE", "--active", "--inactive"]),
        (2, vec!["key", "modify", "--access-key=NOPE", "--active"]),
        (22, vec!["account", "create", "--account-name="]),
        (17, vec!["account", "create", "--account-name=x", "--account-id="]),
        (22, vec!["account", "create", "--account-name=x", "--account-id=root"]),
        (22, vec!["account", "get"]),
        (2, vec!["account", "get", "--account-name=nope"]),
        (2, vec!["account", "rm", "--account-id=nope"]),
        (22, vec!["account", "rm", "--account-id="]),
        (2, vec!["group", "get", "--group-name=nope"]),
        (2, vec!["group", "add-user", "--group-name=nope", "--uid=U"]),
        (2, vec!["user", "policy", "get", "--uid=U", "--policy-name=Nope"]),
        (22, vec!["group", "policy", "put", "--group-name=g"]),
        (22, vec!["user", "create", "--uid=U", "--tenant=x"]),
        (22, vec!["frobnicate"]),
        (22, vec![]),
    ] {
        let said = home.fails(status, &line);
        assert!(said.starts_with("rolegate: "), "{said}");
    }
}

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
fn policies_may_come_from_a_file() {
    let home = Home::new("");
    let file = home.folder.path().join("trust.json");
    std::fs::write(&file, format!("{TRUST}\n")).unwrap();
    let created = home.ok(&["role", "create", "--role-name=R", "--infile", file.to_str().unwrap()]);
    assert_eq!(json(&created)["assume_role_policy_document"], TRUST);
    std::fs::write(&file, POLICY).unwrap();
    home.ok(&["role-policy", "put", "--role-name=R", "--policy-name=P", "--infile", file.to_str().unwrap()]);
    let both = ["role-policy", "put", "--role-name=R", "--policy-name=P", "--policy-doc=x", "--infile=y"];
    home.fails(22, &both);
}

#[test]
fn a_missing_configuration_is_named_and_a_bad_one_explained() {
    let home = Home::new("[logs]\naccess = 'nowhere'\n[listen]\nport = 80\n");
    let ended = home.run(&["user", "list"]);
    assert_eq!((ended.status, ended.out.as_str()), (22, ""));
    assert!(ended.err.contains("2 mistakes") && ended.err.contains("listen.port") && ended.err.contains("logs.access"));
    let said = {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = ["rolegate", "--config=/no/such/file", "serve"].map(OsString::from);
        assert_eq!(run(args, &ProcessEnvironment, &home.hooks, &mut out, &mut err), 2);
        String::from_utf8(err).unwrap()
    };
    assert!(said.contains("no configuration file /no/such/file") && said.contains("ROLEGATE_CONFIG"), "{said}");
}

#[test]
fn serve_and_the_checks_reach_their_hooks() {
    let home = Home::new("");
    assert_eq!(
        home.fails(1, &["--allow-weak", "serve"]),
        "rolegate: serves 127.0.0.1:9080 ServeOptions { allow_weak: true }\n"
    );
    assert_eq!(home.ok(&["check-backend"]), "http://127.0.0.1:9000\n");
    // A secret that is not there stops serving, not commands on the store.
    let ended = home.run(&["check-conf"]);
    assert_eq!(ended.status, 22);
    assert!(ended.err.contains("backend.secret_key: the environment variable ROLEGATE_TEST_NO_SUCH is not set"));
    let conf = home.folder.path().join("rolegate.toml");
    let text = std::fs::read_to_string(&conf).unwrap().replace("env:ROLEGATE_TEST_NO_SUCH", "file:secret");
    std::fs::write(&conf, text + "[listen]\naddress = '0.0.0.0:1'\n").unwrap();
    std::fs::write(home.folder.path().join("secret"), "s").unwrap();
    let said = home.ok(&["check-conf"]);
    assert!(said.contains(": in order\nwarning: listen.address is not a loopback"), "{said}");
    let redis = Home::new("[store]\nurl = 'redis://127.0.0.1:1'\nkey = 'file:k'\n[token]\nkeys = 'file:t'\n");
    assert!(redis.fails(5, &["user", "list"]).contains("store.key: the file"));
    std::fs::write(redis.folder.path().join("k"), "0".repeat(64)).unwrap();
    assert!(redis.fails(5, &["user", "list"]).contains("store.url: Redis at 127.0.0.1:1"));
}

#[test]
fn help_is_no_error() {
    let home = Home::new("");
    for line in [vec!["--help"], vec!["role", "create", "--help"], vec!["--version"], vec!["help", "role"]] {
        let ended = home.run(&line);
        assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{line:?}");
        assert!(!ended.out.is_empty());
    }
}

#[test]
fn rule_21_sessions_are_revoked_by_epoch_time_and_key() {
    let home = Home::new("");
    home.ok(&["user", "create", "--uid", "TESTER2"]);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;
    home.ok(&["role", "create", "--role-name", "R", "--assume-role-policy-doc", trust]);
    let role = ["session", "revoke", "--role-name", "R"];
    let line = |more: &[&'static str]| role.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    assert_eq!(home.ok(&role), "Revoked for role R: all sessions\n");
    let before = home.ok(&line(&["--before", "2026-11-21T22:00:00Z"]));
    assert_eq!(before, "Revoked for role R: sessions issued before 2026-11-21T22:00:00Z\n");
    assert_eq!(home.ok(&line(&["--access-key-id", "ASIAONE"])), "Revoked for role R: session ASIAONE\n");
    home.ok(&["session", "revoke", "--user-name=TESTER2", "--account_id="]);
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
    assert!(home.fails(2, &["session", "revoke", "--user-name", "nobody"]).contains("there is no user nobody"));
    home.fails(22, &["session", "revoke"]);
}

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

#[test]
fn rule_21_sessions_of_a_provider_are_revoked_by_its_epoch() {
    let home = Home::new("");
    let url = "https://idp.example/realm";
    home.ok(&["oidc-provider", "create", "--url", url]);
    for named in [url, "idp.example/realm", "arn:aws:iam:::oidc-provider/idp.example/realm"] {
        let said = home.ok(&["session", "revoke", "--oidc-provider", named]);
        assert_eq!(said, "Revoked for oidc-provider idp.example/realm: all sessions\n");
    }
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

#[test]
fn managed_policies_are_made_versioned_attached_and_removed() {
    let home = Home::new("");
    home.ok(&["role", "create", "--role-name=R", &format!("--assume-role-policy-doc={TRUST}")]);
    let document = format!("--policy-doc={POLICY}");
    let made = json(&home.ok(&["policy", "create", "--policy-name=P", "--path=/a/", "--description=d", &document]));
    assert_eq!((&made["arn"], &made["default_version_id"]), (&"arn:aws:iam:::policy/a/P".into(), &"v1".into()));
    let arn = "--policy-arn=arn:aws:iam:::policy/a/P";
    assert_eq!(json(&home.ok(&["policy", "get", arn]))["policy_document"], POLICY);
    assert_eq!(json(&home.ok(&["policy", "list"])).as_array().unwrap().len(), 1);
    assert_eq!(json(&home.ok(&["policy", "list", "--scope=All"])).as_array().unwrap().len(), 8);
    assert_eq!(
        home.ok(&["policy", "attach", arn, "--role-name=R"]),
        "Policy: arn:aws:iam:::policy/a/P successfully attached to role R\n"
    );
    assert_eq!(json(&home.ok(&["policy", "get", arn]))["attachment_count"], 1);
    assert_eq!(home.fails(39, &["policy", "rm", arn]), "rolegate: Cannot delete a policy attached to entities.\n");
    home.ok(&["policy", "detach", arn, "--role-name=R"]);
    let version = json(&home.ok(&["policy", "create-version", arn, &document, "--set-as-default"]));
    assert_eq!((&version["version_id"], &version["is_default_version"]), (&"v2".into(), &true.into()));
    home.fails(39, &["policy", "delete-version", arn, "--version-id=v2"]);
    home.ok(&["policy", "set-default-version", arn, "--version-id=v1"]);
    home.ok(&["policy", "delete-version", arn, "--version-id=v2"]);
    assert_eq!(json(&home.ok(&["policy", "list-versions", arn])).as_array().unwrap().len(), 1);
    home.ok(&["policy", "delete", arn]);
    home.fails(2, &["policy", "get", arn]);
    home.fails(2, &["policy", "attach", arn, "--role-name=R"]);
    home.fails(22, &["policy", "attach", arn]);
    home.fails(22, &["policy", "attach", arn, "--role-name=R", "--user-name=U"]);
    home.fails(
        122,
        &[
            "policy",
            "create",
            "--policy-name=L",
            &format!("--policy-doc={}", POLICY.replace("example", &"e".repeat(7000))),
        ],
    );
}

#[test]
fn rule_14_validation_names_places_and_principals_that_do_not_resolve() {
    let home = Home::new("");
    let file = |name: &str, text: &str| {
        let path = home.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = file("good.json", &POLICY.replace("example_bucket", "example_bucket/*").replace("s3:*", "s3:GetObject"));
    assert_eq!(home.ok(&["policy", "validate", &good]), "No findings.\n");
    let bad = file(
        "bad.json",
        "{\"Version\":\"2012-10-17\",\n\"Statement\":{\"Effect\":\"Permit\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}",
    );
    let ended = home.run(&["policy", "validate", &bad]);
    assert_eq!((ended.status, ended.err.as_str()), (1, "rolegate: the policy has 1 error\n"));
    assert!(ended.out.starts_with(&format!("{bad}:2:23: ERROR INVALID_EFFECT: ")), "{}", ended.out);
    let trust = file("trust.json", TRUST);
    let line = ["policy", "validate", &trust, "--type=trust", "--format=json"];
    let found = json(&home.ok(&line));
    assert_eq!(found[0]["issueCode"], "UNRESOLVED_PRINCIPAL", "{found}");
    assert_eq!(found[0]["span"]["start"]["line"], 1);
    home.ok(&["user", "create", "--uid=TESTER"]);
    assert_eq!(home.ok(&line), "[]\n");
    home.fails(2, &["policy", "validate", "/nowhere.json"]);
    home.fails(22, &["policy", "validate", &good, "--type=other"]);
}

#[test]
fn questions_are_simulated_and_explained() {
    let home = Home::new("");
    home.ok(&["user", "create", "--uid=TESTER", "--caps=roles=*"]);
    home.ok(&["role", "create", "--role-name=R", &format!("--assume-role-policy-doc={TRUST}")]);
    let tagged = POLICY.replace("}]", ",\"Condition\":{\"IpAddress\":{\"aws:SourceIp\":\"10.0.0.0/8\"}}}]");
    home.ok(&["role-policy", "put", "--role-name=R", "--policy-name=P", &format!("--policy-doc={tagged}")]);
    let asked =
        ["policy", "simulate", "--principal=arn:aws:iam:::role/R", "--action=s3:ListBucket", "--action=s3:GetObject"];
    let resource = "--resource=arn:aws:s3:::example_bucket";
    let found = json(&home.ok(&[&asked[..], &[resource, "--context=aws:SourceIp=10.1.1.1"]].concat()));
    assert_eq!(
        (&found[0]["EvalDecision"], &found[0]["MatchedStatements"][0]["SourcePolicyId"]),
        (&"allowed".into(), &"role_R_P".into())
    );
    let found = json(&home.ok(&[&asked[..], &[resource]].concat()));
    assert_eq!(
        (&found[0]["EvalDecision"], &found[0]["MissingContextValues"][0]),
        (&"implicitDeny".into(), &"aws:SourceIp".into())
    );
    home.fails(22, &[&asked[..], &["--context=nothing"]].concat());
    home.fails(22, &["policy", "simulate", "--action=s3:GetObject"]);

    let role = "arn:aws:iam:::role/R";
    let text = home.ok(&["explain", "TESTER", "sts:AssumeRole", role]);
    assert!(text.starts_with(&format!("arn:aws:iam:::user/TESTER may perform sts:AssumeRole on {role}.\n")), "{text}");
    assert!(text.contains("of the role trust policy allows it"), "{text}");
    let text = home.ok(&["explain", "TESTER", "iam:CreateRole", "arn:aws:iam:::role/New"]);
    assert!(text.contains(" may perform ") && text.contains("identity-based policy rolegate:caps"), "{text}");
    let text = home.ok(&["explain", "arn:aws:sts:::assumed-role/R/Bob", "iam:CreateRole", "arn:aws:iam:::role/New"]);
    assert!(text.starts_with("arn:aws:sts:::assumed-role/R/Bob may not perform"), "{text}");
    let text = home.ok(&["explain", "anonymous", "sts:AssumeRole", role]);
    assert!(text.starts_with("Anonymous may not perform"), "{text}");
    assert!(home.fails(2, &["explain", "TESTER", "s3:GetObject", "arn:aws:s3:::none/k"]).contains("has no record"));
    home.fails(2, &["explain", "NOBODY", "s3:ListAllMyBuckets", "arn:aws:s3:::*"]);
    home.fails(22, &["explain", "arn:aws:iam:::group/G", "s3:ListAllMyBuckets", "arn:aws:s3:::*"]);
    home.fails(22, &["explain", "TESTER", "s3:GetObject"]);
    // Nothing that no request asks for is said to be allowed.
    for (action, resource, part) in [
        ("s3:GetObjekt", "arn:aws:s3:::b/k", "no request here asks for the action s3:GetObjekt"),
        ("iam:Create*", role, "without wildcards"),
        ("GetObject", "arn:aws:s3:::b/k", "one such as s3:GetObject"),
        ("iam:CreateRole", "New", "New is not a resource"),
    ] {
        let err = home.fails(22, &["explain", "TESTER", action, resource]);
        assert!(err.contains(part), "{action}: {err}");
    }
    let text = home.ok(&["explain", "TESTER", "iam:CreateRole", "*"]);
    assert!(text.contains("no request asks for iam:CreateRole on such a resource"), "{text}");
    assert!(text.contains("it is asked for on arn:aws:iam::{account}:role/*."), "{text}");
    let text = home.ok(&["explain", "TESTER", "STS:getcalleridentity", "*"]);
    assert_eq!(text, "No policy decides sts:GetCallerIdentity: every valid identity may call it.\n");
}

#[test]
fn questions_may_leave_the_configured_account_out() {
    let home = Home::new("[identity]\naccount_id = '123456789012'\n");
    home.ok(&["role", "create", "--role-name=R", &format!("--assume-role-policy-doc={TRUST}")]);
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"},{"Effect":"Deny","Action":"iam:GetRole","Resource":"arn:aws:iam:::role/R"}]}"#;
    home.ok(&["role-policy", "put", "--role-name=R", "--policy-name=P", &format!("--policy-doc={policy}")]);
    assert_eq!(json(&home.ok(&["account", "get", "--account-id="]))["id"], "123456789012");
    assert_eq!(home.ok(&["bucket", "list", "--account-id="]), "[]\n");
    for resource in ["arn:aws:iam:::role/R", "arn:aws:iam::123456789012:role/R"] {
        let text = home.ok(&["explain", "arn:aws:iam:::role/R", "iam:GetRole", resource]);
        assert!(text.contains("may not perform iam:GetRole on arn:aws:iam::123456789012:role/R"), "{text}");
        let asked = ["policy", "simulate", "--principal=arn:aws:iam:::role/R", "--action=iam:GetRole"];
        let found = json(&home.ok(&[&asked[..], &[&format!("--resource={resource}")]].concat()));
        let found = (&found[0]["EvalDecision"], &found[0]["EvalResourceName"]);
        assert_eq!(found, (&"explicitDeny".into(), &resource.into()));
    }
}

#[test]
fn policies_of_another_account_are_reached_by_its_id() {
    let home = Home::new("");
    assert_eq!(json(&home.ok(&["account", "create", "--account-id=acme"]))["name"], "acme");
    home.ok(&[
        "user",
        "create",
        "--uid=admin",
        "--account-id=acme",
        "--account-root",
        "--gen-access-key",
        "--gen-secret",
    ]);
    let document = format!("--policy-doc={POLICY}");
    let made = json(&home.ok(&["policy", "create", "--policy-name=P", &document, "--account-id=acme"]));
    assert_eq!(made["arn"], "arn:aws:iam::acme:policy/P");
    assert_eq!(home.ok(&["policy", "list"]), "[]\n");
    let arn = "--policy-arn=arn:aws:iam::acme:policy/P";
    assert!(home.fails(22, &["policy", "get", arn]).contains("of another account"));
    home.ok(&["policy", "attach", arn, "--uid=admin", "--account-id=acme"]);
    assert_eq!(json(&home.ok(&["policy", "get", arn, "--account-id=acme"]))["attachment_count"], 1);
    let asked = ["policy", "simulate", "--principal=arn:aws:iam::acme:user/admin", "--action=iam:GetUser"];
    assert_eq!(json(&home.ok(&[&asked[..], &["--account-id=acme"]].concat()))[0]["EvalDecision"], "allowed");
    home.ok(&["policy", "detach", arn, "--user-name=admin", "--account-id=acme"]);
    home.ok(&["policy", "delete", arn, "--account-id=acme"]);
    home.fails(2, &["policy", "list", "--account-id=none"]);
    home.fails(22, &["user", "create", "--uid=x", "--gen-secret", "--secret=0123456789abcdef"]);
    home.fails(22, &["user", "create", "--uid=x", "--gen-access-key", "--access-key=KEY"]);
}

#[test]
fn who_closes_the_pipe_is_told_nothing() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let home = Home::new("");
    let mut err = Vec::new();
    let line = ["rolegate", "help"].map(OsString::from);
    assert_eq!(run(line, &ProcessEnvironment, &home.hooks, &mut Closed, &mut err), 5);
    assert_eq!(err, b"");
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
        let (records, _store) = open_store(&config, &ProcessEnvironment, &home.hooks).await.unwrap();
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

#[test]
fn completions_need_no_configuration() {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = ["rolegate", "--config=/no/such/file", "completions", "zsh"].map(OsString::from);
    let home = Home::new("");
    assert_eq!(run(args, &ProcessEnvironment, &home.hooks, &mut out, &mut err), 0);
    assert!(String::from_utf8(out).unwrap().starts_with("#compdef rolegate"));
}
