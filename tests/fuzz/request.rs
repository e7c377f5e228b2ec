//! Request heads: query, address, route, and what of them goes out.

use super::message::{Message, PEER, all_rules, is_field_byte, is_token};
use rolegate::s3::{AddressingRules, BucketRules, CopySource, KeyRules, S3Request, Tags, Target, address, route};
use rolegate::sigv4::hoisted_headers;
use rolegate::wire::RequestHead;

/// Request heads. What is routed goes out in one spelling, and that spelling is the same request.
pub fn request_head(data: &[u8]) {
    let Some(message) = Message::read(data) else { return };
    let head = &message.head;
    let joined = match head.raw_query() {
        Some(query) => [head.raw_path(), b"?", query].concat(),
        None => head.raw_path().to_vec(),
    };
    assert_eq!(joined, message.target, "the raw target is kept");
    assert!(head.headers().all(|header| header.name == header.name.to_ascii_lowercase()));
    for rules in all_rules() {
        let target = address(head, &rules);
        let Ok(query) = head.parse_query() else { continue };
        let mut routed = vec![route(head, &query, false, &rules)];
        if hoisted_headers(head, &query).is_ok() {
            routed.push(route(head, &query, true, &rules));
        }
        for request in routed.into_iter().flatten() {
            assert_eq!(Some(request.target()), target.as_ref().ok(), "routing reads the address alone");
            goes_out_as_it_is(&request, &rules);
        }
    }
}

/// The head that is sent to a backend for a routed request.
pub fn outbound(request: &S3Request, prefix: &str, rules: &BucketRules) -> Option<RequestHead> {
    let target = request.outbound_target(prefix, rules).ok()?;
    let headers = request.outbound_headers(prefix, rules).ok()?;
    assert!(target.path.starts_with('/'));
    let origin_form = target.to_origin_form();
    assert!(origin_form.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%/?&=".contains(&byte)));
    for (name, value) in &headers {
        assert!(is_token(name) && value.iter().all(|byte| is_field_byte(*byte)), "{name}: {value:?}");
        assert!(!["authorization", "x-amz-security-token", "host", "connection"].contains(&&**name), "{name}");
    }
    let mut fields: Vec<(String, Vec<u8>)> = vec![("host".to_owned(), b"backend.example".to_vec())];
    fields.extend(headers.into_iter().map(|(name, value)| (name.to_string(), value)));
    RequestHead::new(request.method(), origin_form.as_bytes(), fields, PEER, None)
}

fn goes_out_as_it_is(request: &S3Request, rules: &AddressingRules) {
    let plain = AddressingRules { domains: Vec::new(), ..rules.clone() };
    let sent = outbound(request, "", &rules.buckets).expect("without a prefix every routed request has a target");
    let query = sent.parse_query().expect("the outbound query is a query");
    let again = route(&sent, &query, false, &plain);
    let again = again.unwrap_or_else(|error| panic!("{:?} is refused once sent: {error}", request.operation()));
    assert_eq!(again.operation(), request.operation());
    assert_eq!(again.target(), request.target());
    assert_eq!(again.query(), request.query());
    assert_eq!(again.copy_source(), request.copy_source());
    assert_eq!(again.tags(), request.tags());
    assert_eq!(again.outbound_target("", &rules.buckets), request.outbound_target("", &rules.buckets));
    let headers = |request: &S3Request| {
        let mut headers = request.outbound_headers("", &rules.buckets).expect("no prefix");
        headers.sort();
        headers
    };
    assert_eq!(headers(&again), headers(request));
    stays_below_the_prefix(request, &plain);
}

fn stays_below_the_prefix(request: &S3Request, rules: &AddressingRules) {
    let Some(sent) = outbound(request, "acct-", &rules.buckets) else { return };
    let (key, bucket) = match address(&sent, rules).expect("a prefixed target is a target") {
        Target::Service => (None, None),
        Target::Bucket(bucket) => (None, Some(bucket)),
        Target::Object(bucket, key) => (Some(key), Some(bucket)),
    };
    assert_eq!(key.as_ref(), request.key());
    let bucket = bucket.as_ref().map(|bucket| bucket.as_str().strip_prefix("acct-").expect("the prefix"));
    assert_eq!(bucket, request.bucket().map(|bucket| bucket.as_str()));
}

/// Copy sources and tagging headers: written anew they say the same, and strict rules only refuse.
pub fn copy_source(data: &[u8]) {
    let rules = |keys| AddressingRules { keys, ..AddressingRules::default() };
    let exact = CopySource::parse(data, &rules(KeyRules::Exact));
    let strict = CopySource::parse(data, &rules(KeyRules::Filesystem));
    if let Ok(strict) = &strict {
        assert_eq!(exact.as_ref().ok(), Some(strict));
    }
    if let Ok(source) = exact {
        let written = source.header_value(&source.bucket);
        assert_eq!(CopySource::parse(written.as_bytes(), &rules(KeyRules::Exact)).as_ref(), Ok(&source), "{written}");
        assert!(source.context_value().starts_with(source.bucket.as_str().as_bytes()));
    }
    if let Ok(tags) = Tags::from_header(data) {
        assert_eq!(Tags::from_header(tags.to_header().as_bytes()).as_ref(), Ok(&tags));
    }
}
