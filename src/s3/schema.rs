//! Strictness for bodies that decide (rule 8): only known elements, none twice, no stray text, no
//! attributes, and only text that survives being written again.

use super::error::{Error, Shown};
use crate::wire::xml::{Element, XmlLimits, parse};

/// S3's namespace.
pub(crate) const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// Parses a body whose root must be `name`, in S3's namespace or in none.
pub(crate) fn root(body: &[u8], name: &'static str, limits: XmlLimits) -> Result<Element, Error> {
    let root = parse(body, limits)?;
    if root.name != name || root.namespace.as_deref().is_some_and(|namespace| namespace != NAMESPACE) {
        return Err(Error::UnexpectedElement(Shown::new(root.name.as_bytes())));
    }
    container(&root)?;
    Ok(root)
}

/// An element that holds elements only.
pub(crate) fn container(element: &Element) -> Result<(), Error> {
    if element.attributes.is_empty() && element.text.trim().is_empty() {
        Ok(())
    } else {
        Err(Error::UnexpectedElement(Shown::new(element.name.as_bytes())))
    }
}

/// A container whose children have only these names.
pub(crate) fn only(element: &Element, names: &[&str]) -> Result<(), Error> {
    container(element)?;
    match element.children.iter().find(|child| !names.contains(&child.name.as_str())) {
        Some(child) => Err(Error::UnexpectedElement(Shown::new(child.name.as_bytes()))),
        None => Ok(()),
    }
}

/// The one child of that name, if any.
pub(crate) fn child<'a>(element: &'a Element, name: &str) -> Result<Option<&'a Element>, Error> {
    let mut found = element.children.iter().filter(|child| child.name == name);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Error::RepeatedElement(Shown::new(name.as_bytes()))),
        (child, None) => Ok(child),
    }
}

/// The one child of that name, if any, which holds text only.
pub(crate) fn leaf<'a>(element: &'a Element, name: &str) -> Result<Option<&'a Element>, Error> {
    let leaf = child(element, name)?;
    match leaf {
        Some(leaf) if !leaf.children.is_empty() || !leaf.attributes.is_empty() => {
            Err(Error::UnexpectedElement(Shown::new(name.as_bytes())))
        }
        leaf => Ok(leaf),
    }
}

/// The text of a leaf. Characters that XML 1.0 cannot hold would be written as others, so they are refused.
pub(crate) fn text<'a>(leaf: &'a Element, name: &'static str) -> Result<&'a str, Error> {
    let lost =
        |c: char| matches!(c, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    if leaf.text.contains(lost) { Err(Error::ElementValue(name)) } else { Ok(&leaf.text) }
}

/// [`leaf`] and [`text`] in one; an empty element is as none.
pub(crate) fn filled(element: &Element, name: &'static str) -> Result<Option<String>, Error> {
    match leaf(element, name)? {
        Some(leaf) => Ok(Some(text(leaf, name)?.to_owned()).filter(|text| !text.is_empty())),
        None => Ok(None),
    }
}
