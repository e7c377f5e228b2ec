//! Keys and values in Redis.
//!
//! A record is a string under `rolegate:{SCOPE}:KIND:NAME`, SCOPE being `g` or `a:ACCOUNT`; its value is the
//! revision in decimal, a space, and the bytes. The names of a kind and scope are a sorted set, all with score 0,
//! under `rolegate-index:{SCOPE}:KIND`. What is in braces is the hash tag: all of an account is in one slot of a
//! cluster. Neither scope nor kind can hold `}` or, after it, `:`, and the name is all that follows: the
//! encoding is injective as it is (security rule 15), and Redis takes any bytes.

use crate::store::{Kind, Record, RecordKey, Scope};

/// What the change feed listens to: records and beats, not indexes.
pub(super) const PREFIX: &str = "rolegate:";
/// Every record, for `SCAN`.
pub(super) const ALL_RECORDS: &str = "rolegate:{*";

/// A record's key up to its name.
pub(super) fn record_prefix(kind: Kind, scope: &Scope) -> String {
    format!("{PREFIX}{{{}}}:{}:", scope.to_text(), kind.as_str())
}

/// A record's key.
pub(super) fn record_key(key: &RecordKey) -> String {
    record_prefix(key.kind, &key.scope) + &key.name
}

/// The key of the names of a kind and scope.
pub(super) fn index_key(kind: Kind, scope: &Scope) -> String {
    format!("rolegate-index:{{{}}}:{}", scope.to_text(), kind.as_str())
}

/// The key by which one feed connection knows that it is heard.
pub(super) fn beat_key(client: u64) -> String {
    format!("{PREFIX}beat:{client}")
}

/// The record of that key, if it is a record's.
pub(super) fn parse_key(key: &str) -> Option<RecordKey> {
    let (scope, rest) = key.strip_prefix(PREFIX)?.strip_prefix('{')?.split_once("}:")?;
    let (kind, name) = rest.split_once(':')?;
    Some(RecordKey { kind: Kind::parse(kind)?, scope: Scope::parse(scope)?, name: name.to_owned() })
}

/// A record's value.
pub(super) fn encode(record: &Record) -> Vec<u8> {
    let mut out = format!("{} ", record.revision).into_bytes();
    out.extend_from_slice(&record.value);
    out
}

/// The record of that value; `None` if it is damaged.
pub(super) fn decode(value: &[u8]) -> Option<Record> {
    let end = value.iter().position(|byte| *byte == b' ')?;
    let (digits, rest) = value.split_at_checked(end)?;
    let revision = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(Record { value: rest.get(1..)?.to_vec(), revision })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::AccountId;

    #[test]
    fn rule_15_keys_are_injective_and_tagged_by_account() {
        let account = |text: &str| Scope::Account(AccountId::parse(text).unwrap());
        let user = |scope: Scope, name: &str| RecordKey { kind: Kind::User, scope, name: name.to_owned() };
        assert_eq!(record_key(&user(account(""), "a")), "rolegate:{a:}:user:a");
        assert_eq!(record_key(&user(account("RGW12345678901234567"), "")), "rolegate:{a:RGW12345678901234567}:user:");
        assert_eq!(record_key(&RecordKey::bucket("b")), "rolegate:{g}:bucket:b");
        assert_eq!(index_key(Kind::Bucket, &Scope::Global), "rolegate-index:{g}:bucket");
        for name in ["", ":", "}:user:a", "{a:}", "é/%", "\0"] {
            for scope in [Scope::Global, account(""), account("g"), account("user")] {
                let key = user(scope, name);
                assert_eq!(parse_key(&record_key(&key)), Some(key));
            }
        }
        for other in
            ["", "rolegate:", "rolegate:beat:7", "rolegate:{x}:user:a", "rolegate:{g}:session:a", "rolegate:{g}"]
        {
            assert_eq!(parse_key(other), None, "{other}");
        }
        assert_eq!(parse_key(&beat_key(1)), None);
        assert!(!index_key(Kind::User, &Scope::Global).starts_with(PREFIX));
    }

    #[test]
    fn values_keep_revision_and_bytes() {
        for record in
            [Record { value: vec![], revision: 0 }, Record { value: b" 1 2 \xff".to_vec(), revision: u64::MAX }]
        {
            assert_eq!(decode(&encode(&record)), Some(record));
        }
        for bad in [&b""[..], b"1", b" ", b"x 1", b"-1 x", b"18446744073709551616 x"] {
            assert_eq!(decode(bad), None);
        }
    }
}
