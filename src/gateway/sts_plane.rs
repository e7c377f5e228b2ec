//! STS calls: who may have which temporary credentials, and what a denial said.

use super::{Fault, Gateway, Scene};
use crate::authn::{self, Authenticated, Identity, PolicyEntry, RoleEntry, UserEntry};
use crate::authz::{self, Permit, Question};
use crate::entity::{Account, Role, StoredPolicy};
use crate::policy::Bindings;
use crate::store::{Scope, Versioned};
use crate::sts::{self, Answer, Caller, Request};
use crate::token;
use crate::types::{AccessKeyId, AccountId, Arn, Context, LazyContext, Principal, Requirement, UniqueId};
use crate::wire::aws_query::Parameters;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

/// How many accounts are read at a time.
const BATCH: usize = 200;

impl Gateway {
    pub(super) async fn sts(
        &self,
        scene: &mut Scene<'_>,
        caller: &Authenticated,
        action: &str,
        parameters: &Parameters,
    ) -> Result<String, Fault> {
        let request = sts::parse(action, parameters)?;
        scene.trace.operation = request.operation();
        let answer = match &request {
            Request::GetCallerIdentity => {
                let permit = authz::caller_only(caller).ok_or(Fault::Unsigned)?;
                scene.trace.allowed(&permit);
                sts::caller_identity(permit.principal())?
            }
            Request::AssumeRole(assume) => self.assume_role(scene, caller, assume).await?,
            Request::AssumeRoleWithWebIdentity(asked) => self.assume_role_with_web_identity(scene, asked).await?,
            Request::GetSessionToken(asked) => {
                let user = long_term_user(caller, request.operation())?;
                // As with AWS, no policy can forbid it.
                let permit = authz::caller_only(caller).ok_or(Fault::Unsigned)?;
                scene.trace.allowed(&permit);
                sts::issue_session_token(asked, &user.user, &Caller::of(caller), &self.mint())?
            }
            Request::GetFederationToken(asked) => {
                let user = long_term_user(caller, request.operation())?;
                let account = &user.user.account;
                let mut context = self.sts_context(scene, caller, account);
                asked.context(&mut context);
                let permit = self.permit_sts(scene, caller, asked.requirements(account), &context)?;
                self.session_policies_there(asked.input(), account).await?;
                sts::issue_federation_token(asked, &user.user, &Caller::of(caller), &permit, &self.mint())?
            }
            Request::GetAccessKeyInfo(key) => {
                self.permit_plain(scene, caller, &request)?;
                self.access_key_info(scene.head.peer(), caller, key).await?
            }
            Request::DecodeAuthorizationMessage(message) => {
                let permit = self.permit_plain(scene, caller, &request)?;
                let opened = self.ring.open_message(message, permit.account(), self.records.store_id());
                Answer::DecodedMessage(opened.map_err(|_| sts::Error::InvalidAuthorizationMessage)?)
            }
        };
        Ok(answer.to_xml(scene.request_id))
    }

    /// Seals what is to be told of a denial for readers of the caller's account (security rule 30).
    pub(super) fn seal_denial(&self, fault: &mut Fault) {
        let Fault::Denied(denied) = fault else { return };
        let (Some(report), Some(account)) = (denied.report.take(), denied.principal.account()) else { return };
        let sealed = self.ring.seal_message(&report.to_json(), account, self.records.store_id(), &*self.entropy);
        // Without it the denial still says what it must.
        denied.encoded = sealed.ok();
    }

