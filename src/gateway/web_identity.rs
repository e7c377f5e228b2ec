//! AssumeRoleWithWebIdentity: the one call that needs no signature (security rules 5, 25, 28; WIRE section 5).
//!
//! Order: form and parameters, the token's form, the limit of its source, role and provider, keys, the token itself,
//! its conditions. No identity provider is asked anything before a role's trust policy was found to name it. Until the
//! token is verified every refusal that depends on what there is says the same: an unknown role, one under another
//! path, a provider that the role's account does not have and a role that does not name it look alike.
//!
//! A signature is not needed, and grants nothing: a call that has one must have a valid one, as with AWS, and is
//! then judged by its token alone. How often a provider is asked for keys is bounded by [`super::WebKeys`].

use super::control_plane::{is_form, parameters};
use super::sts_plane::role_tags;
use super::{Fault, Gateway, Plane, Scene};
use crate::authn::{ProviderEntry, RoleEntry, Tally, WebIdentity, web_principal};
use crate::authz::{self, Denied, Permit};
use crate::sigv4::{self, FormClaim};
use crate::sts::{self, Answer, AssumeRoleWithWebIdentity, Request, WebSession};
use crate::token::jwt::WebToken;
use crate::types::AccountId;
use crate::wire::{Method, QueryString, Response};
use std::sync::Arc;

const ACTION: &str = "AssumeRoleWithWebIdentity";
/// Bytes of a form that are read for a stranger: all parameters at their longest, in percent coding.
const FORM_BYTES: usize = 64 * 1024;
/// Characters of a provider's URL (WIRE section 3): a longer issuer is nobody's, and is not looked up.
const ISSUER_CHARACTERS: usize = 255;

impl Gateway {
    /// A call to IAM or STS with nothing that looks like a signature in head and query.
    pub(super) async fn unsigned(&self, scene: &mut Scene<'_>, query: &QueryString) -> Result<Response, Fault> {
        scene.trace.plane = Plane::Sts;
        let may_be = match query.get("Action") {
            Some(action) => action == ACTION.as_bytes(),
            None => scene.head.method() == Method::Post && is_form(scene.head),
        };
        if !may_be {
            return Err(Fault::Unsigned);
        }
        let body = scene.body.read_all(self.settings.form_body_bytes.min(FORM_BYTES)).await?;
        let parameters = parameters(scene.head, query, &body)?;
        if parameters.get("Action") != Some(ACTION) {
            return Err(Fault::Unsigned);
        }
        // STS has a parameter that is spelled like the form field in which S3's browser uploads are signed.
        let fields = parameters.iter().filter(|(name, _)| *name != "Policy");
        if FormClaim::parse(fields.map(|(name, value)| (name, value.as_bytes()))).map_err(Fault::signature)?.is_some() {
            return Err(Fault::signature(sigv4::Error::TwoClaims));
        }
        let request = sts::parse(ACTION, &parameters)?;
        scene.trace.operation = request.operation();
        let Request::AssumeRoleWithWebIdentity(asked) = &request else { return Err(Fault::Unsigned) };
        let answer = self.assume_role_with_web_identity(scene, asked).await?;
        Ok(Response::new(200, "text/xml", answer.to_xml(scene.request_id)))
    }

    pub(super) async fn assume_role_with_web_identity(
        &self,
        scene: &mut Scene<'_>,
        asked: &AssumeRoleWithWebIdentity,
    ) -> Result<Answer, Fault> {
        let token = WebToken::parse(asked.token()).map_err(sts::Error::WebIdentity)?;
        let source = Tally::Source(scene.head.peer());
        self.not_refused_too_often(source)?;
        let found = self.named(asked, &token).await;
        let (role, provider) = self.counted(&[source], found)?;
        let of_provider = Tally::Provider(&provider.provider.id);
        self.not_refused_too_often(of_provider)?;
        let verified = self.verified(scene, &token, &provider).await;
        let caller = self.counted(&[source, of_provider], verified)?;
        scene.trace.identify_web(&caller, asked.session().name());
        // Whom its own provider vouches for is no reason to keep out the others.
        let (permit, session) = self.counted(&[source], self.web_permit(scene, asked, &caller, &role))?;
        self.session_policies_there(asked.session().input(), &role.role.account).await?;
        Ok(sts::issue_with_web_identity(session, &role.role, &permit, &self.mint())?)
    }

