//! A request as text: `METHOD TARGET`, header lines, an empty line, the body. Lenient, so that mutations get through.

use rolegate::s3::{AddressingRules, KeyRules};
use rolegate::wire::{Method, RequestHead};
use std::net::{IpAddr, Ipv4Addr};

/// The address of every fuzzed client.
pub const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A request that was read from an input.
pub struct Message<'a> {
    /// The head.
    pub head: RequestHead,
    /// The target as it stood in the input.
    pub target: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads an input; none where it has no method or no target in origin form. Header names are those that the
    /// proxy's reader lets through, and so are the bytes of targets and values.
    pub fn read(data: &'a [u8]) -> Option<Self> {
        let mut lines = data.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let first = lines.next()?;
        let space = first.iter().position(|byte| *byte == b' ')?;
        let method = Method::parse(std::str::from_utf8(first.get(..space)?).ok()?)?;
        let target = first.get(space + 1..)?;
        if !target.iter().all(u8::is_ascii_graphic) || target.contains(&b'#') {
            return None;
        }
        let headers = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = std::str::from_utf8(line.get(..colon)?).ok()?;
            let value = line.get(colon + 1..)?.trim_ascii();
            (is_token(name) && value.iter().all(|byte| is_field_byte(*byte))).then(|| (name.to_owned(), value.to_vec()))
        });
        let head = RequestHead::new(method, target, headers, PEER, None)?;
        Some(Self { head, target })
    }
}

/// RFC 9110 section 5.6.2.
pub fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// RFC 9110 section 5.5.
pub fn is_field_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// The rules that targets are read under: both kinds of keys, with and without a domain.
pub fn all_rules() -> [AddressingRules; 3] {
    let rules = |keys, domain: Option<&str>| AddressingRules {
        domains: domain.map(str::to_owned).into_iter().collect(),
        keys,
        ..AddressingRules::default()
    };
    [
        rules(KeyRules::Exact, None),
        rules(KeyRules::Exact, Some("s3.example.test")),
        rules(KeyRules::Filesystem, Some("s3.example.test")),
    ]
}
