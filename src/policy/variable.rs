//! Policy variables: texts with `${key}`, `${key, 'default'}`, `${*}`, `${?}`, `${$}`.
//!
//! Only documents of version 2012-10-17 have variables; in others `${…}` is text. What a variable puts in is
//! always literal, so that a tag with the value `*` never becomes a wildcard. A variable without value and
//! without default makes its entry match nothing. Source: "IAM policy elements: Variables and tags".

use super::error::Fault;
use crate::types::{Context, ContextValues, Glob, GlobToken};
use std::borrow::Cow;

/// Reads the request context for conditions and variables and notes the keys that are absent.
pub(super) struct Lookup<'r, 'p> {
    context: &'r Context,
    missing: Vec<&'p str>,
    met_absence: bool,
}

impl<'r, 'p> Lookup<'r, 'p> {
    pub(super) fn new(context: &'r Context) -> Self {
        Self { context, missing: Vec::new(), met_absence: false }
    }

    /// The values of `key`; its absence is noted.
    pub(super) fn get(&mut self, key: &'p str) -> Option<&'r ContextValues> {
        let values = self.context.get(key);
        if values.is_none() {
            self.met_absence = true;
            if !self.missing.iter().any(|known| known.eq_ignore_ascii_case(key)) {
                self.missing.push(key);
            }
        }
        values
    }

    /// Whether a key was absent since this was last asked.
    pub(super) fn take_met_absence(&mut self) -> bool {
        std::mem::take(&mut self.met_absence)
    }

    /// How many absent keys are noted; for [`Lookup::forget_after`].
    pub(super) fn mark(&self) -> usize {
        self.missing.len()
    }

    /// Drops the notes made after `mark`: the statement that made them cannot apply whatever those keys hold.
    pub(super) fn forget_after(&mut self, mark: usize) {
        self.missing.truncate(mark);
    }

    pub(super) fn into_missing(self) -> Vec<&'p str> {
        self.missing
    }
}

/// What an element's text may hold.
#[derive(Clone, Copy)]
pub(super) struct Syntax {
    /// `${…}` is a variable (version 2012-10-17).
    pub(super) variables: bool,
    /// `*` and `?` are wildcards.
    pub(super) wildcards: bool,
}

/// A text of the policy, compiled: fixed, or with variables to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    Fixed(Glob),
    Variable(Box<[Piece]>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(Box<[u8]>),
    One,
    Any,
    Variable { key: Box<str>, default: Option<Box<[u8]>> },
}

impl Pattern {
    /// Compiles `text`.
    pub(super) fn parse(text: &str, syntax: Syntax) -> Result<Self, Fault> {
        Ok(Self::from_pieces(parse_pieces(text, syntax)?))
    }

    pub(super) fn from_pieces(pieces: Vec<Piece>) -> Self {
        if pieces.iter().any(|piece| matches!(piece, Piece::Variable { .. })) {
            return Self::Variable(pieces.into());
        }
        let tokens = pieces.into_iter().filter_map(|piece| match piece {
            Piece::Literal(bytes) => Some(GlobToken::Literal(bytes)),
            Piece::One => Some(GlobToken::One),
            Piece::Any => Some(GlobToken::Any),
            Piece::Variable { .. } => None,
        });
        Self::Fixed(Glob::from_tokens(tokens.collect()))
    }

