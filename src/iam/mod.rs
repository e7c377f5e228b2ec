//! IAM, the PAP: action name to typed request, its requirements, and its execution under a permit.
//!
//! Follows DESIGN section 9, AWS's IAM API (version 2010-05-08) and WIRE sections 1 to 4. This module
//! promises: nothing is read or changed outside the permit's account (security rule 16); a commit happens
//! only if every record that the decision read is as it was (rule 17); an entity is touched only under the ARN
//! that the permit names, even if it was removed and made again meanwhile; no document is stored that the
//! policy engine does not take, and its principals are bound to unique ids (rule 14).
//!
//! Each noun has a folder with the same four things: `parse`, and of its `Request` `action`, `about` and
//! `execute`. What nouns share is beside them: `fields` (reading parameters), `about` (what follows for the
//! decision), `target` (finding, changing, committing), `inline`, `attached`, `boundary`, `tags`, `answer`.

mod about;
pub mod access_key;
pub mod account;
mod answer;
mod attached;
mod boundary;
mod document;
mod error;
mod fields;
pub mod group;
mod inline;
pub mod managed;
mod nouns;
mod page;
mod policy_arn;
pub mod provider;
mod renamed;
pub mod role;
pub mod simulate;
mod tags;
mod target;
#[cfg(test)]
mod testing;
mod trust;
pub mod user;

pub use about::Asked;
pub use answer::{Answer, Body};
pub use document::size as document_size;
pub use error::{Error, Remains};
pub use nouns::Noun;
pub use page::Page;
pub use policy_arn::PolicyArn;
pub use trust::{Subject, SubjectKind, bind};

use crate::authz::Permit;
use crate::store::{RecordKey, Records};
use crate::types::{AccountId, Context, Entropy, Timestamp};
use crate::wire::aws_query::Parameters;
use fields::Fields;

/// The API version of these actions.
pub const VERSION: &str = "2010-05-08";
/// The namespace of answers and errors.
pub const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// Who makes a call, as far as its parameters are read by it.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The caller's account, in which all happens (security rule 16).
    pub account: &'a AccountId,
    /// The user who signed with a long-term key: what is meant where UserName is left out.
    pub user: Option<&'a str>,
    /// What an empty account field in an ARN means (DESIGN section 3).
    pub default_account: &'a AccountId,
}

/// A call whose parameters keep to AWS's constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// About access keys.
    AccessKey(access_key::Request),
    /// About the account.
    Account(account::Request),
    /// About groups.
    Group(group::Request),
    /// About roles.
    Role(role::Request),
    /// About managed policies.
    Managed(managed::Request),
    /// About OpenID Connect providers.
    Provider(provider::Request),
    /// About simulation.
    Simulate(simulate::Request),
    /// About users.
    User(user::Request),
}

/// The request that `action` and its parameters make.
pub fn parse(action: &str, parameters: &Parameters, caller: &Caller<'_>) -> Result<Request, Error> {
    let version = parameters.get("Version").unwrap_or(VERSION);
    let cut = |text: &str| text.chars().take(128).collect();
    let unknown = || Error::InvalidAction { action: cut(action), version: cut(version) };
    if version != VERSION {
        return Err(unknown());
    }
    let fields = Fields::new(parameters, caller);
    if let Some(request) = role::parse(action, &fields) {
        return request.map(Request::Role);
    }
    if let Some(request) = managed::parse(action, &fields) {
        return request.map(Request::Managed);
    }
    if let Some(request) = provider::parse(action, &fields) {
        return request.map(Request::Provider);
    }
    if let Some(request) = simulate::parse(action, &fields) {
        return request.map(Request::Simulate);
    }
    if let Some(request) = user::parse(action, &fields) {
        return request.map(Request::User);
    }
    if let Some(request) = access_key::parse(action, &fields) {
        return request.map(Request::AccessKey);
    }
    if let Some(request) = group::parse(action, &fields) {
        return request.map(Request::Group);
    }
    if let Some(request) = account::parse(action) {
        return Ok(Request::Account(request));
    }
    Err(unknown())
}

impl Request {
    /// The IAM action that must be allowed.
    pub fn action(&self) -> &'static str {
        match self {
            Self::AccessKey(request) => request.action(),
            Self::Account(request) => request.action(),
            Self::Group(request) => request.action(),
            Self::Role(request) => request.action(),
            Self::Managed(request) => request.action(),
            Self::Provider(request) => request.action(),
            Self::Simulate(request) => request.action(),
            Self::User(request) => request.action(),
        }
    }

    /// The operation's name in the protocol: the action without `iam:`.
    pub fn operation(&self) -> &'static str {
        let action = self.action();
        action.strip_prefix("iam:").unwrap_or(action)
    }

    /// What the call needs in the caller's account, and the keys of the context that it and its target give:
    /// `aws:RequestTag/…`, `aws:TagKeys`, `aws:ResourceTag/…`, `iam:ResourceTag/…`, `iam:PolicyARN`,
    /// `iam:PermissionsBoundary`.
    pub async fn ask(&self, account: &AccountId, records: &Records, context: &mut Context) -> Result<Asked, Error> {
        let about = match self {
            Self::AccessKey(request) => request.about(),
            Self::Account(_) => about::About::new(about::Target::Anything),
            Self::Group(request) => request.about(),
            Self::Role(request) => request.about(),
            Self::Managed(request) => request.about(),
            Self::Provider(request) => request.about(),
            Self::Simulate(request) => request.about(),
            Self::User(request) => request.about(),
        };
        about.ask(self.action(), account, records, context).await
    }
}

/// What execution works with.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The typed store.
    pub records: &'a Records,
    /// The present time.
    pub now: Timestamp,
    /// For unique ids.
    pub entropy: &'a dyn Entropy,
    /// What an empty account field in an ARN means (DESIGN section 3).
    pub default_account: &'a AccountId,
    /// Told of every record that a commit has written, or may have, and of those that were found changed.
    pub committed: &'a (dyn Fn(&RecordKey) + Sync),
}

/// Does what `request` asks for. The permit must be for the requirements of this very request.
pub async fn execute(request: &Request, permit: &Permit, scene: &Scene<'_>) -> Result<Answer, Error> {
    let call = target::Call { action: request.action(), permit, scene };
    let body = match request {
        Request::AccessKey(request) => request.execute(&call).await?,
        Request::Account(request) => request.execute(&call).await?,
        Request::Group(request) => request.execute(&call).await?,
        Request::Role(request) => request.execute(&call).await?,
        Request::Managed(request) => request.execute(&call).await?,
        Request::Provider(request) => request.execute(&call).await?,
        Request::Simulate(request) => request.execute(&call).await?,
        Request::User(request) => request.execute(&call).await?,
    };
    Ok(Answer { operation: request.operation(), body })
}
