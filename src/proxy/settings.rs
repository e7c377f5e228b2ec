//! Limits and times of the listener and of the way to the backend. Filled from the configuration.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// What a request head may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadLimits {
    /// The whole head in bytes.
    pub head_bytes: usize,
    /// The target in bytes; beyond it a POST belongs into its body.
    pub target_bytes: usize,
    /// The query in bytes.
    pub query_bytes: usize,
    /// Header fields.
    pub header_fields: usize,
}

impl Default for HeadLimits {
    /// S3 takes 8 KiB of headers; session tokens and presigned queries need room beside user metadata.
    fn default() -> Self {
        Self { head_bytes: 32 * 1024, target_bytes: 16 * 1024, query_bytes: 12 * 1024, header_fields: 128 }
    }
}

/// The listener's side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxySettings {
    /// Limits of the head.
    pub head: HeadLimits,
    /// Peers whose `X-Forwarded-For` is believed (security rule 31).
    pub trusted_proxies: Vec<AddressRange>,
    /// `x-amz-id-2` of S3 answers: names this gate, the same in every answer.
    pub host_id: String,
    /// Connections at once; one more is answered and closed before its request is read.
    pub max_connections: usize,
    /// How long a connection may wait for the first byte of its next request.
    pub keepalive: Duration,
    /// How long a new connection may wait with its first byte, and how long a whole head may take from its first byte on.
    pub head_timeout: Duration,
    /// Requests on one connection before it is closed; none for no limit.
    pub keepalive_requests: Option<u32>,
    /// How long the client may send nothing while its body is awaited.
    pub body_read_timeout: Duration,
    /// How long a body that decides (forms, Delete) may take as a whole.
    pub whole_body_timeout: Duration,
    /// Bytes a second that a client must send of its body at least; 0 for no such limit. Time spent on waiting for it
    /// may exceed what the bytes that came are worth by [`Self::body_read_timeout`].
    pub min_receive_rate: u64,
    /// Bytes a second that a client must take of an answer at least; 0 for no such limit.
    pub min_send_rate: usize,
    /// An unread body up to this length is drained after an early answer, so that the connection can be used again.
    pub drain_bytes: u64,
    /// How long an unread body is read after an early answer, so that the answer is not lost to a reset.
    pub drain_timeout: Duration,
    /// Bytes of request bodies held in memory at once by all requests: bodies that decide, and chunks that wait
    /// for their signature (security rule 28).
    pub buffered_bytes: usize,
}

impl Default for ProxySettings {
    fn default() -> Self {
        Self {
            head: HeadLimits::default(),
            trusted_proxies: Vec::new(),
            host_id: "rolegate".to_owned(),
            max_connections: 10_000,
            keepalive: Duration::from_secs(75),
            head_timeout: Duration::from_secs(30),
            keepalive_requests: None,
            body_read_timeout: Duration::from_secs(60),
            whole_body_timeout: Duration::from_secs(60),
            min_receive_rate: 1024,
            min_send_rate: 1024,
            drain_bytes: 1024 * 1024,
            drain_timeout: Duration::from_secs(5),
            buffered_bytes: 256 * 1024 * 1024,
        }
    }
}

/// How aws-chunked uploads reach the backend (`[backend] aws_chunked`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AwsChunked {
    /// In their framing, signed anew. `x-amz-content-sha256` tells of it; some servers would store it as an
    /// encoding of the object if Content-Encoding told of it too.
    #[default]
    Pass,
    /// As [`AwsChunked::Pass`], with `Content-Encoding: aws-chunked`, which AWS asks for.
    Announce,
    /// Decoded, with a plain Content-Length, for backends that do not know the framing. The checksum of the
    /// trailer is verified here and not stored there.
    Decode,
}

/// The backend's side.
#[derive(Debug, Clone)]
pub struct UpstreamSettings {
    /// Where to connect: resolved before, never looked up here.
    pub address: SocketAddr,
    /// The `Host` that is signed and sent: name or address, with the port if it is not the scheme's.
    pub authority: String,
    /// TLS, if the endpoint is `https`.
    pub tls: Option<UpstreamTls>,
    /// What becomes of aws-chunked bodies.
    pub aws_chunked: AwsChunked,
    /// Time for the TCP connection.
    pub connect_timeout: Duration,
    /// Time for TCP and TLS together.
    pub total_connect_timeout: Duration,
    /// How long the backend may send nothing.
    pub read_timeout: Duration,
    /// How long the backend may take nothing.
    pub write_timeout: Duration,
    /// How long an unused connection is kept: less than the backend keeps it, since a request other than GET and
    /// HEAD is not sent again when it meets a connection that the backend is closing.
    pub idle_timeout: Duration,
}

/// TLS to the backend. The certificate is always verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamTls {
    /// The name that the certificate must have.
    pub server_name: String,
    /// The only trust anchors, in DER; empty for the system's.
    pub ca: Vec<Vec<u8>>,
}

/// A range of addresses, `10.0.0.0/8` or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    network: IpAddr,
    bits: u8,
}

/// The text is not a range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an IP address or a network such as 10.0.0.0/8 or fd00::/8, without bits set after the prefix")]
pub struct InvalidAddressRange;

impl AddressRange {
    /// Parses an address or CIDR notation (RFC 4632; RFC 4291 section 2.3). Bits after the prefix must be zero:
    /// a typing slip there would trust others than meant.
    pub fn parse(text: &str) -> Result<Self, InvalidAddressRange> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                (address, Some(bits.parse::<u8>().map_err(|_| InvalidAddressRange)?))
            }
            Some(_) => return Err(InvalidAddressRange),
            None => (text, None),
        };
        let network: IpAddr = address.parse().map_err(|_| InvalidAddressRange)?;
        let widest = if network.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(widest);
        let left_over = match network {
            IpAddr::V4(address) => u32::from(address).checked_shl(u32::from(bits)).unwrap_or(0) != 0,
            IpAddr::V6(address) => u128::from(address).checked_shl(u32::from(bits)).unwrap_or(0) != 0,
        };
        if bits > widest || left_over { Err(InvalidAddressRange) } else { Ok(Self { network, bits }) }
    }

    /// Whether the address lies in the range. An IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differ = u32::from(network) ^ u32::from(address);
                differ.checked_shr(32 - u32::from(self.bits.min(32))).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differ = u128::from(network) ^ u128::from(address);
                differ.checked_shr(128 - u32::from(self.bits.min(128))).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_their_prefix_says() {
        let range = AddressRange::parse("10.1.0.0/16").unwrap();
        assert!(range.contains("10.1.255.1".parse().unwrap()));
        assert!(range.contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!range.contains("10.2.0.1".parse().unwrap()));
        assert!(!range.contains("::1".parse().unwrap()));
        assert!(AddressRange::parse("0.0.0.0/0").unwrap().contains("8.8.8.8".parse().unwrap()));
        let one = AddressRange::parse("2001:db8::1").unwrap();
        assert!(one.contains("2001:db8::1".parse().unwrap()) && !one.contains("2001:db8::2".parse().unwrap()));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for bad in [
            "",
            "10.0.0.0/33",
            "::/129",
            "localhost",
            "10.0.0.0/",
            "10.0.0/8",
            "1.2.3.4/-1",
            "10.1.0.0/8",
            "1.2.3.4/+8",
            "fd00::1/8",
        ] {
            assert_eq!(AddressRange::parse(bad), Err(InvalidAddressRange), "{bad}");
        }
    }
}
