//! HTTP/1.1 as it comes: heads of requests, the chunked coding, heads and bodies of answers.

use bytes::BytesMut;
use rolegate::proxy::{AnswerHead, ChunkedDecoder, Decoded, HeadLimits, read_head};

/// Request heads: what passes the strict reader has one host, one framing and no control byte.
pub(crate) fn head(data: &[u8]) {
    let peer = "192.0.2.1".parse().expect("an address");
    let Ok(head) = read_head(data, &HeadLimits::default(), peer) else { return };
    let count = |name| head.header_values(name).count();
    assert_eq!(count("host"), 1);
    assert!(count("content-length") + count("transfer-encoding") <= 1);
    assert!(head.raw_path().starts_with(b"/") && !head.raw_path().contains(&b'#'));
    for header in head.headers() {
        assert!(header.value.iter().all(|byte| *byte == b'\t' || !byte.is_ascii_control()), "{}", header.name);
    }
}

fn decode(data: &[u8], step: usize) -> Option<(Vec<u8>, Vec<u8>, bool)> {
    let (mut decoder, mut input, mut content) = (ChunkedDecoder::new(), BytesMut::new(), Vec::new());
    for piece in data.chunks(step) {
        input.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut input) {
                Ok(Decoded::Data(data)) => content.extend_from_slice(&data),
                Ok(Decoded::More | Decoded::End) => break,
                Err(_) => return None,
            }
        }
    }
    Some((content, input.to_vec(), decoder.is_done()))
}

/// The chunked coding: the same however it is cut, and nothing is taken from after its end.
pub(crate) fn coding(data: &[u8]) {
    let whole = decode(data, data.len().max(1));
    for step in [1, 2, 3, 7] {
        assert_eq!(decode(data, step), whole);
    }
    if let Some((content, rest, true)) = whole {
        assert!(content.len() + rest.len() < data.len() && data.ends_with(&rest));
    }
}

/// Answers: head and body, whatever was asked.
pub(crate) fn answer(data: &[u8]) {
    for to_head in [false, true] {
        let Ok(Some(head)) = AnswerHead::read(data, to_head) else { continue };
        assert!((100..600).contains(&head.status) && head.bytes <= data.len());
        let (mut body, mut out) = (head.body.clone(), Vec::new());
        let mut input = BytesMut::from(&data[head.bytes..]);
        let before = input.len();
        if let Ok(count) = body.take(&mut input, &mut out) {
            assert!(count <= (before - input.len()) as u64 || before == input.len());
        }
    }
}
