//! IAM's nouns, as the shared operations see them.

use super::Error;
use crate::authz::Reach;
use crate::entity::{
    Group, ManagedPolicy, OidcProvider, Owner, PolicyUse, Role, StoredPolicy, Tag, UseKind, User, UserKind, quota,
};
use crate::store::{RecordKey, Stored};
use crate::types::{AccountId, Arn, ResourceName, UniqueId};
use std::collections::BTreeMap;

/// What an entity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    /// A group of users.
    Group,
    /// A managed policy.
    Policy,
    /// An OpenID Connect provider.
    Provider,
    /// A role.
    Role,
    /// A user.
    User,
}

impl Noun {
    /// In ARNs and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Policy => "policy",
            Self::Provider => "oidc-provider",
            Self::Role => "role",
            Self::User => "user",
        }
    }

    /// At the beginning of a message, and in the names of AWS's elements (`RoleName`).
    pub fn title(self) -> &'static str {
        match self {
            Self::Group => "Group",
            Self::Policy => "Policy",
            Self::Provider => "Provider",
            Self::Role => "Role",
            Self::User => "User",
        }
    }

    /// The element or parameter that holds its name.
    pub fn name_element(self) -> &'static str {
        match self {
            Self::Group => "GroupName",
            Self::Policy => "PolicyName",
            Self::Provider => "OpenIDConnectProviderArn",
            Self::Role => "RoleName",
            Self::User => "UserName",
        }
    }

    /// The ARN that one of this path and name has. With a prefix of paths and no name, what a listing is asked for.
    pub(super) fn resource(self, account: &AccountId, path: &str, name: &str) -> ResourceName {
        ResourceName::new(Arn::iam(account.as_str(), format!("{}{path}{name}", self.as_str())).to_string())
    }
}

/// A kind of entity: kept by name in an account, with a path and a unique id.
pub(super) trait Entity: Stored {
    const NOUN: Noun;
    /// Name of AWS's quota, and how many an account may have.
    const QUOTA: (&'static str, usize);

    fn key(account: &AccountId, name: &str) -> RecordKey;
    fn name(&self) -> &str;
    fn path(&self) -> &str;
    fn id(&self) -> &UniqueId;
    fn arn(&self) -> String;

    /// Whether a caller with this reach may see and change it (security rule 13).
    fn is_within(&self, reach: &Reach) -> bool;

    /// There is none of that name.
    fn missing(_account: &AccountId, name: &str) -> Error {
        Error::NoSuchEntity { noun: Self::NOUN, name: name.to_owned() }
    }

    /// There is one of its name.
    fn taken(&self) -> Error {
        Error::EntityAlreadyExists { noun: Self::NOUN, name: self.name().to_owned() }
    }

    /// Whether it is the account's root, whom only root itself reaches.
    fn is_account_root(&self) -> bool {
        false
    }

    fn tags(&self) -> &[Tag] {
        &[]
    }

    fn boundary(&self) -> Option<&str> {
        None
    }
}

/// An entity that has tags.
pub(super) trait Tagged: Entity {
    fn tags_mut(&mut self) -> &mut Vec<Tag>;
}

/// An entity to which policies belong: inline ones and attached ones.
pub(super) trait Policied: Entity {
    /// Characters of all inline policies together.
    const INLINE_QUOTA: usize;
    /// Name of AWS's quota of attached policies.
    const ATTACHED_QUOTA: &'static str;
    const USE: UseKind;

    fn policies(&self) -> &BTreeMap<String, StoredPolicy>;
    fn policies_mut(&mut self) -> &mut BTreeMap<String, StoredPolicy>;
    fn attached(&self) -> &[String];
    fn attached_mut(&mut self) -> &mut Vec<String>;

    /// How a policy's record lists it.
    fn as_use(&self) -> PolicyUse {
        PolicyUse { kind: Self::USE, name: self.name().to_owned(), id: self.id().clone() }
    }
}

/// An entity that can have a permissions boundary.
pub(super) trait Bounded: Policied {
    fn boundary_mut(&mut self) -> &mut Option<String>;
}

/// The members that all entities have under the same names.
macro_rules! by_name {
    ($key:ident) => {
        fn key(account: &AccountId, name: &str) -> RecordKey {
            RecordKey::$key(account, name)
        }

        fn name(&self) -> &str {
            &self.name
        }

        fn path(&self) -> &str {
            &self.path
        }

        fn id(&self) -> &UniqueId {
            &self.id
        }

        fn arn(&self) -> String {
            Self::arn(self)
        }
    };
}

/// The members of entities with policies.
macro_rules! with_policies {
    () => {
        fn policies(&self) -> &BTreeMap<String, StoredPolicy> {
            &self.policies
        }

        fn policies_mut(&mut self) -> &mut BTreeMap<String, StoredPolicy> {
            &mut self.policies
        }

        fn attached(&self) -> &[String] {
            &self.attached
        }

        fn attached_mut(&mut self) -> &mut Vec<String> {
            &mut self.attached
        }
    };
}

impl Entity for Role {
    const NOUN: Noun = Noun::Role;
    const QUOTA: (&'static str, usize) = ("RolesPerAccount", quota::ROLES);

    by_name!(role);

    fn is_within(&self, reach: &Reach) -> bool {
        match reach {
            Reach::Account => true,
            Reach::Standalone(_) => matches!(self.owner, Owner::User { .. }),
        }
    }

    fn tags(&self) -> &[Tag] {
        &self.tags
    }

    fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }
}

impl Tagged for Role {
    fn tags_mut(&mut self) -> &mut Vec<Tag> {
        &mut self.tags
    }
}

impl Policied for Role {
    const INLINE_QUOTA: usize = quota::ROLE_POLICIES;
    const ATTACHED_QUOTA: &'static str = "PoliciesPerRole";
    const USE: UseKind = UseKind::Role;

