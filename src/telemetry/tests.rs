//! The three logs and the metrics, as they are written.

use super::*;
use crate::conf::{LogFormat, LogLevel};
use crate::gateway::{Plane, Trace};
use crate::types::Timestamp;
use sha2::{Digest, Sha256};
use std::path::Path;

/// What a record borrows.
struct Request {
    id: String,
    trace: Trace,
}

impl Request {
    fn record(&self) -> RequestRecord<'_> {
        RequestRecord {
            time: Timestamp::parse_iso8601("2026-11-21T22:56:28.661Z").unwrap(),
            request_id: &self.id,
            source: "192.0.2.1".parse().unwrap(),
            method: "GET",
            path: b"/my-bucket/a%20b",
            query: b"versionId=1&X-Amz-Signature=feedface&X-Amz-Security-Token=tok",
            user_agent: None,
            trace: &self.trace,
            status: 200,
            backend_status: Some(200),
            backend_request_id: None,
            bytes_in: 0,
            bytes_out: 11,
            total_nanos: 0,
            upstream_nanos: Some(2_000_000),
        }
    }
}

fn request(number: u64) -> Request {
    let trace = Trace {
        plane: Plane::S3,
        operation: "GetObject",
        bucket: Some("my-bucket".to_owned()),
        claimed_key: Some("TESTER1".to_owned()),
        principal: Some("arn:aws:iam:::user/TESTER1".to_owned()),
        decided: vec![("s3:GetObject".into(), "arn:aws:s3:::my-bucket/a b".to_owned())],
        decision: "allow",
        statements: vec!["Policy1#0".to_owned()],
        verify_nanos: 20_000,
        decide_nanos: 7_000,
        ..Trace::default()
    };
    Request { id: format!("R{number}"), trace }
}

fn logs(folder: &Path) -> Logs {
    Logs {
        format: LogFormat::Json,
        level: LogLevel::Info,
        access: Sink::File(folder.join("access.log")),
        audit: Sink::File(folder.join("audit.log")),
    }
}

fn start(folder: &Path) -> Telemetry {
    Telemetry::start(&logs(folder), true, Arc::new(Metrics::new().unwrap())).unwrap()
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

/// Checks numbers and hashes of a whole audit file, and returns how many lines it has.
fn check_chain(path: &Path) -> u64 {
    let mut previous = "0".repeat(64);
    let mut number = 0;
    for line in lines(path) {
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        number += 1;
        assert_eq!(value["n"], number, "{line}");
        assert_eq!(value["prev"], previous, "{line}");
        previous = hex::encode(Sha256::digest(line.as_bytes()));
    }
    number
}

#[test]
fn a_request_leaves_one_access_line_and_one_audit_line() {
    let folder = tempfile::tempdir().unwrap();
    let telemetry = start(folder.path());
    telemetry.record(&request(1).record());
    telemetry.flush();
    let access = lines(&folder.path().join("access.log"));
    assert_eq!(
        access,
        [concat!(
            r#"{"log":"access","time":"2026-11-21T22:56:28.661Z","request_id":"R1","source":"192.0.2.1","#,
            r#""principal":"arn:aws:iam:::user/TESTER1","plane":"s3","operation":"GetObject","method":"GET","#,
            r#""path":"/my-bucket/a%20b","query":"versionId=1","bucket":"my-bucket","status":200,"decision":"allow","#,
            r#""backend_status":200,"bytes_in":0,"bytes_out":11,"total_us":0,"verify_us":20,"decide_us":7,"upstream_us":2000}"#
        )]
    );
    let audit: serde_json::Value = serde_json::from_str(&lines(&folder.path().join("audit.log"))[0]).unwrap();
    assert_eq!(audit["event"], "request");
    assert_eq!(audit["decided"][0], "s3:GetObject arn:aws:s3:::my-bucket/a b");
    assert_eq!(audit["statements"][0], "Policy1#0");
    assert_eq!(audit["decision"], "allow");
    assert!(audit.get("claimed_key").is_none() && audit.get("query").is_none());
    assert!(telemetry.audit_ready());
}

#[test]
fn rule_29_a_principal_only_after_verification_else_the_claimed_key() {
    let mut unproven = request(1);
    unproven.trace.principal = None;
    let line = |request: &Request, format| {
        let mut line = Vec::new();
        access_log::push_line(&request.record(), "now", format, &mut line);
        String::from_utf8(line).unwrap()
    };
    for format in [LogFormat::Json, LogFormat::Text] {
        let (unproven, proven) = (line(&unproven, format), line(&request(1), format));
        let line = unproven;
        assert!(line.contains("claimed_key") && line.contains("TESTER1") && !line.contains("principal"), "{line}");
        let line = proven;
        assert!(!line.contains("claimed_key") && line.contains("principal"), "{line}");
        assert!(!line.contains("feedface") && !line.contains("tok"), "{line}");
    }
}

#[test]
fn rule_29_the_audit_chain_is_numbered_hashed_and_goes_on_over_restarts_and_commands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let command = CommandRecord {
        time: Timestamp::from_seconds(0),
        uid: Some(1000),
        command: "role create",
        target: "S3Access\n{\"n\":9}".to_owned(),
        outcome: "done".to_owned(),
    };
    {
        let telemetry = start(folder.path());
        (0..50).for_each(|n| telemetry.record(&request(n).record()));
        telemetry.flush();
        // While the server runs: the command's line comes between the server's.
        append_command(&path, &command).unwrap();
        (50..60).for_each(|n| telemetry.record(&request(n).record()));
    }
    assert_eq!(check_chain(&path), 61);
    let mut big = request(60);
    big.trace.decided =
        (0..1000).map(|n| ("s3:DeleteObject".into(), format!("arn:aws:s3:::b/{n}{}", "k".repeat(500)))).collect();
    start(folder.path()).record(&big.record());
    start(folder.path()).record(&request(61).record());
    append_command(&path, &command).unwrap();
    assert_eq!(check_chain(&path), 64);
    let line: serde_json::Value = serde_json::from_str(&lines(&path)[50]).unwrap();
    assert_eq!((line["uid"].as_u64(), line["command"].as_str()), (Some(1000), Some("role create")));
}

