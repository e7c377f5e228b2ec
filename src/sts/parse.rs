//! Parameters into typed requests. Undefined parameters are ignored as AWS does; defined ones that this
//! version does not serve are errors.

use super::{AssumeRole, AssumeRoleWithWebIdentity, Error, FederationToken, Request, SessionToken, VERSION};
use crate::entity::{NameError, required};
use crate::token::MAX_MESSAGE_LENGTH;
use crate::types::AccessKeyId;
use crate::wire::aws_query::Parameters;

/// STS actions that AWS defines and this version does not serve.
const UNSUPPORTED: [&str; 4] = ["AssumeRoleWithSAML", "AssumeRoot", "GetDelegatedAccessToken", "GetWebIdentityToken"];

/// The request that `action` and its parameters make.
pub fn parse(action: &str, parameters: &Parameters) -> Result<Request, Error> {
    let version = parameters.get("Version").unwrap_or(VERSION);
    if version != VERSION {
        return Err(unknown(action, version));
    }
    match action {
        "AssumeRole" => AssumeRole::parse(parameters).map(Box::new).map(Request::AssumeRole),
        "AssumeRoleWithWebIdentity" => {
            AssumeRoleWithWebIdentity::parse(parameters).map(Box::new).map(Request::AssumeRoleWithWebIdentity)
        }
        "GetSessionToken" => SessionToken::parse(parameters).map(Request::GetSessionToken),
        "GetFederationToken" => FederationToken::parse(parameters).map(Box::new).map(Request::GetFederationToken),
        "GetAccessKeyInfo" => access_key(parameters).map(Request::GetAccessKeyInfo),
        "DecodeAuthorizationMessage" => message(parameters).map(Request::DecodeAuthorizationMessage),
        "GetCallerIdentity" => Ok(Request::GetCallerIdentity),
        _ => match UNSUPPORTED.iter().find(|known| **known == action) {
            Some(known) => Err(Error::UnsupportedAction(known)),
            None => Err(unknown(action, version)),
        },
    }
}

/// AccessKeyId: 16 to 128 of `\w`.
fn access_key(parameters: &Parameters) -> Result<AccessKeyId, Error> {
    let field = "accessKeyId";
    let text = required(field, parameters.get("AccessKeyId"))?;
    match text.chars().count() {
        0..16 => return Err(NameError::TooShort { field, min: 16 }.into()),
        129.. => return Err(NameError::TooLong { field, max: 128 }.into()),
        _ => {}
    }
    AccessKeyId::parse(text).map_err(|_| NameError::Pattern { field, pattern: "[\\w]*" }.into())
}

/// EncodedMessage: 1 to 10240 characters.
fn message(parameters: &Parameters) -> Result<String, Error> {
    let field = "encodedMessage";
    let text = required(field, parameters.get("EncodedMessage"))?;
    match text.chars().count() {
        0 => Err(NameError::TooShort { field, min: 1 }.into()),
        count if count > MAX_MESSAGE_LENGTH => Err(NameError::TooLong { field, max: MAX_MESSAGE_LENGTH }.into()),
        _ => Ok(text.to_owned()),
    }
}

fn unknown(action: &str, version: &str) -> Error {
    let cut = |text: &str| text.chars().take(128).collect();
    Error::InvalidAction { action: cut(action), version: cut(version) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(action: &str, pairs: &[(&str, &str)]) -> Result<Request, Error> {
        parse(action, &Parameters::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn known_actions_are_told_from_unknown_ones() {
        assert_eq!(call("GetCallerIdentity", &[("Nonsense", "x")]).unwrap(), Request::GetCallerIdentity);
        for action in UNSUPPORTED {
            let error = call(action, &[]).unwrap_err();
            assert_eq!(error.to_string(), format!("The action {action} is not supported yet."));
        }
        for action in ["", "assumerole", "CreateRole", "GetSessionTokens"] {
            assert!(matches!(call(action, &[]), Err(Error::InvalidAction { .. })), "{action}");
        }
        for version in ["2010-05-08", ""] {
            assert!(matches!(call("GetCallerIdentity", &[("Version", version)]), Err(Error::InvalidAction { .. })));
        }
        assert!(call("GetCallerIdentity", &[("Version", VERSION)]).is_ok());
    }

    #[test]
    fn limits_of_the_smaller_calls_are_awss() {
        let long = "x".repeat(129);
        let longest = "x".repeat(10_241);
        let cases = [
            ("GetSessionToken", vec![("DurationSeconds", "899")], "greater than or equal to 900"),
            ("GetSessionToken", vec![("DurationSeconds", "129601")], "less than or equal to 129600"),
            ("GetFederationToken", vec![], "'name'"),
            ("GetFederationToken", vec![("Name", "x")], "'name'"),
            ("GetFederationToken", vec![("Name", "a-name-of-33-characters-xxxxxxxxx")], "'name'"),
            (
                "GetFederationToken",
                vec![("Name", "a b")],
                "'name' failed to satisfy constraint: Member must satisfy regular",
            ),
            ("GetFederationToken", vec![("Name", "ab"), ("DurationSeconds", "129601")], "129600"),
            ("GetFederationToken", vec![("Name", "ab"), ("Policy", "")], "'policy'"),
            ("GetAccessKeyInfo", vec![], "'accessKeyId'"),
            ("GetAccessKeyInfo", vec![("AccessKeyId", "TESTER1")], "'accessKeyId'"),
            ("GetAccessKeyInfo", vec![("AccessKeyId", &long)], "'accessKeyId'"),
            (
                "GetAccessKeyInfo",
                vec![("AccessKeyId", "AKIAIOSFODNN7EXAMPL-")],
                "'accessKeyId' failed to satisfy constraint: Member must satisfy regular",
            ),
            ("DecodeAuthorizationMessage", vec![], "'encodedMessage'"),
            ("DecodeAuthorizationMessage", vec![("EncodedMessage", "")], "'encodedMessage'"),
            ("DecodeAuthorizationMessage", vec![("EncodedMessage", &longest)], "'encodedMessage'"),
        ];
        for (action, pairs, part) in cases {
            let error = call(action, &pairs).unwrap_err();
            assert_eq!((error.code(), error.status()), ("ValidationError", 400), "{action} {error}");
            assert!(error.to_string().contains(part), "{action}: {error}");
        }
        for name in ["SerialNumber", "TokenCode"] {
            assert_eq!(call("GetSessionToken", &[(name, "x")]).unwrap_err().code(), "InvalidParameterValue");
        }
        assert!(call("GetSessionToken", &[]).is_ok());
        assert!(call("GetFederationToken", &[("Name", "ab")]).is_ok());
        let request = call("GetAccessKeyInfo", &[("AccessKeyId", "AKIAIOSFODNN7EXAMPLE")]).unwrap();
        assert_eq!((request.action(), request.operation()), ("sts:GetAccessKeyInfo", "GetAccessKeyInfo"));
        assert_eq!(request.requirement().resource.to_string(), "*");
    }
}
