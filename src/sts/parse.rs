//! Parameters into typed requests. Undefined parameters are ignored as AWS does; defined ones that this
//! version does not serve are errors.

use super::{AssumeRole, Error, Request, VERSION};
use crate::wire::aws_query::Parameters;

/// STS actions that AWS defines and this version does not serve.
const UNSUPPORTED: [&str; 9] = [
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "AssumeRoot",
    "DecodeAuthorizationMessage",
    "GetAccessKeyInfo",
    "GetDelegatedAccessToken",
    "GetFederationToken",
    "GetSessionToken",
    "GetWebIdentityToken",
];

/// The request that `action` and its parameters make.
pub fn parse(action: &str, parameters: &Parameters) -> Result<Request, Error> {
    let version = parameters.get("Version").unwrap_or(VERSION);
    if version != VERSION {
        return Err(unknown(action, version));
    }
    match action {
        "AssumeRole" => AssumeRole::parse(parameters).map(Request::AssumeRole),
        "GetCallerIdentity" => Ok(Request::GetCallerIdentity),
        _ => match UNSUPPORTED.iter().find(|known| **known == action) {
            Some(known) => Err(Error::UnsupportedAction(known)),
            None => Err(unknown(action, version)),
        },
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
}
