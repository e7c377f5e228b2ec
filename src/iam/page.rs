//! Marker and MaxItems of listings.

use super::Error;
use crate::entity::{NameError, number, policy_name};
use crate::wire::aws_query::Parameters;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Which part of a listing is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Only names after this one: the last of the page before.
    pub after: Option<String>,
    /// Most items of an answer.
    pub max_items: usize,
}

impl Default for Page {
    /// The first hundred.
    fn default() -> Self {
        Self { after: None, max_items: 100 }
    }
}

impl Page {
    /// This page of items that are in the order of their names, and where the next one begins.
    pub(super) fn by_name<T>(&self, items: Vec<T>, name: impl Fn(&T) -> &str) -> (Vec<T>, Option<String>) {
        let after = self.after.as_deref();
        let mut rest = items.into_iter().skip_while(|item| after.is_some_and(|after| name(item) <= after));
        let found: Vec<T> = rest.by_ref().take(self.max_items).collect();
        let marker = rest.next().and(found.last()).map(|last| marker(name(last)));
        (found, marker)
    }

    /// This page of a short list without names of its own; its markers are places in the list.
    pub(super) fn by_place<T: Clone>(&self, items: &[T]) -> Result<(Vec<T>, Option<String>), Error> {
        let from: usize = self.after.as_deref().map_or(Ok(0), str::parse).map_err(|_| Error::InvalidMarker)?;
        let found: Vec<T> = items.iter().skip(from).take(self.max_items).cloned().collect();
        let next = from.saturating_add(found.len());
        let marker = (!found.is_empty() && next < items.len()).then(|| marker(&next.to_string()));
        Ok((found, marker))
    }

    pub(super) fn parse(parameters: &Parameters) -> Result<Self, Error> {
        let max_items = number("maxItems", parameters.get("MaxItems"), 1, 1000)?.unwrap_or(100);
        let after = parameters.get("Marker").map(read_marker).transpose()?;
        // At most 1000, so it fits.
        Ok(Self { after, max_items: usize::try_from(max_items).unwrap_or(100) })
    }
}

/// The marker after an item: opaque to clients, its name within.
pub(super) fn marker(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(name)
}

fn read_marker(text: &str) -> Result<String, Error> {
    if text.is_empty() {
        return Err(NameError::TooShort { field: "marker", min: 1 }.into());
    }
    if text.chars().count() > 320 {
        return Err(NameError::TooLong { field: "marker", max: 320 }.into());
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::InvalidMarker)?;
    let name = String::from_utf8(bytes).map_err(|_| Error::InvalidMarker)?;
    // The names of all that is listed keep to the rules of policy names too. Where several kinds of things are listed,
    // the kind and a `/` stand before the name.
    let bare = name.split_once('/').map_or(name.as_str(), |(_, bare)| bare);
    policy_name(bare).map_err(|_| Error::InvalidMarker)?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(pairs: &[(&str, &str)]) -> Result<Page, Error> {
        Page::parse(&Parameters::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn markers_round_trip_and_foreign_ones_are_refused() {
        let longest = "p".repeat(128);
        for name in ["a", "A+=,.@-_9", "group/a", longest.as_str()] {
            assert!(marker(name).len() <= 320);
            assert_eq!(page(&[("Marker", &marker(name))]).unwrap().after.as_deref(), Some(name));
        }
        for bad in
            ["!", "a", &marker("a/b/c"), &marker("a/"), &marker(""), &format!("{}=", marker("ab")), &"A".repeat(321)]
        {
            assert_eq!(page(&[("Marker", bad)]).unwrap_err().code(), "ValidationError", "{bad}");
        }
    }

    #[test]
    fn max_items_is_1_to_1000_and_100_by_default() {
        assert_eq!(page(&[]).unwrap(), Page::default());
        assert_eq!(page(&[("MaxItems", "1000")]).unwrap().max_items, 1000);
        for bad in ["0", "1001", "-1", "x", ""] {
            assert_eq!(page(&[("MaxItems", bad)]).unwrap_err().code(), "ValidationError", "{bad}");
        }
    }
}
