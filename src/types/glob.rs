//! The one wildcard matcher: `*` is any run of characters, `?` exactly one character.
//!
//! Patterns come as tokens so that text put in by a policy variable is always literal. Text is bytes;
//! `?` takes one UTF-8 character, or one byte where the bytes are not UTF-8. Matching goes back only to
//! the last `*`, so its cost is bounded by pattern times text and never exponential.

/// One piece of a pattern.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub enum GlobToken {
    /// These bytes, exactly.
    Literal(Box<[u8]>),
    /// `?`
    One,
    /// `*`
    Any,
}

/// A compiled pattern.
#[derive(Clone, PartialEq, Eq, Debug, Hash)]
pub struct Glob {
    tokens: Box<[GlobToken]>,
}

impl Glob {
    /// Compiles a pattern text in which `*` and `?` are wildcards and all else is literal.
    pub fn parse(pattern: &str) -> Self {
        let mut tokens = Vec::new();
        let mut literal = Vec::new();
        for byte in pattern.bytes() {
            match byte {
                b'*' | b'?' => {
                    flush(&mut literal, &mut tokens);
                    tokens.push(if byte == b'*' { GlobToken::Any } else { GlobToken::One });
                }
                other => literal.push(other),
            }
        }
        flush(&mut literal, &mut tokens);
        Self::from_tokens(tokens)
    }

    /// A pattern from tokens, as variable substitution makes them. Runs of `*` are folded into one.
    pub fn from_tokens(mut tokens: Vec<GlobToken>) -> Self {
        tokens.dedup_by(|next, previous| *next == GlobToken::Any && *previous == GlobToken::Any);
        Self { tokens: tokens.into() }
    }

    /// The tokens, for substitution and for printing.
    pub fn tokens(&self) -> &[GlobToken] {
        &self.tokens
    }

    /// The literal bytes before the first wildcard.
    pub fn literal_prefix(&self) -> &[u8] {
        match self.tokens.first() {
            Some(GlobToken::Literal(bytes)) => bytes,
            _ => &[],
        }
    }

    /// Whether the pattern has no wildcard at all.
    pub fn is_literal(&self) -> bool {
        self.tokens.iter().all(|token| matches!(token, GlobToken::Literal(_)))
    }

    /// Whether the whole `text` matches.
    pub fn matches(&self, text: &[u8]) -> bool {
        let mut rest = text;
        let mut tokens = self.tokens.iter();
        // Where to go on when a token fails: the tokens after the last `*`, and the text it has not yet taken.
        let mut retry: Option<(std::slice::Iter<'_, GlobToken>, &[u8])> = None;
        loop {
            let advanced = match tokens.next() {
                Some(GlobToken::Any) => {
                    if tokens.as_slice().is_empty() {
                        return true;
                    }
                    retry = Some((tokens.clone(), rest));
                    Some(rest)
                }
                Some(GlobToken::Literal(bytes)) => rest.strip_prefix(bytes.as_ref()),
                Some(GlobToken::One) => skip_one(rest),
                None if rest.is_empty() => return true,
                None => None,
            };
            match (advanced, &mut retry) {
                (Some(next), _) => rest = next,
                (None, Some((after_star, untaken))) => match skip_one(untaken) {
                    Some(shorter) => {
                        *untaken = shorter;
                        rest = shorter;
                        tokens = after_star.clone();
                    }
                    None => return false,
                },
                (None, None) => return false,
            }
        }
    }
}

fn flush(literal: &mut Vec<u8>, tokens: &mut Vec<GlobToken>) {
    if !literal.is_empty() {
        tokens.push(GlobToken::Literal(std::mem::take(literal).into()));
    }
}

/// Drops one character: a whole UTF-8 sequence if there is one, else a byte.
fn skip_one(text: &[u8]) -> Option<&[u8]> {
    let (first, rest) = text.split_first()?;
    let width = match first {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return Some(rest),
    };
    match text.split_at_checked(width) {
        Some((character, after)) if std::str::from_utf8(character).is_ok() => Some(after),
        _ => Some(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wildcards_span_slashes_and_match_whole_text() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("*", "a/b", true),
            ("a*", "a", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("?", "", false),
            ("?", "é", true),
            ("??", "é", false),
            ("a?c", "a/c", true),
            ("", "", true),
            ("", "a", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*ab", "aab", true),
            ("a**b", "ab", true),
            ("*?", "", false),
            ("*?", "x", true),
        ] {
            assert_eq!(Glob::parse(pattern).matches(text.as_bytes()), wanted, "{pattern} on {text}");
        }
    }

    #[test]
    fn literal_tokens_are_never_wildcards() {
        let glob = Glob::from_tokens(vec![GlobToken::Literal(b"a*?"[..].into()), GlobToken::Any]);
        assert!(glob.matches(b"a*?x") && !glob.matches(b"abcx"));
    }

    #[test]
    fn bytes_that_are_not_utf8_count_one_by_one() {
        assert!(Glob::parse("a?b").matches(b"a\xffb") && !Glob::parse("a?b").matches(b"a\xff\xfeb"));
    }

    proptest! {
        /// The law: the matcher agrees with a regular expression built from the same pattern.
        #[test]
        fn agrees_with_a_regex(pattern in "[ab*?é/]{0,10}", text in "[abé/]{0,12}") {
            let source: String = pattern.chars().map(|c| match c {
                '*' => ".*".to_owned(),
                '?' => ".".to_owned(),
                other => regex::escape(&other.to_string()),
            }).collect();
            let regex = regex::Regex::new(&format!("(?s)^{source}$")).unwrap();
            prop_assert_eq!(Glob::parse(&pattern).matches(text.as_bytes()), regex.is_match(&text));
        }
    }
}
