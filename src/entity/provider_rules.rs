//! What the URLs, client ids and thumbprints of OpenID Connect providers must keep to.
//!
//! A URL is the issuer that tokens name, so nothing of it is folded or normalised (security rule 25): one with a
//! trailing slash, in another case, or with the default port written out is another URL. It is also what keys are
//! fetched from (rule 26), so it has the plain form that all parsers read alike.

use super::names::length;
use super::{NameError, quota};
use std::net::{Ipv4Addr, Ipv6Addr};

/// A value breaks a rule of providers. The messages begin with AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderRule {
    /// A length, or a character of a client id.
    #[error(transparent)]
    Constraint(#[from] NameError),
    /// Neither `https://` nor `http://`.
    #[error("Invalid Open ID Connect Provider URL. The URL must begin with https://.")]
    Scheme,
    /// More than scheme, host, port and path.
    #[error("Invalid Open ID Connect Provider URL. It must have no query, fragment or user name.")]
    Parts,
    /// Not a host name or an address.
    #[error(
        "Invalid Open ID Connect Provider URL. Its host must be a host name of letters, digits, -, _ and dots, or an IP address."
    )]
    Host,
    /// Not a port.
    #[error("Invalid Open ID Connect Provider URL. Its port must be a number from 1 to 65535.")]
    Port,
    /// A path that a policy could not name, or that parsers read differently.
    #[error(
        "Invalid Open ID Connect Provider URL. Its path must have only characters of URLs, other than * and $, and no segments . and .."
    )]
    Path,
    /// Not as long as a SHA-1.
    #[error("Thumbprint must be exactly 40 characters.")]
    ThumbprintLength,
    /// Not hexadecimal.
    #[error("Thumbprint must have only hexadecimal digits.")]
    ThumbprintDigits,
    /// Too many. AWS's message says fewer than 5, and AWS takes 5.
    #[error("Thumbprint list must contain fewer than {max} entries.", max = quota::THUMBPRINTS)]
    Thumbprints,
}

/// Url: 1 to 255 characters, `https://HOST[:PORT][/PATH]`, or the same with `http://`.
pub fn provider_url(url: &str) -> Result<(), ProviderRule> {
    length("url", url, 1, 255)?;
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or(ProviderRule::Scheme)?;
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at_checked(slash).ok_or(ProviderRule::Host)?,
        None => (rest, ""),
    };
    if rest.contains(['?', '#']) || authority.contains('@') {
        return Err(ProviderRule::Parts);
    }
    let (host, port) = split_port(authority)?;
    if !is_host(host) {
        return Err(ProviderRule::Host);
    }
    if port.is_some_and(|port| !is_port(port)) {
        return Err(ProviderRule::Port);
    }
    if is_path(path) { Ok(()) } else { Err(ProviderRule::Path) }
}

/// Host, an IPv6 address in its brackets, and port.
fn split_port(authority: &str) -> Result<(&str, Option<&str>), ProviderRule> {
    if !authority.starts_with('[') {
        return Ok(authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))));
    }
    let end = authority.find(']').ok_or(ProviderRule::Host)?;
    let (host, rest) = authority.split_at_checked(end + 1).ok_or(ProviderRule::Host)?;
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(ProviderRule::Host),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        let known = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        known && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    // What ends in a number some take for an address in one of its odd forms (`2130706433`, `0x7f.1`).
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.to_ascii_lowercase().starts_with("0x");
    host.split('.').all(is_label) && (!numeric || host.parse::<Ipv4Addr>().is_ok())
}

fn is_port(port: &str) -> bool {
    let digits = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
    digits && port.parse::<u16>().is_ok()
}

/// Characters of RFC 3986, without those that a principal of a policy cannot have.
fn is_path(path: &str) -> bool {
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => {
                let mut digit = || bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit());
                digit() && digit()
            }
            _ => byte.is_ascii_alphanumeric() || b"/-._~!&'()+,;=:@".contains(&byte),
        };
        if !fits {
            return false;
        }
    }
    !path.split('/').any(|segment| {
        // Encoded dots are dots to who decodes before looking.
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    })
}

/// ClientID: 1 to 255 characters, none of them a control character, which no answer could carry.
pub fn client_id(text: &str) -> Result<(), ProviderRule> {
    length("clientID", text, 1, 255)?;
    if text.chars().any(char::is_control) {
        return Err(NameError::Pattern { field: "clientID", pattern: "\\P{Cc}+" }.into());
    }
    Ok(())
}

