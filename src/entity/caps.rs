//! Caps: administration rights of standalone users, as Ceph writes them (`roles=*;users=read`).
//!
//! Only the four types that stand for IAM actions exist here; any other is refused by name.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What a cap is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapType {
    /// OIDC providers.
    OidcProvider,
    /// Roles and their policies.
    Roles,
    /// Policies of users.
    UserPolicy,
    /// Users and their keys.
    Users,
}

impl CapType {
    /// Ceph's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OidcProvider => "oidc-provider",
            Self::Roles => "roles",
            Self::UserPolicy => "user-policy",
            Self::Users => "users",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::OidcProvider, Self::Roles, Self::UserPolicy, Self::Users].into_iter().find(|cap| cap.as_str() == text)
    }
}

/// Reading, writing, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapPermission {
    /// May read.
    pub read: bool,
    /// May write.
    pub write: bool,
}

impl fmt::Display for CapPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.read, self.write) {
            (true, true) => "*",
            (true, false) => "read",
            (false, true) => "write",
            (false, false) => "<none>",
        })
    }
}

/// A set of caps. Entries without any permission do not exist.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Caps(BTreeMap<CapType, CapPermission>);

/// The text is not a list of caps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCaps {
    /// A piece without `=`.
    #[error("`{0}` is not a cap: write TYPE=PERMISSION, such as roles=* or users=read")]
    Form(String),
    /// An unknown type.
    #[error("`{0}` is not a kind of cap; known are oidc-provider, roles, user-policy, users")]
    Type(String),
    /// An unknown permission.
    #[error("`{0}` is not a permission; known are *, read, write, and read,write")]
    Permission(String),
}

impl Caps {
    /// Parses `TYPE=PERM[;TYPE=PERM…]`.
    pub fn parse(text: &str) -> Result<Self, InvalidCaps> {
        let mut caps = Self::default();
        for piece in text.split(';').map(str::trim).filter(|piece| !piece.is_empty()) {
            let (name, permission) = piece.split_once('=').ok_or_else(|| InvalidCaps::Form(piece.to_owned()))?;
            let cap = CapType::parse(name.trim()).ok_or_else(|| InvalidCaps::Type(name.trim().to_owned()))?;
            let entry = caps.0.entry(cap).or_default();
            for word in permission.split(',').map(str::trim) {
                match word {
                    "*" => *entry = CapPermission { read: true, write: true },
                    "read" => entry.read = true,
                    "write" => entry.write = true,
                    other => return Err(InvalidCaps::Permission(other.to_owned())),
                }
            }
        }
        Ok(caps)
    }

    /// Adds every permission of `other`.
    pub fn add(&mut self, other: &Self) {
        for (cap, permission) in &other.0 {
            let entry = self.0.entry(*cap).or_default();
            entry.read |= permission.read;
            entry.write |= permission.write;
        }
    }

    /// Takes away every permission of `other`.
    pub fn remove(&mut self, other: &Self) {
        for (cap, permission) in &other.0 {
            if let Some(entry) = self.0.get_mut(cap) {
                entry.read &= !permission.read;
                entry.write &= !permission.write;
            }
        }
        self.0.retain(|_, permission| permission.read || permission.write);
    }

    /// Whether every permission of this set is in `other` (security rule 13).
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.0.iter().all(|(cap, wanted)| {
            let has = other.0.get(cap).copied().unwrap_or_default();
            (!wanted.read || has.read) && (!wanted.write || has.write)
        })
    }

    /// The caps in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (CapType, CapPermission)> {
        self.0.iter().map(|(cap, permission)| (*cap, *permission))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_parse_add_and_remove_as_in_ceph() {
        let mut caps = Caps::parse("roles=*; users=read").unwrap();
        caps.add(&Caps::parse("users=write;oidc-provider=read").unwrap());
        let shown: Vec<String> = caps.iter().map(|(cap, perm)| format!("{}={perm}", cap.as_str())).collect();
        assert_eq!(shown, ["oidc-provider=read", "roles=*", "users=*"]);
        caps.remove(&Caps::parse("roles=write;oidc-provider=*").unwrap());
        assert_eq!(caps, Caps::parse("roles=read;users=read,write").unwrap());
        assert!(
            Caps::parse("roles=read").unwrap().is_subset_of(&caps)
                && !Caps::parse("roles=*").unwrap().is_subset_of(&caps)
        );
    }

    #[test]
    fn unknown_caps_are_refused_by_name() {
        assert_eq!(Caps::parse("buckets=*"), Err(InvalidCaps::Type("buckets".into())));
        assert_eq!(Caps::parse("roles=all"), Err(InvalidCaps::Permission("all".into())));
        assert_eq!(Caps::parse("roles"), Err(InvalidCaps::Form("roles".into())));
    }
}
