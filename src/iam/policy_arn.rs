//! ARNs of managed policies as parameters: of the caller's account, or AWS's (security rule 16).

use super::Error;
use crate::entity::{self, policy_name};
use crate::types::{AccountId, Arn};

/// The ARN of a managed policy, with the default account filled in for an empty field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyArn {
    arn: String,
    /// The name of one of the account's own policies.
    own_name: Option<String>,
}

impl PolicyArn {
    pub(super) fn parse(
        field: &'static str,
        text: &str,
        own: &AccountId,
        default_account: &AccountId,
    ) -> Result<Self, Error> {
        entity::arn(field, text)?;
        let invalid = || Error::InvalidArn(text.chars().take(256).collect());
        let arn = Arn::parse(text).map_err(|_| invalid())?;
        let full_name = arn.resource.strip_prefix("policy").ok_or_else(invalid)?;
        let (front, name) = full_name.rsplit_once('/').ok_or_else(invalid)?;
        let path = format!("{front}/");
        let well_formed = policy_name(name).is_ok() && entity::path(&path).is_ok();
        if arn.partition != "aws" || arn.service != "iam" || !arn.region.is_empty() || !well_formed {
            return Err(invalid());
        }
        if arn.account == "aws" {
            return Ok(Self { arn: text.to_owned(), own_name: None });
        }
        let written = AccountId::parse(&arn.account).map_err(|_| invalid())?;
        let account = if written.is_empty() { default_account } else { &written };
        if account != own {
            return Err(Error::ForeignArn(text.chars().take(256).collect()));
        }
        let resource = format!("policy{path}{name}");
        Ok(Self { arn: Arn::iam(account.as_str(), resource).to_string(), own_name: Some(name.to_owned()) })
    }

    /// The ARN, as records have it.
    pub fn as_str(&self) -> &str {
        &self.arn
    }

    /// The policy's name, if it is one of the account's own.
    pub fn own_name(&self) -> Option<&str> {
        self.own_name.as_deref()
    }
}

/// The name at the end of a policy's ARN.
pub(super) fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_16_only_policies_of_the_own_account_and_of_aws_can_be_named() {
        let (own, other) = (AccountId::parse("123456789012").unwrap(), AccountId::parse("tenant").unwrap());
        let parse = |text: &str, account: &AccountId| PolicyArn::parse("policyArn", text, account, &own);
        let read = parse("arn:aws:iam:::policy/a/b/Mine", &own).unwrap();
        assert_eq!((read.as_str(), read.own_name()), ("arn:aws:iam::123456789012:policy/a/b/Mine", Some("Mine")));
        let aws = parse("arn:aws:iam::aws:policy/IAMFullAccess", &other).unwrap();
        assert_eq!(aws.own_name(), None);
        for foreign in ["arn:aws:iam:::policy/Mine", "arn:aws:iam::123456789012:policy/Mine"] {
            assert!(matches!(parse(foreign, &other), Err(Error::ForeignArn(_))), "{foreign}");
        }
        for bad in [
            "arn:aws:iam:::role/RoleName12",
            "arn:aws:iam:::policy/a b/Name",
            "arn:aws:iam:::policy/Name*Name",
            "arn:aws:iam:::policyName123456",
            "arn:aws-cn:iam:::policy/Name12",
            "arn:aws:sts::123456789012:policy/Name",
            "arn:aws:iam:us-east-1::policy/Name",
            "PolicyNamePolicyNamePolicyName",
        ] {
            assert!(matches!(parse(bad, &own), Err(Error::InvalidArn(_))), "{bad}");
        }
        assert!(parse("arn:aws:iam:::p", &own).unwrap_err().to_string().contains("greater than or equal to 20"));
    }
}
