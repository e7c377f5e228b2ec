//! The three logs and the metrics, as they are written.

use super::*;
use crate::conf::{LogFormat, LogLevel};
use crate::types::Timestamp;
use sha2::{Digest, Sha256};
use std::path::Path;

fn record(number: u64) -> RequestRecord {
    let time = Timestamp::parse_iso8601("2026-11-21T22:56:28.661Z").unwrap();
    let mut record = RequestRecord::new(time, format!("R{number}"), "192.0.2.1".parse().unwrap());
    record.plane = "s3";
    record.operation = "GetObject";
    record.method = "GET";
    record.path = "/my-bucket/a%20b".to_owned();
    record.query = "versionId=1&X-Amz-Signature=feedface&X-Amz-Security-Token=tok".to_owned();
    record.bucket = Some("my-bucket".to_owned());
    record.claimed_key = Some("TESTER1".to_owned());
    record.principal = Some("arn:aws:iam:::user/TESTER1".to_owned());
    record.decided = vec![("s3:GetObject".to_owned(), "arn:aws:s3:::my-bucket/a b".to_owned())];
    record.decision = "allow";
    record.statements = vec!["Policy1#0".to_owned()];
    record.status = 200;
    record.backend_status = Some(200);
    (record.bytes_in, record.bytes_out) = (0, 11);
    (record.verify_nanos, record.decide_nanos, record.upstream_nanos) = (20_000, 7_000, Some(2_000_000));
    record
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
    telemetry.record(record(1));
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
    let mut unproven = record(1);
    unproven.principal = None;
    for format in [LogFormat::Json, LogFormat::Text] {
        let line = access_log::line(&unproven, format);
        assert!(line.contains("claimed_key") && line.contains("TESTER1") && !line.contains("principal"), "{line}");
        let line = access_log::line(&record(1), format);
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
        (0..50).for_each(|n| telemetry.record(record(n)));
        telemetry.flush();
        // While the server runs: the command's line comes between the server's.
        append_command(&path, &command).unwrap();
        (50..60).for_each(|n| telemetry.record(record(n)));
    }
    assert_eq!(check_chain(&path), 61);
    let mut big = record(60);
    big.decided =
        (0..1000).map(|n| ("s3:DeleteObject".to_owned(), format!("arn:aws:s3:::b/{n}{}", "k".repeat(500)))).collect();
    start(folder.path()).record(big);
    start(folder.path()).record(record(61));
    append_command(&path, &command).unwrap();
    assert_eq!(check_chain(&path), 64);
    let line: serde_json::Value = serde_json::from_str(&lines(&path)[50]).unwrap();
    assert_eq!((line["uid"].as_u64(), line["command"].as_str()), (Some(1000), Some("role create")));
}

#[test]
fn a_broken_last_line_is_kept_and_chained_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    start(folder.path()).record(record(1));
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"n\":2,\"prev\":\"00");
    std::fs::write(&path, &text).unwrap();
    start(folder.path()).record(record(2));
    let lines = lines(&path);
    let last: serde_json::Value = serde_json::from_str(&lines[2]).unwrap();
    assert_eq!(last["n"], 3);
    assert_eq!(last["prev"], hex::encode(Sha256::digest(lines[1].as_bytes())));
}

#[test]
fn a_log_that_was_moved_away_is_made_anew_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (folder.path().join("audit.log"), folder.path().join("audit.log.1"));
    let telemetry = start(folder.path());
    telemetry.record(record(1));
    telemetry.flush();
    std::fs::rename(&path, &old).unwrap();
    telemetry.record(record(2));
    telemetry.flush();
    let line: serde_json::Value = serde_json::from_str(&lines(&path)[0]).unwrap();
    assert_eq!(line["n"], 2);
    assert_eq!(line["prev"], hex::encode(Sha256::digest(lines(&old)[0].as_bytes())));
}

#[test]
fn rule_29_anonymous_denials_beyond_a_rate_are_counted_not_written() {
    let folder = tempfile::tempdir().unwrap();
    {
        let telemetry = start(folder.path());
        for number in 0..100 {
            let mut stranger = record(number);
            (stranger.principal, stranger.claimed_key, stranger.decision) = (None, None, "implicit_deny");
            telemetry.record(stranger);
        }
        telemetry.record(record(100));
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
    telemetry.record(record(1));
    telemetry.flush();
    assert!(!telemetry.audit_ready());
    let page = String::from_utf8(telemetry.metrics().page().unwrap()).unwrap();
    assert!(page.contains("rolegate_log_dropped_total{log=\"audit\"}"), "{page}");
    std::fs::create_dir_all(folder.path()).unwrap();
    telemetry.record(record(2));
    telemetry.flush();
    assert!(telemetry.audit_ready());
}

#[test]
fn rule_32_metrics_have_no_names_of_principals_or_buckets() {
    let metrics = Metrics::new().unwrap();
    metrics.observe(&record(1));
    metrics.set_cache("roles", 1, 0);
    metrics.set_cache("sessions", 0, 2);
    metrics.set_cache("unknown", 9, 9);
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
        "rolegate_store_up 1",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
    assert!(!page.contains("my-bucket") && !page.contains("TESTER1") && !page.contains("192.0.2.1"));
}
