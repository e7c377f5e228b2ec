//! The text of a key ring, and the steps of a rotation on it (security rule 20).
//!
//! A key is added as `opening`, waits until every gate knows it, then mints; the one that minted before goes on
//! opening for as long as its longest token may live, and is retired then. A key that others know is retired at once.

use super::key_ring::NewKey;
use super::{KeyState, RingError, RotationError};
use crate::types::{Entropy, Secret, Timestamp};
use zeroize::Zeroizing;

/// Seconds for which a key goes on opening after it has minted: the longest life of a token, 36 hours.
pub const OPENING_SECONDS: i64 = 129_600;
/// Seconds for which a key opens before it may mint. A gate looks at its ring every two seconds.
pub const SPREAD_SECONDS: i64 = 60;

/// One key of the text.
pub(super) struct Line {
    pub(super) id: String,
    pub(super) state: KeyState,
    pub(super) root: Secret,
    pub(super) since: Option<Timestamp>,
}

/// A ring as text that can be changed step by step. Comments stay, before the keys.
pub struct RingText {
    comments: Vec<String>,
    lines: Vec<Line>,
}

/// What is told of a key: never the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its id.
    pub id: String,
    /// Its state.
    pub state: KeyState,
    /// Since when it has that state, where that was noted.
    pub since: Option<Timestamp>,
}

impl RingText {
    /// Reads a ring that a gate would take.
    pub fn parse(text: &str) -> Result<Self, RingError> {
        let lines = parse_lines(text)?;
        match lines.iter().filter(|line| line.state == KeyState::Minting).count() {
            1 => {}
            count => return Err(RingError::Minting(count)),
        }
        let comments = text.lines().map(str::trim).filter(|line| line.starts_with('#')).map(str::to_owned).collect();
        Ok(Self { comments, lines })
    }

    /// The text.
    pub fn to_text(&self) -> Secret {
        let mut text = Zeroizing::new(String::new());
        for comment in &self.comments {
            text.push_str(comment);
            text.push('\n');
        }
        for line in &self.lines {
            let root = Zeroizing::new(hex::encode(line.root.expose()));
            let since = line.since.map(|since| format!(":{}", since.seconds())).unwrap_or_default();
            for part in [line.id.as_str(), ":", line.state.as_str(), ":", root.as_str(), since.as_str(), "\n"] {
                text.push_str(part);
            }
        }
        Secret::new(text.as_bytes())
    }

    /// The keys in order.
    pub fn keys(&self) -> Vec<KeyInfo> {
        let info = |line: &Line| KeyInfo { id: line.id.clone(), state: line.state, since: line.since };
        self.lines.iter().map(info).collect()
    }

    /// Adds a key that opens. Returns its id.
    pub fn add(&mut self, entropy: &dyn Entropy, now: Timestamp) -> String {
        let mut new = NewKey::make(entropy);
        while self.lines.iter().any(|line| line.id == new.id) {
            new = NewKey::make(entropy);
        }
        // INVARIANT: made of hexadecimal digits just now.
        let root = Secret::new(hex::decode(new.root.as_str()).unwrap_or_default());
        self.lines.push(Line { id: new.id.clone(), state: KeyState::Opening, root, since: Some(now) });
        new.id
    }

    /// Lets a key mint that every gate knows; the one that minted goes on opening.
    pub fn mint(&mut self, id: &str, now: Timestamp) -> Result<(), RotationError> {
        let line = self.line(id)?;
        if line.state != KeyState::Opening {
            return Err(RotationError::NotOpening { id: id.to_owned(), state: line.state });
        }
        let from = line.since.map(|since| since.plus_seconds(SPREAD_SECONDS));
        if let Some(from) = from.filter(|from| now < *from) {
            return Err(RotationError::TooFresh { id: id.to_owned(), from });
        }
        self.let_mint(id, now);
        Ok(())
    }

    /// Retires a key: its tokens are refused. Before they have run out only with `compromised`.
    pub fn retire(&mut self, id: &str, compromised: bool, now: Timestamp) -> Result<(), RotationError> {
        let line = self.line(id)?;
        if line.state == KeyState::Minting {
            return Err(RotationError::Mints(id.to_owned()));
        }
        // A key of a ring made by hand may have minted until now.
        let until = line.since.unwrap_or(now).plus_seconds(OPENING_SECONDS);
        if line.state == KeyState::Opening && now < until && !compromised {
            return Err(RotationError::InUse { id: id.to_owned(), until });
        }
        if line.state == KeyState::Opening {
            (line.state, line.since) = (KeyState::Retired, Some(now));
        }
        Ok(())
    }