    with_policies!();
}

impl Bounded for Role {
    fn boundary_mut(&mut self) -> &mut Option<String> {
        &mut self.boundary
    }
}

impl Entity for User {
    const NOUN: Noun = Noun::User;
    const QUOTA: (&'static str, usize) = ("UsersPerAccount", quota::USERS);

    by_name!(user);

    fn is_within(&self, reach: &Reach) -> bool {
        match reach {
            Reach::Account => true,
            Reach::Standalone(caps) => self.kind == UserKind::Standalone && self.caps.is_subset_of(caps),
        }
    }

    fn is_account_root(&self) -> bool {
        self.account_root
    }

    fn tags(&self) -> &[Tag] {
        &self.tags
    }

    fn boundary(&self) -> Option<&str> {
        self.boundary.as_deref()
    }
}

impl Tagged for User {
    fn tags_mut(&mut self) -> &mut Vec<Tag> {
        &mut self.tags
    }
}

impl Policied for User {
    const INLINE_QUOTA: usize = quota::USER_POLICIES;
    const ATTACHED_QUOTA: &'static str = "PoliciesPerUser";
    const USE: UseKind = UseKind::User;

    with_policies!();
}

impl Bounded for User {
    fn boundary_mut(&mut self) -> &mut Option<String> {
        &mut self.boundary
    }
}

impl Entity for Group {
    const NOUN: Noun = Noun::Group;
    const QUOTA: (&'static str, usize) = ("GroupsPerAccount", quota::GROUPS);

    by_name!(group);

    /// Groups are the account's: no caps are about them.
    fn is_within(&self, reach: &Reach) -> bool {
        *reach == Reach::Account
    }
}

impl Policied for Group {
    const INLINE_QUOTA: usize = quota::GROUP_POLICIES;
    const ATTACHED_QUOTA: &'static str = "PoliciesPerGroup";
    const USE: UseKind = UseKind::Group;

    with_policies!();
}

impl Entity for ManagedPolicy {
    const NOUN: Noun = Noun::Policy;
    const QUOTA: (&'static str, usize) = ("PoliciesPerAccount", quota::POLICIES);

    by_name!(policy);

    /// Managed policies are the account's; users with caps may read and attach them, but no cap changes them.
    fn is_within(&self, _reach: &Reach) -> bool {
        true
    }

    fn tags(&self) -> &[Tag] {
        &self.tags
    }
}

impl Tagged for ManagedPolicy {
    fn tags_mut(&mut self) -> &mut Vec<Tag> {
        &mut self.tags
    }
}

/// Named by its URL without scheme, so the same URL with another scheme is the same provider.
impl Entity for OidcProvider {
    const NOUN: Noun = Noun::Provider;
    const QUOTA: (&'static str, usize) = ("OpenIdConnectProvidersPerAccount", quota::PROVIDERS);

    fn key(account: &AccountId, name: &str) -> RecordKey {
        RecordKey::oidc_provider(account, name)
    }

    fn name(&self) -> &str {
        Self::name(self)
    }

    /// Providers have no paths: what follows the host is part of the name.
    fn path(&self) -> &str {
        "/"
    }

    fn id(&self) -> &UniqueId {
        &self.id
    }

    fn arn(&self) -> String {
        Self::arn(self)
    }

    fn is_within(&self, reach: &Reach) -> bool {
        match reach {
            Reach::Account => true,
            Reach::Standalone(_) => matches!(self.owner, Owner::User { .. }),
        }
    }

    fn missing(account: &AccountId, name: &str) -> Error {
        let arn = Noun::Provider.resource(account, "/", name);
        Error::ProviderNotFound(arn.to_string())
    }

    fn taken(&self) -> Error {
        Error::EntityAlreadyExists { noun: Noun::Provider, name: self.url.clone() }
    }

    fn tags(&self) -> &[Tag] {
        &self.tags
    }
}

impl Tagged for OidcProvider {
    fn tags_mut(&mut self) -> &mut Vec<Tag> {
        &mut self.tags
    }
}