#[test]
fn a_broken_last_line_is_kept_and_chained_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    start(folder.path()).record(&request(1).record());
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"n\":2,\"prev\":\"00");
    std::fs::write(&path, &text).unwrap();
    start(folder.path()).record(&request(2).record());
    let lines = lines(&path);
    let last: serde_json::Value = serde_json::from_str(&lines[2]).unwrap();
    assert_eq!(last["n"], 3);
    assert_eq!(last["prev"], hex::encode(Sha256::digest(lines[1].as_bytes())));
}

#[test]
fn logs_that_were_moved_away_or_removed_are_made_anew_and_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let telemetry = start(folder.path());
    telemetry.record(&request(1).record());
    telemetry.flush();
    for log in ["access.log", "audit.log"] {
        std::fs::rename(path(log), path(&format!("{log}.1"))).unwrap();
    }
    telemetry.record(&request(2).record());
    telemetry.flush();
    let line: serde_json::Value = serde_json::from_str(&lines(&path("audit.log"))[0]).unwrap();
    assert_eq!(line["n"], 2);
    assert_eq!(line["prev"], hex::encode(Sha256::digest(lines(&path("audit.log.1"))[0].as_bytes())));
    for (log, id) in [("access.log.1", &request(1).id), ("access.log", &request(2).id)] {
        let lines = lines(&path(log));
        assert!(lines.len() == 1 && lines[0].contains(id.as_str()), "{log}: {lines:?}");
    }
    std::fs::remove_file(path("access.log")).unwrap();
    telemetry.record(&request(3).record());
    telemetry.flush();
    assert!(lines(&path("access.log"))[0].contains(request(3).id.as_str()));
}

#[test]
fn lines_of_many_threads_are_whole_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let telemetry = start(folder.path());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let telemetry = &telemetry;
            scope.spawn(move || {
                for number in 0..1500 {
                    telemetry.record(&request(thread * 10_000 + number).record());
                }
            });
        }
    });
    telemetry.flush();
    assert_eq!(check_chain(&folder.path().join("audit.log")), 6000);
    let ids = |name: &str| -> std::collections::BTreeSet<String> {
        let of = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap()["request_id"].to_string();
        lines(&folder.path().join(name)).iter().map(of).collect()
    };
    assert_eq!(ids("access.log").len(), 6000);
    assert_eq!(ids("access.log"), ids("audit.log"));
}

#[test]
fn lines_come_out_by_themselves_soon() {
    let folder = tempfile::tempdir().unwrap();
    let telemetry = start(folder.path());
    for number in 1..4 {
        telemetry.record(&request(number).record());
        let there = || lines(&folder.path().join("audit.log")).len() == usize::try_from(number).unwrap();
        assert!((0..500).any(|_| there() || {
            std::thread::sleep(std::time::Duration::from_millis(10));
            false
        }));
    }
}

