//! XML: a small writer that escapes, and a bounded reader into a tree.
//!
//! The reader refuses what no S3 client sends and attackers do: DTDs, entities other than the five
//! predefined and character references, processing instructions, too much depth, too many elements.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Writes elements into a string; all text is escaped.
#[derive(Debug)]
pub struct XmlWriter {
    out: String,
}

impl XmlWriter {
    /// Begins a document with the XML declaration.
    pub fn document() -> Self {
        // Room for most error documents.
        let mut out = String::with_capacity(1024);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        Self { out }
    }

    /// Begins without a declaration, for IAM and STS answers.
    pub fn fragment() -> Self {
        Self { out: String::with_capacity(1024) }
    }

    /// `<name>` around what `inside` writes.
    pub fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.open(name, &[], inside)
    }

    /// `<name xmlns="namespace">` around what `inside` writes.
    pub fn element_ns(&mut self, name: &str, namespace: &str, inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.open(name, &[("xmlns", namespace)], inside)
    }

    /// `<name a="v" …>` around what `inside` writes.
    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)], inside: impl FnOnce(&mut Self)) -> &mut Self {
        self.out.push('<');
        self.out.push_str(name);
        for (key, value) in attributes {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            escape_into(value, &mut self.out);
            self.out.push('"');
        }
        self.out.push('>');
        inside(self);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        self
    }

    /// `<name>text</name>`, escaped.
    pub fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.element(name, |w| w.push_text(text))
    }

    /// Text inside the element that is open, escaped.
    pub fn push_text(&mut self, text: &str) {
        escape_into(text, &mut self.out);
    }

    /// [`XmlWriter::text`] if there is a value, else nothing.
    pub fn optional(&mut self, name: &str, text: Option<&str>) -> &mut Self {
        if let Some(text) = text {
            self.text(name, text);
        }
        self
    }

    /// The document.
    pub fn finish(self) -> String {
        self.out
    }
}

