//! Where things stand in a document: paths, positions, spans.
//!
//! Nothing here is kept with a compiled policy but its text: a place is sought in the text when somebody asks,
//! which only refusals, the linter, simulation and explanations do.

use std::fmt;
use std::ops::Range;

/// One step from a value of the document to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathStep {
    /// The member of an object.
    Member(String),
    /// The entry of a list, from 0.
    Index(usize),
}

/// The way from the document's root to a value; shown as `Statement[0].Action[1]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ElementPath(Vec<PathStep>);

impl ElementPath {
    /// The steps from the root; none for the document itself.
    pub fn steps(&self) -> &[PathStep] {
        &self.0
    }

    pub(super) fn member(&self, name: &str) -> Self {
        self.with(PathStep::Member(name.to_owned()))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.with(PathStep::Index(index))
    }

    fn with(&self, step: PathStep) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl From<Vec<PathStep>> for ElementPath {
    fn from(steps: Vec<PathStep>) -> Self {
        Self(steps)
    }
}

impl fmt::Display for ElementPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Member(name) if number == 0 => f.write_str(name)?,
                PathStep::Member(name) => write!(f, ".{name}")?,
                PathStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// A place in the text, as Access Analyzer's ValidatePolicy counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Characters of that line before the place: columns count from 0.
    pub column: u32,
    /// Characters of the text before the place.
    pub offset: u32,
}

impl Position {
    /// The place as IAM's simulation counts it.
    pub fn line_column(self) -> LineColumn {
        LineColumn { line: self.line, column: self.column.saturating_add(1) }
    }
}

/// A place in the text as IAM's `Position` type has it: line and column both count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

impl fmt::Display for LineColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A stretch of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Its first character.
    pub start: Position,
    /// The character after its last.
    pub end: Position,
}

/// The span of the value at `path`; of the nearest value around it where the path leads nowhere. None if the text
/// is no JSON.
pub(super) fn span_of(text: &str, path: &[PathStep]) -> Option<Span> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    scanner.skip_space();
    for step in path {
        let mut ahead = Scanner { ..scanner };
        let found = match step {
            PathStep::Member(name) => ahead.enter_member(name),
            PathStep::Index(index) => ahead.enter_index(*index),
        };
        if found.is_none() {
            break;
        }
        scanner = ahead;
    }
    let start = scanner.at;
    scanner.skip_value()?;
    Some(span(text, &(start..scanner.at)))
}

/// Start and end of the statement at `index`, as IAM's simulation reports them. AWS starts a statement where its
/// reader stood when it began to read it: after the `[` of the list, after the statement before, or, where
/// `Statement` is one object, after that object's `{`. It ends after its `}`.
pub(super) fn simulated_span(text: &str, index: usize) -> Option<(LineColumn, LineColumn)> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    scanner.skip_space();
    scanner.enter_member("Statement")?;
    let begin = scanner.at.checked_add(1)?;
    let begin = match scanner.peek()? {
        b'[' if index > 0 => {
            let mut before = Scanner { ..scanner };
            before.enter_index(index.checked_sub(1)?)?;
            before.skip_value()?;
            before.at
        }
        _ => begin,
    };
    if scanner.peek()? == b'[' {
        scanner.enter_index(index)?;
    } else if index > 0 {
        return None;
    }
    scanner.skip_value()?;
    let both = span(text, &(begin..scanner.at));
    Some((both.start.line_column(), both.end.line_column()))
}

/// Byte offsets as positions.
fn span(text: &str, range: &Range<usize>) -> Span {
    Span { start: position(text, range.start), end: position(text, range.end) }
}

fn position(text: &str, at: usize) -> Position {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    Position {
        line: count(before.bytes().filter(|byte| *byte == b'\n').count()).saturating_add(1),
        column: count(line.chars().count()),
        offset: count(before.chars().count()),
    }
}

/// The place at a line and a column that both count from 1, a column in bytes, as the JSON reader reports them.
pub(super) fn position_at(text: &str, line: usize, column: usize) -> Position {
    let lines: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = lines.saturating_add(column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    position(text, at)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Walks over JSON that was seen to be well-formed; on other text it finds nothing, and always ends.
#[derive(Clone, Copy)]
struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Skips a string and gives its text.
    fn skip_string(&mut self) -> Option<&[u8]> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.bytes.get(start..self.at)
    }

    fn skip_value(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.skip_string().map(drop),
            b'{' | b'[' => {
                let mut depth = 0usize;
                loop {
                    match self.peek()? {
                        b'"' => {
                            self.skip_string()?;
                            continue;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        return Some(());
                    }
                }
            }
            _ => {
                while self.peek().is_some_and(|b| !matches!(b, b',' | b'}' | b']') && !b.is_ascii_whitespace()) {
                    self.at += 1;
                }
                Some(())
            }
        }
    }

    /// From an object to the value of its member `name`.
    fn enter_member(&mut self, name: &str) -> Option<()> {
        self.take(b'{')?;
        loop {
            self.skip_space();
            let found = is_name(self.skip_string()?, name);
            self.skip_space();
            self.take(b':')?;
            self.skip_space();
            if found {
                return Some(());
            }
            self.skip_value()?;
            self.skip_space();
            self.take(b',')?;
        }
    }

    /// From a list to its entry at `index`. A value that is no list is its own only entry.
    fn enter_index(&mut self, index: usize) -> Option<()> {
        self.take(b'[')?;
        for _ in 0..index {
            self.skip_space();
            self.skip_value()?;
            self.skip_space();
            self.take(b',')?;
        }
        self.skip_space();
        (self.peek()? != b']').then_some(())
    }
}

