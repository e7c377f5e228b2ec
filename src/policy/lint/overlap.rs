//! Whether a resource pattern and the form of an action's resources have a name in common.

use super::catalogue::{KnownAction, ResourceForm};
use crate::policy::variable::Piece;

/// Longest pattern that is looked at; longer ones count as overlapping.
const MAX_TOKENS: usize = 2_048;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Byte(u8),
    /// `?`
    One,
    /// `*`, or a variable.
    Run,
    /// Any text without `/` and `:`.
    Name,
}

/// Whether some name matches both. `?` is taken for one byte: of longer characters the answer may be a needless yes.
pub(super) fn overlaps(pattern: &[Piece], form: &ResourceForm) -> bool {
    let (left, right) = (of_pieces(pattern), of_form(form));
    if left.len() > MAX_TOKENS || right.len() > MAX_TOKENS {
        return true;
    }
    meet(&left, &right)
}

/// Whether requests for the action can be about this very resource; yes where that is not known.
pub fn asked_for(action: &KnownAction, resource: &str) -> bool {
    let name = [Piece::Literal(resource.as_bytes().into())];
    action.resources.is_empty() || action.resources.iter().any(|form| overlaps(&name, form))
}

fn of_pieces(pieces: &[Piece]) -> Vec<Token> {
    let mut tokens = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Literal(bytes) => tokens.extend(bytes.iter().map(|byte| Token::Byte(*byte))),
            // A character of several bytes takes several of these: none is lost, since a run takes them.
            Piece::One => tokens.push(Token::One),
            Piece::Any | Piece::Variable { .. } => tokens.push(Token::Run),
        }
    }
    tokens
}

fn of_form(form: &ResourceForm) -> Vec<Token> {
    let mut tokens = Vec::new();
    let shape = match form {
        ResourceForm::Exact(name) => return name.bytes().map(Token::Byte).collect(),
        ResourceForm::Shape(shape) => shape,
    };
    let mut rest = shape.as_str();
    while let Some(first) = rest.chars().next() {
        let after_name = rest.strip_prefix('{').and_then(|inside| inside.split_once('}'));
        if let Some((_, after)) = after_name {
            tokens.push(Token::Name);
            rest = after;
            continue;
        }
        match first {
            '*' => tokens.push(Token::Run),
            other => tokens.extend(other.encode_utf8(&mut [0; 4]).bytes().map(Token::Byte)),
        }
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
    }
    tokens
}

/// Walks both patterns over all texts at once: a state is how far each has come.
fn meet(left: &[Token], right: &[Token]) -> bool {
    let width = right.len() + 1;
    let mut seen = vec![false; (left.len() + 1) * width];
    let mut open = vec![(0usize, 0usize)];
    while let Some((l, r)) = open.pop() {
        let Some(known) = seen.get_mut(l * width + r).filter(|known| !**known) else { continue };
        *known = true;
        let (a, b) = (left.get(l), right.get(r));
        if a.is_none() && b.is_none() {
            return true;
        }
        // A run may end without taking anything.
        if a.is_some_and(is_run) {
            open.push((l + 1, r));
        }
        if b.is_some_and(is_run) {
            open.push((l, r + 1));
        }
        if let (Some(a), Some(b)) = (a, b)
            && have_common_byte(*a, *b)
        {
            open.push((if is_run(a) { l } else { l + 1 }, if is_run(b) { r } else { r + 1 }));
        }
    }
    false
}

fn is_run(token: &Token) -> bool {
    matches!(token, Token::Run | Token::Name)
}

fn have_common_byte(a: Token, b: Token) -> bool {
    match (a, b) {
        (Token::Byte(a), Token::Byte(b)) => a == b,
        (Token::Byte(byte), Token::Name) | (Token::Name, Token::Byte(byte)) => !matches!(byte, b'/' | b':'),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::variable::{Syntax, parse_pieces};

    #[test]
    fn patterns_meet_the_forms_they_can_match() {
        let bucket = ResourceForm::Shape("arn:aws:s3:::{bucket}".into());
        let object = ResourceForm::Shape("arn:aws:s3:::{bucket}/*".into());
        let role = ResourceForm::Shape("arn:aws:iam::{account}:role/*".into());
        let none = ResourceForm::Exact("arn:aws:s3:::*".into());
        for (pattern, form, wanted) in [
            ("*", &bucket, true),
            ("arn:aws:s3:::b", &bucket, true),
            ("arn:aws:s3:::b", &object, false),
            ("arn:aws:s3:::b/*", &object, true),
            ("arn:aws:s3:::b/*", &bucket, false),
            ("arn:aws:s3:::b*", &object, true),
            ("arn:aws:s3:::b*", &bucket, true),
            ("arn:aws:s3:::b?k", &object, true),
            ("arn:aws:s3:::${aws:username}", &object, true),
            ("arn:aws:s3:::*/x", &bucket, false),
            ("arn:aws:s3:::*", &none, true),
            ("arn:aws:s3:::b", &none, false),
            ("arn:aws:iam::1:role/R", &role, true),
            ("arn:aws:iam::*:role/R", &role, true),
            ("arn:aws:iam::1:user/R", &role, false),
            ("arn:aws:iam::1:ro*", &role, true),
            ("arn:aws:iam::1:role/R", &bucket, false),
        ] {
            let pieces = parse_pieces(pattern, Syntax { variables: true, wildcards: true }).unwrap();
            assert_eq!(overlaps(&pieces, form), wanted, "{pattern} and {form:?}");
        }
    }
}
