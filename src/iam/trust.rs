//! Trust policies: parsed, and their principals bound to unique ids before they are stored (security rule 14).

use super::{Error, Scene};
use crate::entity::{Role, StoredPolicy, User, quota};
use crate::policy::{Bindings, ParseOptions, Policy, PolicyKind};
use crate::store::{self, RecordKey, Records};
use crate::types::{AccountId, Arn, UniqueId};

/// The document with its bindings, ready to be stored.
pub(super) async fn checked(document: &str, scene: &Scene<'_>) -> Result<StoredPolicy, Error> {
    if document.chars().count() > quota::TRUST_POLICY {
        return Err(Error::Quota { name: "ACLSizePerRole", limit: quota::TRUST_POLICY });
    }
    let unbound = Bindings::new();
    let options = ParseOptions { kind: PolicyKind::Trust, default_account: scene.default_account, bindings: &unbound };
    let policy = Policy::parse(document, &options).map_err(Error::MalformedPolicyDocument)?;
    let bindings = bind(policy.principal_arns(), scene.default_account, scene.records).await?;
    Ok(StoredPolicy { document: document.to_owned(), bindings })
}

/// The unique ids of the principals that exist (security rule 14). Those that do not are matched by name until the
/// policy is stored again.
pub async fn bind(
    arns: impl Iterator<Item = &str>,
    default_account: &AccountId,
    records: &Records,
) -> Result<Bindings, store::Error> {
    let mut bindings = Bindings::new();
    for arn in arns {
        if let Some(id) = resolve(arn, default_account, records).await? {
            bindings.bind(arn, id);
        }
    }
    Ok(bindings)
}

/// The user or role that a principal's ARN names, in an account, as it may be looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The account, the default one where the ARN names none.
    pub account: AccountId,
    /// Whether it is a user or a role.
    pub kind: SubjectKind,
    /// The name without its path.
    pub name: String,
    /// What the ARN has: the name with its path, or of a session the role's name alone.
    written: String,
}

/// What a principal's ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A user.
    User,
    /// A role.
    Role,
    /// The role behind a session.
    Session,
}

impl Subject {
    /// The subject of this ARN; none for accounts, services and the like.
    pub fn of(text: &str, default_account: &AccountId) -> Option<Self> {
        let arn = Arn::parse(text).ok()?;
        let written = AccountId::parse(&arn.account).ok()?;
        let account = if written.is_empty() { default_account.clone() } else { written };
        let (kind, written) = match (arn.service.as_str(), arn.resource.split_once('/')?) {
            ("iam", ("user", full_name)) => (SubjectKind::User, full_name),
            ("iam", ("role", full_name)) => (SubjectKind::Role, full_name),
            ("sts", ("assumed-role", session)) => (SubjectKind::Session, session.split('/').next().unwrap_or_default()),
            _ => return None,
        };
        let name = written.rsplit('/').next().unwrap_or_default().to_owned();
        Some(Self { account, kind, name, written: written.to_owned() })
    }

    /// Whether this is the user or role of that path (`/…/`) and name. Names are found without regard to case but
    /// compared with it, as principals match exactly.
    pub fn is(&self, path: &str, name: &str) -> bool {
        match self.kind {
            SubjectKind::Session => self.written == name,
            SubjectKind::User | SubjectKind::Role => {
                path.strip_prefix('/').and_then(|path| self.written.strip_prefix(path)) == Some(name)
            }
        }
    }
}

/// The unique id of the user or role that the ARN names, or of the role behind the session that it names.
async fn resolve(text: &str, default_account: &AccountId, records: &Records) -> Result<Option<UniqueId>, store::Error> {
    let Some(subject) = Subject::of(text, default_account) else { return Ok(None) };
    Ok(match subject.kind {
        SubjectKind::User => {
            let found = records.get::<User>(&RecordKey::user(&subject.account, &subject.name)).await?;
            found.map(|found| found.value).filter(|user| subject.is(&user.path, &user.name)).map(|user| user.id)
        }
        SubjectKind::Role | SubjectKind::Session => {
            let found = records.get::<Role>(&RecordKey::role(&subject.account, &subject.name)).await?;
            found.map(|found| found.value).filter(|role| subject.is(&role.path, &role.name)).map(|role| role.id)
        }
    })
}
