//! IP addresses and CIDR blocks (RFC 4632, RFC 4291). Versions 4 and 6 never match each other.

use std::net::IpAddr;

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::policy) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// Parses an address, or an address with a prefix length. Host bits may be set; they do not count.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (parse_address(address)?, Some(prefix)),
            None => (parse_address(text)?, None),
        };
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(digits) if (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= width)?
            }
            Some(_) => return None,
        };
        Some(Self { address, prefix })
    }

    /// Whether `address` is in the block.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = u32::from(own) ^ u32::from(other);
                differing.leading_zeros() >= self.prefix
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = u128::from(own) ^ u128::from(other);
                differing.leading_zeros() >= self.prefix
            }
            _ => false,
        }
    }
}

/// A plain address, without zone or brackets.
pub(super) fn parse_address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_their_addresses_and_versions_stay_apart() {
        for (block, address, wanted) in [
            ("203.0.113.0/24", "203.0.113.7", true),
            ("203.0.113.9/24", "203.0.113.7", true),
            ("203.0.113.0/24", "203.0.114.7", false),
            ("203.0.113.7", "203.0.113.7", true),
            ("0.0.0.0/0", "255.1.2.3", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "1.2.3.4", false),
            ("::/0", "2001:db8::1", true),
            ("2001:DB8::/29", "2001:db8:1::5", true),
            ("2001:db8::5/128", "2001:0db8:0:0::5", true),
            ("2001:db8::5/128", "2001:db8::6", false),
            ("::ffff:1.2.3.4", "1.2.3.4", false),
        ] {
            let network = Network::parse(block).unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), wanted, "{address} in {block}");
        }
    }

    #[test]
    fn other_texts_are_no_blocks() {
        for bad in [
            "",
            "1.2.3",
            "1.2.3.4/33",
            "1.2.3.4/",
            "1.2.3.4/+8",
            "1.2.3.4/-1",
            "1.2.3.4/255.0.0.0",
            "::/129",
            "a",
            "01.2.3.4",
            "1.2.3.4 ",
            "[::1]",
            "fe80::1%eth0",
            "1.2.3.4/8/8",
            "*",
        ] {
            assert!(Network::parse(bad).is_none(), "{bad}");
        }
    }
}
