//! Heads that are taken and heads that are refused, from raw bytes.

use super::*;
use proptest::prelude::*;

const PEER: &str = "192.0.2.9";

fn read_from(raw: &[u8], trusted: &[AddressRange]) -> Result<RequestHead, HeadFault> {
    let connection = Connection { peer: PEER.parse().unwrap(), tls: None, trusted };
    read(raw, &HeadLimits::default(), &connection)
}

fn with(line: &str, fields: &str) -> Result<RequestHead, HeadFault> {
    read_from(format!("{line}\r\nHost: h\r\n{fields}\r\n").as_bytes(), &[])
}

#[test]
fn target_names_order_and_values_are_kept() {
    let head =
        read_from(b"GET /a%2F//b?x&y=+ HTTP/1.1\r\nHost: h:1\r\nX-B:  1 \t\r\nx-a:\r\nX-B: \xff\r\n\r\n", &[]).unwrap();
    assert_eq!((head.raw_path(), head.raw_query()), (&b"/a%2F//b"[..], Some(&b"x&y=+"[..])));
    let names: Vec<_> = head.headers().map(|field| (field.name, field.value.to_vec())).collect();
    assert_eq!(names, [("host", b"h:1".to_vec()), ("x-b", b"1".to_vec()), ("x-a", vec![]), ("x-b", vec![0xff])]);
    assert_eq!(head.peer(), PEER.parse::<IpAddr>().unwrap());
}

#[test]
fn every_fault_of_the_request_line_is_found() {
    for (line, fault) in [
        ("GET a/b HTTP/1.1", HeadFault::TargetForm),
        ("GET http://h/x HTTP/1.1", HeadFault::TargetForm),
        ("OPTIONS * HTTP/1.1", HeadFault::TargetForm),
        ("GET ?list-type=2 HTTP/1.1", HeadFault::TargetForm),
        ("GET /a#b HTTP/1.1", HeadFault::Fragment),
        ("GET /a\u{1}b HTTP/1.1", HeadFault::ControlByte),
        ("GET /a b HTTP/1.1", HeadFault::Malformed),
        ("GET  /a HTTP/1.1", HeadFault::Malformed),
        ("GET /a", HeadFault::Malformed),
        ("get /a HTTP/1.1", HeadFault::Method),
        ("PATCH /a HTTP/1.1", HeadFault::Method),
        ("GET /a HTTP/1.0", HeadFault::Version),
        ("GET /a HTTP/2.0", HeadFault::Version),
    ] {
        assert_eq!(with(line, "").unwrap_err(), fault, "{line}");
    }
}

#[test]
fn every_fault_of_the_fields_is_found() {
    for (fields, fault) in [
        ("Host: h\r\n", HeadFault::RepeatedHost),
        ("Connection: authorization\r\n", HeadFault::Connection),
        ("Connection: close, x-amz-acl\r\n", HeadFault::Connection),
        ("Connection: keep-alive\r\nConnection: upgrade\r\n", HeadFault::Connection),
        ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", HeadFault::LengthAndCoding),
        ("Transfer-Encoding: gzip, chunked\r\n", HeadFault::TransferCoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", HeadFault::TransferCoding),
        ("Transfer-Encoding: identity\r\n", HeadFault::TransferCoding),
        ("Content-Length: 1\r\nContent-Length: 1\r\n", HeadFault::ContentLength),
        ("Content-Length: +1\r\n", HeadFault::ContentLength),
        ("Content-Length: 1, 1\r\n", HeadFault::ContentLength),
        ("Content-Length:\r\n", HeadFault::ContentLength),
        ("Expect: 200-ok\r\n", HeadFault::Expectation),
        ("x-a: \u{7f}\r\n", HeadFault::ControlByte),
        ("x a: 1\r\n", HeadFault::Malformed),
        ("x-a : 1\r\n", HeadFault::Malformed),
        (": 1\r\n", HeadFault::Malformed),
        ("x-a\r\n", HeadFault::Malformed),
        ("x-a: 1\r\n folded\r\n", HeadFault::Malformed),
        ("x-a: 1\n", HeadFault::Malformed),
        ("x-a: 1\r2\r\n", HeadFault::Malformed),
    ] {
        assert_eq!(with("GET / HTTP/1.1", fields).unwrap_err(), fault, "{fields:?}");
    }
    assert!(with("GET / HTTP/1.1", "Connection: Keep-Alive, close,\r\nExpect: 100-Continue\r\n").is_ok());
    assert!(with("PUT / HTTP/1.1", "Transfer-Encoding: Chunked\r\n").is_ok());
}

#[test]
fn the_end_of_a_head_is_found_however_it_comes() {
    for (raw, end) in [("GET / HTTP/1.1\r\nHost: h\r\n\r\nrest", 27), ("GET / HTTP/1.1\nHost: h\n\nrest", 24)] {
        assert_eq!(search_end(raw.as_bytes(), 0), Search::Ends(end), "{raw:?}");
        let mut from = 0;
        for at in 0..=raw.len() {
            match search_end(&raw.as_bytes()[..at], from) {
                Search::Open(next) => from = next,
                found => {
                    assert_eq!((found, at), (Search::Ends(end), end));
                    break;
                }
            }
        }
    }
    for raw in [&b"\x16\x03\x01"[..], b" GET /", b"\n\n", b"\rG", b"\0"] {
        assert_eq!(search_end(raw, 0), Search::Hopeless);
    }
    assert_eq!(search_end(b"", 0), Search::Open(0));
}

#[test]
fn host_is_there_once_and_is_one() {
    for (raw, fault) in [
        ("GET / HTTP/1.1\r\n\r\n", HeadFault::Host),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", HeadFault::Host),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", HeadFault::Host),
        ("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", HeadFault::Host),
        ("GET / HTTP/1.1\r\nHost: user@h\r\n\r\n", HeadFault::Host),
    ] {
        assert_eq!(read_from(raw.as_bytes(), &[]).unwrap_err(), fault, "{raw}");
    }
}

