//! What the calls for sessions of roles have in common.

use super::{Error, SessionInput};
use crate::entity::{NameError, Role, number, required, role_name, role_session_name};
use crate::types::{AccountId, Arn, Context, Requirement, ResourceName};
use crate::wire::aws_query::Parameters;

/// The role that a call names, and the session of it that it asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleSession {
    /// The account field of RoleArn as written, possibly empty.
    written_account: AccountId,
    role_path: String,
    role_name: String,
    name: String,
    duration: Option<u32>,
    input: SessionInput,
}

/// What a session carries besides its name: fixed by its call or its token, and seen by the trust policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Carried {
    pub(super) source_identity: Option<String>,
    /// Session tags with their values.
    pub(super) tags: Vec<(String, Vec<String>)>,
    /// Keys of the tags that go on.
    pub(super) transitive: Vec<String>,
}

impl RoleSession {
    /// `input` reads session policies, and tags where the call has them.
    pub(super) fn parse(
        parameters: &Parameters,
        input: impl FnOnce(&Parameters) -> Result<SessionInput, Error>,
    ) -> Result<Self, Error> {
        let role_arn = required("roleArn", parameters.get("RoleArn"))?;
        let (written_account, role_path, role_name) = parse_role_arn(role_arn)?;
        let name = required("roleSessionName", parameters.get("RoleSessionName"))?;
        role_session_name(name)?;
        let duration = number("durationSeconds", parameters.get("DurationSeconds"), 900, 43_200)?;
        let input = input(parameters)?;
        Ok(Self { written_account, role_path, role_name, name: name.to_owned(), duration, input })
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
    pub fn name(&self) -> &str {
        &self.name
    }

    /// DurationSeconds, if given.
    pub fn duration(&self) -> Option<u32> {
        self.duration
    }

    /// Session policies and tags.
    pub fn input(&self) -> &SessionInput {
        &self.input
    }

    /// Whether RoleArn is the ARN of this role, exactly: account, path and name with its case. A role found by
    /// name for which this is false is to be treated as unknown.
    pub fn names(&self, role: &Role, default_account: &AccountId) -> bool {
        *self.role_account(default_account) == role.account
            && self.role_path == role.path
            && self.role_name == role.name
    }

    /// The role's ARN with the default account filled in.
    pub fn role_arn(&self, default_account: &AccountId) -> String {
        let account = self.role_account(default_account).as_str();
        Arn::iam(account, format!("role{}{}", self.role_path, self.role_name)).to_string()
    }

    /// `assume` and what the session carries, each on the role's ARN.
    pub(super) fn requirements(
        &self,
        assume: &'static str,
        carried: &Carried,
        default_account: &AccountId,
    ) -> Vec<Requirement> {
        let arn = self.role_arn(default_account);
        let mut actions = vec![assume];
        actions.extend((!carried.tags.is_empty()).then_some("sts:TagSession"));
        actions.extend(carried.source_identity.is_some().then_some("sts:SetSourceIdentity"));
        actions.into_iter().map(|action| Requirement::new(action, ResourceName::new(arn.as_str()))).collect()
    }

    /// The keys of every session.
    pub(super) fn context(&self, carried: &Carried, context: &mut Context) {
        context.set("sts:RoleSessionName", self.name.as_bytes());
        if let Some(identity) = &carried.source_identity {
            context.set("sts:SourceIdentity", identity.as_bytes());
        }
        let keys = carried.transitive.iter().map(|key| key.clone().into_bytes());
        context.set_many("sts:TransitiveTagKeys", keys.collect());
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
