//! Documents: XML, the S3 bodies that decide, a backend's answers.

use super::message::PEER;
use rolegate::s3::{AddressingRules, Body, KeyRules, S3Request, parse_bucket_list, parse_delete_result, route};
use rolegate::wire::xml::{Element, XmlLimits, XmlWriter, parse};
use rolegate::wire::{Method, RequestHead};

const LIMITS: XmlLimits = XmlLimits { bytes: 64 << 10, depth: 8, elements: 512 };
const WIDE: XmlLimits = XmlLimits { bytes: 1 << 20, ..LIMITS };

/// XML: within its limits, and a tree that is written is read as itself.
pub fn xml(data: &[u8]) {
    let Ok(root) = parse(data, LIMITS) else { return };
    assert!(data.len() <= LIMITS.bytes && depth(&root) <= LIMITS.depth && count(&root) <= LIMITS.elements);
    if !is_writable(&root) {
        return;
    }
    let mut writer = XmlWriter::document();
    write(&root, &mut writer);
    let text = writer.finish();
    assert_eq!(parse(text.as_bytes(), WIDE).as_ref(), Ok(&root), "{text}");
}

fn depth(element: &Element) -> usize {
    1 + element.children.iter().map(depth).max().unwrap_or(0)
}

fn count(element: &Element) -> usize {
    1 + element.children.iter().map(count).sum::<usize>()
}

/// Whether names are plain and XML 1.0 can hold the text.
fn is_writable(element: &Element) -> bool {
    let name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
    };
    let text = |text: &str| {
        !text.contains(|c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}'))
    };
    name(&element.name)
        && !element.name.contains(':')
        && text(&element.text)
        && element.namespace.as_deref().is_none_or(text)
        && element.attributes.iter().all(|(key, value)| name(key) && text(value))
        && element.children.iter().all(is_writable)
}

fn write(element: &Element, writer: &mut XmlWriter) {
    let attributes = element.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let namespace = element.namespace.as_deref().map(|value| ("xmlns", value));
    let attributes: Vec<(&str, &str)> = namespace.into_iter().chain(attributes).collect();
    writer.open(&element.name, &attributes, |writer| {
        writer.push_text(&element.text);
        for child in &element.children {
            write(child, writer);
        }
    });
}

/// A request of each operation whose body decides, by the first byte of the input.
fn request(letter: u8, rules: &AddressingRules) -> S3Request {
    let (method, target) = match letter {
        b'd' => (Method::Post, "/bkt?delete"),
        b't' => (Method::Put, "/bkt/key?tagging"),
        b'b' => (Method::Put, "/bkt?tagging"),
        b'c' => (Method::Put, "/bkt"),
        _ => (Method::Put, "/bkt?versioning"),
    };
    let head = RequestHead::new(method, target.as_bytes(), [("host", "h")], PEER, None).expect("a target");
    route(&head, &head.parse_query().expect("a query"), false, rules).expect("a known operation")
}

/// Bodies that decide (rule 8): a letter for the operation, then the body. What was read is written as the same.
pub fn s3_body(data: &[u8]) {
    let Some((letter, body)) = data.split_first() else { return };
    let exact = AddressingRules { keys: KeyRules::Exact, ..AddressingRules::default() };
    let strict = AddressingRules { keys: KeyRules::Filesystem, ..AddressingRules::default() };
    let request = request(*letter, &exact);
    let read = request.parse_body(body, &exact);
    if let Ok(strictly) = request.parse_body(body, &strict) {
        assert_eq!(read.as_ref().ok(), Some(&strictly), "strict rules only refuse");
    }
    let Ok(read) = read else { return };
    let parsed = read.expect("each of these operations has a body");
    let written = parsed.to_xml();
    let again = request.parse_body(written.as_bytes(), &exact);
    assert_eq!(again, Ok(Some(parsed.clone())), "{written}");
    if let Body::Delete(delete) = parsed {
        assert!(!delete.entries.is_empty());
        let first = delete.to_xml(|at| at == 0);
        let Ok(Some(Body::Delete(one))) = request.parse_body(first.as_bytes(), &exact) else {
            panic!("one entry is a body: {first}")
        };
        assert_eq!(one.entries, delete.entries.get(..1).expect("an entry"));
    }
}

/// Answers of a backend that are read: the results of a batch delete, the list of buckets.
pub fn backend_answer(data: &[u8]) {
    let times = |word: &[u8]| data.windows(word.len()).filter(|window| *window == word).count();
    if let Ok(outcomes) = parse_delete_result(data) {
        assert!(outcomes.len() <= times(b"Key"), "an outcome is that of a key");
        for outcome in &outcomes {
            let _ = (outcome.key().to_string(), outcome.error_code());
        }
    }
    if let Ok((buckets, next)) = parse_bucket_list(data) {
        assert!(buckets.len() <= times(b"Name"), "a bucket has a name");
        assert!(buckets.len() <= data.len() && next.is_none_or(|token| token.len() <= data.len()));
    }
}
