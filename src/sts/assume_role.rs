//! What AssumeRole asks for.

use super::Error;
use crate::entity::{NameError, Role, external_id, number, required, role_name, role_session_name, session_policy};
use crate::types::{AccountId, Arn, Context, Requirement, ResourceName};
use crate::wire::aws_query::Parameters;

/// Parameters that AWS defines for AssumeRole and this version does not serve.
const UNSUPPORTED: [&str; 7] =
    ["PolicyArns", "Tags", "TransitiveTagKeys", "SourceIdentity", "SerialNumber", "TokenCode", "ProvidedContexts"];

/// The parameters of an AssumeRole call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRole {
    /// The account field of RoleArn as written, possibly empty.
    written_account: AccountId,
    role_path: String,
    role_name: String,
    session_name: String,
    duration: Option<u32>,
    policy: Option<String>,
    external_id: Option<String>,
}

impl AssumeRole {
    pub(super) fn parse(parameters: &Parameters) -> Result<Self, Error> {
        if let Some(name) = UNSUPPORTED.iter().find(|name| parameters.has(name)) {
            return Err(Error::UnsupportedParameter(name));
        }
        let role_arn = required("roleArn", parameters.get("RoleArn"))?;
        let (written_account, role_path, role_name) = parse_role_arn(role_arn)?;
        let session_name = required("roleSessionName", parameters.get("RoleSessionName"))?;
        role_session_name(session_name)?;
        let duration = number("durationSeconds", parameters.get("DurationSeconds"), 900, 43_200)?;
        let policy = parameters.get("Policy");
        policy.map_or(Ok(()), session_policy)?;
        let external = parameters.get("ExternalId");
        external.map_or(Ok(()), external_id)?;
        Ok(Self {
            written_account,
            role_path,
            role_name,
            session_name: session_name.to_owned(),
            duration,
            policy: policy.map(ToOwned::to_owned),
            external_id: external.map(ToOwned::to_owned),
        })
    }

    /// The role's account; an empty field means the default account (DESIGN section 3).
    pub fn role_account<'a>(&'a self, default_account: &'a AccountId) -> &'a AccountId {
        if self.written_account.is_empty() { default_account } else { &self.written_account }
    }

    /// The role's name, under which its record is found (without regard to case).
    pub fn role_name(&self) -> &str {
        &self.role_name
    }

    /// RoleSessionName.
    pub fn session_name(&self) -> &str {
        &self.session_name
    }

    /// DurationSeconds, if given.
    pub fn duration(&self) -> Option<u32> {
        self.duration
    }

    /// The inline session policy, if given.
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// Whether RoleArn is the ARN of this role, exactly: account, path and name with its case. A role found by
    /// name for which this is false is to be treated as unknown.
    pub fn names(&self, role: &Role, default_account: &AccountId) -> bool {
        *self.role_account(default_account) == role.account
            && self.role_path == role.path
            && self.role_name == role.name
    }

    /// What must be allowed, by the role's trust policy: `sts:AssumeRole` on the role's ARN with the default
    /// account filled in. For a role that does not exist, what a denial names.
    pub fn requirement(&self, default_account: &AccountId) -> Requirement {
        let account = self.role_account(default_account);
        let arn = Arn::iam(account.as_str(), format!("role{}{}", self.role_path, self.role_name));
        Requirement::new("sts:AssumeRole", ResourceName::new(arn.to_string()))
    }

    /// The keys that the parameters give to the trust policy's conditions.
    pub fn trust_context(&self, context: &mut Context) {
        context.set("sts:RoleSessionName", self.session_name.as_bytes());
        if let Some(external_id) = &self.external_id {
            context.set("sts:ExternalId", external_id.as_bytes());
        }
    }
}

