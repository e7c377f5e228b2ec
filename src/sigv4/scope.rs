//! The credential scope: `YYYYMMDD/REGION/SERVICE/aws4_request`.

use super::claim::cut;
use std::fmt;
use std::sync::Arc;

/// The last part of every scope.
pub(super) const TERMINATOR: &str = "aws4_request";

/// `YYYYMMDD`.
const DATE_LENGTH: usize = 8;

/// Longer than any region or service name.
const MAX_PART: usize = 64;

/// A credential scope: a date, a region (possibly empty, as some clients of servers without regions
/// send it) and a service, all of printable ASCII without `/` and `,`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CredentialScope {
    /// The whole text. INVARIANT: four parts.
    text: Arc<str>,
    /// Where the second and the third part end.
    region_end: usize,
    service_end: usize,
}

/// What is wrong with a text that should be a scope.
pub(super) enum ScopeFault {
    /// The parts are not four, or one of the first three is none.
    Parts,
    /// The last part is not `aws4_request`.
    Terminator,
}

/// The parts do not make a credential scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a credential scope is YYYYMMDD/REGION/SERVICE/aws4_request")]
pub struct InvalidScope;

impl CredentialScope {
    /// Makes a scope from its parts.
    pub fn new(date: &str, region: &str, service: &str) -> Result<Self, InvalidScope> {
        if !are_parts(date, region, service) {
            return Err(InvalidScope);
        }
        let mut text = String::with_capacity(date.len() + region.len() + service.len() + TERMINATOR.len() + 3);
        for part in [date, "/", region, "/", service, "/", TERMINATOR] {
            text.push_str(part);
        }
        Ok(Self::of_parts(&text, region, service))
    }

    /// Reads a scope as it stands in a credential.
    pub(super) fn parse(text: &str) -> Result<Self, ScopeFault> {
        let (date, rest) = cut(text, b'/').ok_or(ScopeFault::Parts)?;
        let (region, rest) = cut(rest, b'/').ok_or(ScopeFault::Parts)?;
        let (service, end) = cut(rest, b'/').ok_or(ScopeFault::Parts)?;
        if end.contains('/') || !are_parts(date, region, service) {
            return Err(ScopeFault::Parts);
        }
        if end != TERMINATOR {
            return Err(ScopeFault::Terminator);
        }
        Ok(Self::of_parts(text, region, service))
    }

    fn of_parts(text: &str, region: &str, service: &str) -> Self {
        let region_end = DATE_LENGTH + 1 + region.len();
        Self { text: text.into(), region_end, service_end: region_end + 1 + service.len() }
    }

    /// The date, `YYYYMMDD`.
    pub fn date(&self) -> &str {
        // INVARIANT: eight digits, then a slash.
        self.text.get(..DATE_LENGTH).unwrap_or_default()
    }

    /// The region; may be empty.
    pub fn region(&self) -> &str {
        self.text.get(DATE_LENGTH + 1..self.region_end).unwrap_or_default()
    }

    /// The service: `s3`, `iam`, `sts` or whatever the client says.
    pub fn service(&self) -> &str {
        self.text.get(self.region_end + 1..self.service_end).unwrap_or_default()
    }

    /// The whole text, as it stands in the string to sign.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn are_parts(date: &str, region: &str, service: &str) -> bool {
    let is_date = date.len() == DATE_LENGTH && date.bytes().all(|byte| byte.is_ascii_digit());
    is_date && is_part(region) && is_part(service) && !service.is_empty()
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_is_read_as_its_four_parts(text in "[0-9]{7,9}/[a-z/, -]{0,4}/?[a-z3]{0,3}/(aws4_request|x)?/?") {
            let parts: Vec<_> = text.split('/').collect();
            let made = match parts[..] {
                [date, region, service, _] => CredentialScope::new(date, region, service).ok(),
                _ => None,
            };
            match CredentialScope::parse(&text) {
                Ok(scope) => {
                    prop_assert_eq!(parts, [scope.date(), scope.region(), scope.service(), TERMINATOR]);
                    prop_assert_eq!(Some(scope), made);
                }
                Err(ScopeFault::Terminator) => prop_assert!(made.is_some() && parts.last() != Some(&TERMINATOR)),
                Err(ScopeFault::Parts) => prop_assert_eq!(made, None),
            }
        }
    }

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
