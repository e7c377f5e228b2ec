//! The signature algorithms of tokens (RFC 7518 section 3.1, RFC 8037 section 3.1), and the one place that verifies.

use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm as Scheme, DecodingKey};

/// An algorithm that a token may be signed with; never `none`, never HMAC, whose key would be no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

/// What kind of key an algorithm needs: `kty`, and `crv` where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// `RSA`
    Rsa,
    /// `EC`, `P-256`
    P256,
    /// `EC`, `P-384`
    P384,
    /// `OKP`, `Ed25519`
    Ed25519,
}

impl Algorithm {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// The algorithm of that name in `alg`, case included.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Its name in `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(super) fn family(self) -> Family {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => Family::Rsa,
            Self::Es256 => Family::P256,
            Self::Es384 => Family::P384,
            Self::EdDsa => Family::Ed25519,
        }
    }

    pub(super) fn scheme(self) -> Scheme {
        match self {
            Self::Rs256 => Scheme::RS256,
            Self::Rs384 => Scheme::RS384,
            Self::Rs512 => Scheme::RS512,
            Self::Ps256 => Scheme::PS256,
            Self::Ps384 => Scheme::PS384,
            Self::Ps512 => Scheme::PS512,
            Self::Es256 => Scheme::ES256,
            Self::Es384 => Scheme::ES384,
            Self::EdDsa => Scheme::EdDSA,
        }
    }

    /// Whether `key` can be used with this algorithm at all: a point that is not on its curve cannot.
    pub(super) fn takes(self, key: &DecodingKey) -> bool {
        (DEFAULT_PROVIDER.verifier_factory)(&self.scheme(), key).is_ok()
    }

    /// Whether `signature` is `key`'s of `message`. The provider is named rather than looked up: the process-wide one
    /// can be replaced by whoever comes first.
    // INVARIANT: keys of OKP have 32 bytes (KeySet::parse holds it); the crate would panic at fewer.
    pub(super) fn verifies(self, key: &DecodingKey, message: &[u8], signature: &Vec<u8>) -> bool {
        (DEFAULT_PROVIDER.verifier_factory)(&self.scheme(), key)
            .is_ok_and(|verifier| verifier.verify(message, signature).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_25_algorithms_are_known_by_their_exact_names_and_none_has_no_key_or_a_shared_one() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.name()), Some(algorithm));
            assert_eq!(format!("{:?}", algorithm.scheme()), algorithm.name());
            assert_eq!(Algorithm::parse(&algorithm.name().to_lowercase()), None);
        }
        for name in [
            "none",
            "None",
            "NONE",
            "",
            "HS256",
            "HS384",
            "HS512",
            "ES256K",
            "ES512",
            "Ed25519",
            "Ed448",
            "RSA-OAEP",
            "dir",
            "RS256 ",
            "RS1",
            "ML-DSA-44",
        ] {
            assert_eq!(Algorithm::parse(name), None, "{name}");
        }
    }
}
