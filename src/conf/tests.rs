//! The configuration: defaults, samples, every mistake in one report.

use super::*;
use std::collections::BTreeMap;
use std::io;

/// Variables and files of a test.
#[derive(Default)]
struct Fake {
    variables: BTreeMap<&'static str, &'static str>,
    files: BTreeMap<&'static str, &'static str>,
}

impl Environment for Fake {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).map(|value| (*value).to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = path.to_str().and_then(|path| self.files.get(path));
        found.map(|text| text.as_bytes().to_vec()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

const SMALLEST: &str = "
[backend]
endpoint = 'http://127.0.0.1:9000'
access_key = 'env:ROLEGATE_BACKEND_ACCESS_KEY'
secret_key = 'env:ROLEGATE_BACKEND_SECRET_KEY'
";

fn parse(text: &str) -> Result<Config, Vec<Mistake>> {
    Config::parse(text, Path::new(""), &Fake::default())
}

fn complaints(text: &str) -> Vec<String> {
    parse(text).expect_err(text).iter().map(ToString::to_string).collect()
}

#[test]
fn the_sample_with_every_key_says_the_defaults() {
    assert_eq!(parse(include_str!("../../conf/rolegate.toml")), Ok(Config::default()));
    assert_eq!(parse(SMALLEST), Ok(Config::default()));
}

/// The `key = value` of a line, in a comment or not.
fn assignment(line: &str) -> Option<&str> {
    let line = line.trim_start_matches("# ");
    let (key, value) = line.split_once(" = ")?;
    let is_key = key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit());
    let is_value = value.starts_with(['"', '[']) || value.parse::<u64>().is_ok() || value.parse::<bool>().is_ok();
    (is_key && is_value).then_some(line)
}

/// The `[[table]]` of a line that is a comment.
fn table(line: &str) -> Option<&str> {
    line.strip_prefix("# ").filter(|line| line.starts_with("[["))
}

#[test]
fn the_sample_with_every_key_has_every_key() {
    // Uncommented as well: the keys that have no default.
    let text = include_str!("../../conf/rolegate.toml");
    let all: String = text
        .lines()
        .map(|line| if line.starts_with('[') { Some(line) } else { table(line).or_else(|| assignment(line)) })
        .map(|line| format!("{}\n", line.unwrap_or_default()))
        .collect();
    let config = parse(&all).unwrap();
    assert_eq!(config.listen.tls.unwrap().key, Path::new("tls/key.pem"));
    assert_eq!(config.backend.unrecorded_bucket_owner, Some(UnrecordedOwner::Account));
    assert_eq!(config.backend.ca_file.as_deref(), Some(Path::new("tls/backend-ca.pem")));
    assert_eq!(config.sigv4.region.as_deref(), Some("us-east-1"));
    assert_eq!(config.bootstrap.import.as_deref(), Some(Path::new("import.toml")));
    assert_eq!(config.bootstrap.passphrase, Some(Reference::File("passphrase".into())));
    assert!(config.oidc.providers[0].bearer_token_file.is_some() && config.oidc.providers[0].ca_file.is_some());
    // A key of the parser that the sample does not have would be named here as known.
    for table in [
        "listen",
        "admin",
        "backend",
        "store",
        "identity",
        "token",
        "sigv4",
        "oidc",
        "cache",
        "limits",
        "logs",
        "audit",
        "bootstrap",
    ] {
        let text = all.replace(&format!("[{table}]\n"), &format!("[{table}]\nnonsense = 1\n"));
        let mistakes = parse(&text).expect_err(table);
        let [Mistake::UnknownKey { key, known }] = mistakes.as_slice() else { panic!("{table}: {mistakes:?}") };
        assert_eq!(key, &format!("{table}.nonsense"));
        for key in known.split(", ") {
            assert!(
                all.lines().any(|line| line.starts_with(&format!("{key} = ")) || line == format!("[[{table}.{key}]]")),
                "{table}.{key} is not in the sample"
            );
        }
    }
}

#[test]
fn every_sample_is_a_configuration() {
    let environment = Fake {
        variables: BTreeMap::from([("ROLEGATE_STORE_URL", "rediss://gate:pw@redis.example.com:6380/0")]),
        ..Fake::default()
    };
    for (name, text) in [
        ("minio", include_str!("../../conf/minio.toml")),
        ("garage", include_str!("../../conf/garage.toml")),
        ("seaweedfs", include_str!("../../conf/seaweedfs.toml")),
        ("ceph", include_str!("../../conf/ceph.toml")),
        ("aws", include_str!("../../conf/aws.toml")),
        ("redis", include_str!("../../conf/redis.toml")),
    ] {
        let config =
            Config::parse(text, Path::new("/etc/rolegate"), &environment).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert_eq!(config.backend.unrecorded_bucket_owner, Some(UnrecordedOwner::Account), "{name}");
        assert_eq!(may_listen(&config, false, false, false), Ok(()), "{name}");
        assert!(!listen_warnings(&config, false).contains(&ListenWarning::NoTls), "{name}");
    }
}

#[test]
fn every_mistake_is_in_one_report_with_the_path_of_its_key() {
    let found = complaints(
        "
        nonsense = 1
        [listen]
        address = 'localhost'
        tls_cert = 'cert.pem'
        domains = ['s3.example.com', 7, '*.example.com', '10.0.0.1']
        trusted_proxies = ['10.0.0.1/33']
        grace_seconds = -1
        [admin]
        address = '0.0.0.0:9081'
        [backend]
        endpoint = 'http://host/path'
        secret_key = 'verysecret'
        keys = 'exakt'
        bucket_policy = 'backend'
        unrecorded_bucket_owner = 'user:a b'
        extra_headers = ['Authorization', 'x-amz-new']
        acess_key = 'env:A'
        [store]
        url = 'redis://:hunter2@host'
        demo = 'yes'
        [sigv4]
        max_skew_seconds = 901
        [cache]
        lifetime_seconds = 301
        [limits]
        buffered_bytes = 1048576
        [logs]
        access = 'file:'
        audit = 'off'
        [audit]
        required = true
        [identity]
        account_id = '1234'
        ",
    );
    for start in [
        "nonsense: there is no such key; known here: store, listen",
        "listen.address: must be an IP address and a port",
        "listen.tls_key: is missing",
        "listen.domains[1]: must be a text, but is integer",
        "listen.domains[2]: must be a DNS name",
        "listen.domains[3]: must be a DNS name",
        "listen.trusted_proxies[0]: must be an IP address or a network",
        "listen.grace_seconds: must be between 1 and 86400, but is -1",
        "admin.address: must be a loopback address",
        "backend.endpoint: must be a scheme, a host and a port only",
        "backend.access_key: is missing",
        "backend.secret_key: a secret does not belong in this file",
        "backend.keys: must be one of \"filesystem\", \"exact\", but is `exakt`",
        "backend.bucket_policy: \"backend\" is not available",
        "backend.unrecorded_bucket_owner: must be `account`",
        "backend.extra_headers: there is no such key",
        "backend.acess_key: there is no such key",
        "store.url: holds a password",
        "store.demo: must be true or false, but is string",
        "sigv4.max_skew_seconds: must be between 1 and 900",
        "cache.lifetime_seconds: must be between 1 and 300",
        "limits.buffered_bytes: must be at least as large",
        "logs.access: must be \"stdout\"",
        "audit.required: audit lines are required",
        "identity.account_id: `1234` is not an account id",
    ] {
        assert!(found.iter().any(|complaint| complaint.starts_with(start)), "{start}\n in {found:#?}");
    }
    assert_eq!(found.len(), 25, "{found:#?}");
    assert!(!found.iter().any(|complaint| complaint.contains("verysecret") || complaint.contains("hunter2")));
}

#[test]
fn a_report_names_the_file_and_counts() {
    let environment = Fake { files: BTreeMap::from([("/c/r.toml", "[listen]\nx = 1\n")]), ..Fake::default() };
    let report = Config::load(Path::new("/c/r.toml"), &environment).unwrap_err().to_string();
    assert!(report.starts_with("/c/r.toml: 4 mistakes\n  "), "{report}");
    let report = Config::load(Path::new("/c/none.toml"), &environment).unwrap_err().to_string();
    assert!(report.starts_with("/c/none.toml: 1 mistake\n  the file cannot be read"), "{report}");
    assert!(matches!(parse("[listen").unwrap_err().as_slice(), [Mistake::Syntax { .. }]));
}

#[test]
fn several_backends_are_refused_by_name() {
    let text = "[[backend]]\nendpoint = 'http://a'\n[[backend]]\nendpoint = 'http://b'\n";
    let found = complaints(text);
    assert_eq!(found, ["backend: this version has one backend: write a single [backend] table instead of [[backend]]"]);
}

#[test]
fn rule_27_keys_are_files_beside_sqlite_and_must_be_given_with_redis() {
    let at = |store: &str| Config::parse(&format!("{SMALLEST}\n[store]\n{store}"), Path::new("/c"), &Fake::default());
    let config = at("url = 'sqlite:/var/lib/rolegate/r.db'").unwrap();
    assert_eq!(config.store.key, Reference::File("/var/lib/rolegate/store.key".into()));
    assert_eq!(config.token.keys, Reference::File("/var/lib/rolegate/token.keys".into()));
    let mistakes: Vec<String> = at("url = 'redis://h'").unwrap_err().iter().map(ToString::to_string).collect();
    assert!(mistakes.len() == 1 && mistakes[0].starts_with("store.key: is missing; with Redis"), "{mistakes:?}");
    let mistakes: Vec<String> =
        at("url = 'redis://h'\nkey = 'env:K'").unwrap_err().iter().map(ToString::to_string).collect();
    assert!(mistakes.len() == 1 && mistakes[0].starts_with("token.keys: is missing; with Redis"), "{mistakes:?}");
    let literal = "url = 'redis://h'\nkey = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'";
    assert!(matches!(at(literal).unwrap_err().as_slice(), [Mistake::LiteralSecret { key }] if key == "store.key"));
}

#[test]
fn rule_32_the_admin_listener_is_on_loopback_only() {
    let at = |address: &str| parse(&format!("{SMALLEST}\n[admin]\naddress = '{address}'"));
    for good in ["127.0.0.1:1", "[::1]:9081", "127.1.2.3:9081"] {
        assert!(at(good).is_ok(), "{good}");
    }
    for bad in ["0.0.0.0:9081", "[::]:9081", "10.0.0.1:9081", "192.0.2.1:9081", "localhost:9081"] {
        assert!(at(bad).is_err(), "{bad}");
    }
}

#[test]
fn references_are_followed_and_their_errors_name_the_place_only() {
    let environment = Fake {
        variables: BTreeMap::from([("KEY", "id\n"), ("URL", "redis://:pw@h"), ("EMPTY", "")]),
        files: BTreeMap::from([("/c/secret", "s3cret\r\n"), ("/c/url", "sqlite:x.db\n")]),
    };
    let text =
        "[backend]\nendpoint='http://a'\naccess_key='env:KEY'\nsecret_key='file:secret'\n[store]\nurl='file:url'\n";
    let config = Config::parse(text, Path::new("/c"), &environment).unwrap();
    assert_eq!(config.store.url, StoreUrl::Sqlite("/c/x.db".into()));
    let secrets = config.serve_secrets(&environment).unwrap();
    assert_eq!(secrets.backend_access_key, "id");
    let literal =
        Config::parse(&text.replace("env:KEY", "GK31c2f218a2e44f485b94239e"), Path::new("/c"), &environment).unwrap();
    assert_eq!(literal.serve_secrets(&environment).unwrap().backend_access_key, "GK31c2f218a2e44f485b94239e");
    assert!(secrets.backend_secret_key.same_as(b"s3cret"));
    let found = config.serve_secrets(&Fake::default()).unwrap_err();
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(shown[0], "backend.access_key: the environment variable KEY is not set");
    assert!(shown[1].starts_with("backend.secret_key: the file /c/secret cannot be read"), "{shown:?}");
    let empty = Reference::parse("env:EMPTY", Path::new("")).unwrap();
    assert_eq!(empty.resolve(&environment).unwrap_err(), ReferenceError::Empty(empty));
    for bad in ["", "env:", "env:A-B", "env:1A", "file:", "literal", "ENV:A", "vault:x"] {
        assert_eq!(Reference::parse(bad, Path::new("")), None, "{bad}");
    }
}

#[test]
fn imports_are_toml_or_json_and_all_mistakes_are_told() {
    let toml = "
        [[user]]
        name = 'TESTER1'
        display_name = 'Tester'
        caps = 'roles=*'
        [[user.key]]
        access_key = 'TESTER1'
        secret = 'env:SECRET1'
        [[user]]
        name = 'TESTER2'
        [[role]]
        name = 'S3Access'
        trust = '{\"Version\":\"2012-10-17\"}'
        [role.policies]
        Policy1 = { Version = '2012-10-17' }
    ";
    let json = r#"{"user":[{"name":"TESTER1","display_name":"Tester","caps":"roles=*",
        "key":[{"access_key":"TESTER1","secret":"env:SECRET1"}]},{"name":"TESTER2"}],
        "role":[{"name":"S3Access","trust":{"Version":"2012-10-17"},"policies":{"Policy1":"{\"Version\":\"2012-10-17\"}"}}]}"#;
    let bad = "
        users = []
        [[user]]
        caps = 'everything'
        [[user.key]]
        access_key = 'no'
        secret = 'test123'
        [[role]]
        name = 'a/b'
        path = 'x'
        [role.policies]
        'a/b' = 7
    ";
    let environment =
        Fake { files: BTreeMap::from([("/a.toml", toml), ("/a.json", json), ("/bad.toml", bad)]), ..Fake::default() };
    let import = Import::load(Path::new("/a.toml"), &environment).unwrap();
    assert_eq!(Import::load(Path::new("/a.json"), &environment), Ok(import.clone()));
    assert_eq!(import.users.len(), 2);
    assert_eq!(import.users[1].display_name, "TESTER2");
    assert_eq!(import.roles[0].policies, [("Policy1".to_owned(), "{\"Version\":\"2012-10-17\"}".to_owned())]);
    let report = Import::load(Path::new("/bad.toml"), &environment).unwrap_err();
    assert_eq!(report.mistakes.len(), 9, "{report}");
    assert!(!report.to_string().contains("test123"));
}