/// Escapes `&`, `<`, `>` and `"`; attributes stand in double quotes, so `'` may stay. Characters that XML 1.0 cannot hold become U+FFFD, carriage
/// returns a reference so that they survive the reader's line-end rule.
pub fn escape_into(text: &str, out: &mut String) {
    let mut rest = text;
    // Special bytes begin characters, so what stands before one is whole characters.
    while let Some((plain, from)) = first_special(rest.as_bytes()).and_then(|at| rest.split_at_checked(at)) {
        out.push_str(plain);
        let mut characters = from.chars();
        match characters.next() {
            Some('&') => out.push_str("&amp;"),
            Some('<') => out.push_str("&lt;"),
            Some('>') => out.push_str("&gt;"),
            Some('"') => out.push_str("&quot;"),
            Some('\r') => out.push_str("&#13;"),
            Some(blank @ ('\t' | '\n')) => out.push(blank),
            Some('\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            Some(other) => out.push(other),
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
}

/// Where the first byte is that may not stay as it is.
fn first_special(bytes: &[u8]) -> Option<usize> {
    let mut passed = clean_blocks::<32>(bytes);
    passed += clean_blocks::<8>(bytes.get(passed..)?);
    let found = bytes.get(passed..)?.iter().position(|byte| is_special(*byte))?;
    Some(passed + found)
}

/// How many bytes the clean blocks at the beginning are. A block's bytes are all compared, without a branch for each, so
/// that the comparisons become a few vector instructions.
fn clean_blocks<const SIZE: usize>(bytes: &[u8]) -> usize {
    let (blocks, _) = bytes.as_chunks::<SIZE>();
    let is_clean = |block: &&[u8; SIZE]| !block.iter().fold(false, |found, byte| found | is_special(*byte));
    blocks.iter().take_while(is_clean).count() * SIZE
}

/// 0xef begins U+FFFE and U+FFFF, and other characters that stay.
fn is_special(byte: u8) -> bool {
    (byte < b' ') | (byte == b'&') | (byte == b'<') | (byte == b'>') | (byte == b'"') | (byte == 0xef)
}

/// An element of a document that was read.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Element {
    /// Local name, without prefix.
    pub name: String,
    /// Value of `xmlns` where the element declares one.
    pub namespace: Option<String>,
    /// Further attributes (`xsi:type`, …), names as written.
    pub attributes: Vec<(String, String)>,
    /// Child elements in order.
    pub children: Vec<Element>,
    /// Text directly inside, joined.
    pub text: String,
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of that name.
    pub fn child_text(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }
}

/// What a document may cost.
#[derive(Clone, Copy, Debug)]
pub struct XmlLimits {
    /// Bytes of the document.
    pub bytes: usize,
    /// Nesting depth.
    pub depth: usize,
    /// Elements in all.
    pub elements: usize,
}

/// The document was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Larger than the limit.
    #[error("the XML document is larger than {0} bytes")]
    TooLarge(usize),
    /// Nested too deeply.
    #[error("the XML document is nested more than {0} levels deep")]
    TooDeep(usize),
    /// Too many elements.
    #[error("the XML document has more than {0} elements")]
    TooMany(usize),
    /// A DTD, a processing instruction or an unknown entity.
    #[error("the XML document has a DTD, a processing instruction or an unknown entity, which are not allowed")]
    Forbidden,
    /// Not well-formed.
    #[error("the XML document is not well-formed")]
    Malformed,
}

/// Reads a whole document into a tree.
pub fn parse(document: &[u8], limits: XmlLimits) -> Result<Element, XmlError> {
    if document.len() > limits.bytes {
        return Err(XmlError::TooLarge(limits.bytes));
    }
    let text = std::str::from_utf8(document).map_err(|_| XmlError::Malformed)?;
    let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    reader.config_mut().check_end_names = true;
    let mut stack: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let mut count = 0usize;
    loop {
        match reader.read_event().map_err(|_| XmlError::Malformed)? {
            Event::Start(start) => {
                count += 1;
                admit(count, stack.len(), root.is_some(), limits)?;
                stack.push(open_element(&start)?);
            }
            Event::Empty(start) => {
                count += 1;
                admit(count, stack.len(), root.is_some(), limits)?;
                close_element(open_element(&start)?, &mut stack, &mut root);
            }
            Event::End(_) => {
                let element = stack.pop().ok_or(XmlError::Malformed)?;
                close_element(element, &mut stack, &mut root);
            }
            Event::Text(piece) => {
                append_text(&piece.xml10_content(), &mut stack)?;
            }
            Event::CData(piece) => {
                append_text(&piece.xml10_content(), &mut stack)?;
            }
            Event::GeneralRef(reference) => {
                let character = resolve(&reference)?;
                append_text(character.encode_utf8(&mut [0; 4]), &mut stack)?;
            }
            Event::Decl(_) | Event::Comment(_) => {}
            Event::DocType(_) | Event::PI(_) => return Err(XmlError::Forbidden),
            Event::Eof => break,
        }
    }
    if stack.is_empty() { root.ok_or(XmlError::Malformed) } else { Err(XmlError::Malformed) }
}

fn admit(count: usize, depth: usize, has_root: bool, limits: XmlLimits) -> Result<(), XmlError> {
    if count > limits.elements {
        Err(XmlError::TooMany(limits.elements))
    } else if depth >= limits.depth {
        Err(XmlError::TooDeep(limits.depth))
    } else if depth == 0 && has_root {
        Err(XmlError::Malformed)
    } else {
        Ok(())
    }
}

fn open_element(start: &quick_xml::events::BytesStart<'_>) -> Result<Element, XmlError> {
    let mut element = Element { name: start.local_name().as_ref().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| XmlError::Malformed)?;
        let key = attribute.key.as_ref().to_owned();
        let value = quick_xml::escape::unescape(&attribute.value).map_err(|_| XmlError::Forbidden)?.into_owned();
        if key == "xmlns" { element.namespace = Some(value) } else { element.attributes.push((key, value)) }
    }
    Ok(element)
}

