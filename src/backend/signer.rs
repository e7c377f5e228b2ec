//! Signs for the backend with its credentials; the key of the day is cached.

use crate::sigv4::{ChunkSigner, CredentialScope, OutboundRequest, OutboundSigner, SigningKey};
use crate::types::{Secret, Timestamp};
use arc_swap::ArcSwapOption;
use std::fmt;
use std::sync::Arc;

/// The backend's credentials for one region. Cheap after the first request of a day, without locks.
pub struct BackendSigner {
    access_key: String,
    secret: Secret,
    region: String,
    day: ArcSwapOption<DayKey>,
}

struct DayKey {
    scope: CredentialScope,
    key: SigningKey,
}

/// No signature can be made with these credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the backend's region, access key or secret key cannot be used to sign: the region is not a name, the key id has blanks, `/`, `,` or `=`, or the secret is not text"
)]
pub struct UnusableCredentials;

impl BackendSigner {
    /// A signer. Derives the key of `now` at once, so that credentials that cannot sign are found at start.
    pub fn new(
        access_key: impl Into<String>,
        secret: Secret,
        region: impl Into<String>,
        now: Timestamp,
    ) -> Result<Self, UnusableCredentials> {
        let access_key = access_key.into();
        let fits = |c: char| c.is_ascii_graphic() && !"/,=".contains(c);
        if access_key.is_empty() || !access_key.chars().all(fits) {
            return Err(UnusableCredentials);
        }
        let signer = Self { access_key, secret, region: region.into(), day: ArcSwapOption::empty() };
        signer.day_key(now)?;
        Ok(signer)
    }

    /// Signs a request; gives the Authorization header. Its `x-amz-date` must be `time`.
    pub fn sign(&self, request: &OutboundRequest<'_>, time: Timestamp) -> Result<String, UnusableCredentials> {
        self.sign_with_chunks(request, None, time).map(|(authorization, _)| authorization)
    }

    /// As [`BackendSigner::sign`], with the signer of the body's chunks if they are signed; `chunks` says whether
    /// a trailer follows them.
    pub fn sign_with_chunks(
        &self,
        request: &OutboundRequest<'_>,
        chunks: Option<bool>,
        time: Timestamp,
    ) -> Result<(String, Option<ChunkSigner>), UnusableCredentials> {
        let day = self.day_key(time)?;
        let signer = OutboundSigner { access_key: &self.access_key, key: &day.key, scope: &day.scope, time };
        let signature = signer.sign(request);
        let chunks = chunks.map(|has_trailer| ChunkSigner::new(&signer, &signature, has_trailer));
        Ok((signature.authorization, chunks))
    }

    fn day_key(&self, now: Timestamp) -> Result<Arc<DayKey>, UnusableCredentials> {
        let date = now.basic_date();
        if let Some(cached) = self.day.load_full().filter(|cached| cached.scope.date() == date) {
            return Ok(cached);
        }
        let scope = CredentialScope::new(&date, &self.region, "s3").map_err(|_| UnusableCredentials)?;
        let key = SigningKey::derive(&self.secret, &scope).map_err(|_| UnusableCredentials)?;
        let fresh = Arc::new(DayKey { scope, key });
        self.day.store(Some(Arc::clone(&fresh)));
        Ok(fresh)
    }
}

impl fmt::Debug for BackendSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackendSigner").field("region", &self.region).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sigv4::UNSIGNED_PAYLOAD;
    use crate::wire::Method;

    #[test]
    fn the_key_changes_with_the_day() {
        let early = Timestamp::parse_basic("20261121T235959Z").unwrap();
        let late = early.plus_seconds(1);
        let signer = BackendSigner::new("BACKENDKEY", Secret::new("secret"), "us-east-1", early).unwrap();
        let request = OutboundRequest {
            method: Method::Get,
            path: "/b",
            query: &[],
            headers: &[("host", b"h")],
            payload: UNSIGNED_PAYLOAD,
        };
        assert!(signer.sign(&request, early).unwrap().contains("BACKENDKEY/20261121/us-east-1/s3/aws4_request"));
        assert!(signer.sign(&request, late).unwrap().contains("BACKENDKEY/20261122/us-east-1/s3/aws4_request"));
    }

    #[test]
    fn credentials_that_cannot_sign_are_found_at_once() {
        let now = Timestamp::parse_basic("20261121T235959Z").unwrap();
        assert!(BackendSigner::new("BACKENDKEY", Secret::new("secret"), "us/east", now).is_err());
        assert!(BackendSigner::new("BACKENDKEY", Secret::new(vec![0xff]), "us-east-1", now).is_err());
        for bad in ["", "a b", "a/b", "a,b"] {
            assert!(BackendSigner::new(bad, Secret::new("secret"), "us-east-1", now).is_err(), "{bad}");
        }
        assert!(BackendSigner::new("minio-root.1", Secret::new("secret"), "us-east-1", now).is_ok());
    }
}
