//! Trust policies: parsed, and their principals bound to unique ids before they are stored (security rule 14).

use super::{Error, Scene};
use crate::entity::{Role, StoredPolicy, User, quota};
use crate::policy::{Bindings, ParseOptions, Policy, PolicyKind};
use crate::store::{RecordKey, Records};
use crate::types::{AccountId, Arn, UniqueId};

/// The document with its bindings, ready to be stored.
pub(super) async fn checked(document: &str, scene: &Scene<'_>) -> Result<StoredPolicy, Error> {
    if document.chars().count() > quota::TRUST_POLICY {
        return Err(Error::Quota { name: "ACLSizePerRole", limit: quota::TRUST_POLICY });
    }
    let unbound = Bindings::new();
    let options = ParseOptions { kind: PolicyKind::Trust, default_account: scene.default_account, bindings: &unbound };
    let policy = Policy::parse(document, &options).map_err(Error::MalformedPolicyDocument)?;
    let bindings = bind(policy.principal_arns(), scene).await?;
    Ok(StoredPolicy { document: document.to_owned(), bindings })
}

/// The unique ids of the principals that exist. Those that do not are matched by name until the policy is
/// stored again.
async fn bind(arns: impl Iterator<Item = &str>, scene: &Scene<'_>) -> Result<Bindings, Error> {
    let mut bindings = Bindings::new();
    for arn in arns {
        if let Some(id) = resolve(arn, scene.default_account, scene.records).await? {
            bindings.bind(arn, id);
        }
    }
    Ok(bindings)
}

/// The unique id of the user or role that the ARN names, or of the role behind the session that it names.
/// Names are found without regard to case but compared with it, as principals match exactly.
async fn resolve(text: &str, default_account: &AccountId, records: &Records) -> Result<Option<UniqueId>, Error> {
    let Ok(arn) = Arn::parse(text) else { return Ok(None) };
    let Ok(written) = AccountId::parse(&arn.account) else { return Ok(None) };
    let account = if written.is_empty() { default_account.clone() } else { written };
    match (arn.service.as_str(), arn.resource.split_once('/')) {
        ("iam", Some(("user", full_name))) => {
            let found = records.get::<User>(&RecordKey::user(&account, last(full_name))).await?;
            Ok(found.map(|found| found.value).filter(|user| names(&user.path, &user.name, full_name)).map(|u| u.id))
        }
        ("iam", Some(("role", full_name))) => {
            let found = records.get::<Role>(&RecordKey::role(&account, last(full_name))).await?;
            Ok(found.map(|found| found.value).filter(|role| names(&role.path, &role.name, full_name)).map(|r| r.id))
        }
        ("sts", Some(("assumed-role", session))) => {
            let role_name = session.split('/').next().unwrap_or_default();
            let found = records.get::<Role>(&RecordKey::role(&account, role_name)).await?;
            Ok(found.map(|found| found.value).filter(|role| role.name == role_name).map(|role| role.id))
        }
        _ => Ok(None),
    }
}

/// The name at the end of `path/name`.
fn last(full_name: &str) -> &str {
    full_name.rsplit('/').next().unwrap_or_default()
}

/// Whether `path` (`/…/`) and `name` together are `full_name`, which lacks the path's first `/`.
fn names(path: &str, name: &str, full_name: &str) -> bool {
    path.strip_prefix('/').and_then(|path| full_name.strip_prefix(path)) == Some(name)
}
