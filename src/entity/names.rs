//! Names, paths and lengths as AWS's IAM API states them.

/// A parameter value breaks AWS's constraint. The message has AWS's wording.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Too short.
    #[error(
        "1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must have length greater than or equal to {min}"
    )]
    TooShort {
        /// Parameter, with a small first letter as AWS writes it.
        field: &'static str,
        /// Least length in characters.
        min: usize,
    },
    /// Too long.
    #[error(
        "1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must have length less than or equal to {max}"
    )]
    TooLong {
        /// Parameter.
        field: &'static str,
        /// Greatest length in characters.
        max: usize,
    },
    /// Wrong characters.
    #[error("The specified value for {field} is invalid. It must contain only characters matching {pattern}")]
    Pattern {
        /// Parameter.
        field: &'static str,
        /// The pattern that AWS documents.
        pattern: &'static str,
    },
}

fn length(field: &'static str, text: &str, min: usize, max: usize) -> Result<(), NameError> {
    match text.chars().count() {
        count if count < min => Err(NameError::TooShort { field, min }),
        count if count > max => Err(NameError::TooLong { field, max }),
        _ => Ok(()),
    }
}

/// `[\w+=,.@-]`, the alphabet of IAM names.
fn is_name_char(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_+=,.@-".contains(character)
}

fn name(field: &'static str, text: &str, min: usize, max: usize) -> Result<(), NameError> {
    length(field, text, min, max)?;
    if text.chars().all(is_name_char) { Ok(()) } else { Err(NameError::Pattern { field, pattern: "[\\w+=,.@-]+" }) }
}

/// RoleName: 1 to 64.
pub fn role_name(text: &str) -> Result<(), NameError> {
    name("roleName", text, 1, 64)
}

/// UserName: 1 to 64.
pub fn user_name(text: &str) -> Result<(), NameError> {
    name("userName", text, 1, 64)
}

/// PolicyName: 1 to 128.
pub fn policy_name(text: &str) -> Result<(), NameError> {
    name("policyName", text, 1, 128)
}

/// Path: `/`, or `/` … `/` out of U+0021 to U+007F, 1 to 512.
pub fn path(text: &str) -> Result<(), NameError> {
    length("path", text, 1, 512)?;
    let fits = text.starts_with('/') && text.ends_with('/') && text.chars().all(|c| ('\u{21}'..='\u{7f}').contains(&c));
    if fits {
        Ok(())
    } else {
        Err(NameError::Pattern { field: "path", pattern: "(\\u002F)|(\\u002F[\\u0021-\\u007F]+\\u002F)" })
    }
}

/// A policy document's API bound: 1 to 131,072 characters out of tab, LF, CR, U+0020 to U+00FF.
pub fn policy_document(field: &'static str, text: &str) -> Result<(), NameError> {
    length(field, text, 1, 131_072)?;
    let fits = text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}'));
    if fits { Ok(()) } else { Err(NameError::Pattern { field, pattern: "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+" }) }
}

/// The form under which names are unique: without regard to case. Names are ASCII.
pub fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_awss() {
        assert!(role_name(&"r".repeat(64)).is_ok());
        assert_eq!(role_name(&"r".repeat(65)), Err(NameError::TooLong { field: "roleName", max: 64 }));
        assert_eq!(role_name(""), Err(NameError::TooShort { field: "roleName", min: 1 }));
        assert!(role_name("A+=,.@-_9").is_ok() && role_name("a/b").is_err() && role_name("ä").is_err());
        assert!(policy_name(&"p".repeat(128)).is_ok() && policy_name(&"p".repeat(129)).is_err());
        for good in ["/", "/a/", "/application_abc/component_xyz/", "//"] {
            assert!(path(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "/a", "a/", "/a b/", "/ä/"] {
            assert!(path(bad).is_err(), "{bad}");
        }
        assert!(policy_document("policyDocument", "{\n\t}\u{ff}").is_ok());
        assert!(
            policy_document("policyDocument", "\u{100}").is_err()
                && policy_document("policyDocument", "\u{b}").is_err()
        );
    }
}
