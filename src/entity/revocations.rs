//! Sessions that were ended one by one or up to a time (security rule 21).

use crate::types::{AccessKeyId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which sessions of a role or user are over before their time. All of them at once end by its epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocations {
    /// Sessions issued before this time, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// Single sessions by access key id, with the time in milliseconds since 1970 at which they end by themselves
    /// and need not be remembered any more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, i64>,
}

impl Revocations {
    /// Whether nothing was revoked.
    pub fn is_empty(&self) -> bool {
        self.before.is_none() && self.keys.is_empty()
    }

    /// Whether the session with this key, issued at that time, is over. Tokens count whole seconds, so a session of
    /// the very second of `before` is over too.
    pub fn ends(&self, key: &AccessKeyId, issued: Timestamp) -> bool {
        self.before.is_some_and(|before| issued.millis() < before) || self.keys.contains_key(key.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_21_sessions_end_by_time_and_by_key() {
        let key = |text: &str| AccessKeyId::parse(text).unwrap();
        let mut revoked = Revocations::default();
        assert!(revoked.is_empty() && !revoked.ends(&key("ASIAONE"), Timestamp::from_seconds(0)));
        revoked.before = Some(10_500);
        for (second, over) in [(9, true), (10, true), (11, false)] {
            assert_eq!(revoked.ends(&key("ASIAONE"), Timestamp::from_seconds(second)), over, "{second}");
        }
        revoked.keys.insert("ASIATWO".into(), 99);
        assert!(revoked.ends(&key("ASIATWO"), Timestamp::from_seconds(11)));
        assert!(!revoked.ends(&key("ASIATHREE"), Timestamp::from_seconds(11)));
    }
}
