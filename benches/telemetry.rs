//! Cost of telling about a request: metrics, one access line and one audit line, by the CPU time of the whole process,
//! the threads of the logs included. Paced like a busy gate, as what gathers between two writes decides the cost.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark; it fails by panicking and its result is what it prints"
)]

use rolegate::conf::{LogFormat, LogLevel, Logs, Sink};
use rolegate::gateway::{Plane, Trace};
use rolegate::telemetry::{Metrics, RequestRecord, Telemetry};
use rolegate::types::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// The gate's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Requests that end between two sleeps.
const BURST: u64 = 50;
/// 10,000 requests a second, if the machine keeps up.
const PAUSE: Duration = Duration::from_millis(5);

fn trace(number: u64) -> (String, Trace) {
    let trace = Trace {
        plane: Plane::S3,
        operation: "GetObject",
        bucket: Some("bench-bucket".to_owned()),
        claimed_key: Some("ASIAQKZ4S3QDU576QAAA".to_owned()),
        principal: Some("arn:aws:sts:::assumed-role/Bench/session".to_owned()),
        session_name: Some("session".to_owned()),
        decided: vec![("s3:GetObject".into(), "arn:aws:s3:::bench-bucket/photos/2026/a.jpg".to_owned())],
        decision: "allow",
        statements: vec!["all#0".to_owned()],
        verify_nanos: 20_000,
        decide_nanos: 7_000,
        ..Trace::default()
    };
    (format!("{number:016X}"), trace)
}

fn record<'a>(number: u64, request_id: &'a str, trace: &'a Trace) -> RequestRecord<'a> {
    RequestRecord {
        time: Timestamp::from_millis(1_795_000_000_000 + i64::try_from(number).unwrap()),
        request_id,
        source: "192.0.2.1".parse().unwrap(),
        method: "GET",
        path: b"/bench-bucket/photos/2026/a.jpg",
        query: b"",
        user_agent: Some("Boto3/1.35 md/Botocore#1.35 ua/2.0 os/linux lang/python#3.12"),
        trace,
        status: 200,
        backend_status: Some(200),
        backend_request_id: None,
        bytes_in: 0,
        bytes_out: 1024,
        total_nanos: 900_000,
        upstream_nanos: Some(700_000),
    }
}

/// Microseconds of CPU that the process has used.
fn cpu() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(used.tv_sec).unwrap(), u32::try_from(used.tv_nsec).unwrap()).as_secs_f64() * 1e6
}

fn paced(records: u64, mut each: impl FnMut(u64)) -> f64 {
    let before = cpu();
    for number in 0..records {
        each(number);
        if number % BURST == BURST - 1 {
            std::thread::sleep(PAUSE);
        }
    }
    (cpu() - before) / f64::from(u32::try_from(records).unwrap())
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let start = |access: &str, audit: &str| {
        let sink = |name: &str| if name.is_empty() { Sink::Off } else { Sink::File(folder.path().join(name)) };
        let logs = Logs { format: LogFormat::Json, level: LogLevel::Info, access: sink(access), audit: sink(audit) };
        Telemetry::start(&logs, false, Arc::new(Metrics::new().unwrap())).unwrap()
    };
    let records = if std::env::args().any(|argument| argument == "--quick") { 20_000 } else { 200_000 };
    let idle = paced(records, |number| {
        let (id, trace) = trace(number);
        black_box(record(number, &id, &trace));
    });
    for (name, access, audit) in
        [("metrics", "", ""), ("metrics, access log", "access", ""), ("metrics, both logs", "access", "audit")]
    {
        let telemetry = start(access, audit);
        let busy = paced(records, |number| {
            let (id, trace) = trace(number);
            telemetry.record(&record(number, &id, &trace));
        });
        telemetry.flush();
        println!("record/{name}: {:.2} µs of CPU", busy - idle);
    }
}
