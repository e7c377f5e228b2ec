//! Running simulations.

use super::assembly::{Assembly, Held, given};
use super::input::{full_name, overlay};
use super::{Answer, Refused, Simulation, Source};
use crate::authn::{BucketEntry, Directory};
use crate::authz::{LiveDirectory, Subject, principal_context, resource_context};
use crate::entity::{Group, Role, User, UserKind};
use crate::iam::about::anything;
use crate::iam::nouns::{Entity, Noun};
use crate::iam::page::marker;
use crate::iam::target::Call;
use crate::iam::{Error, Page};
use crate::policy::{AuthorizationRequest, Policy, PolicyKind};
use crate::types::{AccountId, Arn, Context, Principal, ResourceName};
use std::sync::Arc;

/// What one answer works off at most: characters of policies, counted for each question and for each statement whose
/// place is sought. The rest waits for the next page.
const WORK: usize = 32 << 20;

pub(super) async fn custom(call: &Call<'_>, simulation: &Simulation) -> Result<Answer, Error> {
    call.covers(call.action, &anything())?;
    let principal = match (&simulation.caller, &simulation.resource_policy) {
        (Some(caller), _) => caller.clone(),
        (None, Some(_)) => return Err(Refused::CallerMissing.into()),
        // Identity policies do not ask who it is.
        (None, None) => Principal::Root { account: call.account().clone() },
    };
    let mut context = Context::new();
    if simulation.caller.is_some() {
        principal_context(&principal, &Subject::default(), &mut context);
    }
    run(call, simulation, &principal, &Held::default(), context).await
}

pub(super) async fn principal(call: &Call<'_>, source: &Source, simulation: &Simulation) -> Result<Answer, Error> {
    let held = held(call, source).await?;
    let session = match &simulation.caller {
        Some(Principal::RoleSession { session, .. }) => Some(&**session),
        _ => None,
    };
    let own = held.principal(session);
    let principal = match (simulation.caller.clone(), own) {
        // The same one, with path and id as stored.
        (Some(caller), Some(own)) if caller.arn() == own.arn() => own,
        (Some(caller), _) => caller,
        (None, Some(own)) => own,
        (None, None) if simulation.resource_policy.is_some() => return Err(Refused::CallerMissing.into()),
        (None, None) => Principal::Root { account: call.account().clone() },
    };
    let mut context = Context::new();
    if !matches!(source, Source::Group { .. }) || simulation.caller.is_some() {
        principal_context(&principal, &held.subject(), &mut context);
    }
    if held.is_role() {
        // As in every session: one-time codes do not exist yet.
        context.set("aws:MultiFactorAuthPresent", "false");
    }
    run(call, simulation, &principal, &held, context).await
}

/// The entity, if the permit is for it and it is within the caller's reach.
async fn held(call: &Call<'_>, source: &Source) -> Result<Held, Error> {
    match source {
        Source::User { name, arn } => named::<User>(call, name, arn).await?,
        Source::Role { name, arn } => named::<Role>(call, name, arn).await?,
        Source::Group { name, arn } => named::<Group>(call, name, arn).await?,
    }
    let found = Held::load(source, call.account(), &directory(call)).await.map_err(Error::Lookup)?;
    let (noun, name) = match source {
        Source::User { name, .. } => (Noun::User, name),
        Source::Role { name, .. } => (Noun::Role, name),
        Source::Group { name, .. } => (Noun::Group, name),
    };
    found.ok_or_else(|| Error::NoSuchEntity { noun, name: name.clone() })
}

async fn named<E: Entity>(call: &Call<'_>, name: &str, arn: &str) -> Result<(), Error> {
    let found = call.entity::<E>(name).await?;
    if found.value.arn() == arn { Ok(()) } else { Err(Error::NoSuchEntity { noun: E::NOUN, name: name.to_owned() }) }
}

fn directory<'a>(call: &Call<'a>) -> LiveDirectory<'a> {
    LiveDirectory { records: call.scene.records, default_account: call.scene.default_account }
}

/// The given policies, compiled.
struct Given {
    policies: Vec<(String, Policy)>,
    boundary: Option<(String, Policy)>,
    resource: Option<(String, Policy)>,
}

impl Given {
    fn compile(simulation: &Simulation, default_account: &AccountId) -> Result<Self, Refused> {
        // A call to STS is decided by the trust policy of the role.
        let by_trust = simulation.actions.iter().all(|action| action.to_ascii_lowercase().starts_with("sts:"));
        let kind = if by_trust { PolicyKind::Trust } else { PolicyKind::Bucket };
        let boundary = simulation.boundary.iter().map(|text| {
            given(text, "PermissionsBoundaryPolicyInputList.1".to_owned(), PolicyKind::Boundary, default_account)
        });
        let resource = simulation.resource_policy.iter();
        let mut resource = resource.map(|text| given(text, "ResourcePolicy".to_owned(), kind, default_account));
        Ok(Self {
            policies: compile_all(&simulation.policies, default_account)?,
            boundary: boundary.collect::<Result<Vec<_>, _>>()?.pop(),
            resource: resource.next().transpose()?,
        })
    }
}

