//! A URL that is asked: an endpoint and what is asked of it.

use super::Error;
use crate::conf::Endpoint;

/// The longest URL.
const MAX_LENGTH: usize = 2048;

/// Where a document is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) endpoint: Endpoint,
    /// Path and query as they go on the wire.
    pub(super) path: String,
}

impl Target {
    /// Reads a URL; without a fragment, a user name, and characters that do not stand in URLs.
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        let fits =
            url.len() <= MAX_LENGTH && url.bytes().all(|b| b.is_ascii_graphic() && !b"#\\\"<>^`{|}".contains(&b));
        let (scheme, rest) = url.split_once("://").filter(|_| fits).ok_or(Error::Url)?;
        let at = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        let endpoint = Endpoint::parse(&format!("{scheme}://{authority}")).map_err(|_| Error::Url)?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { endpoint, path })
    }

    /// Where the provider of `url` describes itself: one `/` at the end of the path does not count (OpenID Connect
    /// Discovery section 4). A provider's URL has no query.
    pub(super) fn discovery(url: &str) -> Result<Self, Error> {
        if url.contains('?') {
            return Err(Error::Url);
        }
        Self::parse(&format!("{}/.well-known/openid-configuration", url.strip_suffix('/').unwrap_or(url)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discovery_is_below_the_providers_path() {
        for (url, authority, path) in [
            ("https://idp.example", "https://idp.example", ""),
            ("https://idp.example/", "https://idp.example", ""),
            ("https://IdP.example:443/a", "https://idp.example", "/a"),
            ("https://idp.example:8443/auth/realms/demo/", "https://idp.example:8443", "/auth/realms/demo"),
            ("http://[::1]:80/A%20b//", "http://[::1]", "/A%20b/"),
        ] {
            let target = Target::discovery(url).unwrap();
            assert_eq!(target.endpoint.to_string(), authority, "{url}");
            assert_eq!(target.path, format!("{path}/.well-known/openid-configuration"), "{url}");
        }
    }

    #[test]
    fn rule_26_other_texts_are_no_targets() {
        for bad in [
            "",
            "idp.example",
            "//idp.example",
            "ftp://idp.example",
            "file:///etc/passwd",
            "https://",
            "https:///path",
            "https://user@idp.example",
            "https://user:pw@idp.example/",
            "https://idp.example#fragment",
            "https://idp.example/a#fragment",
            "https://idp.example\\@evil.example",
            "https://idp.example/a b",
            "https://idp.example/\r\nX: y",
            "https://idp.example:0",
            "https://idp.example:99999",
            "https://idp.ex\u{e4}mple/",
            "HTTPS://idp.example",
        ] {
            assert_eq!(Target::parse(bad), Err(Error::Url), "{bad}");
            assert_eq!(Target::discovery(bad), Err(Error::Url), "{bad}");
        }
        assert_eq!(Target::discovery("https://idp.example/?x"), Err(Error::Url));
        let long = format!("https://idp.example/{}", "a".repeat(MAX_LENGTH));
        assert_eq!(Target::parse(&long), Err(Error::Url));
        let keys = Target::parse("https://idp.example?keys=1").unwrap();
        assert_eq!(keys.path, "/?keys=1");
        assert_eq!(Target::parse("https://idp.example/a/@b?c=/?").unwrap().path, "/a/@b?c=/?");
    }
}