    /// Takes a retired key out of the ring.
    pub fn drop_key(&mut self, id: &str) -> Result<(), RotationError> {
        if self.line(id)?.state != KeyState::Retired {
            return Err(RotationError::NotRetired(id.to_owned()));
        }
        self.lines.retain(|line| line.id != id);
        Ok(())
    }

    /// For a ring that one gate reads, or one whose keys others know: a new key mints at once, and keys whose tokens
    /// have run out are retired; with `compromised`, all others. Returns the id of the new key.
    pub fn rotate(&mut self, compromised: bool, entropy: &dyn Entropy, now: Timestamp) -> String {
        let over = |line: &Line| line.since.is_some_and(|since| since.plus_seconds(OPENING_SECONDS) <= now);
        for line in &mut self.lines {
            if line.state == KeyState::Opening && (compromised || over(line)) {
                (line.state, line.since) = (KeyState::Retired, Some(now));
            }
        }
        let id = self.add(entropy, now);
        self.let_mint(&id, now);
        if compromised {
            for line in self.lines.iter_mut().filter(|line| line.state == KeyState::Opening) {
                line.state = KeyState::Retired;
            }
        }
        id
    }

    fn let_mint(&mut self, id: &str, now: Timestamp) {
        for line in &mut self.lines {
            match line.state {
                _ if line.id == id => (line.state, line.since) = (KeyState::Minting, Some(now)),
                KeyState::Minting => (line.state, line.since) = (KeyState::Opening, Some(now)),
                // From here on it is known for how long it has opened.
                KeyState::Opening => line.since = line.since.or(Some(now)),
                KeyState::Retired => {}
            }
        }
    }

    fn line(&mut self, id: &str) -> Result<&mut Line, RotationError> {
        self.lines.iter_mut().find(|line| line.id == id).ok_or_else(|| RotationError::NoSuchKey(id.to_owned()))
    }
}

/// The keys of a text, each id and each key once.
pub(super) fn parse_lines(text: &str) -> Result<Vec<Line>, RingError> {
    let mut lines: Vec<Line> = Vec::new();
    for (index, raw) in text.lines().enumerate() {
        let number = index + 1;
        let content = raw.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let line = parse_line(content, number)?;
        if lines.iter().any(|known| known.id == line.id) {
            return Err(RingError::RepeatedId { line: number });
        }
        if lines.iter().any(|known| known.root.same_as(line.root.expose())) {
            return Err(RingError::RepeatedKey { line: number });
        }
        lines.push(line);
    }
    Ok(lines)
}