#[test]
fn limits_are_kept_exactly() {
    let limits = HeadLimits { head_bytes: 100, target_bytes: 10, query_bytes: 4, header_fields: 2 };
    let connection = Connection { peer: PEER.parse().unwrap(), tls: None, trusted: &[] };
    let try_read = |raw: &str| read(raw.as_bytes(), &limits, &connection).map(|_| ());
    assert_eq!(try_read("GET /234567890 HTTP/1.1\r\nHost: h\r\n\r\n"), Ok(()));
    assert_eq!(try_read("GET /2345678901 HTTP/1.1\r\nHost: h\r\n\r\n"), Err(HeadFault::TargetTooLong { limit: 10 }));
    assert_eq!(try_read("GET /?1234 HTTP/1.1\r\nHost: h\r\n\r\n"), Ok(()));
    assert_eq!(try_read("GET /?12345 HTTP/1.1\r\nHost: h\r\n\r\n"), Err(HeadFault::QueryTooLong { limit: 4 }));
    assert_eq!(try_read("GET / HTTP/1.1\r\nHost: h\r\na: 1\r\n\r\n"), Ok(()));
    assert_eq!(
        try_read("GET / HTTP/1.1\r\nHost: h\r\na: 1\r\nb: 1\r\n\r\n"),
        Err(HeadFault::TooManyHeaders { limit: 2 })
    );
    let filler = "x".repeat(100);
    assert_eq!(
        try_read(&format!("GET / HTTP/1.1\r\nHost: h\r\na: {filler}\r\n\r\n")),
        Err(HeadFault::HeadTooLarge { limit: 100 })
    );
}

#[test]
fn rule_31_forwarding_headers_count_only_from_trusted_peers() {
    let raw = |value: &str| {
        format!("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: {value}\r\nX-Forwarded-Proto: https\r\n\r\n")
    };
    let trusted = [AddressRange::parse("192.0.2.0/24").unwrap(), AddressRange::parse("10.0.0.0/8").unwrap()];
    let seen = |value: &str, trusted: &[AddressRange]| {
        let head = read_from(raw(value).as_bytes(), trusted).unwrap();
        (head.peer().to_string(), head.tls())
    };
    assert_eq!(seen("203.0.113.5", &[]), (PEER.to_owned(), None));
    assert_eq!(seen("203.0.113.5", &trusted), ("203.0.113.5".to_owned(), Some(TlsVersion::V1_2)));
    assert_eq!(seen("8.8.8.8, 203.0.113.5:99, 10.0.0.1", &trusted).0, "203.0.113.5");
    assert_eq!(seen("8.8.8.8, [2001:db8::1]:7, 10.0.0.1", &trusted).0, "2001:db8::1");
    assert_eq!(seen("8.8.8.8, unknown, 10.0.0.1", &trusted).0, "10.0.0.1");
    assert_eq!(seen("10.9.9.9, 10.0.0.1", &trusted).0, "10.9.9.9");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_from(&raw, &[]);
    }

    #[test]
    fn nothing_but_origin_form_passes(target in "[!-~]{1,20}") {
        let outcome = with(&format!("GET {target} HTTP/1.1"), "");
        prop_assert_eq!(outcome.is_ok(), target.starts_with('/') && !target.contains('#'));
    }
}

proptest::proptest! {
    #[test]
    fn a_line_is_what_stands_before_the_first_lf_and_its_only_cr(raw in "[a\r\n]{0,12}") {
        let raw = raw.as_bytes();
        let wanted = raw.iter().position(|byte| *byte == b'\n').and_then(|end| {
            let line = raw[..end].strip_suffix(b"\r")?;
            (!line.contains(&b'\r')).then(|| (line, &raw[end + 1..]))
        });
        let mut lines = Lines(raw);
        let line = lines.next_line().ok();
        proptest::prop_assert_eq!(line.map(|line| (line, lines.0)), wanted);
    }
}
