//! All that can be refused without a key: scope, time, what is signed, how the payload is covered.

use super::claim::{ClaimKind, SignatureClaim};
use super::error::{Error, Place};
use super::headers::SignedHeaders;
use super::payload::PayloadKind;
use super::presigned::hoisted_headers;
use crate::types::Timestamp;
use crate::wire::{Method, QueryString, RequestHead};
use std::fmt;

/// The difference of clocks that AWS allows, in seconds.
pub const MAX_SKEW_SECONDS: i64 = 900;

/// The service that a request is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service {
    /// The data plane.
    S3,
    /// The IAM API.
    Iam,
    /// The STS API.
    Sts,
}

impl Service {
    /// The name in a credential scope.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Iam => "iam",
            Self::Sts => "sts",
        }
    }
}

/// What a claim must fit.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The service that the request is for.
    pub service: Service,
    /// The only region accepted; none accepts any, the empty one too.
    pub region: Option<&'a str>,
    /// The present time.
    pub now: Timestamp,
    /// The allowed difference of clocks in seconds ([`MAX_SKEW_SECONDS`]).
    pub max_skew_seconds: i64,
}

/// A claim that passed every check that needs no key, together with the request it is about.
/// The only thing [`super::verify`] takes, so no check can be left out.
pub struct CheckedClaim<'r> {
    pub(super) claim: &'r SignatureClaim,
    pub(super) head: &'r RequestHead,
    pub(super) query: &'r QueryString,
    pub(super) service: Service,
    pub(super) signed: SignedHeaders<'r>,
}

impl CheckedClaim<'_> {
    /// The claim.
    pub fn claim(&self) -> &SignatureClaim {
        self.claim
    }
}

impl fmt::Debug for CheckedClaim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CheckedClaim").field(self.claim).finish()
    }
}

impl SignatureClaim {
    /// Checks the claim against the rules and the request it came with. Needs neither key nor body.
    pub fn check<'r>(
        &'r self,
        head: &'r RequestHead,
        query: &'r QueryString,
        rules: &Rules<'_>,
    ) -> Result<CheckedClaim<'r>, Error> {
        self.check_scope(rules)?;
        self.check_time(rules)?;
        let signed = SignedHeaders::of(self.signed_headers(), head, self.dated_by_date)?;
        if self.place() == Place::Query {
            hoisted_headers(head, query)?;
        }
        self.check_payload(rules.service)?;
        if rules.service != Service::S3 {
            self.check_control_call(head)?;
        }
        Ok(CheckedClaim { claim: self, head, query, service: rules.service, signed })
    }

    pub(super) fn check_scope(&self, rules: &Rules<'_>) -> Result<(), Error> {
        let place = self.place();
        if self.scope.service() != rules.service.as_str() {
            return Err(Error::ScopeService { place, expected: rules.service.as_str() });
        }
        if let Some(expected) = rules.region.filter(|region| *region != self.scope.region()) {
            return Err(Error::ScopeRegion { place, provided: self.scope.region().into(), expected: expected.into() });
        }
        if self.time_text.get(..8) != Some(self.scope.date()) {
            return Err(Error::ScopeDate(place));
        }
        Ok(())
    }

    pub(super) fn check_time(&self, rules: &Rules<'_>) -> Result<(), Error> {
        let (now, signed) = (rules.now, self.signing_time);
        let early = signed > now.plus_seconds(rules.max_skew_seconds);
        match self.kind {
            ClaimKind::Header if early || signed < now.plus_seconds(-rules.max_skew_seconds) => {
                Err(Error::RequestTimeTooSkewed {
                    request_time: signed,
                    server_time: now,
                    max_skew_seconds: rules.max_skew_seconds,
                })
            }
            ClaimKind::Query { .. } | ClaimKind::Form if early => {
                Err(Error::NotYetValid { request_time: signed, server_time: now })
            }
            ClaimKind::Query { expires_seconds } => {
                let expires = signed.plus_seconds(i64::from(expires_seconds));
                if now > expires { Err(Error::Expired { expires, server_time: now, expires_seconds }) } else { Ok(()) }
            }
            // A form's life is bounded by its policy.
            ClaimKind::Header | ClaimKind::Form => Ok(()),
        }
    }

    fn check_payload(&self, service: Service) -> Result<(), Error> {
        match (service, self.kind, self.payload) {
            (Service::S3, ClaimKind::Header, None) => Err(Error::MissingContentSha256),
            (Service::S3, ClaimKind::Query { .. }, Some(payload)) if payload.is_streaming() => {
                Err(Error::StreamingPresigned)
            }
            (Service::S3, ..) | (_, _, None | Some(PayloadKind::Digest(_))) => Ok(()),
            (Service::Iam | Service::Sts, _, Some(_)) => Err(Error::UnsignedControlCall),
        }
    }

    /// Security rule 5: the path is `/`, and a presigned call is a GET.
    fn check_control_call(&self, head: &RequestHead) -> Result<(), Error> {
        if head.raw_path() != b"/" {
            return Err(Error::PathNotRoot);
        }
        if self.place() == Place::Query && head.method() != Method::Get {
            return Err(Error::PresignedControlCall);
        }
        Ok(())
    }
}
