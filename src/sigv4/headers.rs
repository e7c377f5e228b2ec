//! What a signature needs of a head's fields: two walks over the head, each taking all it wants on the way.

use super::canonical;
use super::error::Error;
use crate::wire::RequestHead;

/// A header that must not be there twice where it decides.
#[derive(Clone, Copy, Default)]
pub(super) struct Single<'a> {
    first: Option<&'a [u8]>,
    repeated: bool,
}

impl<'a> Single<'a> {
    fn add(&mut self, value: &'a [u8]) {
        self.repeated = self.first.is_some();
        self.first = self.first.or(Some(value));
    }

    /// Whether it is there at all.
    pub(super) fn is_there(self) -> bool {
        self.first.is_some()
    }

    /// Its value; refused where there are two. The name is that of the error.
    pub(super) fn value(self, name: &'static str) -> Result<Option<&'a [u8]>, Error> {
        if self.repeated { Err(Error::RepeatedHeader(name)) } else { Ok(self.first) }
    }
}

/// The headers that a claim is read from.
#[derive(Default)]
pub(super) struct ClaimHeaders<'a> {
    pub(super) authorization: Single<'a>,
    pub(super) date: Single<'a>,
    pub(super) amz_date: Single<'a>,
    pub(super) content_sha256: Single<'a>,
    pub(super) security_token: Single<'a>,
    pub(super) express_token: Single<'a>,
}

impl<'a> ClaimHeaders<'a> {
    pub(super) fn of(head: &'a RequestHead) -> Self {
        let mut found = Self::default();
        for header in head.headers() {
            let slot = match header.name {
                "authorization" => &mut found.authorization,
                "date" => &mut found.date,
                "x-amz-date" => &mut found.amz_date,
                "x-amz-content-sha256" => &mut found.content_sha256,
                "x-amz-security-token" => &mut found.security_token,
                "x-amz-s3session-token" => &mut found.express_token,
                _ => continue,
            };
            slot.add(header.value);
        }
        found
    }
}

/// A name in the list of signed headers, and what the request has under it.
struct SignedHeader<'a> {
    name: &'a str,
    values: Single<'a>,
}

/// The signed headers of a request in the order of the list. Each is there.
pub(super) struct SignedHeaders<'a>(Vec<SignedHeader<'a>>);

impl<'a> SignedHeaders<'a> {
    /// Matches the list with the head. Refused: a Host header that is absent, empty or there twice, a name of the list
    /// that is not there, and a header that must be signed and is not: `host`, every `x-amz-*`, and `date` where
    /// the signing time stands there (`dated_by_date`).
    pub(super) fn of(
        names: impl Iterator<Item = &'a str>,
        head: &'a RequestHead,
        dated_by_date: bool,
    ) -> Result<Self, Error> {
        let headers = head.headers();
        let count = headers.len();
        let mut signed = Vec::with_capacity(count);
        // INVARIANT: no name is in the list twice, so of one name more than there are headers one is absent. The rest
        // of a list that is longer still need not be looked at.
        signed.extend(names.take(count.saturating_add(1)).map(|name| SignedHeader { name, values: Single::default() }));
        let (mut host, mut unsigned) = (Single::default(), Vec::new());
        for header in headers {
            if header.name == "host" {
                host.add(header.value);
            }
            let must = header.name == "host" || header.name.starts_with("x-amz-");
            match signed.iter_mut().find(|signed| signed.name == header.name) {
                Some(signed) => signed.values.add(header.value),
                None if must || (dated_by_date && header.name == "date") => unsigned.push(header.name),
                None => {}
            }
        }
        if host.value("host")?.is_none_or(<[u8]>::is_empty) {
            return Err(Error::MissingHost);
        }
        if let Some(absent) = signed.iter().find(|signed| !signed.values.is_there()) {
            return Err(Error::SignedHeaderAbsent(absent.name.into()));
        }
        if !unsigned.is_empty() {
            return Err(Error::UnsignedHeaders(unsigned.into_iter().map(Box::from).collect()));
        }
        Ok(Self(signed))
    }

    /// Appends the canonical headers. The head is that of [`SignedHeaders::of`].
    pub(super) fn push(&self, head: &RequestHead, out: &mut Vec<u8>) {
        for SignedHeader { name, values } in &self.0 {
            match values {
                Single { first: Some(value), repeated: false } => {
                    canonical::push_header(name, std::iter::once(*value), out);
                }
                _ => canonical::push_header(name, head.header_values(name), out),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;
    use std::net::{IpAddr, Ipv4Addr};

    fn head(headers: &[(&str, &str)]) -> RequestHead {
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        RequestHead::new(Method::Get, b"/", headers.iter().copied(), peer, None).unwrap()
    }

    fn canonical(names: &str, headers: &[(&str, &str)]) -> Result<String, Error> {
        let (head, mut out) = (head(headers), Vec::new());
        SignedHeaders::of(names.split(';'), &head, true)?.push(&head, &mut out);
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn values_are_in_the_order_of_the_wire_and_names_in_that_of_the_list() {
        let headers = [("x-amz-b", "1"), ("Host", "h"), ("y", "?"), ("a", ""), ("X-Amz-B", "2"), ("x-amz-b", "3")];
        assert_eq!(canonical("a;host;x-amz-b", &headers).unwrap(), "a:\nhost:h\nx-amz-b:1,2,3\n");
    }

    #[test]
    fn rule_07_what_must_be_signed_is_in_the_list() {
        let headers = [("x-amz-b", ""), ("host", "h"), ("date", "d"), ("x-amz", "?"), ("x-amz-a", ""), ("x-amz-b", "")];
        let unsigned =
            |names: &[&str]| Err(Error::UnsignedHeaders(names.iter().map(|name| Box::from(*name)).collect()));
        assert_eq!(canonical("host", &headers), unsigned(&["x-amz-b", "date", "x-amz-a", "x-amz-b"]));
        assert_eq!(canonical("date;x-amz-a;x-amz-b", &headers), unsigned(&["host"]));
        assert!(canonical("date;host;x-amz-a;x-amz-b", &headers).is_ok());
    }

    #[test]
    fn the_first_name_without_a_header_is_the_one_refused() {
        let absent = |name: &str| Err(Error::SignedHeaderAbsent(name.into()));
        let long: Vec<String> = (0..1000).map(|index| format!("i{index:04}")).collect();
        assert_eq!(canonical(&format!("host;{}", long.join(";")), &[("host", "h"), ("i0000", "")]), absent("i0001"));
        assert_eq!(canonical("a;b;host", &[("host", "h"), ("a", ""), ("x-amz-a", "")]), absent("b"));
        assert_eq!(canonical("a;b;host", &[("a", "h")]), Err(Error::MissingHost));
        assert_eq!(canonical("a", &[("host", "h"), ("host", "")]), Err(Error::RepeatedHeader("host")));
    }

    #[test]
    fn a_header_given_again_is_refused_where_it_decides() {
        let head = head(&[("date", "1"), ("x-amz-date", "2"), ("date", "3"), ("date", "4"), ("x-amz-dat", "5")]);
        let headers = ClaimHeaders::of(&head);
        assert_eq!(headers.date.value("date"), Err(Error::RepeatedHeader("date")));
        assert_eq!(headers.amz_date.value("x-amz-date"), Ok(Some(&b"2"[..])));
        assert_eq!(headers.authorization.value("authorization"), Ok(None));
        assert!(headers.date.is_there() && !headers.security_token.is_there());
    }
}