    /// Whether the whole of `text` matches, with the variables' values put in literally.
    pub(super) fn matches<'p>(&'p self, text: &[u8], lookup: &mut Lookup<'_, 'p>) -> bool {
        match self {
            Self::Fixed(glob) => glob.matches(text),
            Self::Variable(pieces) => fill(pieces, lookup).is_some_and(|glob| glob.matches(text)),
        }
    }

    /// The text of a pattern without wildcards; none if a variable has no value.
    pub(super) fn text<'p>(&'p self, lookup: &mut Lookup<'_, 'p>) -> Option<Cow<'p, [u8]>> {
        let filled;
        let glob = match self {
            Self::Fixed(glob) => match glob.tokens() {
                [GlobToken::Literal(bytes)] => return Some(Cow::Borrowed(bytes)),
                _ => glob,
            },
            Self::Variable(pieces) => {
                filled = fill(pieces, lookup)?;
                &filled
            }
        };
        let mut text = Vec::new();
        for token in glob.tokens() {
            if let GlobToken::Literal(bytes) = token {
                text.extend_from_slice(bytes);
            }
        }
        Some(Cow::Owned(text))
    }

    /// The keys of its variables, as spelled.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let pieces: &[Piece] = match self {
            Self::Fixed(_) => &[],
            Self::Variable(pieces) => pieces,
        };
        pieces.iter().filter_map(|piece| match piece {
            Piece::Variable { key, .. } => Some(key.as_ref()),
            Piece::Literal(_) | Piece::One | Piece::Any => None,
        })
    }

    /// The bytes with which every match begins, and whether they are the whole pattern.
    pub(super) fn literal_prefix(&self) -> (&[u8], bool) {
        match self {
            Self::Fixed(glob) => (glob.literal_prefix(), glob.tokens().len() == 1 && glob.is_literal()),
            Self::Variable(pieces) => match pieces.first() {
                Some(Piece::Literal(bytes)) => (bytes, false),
                _ => (&[], false),
            },
        }
    }
}

fn fill<'p>(pieces: &'p [Piece], lookup: &mut Lookup<'_, 'p>) -> Option<Glob> {
    let mut tokens = Vec::with_capacity(pieces.len());
    let mut complete = true;
    for piece in pieces {
        tokens.push(match piece {
            Piece::Literal(bytes) => GlobToken::Literal(bytes.clone()),
            Piece::One => GlobToken::One,
            Piece::Any => GlobToken::Any,
            Piece::Variable { key, default } => {
                // A multi-valued key cannot be read by a variable, so it counts as without value.
                let value = lookup.get(key).and_then(ContextValues::single).or(default.as_deref());
                complete &= value.is_some();
                GlobToken::Literal(value.unwrap_or_default().into())
            }
        });
    }
    complete.then(|| Glob::from_tokens(tokens))
}

/// Splits `text` into literals, wildcards and variables.
pub(super) fn parse_pieces(text: &str, syntax: Syntax) -> Result<Vec<Piece>, Fault> {
    let mut pieces = Vec::new();
    let mut literal = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if syntax.variables
            && let Some(inside) = rest.strip_prefix("${")
        {
            let (variable, after) = parse_variable(inside).ok_or_else(|| Fault::BadVariable(shorten(text)))?;
            match variable {
                Inside::Character(plain) => literal.push(plain),
                Inside::Variable { key, default } => {
                    flush(&mut literal, &mut pieces);
                    pieces.push(Piece::Variable { key, default });
                }
            }
            rest = after;
            continue;
        }
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        match character {
            '*' | '?' if syntax.wildcards => {
                flush(&mut literal, &mut pieces);
                pieces.push(if character == '*' { Piece::Any } else { Piece::One });
            }
            other => literal.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    flush(&mut literal, &mut pieces);
    Ok(pieces)
}

fn flush(literal: &mut Vec<u8>, pieces: &mut Vec<Piece>) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal).into()));
    }
}

enum Inside {
    Character(u8),
    Variable { key: Box<str>, default: Option<Box<[u8]>> },
}

