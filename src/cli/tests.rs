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
        (22, vec!["user", "create", "--uid=U", "--tenant=x"]),
        (22, vec!["frobnicate"]),
        (22, vec![]),
    ] {
        let said = home.fails(status, &line);
        assert!(said.starts_with("rolegate: "), "{said}");
    }
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
