//! ARNs of OpenID Connect providers as parameters: of the caller's account (security rule 16).

use crate::entity::{self, provider_url};
use crate::iam::Error;
use crate::types::{AccountId, Arn};

/// The name, which is the URL without its scheme, in the ARN of a provider of `own`.
pub(super) fn name(text: &str, own: &AccountId, default_account: &AccountId) -> Result<String, Error> {
    entity::arn("openIDConnectProviderArn", text)?;
    let cut = || text.chars().take(256).collect();
    let invalid = || Error::InvalidProviderArn(cut());
    let arn = Arn::parse(text).map_err(|_| invalid())?;
    let name = arn.resource.strip_prefix("oidc-provider/").ok_or_else(invalid)?;
    // With the shorter scheme, so that every name that a provider can have is taken.
    let well_formed = provider_url(&format!("http://{name}")).is_ok();
    if arn.partition != "aws" || arn.service != "iam" || !arn.region.is_empty() || !well_formed {
        return Err(invalid());
    }
    let written = AccountId::parse(&arn.account).map_err(|_| invalid())?;
    let account = if written.is_empty() { default_account } else { &written };
    if account == own { Ok(name.to_owned()) } else { Err(Error::ForeignArn(cut())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_16_only_providers_of_the_own_account_can_be_named() {
        let (own, other) = (AccountId::parse("123456789012").unwrap(), AccountId::parse("tenant").unwrap());
        for (text, wanted) in [
            ("arn:aws:iam:::oidc-provider/localhost:8080/auth/realms/demo", "localhost:8080/auth/realms/demo"),
            ("arn:aws:iam::123456789012:oidc-provider/a.auth0.com/", "a.auth0.com/"),
        ] {
            assert_eq!(name(text, &own, &own).unwrap(), wanted);
            assert!(matches!(name(text, &other, &own), Err(Error::ForeignArn(_))), "{text}");
        }
        for bad in [
            "arn:aws:iam:::oidc-provider",
            "arn:aws:iam:::oidc-provider/",
            "arn:aws:iam:::oidc-provider//path",
            "arn:aws:iam:::oidc-provider/https://example.com",
            "arn:aws:iam:::oidc-provider/exa mple.com",
            "arn:aws:iam:::oidc-provider/*",
            "arn:aws:iam:::saml-provider/example.com",
            "arn:aws:iam:::role/oidc-provider/example.com",
            "arn:aws-cn:iam:::oidc-provider/example.com",
            "arn:aws:sts:::oidc-provider/example.com",
            "arn:aws:iam:us-east-1::oidc-provider/example.com",
            "arn:aws:iam::aws:oidc-provider/example.com",
            "https://example.com/a/path/of/some/length",
        ] {
            assert!(matches!(name(bad, &own, &own), Err(Error::InvalidProviderArn(_))), "{bad}");
        }
        let error = name("arn:aws:iam:::oidc", &own, &own).unwrap_err();
        assert!(error.to_string().contains("'openIDConnectProviderArn'") && error.code() == "ValidationError");
    }
}
