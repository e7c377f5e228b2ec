//! Answers that pass, answers that are none, and bodies in every framing.

use super::*;
use crate::gateway::Plane;

const STAMP: Stamp<'static> = Stamp { request_id: "17", host_id: "h", plane: Plane::S3, date: "d", keep: true };

fn read(raw: &str) -> Result<Option<AnswerHead<'_>>, Malformed> {
    AnswerHead::read(raw.as_bytes(), false)
}

fn written(head: &AnswerHead<'_>) -> String {
    let mut out = Vec::new();
    head.write(&mut out, &["x-amz-tagging-count"], STAMP);
    String::from_utf8(out).unwrap()
}

#[test]
fn what_names_the_backend_stays_behind() {
    let raw = "HTTP/1.1 200 Fine\r\nETag: \"1\"\r\nx-amz-version-id: v\r\nX-Amz-Meta-A: m\r\nx-amz-checksum-crc32: AA==\r\n\
               X-Amz-Tagging-Count: 2\r\nContent-Length: 3\r\nX-Amz-Request-Id: backend-7\r\nx-amz-id-2: backend-host\r\nServer: MinIO\r\n\
               x-minio-deployment-id: d\r\nx-rgw-object-count: 1\r\nVia: 1.1 b\r\nTrailer: x\r\nDate: never\r\n\
               Keep-Alive: timeout=1\r\nConnection: x-amz-meta-a\r\nSet-Cookie: a=b\r\nx-amz-cf-id: c\r\n\
               Content-Lengthy: 4\r\n\r\n";
    let head = read(raw).unwrap().unwrap();
    assert_eq!((head.request_id().as_deref(), head.bytes, head.reusable), (Some("backend-7"), raw.len(), true));
    assert_eq!(
        written(&head),
        "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nx-amz-version-id: v\r\nX-Amz-Meta-A: m\r\nx-amz-checksum-crc32: AA==\r\n\
         Content-Length: 3\r\nServer: Rolegate\r\nDate: d\r\nx-amz-id-2: h\r\nx-amz-request-id: 17\r\n\
         Connection: keep-alive\r\n\r\n"
    );
}

#[test]
fn locations_lose_their_host() {
    for (given, kept) in [
        ("http://10.0.0.5:8333/b/k?x=1", "/b/k?x=1"),
        ("https://backend", "/"),
        ("//backend/b", "/b"),
        ("/b", "/b"),
        ("b", "b"),
    ] {
        assert_eq!(relative(given.as_bytes()), kept.as_bytes());
    }
    assert_eq!(relative(b"http://\xff/"), b"/");
}

#[test]
fn framing_is_told_in_one_way_or_it_is_no_answer() {
    let body = |fields: &str, status: u16, to_head: bool| {
        let raw = format!("HTTP/1.1 {status} X\r\n{fields}\r\n");
        AnswerHead::read(raw.as_bytes(), to_head).map(|head| head.map(|head| (head.body.clone(), head.reusable)))
    };
    let chunked = AnswerBody::Chunked(ChunkedDecoder::new());
    for (fields, status, to_head, wanted) in [
        ("Content-Length: 7\r\n", 200, false, (AnswerBody::Length(7), true)),
        ("Content-Length: 7\r\ncontent-length: 7\r\n", 200, false, (AnswerBody::Length(7), true)),
        ("Transfer-Encoding: Chunked\r\n", 200, false, (chunked, true)),
        ("", 200, false, (AnswerBody::UntilClose, false)),
        ("Content-Length: 7\r\nConnection: foo, Close\r\n", 200, false, (AnswerBody::Length(7), false)),
        ("Content-Length: 7\r\n", 200, true, (AnswerBody::None, true)),
        ("Content-Length: 7\r\n", 304, false, (AnswerBody::None, true)),
        ("", 204, false, (AnswerBody::None, true)),
        ("", 100, false, (AnswerBody::None, true)),
    ] {
        assert_eq!(body(fields, status, to_head), Ok(Some(wanted)), "{fields:?} {status}");
    }
    for fields in [
        "Content-Length: 7\r\nContent-Length: 8\r\n",
        "Content-Length: 7, 7\r\n",
        "Content-Length: -7\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "a: b\r\n folded\r\n",
        "a : b\r\n",
        "a: \u{0}\r\n",
    ] {
        assert_eq!(body(fields, 200, false), Err(Malformed), "{fields:?}");
        assert_eq!(body(fields, 200, true), Err(Malformed), "{fields:?}");
    }
    for raw in
        ["SSH-2.0-x\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 099 X\r\n\r\n", "HTTP/1.1 600 X\r\n\r\n", "\r\n\0"]
    {
        assert!(matches!(read(raw), Err(Malformed)), "{raw:?}");
    }
}

#[test]
fn heads_are_bounded_and_awaited() {
    let raw = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
    for at in 0..raw.len() {
        assert!(matches!(AnswerHead::read(&raw.as_bytes()[..at], false), Ok(None)), "{at}");
    }
    let long = format!("HTTP/1.1 200 OK\r\na: {}", "x".repeat(HEAD_BYTES));
    assert!(matches!(read(&long), Err(Malformed)));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: 1\r\n".repeat(HEAD_FIELDS + 1));
    assert!(matches!(read(&many), Err(Malformed)));
}

#[test]
fn lengths_of_bodies_that_do_not_come_still_pass() {
    let of = |raw: &str, to_head: bool| written(&AnswerHead::read(raw.as_bytes(), to_head).unwrap().unwrap());
    assert!(of("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", true).contains("Content-Length: 7\r\n"));
    assert!(of("HTTP/1.1 304 NM\r\nContent-Length: 7\r\n\r\n", false).contains("Content-Length: 7\r\n"));
    assert!(!of("HTTP/1.1 204 NC\r\nContent-Length: 0\r\n\r\n", false).contains("Content-Length"));
    assert!(!of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true).contains("Transfer-Encoding"));
}

#[test]
fn bodies_are_framed_for_the_client() {
    let take = |body: &mut AnswerBody, raw: &str| {
        let (mut input, mut out) = (BytesMut::from(raw), Vec::new());
        let count = body.take(&mut input, &mut out).unwrap();
        (String::from_utf8(out).unwrap(), count, String::from_utf8(input.to_vec()).unwrap(), body.is_done())
    };
    let owned = |out: &str, count, left: &str, done| (out.to_owned(), count, left.to_owned(), done);
    let mut length = AnswerBody::Length(5);
    assert_eq!(take(&mut length, "abc"), owned("abc", 3, "", false));
    assert_eq!(take(&mut length, "defg"), owned("de", 2, "fg", true));
    let mut chunked = AnswerBody::Chunked(ChunkedDecoder::new());
    assert_eq!(take(&mut chunked, "3\r\nab"), owned("2\r\nab\r\n", 2, "", false));
    assert_eq!(take(&mut chunked, "c\r\n0\r\nx: 1\r\n\r\ny"), owned("1\r\nc\r\n0\r\n\r\n", 1, "y", true));
    let mut open = AnswerBody::UntilClose;
    assert_eq!(take(&mut open, "abc"), owned("3\r\nabc\r\n", 3, "", false));
    assert_eq!(take(&mut open, ""), owned("", 0, "", false));
    assert_eq!(take(&mut AnswerBody::None, "abc"), owned("", 0, "abc", true));
}
