//! What can be wrong with a web identity token, and with a provider's keys.

use super::json::JsonFault;
use super::key_set::{KeyFault, KeySetFault};
use crate::types::Timestamp;
use std::fmt;

/// A token, or a set of keys, was refused. No message repeats what a token holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Shorter than 4 or longer than [`super::MAX_TOKEN_LENGTH`] characters.
    #[error("the web identity token must have 4 to {max} characters", max = super::MAX_TOKEN_LENGTH)]
    Length,
    /// A blank or a line break, as at the end of many a file.
    #[error("the web identity token has a blank or a line break in it or around it (does its file end in a new line?)")]
    Blank,
    /// Not `HEADER.CLAIMS.SIGNATURE`.
    #[error("the web identity token is not a signed token of three parts in compact form{}", hint_of_parts(*.found))]
    Parts {
        /// How many there are, 6 standing for all above.
        found: usize,
    },
    /// A part that is not base64url, with padding, or with bits left over.
    #[error("the {part} of the web identity token is not base64url text without padding")]
    Base64 {
        /// Which.
        part: Part,
    },
    /// A part that is not the JSON it must be.
    #[error("the {part} of the web identity token is {fault}")]
    Json {
        /// Which.
        part: Part,
        /// How it is not.
        fault: JsonFault,
    },
    /// A member of the header that is missing, or not the text it must be.
    #[error("the header of the web identity token has no {member} that is text")]
    Header {
        /// Which.
        member: &'static str,
    },
    /// `none`, HMAC, or an unknown algorithm.
    #[error(
        "the web identity token is not signed with an algorithm that is served (RS256, RS384, RS512, PS256, PS384, \
         PS512, ES256, ES384, EdDSA)"
    )]
    Algorithm,
    /// A header that must be understood, and none is.
    #[error("the header of the web identity token has `crit`: extensions are not served")]
    Critical,
    /// A token of another type than JWT.
    #[error("the `typ` of the web identity token is not JWT")]
    Type,
    /// An access token (RFC 9068), which the configuration does not take.
    #[error(
        "the web identity token is an access token (`typ: at+jwt`); use an ID token, or set `accept_access_tokens` in [oidc]"
    )]
    AccessToken,
    /// No `iss`, or one that is not text.
    #[error("the web identity token has no issuer (`iss`) that is text")]
    NoIssuer,
    /// No key of the provider has the token's key id and serves its algorithm.
    #[error("the identity provider has no key with the key id and for the algorithm of the web identity token")]
    NoKey,
    /// The key that the token names cannot be used.
    #[error("the identity provider's key that the web identity token names {fault}")]
    UnusableKey {
        /// Why not.
        fault: KeyFault,
    },
    /// A token without `kid` where several keys can be meant, or too many keys with one `kid`.
    #[error("the web identity token does not tell which of several keys of the identity provider signed it")]
    AmbiguousKey,
    /// No key's signature of this token.
    #[error("the signature of the web identity token is wrong: it was altered, or another signed it")]
    Signature,
    /// `iss` is not byte-equal to the provider's URL.
    #[error("the issuer (`iss`) of the web identity token is not the URL of the identity provider, byte for byte")]
    Issuer,
    /// The provider has no client ids, and the configuration wants some.
    #[error(
        "the identity provider has no client ids, so no token is for it; add one, or set `require_client_ids = false` in [oidc]"
    )]
    NoClientIds,
    /// No audience is a client id of the provider.
    #[error("incorrect token audience: none of `aud` is a client id of the identity provider")]
    Audience,
    /// The authorized party is not a client id of the provider.
    #[error("incorrect token audience: `azp` is not a client id of the identity provider")]
    AuthorizedParty,
    /// A claim that every token must have.
    #[error("missing a required claim: {claim}")]
    MissingClaim {
        /// Which.
        claim: &'static str,
    },
    /// No longer valid.
    #[error("the web identity token expired at {at}; get a new one from the identity provider")]
    Expired {
        /// Since when.
        at: Timestamp,
    },
    /// Not valid yet, beyond the leeway.
    #[error(
        "the web identity token is not valid before {at} ({claim}); compare the clocks of gate and identity provider"
    )]
    NotYetValid {
        /// `nbf` or `iat`.
        claim: &'static str,
        /// From when on.
        at: Timestamp,
    },
    /// A time that is none, or out of the years that there are.
    #[error("the claim {claim} is not a time in seconds (not milliseconds) since 1970")]
    Time {
        /// Which.
        claim: &'static str,
    },
    /// A token that expires before it begins.
    #[error("the web identity token expires (`exp`) no later than its {claim}")]
    TimeOrder {
        /// `nbf` or `iat`.
        claim: &'static str,
    },
    /// A claim of another form than its definition has.
    #[error("the claim {claim} must be {wanted}")]
    Claim {
        /// Which.
        claim: &'static str,
        /// The form.
        wanted: &'static str,
    },
    /// More claims than conditions are offered, or a path that is too long for a condition key.
    #[error(
        "the web identity token has more than {keys} claims, nested ones counted, or one with a path of more than \
         {length} bytes",
        keys = super::conditions::MAX_KEYS,
        length = super::conditions::MAX_KEY_LENGTH
    )]
    TooManyClaims,
    /// Two claims that conditions could not tell apart.
    #[error(
        "two claims of the web identity token would have the same condition key: keys have no case, and `/` joins nested names"
    )]
    AmbiguousClaims,
    /// A key set that is not one.
    #[error("the identity provider's key set is {0}")]
    KeySet(#[from] KeySetFault),
}

/// A part of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The first.
    Header,
    /// The second.
    Claims,
    /// The third.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Header => "header",
            Self::Claims => "claims part",
            Self::Signature => "signature",
        })
    }
}

fn hint_of_parts(found: usize) -> &'static str {
    if found == 5 { ": it is encrypted" } else { "" }
}

/// What STS answers to an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// `InvalidIdentityToken`: malformed, forged, not for us, or without a claim that every token has.
    Invalid,
    /// `ExpiredTokenException`.
    Expired {
        /// Since when.
        at: Timestamp,
    },
    /// `IDPRejectedClaim`: a verified token with a claim that cannot be taken.
    RejectedClaim,
    /// `IDPCommunicationError`: what the provider sends as its keys is not a key set.
    Keys,
}

impl Error {
    /// What STS answers.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Expired { at } => ErrorKind::Expired { at: *at },
            Self::Time { .. }
            | Self::TimeOrder { .. }
            | Self::Claim { .. }
            | Self::TooManyClaims
            | Self::AmbiguousClaims => ErrorKind::RejectedClaim,
            Self::KeySet(_) => ErrorKind::Keys,
            Self::Length
            | Self::Parts { .. }
            | Self::Blank
            | Self::Base64 { .. }
            | Self::Json { .. }
            | Self::Header { .. }
            | Self::Algorithm
            | Self::Critical
            | Self::Type
            | Self::AccessToken
            | Self::NoIssuer
            | Self::NoKey
            | Self::UnusableKey { .. }
            | Self::AmbiguousKey
            | Self::Signature
            | Self::Issuer
            | Self::NoClientIds
            | Self::Audience
            | Self::AuthorizedParty
            | Self::MissingClaim { .. }
            | Self::NotYetValid { .. } => ErrorKind::Invalid,
        }
    }
}
