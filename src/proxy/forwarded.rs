//! The backend's answer on its way to the client: which of its headers pass, and whose request id it has.
//!
//! An allow-list: what names the backend, its software or its hops stays behind (DESIGN section 7). Hop-by-hop
//! and trailer fields (RFC 9110 sections 7.6.1 and 6.6.2) are not on it; Transfer-Encoding is, as pingora's own
//! framing needs it.

use pingora::http::ResponseHeader;

/// Request ids that backends give, in the order in which they are looked for.
const REQUEST_IDS: [&str; 2] = ["x-amz-request-id", "x-amz-id-2"];

/// The backend's own id of the request, for the log.
pub(super) fn request_id(header: &ResponseHeader) -> Option<String> {
    let mut found = REQUEST_IDS.iter().filter_map(|name| header.headers.get(*name));
    found.next().and_then(|value| value.to_str().ok()).map(|text| text.chars().take(128).collect())
}

/// Removes what does not pass, and makes `Location` relative: it would name the backend's host.
pub(super) fn keep_allowed(header: &mut ResponseHeader) {
    let dropped: Vec<http::HeaderName> = header.headers.keys().filter(|name| !passes(name.as_str())).cloned().collect();
    for name in dropped {
        header.remove_header(&name);
    }
    if let Some(location) = header.headers.get(http::header::LOCATION) {
        let path = std::str::from_utf8(location.as_bytes()).ok().map(|text| relative(text).to_owned());
        header.remove_header(&http::header::LOCATION);
        if let Some(path) = path {
            // A value out of a header is one again.
            let _ = header.insert_header(http::header::LOCATION, path);
        }
    }
}

/// Whether the head says that no body follows.
pub(super) fn has_no_body(header: &ResponseHeader) -> bool {
    header.headers.get(http::header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() == b"0")
}

fn passes(name: &str) -> bool {
    if let Some(rest) = name.strip_prefix("x-amz-") {
        return !REQUEST_IDS.contains(&name) && !rest.starts_with("cf-");
    }
    name.starts_with("access-control-")
        || matches!(
            name,
            "accept-ranges"
                | "age"
                | "cache-control"
                | "content-disposition"
                | "content-encoding"
                | "content-language"
                | "content-length"
                | "content-md5"
                | "content-range"
                | "content-type"
                | "etag"
                | "expires"
                | "last-modified"
                | "location"
                | "retry-after"
                | "transfer-encoding"
                | "vary"
        )
}

/// The part of a URL after its authority; a text that is none stays.
fn relative(location: &str) -> &str {
    let after_scheme = location.split_once("://").map(|(_, rest)| rest).or_else(|| location.strip_prefix("//"));
    match after_scheme {
        Some(rest) => rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/"),
        None => location,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_the_backend_stays_behind() {
        let mut header = ResponseHeader::build(200, None).unwrap();
        for (name, value) in [
            ("ETag", "\"1\""),
            ("x-amz-version-id", "v"),
            ("x-amz-meta-a", "m"),
            ("x-amz-checksum-crc32", "AAAAAA=="),
            ("Content-Length", "3"),
            ("x-amz-request-id", "backend-7"),
            ("x-amz-id-2", "backend-host"),
            ("Server", "MinIO"),
            ("x-minio-deployment-id", "d"),
            ("x-rgw-object-count", "1"),
            ("Via", "1.1 b"),
            ("Trailer", "x"),
            ("Keep-Alive", "timeout=1"),
            ("Connection", "x-amz-meta-a"),
            ("Set-Cookie", "a=b"),
        ] {
            header.append_header(name, value).unwrap();
        }
        assert_eq!(request_id(&header).as_deref(), Some("backend-7"));
        keep_allowed(&mut header);
        let mut names: Vec<&str> = header.headers.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["content-length", "etag", "x-amz-checksum-crc32", "x-amz-meta-a", "x-amz-version-id"]);
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
            assert_eq!(relative(given), kept);
        }
    }
}
