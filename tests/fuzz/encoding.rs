//! Percent coding, query strings, wildcards, points in time.

use rolegate::types::{Glob, Timestamp};
use rolegate::wire::percent;
use rolegate::wire::{QueryPair, QueryString};

/// Percent coding and query strings: encoding is undone by decoding, and loses nothing of what was decoded.
pub fn percent(data: &[u8]) {
    for (encoded, keeps_slash) in [(percent::encode(data), false), (percent::encode_path(data), true)] {
        assert_eq!(percent::decode(encoded.as_bytes()).as_deref(), Ok(data));
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte);
        assert!(encoded.bytes().all(|byte| known(byte) || (keeps_slash && byte == b'/')), "{encoded}");
    }
    for decoded in [percent::decode(data), percent::decode_form(data)].into_iter().flatten() {
        assert_eq!(percent::decode(percent::encode(&decoded).as_bytes()).as_ref(), Ok(&decoded));
    }
    let Ok(query) = QueryString::parse(data) else { return };
    let raw: Vec<Vec<u8>> = query.pairs().iter().map(raw_pair).collect();
    let pieces: Vec<&[u8]> = data.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()).collect();
    assert_eq!(raw, pieces, "nothing but empty pieces is left out");
    let written: Vec<String> = query.pairs().iter().map(encoded_pair).collect();
    let again = QueryString::parse(written.join("&").as_bytes()).expect("an encoded query is a query");
    let decoded = |query: &QueryString| {
        query.pairs().iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect::<Vec<_>>()
    };
    assert_eq!(decoded(&again), decoded(&query));
}

fn raw_pair(pair: &QueryPair) -> Vec<u8> {
    match &pair.raw_value {
        Some(value) => [pair.raw_key.as_slice(), b"=", value].concat(),
        None => pair.raw_key.clone(),
    }
}

fn encoded_pair(pair: &QueryPair) -> String {
    format!("{}={}", percent::encode(&pair.key), percent::encode(&pair.value))
}

/// Wildcards against a table of all ways to match: a pattern, a line feed, a text.
pub fn glob(data: &[u8]) {
    let mut halves = data.splitn(2, |byte| *byte == b'\n');
    let pattern = halves.next().unwrap_or_default();
    let text = halves.next().unwrap_or_default();
    let (Ok(pattern), Ok(text)) = (std::str::from_utf8(pattern), std::str::from_utf8(text)) else {
        Glob::parse(&String::from_utf8_lossy(pattern)).matches(text);
        return;
    };
    if pattern.len() > 256 || text.len() > 256 {
        return;
    }
    let glob = Glob::parse(pattern);
    assert_eq!(glob.matches(text.as_bytes()), naive_match(pattern, text), "{pattern:?} on {text:?}");
    assert!(!glob.is_literal() || glob.matches(pattern.as_bytes()));
    assert!(!glob.matches(text.as_bytes()) || text.as_bytes().starts_with(glob.literal_prefix()));
}

fn naive_match(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // reached[n]: the pattern so far matches the first n characters.
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for token in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            let from_before = at > 0 && reached[at - 1];
            next[at] = match token {
                '*' => reached[at] || (at > 0 && next[at - 1]),
                '?' => from_before,
                literal => from_before && text[at - 1] == literal,
            };
        }
        reached = next;
    }
    reached[text.len()]
}

/// Points in time: what was read is within bounds and, written, is read as the same.
pub fn timestamp(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(time) = Timestamp::parse_basic(text) {
        assert_eq!(time.basic(), text, "the basic form has one spelling");
        assert!(text.starts_with(&time.basic_date()));
    }
    let all = [Timestamp::parse_basic(text), Timestamp::parse_iso8601(text), Timestamp::parse_http(text)];
    for time in all.into_iter().flatten() {
        let whole = Timestamp::from_seconds(time.seconds());
        assert_eq!(Timestamp::parse_basic(&time.basic()), Ok(whole));
        assert_eq!(Timestamp::parse_iso8601(&time.iso8601()), Ok(whole));
        assert_eq!(Timestamp::parse_iso8601(&time.iso8601_millis()), Ok(time));
        assert_eq!(Timestamp::parse_http(&time.http_date()), Ok(whole));
    }
}
