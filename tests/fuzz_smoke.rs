//! The fuzz targets on stable Rust: every seed as it is, then seeded mutations of the seeds, the same in every run.
//!
//! ROLEGATE_FUZZ_SEED     another sequence of mutations (a number; 1 if unset)
//! ROLEGATE_FUZZ_SECONDS  that long for each target, instead of 2,000 steps or a second, whichever ends first
//! ROLEGATE_FUZZ_SEEDS    for `write_seeds`: the folder to write each target's seeds to, for libFuzzer

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a run is bounded in time, and says how far it came"
)]

#[cfg(test)]
#[cfg(feature = "shell")]
#[path = "fuzz/configuration.rs"]
mod configuration;
#[cfg(test)]
#[cfg(feature = "shell")]
#[path = "fuzz/http.rs"]
mod http;
#[cfg(test)]
#[path = "fuzz/mutation.rs"]
mod mutation;
#[cfg(test)]
#[path = "fuzz/seeds.rs"]
mod seeds;
#[cfg(test)]
#[allow(unreachable_pub, reason = "the crate of libFuzzer's targets has the same modules as its public ones")]
#[path = "fuzz/targets.rs"]
mod targets;

use mutation::{Random, mutate};
use seeds::seeds;
use std::path::Path;
use std::time::{Duration, Instant};
use targets::{TARGETS, Target};

const STEPS: u64 = 2000;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number")))
}

fn smoke(name: &str, target: Target) {
    let seed = number("ROLEGATE_FUZZ_SEED").unwrap_or(1);
    let seconds = number("ROLEGATE_FUZZ_SECONDS");
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(1));
    let seeds = seeds(name);
    for (at, input) in seeds.iter().enumerate() {
        run(name, target, input, &format!("seed file or corpus line {at}"));
    }
    let mut step = 0;
    while Instant::now() < end && (seconds.is_some() || step < STEPS) {
        let input = mutate(&seeds, &mut Random::of(seed, name, step));
        run(name, target, &input, &format!("ROLEGATE_FUZZ_SEED={seed}, step {step}"));
        step += 1;
    }
    if seconds.is_some() {
        eprintln!("{name}: {} seeds, {step} steps, no finding", seeds.len());
    }
}

fn run(name: &str, target: Target, input: &[u8], origin: &str) {
    let outcome = std::panic::catch_unwind(|| target(input));
    if outcome.is_err() {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{name}"));
        std::fs::write(&file, input).unwrap();
        panic!("target {name}, {origin}; the input, also in {}:\n{}", file.display(), input.escape_ascii());
    }
}

fn target(name: &str) -> Target {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target).expect("a target of that name")
}

macro_rules! smoke_tests {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            smoke(stringify!($name), target(stringify!($name)));
        })*

        #[test]
        fn every_target_is_run_here_and_has_a_file_for_libfuzzer() {
            let here = [$(stringify!($name)),*];
            assert_eq!(here.to_vec(), TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
            let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
            for name in here {
                let file = format!("fuzz_targets/{name}.rs");
                assert!(manifest.contains(&format!("{file:?}")), "fuzz/Cargo.toml does not name {file}");
                let text = std::fs::read_to_string(folder.join(file)).unwrap();
                assert!(text.contains(&format!("::{name}(data)")), "{name}");
            }
        }
    };
}

smoke_tests! {
    arn aws_query backend_answer chunks chunks_framed claim copy_source glob key_ring key_set percent policy presigned
    record request_head s3_body signed_anew timestamp token web_claims web_token xml
}

/// A seed that is not read proves nothing.
#[test]
fn the_seeds_of_records_are_records() {
    use rolegate::entity::{AccessKey, BucketRecord, User};
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds/record");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    serde_json::from_slice::<User>(&read("user")).unwrap();
    serde_json::from_slice::<BucketRecord>(&read("bucket")).unwrap();
    serde_json::from_slice::<AccessKey>(&read("access-key")).unwrap();
}

#[cfg(feature = "shell")]
#[test]
fn http_head() {
    smoke("http_head", http::head);
}

#[cfg(feature = "shell")]
#[test]
fn http_coding() {
    smoke("http_coding", http::coding);
}

#[cfg(feature = "shell")]
#[test]
fn http_answer() {
    smoke("http_answer", http::answer);
}

#[cfg(feature = "shell")]
#[test]
fn configuration() {
    smoke("configuration", configuration::configuration);
}

#[test]
#[ignore = "writes files: run it by name, with ROLEGATE_FUZZ_SEEDS"]
fn write_seeds() {
    let folder = std::env::var_os("ROLEGATE_FUZZ_SEEDS").expect("ROLEGATE_FUZZ_SEEDS names a folder");
    for (name, _) in TARGETS {
        let folder = Path::new(&folder).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        for (at, seed) in seeds(name).iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{at:03}")), seed).unwrap();
        }
    }
}
