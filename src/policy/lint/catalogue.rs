//! What the linter must be told: the actions and condition keys there are.

use crate::types::Glob;

/// All actions and keys that are known. Without actions nothing is said about actions, without keys nothing about
/// keys.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// The actions of all services.
    pub actions: Vec<KnownAction>,
    /// The condition keys of all requests.
    pub keys: Vec<KnownKey>,
}

/// An action of a service.
#[derive(Debug, Clone)]
pub struct KnownAction {
    /// Its name, such as `s3:GetObject`.
    pub name: String,
    /// On which resources it is asked for; empty where that is not known.
    pub resources: Vec<ResourceForm>,
    /// The keys of requests for it besides the global ones, named as in [`KnownKey::name`]; none where that is not
    /// known.
    pub keys: Option<Vec<String>>,
}

/// Names of resources.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ResourceForm {
    /// This very name.
    Exact(String),
    /// All names of a shape: `*` stands for any text, `{…}` for any text without `/` and `:`, as in
    /// `arn:aws:s3:::{bucket}/*`.
    Shape(String),
}

/// A condition key.
#[derive(Debug, Clone)]
pub struct KnownKey {
    /// Its name; a name that ends in `/` stands for all keys that begin so, such as `aws:PrincipalTag/`.
    pub name: String,
    /// What its values are.
    pub values: KeyType,
    /// Whether it holds a list.
    pub multivalued: bool,
    /// Whether requests for every action may have it.
    pub global: bool,
}

/// What the values of a key are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// Texts.
    Text,
    /// Numbers.
    Number,
    /// Points in time.
    Date,
    /// Seconds since 1970: a number and a point in time.
    Epoch,
    /// `true` or `false`.
    Truth,
    /// An IP address.
    Address,
    /// An ARN.
    Arn,
    /// Bytes in base64.
    Binary,
}

impl Catalogue {
    /// Whether a service, in lower case, has actions here.
    pub(super) fn has_service(&self, service: &str) -> bool {
        self.actions
            .iter()
            .any(|action| action.name.split_once(':').is_some_and(|(vendor, _)| vendor.eq_ignore_ascii_case(service)))
    }

    /// The actions that a pattern, in lower case, matches.
    pub(super) fn matching<'c>(&'c self, pattern: &str) -> Vec<&'c KnownAction> {
        let pattern = if pattern == "*:*" { "*" } else { pattern };
        let glob = Glob::parse(pattern);
        self.actions.iter().filter(|action| glob.matches(action.name.to_ascii_lowercase().as_bytes())).collect()
    }

    /// The key of that name.
    pub(super) fn key(&self, name: &str) -> Option<&KnownKey> {
        self.keys.iter().find(|known| {
            if known.name.ends_with('/') {
                let start = name.get(..known.name.len());
                name.len() > known.name.len() && start.is_some_and(|start| start.eq_ignore_ascii_case(&known.name))
            } else {
                known.name.eq_ignore_ascii_case(name)
            }
        })
    }
}

impl KnownAction {
    /// Whether requests for it may have the key; unknown counts as yes.
    pub(super) fn may_have(&self, key: &KnownKey) -> bool {
        let listed = |keys: &Vec<String>| keys.iter().any(|name| name.eq_ignore_ascii_case(&key.name));
        key.global || self.keys.as_ref().is_none_or(listed)
    }
}