/// `arn:aws:iam::ACCOUNT:role/PATH/NAME`, 20 to 2048 characters.
fn parse_role_arn(text: &str) -> Result<(AccountId, String, String), Error> {
    match text.chars().count() {
        0..20 => return Err(NameError::TooShort { field: "roleArn", min: 20 }.into()),
        2049.. => return Err(NameError::TooLong { field: "roleArn", max: 2048 }.into()),
        _ => {}
    }
    let invalid = || Error::InvalidRoleArn(text.chars().take(256).collect());
    let arn = Arn::parse(text).map_err(|_| invalid())?;
    if arn.partition != "aws" || arn.service != "iam" || !arn.region.is_empty() {
        return Err(invalid());
    }
    let account = AccountId::parse(&arn.account).map_err(|_| invalid())?;
    let full_name = arn.resource.strip_prefix("role").ok_or_else(invalid)?;
    let (front, name) = full_name.rsplit_once('/').ok_or_else(invalid)?;
    let path = format!("{front}/");
    role_name(name).and_then(|()| crate::entity::path(&path)).map_err(|_| invalid())?;
    Ok((account, path, name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: (&str, &str) = ("RoleArn", "arn:aws:iam:::role/application_abc/S3Access");
    const NAME: (&str, &str) = ("RoleSessionName", "Bob");

    fn parse(pairs: &[(&str, &str)]) -> Result<AssumeRole, Error> {
        AssumeRole::parse(&Parameters::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn reads_all_that_it_serves() {
        let pairs = [ARN, NAME, ("DurationSeconds", "900"), ("Policy", "{}"), ("ExternalId", "abc123"), ("Other", "x")];
        let request = parse(&pairs).unwrap();
        assert_eq!((request.role_name(), request.session_name()), ("S3Access", "Bob"));
        assert_eq!((request.duration(), request.policy()), (Some(900), Some("{}")));
        let tenant = AccountId::parse("tenant").unwrap();
        assert_eq!(*request.role_account(&tenant), tenant);
        let requirement = request.requirement(&tenant);
        assert_eq!(requirement.action, "sts:AssumeRole");
        assert_eq!(requirement.resource.to_string(), "arn:aws:iam::tenant:role/application_abc/S3Access");
        let mut context = Context::new();
        request.trust_context(&mut context);
        let single = |key| context.get(key).and_then(|values| values.single());
        assert_eq!(single("sts:ExternalId"), Some(&b"abc123"[..]));
        assert_eq!(single("sts:RoleSessionName"), Some(&b"Bob"[..]));
        let mut context = Context::new();
        parse(&[ARN, NAME]).unwrap().trust_context(&mut context);
        assert!(context.get("sts:ExternalId").is_none(), "absent, not empty");
    }

    #[test]
    fn parameters_that_are_not_served_are_named() {
        for name in UNSUPPORTED {
            for given in [name.to_owned(), format!("{name}.member.1"), format!("{name}.member.1.Key")] {
                let error = parse(&[ARN, NAME, (&given, "x")]).unwrap_err();
                assert!(error.to_string().contains(name), "{given}");
            }
        }
    }

    #[test]
    fn role_arns_are_exact() {
        for good in ["arn:aws:iam:::role/R", "arn:aws:iam::123456789012:role/a/b/R", "arn:aws:iam::tenant:role/R"] {
            assert!(parse(&[("RoleArn", good), NAME]).is_ok(), "{good}");
        }
        for bad in [
            "",
            "S3Access",
            "arn:aws:iam:::role/",
            "arn:aws:iam:::role/a/b/",
            "arn:aws:iam:::roleX/R",
            "arn:aws:iam:::user/TESTER1",
            "arn:aws:iam:::assumed-role/R",
            "arn:aws:sts:::role/RoleName",
            "arn:aws-cn:iam:::role/RoleName",
            "arn:aws:iam:us-east-1::role/R",
            "arn:aws:iam::aws:role/RoleName",
            "arn:aws:iam::12345:role/RoleName",
            "arn:aws:iam:::role/a b/RoleName",
            "arn:aws:iam:::role/Role*Name",
            "arn:aws:iam:::role:RoleName",
        ] {
            assert_eq!(parse(&[("RoleArn", bad), NAME]).unwrap_err().code(), "ValidationError", "{bad}");
        }
    }

    #[test]
    fn constraints_are_awss() {
        let long = "x".repeat(2049);
        for (pairs, part) in [
            (vec![NAME], "'roleArn'"),
            (vec![ARN], "Value null at 'roleSessionName'"),
            (vec![ARN, ("RoleSessionName", "B")], "greater than or equal to 2"),
            (vec![ARN, ("RoleSessionName", "bad name!")], "roleSessionName is invalid"),
            (vec![ARN, ("RoleSessionName", "a/b")], "roleSessionName is invalid"),
            (vec![ARN, NAME, ("DurationSeconds", "899")], "greater than or equal to 900"),
            (vec![ARN, NAME, ("DurationSeconds", "43201")], "less than or equal to 43200"),
            (vec![ARN, NAME, ("DurationSeconds", "an hour")], "durationSeconds"),
            (vec![ARN, NAME, ("Policy", &long)], "less than or equal to 2048"),
            (vec![ARN, NAME, ("Policy", "")], "'policy'"),
            (vec![ARN, NAME, ("ExternalId", "a")], "'externalId'"),
            (vec![ARN, NAME, ("ExternalId", "a b")], "externalId is invalid"),
        ] {
            let error = parse(&pairs).unwrap_err();
            assert_eq!(error.code(), "ValidationError");
            assert!(error.to_string().contains(part), "{pairs:?}: {error}");
        }
    }
}
