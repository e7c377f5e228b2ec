//! GetAccountSummary: the account's counts, and the quotas that are kept.

use crate::entity::{Group, ManagedPolicy, OidcProvider, Role, User, quota};
use crate::iam::Error;
use crate::iam::nouns::Entity;
use crate::iam::target::Call;
use crate::store::{Scope, Versioned};

/// How many records are read at a time.
const BATCH: usize = 200;

/// Reads all the account's entities.
pub(super) async fn of(call: &Call<'_>) -> Result<Vec<(&'static str, usize)>, Error> {
    let (mut root_keys, mut versions) = (0, 0);
    let users = count(call, |user: &User| {
        root_keys += if user.account_root { user.access_keys.len() } else { 0 };
        !user.account_root
    });
    let users = users.await?;
    let groups = count(call, |_: &Group| true).await?;
    let roles = count(call, |_: &Role| true).await?;
    let policies = count(call, |policy: &ManagedPolicy| {
        versions += policy.versions.len();
        true
    });
    let policies = policies.await?;
    let providers = count(call, |_: &OidcProvider| true).await?;
    Ok(vec![
        ("AccessKeysPerUserQuota", quota::ACCESS_KEYS),
        ("AccountAccessKeysPresent", usize::from(root_keys > 0)),
        ("AccountMFAEnabled", 0),
        ("AccountPasswordPresent", 0),
        ("AccountSigningCertificatesPresent", 0),
        ("AssumeRolePolicySizeQuota", quota::TRUST_POLICY),
        ("AttachedPoliciesPerGroupQuota", quota::ATTACHED_POLICIES),
        ("AttachedPoliciesPerRoleQuota", quota::ATTACHED_POLICIES),
        ("AttachedPoliciesPerUserQuota", quota::ATTACHED_POLICIES),
        ("GroupPolicySizeQuota", quota::GROUP_POLICIES),
        ("Groups", groups),
        ("GroupsPerUserQuota", quota::GROUPS_OF_USER),
        ("GroupsQuota", quota::GROUPS),
        ("InstanceProfiles", 0),
        ("MFADevices", 0),
        ("MFADevicesInUse", 0),
        ("Policies", policies),
        ("PoliciesQuota", quota::POLICIES),
        ("PolicySizeQuota", quota::MANAGED_POLICY),
        ("PolicyVersionsInUse", versions),
        // AWS counts SAML providers too, of which there are none.
        ("Providers", providers),
        ("RolePolicySizeQuota", quota::ROLE_POLICIES),
        ("Roles", roles),
        ("RolesQuota", quota::ROLES),
        ("ServerCertificates", 0),
        ("UserPolicySizeQuota", quota::USER_POLICIES),
        ("Users", users),
        ("UsersQuota", quota::USERS),
        ("VersionsPerPolicyQuota", quota::POLICY_VERSIONS),
    ])
}

/// How many entities of the kind `counts` takes.
async fn count<E: Entity>(call: &Call<'_>, mut counts: impl FnMut(&E) -> bool) -> Result<usize, Error> {
    let scope = Scope::Account(call.account().clone());
    let (mut after, mut number) = (None, 0);
    loop {
        let batch: Vec<Versioned<E>> = call.scene.records.list(&scope, after.as_deref(), BATCH).await?;
        number += batch.iter().filter(|entity| counts(&entity.value)).count();
        if batch.len() < BATCH {
            return Ok(number);
        }
        after = batch.last().map(|entity| entity.value.record_key().name);
    }
}
