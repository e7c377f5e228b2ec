//! The backend's endpoint: scheme, host, port, and nothing else.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Where the backend listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether the connection is TLS.
    pub tls: bool,
    /// Host name, IPv4 address, or IPv6 address without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// The text is not an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Another scheme, or none.
    #[error("must begin with http:// or https://")]
    Scheme,
    /// A user name, a path, a query or a fragment.
    #[error("must be a scheme, a host and a port only, such as http://127.0.0.1:9000")]
    MoreThanHost,
    /// No host, or not one.
    #[error("must name a host: a DNS name, an IPv4 address, or an IPv6 address in brackets")]
    Host,
    /// Not a port.
    #[error("the port must be a number from 1 to 65535")]
    Port,
}

impl Endpoint {
    /// Parses `http[s]://HOST[:PORT]`; one `/` at the end does not count.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let (tls, rest) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (None, Some(rest)) => (true, rest),
            (None, None) => return Err(InvalidEndpoint::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '@', '\\']) {
            return Err(InvalidEndpoint::MoreThanHost);
        }
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => {
                host.parse::<Ipv6Addr>().map_err(|_| InvalidEndpoint::Host)?;
                (host, if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or(InvalidEndpoint::Port)?) })
            }
            None => match rest.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            },
        };
        if host.parse::<Ipv6Addr>().is_err() && !is_host_name(host) {
            return Err(InvalidEndpoint::Host);
        }
        let port = match port {
            None => {
                if tls {
                    443
                } else {
                    80
                }
            }
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().filter(|port| *port != 0).ok_or(InvalidEndpoint::Port)?
            }
            Some(_) => return Err(InvalidEndpoint::Port),
        };
        Ok(Self { tls, host: host.to_ascii_lowercase(), port })
    }

    /// The value of `Host`: the port is left out where it is the scheme's own.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.tls { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }
}

/// Whether `text` is a DNS name or an IPv4 address.
pub(super) fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Whether `text` is a DNS name and not an address.
pub(super) fn is_domain(text: &str) -> bool {
    is_host_name(text) && text.parse::<IpAddr>().is_err()
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_scheme_host_and_port_only() {
        let table = [
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000", 9000),
            ("https://S3.example.com/", "https://s3.example.com", 443),
            ("http://minio", "http://minio", 80),
            ("https://[::1]:9000", "https://[::1]:9000", 9000),
            ("http://[fd00::1]", "http://[fd00::1]", 80),
        ];
        for (text, shown, port) in table {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!((endpoint.to_string().as_str(), endpoint.port), (shown, port), "{text}");
        }
        for (text, wanted) in [
            ("127.0.0.1:9000", InvalidEndpoint::Scheme),
            ("ftp://host", InvalidEndpoint::Scheme),
            ("http://host/path", InvalidEndpoint::MoreThanHost),
            ("http://user:pw@host", InvalidEndpoint::MoreThanHost),
            ("http://host?x", InvalidEndpoint::MoreThanHost),
            ("http://", InvalidEndpoint::Host),
            ("http://a b", InvalidEndpoint::Host),
            ("http://[::1", InvalidEndpoint::Host),
            ("http://host:", InvalidEndpoint::Port),
            ("http://host:0", InvalidEndpoint::Port),
            ("http://host:+80", InvalidEndpoint::Port),
            ("http://[::1]80", InvalidEndpoint::Port),
        ] {
            assert_eq!(Endpoint::parse(text), Err(wanted), "{text}");
        }
    }
}
