//! Strangers who ask in vain, limited by source (security rule 28): lookups of unknown keys, refused web identities.
//!
//! Who presents one unknown key id after the other makes the store work for nothing. Only such lookups are counted,
//! and only lookups that would ask the store are refused, so that requests with keys in use are never touched. The
//! answer is "slow down", not "no such key": behind a source that many share, a good key may be among those refused,
//! and its client tries again.

use crate::authn::{StrangerLimit, Tally};
use crate::types::UniqueId;
use moka::sync::Cache;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Nanoseconds of a window.
const WINDOW: u64 = 10_000_000_000;
/// Failures of one source in a window.
const LIMIT: u64 = 20;
/// Forged tokens of one provider in a window, whatever their sources: so many that nobody with a few addresses shuts out
/// the provider's own, and so few that verifying them is no work to speak of.
const PROVIDER_LIMIT: u64 = 1_000;
/// Sources and providers remembered. Beyond, some are forgotten, and so may begin anew.
const TALLIES: u64 = 65_536;
/// Bits of a tally that count; the others are the number of the window.
const COUNT_BITS: u32 = 16;

/// How often it was asked in vain, by each source and for each provider.
#[derive(Debug)]
pub struct Strangers(Cache<Key, Arc<AtomicU64>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Source(IpAddr),
    Provider(UniqueId),
}

impl From<Tally<'_>> for Key {
    fn from(by: Tally<'_>) -> Self {
        match by {
            Tally::Source(address) => Self::Source(source(address)),
            Tally::Provider(id) => Self::Provider(id.clone()),
        }
    }
}

fn limit(by: Tally<'_>) -> u64 {
    match by {
        Tally::Source(_) => LIMIT,
        Tally::Provider(_) => PROVIDER_LIMIT,
    }
}

impl Default for Strangers {
    fn default() -> Self {
        Self(Cache::new(TALLIES))
    }
}

impl StrangerLimit for Strangers {
    fn may_ask(&self, by: Tally<'_>, ticks: u64) -> bool {
        self.0.get(&Key::from(by)).is_none_or(|tally| count(tally.load(Ordering::Relaxed), ticks) < limit(by))
    }

    fn asked_in_vain(&self, by: Tally<'_>, ticks: u64) {
        let tally = self.0.get_with(by.into(), Arc::default);
        let more = |old| Some((window(ticks) << COUNT_BITS) | (count(old, ticks) + 1).min(limit(by)));
        // Never an error: the closure always gives a value.
        let _ = tally.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }
}

fn window(ticks: u64) -> u64 {
    // Counted from 1, so that a new tally is of no window.
    (ticks / WINDOW + 1) & (u64::MAX >> COUNT_BITS)
}

fn count(tally: u64, ticks: u64) -> u64 {
    if tally >> COUNT_BITS == window(ticks) { tally & ((1 << COUNT_BITS) - 1) } else { 0 }
}

/// One client has one IPv4 address, and a /64 of IPv6.
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_28_each_source_has_its_own_limit_and_a_new_one_in_each_window() {
        let strangers = Strangers::default();
        let address = |text: &str| Tally::Source(text.parse().unwrap());
        for _ in 0..LIMIT {
            assert!(strangers.may_ask(address("192.0.2.1"), 5));
            strangers.asked_in_vain(address("192.0.2.1"), 5);
        }
        for tick in [5, 0, WINDOW - 1] {
            assert!(!strangers.may_ask(address("192.0.2.1"), tick));
            assert!(!strangers.may_ask(address("::ffff:192.0.2.1"), tick), "the same address");
        }
        assert!(strangers.may_ask(address("192.0.2.2"), 5));
        assert!(strangers.may_ask(address("192.0.2.1"), WINDOW));
        for _ in 0..LIMIT * 2 {
            strangers.asked_in_vain(address("2001:db8::1"), 5);
        }
        assert!(!strangers.may_ask(address("2001:db8::ffff:2"), 5) && strangers.may_ask(address("2001:db8:0:1::1"), 5));
    }

    #[test]
    fn rule_28_each_provider_has_a_larger_limit_of_its_own() {
        let strangers = Strangers::default();
        let id = |text: &str| UniqueId::parse(text).unwrap();
        let (one, other) = (id("AOIPAAAAAAAAAAAAAAAAA"), id("AOIPBBBBBBBBBBBBBBBBB"));
        for _ in 0..PROVIDER_LIMIT {
            assert!(strangers.may_ask(Tally::Provider(&one), 5));
            strangers.asked_in_vain(Tally::Provider(&one), 5);
        }
        assert!(!strangers.may_ask(Tally::Provider(&one), 5) && strangers.may_ask(Tally::Provider(&one), WINDOW));
        assert!(strangers.may_ask(Tally::Provider(&other), 5));
    }
}
