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
    /// Wrong characters in a name of IAM.
    #[error(
        "The specified value for {field} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
    )]
    NotAName {
        /// Parameter.
        field: &'static str,
    },
    /// Not a path. AWS's words leave out the other visible characters, which it takes too.
    #[error(
        "The specified value for {field} is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters."
    )]
    NotAPath {
        /// Parameter.
        field: &'static str,
    },
    /// Another word than those that AWS lists.
    #[error(
        "1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must satisfy enum value set: [{words}]"
    )]
    NotOneOf {
        /// Parameter.
        field: &'static str,
        /// The words, with commas between them.
        words: &'static str,
    },
    /// Anything else of the wrong form.
    #[error(
        "1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must satisfy regular expression pattern: {pattern}"
    )]
    Pattern {
        /// Parameter.
        field: &'static str,
        /// The pattern that AWS documents.
        pattern: &'static str,
    },
    /// A required parameter is not there.
    #[error(
        "1 validation error detected: Value null at '{field}' failed to satisfy constraint: Member must not be null"
    )]
    Missing {
        /// Parameter.
        field: &'static str,
    },
    /// Not a whole number.
    #[error("1 validation error detected: Value at '{field}' failed to satisfy constraint: Member must be an integer")]
    NotANumber {
        /// Parameter.
        field: &'static str,
    },
    /// Too small a number.
    #[error(
        "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must have value greater than or equal to {min}"
    )]
    Below {
        /// Parameter.
        field: &'static str,
        /// What was given.
        value: i64,
        /// Least value.
        min: u32,
    },
    /// Too great a number.
    #[error(
        "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must have value less than or equal to {max}"
    )]
    Above {
        /// Parameter.
        field: &'static str,
        /// What was given.
        value: i64,
        /// Greatest value.
        max: u32,
    },
}

impl NameError {
    /// The same of another parameter, to which the same rule applies.
    #[must_use]
    pub fn of(self, field: &'static str) -> Self {
        match self {
            Self::TooShort { min, .. } => Self::TooShort { field, min },
            Self::TooLong { max, .. } => Self::TooLong { field, max },
            Self::NotAName { .. } => Self::NotAName { field },
            Self::NotAPath { .. } => Self::NotAPath { field },
            Self::NotOneOf { words, .. } => Self::NotOneOf { field, words },
            Self::Pattern { pattern, .. } => Self::Pattern { field, pattern },
            Self::Missing { .. } => Self::Missing { field },
            Self::NotANumber { .. } => Self::NotANumber { field },
            Self::Below { value, min, .. } => Self::Below { field, value, min },
            Self::Above { value, max, .. } => Self::Above { field, value, max },
        }
    }
}

/// The value of a required parameter.
pub fn required<'a>(field: &'static str, value: Option<&'a str>) -> Result<&'a str, NameError> {
    value.ok_or(NameError::Missing { field })
}

/// The value of a number parameter between `min` and `max`, if it is given.
pub fn number(field: &'static str, value: Option<&str>, min: u32, max: u32) -> Result<Option<u32>, NameError> {
    let Some(text) = value else { return Ok(None) };
    let value: i64 = text.parse().map_err(|_| NameError::NotANumber { field })?;
    match u32::try_from(value) {
        Ok(number) if number > max => Err(NameError::Above { field, value, max }),
        Ok(number) if number >= min => Ok(Some(number)),
        Err(_) if value > 0 => Err(NameError::Above { field, value, max }),
        _ => Err(NameError::Below { field, value, min }),
    }
}

/// A length in characters.
pub(super) fn length(field: &'static str, text: &str, min: usize, max: usize) -> Result<(), NameError> {
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
    if text.chars().all(is_name_char) { Ok(()) } else { Err(NameError::NotAName { field }) }
}

/// RoleName: 1 to 64.
pub fn role_name(text: &str) -> Result<(), NameError> {
    name("roleName", text, 1, 64)
}

/// UserName: 1 to 64.
pub fn user_name(text: &str) -> Result<(), NameError> {
    name("userName", text, 1, 64)
}

/// GroupName: 1 to 128.
pub fn group_name(text: &str) -> Result<(), NameError> {
    name("groupName", text, 1, 128)
}