fn compile_all(documents: &[String], default_account: &AccountId) -> Result<Vec<(String, Policy)>, Refused> {
    let numbered = documents.iter().zip(1usize..);
    let named = numbered.map(|(text, number)| (text, format!("PolicyInputList.{number}")));
    named.map(|(text, name)| given(text, name, PolicyKind::Identity, default_account)).collect()
}

async fn run(
    call: &Call<'_>,
    simulation: &Simulation,
    principal: &Principal,
    held: &Held,
    context: Context,
) -> Result<Answer, Error> {
    let given = Given::compile(simulation, call.scene.default_account)?;
    let (from, questions) = (start(&simulation.page)?, questions(simulation));
    let mut evaluations = Vec::new();
    let mut spent = 0usize;
    for (number, (action, resource)) in (0usize..).zip(questions).skip(from) {
        let is_spent = spent >= WORK && !evaluations.is_empty();
        if is_spent || evaluations.len() == simulation.page.max_items {
            return Ok(Answer::Evaluations { evaluations, marker: Some(marker(&number.to_string())) });
        }
        let subject = held.subject();
        let bucket = owned_bucket(call, &subject, resource).await?;
        let mut assembly = Assembly::of(&subject, bucket.as_deref());
        assembly.add(&given.policies);
        if let Some(boundary) = &given.boundary {
            assembly.replace_boundary(boundary);
        }
        if let Some((id, policy)) = &given.resource {
            assembly.set_resource(id, policy);
        }
        let full_name = full_name(resource, call.scene.default_account);
        let account = owner(&full_name, simulation, principal);
        let name = ResourceName::new(full_name);
        let context = with_resource(context.clone(), action, account.as_ref(), simulation);
        let request = AuthorizationRequest {
            principal,
            action,
            resource: &name,
            resource_account: account.as_ref(),
            context: &context,
        };
        let mut evaluation = assembly.evaluate(&request);
        // As it was asked.
        evaluation.resource = resource.to_owned();
        let places = evaluation.matched.len().saturating_add(1);
        spent = spent.saturating_add(assembly.size().saturating_mul(places));
        evaluations.push(evaluation);
    }
    Ok(Answer::Evaluations { evaluations, marker: None })
}

/// All questions in order.
fn questions(simulation: &Simulation) -> impl Iterator<Item = (&str, &str)> {
    let of_action = |action| simulation.resources.iter().map(move |resource| (action, resource.as_str()));
    simulation.actions.iter().flat_map(move |action| of_action(action.as_str()))
}

fn start(page: &Page) -> Result<usize, Error> {
    page.after.as_deref().map_or(Ok(0), str::parse).map_err(|_| Error::InvalidMarker)
}

/// The bucket of a resource, where its owner may matter: for standalone users, in their account.
async fn owned_bucket(
    call: &Call<'_>,
    subject: &Subject<'_>,
    resource: &str,
) -> Result<Option<Arc<BucketEntry>>, Error> {
    let Some(entry) = subject.user.filter(|entry| entry.user.kind == UserKind::Standalone) else { return Ok(None) };
    let Some(name) = bucket_name(resource) else { return Ok(None) };
    let bucket = directory(call).bucket(name).await.map_err(Error::Lookup)?;
    Ok(bucket.filter(|bucket| bucket.record.account == entry.user.account))
}

/// The bucket that an ARN of S3 names.
pub(super) fn bucket_name(resource: &str) -> Option<&str> {
    let path = resource.strip_prefix("arn:aws:s3:::")?;
    path.split('/').next().filter(|name| !name.is_empty() && *name != "*")
}

/// The account of the resource: the one in its ARN; else ResourceOwner, else the caller's. AWS's own policies are
/// judged as if they were the caller's.
fn owner(resource: &str, simulation: &Simulation, principal: &Principal) -> Option<AccountId> {
    let named = Arn::parse(resource).ok().filter(|arn| !arn.account.is_empty());
    let named = named.and_then(|arn| AccountId::parse(&arn.account).ok());
    named.or_else(|| simulation.owner.clone()).or_else(|| principal.account().cloned())
}

/// The context of one question: what follows from its resource, then the given entries, which stand before all.
fn with_resource(mut context: Context, action: &str, account: Option<&AccountId>, simulation: &Simulation) -> Context {
    if let Some(account) = account {
        resource_context(account, &mut context);
        if action.to_ascii_lowercase().starts_with("s3:") {
            context.set("s3:ResourceAccount", account.as_str());
        }
    }
    overlay(&mut context, &simulation.context);
    context
}

pub(super) fn custom_keys(call: &Call<'_>, policies: &[String]) -> Result<Answer, Error> {
    call.covers(call.action, &anything())?;
    keys(call, &Held::default(), policies)
}

pub(super) async fn principal_keys(call: &Call<'_>, source: &Source, policies: &[String]) -> Result<Answer, Error> {
    keys(call, &held(call, source).await?, policies)
}

fn keys(call: &Call<'_>, held: &Held, policies: &[String]) -> Result<Answer, Error> {
    let given = compile_all(policies, call.scene.default_account)?;
    let mut assembly = Assembly::of(&held.subject(), None);
    assembly.add(&given);
    let mut keys: Vec<String> = assembly.context_keys().map(str::to_owned).collect();
    keys.sort_by_key(|key| key.to_ascii_lowercase());
    keys.dedup_by(|next, kept| next.eq_ignore_ascii_case(kept));
    Ok(Answer::Keys(keys))
}
