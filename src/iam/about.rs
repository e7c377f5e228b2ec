//! What a call is about, and what follows from it for the decision: requirements, context keys, evidence.
//!
//! Resources are concrete names. A call about an entity is asked for on the entity's ARN with its stored path, or
//! with the path `/` if there is no such entity, so that a caller without rights cannot tell which it is. A listing
//! is asked for on `arn:aws:iam::ACCOUNT:role` and PathPrefix, as AWS shows it in its denials (`…:role/`): `*`,
//! `arn:aws:iam::ACCOUNT:role/*` and, for a prefix `/a/`, `…:role/a/*` match it, and every role of the answer has an
//! ARN that begins so.

use super::nouns::{Entity, Noun};
use super::{Error, PolicyArn, access_key};
use crate::entity::{Group, ManagedPolicy, OidcProvider, Role, Tag, User};
use crate::store::{RecordKey, Records, Versioned};
use crate::types::{AccessKeyId, AccountId, Context, Requirement, ResourceName};

/// The entity that a call is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    /// A role, by name.
    Role(&'a str),
    /// A user, by name.
    User(&'a str),
    /// A group, by name.
    Group(&'a str),
    /// The user of a long-term access key.
    UserOfKey(&'a AccessKeyId),
    /// A managed policy, the account's or AWS's.
    Policy(&'a PolicyArn),
    /// An OpenID Connect provider, by its URL without scheme.
    Provider(&'a str),
    /// An entity to be made.
    New { noun: Noun, path: &'a str, name: &'a str },
    /// The entities whose paths begin so.
    List { noun: Noun, path_prefix: &'a str },
    /// No single resource: asked for on `*`.
    Anything,
}

/// The value of `iam:PermissionsBoundary`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum BoundaryKey<'a> {
    /// The key is absent.
    #[default]
    None,
    /// The boundary that the target has now: calls about its policies (security rule 17).
    Present,
    /// The one that the call gives; none if the parameter was left out.
    Given(Option<&'a PolicyArn>),
}

/// All that a decision needs to know of a call.
#[derive(Clone, Debug)]
pub(super) struct About<'a> {
    target: Target<'a>,
    further: Vec<&'static str>,
    tags: &'a [Tag],
    tag_keys: &'a [String],
    policy: Option<&'a PolicyArn>,
    boundary: BoundaryKey<'a>,
    moved: Option<(Option<&'a str>, Option<&'a str>)>,
}

impl<'a> About<'a> {
    /// A call about this.
    pub(super) fn new(target: Target<'a>) -> Self {
        let (further, boundary) = (Vec::new(), BoundaryKey::None);
        Self { target, further, tags: &[], tag_keys: &[], policy: None, boundary, moved: None }
    }

    /// Sets tags: `aws:RequestTag/…` and `aws:TagKeys`.
    pub(super) fn tags(mut self, tags: &'a [Tag]) -> Self {
        self.tags = tags;
        self
    }

    /// Removes tags: `aws:TagKeys`.
    pub(super) fn tag_keys(mut self, keys: &'a [String]) -> Self {
        self.tag_keys = keys;
        self
    }

    /// Making something with tags needs the right to tag it as well, as AWS documents.
    pub(super) fn made_with_tags(mut self, tags: &'a [Tag], tagging: &'static str) -> Self {
        if !tags.is_empty() {
            self.further.push(tagging);
        }
        self.tags(tags)
    }

    /// Names a managed policy: `iam:PolicyARN`.
    pub(super) fn policy(mut self, policy: &'a PolicyArn) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Gives the target another path or name: the right is needed on the ARN that it will have too, as AWS documents.
    pub(super) fn moved(mut self, path: Option<&'a str>, name: Option<&'a str>) -> Self {
        self.moved = Some((path, name));
        self
    }

    /// Sets `iam:PermissionsBoundary`.
    pub(super) fn boundary(mut self, boundary: BoundaryKey<'a>) -> Self {
        self.boundary = boundary;
        self
    }
}

/// What a call needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What must be allowed. Never empty.
    pub requirements: Vec<Requirement>,
    /// The records that requirements and context were read from, which belong to the decision's evidence (security
    /// rule 17).
    pub evidence: Vec<(RecordKey, u64)>,
}

/// What was read of a target.
struct Found {
    resource: ResourceName,
    tags: Vec<Tag>,
    boundary: Option<String>,
    evidence: Option<(RecordKey, u64)>,
    /// Noun, path and name of what is there.
    place: Option<(Noun, String, String)>,
}

impl Found {
    fn nothing(resource: ResourceName) -> Self {
        Self { resource, tags: Vec::new(), boundary: None, evidence: None, place: None }
    }
}

impl About<'_> {
    /// The requirements of `action`; sets the context's keys that the call and its target give.
    pub(super) async fn ask(
        &self,
        action: &'static str,
        account: &AccountId,
        records: &Records,
        context: &mut Context,
    ) -> Result<Asked, Error> {
        let found = self.find(account, records).await?;
        for tag in self.tags {
            context.set(format!("aws:RequestTag/{}", tag.key), tag.value.as_bytes());
        }
        let keys = self.tags.iter().map(|tag| &tag.key).chain(self.tag_keys);
        context.set_many("aws:TagKeys", keys.map(|key| key.clone().into_bytes()).collect());
        for tag in &found.tags {
            context.set(format!("aws:ResourceTag/{}", tag.key), tag.value.as_bytes());
            context.set(format!("iam:ResourceTag/{}", tag.key), tag.value.as_bytes());
        }
        if let Some(policy) = self.policy {
            context.set("iam:PolicyARN", policy.as_str());
        }
        let boundary = match self.boundary {
            BoundaryKey::None => None,
            BoundaryKey::Present => found.boundary.as_deref(),
            BoundaryKey::Given(given) => given.map(PolicyArn::as_str),
        };
        if let Some(boundary) = boundary {
            context.set("iam:PermissionsBoundary", boundary);
        }
        let actions = std::iter::once(action).chain(self.further.iter().copied());
        let mut requirements: Vec<Requirement> =
            actions.map(|action| Requirement::new(action, found.resource.clone())).collect();
        if let (Some((path, name)), Some((noun, old_path, old_name))) = (self.moved, &found.place) {
            let resource = noun.resource(account, path.unwrap_or(old_path), name.unwrap_or(old_name));
            if resource != found.resource {
                requirements.push(Requirement::new(action, resource));
            }
        }
        Ok(Asked { requirements, evidence: found.evidence.into_iter().collect() })
    }

    async fn find(&self, account: &AccountId, records: &Records) -> Result<Found, Error> {
        match self.target {
            Target::Role(name) => find::<Role>(name, account, records).await,
            Target::User(name) => find::<User>(name, account, records).await,
            Target::Group(name) => find::<Group>(name, account, records).await,
            Target::Provider(name) => find::<OidcProvider>(name, account, records).await,
            // Where there is no such key, only those hear of it who may ask about all.
            Target::UserOfKey(id) => match access_key::owner(id, account, records).await? {
                Some((_, user)) => Ok(found_as(user)),
                None => Ok(Found::nothing(anything())),
            },
            Target::Policy(arn) => match arn.own_name() {
                Some(name) => {
                    // One under another path is not the one that is meant.
                    let found = find::<ManagedPolicy>(name, account, records).await?;
                    let resource = ResourceName::new(arn.as_str());
                    Ok(if found.resource == resource { found } else { Found::nothing(resource) })
                }
                None => Ok(Found::nothing(ResourceName::new(arn.as_str()))),
            },
            Target::New { noun, path, name } => Ok(Found::nothing(noun.resource(account, path, name))),
            Target::List { noun, path_prefix } => Ok(Found::nothing(noun.resource(account, path_prefix, ""))),
            Target::Anything => Ok(Found::nothing(anything())),
        }
    }
}

/// The resource of calls that have no single one.
pub(super) fn anything() -> ResourceName {
    ResourceName::new("*")
}

async fn find<E: Entity>(name: &str, account: &AccountId, records: &Records) -> Result<Found, Error> {
    let Some(entity) = records.get::<E>(&E::key(account, name)).await? else {
        return Ok(Found::nothing(E::NOUN.resource(account, "/", name)));
    };
    Ok(found_as(entity))
}

fn found_as<E: Entity>(entity: Versioned<E>) -> Found {
    let evidence = Some(entity.evidence());
    let entity = entity.value;
    Found {
        resource: ResourceName::new(entity.arn()),
        tags: entity.tags().to_vec(),
        boundary: entity.boundary().map(ToOwned::to_owned),
        evidence,
        place: Some((E::NOUN, entity.path().to_owned(), entity.name().to_owned())),
    }
}
