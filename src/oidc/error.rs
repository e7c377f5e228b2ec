//! Why a provider's keys were not fetched: for the log. Callers hear the fixed texts of [`WebKeysError`].

use crate::conf::ReferenceError;
use crate::gateway::WebKeysError;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What went wrong. No text repeats what a peer sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The URL is not one of scheme, host, port and path.
    #[error("the URL is not a web address without user name, query and fragment")]
    Url,
    /// Plain HTTP to a host that is not allowed.
    #[error("the URL is plain http, and its host is not in oidc.allow_hosts")]
    PlainHttp,
    /// The name has no address.
    #[error("the host name cannot be resolved")]
    NotResolved,
    /// An address that only allowed hosts may have.
    #[error("the host has the address {0}, which is not public, and is not in oidc.allow_hosts")]
    NotPublic(IpAddr),
    /// No connection.
    #[error("no connection can be made")]
    NotConnected,
    /// TLS ended in another way than by the certificate.
    #[error("TLS could not be agreed on")]
    Tls,
    /// The certificate leads to nothing that is trusted.
    #[error("the certificate leads neither to a trusted authority nor to a thumbprint of the provider")]
    Untrusted,
    /// The certificate is for another name.
    #[error("the certificate is not for the host's name")]
    WrongName,
    /// The certificate is not valid now.
    #[error("the certificate has expired or is not valid yet")]
    NotValidNow,
    /// The answer is not HTTP, or ended early.
    #[error("the answer is not a whole HTTP/1.1 answer")]
    NotHttp,
    /// The answer took too long.
    #[error("there was no whole answer within {0:?}")]
    TimedOut(Duration),
    /// A redirect, which is not followed.
    #[error("the answer is a redirect, which is not followed")]
    Redirected,
    /// Another status than 200.
    #[error("the answer has the status {0}")]
    Status(u16),
    /// A content coding that was not asked for.
    #[error("the answer has a content coding")]
    Encoded,
    /// More bytes than a document may have.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The CA file gives no trust anchors.
    #[error("oidc.provider.ca_file: {0} cannot be read or holds no certificate authority in PEM form")]
    CaFile(PathBuf),
    /// The file of the bearer token gives none.
    #[error("oidc.provider.bearer_token_file: {0}")]
    BearerFile(#[source] ReferenceError),
    /// What the file holds cannot stand in a header.
    #[error("oidc.provider.bearer_token_file: what it holds is not a bearer token")]
    BearerForm,
    /// Not the provider's metadata.
    #[error("the discovery document is not JSON with the texts issuer and jwks_uri")]
    NotDiscovery,
    /// Another issuer.
    #[error("the discovery document's issuer is not byte for byte the provider's URL")]
    OtherIssuer,
    /// `jwks_uri` is not a URL of the kind that is asked.
    #[error("the discovery document's jwks_uri is not a web address")]
    JwksUri,
    /// Not a key set.
    #[error("the key set is not a JSON Web Key Set")]
    NotKeys,
    /// Too many fetches at once.
    #[error("too many providers are being asked at once")]
    Busy,
}

impl Error {
    /// What the caller hears.
    pub fn answer(&self) -> WebKeysError {
        match self {
            Self::Url | Self::PlainHttp | Self::NotDiscovery | Self::OtherIssuer | Self::JwksUri | Self::NotKeys => {
                WebKeysError::Unusable
            }
            Self::Untrusted | Self::WrongName | Self::NotValidNow => WebKeysError::Untrusted,
            Self::NotResolved
            | Self::NotPublic(_)
            | Self::NotConnected
            | Self::Tls
            | Self::NotHttp
            | Self::TimedOut(_)
            | Self::Redirected
            | Self::Status(_)
            | Self::Encoded
            | Self::TooLarge(_)
            | Self::CaFile(_)
            | Self::BearerFile(_)
            | Self::BearerForm
            | Self::Busy => WebKeysError::Unreachable,
        }
    }
}