fn close_element(element: Element, stack: &mut [Element], root: &mut Option<Element>) {
    match stack.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

fn append_text(piece: &str, stack: &mut [Element]) -> Result<(), XmlError> {
    match stack.last_mut() {
        Some(parent) => parent.text.push_str(piece),
        None if piece.trim().is_empty() => {}
        None => return Err(XmlError::Malformed),
    }
    Ok(())
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Result<char, XmlError> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| XmlError::Malformed)? {
        return Ok(character);
    }
    match reference.as_ref() {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(XmlError::Forbidden),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: XmlLimits = XmlLimits { bytes: 4096, depth: 4, elements: 20 };

    #[test]
    fn writes_escaped_text() {
        let mut w = XmlWriter::fragment();
        w.element_ns("A", "u:n", |w| {
            w.text("B", "<&>\"'\u{1}\r").optional("C", None).optional("D", Some(""));
        });
        assert_eq!(w.finish(), "<A xmlns=\"u:n\"><B>&lt;&amp;&gt;&quot;'\u{fffd}&#13;</B><D></D></A>");
    }

    #[test]
    fn every_character_is_escaped_wherever_it_stands() {
        let escaped = |character: char| match character {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\r' => "&#13;".to_owned(),
            '\t' | '\n' => character.to_string(),
            '\u{fffe}' | '\u{ffff}' => "\u{fffd}".to_owned(),
            control if control < ' ' => "\u{fffd}".to_owned(),
            other => other.to_string(),
        };
        let characters =
            ('\u{0}'..'\u{180}').chain('\u{f000}'..='\u{ffff}').chain(['\u{e9}', '\u{1f4a5}', '\u{10ffff}']);
        for character in characters {
            // In, at the ends of and after the blocks that are passed over whole, and twice.
            for before in [0, 1, 7, 8, 9, 31, 32, 39, 40, 47] {
                for after in [0, 1, 8, 33] {
                    let (a, b) = ("a".repeat(before), "b".repeat(after));
                    let mut out = "o".to_owned();
                    escape_into(&format!("{a}{character}{b}{character}"), &mut out);
                    let wanted = escaped(character);
                    assert_eq!(out, format!("o{a}{wanted}{b}{wanted}"), "{character:?} after {before} before {after}");
                }
            }
        }
    }

    #[test]
    fn reads_what_s3_clients_send() {
        let document = br#"<?xml version="1.0"?><!-- c --><Delete xmlns="http://x/"><Object><Key>a &amp; b&#x20;c</Key>
            <VersionId/></Object><Quiet><![CDATA[tr]]>ue</Quiet></Delete>"#;
        let root = parse(document, LIMITS).unwrap();
        assert_eq!((root.name.as_str(), root.namespace.as_deref()), ("Delete", Some("http://x/")));
        assert_eq!(root.children[0].child_text("Key"), Some("a & b c"));
        assert_eq!(root.children[0].child_text("VersionId"), Some(""));
        assert_eq!(root.child_text("Quiet"), Some("true"));
    }

    #[test]
    fn refuses_dtd_entities_floods_and_broken_documents() {
        let deep = format!("{}{}", "<a>".repeat(5), "</a>".repeat(5));
        let many = format!("<a>{}</a>", "<b/>".repeat(20));
        for (document, wanted) in [
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", XmlError::Forbidden),
            ("<a>&x;</a>", XmlError::Forbidden),
            ("<?php x?><a/>", XmlError::Forbidden),
            ("<a><b></a></b>", XmlError::Malformed),
            ("<a>", XmlError::Malformed),
            ("<a/><b/>", XmlError::Malformed),
            ("<a/>text", XmlError::Malformed),
            ("", XmlError::Malformed),
            (deep.as_str(), XmlError::TooDeep(4)),
            (many.as_str(), XmlError::TooMany(20)),
        ] {
            assert_eq!(parse(document.as_bytes(), LIMITS), Err(wanted), "{document}");
        }
        assert_eq!(parse(&[b' '; 5000], LIMITS), Err(XmlError::TooLarge(4096)));
        assert_eq!(parse(b"<a>\xff</a>", LIMITS), Err(XmlError::Malformed));
    }
}
