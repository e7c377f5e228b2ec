//! One log line, written field by field to the end of a buffer: a JSON object, or `key=value` text.
//!
//! In both, every control character is escaped, so that no client can write a line of its own. Each request writes
//! two lines, so nothing is allocated here and nothing goes through `format!` that need not.

use crate::conf::LogFormat;
use std::fmt::Display;
use std::io::Write;
use std::net::IpAddr;

/// A line under construction. Fields keep their order.
pub(super) struct Line<'o> {
    format: LogFormat,
    out: &'o mut Vec<u8>,
    /// Where the line begins in `out`.
    start: usize,
}

impl<'o> Line<'o> {
    /// Begins a line at the end of `out`.
    pub(super) fn new(format: LogFormat, out: &'o mut Vec<u8>) -> Self {
        let start = out.len();
        Self { format, out, start }
    }

    /// A text.
    #[inline(always)]
    pub(super) fn text(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        if self.format == LogFormat::Text && is_plain(value) {
            self.out.extend_from_slice(value.as_bytes());
        } else {
            quote_into(value, self.out);
        }
        self
    }

    /// A text that may be missing; empty counts as missing.
    #[inline(always)]
    pub(super) fn optional(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) if !value.is_empty() => self.text(key, value),
            _ => self,
        }
    }

    /// Bytes, lossily as text; nothing if they are empty.
    pub(super) fn bytes(self, key: &str, value: &[u8]) -> Self {
        self.optional(key, Some(&String::from_utf8_lossy(value)))
    }

    /// An address.
    pub(super) fn address(mut self, key: &str, value: IpAddr) -> Self {
        self.key(key);
        match (self.format, value) {
            (LogFormat::Json, _) => {
                self.out.push(b'"');
                push_address(value, self.out);
                self.out.push(b'"');
            }
            (LogFormat::Text, _) => push_address(value, self.out),
        }
        self
    }

    /// A number.
    #[inline(always)]
    pub(super) fn number(mut self, key: &str, value: u64) -> Self {
        self.key(key);
        push_number(value, self.out);
        self
    }

    /// A number that may be missing.
    pub(super) fn optional_number(self, key: &str, value: Option<u64>) -> Self {
        match value {
            Some(value) => self.number(key, value),
            None => self,
        }
    }

    /// A list of texts, each of parts with a blank between; nothing if it is empty.
    pub(super) fn list<'a, const PARTS: usize>(
        mut self,
        key: &str,
        values: impl IntoIterator<Item = [&'a str; PARTS]>,
    ) -> Self {
        let mut values = values.into_iter().peekable();
        if values.peek().is_none() {
            return self;
        }
        self.key(key);
        for (index, parts) in values.enumerate() {
            self.out.extend_from_slice(if index == 0 { b"[\"" } else { b",\"" });
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    self.out.push(b' ');
                }
                escape_into(part, self.out);
            }
            self.out.push(b'"');
        }
        self.out.push(b']');
        self
    }

    /// Ends the line, with a line break.
    pub(super) fn finish(self) {
        if self.format == LogFormat::Json {
            if self.out.len() == self.start {
                self.out.push(b'{');
            }
            self.out.push(b'}');
        }
        self.out.push(b'\n');
    }

    /// Keys are words of this module's callers: nothing in them is escaped.
    #[inline(always)]
    fn key(&mut self, key: &str) {
        let first = self.out.len() == self.start;
        match self.format {
            LogFormat::Json => {
                self.out.extend_from_slice(if first { b"{\"" } else { b",\"" });
                self.out.extend_from_slice(key.as_bytes());
                self.out.extend_from_slice(b"\":");
            }
            LogFormat::Text => {
                if !first {
                    self.out.push(b' ');
                }
                self.out.extend_from_slice(key.as_bytes());
                self.out.push(b'=');
            }
        }
    }
}

/// Appends a number's digits.
pub(super) fn push_number(mut value: u64, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(b'0' + u8::try_from(value % 10).unwrap_or(0));
        value /= 10;
        if value == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

fn push_address(address: IpAddr, out: &mut Vec<u8>) {
    match address {
        IpAddr::V4(address) => {
            for (index, octet) in address.octets().into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                push_number(u64::from(octet), out);
            }
        }
        IpAddr::V6(address) => push_display(&address, out),
    }
}

