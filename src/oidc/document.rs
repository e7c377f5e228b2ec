//! A provider's metadata (OpenID Connect Discovery 1.0 section 3), as much as is needed of it.

use super::Error;
use super::target::Target;
use serde::Deserialize;

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// Where the keys are of the provider with this URL. The metadata must name it byte for byte as their issuer (section
/// 4.3): else one provider could speak for another.
pub(super) fn keys_of(document: &[u8], provider_url: &str) -> Result<Target, Error> {
    let metadata: Metadata = serde_json::from_slice(document).map_err(|_| Error::NotDiscovery)?;
    if metadata.issuer != provider_url {
        return Err(Error::OtherIssuer);
    }
    Target::parse(&metadata.jwks_uri).map_err(|_| Error::JwksUri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_issuer_is_the_url_and_each_member_stands_once() {
        let keys = |text: &str| keys_of(text.as_bytes(), "https://a/b").map(|target| target.path);
        assert_eq!(
            keys(r#"{"issuer":"https://a/b","jwks_uri":"https://c/k?x","x":[1,{"issuer":"y"}]}"#),
            Ok("/k?x".into())
        );
        for issuer in ["https://a/b/", "https://A/b", "http://a/b", "https://a", "a/b", "https://a/b ", ""] {
            let text = format!(r#"{{"issuer":"{issuer}","jwks_uri":"https://c/k"}}"#);
            assert_eq!(keys(&text), Err(Error::OtherIssuer), "{issuer}");
        }
        for text in [
            "",
            "[]",
            "<html>",
            r#"{"issuer":"https://a/b"}"#,
            r#"{"jwks_uri":"https://c/k"}"#,
            r#"{"issuer":["https://a/b"],"jwks_uri":"https://c/k"}"#,
            r#"{"issuer":"https://a/b","jwks_uri":null}"#,
            r#"{"issuer":"https://evil","issuer":"https://a/b","jwks_uri":"https://c/k"}"#,
            r#"{"issuer":"https://a/b","jwks_uri":"https://c/k"} x"#,
        ] {
            assert_eq!(keys(text), Err(Error::NotDiscovery), "{text}");
        }
        assert_eq!(keys(r#"{"issuer":"https://a/b","jwks_uri":"file:///etc/passwd"}"#), Err(Error::JwksUri));
    }
}
