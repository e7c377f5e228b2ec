//! Seeded mutation. The input of a step is a function of seed, target and step alone.

/// SplitMix64: small, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
    /// The numbers of one step.
    pub(crate) fn of(seed: u64, target: &str, step: u64) -> Self {
        let named = target.bytes().fold(seed, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self(named ^ step.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `bound`; 0 where that is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).expect("a length");
        usize::try_from(self.next() % bound).expect("below a length")
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// What parsers look for.
const TOKENS: [&str; 72] = [
    "%",
    "%2F",
    "%2f",
    "%00",
    "%25",
    "%0d%0a",
    "%C3%A9",
    "%FF",
    "/",
    "//",
    "..",
    "/../",
    ".",
    "?",
    "&",
    "=",
    "+",
    ";",
    ",",
    ":",
    "\n",
    "\r\n",
    "\r\n\r\n",
    "\0",
    "\t",
    " ",
    "é",
    "\u{fffd}",
    "\u{202e}",
    "*",
    "**",
    "?*",
    "${aws:username}",
    "${*}",
    "${",
    "}",
    "{",
    "[",
    "]",
    "\"",
    "\\u0000",
    "\\ud800",
    "<",
    "</",
    "/>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE a>",
    "<?x?>",
    "&amp;",
    "&#0;",
    "&#xD;",
    "xmlns=\"\"",
    "0",
    "1",
    "-1",
    "00",
    "18446744073709551615",
    "ffffffffffffffff",
    "1e999",
    "X-Amz-Signature=",
    "x-amz-date",
    "Authorization: ",
    "AWS4-HMAC-SHA256",
    "aws:",
    "arn:aws:s3:::",
    ".member.1",
    "versionId=",
    ";chunk-signature=",
    "x-amz-trailer-signature:",
];

/// A seed with one to six changes.
pub(crate) fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut data = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        change(&mut data, seeds, random);
    }
    data.truncate(1 << 16);
    data
}

fn change(data: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = random.below(data.len() + 1);
    let end = (at + 1 + random.below(24)).min(data.len());
    match random.below(10) {
        0 if at < data.len() => data[at] ^= 1 << random.below(8),
        1 if at < data.len() => data[at] = random.byte(),
        2 => data.insert(at, random.byte()),
        3 if at < end => drop(data.drain(at..end)),
        4 => insert(data, at, TOKENS[random.below(TOKENS.len())].as_bytes()),
        5 if at < end => {
            let token = TOKENS[random.below(TOKENS.len())];
            data.splice(at..end, token.bytes());
        }
        6 if at < end => {
            let piece = data[at..end].to_vec();
            let most = if random.below(50) == 0 { 2000 } else { 3 };
            insert(data, at, &piece.repeat(1 + random.below(most)));
        }
        7 => data.truncate(at),
        8 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            let to = (from + random.below(64)).min(other.len());
            insert(data, at, &other[from..to]);
        }
        _ => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            data.truncate(at);
            data.extend_from_slice(&other[from..]);
        }
    }
}

fn insert(data: &mut Vec<u8>, at: usize, piece: &[u8]) {
    data.splice(at..at, piece.iter().copied());
}