/// Parses what follows `${`, up to and with the closing brace.
fn parse_variable(inside: &str) -> Option<(Inside, &str)> {
    for (plain, byte) in [("*}", b'*'), ("?}", b'?'), ("$}", b'$')] {
        if let Some(after) = inside.strip_prefix(plain) {
            return Some((Inside::Character(byte), after));
        }
    }
    let end = inside.find(['}', ','])?;
    let (key, tail) = inside.split_at_checked(end)?;
    if !is_key(key) {
        return None;
    }
    if let Some(after) = tail.strip_prefix('}') {
        return Some((Inside::Variable { key: key.into(), default: None }, after));
    }
    let quoted = tail.strip_prefix(',')?.trim_start_matches(' ').strip_prefix('\'')?;
    let (default, after) = quoted.split_once('\'')?;
    let after = after.strip_prefix('}')?;
    Some((Inside::Variable { key: key.into(), default: Some(default.as_bytes().into()) }, after))
}

/// A condition key: a vendor prefix, a colon, a name. Tag keys may hold nearly anything, inner spaces too.
pub(super) fn is_key(key: &str) -> bool {
    let named = key.split_once(':').is_some_and(|(vendor, name)| !vendor.is_empty() && !name.is_empty());
    named && key.trim() == key && !key.contains(['$', '{', '}', '*', '?'])
}

/// At most 256 characters of a text, for messages.
pub(super) fn shorten(text: &str) -> String {
    text.chars().take(256).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Syntax = Syntax { variables: true, wildcards: true };

    fn matches(pattern: &str, syntax: Syntax, text: &str, context: &Context) -> bool {
        Pattern::parse(pattern, syntax).unwrap().matches(text.as_bytes(), &mut Lookup::new(context))
    }

    #[test]
    fn variables_are_filled_in_literally() {
        let mut context = Context::new();
        context.set("aws:username", "a*b");
        context.set_many("aws:TagKeys", vec![b"x".to_vec()]);
        for (pattern, text, wanted) in [
            ("home/${aws:username}/*", "home/a*b/x", true),
            ("home/${AWS:UserName}/*", "home/a*b/x", true),
            ("home/${aws:username}/*", "home/axb/x", false),
            ("${aws:userid}", "", false),
            ("${aws:userid, 'zz'}", "zz", true),
            ("${aws:userid,'z*'}", "zz", false),
            ("${aws:userid,'z*'}", "z*", true),
            ("${aws:username, 'zz'}", "zz", false),
            ("${aws:TagKeys}", "x", false),
            ("${aws:TagKeys, 'd'}", "d", true),
            ("a${*}${?}${$}{b}", "a*?${b}", true),
            ("a${*}", "ab", false),
            ("$a{b}$", "$a{b}$", true),
        ] {
            assert_eq!(matches(pattern, NEW, text, &context), wanted, "{pattern} on {text}");
        }
    }

    #[test]
    fn old_documents_have_no_variables() {
        let mut context = Context::new();
        context.set("aws:username", "bob");
        let old = Syntax { variables: false, wildcards: true };
        assert!(!matches("${aws:username}", old, "bob", &context));
        assert!(matches("${aws:username}", old, "${aws:username}", &context));
        assert!(matches("${*}", old, "${anything}", &context));
    }

    #[test]
    fn malformed_variables_are_refused() {
        for bad in [
            "${",
            "${}",
            "${aws:username",
            "${username}",
            "${aws:}",
            "${:x}",
            "${ aws:username}",
            "${aws:username }",
            "${aws:a, b}",
            "${aws:a, 'b}",
            "${aws:a, 'b'",
            "${aws:a,}",
            "${aws:a${aws:b}}",
            "${aws:*}",
            "${**}",
        ] {
            assert!(matches!(Pattern::parse(bad, NEW), Err(Fault::BadVariable(_))), "{bad}");
        }
    }

    #[test]
    fn missing_keys_are_noted_once_even_with_a_default() {
        let context = Context::new();
        let pattern = Pattern::parse("${aws:a}${aws:b, 'x'}${AWS:A}", NEW).unwrap();
        let mut lookup = Lookup::new(&context);
        assert!(!pattern.matches(b"x", &mut lookup));
        assert_eq!(lookup.into_missing(), ["aws:a", "aws:b"]);
    }
}