fn push_display(value: &dyn Display, out: &mut Vec<u8>) {
    // Writing to a vector does not fail.
    let _ = write!(out, "{value}");
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\' | b'=' | b'[' | b','))
}

fn quote_into(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    escape_into(text, out);
    out.push(b'"');
}

fn escape_into(text: &str, out: &mut Vec<u8>) {
    if stands_for_itself(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            // Besides C0: DEL, C1 and the line separators, which terminals and log readers act upon.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                push_display(&format_args!("\\u{:04x}", u32::from(c)), out);
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Nearly every text is of bytes that stand for themselves. Looked at sixteen at a time, without a branch for each; a
/// rest shorter than that together with bytes before it.
fn stands_for_itself(text: &[u8]) -> bool {
    fn plain(byte: u8) -> bool {
        matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\')
    }
    fn all_plain<const N: usize>(block: &[u8; N]) -> bool {
        block.iter().fold(true, |all, byte| all & plain(*byte))
    }
    match (text.last_chunk::<16>(), text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(last), ..) => text.as_chunks().0.iter().all(all_plain::<16>) && all_plain(last),
        (None, Some(first), Some(last)) => all_plain(first) && all_plain(last),
        _ => text.iter().all(|byte| plain(*byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: LogFormat, fill: impl FnOnce(Line<'_>) -> Line<'_>) -> String {
        let mut out = b"before\n".to_vec();
        fill(Line::new(format, &mut out)).finish();
        let text = String::from_utf8(out).unwrap();
        text.strip_prefix("before\n").and_then(|text| text.strip_suffix('\n')).unwrap().to_owned()
    }

    #[test]
    fn no_value_can_end_a_line_or_a_field() {
        let nasty = "a\"b\\c\n\r\t\u{0}\u{7f}\u{85}\u{2028} d=e";
        for nasty in [nasty.to_owned(), format!("{}{nasty}", "x".repeat(16)), format!("{nasty}{}", "x".repeat(16))] {
            let nasty = nasty.as_str();
            let build = |format| {
                line(format, |line| line.text("k", nasty).number("n", 7).list("l", [["x", "y"], [nasty, "z"]]))
            };
            let json = build(LogFormat::Json);
            let value: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert_eq!(value["k"], nasty);
            assert_eq!(value["l"][0], "x y");
            assert_eq!(value["l"][1], format!("{nasty} z"));
            let text = build(LogFormat::Text);
            assert!(!json.chars().any(char::is_control) && !text.chars().any(char::is_control));
            assert!(text.starts_with("k=\"") && text.contains("a\\\"b") && text.contains(" n=7 "));
        }
        assert_eq!(line(LogFormat::Text, |line| line.text("a", "b").optional("c", Some(""))), "a=b");
        assert_eq!(line(LogFormat::Text, |line| line.list("a", [["b"]])), "a=[\"b\"]");
        assert_eq!(line(LogFormat::Json, |line| line), "{}");
    }

    #[test]
    fn every_byte_that_does_not_stand_for_itself_is_escaped_wherever_it_is() {
        for code in 0..=0x7fu8 {
            for place in [0, 7, 15, 16, 31, 33] {
                let mut text = "x".repeat(place);
                text.push(char::from(code));
                text.push_str(&"x".repeat(17));
                let json = line(LogFormat::Json, |line| line.text("k", &text));
                let value: serde_json::Value = serde_json::from_str(&json).unwrap();
                assert_eq!(value["k"], text);
                assert!(!json.chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn no_place_in_a_text_of_any_length_is_overlooked() {
        for (length, escaped) in (1..40).flat_map(|length| ["\"", "\\", "\n", "\u{7f}"].map(|one| (length, one))) {
            for place in 0..length {
                let text = format!("{}{escaped}{}", "x".repeat(place), "x".repeat(length - 1 - place));
                let json = line(LogFormat::Json, |line| line.text("k", &text));
                let value: serde_json::Value = serde_json::from_str(&json).unwrap();
                assert_eq!(value["k"], text);
                assert!(!json.chars().any(char::is_control));
            }
        }
    }

    #[test]
    fn numbers_and_addresses_are_written_as_they_show_themselves() {
        for number in [0, 7, 10, 4096, u64::MAX] {
            assert_eq!(line(LogFormat::Json, |line| line.number("n", number)), format!("{{\"n\":{number}}}"));
        }
        for address in ["192.0.2.1", "0.0.0.0", "2001:db8::1", "::ffff:1.2.3.4"] {
            let parsed: IpAddr = address.parse().unwrap();
            assert_eq!(line(LogFormat::Json, |line| line.address("a", parsed)), format!("{{\"a\":\"{address}\"}}"));
            assert_eq!(line(LogFormat::Text, |line| line.address("a", parsed)), format!("a={address}"));
        }
    }
}