#[test]
fn rule_29_beyond_three_quarters_of_the_room_the_log_does_not_keep_up_and_beyond_all_of_it_lines_are_counted() {
    /// Writes nothing until it may.
    struct Held(std::sync::mpsc::Receiver<()>);
    impl writer::Log for Held {
        fn write(&mut self, _lines: &writer::Lines) -> io::Result<()> {
            let _ = self.0.recv();
            Ok(())
        }
    }
    let metrics = Metrics::new().unwrap();
    let (go, held) = std::sync::mpsc::channel();
    let writer = Writer::start("held", 8, metrics.dropped("audit"), Held(held)).unwrap();
    assert!(writer.send(b"first\n"));
    // Until the thread has taken the first line it is among those that wait.
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert!((0..6).all(|_| writer.send(b"x\n")) && writer.is_keeping_up());
    assert!(writer.send(b"x\n") && !writer.is_keeping_up());
    assert!(writer.send(b"x\n") && !writer.send(b"x\n"));
    assert_eq!(metrics.dropped("audit").get(), 1);
    drop(go);
    writer.flush();
    assert!(writer.is_keeping_up() && writer.send(b"x\n"));
}

#[test]
fn rule_29_anonymous_denials_beyond_a_rate_are_counted_not_written() {
    let folder = tempfile::tempdir().unwrap();
    {
        let telemetry = start(folder.path());
        for number in 0..100 {
            let mut stranger = request(number);
            let trace = &mut stranger.trace;
            (trace.principal, trace.claimed_key, trace.decision) = (None, None, "implicit_deny");
            telemetry.record(&stranger.record());
        }
        telemetry.record(&request(100).record());
    }
    let path = folder.path().join("audit.log");
    assert_eq!(check_chain(&path), 12);
    let last: serde_json::Value = serde_json::from_str(&lines(&path)[11]).unwrap();
    assert_eq!((last["event"].as_str(), last["count"].as_u64()), (Some("anonymous-denials"), Some(90)));
}

#[test]
fn rule_29_a_gate_that_must_audit_and_cannot_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let telemetry = start(folder.path());
    assert!(telemetry.audit_ready());
    // The log's folder is gone, so the moved file cannot be made anew.
    std::fs::remove_dir_all(folder.path()).unwrap();
    telemetry.record(&request(1).record());
    telemetry.flush();
    assert!(!telemetry.audit_ready());
    let page = String::from_utf8(telemetry.metrics().page().unwrap()).unwrap();
    assert!(page.contains("rolegate_log_dropped_total{log=\"audit\"}"), "{page}");
    std::fs::create_dir_all(folder.path()).unwrap();
    telemetry.record(&request(2).record());
    telemetry.flush();
    assert!(telemetry.audit_ready());
}

#[test]
fn rule_32_metrics_have_no_names_of_principals_or_buckets() {
    let metrics = Metrics::new().unwrap();
    metrics.observe(&request(1).record());
    metrics.set_cache("roles", 1, 0);
    metrics.set_cache("sessions", 0, 2);
    metrics.set_key_fetches(3, 1);
    metrics.set_store_up(true);
    let page = String::from_utf8(metrics.page().unwrap()).unwrap();
    for line in [
        r#"rolegate_requests_total{decision="allow",operation="GetObject",plane="s3",status="2xx"} 1"#,
        r#"rolegate_body_bytes_total{direction="out",plane="s3"} 11"#,
        r#"rolegate_verify_seconds_count{plane="s3"} 1"#,
        r#"rolegate_decide_seconds_count{plane="s3"} 1"#,
        r#"rolegate_upstream_seconds_count{plane="s3"} 1"#,
        r#"rolegate_cache_hits_total{cache="roles"} 1"#,
        r#"rolegate_cache_misses_total{cache="sessions"} 2"#,
        r#"rolegate_cache_hits_total{cache="sessions"} 0"#,
        r#"rolegate_key_fetches_total{outcome="fetched"} 3"#,
        r#"rolegate_key_fetches_total{outcome="failed"} 1"#,
        "rolegate_store_up 1",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
    assert!(!page.contains("my-bucket") && !page.contains("TESTER1") && !page.contains("192.0.2.1"));
}
