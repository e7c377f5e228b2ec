//! `check-backend`: proves at the real server what the gate relies on (security rules 1, 2, 4, 10, 11).
//!
//! It makes two buckets of its own there, writes to no other, and removes them in any case. A line a check says
//! what was seen and what to do. One that fails means that the gate must not be run before this backend.

mod access;
mod bench;
mod bodies;
mod features;
mod keys;
mod markers;
mod report;
mod uploads;
mod versions;

use super::{SystemClock, SystemEntropy, parts};
use crate::cli::HookError;
use crate::conf::{AwsChunked, Config, ProcessEnvironment};
use crate::gateway::BackendError;
use crate::s3::KeyRules;
use crate::types::{Clock, Entropy};
use bench::{Bench, Sender};
use bodies::Framing;
use report::{Failed, Finding, Mark};
use std::io::{self, Write};
use std::sync::Arc;

/// What of the configuration decides whether a habit of the backend matters.
#[derive(Clone, Copy)]
struct Settings {
    keys: KeyRules,
    framing: Framing,
}

/// Runs the checks and writes a report; an error if the gate must not be run before this backend.
pub(super) fn run(config: Config, out: &mut dyn Write) -> Result<(), HookError> {
    let secrets = config.serve_secrets(&ProcessEnvironment).map_err(super::StartError::Secrets)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let settings = Settings {
        keys: parts::gateway_settings(&config).addressing.keys,
        framing: framing(config.backend.aws_chunked),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let failed = runtime.block_on(async {
        let client = parts::Backend::new(&config, &secrets, &clock)?.client(&config, &clock)?;
        writeln!(out, "backend {}, region {}", config.backend.endpoint, config.backend.region)?;
        Ok::<_, HookError>(check(&*client, &SystemEntropy, settings, out).await?)
    })?;
    if failed > 0 { Err(Failed(failed).into()) } else { Ok(()) }
}

fn framing(setting: AwsChunked) -> Framing {
    if setting == AwsChunked::Decode {
        Framing::Decoded
    } else if setting == AwsChunked::Pass {
        Framing::Passed
    } else {
        Framing::Announced
    }
}

/// Runs all checks, then removes what they left; gives how many failed.
async fn check(
    sender: &dyn Sender,
    entropy: &dyn Entropy,
    settings: Settings,
    out: &mut dyn Write,
) -> io::Result<usize> {
    let mut bench = Bench::new(sender, entropy);
    let mut report = Report { out, failed: 0 };
    let ended = tokio::select! {
        ended = all(&mut bench, settings, &mut report) => ended,
        _ = tokio::signal::ctrl_c() => report.add(Finding::fail("stopped", "the checks did not come to their end", "")),
    };
    // INVARIANT: whatever happened above, the buckets go.
    let left = bench.clear().await;
    ended?;
    if !left.is_empty() {
        let seen = format!("could not be removed: {}", left.join(", "));
        report.add(Finding::note("buckets", seen, "Remove them by hand"))?;
    }
    Ok(report.failed)
}

async fn all(bench: &mut Bench<'_>, settings: Settings, report: &mut Report<'_>) -> io::Result<()> {
    for (name, finding) in [
        ("credentials", access::credentials(bench).await),
        ("signatures", access::signatures(bench).await),
        ("buckets", access::buckets(bench).await),
    ] {
        // Without these the others would say nothing true.
        if report.one(name, finding)? == Mark::Fail && name != "signatures" {
            return Ok(());
        }
    }
    report.one("anonymous", access::anonymous(bench).await)?;
    report.one("full buckets", access::full_buckets(bench).await)?;
    report.one("subresources", markers::markers(bench).await)?;
    report.one("administration", access::administration(bench).await)?;
    report.one("keys", keys::keys(bench, settings.keys).await)?;
    report.one("upload ids", uploads::upload_ids(bench).await)?;
    report.many("aws-chunked", bodies::aws_chunked(bench, settings.framing).await)?;
    report.one("payload hash", bodies::payload_hash(bench).await)?;
    report.one("conditional writes", features::conditional_writes(bench).await)?;
    report.one("tags", features::tags(bench).await)?;
    report.one("batch delete", features::batch_delete(bench).await)?;
    // Last, for from here on the buckets keep what is deleted.
    bench.sweep().await;
    report.many("version ids", versions::version_ids(bench, settings.keys).await)
}

struct Report<'a> {
    out: &'a mut dyn Write,
    failed: usize,
}

impl Report<'_> {
    fn add(&mut self, finding: Finding) -> io::Result<()> {
        self.failed += usize::from(finding.mark == Mark::Fail);
        writeln!(self.out, "{finding}")
    }

    fn one(&mut self, check: &'static str, found: Result<Finding, BackendError>) -> io::Result<Mark> {
        // What could not be proven is not so.
        let finding = found.unwrap_or_else(|error| {
            Finding::fail(check, error.to_string(), "See that the backend runs and answers, and run this again")
        });
        let mark = finding.mark;
        self.add(finding)?;
        Ok(mark)
    }

    fn many(&mut self, check: &'static str, found: Result<Vec<Finding>, BackendError>) -> io::Result<()> {
        match found {
            Ok(findings) => findings.into_iter().try_for_each(|finding| self.add(finding)),
            Err(error) => self.one(check, Err(error)).map(drop),
        }
    }
}

#[cfg(test)]
mod tests;