/// A thumbprint as it is stored: 40 hexadecimal digits in lower case.
pub fn thumbprint(text: &str) -> Result<String, ProviderRule> {
    if text.chars().count() != 40 {
        return Err(ProviderRule::ThumbprintLength);
    }
    if text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(ProviderRule::ThumbprintDigits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_those_of_issuers() {
        for good in [
            "https://accounts.google.com",
            "https://tenant.auth0.com/",
            "https://token.actions.githubusercontent.com",
            "https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E",
            "http://localhost:8080/auth/realms/demo",
            "http://127.0.0.1:9400",
            "https://[::1]:8443/a",
            "https://[2001:db8::1]",
            "https://IdP.Example.com:443/A%20b//c;d=e,(f)!~'+@x:y",
            "https://keycloak_1/realms/x",
            "https://xn--bcher-kva.example",
        ] {
            assert_eq!(provider_url(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn rule_26_odd_urls_are_refused() {
        for (rule, urls) in [
            (
                ProviderRule::Scheme,
                vec!["example.com", "ftp://x", "HTTPS://example.com", "//x", " https://x", "https:/x"],
            ),
            (
                ProviderRule::Parts,
                vec![
                    "https://a@b",
                    "https://a:b@c/",
                    "https://example.com?x=1",
                    "https://example.com/#x",
                    "https://example.com/a?b",
                    "https://good.example#@evil.example",
                ],
            ),
            (
                ProviderRule::Host,
                vec![
                    "https://",
                    "https:///a",
                    "https://:443",
                    "https://exam ple.com",
                    "https://example.com\\evil.com",
                    "https://example%2ecom",
                    "https://ex\u{e4}mple.com",
                    "https://example.com\r\nHost: x",
                    "https://example.com\u{0}",
                    "https://.example.com",
                    "https://example.com.",
                    "https://a..b",
                    "https://-a.b",
                    "https://a-.b",
                    "https://[::1",
                    "https://[::1]x",
                    "https://[fe80::1%25eth0]",
                    "https://[1.2.3.4]",
                    "https://2130706433",
                    "https://0x7f000001",
                    "https://127.1",
                    "https://1.2.3.256",
                    "https://example.0xA",
                    "https://*.example.com",
                ],
            ),
            (
                ProviderRule::Port,
                vec![
                    "https://a:",
                    "https://a:0",
                    "https://a:65536",
                    "https://a:080",
                    "https://a:b",
                    "https://a:1:2",
                    "https://a:+1",
                ],
            ),
            (
                ProviderRule::Path,
                vec![
                    "https://a/b c",
                    "https://a/b\\c",
                    "https://a/b\n",
                    "https://a/*",
                    "https://a/${x}",
                    "https://a/$",
                    "https://a/%",
                    "https://a/%4",
                    "https://a/%zz",
                    "https://a/\u{e9}",
                    "https://a/..",
                    "https://a/./b",
                    "https://a/%2E%2e/b",
                    "https://a/\"",
                ],
            ),
        ] {
            for url in urls {
                assert_eq!(provider_url(url), Err(rule.clone()), "{url:?}");
            }
        }
        let long = format!("https://a/{}", "x".repeat(245));
        assert_eq!(provider_url(&long), Ok(()));
        assert!(provider_url(&format!("{long}x")).unwrap_err().to_string().ends_with("less than or equal to 255"));
        assert!(provider_url("").unwrap_err().to_string().contains("greater than or equal to 1"));
        assert_eq!(provider_url(&format!("https://{}.b", "a".repeat(64))), Err(ProviderRule::Host));
    }

    #[test]
    fn client_ids_and_thumbprints_keep_to_their_rules() {
        assert!(client_id("sts.amazonaws.com").is_ok() && client_id("\u{e4} b/c:*").is_ok());
        assert!(client_id(&"c".repeat(255)).is_ok() && client_id(&"c".repeat(256)).is_err());
        assert!(client_id("").is_err() && client_id("a\nb").is_err());
        assert_eq!(thumbprint(&"AB12".repeat(10)), Ok("ab12".repeat(10)));
        for bad in [39, 41] {
            assert_eq!(thumbprint(&"a".repeat(bad)), Err(ProviderRule::ThumbprintLength));
        }
        assert_eq!(thumbprint(&"g".repeat(40)), Err(ProviderRule::ThumbprintDigits));
        assert_eq!(thumbprint(&"\u{e4}".repeat(40)), Err(ProviderRule::ThumbprintDigits));
    }
}
