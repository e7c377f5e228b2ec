//! Names of records.

use crate::entity::{Used, folded};
use crate::types::{AccessKeyId, AccountId};
use std::fmt;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// The store's own id and marks; one, global.
    Meta,
    /// A user, by case-folded name.
    User,
    /// A long-term access key; global, by id.
    AccessKey,
    /// A role, by case-folded name.
    Role,
    /// A bucket; global, by name.
    Bucket,
    /// An account; global, by id.
    Account,
    /// A group, by case-folded name.
    Group,
    /// A managed policy, by case-folded name.
    Policy,
    /// The last use of a role or key.
    LastUsed,
    /// An OpenID Connect provider, by its URL without scheme, case and all.
    OidcProvider,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Meta,
        Self::User,
        Self::AccessKey,
        Self::Role,
        Self::Bucket,
        Self::Account,
        Self::Group,
        Self::Policy,
        Self::LastUsed,
        Self::OidcProvider,
    ];

    /// The kind's name in store keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::User => "user",
            Self::AccessKey => "access-key",
            Self::Role => "role",
            Self::Bucket => "bucket",
            Self::Account => "account",
            Self::Group => "group",
            Self::Policy => "policy",
            Self::LastUsed => "last-used",
            Self::OidcProvider => "oidc-provider",
        }
    }

    /// The kind of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Where a record lives. The global scope is no account, the empty account neither.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Outside any account.
    Global,
    /// Inside an account.
    Account(AccountId),
}

impl Scope {
    /// The scope in store keys: `g`, or `a:` and the account. One text for one scope.
    pub fn to_text(&self) -> String {
        match self {
            Self::Global => "g".to_owned(),
            Self::Account(account) => format!("a:{account}"),
        }
    }

    /// The scope of that text.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            None if text == "g" => Some(Self::Global),
            Some(("a", account)) => AccountId::parse(account).ok().map(Self::Account),
            _ => None,
        }
    }
}

/// The name of a record.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordKey {
    /// What it is.
    pub kind: Kind,
    /// Where it lives.
    pub scope: Scope,
    /// Its name in there.
    pub name: String,
}

impl RecordKey {
    /// The store's own record.
    pub fn meta() -> Self {
        Self { kind: Kind::Meta, scope: Scope::Global, name: "store".to_owned() }
    }

    /// A user of an account, its name without regard to case.
    pub fn user(account: &AccountId, name: &str) -> Self {
        Self { kind: Kind::User, scope: Scope::Account(account.clone()), name: folded(name) }
    }

    /// A role of an account, its name without regard to case.
    pub fn role(account: &AccountId, name: &str) -> Self {
        Self { kind: Kind::Role, scope: Scope::Account(account.clone()), name: folded(name) }
    }

    /// A long-term access key.
    pub fn access_key(id: &AccessKeyId) -> Self {
        Self { kind: Kind::AccessKey, scope: Scope::Global, name: id.as_str().to_owned() }
    }

    /// An account.
    pub fn account(id: &AccountId) -> Self {
        Self { kind: Kind::Account, scope: Scope::Global, name: id.as_str().to_owned() }
    }

    /// A group of an account, its name without regard to case.
    pub fn group(account: &AccountId, name: &str) -> Self {
        Self { kind: Kind::Group, scope: Scope::Account(account.clone()), name: folded(name) }
    }

    /// A managed policy of an account, its name without regard to case.
    pub fn policy(account: &AccountId, name: &str) -> Self {
        Self { kind: Kind::Policy, scope: Scope::Account(account.clone()), name: folded(name) }
    }

    /// The last use of a role or key.
    pub fn last_used(account: &AccountId, subject: &Used) -> Self {
        let name = match subject {
            Used::Role(id) => format!("role/{id}"),
            Used::Key(id) => format!("key/{id}"),
        };
        Self { kind: Kind::LastUsed, scope: Scope::Account(account.clone()), name }
    }

    /// An OpenID Connect provider of an account, by its URL without scheme.
    pub fn oidc_provider(account: &AccountId, name: &str) -> Self {
        Self { kind: Kind::OidcProvider, scope: Scope::Account(account.clone()), name: name.to_owned() }
    }

    /// A bucket.
    pub fn bucket(name: &str) -> Self {
        Self { kind: Kind::Bucket, scope: Scope::Global, name: name.to_owned() }
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            Scope::Global => write!(f, "{}/{}", self.kind.as_str(), self.name),
            Scope::Account(account) => write!(f, "{}/{}/{}", self.kind.as_str(), account, self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_15_scopes_and_kinds_have_one_text_each() {
        let account = |text: &str| Scope::Account(AccountId::parse(text).unwrap());
        let scopes = [Scope::Global, account(""), account("g"), account("a"), account("123456789012")];
        for (index, scope) in scopes.iter().enumerate() {
            assert_eq!(Scope::parse(&scope.to_text()).as_ref(), Some(scope));
            assert!(scopes.iter().skip(index + 1).all(|other| other.to_text() != scope.to_text()));
        }
        for bad in ["", "a", "g:", "b:x", "a:a:b", "a:}", "a:root"] {
            assert_eq!(Scope::parse(bad), None, "{bad}");
        }
        assert!(Kind::ALL.into_iter().all(|kind| Kind::parse(kind.as_str()) == Some(kind)));
        assert!(["", "User", "users", "session"].into_iter().all(|text| Kind::parse(text).is_none()));
    }
}
