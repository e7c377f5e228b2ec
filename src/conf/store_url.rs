//! The store's place: `sqlite:PATH`, `redis://…`, `rediss://…` or `unix://…`.

use crate::types::Secret;
use std::path::{Path, PathBuf};

/// Where the store is. A Redis URL may carry a password, so it is kept as a secret.
#[derive(Debug, Clone)]
pub enum StoreUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A Redis URL, `redis://`, `rediss://` or `unix://`.
    Redis(Secret),
}

/// The text names no store. The text is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStoreUrl {
    /// Another scheme, or no place after it.
    #[error(
        "must be sqlite:PATH, redis://HOST[:PORT][/DB], rediss://… for TLS or unix:///PATH, or env:NAME or file:PATH where such a URL is"
    )]
    Form,
    /// A password in the configuration file.
    #[error(
        "holds a password, which does not belong in this file; put the URL elsewhere and write env:NAME or file:PATH"
    )]
    Password,
}

impl StoreUrl {
    /// Parses a URL; a relative SQLite path is taken from `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, InvalidStoreUrl> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let unusable = path.is_empty() || path.starts_with(':') || path.starts_with("//") || path.ends_with('/');
            return if unusable { Err(InvalidStoreUrl::Form) } else { Ok(Self::Sqlite(folder.join(path))) };
        }
        let rest = ["redis://", "rediss://", "unix://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        match rest {
            // A fragment could switch the check of certificates off.
            Some(rest) if !rest.is_empty() && !rest.contains(char::is_whitespace) && !rest.contains('#') => {
                Ok(Self::Redis(Secret::new(text)))
            }
            _ => Err(InvalidStoreUrl::Form),
        }
    }

    /// As [`StoreUrl::parse`], for a URL that stands in the configuration file and so may hold no password.
    pub fn parse_public(text: &str, folder: &Path) -> Result<Self, InvalidStoreUrl> {
        let authority = text.split_once("://").map(|(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
        let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
        let query = text.split_once('?').map_or("", |(_, query)| query);
        if user.is_some_and(|user| user.contains(':')) || query.split('&').any(|pair| pair.starts_with("pass")) {
            return Err(InvalidStoreUrl::Password);
        }
        Self::parse(text, folder)
    }

    /// Whether the store is a SQLite file, next to which missing keys are made at first start.
    pub fn is_embedded(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }
}

impl PartialEq for StoreUrl {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sqlite(a), Self::Sqlite(b)) => a == b,
            (Self::Redis(a), Self::Redis(b)) => a.same_as(b.expose()),
            (Self::Sqlite(_), Self::Redis(_)) | (Self::Redis(_), Self::Sqlite(_)) => false,
        }
    }
}

impl Eq for StoreUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn store_urls_are_sqlite_or_redis_and_hold_no_password_in_the_file() {
        let folder = Path::new("/etc/rolegate");
        assert_eq!(
            StoreUrl::parse_public("sqlite:state/r.db", folder),
            Ok(StoreUrl::Sqlite("/etc/rolegate/state/r.db".into()))
        );
        assert_eq!(StoreUrl::parse_public("sqlite:/a.db", folder), Ok(StoreUrl::Sqlite("/a.db".into())));
        for good in [
            "redis://127.0.0.1:6379",
            "rediss://redis.example/3",
            "redis://gate@host:1/0",
            "unix:///run/redis.sock?db=1",
        ] {
            assert!(matches!(StoreUrl::parse_public(good, folder), Ok(StoreUrl::Redis(_))), "{good}");
        }
        for bad in [
            "",
            "sqlite:",
            "sqlite::memory:",
            "sqlite://x",
            "sqlite:d/",
            "redis://",
            "postgres://h",
            "x.db",
            "rediss://h/#insecure",
        ] {
            assert_eq!(StoreUrl::parse_public(bad, folder), Err(InvalidStoreUrl::Form), "{bad}");
        }
        for secret in ["redis://:pw@host", "rediss://gate:pw@host:6379/1", "unix:///run/r.sock?user=u&pass=pw"] {
            assert_eq!(StoreUrl::parse_public(secret, folder), Err(InvalidStoreUrl::Password));
            let url = StoreUrl::parse(secret, folder).unwrap();
            assert!(!format!("{url:?}").contains("pw"));
        }
    }
}
