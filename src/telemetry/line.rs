//! One log line, built field by field: a JSON object, or `key=value` text.
//!
//! In both, every control character is escaped, so that no client can write a line of its own.

use crate::conf::LogFormat;
use std::fmt::Write;

/// Room for a usual line without growing.
const USUAL_BYTES: usize = 768;

/// A line under construction. Fields keep their order.
pub(super) struct Line {
    format: LogFormat,
    text: String,
}

impl Line {
    /// An empty line.
    pub(super) fn new(format: LogFormat) -> Self {
        let mut text = String::with_capacity(USUAL_BYTES);
        if format == LogFormat::Json {
            text.push('{');
        }
        Self { format, text }
    }

    /// A text.
    pub(super) fn text(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        match self.format {
            LogFormat::Json => quote_into(value, &mut self.text),
            LogFormat::Text if is_plain(value) => self.text.push_str(value),
            LogFormat::Text => quote_into(value, &mut self.text),
        }
        self
    }

    /// A text that may be missing; empty counts as missing.
    pub(super) fn optional(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) if !value.is_empty() => self.text(key, value),
            _ => self,
        }
    }

    /// A number.
    pub(super) fn number(mut self, key: &str, value: u64) -> Self {
        self.key(key);
        // Writing to a string does not fail.
        let _ = write!(self.text, "{value}");
        self
    }

    /// A list of texts; nothing if it is empty.
    pub(super) fn list<'a>(mut self, key: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return self;
        }
        self.key(key);
        for (index, value) in values.enumerate() {
            self.text.push(if index == 0 { '[' } else { ',' });
            quote_into(value, &mut self.text);
        }
        self.text.push(']');
        self
    }

    /// The line without a line break.
    pub(super) fn finish(mut self) -> String {
        if self.format == LogFormat::Json {
            self.text.push('}');
        }
        self.text
    }

    fn key(&mut self, key: &str) {
        match self.format {
            LogFormat::Json => {
                if self.text.len() > 1 {
                    self.text.push(',');
                }
                quote_into(key, &mut self.text);
                self.text.push(':');
            }
            LogFormat::Text => {
                if !self.text.is_empty() {
                    self.text.push(' ');
                }
                self.text.push_str(key);
                self.text.push('=');
            }
        }
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'=' | b'[' | b','))
}

fn quote_into(text: &str, out: &mut String) {
    out.push('"');
    // Nearly every text is of bytes that stand for themselves.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
        out.push_str(text);
        out.push('"');
        return;
    }
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // Besides C0: DEL, C1 and the line separators, which terminals and log readers act upon.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_can_end_a_line_or_a_field() {
        let nasty = "a\"b\\c\n\r\t\u{0}\u{7f}\u{85}\u{2028} d=e";
        let build = |format| Line::new(format).text("k", nasty).number("n", 7).list("l", ["x", nasty]).finish();
        let json = build(LogFormat::Json);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["k"], nasty);
        assert_eq!(value["l"][1], nasty);
        let text = build(LogFormat::Text);
        assert!(!json.chars().any(char::is_control) && !text.chars().any(char::is_control));
        assert!(text.starts_with("k=\"a\\\"b") && text.contains(" n=7 "));
        assert_eq!(Line::new(LogFormat::Text).text("a", "b").optional("c", Some("")).finish(), "a=b");
        assert_eq!(Line::new(LogFormat::Json).finish(), "{}");
    }
}
