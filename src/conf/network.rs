//! IP networks, and who the client is behind trusted proxies (security rule 31).

use std::fmt;
use std::net::IpAddr;

/// A network in CIDR form. An address without a prefix length is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The text is not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an IP address or a network such as 10.0.0.0/8 or fd00::/8, without bits set after the prefix")]
pub struct InvalidNetwork;

impl Network {
    /// Parses `ADDRESS` or `ADDRESS/PREFIX`. Bits after the prefix must be zero: a typing slip there would
    /// trust others than meant.
    pub fn parse(text: &str) -> Result<Self, InvalidNetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) if prefix.bytes().all(|b| b.is_ascii_digit()) => {
                (address, Some(prefix.parse::<u8>().map_err(|_| InvalidNetwork)?))
            }
            Some(_) => return Err(InvalidNetwork),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| InvalidNetwork)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        let network = Self { address, prefix };
        if prefix <= width && mask(bits(address), width, prefix) == bits(address) {
            Ok(network)
        } else {
            Err(InvalidNetwork)
        }
    }

    /// Whether `address` is in the network. IPv4 in its IPv6 mapping counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let width = if self.address.is_ipv4() { 32 } else { 128 };
        address.is_ipv4() == self.address.is_ipv4() && mask(bits(address), width, self.prefix) == bits(self.address)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// The client's address: the socket's peer, or, when that is a trusted proxy, the right-most hop of
/// `X-Forwarded-For` that is not one. A hop that is no address ends the search at the hop before it: what
/// stands further left was not written by someone trusted.
pub fn client_address(trusted: &[Network], peer: IpAddr, forwarded_for: &[&str]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    let hops = forwarded_for.iter().rev().flat_map(|value| value.rsplit(','));
    for hop in hops {
        if !is_trusted(client) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(address) => client = address.to_canonical(),
            Err(_) => break,
        }
    }
    client
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

fn mask(bits: u128, width: u8, prefix: u8) -> u128 {
    let shift = u32::from(width.saturating_sub(prefix));
    bits.checked_shr(shift).and_then(|kept| kept.checked_shl(shift)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_take_addresses_and_prefixes_only() {
        for good in ["10.0.0.0/8", "127.0.0.1", "0.0.0.0/0", "::1", "fd00::/8", "192.168.1.0/24"] {
            assert!(Network::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "10.0.0.1/8", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "10.0.0.0/+8", "host", "10.0.0.0/"] {
            assert_eq!(Network::parse(bad), Err(InvalidNetwork), "{bad}");
        }
        let ten = Network::parse("10.0.0.0/8").unwrap();
        assert!(ten.contains("10.255.0.1".parse().unwrap()) && ten.contains("::ffff:10.0.0.1".parse().unwrap()));
        assert!(!ten.contains("11.0.0.1".parse().unwrap()) && !ten.contains("::a00:1".parse().unwrap()));
        assert!(Network::parse("0.0.0.0/0").unwrap().contains("8.8.8.8".parse().unwrap()));
        assert!(!Network::parse("0.0.0.0/0").unwrap().contains("::1".parse().unwrap()));
    }

    #[test]
    fn rule_31_the_source_is_the_socket_unless_the_peer_is_a_trusted_proxy() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let trusted = [Network::parse("10.0.0.0/8").unwrap()];
        let table: [(&str, &[&str], &str); 9] = [
            ("192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7 ,10.2.3.4"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9, unknown, 10.2.3.4"], "10.2.3.4"),
            ("10.0.0.1", &["10.2.3.4, 10.2.3.5"], "10.2.3.4"),
            ("::ffff:10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
        ];
        for (peer, header, wanted) in table {
            assert_eq!(client_address(&trusted, ip(peer), header), ip(wanted), "{peer} {header:?}");
        }
        assert_eq!(client_address(&[], ip("10.0.0.1"), &["198.51.100.7"]), ip("10.0.0.1"));
    }
}
