//! Tags of any entity: setting, removing, listing.

use super::answer::Body;
use super::nouns::Tagged;
use super::target::Call;
use super::{Error, Page};
use crate::entity::{Tag, quota, same_tag_key};

/// Sets tags. A key that is there in another case keeps its place and takes the new spelling.
pub(super) async fn set<E: Tagged>(call: &Call<'_>, name: &str, tags: &[Tag]) -> Result<Body, Error> {
    let change = |entity: &mut E| {
        let kept = entity.tags_mut();
        for tag in tags {
            match kept.iter_mut().find(|known| same_tag_key(&known.key, &tag.key)) {
                Some(known) => known.clone_from(tag),
                None => kept.push(tag.clone()),
            }
        }
        if kept.len() > quota::TAGS { Err(Error::TagsQuota) } else { Ok(()) }
    };
    call.change(name, change).await?;
    Ok(Body::Empty)
}

/// Removes tags. Keys that are not there are no error.
pub(super) async fn unset<E: Tagged>(call: &Call<'_>, name: &str, keys: &[String]) -> Result<Body, Error> {
    let change = |entity: &mut E| {
        entity.tags_mut().retain(|tag| !keys.iter().any(|key| same_tag_key(&tag.key, key)));
        Ok(())
    };
    call.change(name, change).await?;
    Ok(Body::Empty)
}

/// The tags in the order in which they were set.
pub(super) async fn list<E: Tagged>(call: &Call<'_>, name: &str, page: &Page) -> Result<Body, Error> {
    let entity = call.entity::<E>(name).await?.value;
    let (tags, marker) = page.by_place(entity.tags())?;
    Ok(Body::Tags { tags, marker })
}