/// An ARN as a parameter: 20 to 2048 characters.
pub fn arn(field: &'static str, text: &str) -> Result<(), NameError> {
    length(field, text, 20, 2048)
}

/// PolicyName: 1 to 128.
pub fn policy_name(text: &str) -> Result<(), NameError> {
    name("policyName", text, 1, 128)
}

/// Path: `/`, or `/` … `/` out of U+0021 to U+007E, 1 to 512.
pub fn path(text: &str) -> Result<(), NameError> {
    length("path", text, 1, 512)?;
    let fits = text.starts_with('/') && text.ends_with('/') && text.chars().all(|c| ('\u{21}'..='\u{7e}').contains(&c));
    if fits { Ok(()) } else { Err(NameError::NotAPath { field: "path" }) }
}

/// A policy document's API bound: 1 to 131,072 characters out of tab, LF, CR, U+0020 to U+00FF.
pub fn policy_document(field: &'static str, text: &str) -> Result<(), NameError> {
    length(field, text, 1, 131_072)?;
    let fits = text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}'));
    if fits { Ok(()) } else { Err(NameError::Pattern { field, pattern: "[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+" }) }
}

/// A pattern of `text` with its length in characters.
fn text(
    field: &'static str,
    text: &str,
    (min, max): (usize, usize),
    pattern: &'static str,
    fits: impl Fn(char) -> bool,
) -> Result<(), NameError> {
    length(field, text, min, max)?;
    if text.chars().all(fits) { Ok(()) } else { Err(NameError::Pattern { field, pattern }) }
}

/// A session policy, as plain text: 1 to 2048 characters out of those of [`policy_document`].
pub fn session_policy(value: &str) -> Result<(), NameError> {
    length("policy", value, 1, 2048)?;
    policy_document("policy", value)
}

/// Description: at most 1000 characters out of tab, LF, CR, U+0020 to U+007E and U+00A1 to U+00FF.
pub fn description(value: &str) -> Result<(), NameError> {
    let pattern = "[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*";
    let fits = |c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{a1}'..='\u{ff}');
    text("description", value, (0, 1000), pattern, fits)
}

/// PathPrefix: `/` and at most 511 characters out of U+0021 to U+007E.
pub fn path_prefix(value: &str) -> Result<(), NameError> {
    let pattern = "\\u002F[\\u0021-\\u007E]*";
    text("pathPrefix", value, (1, 512), pattern, |c| ('\u{21}'..='\u{7e}').contains(&c))?;
    if value.starts_with('/') { Ok(()) } else { Err(NameError::Pattern { field: "pathPrefix", pattern }) }
}

/// A name of STS, which words its refusals in another way: 2 to `max`.
fn sts_name(field: &'static str, value: &str, max: usize) -> Result<(), NameError> {
    text(field, value, (2, max), "[\\w+=,.@-]*", is_name_char)
}

/// RoleSessionName: 2 to 64.
pub fn role_session_name(value: &str) -> Result<(), NameError> {
    sts_name("roleSessionName", value, 64)
}

/// SourceIdentity: 2 to 64.
pub fn source_identity(value: &str) -> Result<(), NameError> {
    sts_name("sourceIdentity", value, 64)
}

/// Name of GetFederationToken: 2 to 32.
pub fn federated_name(value: &str) -> Result<(), NameError> {
    sts_name("name", value, 32)
}

/// ExternalId: 2 to 1224 characters out of `[\w+=,.@:\/-]`.
pub fn external_id(value: &str) -> Result<(), NameError> {
    text("externalId", value, (2, 1224), "[\\w+=,.@:\\/-]*", |c| is_name_char(c) || matches!(c, ':' | '/'))
}

/// The key of a tag: 1 to 128 characters out of `[\p{L}\p{Z}\p{N}_.:/=+\-@]`.
pub fn tag_key(value: &str) -> Result<(), NameError> {
    text("tags.member.key", value, (1, 128), TAG_PATTERN, is_tag_char)
}

/// The value of a tag: at most 256 characters out of those of its key.
pub fn tag_value(value: &str) -> Result<(), NameError> {
    text("tags.member.value", value, (0, 256), TAG_PATTERN, is_tag_char)
}

