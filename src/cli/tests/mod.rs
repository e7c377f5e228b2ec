//! The command line from its words to exit status and output, on a store in a folder of its own.

mod buckets;
mod command_line;
mod files;
mod people;
mod policies;
mod providers;
mod roles;
mod sessions;

use super::*;
use crate::conf::ProcessEnvironment;
use crate::store::{RecordKey, Records, Stored};
use crate::types::Timestamp;
use crate::types::testing::Counter;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::parse_iso8601("2026-11-21T22:56:28.661Z").unwrap()
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

impl Home {
    /// The store behind the commands.
    async fn records(&self) -> Records {
        let config = load(&self.folder.path().join("rolegate.toml"), &ProcessEnvironment).unwrap();
        open_store(&config, &ProcessEnvironment, &self.hooks).await.unwrap().0
    }

    /// What the store has there.
    fn stored<T: Stored>(&self, key: &RecordKey) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { self.records().await.get::<T>(key).await.unwrap().unwrap().value })
    }
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/TESTER"]},"Action":["sts:AssumeRole"]}]}"#;
const TRUST2: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam:::user/TESTER2"]},"Action":["sts:AssumeRole"]}]}"#;
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":"arn:aws:s3:::example_bucket"}]}"#;
