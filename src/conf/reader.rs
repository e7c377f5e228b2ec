//! Reading a TOML table key by key: every mistake is noted and reading goes on, and what was not asked for
//! is an unknown key.

use super::{Mistake, Reference};
use std::cell::RefCell;
use std::fmt::Display;
use std::path::Path;
use toml::Value;

/// Where mistakes are noted.
pub(super) type Report = RefCell<Vec<Mistake>>;

/// One table of the file.
pub(super) struct Section<'a> {
    path: String,
    table: toml::Table,
    asked: Vec<&'static str>,
    report: &'a Report,
    folder: &'a Path,
}

impl<'a> Section<'a> {
    /// The whole file. Relative paths in it are taken from `folder`.
    pub(super) fn root(table: toml::Table, folder: &'a Path, report: &'a Report) -> Self {
        Self { path: String::new(), table, asked: Vec::new(), report, folder }
    }

    /// The table under `key`; an empty one where it is missing.
    pub(super) fn section(&mut self, key: &'static str) -> Self {
        let table = match self.take(key) {
            None => toml::Table::new(),
            Some(Value::Table(table)) => table,
            Some(other) => {
                self.wrong_type(key, "a table", &other);
                toml::Table::new()
            }
        };
        Self { path: self.key(key), table, asked: Vec::new(), report: self.report, folder: self.folder }
    }

    /// The tables of the array under `key`; none where it is missing.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Self> {
        let values = match self.take(key) {
            None => Vec::new(),
            Some(Value::Array(values)) => values,
            Some(other) => {
                self.wrong_type(key, "a list of tables", &other);
                Vec::new()
            }
        };
        let mut sections = Vec::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            let place = format!("{key}[{index}]");
            match value {
                Value::Table(table) => sections.push(Self {
                    path: self.key(&place),
                    table,
                    asked: Vec::new(),
                    report: self.report,
                    folder: self.folder,
                }),
                other => self.wrong_type(&place, "a table", &other),
            }
        }
        sections
    }

    /// Notes every key that was not asked for.
    pub(super) fn finish(self) {
        for key in self.table.keys() {
            self.report.borrow_mut().push(Mistake::UnknownKey { key: self.key(key), known: self.asked.join(", ") });
        }
    }

    /// The full path of `key`.
    pub(super) fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Whether the file has `key`.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The value under `key`, left where it is.
    pub(super) fn peek(&self, key: &str) -> Option<&Value> {
        self.table.get(key)
    }

    /// Notes a mistake.
    pub(super) fn mistake(&self, mistake: Mistake) {
        self.report.borrow_mut().push(mistake);
    }

    /// Notes that the value of `key` does not have its form.
    pub(super) fn malformed(&self, key: &str, reason: impl Display) {
        self.mistake(Mistake::Form { key: self.key(key), reason: reason.to_string() });
    }

    /// Takes `key` out of the table, so that it is known.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        self.table.remove(key)
    }

    /// A text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) => Some(text),
            other => {
                self.wrong_type(key, "a text", &other);
                None
            }
        }
    }

    /// A text in a form of its own; the error says which.
    pub(super) fn parsed<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(key)?;
        parse(&text).map_err(|error| self.malformed(key, error)).ok()
    }

    /// A word out of a closed list.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(key)?;
        let found = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let known = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
            self.mistake(Mistake::Choice { key: self.key(key), known, found: text });
        }
        found
    }

    /// Yes or no.
    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        match self.take(key)? {
            Value::Boolean(value) => Some(value),
            other => {
                self.wrong_type(key, "true or false", &other);
                None
            }
        }
    }

    /// A whole number between `min` and `max`.
    pub(super) fn number(&mut self, key: &'static str, min: u64, max: u64) -> Option<u64> {
        match self.take(key)? {
            Value::Integer(value) => {
                let found = u64::try_from(value).ok().filter(|value| (min..=max).contains(value));
                if found.is_none() {
                    self.mistake(Mistake::Range { key: self.key(key), min, max, found: value });
                }
                found
            }
            other => {
                self.wrong_type(key, "a whole number", &other);
                None
            }
        }
    }

    /// A list of texts, each in a form of its own.
    pub(super) fn list<T, E: Display>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let values = match self.take(key)? {
            Value::Array(values) => values,
            other => {
                self.wrong_type(key, "a list of texts", &other);
                return None;
            }
        };
        let mut list = Vec::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            let place = format!("{key}[{index}]");
            match value {
                Value::String(text) => match parse(&text) {
                    Ok(value) => list.push(value),
                    Err(error) => self.malformed(&place, error),
                },
                other => self.wrong_type(&place, "a text", &other),
            }
        }
        Some(list)
    }

    /// A reference to a secret. The secret itself is refused, and not repeated.
    pub(super) fn reference(&mut self, key: &'static str) -> Option<Reference> {
        let text = self.text(key)?;
        let reference = Reference::parse(&text, self.folder);
        if reference.is_none() {
            self.mistake(Mistake::LiteralSecret { key: self.key(key) });
        }
        reference
    }

    fn wrong_type(&self, key: &str, wanted: &'static str, found: &Value) {
        self.mistake(Mistake::Type { key: self.key(key), wanted, found: found.type_str() });
    }
}