    fn not_refused_too_often(&self, by: Tally<'_>) -> Result<(), Fault> {
        if self.strangers.may_ask(by, self.clock.ticks()) { Ok(()) } else { Err(Fault::TooManyRefused) }
    }

    /// Counts what was refused.
    fn counted<T>(&self, by: &[Tally<'_>], outcome: Result<T, Fault>) -> Result<T, Fault> {
        if outcome.as_ref().is_err_and(Fault::refuses_web_identity) {
            by.iter().for_each(|tally| self.strangers.asked_in_vain(*tally, self.clock.ticks()));
        }
        outcome
    }

    /// The role, and the provider of the token that it names.
    async fn named(
        &self,
        asked: &AssumeRoleWithWebIdentity,
        token: &WebToken<'_>,
    ) -> Result<(Arc<RoleEntry>, Arc<ProviderEntry>), Fault> {
        let default_account = &self.settings.default_account;
        let session = asked.session();
        let account = session.role_account(default_account);
        // Both are sought whatever comes of the first, so that it cannot be told which is missing.
        let role = self.directory.role(account, session.role_name()).await?;
        let role = role.filter(|entry| session.names(&entry.role, default_account));
        let provider = self.provider_of(account, token.issuer()).await?;
        let both = role.zip(provider);
        let named = both.filter(|(role, of)| role.trust.policy.names_web_identity(&web_principal(&of.provider)));
        named.ok_or_else(|| denied(asked, default_account))
    }

    /// Verifies the token with the keys of its provider.
    async fn verified(
        &self,
        scene: &mut Scene<'_>,
        token: &WebToken<'_>,
        provider: &Arc<ProviderEntry>,
    ) -> Result<WebIdentity, Fault> {
        let keys = self.web_keys.keys(&provider.provider, &token.hint()).await?;
        let started = self.clock.ticks();
        let provider = Arc::clone(provider);
        let verified = WebIdentity::verify(token, provider, &keys, self.settings.web, self.clock.now());
        scene.trace.verify_nanos += self.clock.ticks().saturating_sub(started);
        Ok(verified.map_err(sts::Error::WebIdentity)?)
    }

    /// The account's provider with exactly this URL; its scheme counts (security rule 25).
    async fn provider_of(&self, account: &AccountId, issuer: &str) -> Result<Option<Arc<ProviderEntry>>, Fault> {
        let name = issuer.split_once("://").map(|(_, name)| name);
        let Some(name) = name.filter(|name| !name.is_empty() && issuer.len() <= ISSUER_CHARACTERS) else {
            return Ok(None);
        };
        let found = self.directory.provider(account, name).await?;
        Ok(found.filter(|entry| entry.provider.url == issuer && entry.provider.account == *account))
    }

    /// The trust decision.
    fn web_permit<'a>(
        &self,
        scene: &mut Scene<'_>,
        asked: &'a AssumeRoleWithWebIdentity,
        caller: &'a WebIdentity,
        role: &RoleEntry,
    ) -> Result<(Permit, WebSession<'a>), Fault> {
        let session = asked.of(caller)?;
        scene.trace.source_identity = session.source_identity().map(ToOwned::to_owned);
        let context = authz::web_identity_context(caller, scene.head, self.clock.now());
        let mut context = context.ok_or(sts::Error::AmbiguousClaims)?;
        authz::resource_context(&role.role.account, &mut context);
        role_tags(role, &mut context);
        session.trust_context(&mut context);
        let requirements = session.requirements(&self.settings.default_account);
        let started = self.clock.ticks();
        let decided = authz::authorize_web_identity(caller, role, requirements, &context);
        scene.trace.decide_nanos += self.clock.ticks().saturating_sub(started);
        let permit = decided.ok_or(Fault::NothingRequired)??;
        scene.trace.allowed(&permit);
        Ok((permit, session))
    }
}

fn denied(asked: &AssumeRoleWithWebIdentity, default_account: &AccountId) -> Fault {
    Fault::Denied(Box::new(Denied::of_web_identity(asked.requirement(default_account))))
}
