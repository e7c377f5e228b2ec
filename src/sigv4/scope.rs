//! The credential scope: `YYYYMMDD/REGION/SERVICE/aws4_request`.

use std::fmt;
use std::sync::Arc;

/// The last part of every scope.
pub(super) const TERMINATOR: &str = "aws4_request";

/// Longer than any region or service name.
const MAX_PART: usize = 64;

/// A credential scope: a date, a region (possibly empty, as some clients of servers without regions
/// send it) and a service, all of printable ASCII without `/` and `,`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CredentialScope {
    /// The whole text. INVARIANT: four parts.
    text: Arc<str>,
}

/// The parts do not make a credential scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a credential scope is YYYYMMDD/REGION/SERVICE/aws4_request")]
pub struct InvalidScope;

impl CredentialScope {
    /// Makes a scope from its parts.
    pub fn new(date: &str, region: &str, service: &str) -> Result<Self, InvalidScope> {
        let date_fits = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
        if !date_fits || !is_part(region) || !is_part(service) || service.is_empty() {
            return Err(InvalidScope);
        }
        let mut text = String::with_capacity(date.len() + region.len() + service.len() + TERMINATOR.len() + 3);
        for part in [date, "/", region, "/", service, "/", TERMINATOR] {
            text.push_str(part);
        }
        Ok(Self { text: text.into() })
    }

    /// The date, `YYYYMMDD`.
    pub fn date(&self) -> &str {
        // INVARIANT: eight digits, then a slash.
        self.text.get(..8).unwrap_or_default()
    }

    /// The region; may be empty.
    pub fn region(&self) -> &str {
        self.part(1)
    }

    /// The service: `s3`, `iam`, `sts` or whatever the client says.
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// The whole text, as it stands in the string to sign.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn part(&self, index: usize) -> &str {
        self.text.split('/').nth(index).unwrap_or_default()
    }
}

fn is_part(text: &str) -> bool {
    text.len() <= MAX_PART && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/' && byte != b',')
}

impl fmt::Debug for CredentialScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CredentialScope({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_and_the_region_may_be_empty() {
        let scope = CredentialScope::new("20261121", "", "iam").unwrap();
        assert_eq!((scope.date(), scope.region(), scope.service()), ("20261121", "", "iam"));
        assert_eq!(scope.as_str(), "20261121//iam/aws4_request");
    }

    #[test]
    fn parts_that_would_shift_others_are_refused() {
        for (date, region, service) in [
            ("2026112", "r", "s3"),
            ("2026-1-1", "r", "s3"),
            ("20261121", "a/b", "s3"),
            ("20261121", "a b", "s3"),
            ("20261121", "r", ""),
            ("20261121", "r", "s3\n"),
            ("20261121", &"r".repeat(65), "s3"),
        ] {
            assert!(CredentialScope::new(date, region, service).is_err(), "{date} {region} {service}");
        }
    }
}