fn parse_line(content: &str, line: usize) -> Result<Line, RingError> {
    let mut parts = content.split(':');
    let (Some(id), Some(state), Some(key), since, None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(RingError::Form { line });
    };
    if !(1..=16).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(RingError::Id { line });
    }
    let state = KeyState::parse(state).ok_or(RingError::State { line })?;
    let root = hex::decode(key).map(Secret::new).map_err(|_| RingError::Key { line })?;
    if root.len() != 32 {
        return Err(RingError::Key { line });
    }
    let since = since.map(|text| text.parse::<u32>().map(|seconds| Timestamp::from_seconds(seconds.into())));
    let since = since.transpose().map_err(|_| RingError::Since { line })?;
    Ok(Line { id: id.to_owned(), state, root, since })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::KeyRing;
    use crate::types::testing::Counter;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn ring() -> RingText {
        RingText::parse(&format!("# made by hand\n\nold:minting:{}\n", "ab".repeat(32))).unwrap()
    }

    fn states(ring: &RingText) -> Vec<(String, &'static str)> {
        ring.keys().into_iter().map(|key| (key.id, key.state.as_str())).collect()
    }

    fn text(ring: &RingText) -> String {
        ring.to_text().expose_str().unwrap().to_owned()
    }

    #[test]
    fn rule_20_a_key_opens_everywhere_before_it_mints_and_is_retired_36_hours_after() {
        let (mut ring, entropy) = (ring(), Counter::starting_at(1));
        let new = ring.add(&entropy, at(1000));
        assert_eq!(states(&ring), [("old".into(), "minting"), (new.clone(), "opening")]);
        assert_eq!(ring.mint(&new, at(1059)), Err(RotationError::TooFresh { id: new.clone(), from: at(1060) }));
        assert_eq!(ring.mint(&new, at(1060)), Ok(()));
        assert_eq!(states(&ring), [("old".into(), "opening"), (new.clone(), "minting")]);
        let until = at(1060 + 129_600);
        assert_eq!(ring.retire("old", false, at(1061)), Err(RotationError::InUse { id: "old".into(), until }));
        assert_eq!(ring.drop_key("old"), Err(RotationError::NotRetired("old".into())));
        assert_eq!(ring.retire("old", false, until), Ok(()));
        assert_eq!(states(&ring), [("old".into(), "retired"), (new.clone(), "minting")]);
        let minting = RotationError::NotOpening { id: new.clone(), state: KeyState::Minting };
        assert_eq!(ring.mint(&new, until), Err(minting));
        assert!(matches!(ring.mint("old", until), Err(RotationError::NotOpening { state: KeyState::Retired, .. })));
        assert_eq!(ring.retire(&new, true, until), Err(RotationError::Mints(new.clone())));
        assert_eq!(ring.retire("none", true, until), Err(RotationError::NoSuchKey("none".into())));
        assert_eq!(ring.drop_key("old"), Ok(()));
        assert_eq!(states(&ring), [(new, "minting")]);
    }

    #[test]
    fn rule_20_a_compromised_key_is_dropped_at_once() {
        let (mut ring, entropy) = (ring(), Counter::starting_at(1));
        let second = ring.rotate(false, &entropy, at(10));
        assert_eq!(ring.retire("old", true, at(11)), Ok(()));
        let third = ring.rotate(true, &entropy, at(12));
        assert_eq!(states(&ring), [("old".into(), "retired"), (second, "retired"), (third, "minting")]);
    }

    #[test]
    fn a_rotation_retires_keys_whose_tokens_have_run_out() {
        let (mut ring, entropy) = (ring(), Counter::starting_at(1));
        let second = ring.rotate(false, &entropy, at(10));
        let third = ring.rotate(false, &entropy, at(9 + 129_600));
        assert_eq!(states(&ring)[0], ("old".into(), "opening"));
        let fourth = ring.rotate(false, &entropy, at(10 + 129_600));
        let wanted = [("old".into(), "retired"), (second, "opening"), (third, "opening"), (fourth, "minting")];
        assert_eq!(states(&ring), wanted);
    }

    #[test]
    fn the_text_is_one_that_a_gate_takes_and_comes_back_as_it_was() {
        let (mut ring, entropy) = (ring(), Counter::starting_at(1));
        ring.add(&entropy, at(77));
        let written = text(&ring);
        assert!(written.starts_with(&format!("# made by hand\nold:minting:{}\n", "ab".repeat(32))), "{written}");
        assert!(written.ends_with(":77\n"), "{written}");
        assert!(KeyRing::parse(&written).is_ok());
        assert_eq!(text(&RingText::parse(&written).unwrap()), written);
        assert!(matches!(RingText::parse(""), Err(RingError::Minting(0))));
    }

    #[test]
    fn rule_20_a_key_whose_time_is_unknown_is_taken_to_be_in_use() {
        let lines = format!("a:minting:{}\nb:opening:{}\n", "ab".repeat(32), "cd".repeat(32));
        let (mut ring, entropy) = (RingText::parse(&lines).unwrap(), Counter::starting_at(1));
        assert!(matches!(ring.retire("b", false, at(500_000)), Err(RotationError::InUse { .. })));
        ring.rotate(false, &entropy, at(500_000));
        assert!(matches!(ring.retire("b", false, at(629_599)), Err(RotationError::InUse { .. })));
        assert_eq!(ring.retire("b", false, at(629_600)), Ok(()));
    }

    #[test]
    fn an_id_that_is_there_is_not_made_again() {
        let mut ring = ring();
        let first = ring.add(&Counter::starting_at(1), at(1));
        assert_ne!(ring.add(&Counter::starting_at(1), at(1)), first);
        assert!(KeyRing::parse(&text(&ring)).is_ok());
    }
}
