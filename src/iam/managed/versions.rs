//! Versions of managed policies.

use super::entity::{Found, change, checked, find};
use super::{Answer, Version};
use crate::entity::{ManagedPolicy, PolicyVersion, quota};
use crate::iam::answer::Body;
use crate::iam::target::Call;
use crate::iam::{Error, Page, PolicyArn};

/// A version that becomes the default counts at the next request.
pub(super) async fn create(
    call: &Call<'_>,
    policy: &PolicyArn,
    document: &str,
    set_as_default: bool,
) -> Result<Body, Error> {
    let stored = checked(call, document)?;
    let now = call.scene.now.millis();
    let made = change(call, policy, |policy| {
        if policy.versions.len() >= quota::POLICY_VERSIONS {
            return Err(Error::VersionsQuota);
        }
        let number = policy.next_version;
        policy.next_version = number.checked_add(1).ok_or(Error::VersionsQuota)?;
        policy.versions.push(PolicyVersion { number, policy: stored.clone(), created: now });
        policy.updated = now;
        if set_as_default {
            policy.default_version = number;
        }
        Ok(Version { number, is_default: set_as_default, created: now, document: None })
    });
    Ok(Body::Managed(Answer::Version(made.await?)))
}

pub(super) async fn get(call: &Call<'_>, policy: &PolicyArn, number: u32) -> Result<Body, Error> {
    let found = all(call, policy).await?.into_iter().find(|version| version.number == number);
    Ok(Body::Managed(Answer::Version(found.ok_or_else(|| missing(policy, number))?)))
}

pub(super) async fn list(call: &Call<'_>, policy: &PolicyArn, page: &Page) -> Result<Body, Error> {
    let mut versions = all(call, policy).await?;
    versions.reverse();
    for version in &mut versions {
        version.document = None;
    }
    let (versions, marker) = page.by_place(&versions)?;
    Ok(Body::Managed(Answer::Versions { versions, marker }))
}

pub(super) async fn set_default(call: &Call<'_>, policy: &PolicyArn, number: u32) -> Result<Body, Error> {
    let now = call.scene.now.millis();
    change(call, policy, |found| {
        existing(found, policy, number)?;
        found.default_version = number;
        found.updated = now;
        Ok(())
    })
    .await?;
    Ok(Body::Empty)
}

pub(super) async fn delete(call: &Call<'_>, policy: &PolicyArn, number: u32) -> Result<Body, Error> {
    change(call, policy, |found| {
        existing(found, policy, number)?;
        if found.default_version == number {
            return Err(Error::DefaultVersion);
        }
        found.versions.retain(|version| version.number != number);
        Ok(())
    })
    .await?;
    Ok(Body::Empty)
}

fn existing(found: &ManagedPolicy, policy: &PolicyArn, number: u32) -> Result<(), Error> {
    found.version(number).map(|_| ()).ok_or_else(|| missing(policy, number))
}

fn missing(policy: &PolicyArn, version: u32) -> Error {
    Error::NoSuchVersion { policy: policy.as_str().to_owned(), version }
}

/// All versions, the oldest first, with their documents.
async fn all(call: &Call<'_>, policy: &PolicyArn) -> Result<Vec<Version>, Error> {
    Ok(match find(call, policy).await? {
        Found::Aws(found) => vec![Version {
            number: found.version,
            is_default: true,
            created: found.updated().millis(),
            document: Some(found.document.to_owned()),
        }],
        Found::Own(found) => {
            let default = found.value.default_version;
            let versions = found.value.versions.iter().map(|version| Version {
                number: version.number,
                is_default: version.number == default,
                created: version.created,
                document: Some(version.policy.document.clone()),
            });
            versions.collect()
        }
    })
}