fn is_name(quoted: &[u8], name: &str) -> bool {
    if quoted.contains(&b'\\') {
        return serde_json::from_slice::<String>(quoted).is_ok_and(|text| text == name);
    }
    quoted.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) == Some(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str) -> PathStep {
        PathStep::Member(name.into())
    }

    /// The example of `aws accessanalyzer validate-policy` in the AWS CLI reference.
    #[test]
    fn spans_count_as_access_analyzer_does() {
        let text = "{\n    \"Version\": \"2012-10-17\",\n    \"Statement\": [\n        {\n            \"Sid\": \"\",\n            \"Effect\": \"Allow\",\n            \"Principal\": {\n                \"Federated\": \"cognito-identity.amazonaws.com\"\n            },\n            \"Action\": [\n                \"sts:AssumeRole\",\n                \"sts:TagSession\"\n            ]\n        }\n    ]\n}";
        let at = |line, column, offset| Position { line, column, offset };
        let sid = [member("Statement"), PathStep::Index(0), member("Sid")];
        assert_eq!(span_of(text, &sid), Some(Span { start: at(5, 19, 79), end: at(5, 21, 81) }));
        let action = [member("Statement"), PathStep::Index(0), member("Action"), PathStep::Index(0)];
        assert_eq!(span_of(text, &action), Some(Span { start: at(11, 16, 258), end: at(11, 32, 274) }));
        let federated = [member("Statement"), PathStep::Index(0), member("Principal"), member("Federated")];
        assert_eq!(span_of(text, &federated), Some(Span { start: at(8, 29, 170), end: at(8, 61, 202) }));
    }

    /// The examples of `aws iam simulate-custom-policy` and `simulate-principal-policy` in the AWS CLI reference.
    #[test]
    fn statements_begin_and_end_where_iam_says() {
        let at = |line, column| LineColumn { line, column };
        let single = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}"#;
        assert_eq!(simulated_span(single, 0), Some((at(1, 38), at(1, 167))));
        assert_eq!(simulated_span(single, 1), None);
        let listed = "{\n    \"Version\": \"2012-10-17\",\n    \"Statement\": [\n        {\n            \"Effect\": \"Allow\",\n            \"Action\": \"codecommit:ListRepositories\",\n            \"Resource\": \"*\",\n            \"Sid\": \"A\"\n        },\n        {\n        }\n    ]\n}";
        assert_eq!(simulated_span(listed, 0), Some((at(3, 19), at(9, 10))));
        assert_eq!(simulated_span(listed, 1), Some((at(9, 10), at(11, 10))));
        assert_eq!(simulated_span(listed, 2), None);
    }

    #[test]
    fn names_may_be_escaped_and_strings_may_hold_braces() {
        let text = r#"{"a":"}\"{","\u0053tatement":[ {"b":"]"} , {"c":1.5} ]}"#;
        let path = [member("Statement"), PathStep::Index(1), member("c")];
        let found = span_of(text, &path).unwrap();
        assert_eq!(text.get(found.start.offset as usize..found.end.offset as usize), Some("1.5"));
    }

    #[test]
    fn what_leads_nowhere_gives_the_value_around_it() {
        let text = r#"{"a":{"b":1}}"#;
        let found = span_of(text, &[member("a"), member("x")]).unwrap();
        assert_eq!((found.start.column, found.end.column), (5, 12));
        assert!(span_of("", &[]).is_none() && span_of("{\"a\":[", &[]).is_none());
    }

    #[test]
    fn columns_count_characters() {
        let text = "{\"é\":\n\"é\", \"x\":1}";
        let found = span_of(text, &[member("x")]).unwrap();
        assert_eq!(found.start, Position { line: 2, column: 9, offset: 15 });
        assert_eq!(position_at(text, 2, 2), Position { line: 2, column: 1, offset: 7 });
    }

    #[test]
    fn paths_read_as_in_refusals() {
        let path = ElementPath::default().member("Statement").index(0).member("Action").index(1);
        assert_eq!(path.to_string(), "Statement[0].Action[1]");
    }
}
