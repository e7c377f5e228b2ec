//! Signature Version 4: what callers claim, whether it is true, and signing anew for the backend.
//!
//! The way of a request: [`claim`] reads what the caller says about its signature, [`SignatureClaim::check`]
//! refuses all that can be refused without a key, the caller looks the key up, [`verify`] proves the claim.
//! [`VerifiedSignature`] comes from there alone. A POST form's claim is a [`FormClaim`], proven by [`verify_form`].
//! Bodies in aws-chunked framing go through [`ChunkDecoder`], plain ones with a signed hash through
//! [`PayloadHasher`]; [`OutboundSigner`] and [`ChunkSigner`] sign for the backend.
//!
//! Promises: whatever looks like authentication and is not exactly one valid claim is an error, never
//! "anonymous" (security rule 5); every `x-amz-*` header is signed (rule 7); faults are found in the order of
//! rule 28; an answer to a wrong signature shows only bytes that the client sent (rule 30); no body byte of a
//! signed stream is handed out before its chunk is verified.
//!
//! Follows AWS's "Signature Version 4 for the S3 REST API" with its pages on presigned requests and on
//! chunked uploads (with and without trailer), and the general "Create a signed AWS API request" for IAM and STS.
//!
//! Where those texts are silent:
//! - a raw `+` in path or query is a plus and signed as `%2B`, as the query parser decodes it;
//! - tabs and spaces in header values are blanks alike: trimmed outside, folded to one space inside;
//! - the hash in `x-amz-content-sha256` is lower-case hex;
//! - the list of signed headers must be sorted and free of repetitions;
//! - the plain `Date` header may carry the signing time if there is no `x-amz-date`, and must then be signed;
//! - the smallest chunk size that AWS asks for (8 KiB for all but the last) is not enforced;
//! - upper- and lower-case variants of the signature's query keys are refused, not ignored.

mod authorization;
mod body_error;
mod canonical;
mod check;
mod checksum;
mod chunk_announced;
mod chunk_event;
mod chunk_framing;
mod chunk_signature;
mod chunk_signer;
mod chunked;
mod claim;
mod error;
mod form;
mod headers;
mod hex_digest;
mod key;
mod payload;
mod presigned;
mod scope;
mod sign;
mod verify;

pub use body_error::BodyError;
pub use check::{CheckedClaim, MAX_SKEW_SECONDS, Rules, Service};
pub use checksum::ChecksumAlgorithm;
pub use chunk_event::{Chunk, ChunkEvent, ChunkLimits, Trailers};
pub use chunk_signer::ChunkSigner;
pub use chunked::ChunkDecoder;
pub use claim::{ClaimKind, SignatureClaim, claim};
pub use error::{Error, Mismatch, Place};
pub use form::{CheckedForm, FormClaim};
pub use key::{SigningKey, UnusableSecret};
pub use payload::{PayloadHasher, PayloadKind, UNSIGNED_PAYLOAD, hex_sha256};
pub use presigned::hoisted_headers;
pub use scope::{CredentialScope, InvalidScope};
pub use sign::{OutboundRequest, OutboundSignature, OutboundSigner};
pub use verify::{VerifiedSignature, verify, verify_form};

#[cfg(test)]
mod chunked_tests;
#[cfg(test)]
mod tests;
