//! What every command line has: refusals, help, the configuration it reads, and the hooks it reaches.

use super::*;

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
    for (line, said) in [
        (vec!["--help"], "Usage: rolegate [OPTIONS]"),
        (vec!["role", "create", "--help"], "Usage: rolegate role create "),
        (vec!["--version"], concat!("rolegate ", env!("CARGO_PKG_VERSION"), "\n")),
        (vec!["help", "role"], "Usage: rolegate role "),
    ] {
        let ended = home.run(&line);
        assert_eq!((ended.status, ended.err.as_str()), (0, ""), "{line:?}");
        assert!(ended.out.contains(said), "{}", ended.out);
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