const TAG_PATTERN: &str = "[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*";

/// The standard library's letters are those of `\p{L}` and the marks and letter-like symbols that Unicode
/// counts as alphabetic.
fn is_tag_char(c: char) -> bool {
    let separator = c.is_whitespace() && !c.is_control();
    c.is_alphabetic() || c.is_numeric() || separator || "_.:/=+-@".contains(c)
}

/// Whether two tag keys are the same: without regard to case, beyond ASCII too, as keys may be of any script.
pub fn same_tag_key(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
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

    #[test]
    fn numbers_keep_to_their_range() {
        let check = |value| number("maxSessionDuration", Some(value), 3600, 43200);
        assert_eq!(number("x", None, 1, 2), Ok(None));
        assert_eq!(check("3600"), Ok(Some(3600)));
        assert_eq!(check("43200"), Ok(Some(43200)));
        for (value, wanted) in [("3599", "greater than or equal to 3600"), ("-1", "greater than or equal to 3600")] {
            assert!(check(value).unwrap_err().to_string().ends_with(wanted), "{value}");
        }
        for value in ["43201", "99999999999"] {
            assert!(check(value).unwrap_err().to_string().ends_with("less than or equal to 43200"), "{value}");
        }
        for value in ["", "x", "1.5", "99999999999999999999999", " 3600"] {
            assert_eq!(check(value), Err(NameError::NotANumber { field: "maxSessionDuration" }), "{value}");
        }
    }

    #[test]
    fn texts_keep_to_their_alphabets() {
        assert!(description("").is_ok() && description("a\tb\n\u{ff}").is_ok());
        assert!(description("\u{7f}").is_err() && description("\u{a0}").is_err());
        assert!(description(&"x".repeat(1000)).is_ok() && description(&"x".repeat(1001)).is_err());
        assert!(path_prefix("/").is_ok() && path_prefix("/a").is_ok() && path_prefix("a").is_err());
        assert!(path_prefix("").is_err() && path_prefix("/a b").is_err());
        assert!(role_session_name("ab").is_ok() && role_session_name("a").is_err());
        assert!(role_session_name("a b").is_err() && role_session_name("a/b").is_err());
        assert!(source_identity(&"a".repeat(64)).is_ok() && source_identity(&"a".repeat(65)).is_err());
        assert!(federated_name(&"a".repeat(32)).is_ok() && federated_name(&"a".repeat(33)).is_err());
        assert!(federated_name("a").is_err() && source_identity("a:b").is_err());
        assert!(external_id("a:/b").is_ok() && external_id("a").is_err() && external_id("a b").is_err());
        assert!(tag_key("Äé_.:/=+-@ 9").is_ok() && tag_key("").is_err() && tag_key("a&b").is_err());
        assert!(tag_value("").is_ok() && tag_value(&"x".repeat(257)).is_err() && tag_value("a\tb").is_err());
        assert!(session_policy(&"x".repeat(2048)).is_ok() && session_policy(&"x".repeat(2049)).is_err());
        assert_eq!(required("roleName", None), Err(NameError::Missing { field: "roleName" }));
    }

    #[test]
    fn refusals_have_awss_words() {
        let constraint = "1 validation error detected: Value at";
        let table = [
            (
                role_name("a b"),
                "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the \
                 following: +=,.@_-"
                    .to_owned(),
            ),
            (
                path("a").map_err(|error| error.of("newPath")),
                "The specified value for newPath is invalid. It must begin and end with / and contain only \
                 alphanumeric characters and/or / characters."
                    .to_owned(),
            ),
            (
                role_session_name("a b"),
                format!(
                    "{constraint} 'roleSessionName' failed to satisfy constraint: Member must satisfy regular \
                     expression pattern: [\\w+=,.@-]*"
                ),
            ),
            (
                Err(NameError::NotOneOf { field: "status", words: "Active, Inactive" }),
                format!(
                    "{constraint} 'status' failed to satisfy constraint: Member must satisfy enum value set: \
                     [Active, Inactive]"
                ),
            ),
        ];
        for (refused, wanted) in table {
            assert_eq!(refused.unwrap_err().to_string(), wanted);
        }
    }
}
