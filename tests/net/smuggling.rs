//! A request hidden in what a head calls its body: however oddly that is said, it is the body, or all of it is refused.

use crate::support::{Client, FakeBackend, Harness};
use tokio::io::AsyncWriteExt;

const HIDDEN: &str = "PUT /smuggled HTTP/1.1\r\nHost: gate\r\nContent-Length: 0\r\n\r\n";
const BLANKS: [&str; 9] = ["", " ", "\t", "\u{b}", "\u{c}", "\0", "\u{a0}", "\r", "\n"];

/// Values of Content-Length that somebody could read as the body's length, or as none.
fn lengths(length: usize) -> Vec<String> {
    let mut values: Vec<String> = BLANKS
        .iter()
        .flat_map(|blank| {
            [format!("{blank}{length}"), format!("{length}{blank}"), format!("{length}{blank},{blank}{length}")]
        })
        .collect();
    values.extend(
        ["+", "-", "0x", "0", "00000000000000000000", "0,", "0 ", "\"", "~"].map(|before| format!("{before}{length}")),
    );
    values.extend([".0", "e0", ";", "\"", "_", ",0", " 0", "\u{661}"].map(|after| format!("{length}{after}")));
    values
}

/// Codings that somebody could take for the chunked one.
fn codings() -> Vec<String> {
    let mut values: Vec<String> = BLANKS
        .iter()
        .flat_map(|blank| [format!("{blank}chunked"), format!("chunked{blank}"), format!("x{blank},{blank}chunked")])
        .collect();
    let others = [
        "Chunked",
        "CHUNKED",
        "chunked,chunked",
        "chunked, identity",
        "identity, chunked",
        "identity",
        "gzip",
        "gzip, chunked",
        "chunked;q=1",
        "chunked;",
        "\"chunked\"",
        "xchunked",
        "chunkedx",
        "chunked,",
        ",chunked",
        "",
    ];
    values.extend(others.map(ToOwned::to_owned));
    values
}

/// Lines that are one field, or look like one.
fn lines(name: &str, values: &[String]) -> Vec<String> {
    let plain = format!("{name}:");
    let mut lines: Vec<String> = values.iter().map(|value| format!("{plain} {value}\r\n")).collect();
    let Some(value) = values.first() else { return lines };
    for begin in ["", " ", "\t", "\u{b}", "\0", "\r", "\r\n ", "X: y\r", "X: y\n", "X: y\r\n ", "X: y\r\r\n", "X\r\n"] {
        for (between, end) in
            [(":", "\r\n"), (" :", "\r\n"), ("\t:", "\r\n"), (":\r\n ", "\r\n"), (":", "\n"), (":", "\r")]
        {
            lines.push(format!("{begin}{name}{between}{value}{end}"));
        }
    }
    lines
}

#[tokio::test]
async fn no_body_is_taken_for_a_request() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let coded = format!("{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len());
    let (length, coding) = (format!("Content-Length: {}\r\n", HIDDEN.len()), "Transfer-Encoding: chunked\r\n");
    let mut cases: Vec<(String, &str)> = Vec::new();
    for name in ["Content-Length", "content-length"] {
        cases.extend(lines(name, &lengths(HIDDEN.len())).into_iter().map(|line| (line, HIDDEN)));
    }
    for name in ["Transfer-Encoding", "TRANSFER-ENCODING"] {
        cases.extend(lines(name, &codings()).into_iter().map(|line| (line, coded.as_str())));
    }
    for line in lines("Content-Length", &lengths(coded.len())) {
        cases.push((format!("{line}{coding}"), &coded));
        cases.push((format!("{coding}{line}"), &coded));
    }
    for line in lines("Transfer-Encoding", &codings()) {
        cases.push((format!("{line}{length}"), HIDDEN));
        cases.push((format!("{length}{line}"), HIDDEN));
    }
    let mut count = 0;
    for (fields, body) in &cases {
        for method in ["PUT", "GET", "DELETE", "HEAD"] {
            // What ends the head before its empty line leaves a request without a body, and rightly so.
            let raw = format!("{method} /b/k HTTP/1.1\r\nHost: gate\r\n{fields}\r\n");
            if raw.find("\r\n\r\n") != Some(raw.len() - 4) {
                continue;
            }
            let mut client = Client::connect(gate.address).await;
            client.send(format!("{raw}{body}")).await;
            client.stream.shutdown().await.unwrap();
            client.rest().await;
            count += 1;
            let seen = backend.seen();
            let smuggled = seen.iter().any(|seen| seen.line().contains("smuggled"));
            assert!(!smuggled, "{raw:?}");
        }
    }
    assert!(count > 1500, "{count}");
    let seen = backend.settled().await;
    assert!(seen.iter().all(|seen| seen.line().contains(" /b/k ")
        && (!seen.complete || seen.body.is_empty() || seen.body == HIDDEN.as_bytes())));
    assert!(seen.iter().filter(|seen| seen.body == HIDDEN.as_bytes()).count() > 5, "those that are well said pass");
}