    pub(super) fn mint(&self) -> sts::Mint<'_> {
        sts::Mint {
            ring: &self.ring,
            store_id: self.records.store_id(),
            now: self.clock.now(),
            entropy: &*self.entropy,
            default_account: &self.settings.default_account,
        }
    }

    fn sts_context(&self, scene: &Scene<'_>, caller: &Authenticated, account: &AccountId) -> Context {
        let mut context = authz::request_context(caller, scene.head, self.clock.now());
        authz::resource_context(account, &mut context);
        context
    }

    /// A permit for calls on the caller's own account.
    fn permit_sts(
        &self,
        scene: &mut Scene<'_>,
        caller: &Authenticated,
        requirements: Vec<Requirement>,
        context: &Context,
    ) -> Result<Permit, Fault> {
        let account = caller.principal().account();
        let question = |requirement: Requirement| {
            let context = LazyContext::new(|| context.clone());
            Question { requirement, bucket: None, account, context, known: authz::TagFacts::default() }
        };
        let started = self.clock.ticks();
        let decided = authz::authorize(caller, requirements.into_iter().map(question));
        scene.trace.decide_nanos += self.clock.ticks().saturating_sub(started);
        let permit = decided.ok_or(Fault::NothingRequired)??;
        scene.trace.allowed(&permit);
        Ok(permit)
    }

    /// A permit for a call that is about no resource.
    fn permit_plain(&self, scene: &mut Scene<'_>, caller: &Authenticated, request: &Request) -> Result<Permit, Fault> {
        let account = caller.principal().account().ok_or(Fault::Unsigned)?;
        let context = self.sts_context(scene, caller, account);
        self.permit_sts(scene, caller, vec![request.requirement()], &context)
    }

    async fn assume_role(
        &self,
        scene: &mut Scene<'_>,
        caller: &Authenticated,
        assume: &sts::AssumeRole,
    ) -> Result<Answer, Fault> {
        if matches!(**caller.principal(), Principal::Root { .. }) {
            return Err(sts::Error::RootCannotAssume.into());
        }
        let minted_by = Caller::of(caller);
        assume.check_chain(&minted_by)?;
        let (permit, role) = self.trusted(scene, caller, assume, &minted_by).await?;
        self.session_policies_there(assume.session().input(), &role.role.account).await?;
        Ok(sts::issue(assume, &role.role, &minted_by, &permit, &self.mint())?)
    }

    /// The trust decision. An unknown role, one under another path and an untrusted caller look the same, and take
    /// the same way: for a role that is not there, one that trusts nobody is asked.
    async fn trusted(
        &self,
        scene: &mut Scene<'_>,
        caller: &Authenticated,
        assume: &sts::AssumeRole,
        minted_by: &Caller,
    ) -> Result<(Permit, Arc<RoleEntry>), Fault> {
        let default_account = &self.settings.default_account;
        let account = assume.session().role_account(default_account);
        let found = self.directory.role(account, assume.session().role_name()).await?;
        let role =
            found.filter(|entry| assume.session().names(&entry.role, default_account)).map_or_else(nobodys_role, Ok)?;
        let mut context = self.sts_context(scene, caller, account);
        role_tags(&role, &mut context);
        assume.trust_context(minted_by, &mut context);
        let requirements = assume.requirements(minted_by, default_account);
        let started = self.clock.ticks();
        let decided = authz::authorize_trust(caller, &role, requirements, &context);
        scene.trace.decide_nanos = self.clock.ticks().saturating_sub(started);
        let permit = decided.ok_or(Fault::NothingRequired)??;
        scene.trace.allowed(&permit);
        Ok((permit, role))
    }

    /// Whether all session policies given by ARN are there: in the account of the role or user, or AWS's own. Asked
    /// once the caller is allowed, so that strangers do not learn which policies there are.
    pub(super) async fn session_policies_there(
        &self,
        input: &sts::SessionInput,
        account: &AccountId,
    ) -> Result<(), Fault> {
        for arn in input.policy_arns(&self.settings.default_account) {
            if PolicyEntry::of_aws(&arn).is_some() {
                continue;
            }
            let missing = || sts::Error::NoSuchPolicy(arn.chars().take(256).collect());
            let parsed = Arn::parse(&arn).map_err(|_| missing())?;
            let name = parsed.resource.rsplit('/').next().filter(|_| parsed.account == account.as_str());
            let found = self.directory.policy(account, name.ok_or_else(missing)?).await?;
            if found.is_none_or(|entry| entry.compiled.name != arn) {
                return Err(missing().into());
            }
        }
        Ok(())
    }

    /// The account of an access key: of a long-term one by its record, of a temporary one by the accounts that there
    /// are. Long-term keys are sought at the rate at which strangers may seek them (security rule 28).
    async fn access_key_info(&self, peer: IpAddr, caller: &Authenticated, key: &AccessKeyId) -> Result<Answer, Fault> {
        if !key.is_temporary() {
            let found = self.directory.key(key, Some(peer)).await?;
            let entry = found.ok_or(sts::Error::UnknownAccessKey)?;
            return Ok(Answer::AccessKeyInfo(entry.record.account.clone()));
        }
        let mut accounts: Vec<AccountId> = vec![self.settings.default_account.clone()];
        accounts.extend(caller.principal().account().cloned());
        accounts.extend(self.accounts().await?);
        accounts.sort_unstable();
        accounts.dedup();
        accounts.retain(|account| token::fits_account(key, account));
        match accounts.as_slice() {
            [] => Err(sts::Error::UnknownAccessKey.into()),
            [account] => Ok(Answer::AccessKeyInfo(account.clone())),
            _ => Err(sts::Error::AmbiguousAccessKey.into()),
        }
    }

    async fn accounts(&self) -> Result<Vec<AccountId>, Fault> {
        let mut all: Vec<AccountId> = Vec::new();
        loop {
            let after = all.last().map(ToString::to_string);
            let page = self.records.list::<Account>(&Scope::Global, after.as_deref(), BATCH).await?;
            let whole = page.len() == BATCH;
            all.extend(page.into_iter().map(|found| found.value.id));
            if !whole {
                return Ok(all);
            }
        }
    }
}

/// The user who signed with a long-term key: sessions of users are minted with nothing else (security rule 16).
fn long_term_user<'a>(caller: &'a Authenticated, operation: &'static str) -> Result<&'a UserEntry, Fault> {
    match caller.identity() {
        Identity::User(user, _) => Ok(user),
        Identity::Anonymous => Err(Fault::Unsigned),
        Identity::Role(..) | Identity::UserSession(..) | Identity::Federated(..) => {
            Err(sts::Error::SessionCredentials(operation).into())
        }
    }
}

/// A role that nobody can assume, in the place of one that is not there.
fn nobodys_role() -> Result<Arc<RoleEntry>, Fault> {
    static ROLE: LazyLock<Option<Arc<RoleEntry>>> = LazyLock::new(|| {
        let document = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Principal":{"Service":"nobody"},"Action":"sts:AssumeRole"}]}"#;
        let trust = StoredPolicy { document: document.to_owned(), bindings: Bindings::new() };
        let role = Role::new(AccountId::empty(), "nobody", UniqueId::parse("AROANOBODYNOBODYNOBOD").ok()?, trust, 0);
        RoleEntry::new(Versioned { value: role, revision: 0 }, &AccountId::empty()).ok().map(Arc::new)
    });
    ROLE.clone().ok_or(Fault::NothingRequired)
}

pub(super) fn role_tags(role: &authn::RoleEntry, context: &mut Context) {
    for tag in &role.role.tags {
        context.set(format!("aws:ResourceTag/{}", tag.key), tag.value.as_bytes());
        context.set(format!("iam:ResourceTag/{}", tag.key), tag.value.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_in_the_place_of_none_is_there() {
        assert!(nobodys_role().is_ok());
    }
}
