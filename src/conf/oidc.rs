//! `[oidc]`: which identity providers may be asked, and how (security rules 24 to 26).

use super::Mistake;
use super::endpoint::{Endpoint, InvalidEndpoint};
use super::file::{DAY, path, seconds};
use super::reader::Section;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest time that keys may be kept through an outage: a week.
const MAX_KEEP: u64 = 7 * DAY;

/// `[oidc]`: OpenID Connect providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// `require_client_ids`: a provider without client ids serves no token (security rule 25).
    pub require_client_ids: bool,
    /// `accept_access_tokens`: tokens of type `at+jwt`, and such as match by `azp` or `client_id` alone, are taken.
    pub accept_access_tokens: bool,
    /// `allow_hosts`: these may have addresses that are not public, and may be asked over plain HTTP (rule 26).
    pub allow_hosts: Vec<AllowedHost>,
    /// `refresh_seconds`: how long a provider's keys serve before they are fetched again.
    pub refresh: Duration,
    /// `keep_seconds`: how long after they were fetched keys serve while the provider cannot be asked; at least
    /// `refresh`.
    pub keep: Duration,
    /// `[[oidc.provider]]`, each URL once.
    pub providers: Vec<ProviderAccess>,
}

/// `[[oidc.provider]]`: how the provider of a URL is asked, in whichever account it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderAccess {
    /// `url`: byte-equal to the URL of the provider's record.
    pub url: String,
    /// `ca_file`: PEM with the certificate authorities trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// `bearer_token_file`: what it holds is shown to the URL's own scheme, host and port; read at each fetch.
    pub bearer_token_file: Option<PathBuf>,
}

/// An entry of `allow_hosts`: a host on any port, or on one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHost {
    host: String,
    port: Option<u16>,
}

impl AllowedHost {
    /// Parses `HOST` or `HOST:PORT`; HOST is a DNS name, an IPv4 address, or an IPv6 address in brackets.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        if text.contains('/') {
            return Err(InvalidEndpoint::MoreThanHost);
        }
        let endpoint = Endpoint::parse(&format!("https://{text}"))?;
        let after_host = text.rsplit_once(']').map_or(text, |(_, rest)| rest);
        Ok(Self { port: after_host.contains(':').then_some(endpoint.port), host: endpoint.host })
    }

    /// Whether the entry is for this host and port. Addresses are compared as such, however they are written.
    pub fn covers(&self, endpoint: &Endpoint) -> bool {
        let same = match (self.host.parse::<IpAddr>(), endpoint.host.parse::<IpAddr>()) {
            (Ok(ours), Ok(other)) => ours == other,
            _ => self.host == endpoint.host,
        };
        same && self.port.is_none_or(|port| port == endpoint.port)
    }
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            require_client_ids: true,
            accept_access_tokens: false,
            allow_hosts: Vec::new(),
            refresh: Duration::from_secs(3600),
            keep: Duration::from_secs(DAY),
            providers: Vec::new(),
        }
    }
}

pub(super) fn oidc(root: &mut Section<'_>, folder: &Path) -> Oidc {
    let mut section = root.section("oidc");
    let default = Oidc::default();
    let mut oidc = Oidc {
        require_client_ids: section.boolean("require_client_ids").unwrap_or(default.require_client_ids),
        accept_access_tokens: section.boolean("accept_access_tokens").unwrap_or(default.accept_access_tokens),
        allow_hosts: section.list("allow_hosts", AllowedHost::parse).unwrap_or_default(),
        refresh: seconds(&mut section, "refresh_seconds", DAY, default.refresh),
        keep: seconds(&mut section, "keep_seconds", MAX_KEEP, default.keep),
        providers: Vec::new(),
    };
    if oidc.keep < oidc.refresh {
        let reason =
            "keys are kept for less time than they serve without an outage; it must be refresh_seconds or more";
        section.mistake(Mistake::Conflict { key: section.key("keep_seconds"), reason });
    }
    let mut urls = BTreeSet::new();
    for table in section.sections("provider") {
        if let Some(provider) = provider(table, folder, &mut urls) {
            oidc.providers.push(provider);
        }
    }
    section.finish();
    oidc
}

fn provider(mut section: Section<'_>, folder: &Path, urls: &mut BTreeSet<String>) -> Option<ProviderAccess> {
    if !section.has("url") {
        let why = "write the provider's URL, byte for byte as it is registered";
        section.mistake(Mistake::Missing { key: section.key("url"), why });
    }
    let url = section.parsed("url", provider_url);
    let ca_file = path(&mut section, "ca_file", folder);
    let bearer_token_file = path(&mut section, "bearer_token_file", folder);
    if let Some(url) = &url {
        let conflict = |key, reason| section.mistake(Mistake::Conflict { key: section.key(key), reason });
        if !urls.insert(url.clone()) {
            conflict("url", "another [[oidc.provider]] has this URL; write one table with all of its keys");
        }
        if !url.starts_with("https://") && (ca_file.is_some() || bearer_token_file.is_some()) {
            conflict("url", "must begin with https:// where there is a ca_file or a bearer_token_file");
        }
    }
    section.finish();
    Some(ProviderAccess { url: url?, ca_file, bearer_token_file })
}

/// A URL as a provider's record has it: scheme, host, perhaps port and path.
fn provider_url(text: &str) -> Result<String, InvalidEndpoint> {
    let (scheme, rest) = text.split_once("://").ok_or(InvalidEndpoint::Scheme)?;
    if !text.bytes().all(|b| b.is_ascii_graphic()) || rest.contains(['?', '#', '\\']) {
        return Err(InvalidEndpoint::Host);
    }
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    Endpoint::parse(&format!("{scheme}://{authority}")).map(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::{Config, ProcessEnvironment};

    const BACKEND: &str = "[backend]\nendpoint='http://127.0.0.1:9000'\naccess_key='env:A'\nsecret_key='env:S'\n";

    fn parse(text: &str) -> Result<Oidc, Vec<String>> {
        let config = Config::parse(&format!("{BACKEND}{text}"), Path::new("/c"), &ProcessEnvironment);
        config.map(|config| config.oidc).map_err(|found| found.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_section_says_what_it_says() {
        let oidc = parse(
            "[oidc]\nrequire_client_ids = false\naccept_access_tokens = true\nallow_hosts = ['Localhost:8080', '[::1]', 'idp.lan']
             refresh_seconds = 60\nkeep_seconds = 120
             [[oidc.provider]]\nurl = 'https://kubernetes.default.svc'\nca_file = 'ca.crt'\nbearer_token_file = '/run/token'
             [[oidc.provider]]\nurl = 'http://localhost:8080/realms/demo'",
        )
        .unwrap();
        assert!(!oidc.require_client_ids && oidc.accept_access_tokens);
        assert_eq!((oidc.refresh.as_secs(), oidc.keep.as_secs()), (60, 120));
        assert_eq!(oidc.providers[0].ca_file.as_deref(), Some(Path::new("/c/ca.crt")));
        assert_eq!(oidc.providers[0].bearer_token_file.as_deref(), Some(Path::new("/run/token")));
        assert_eq!(oidc.providers[1].url, "http://localhost:8080/realms/demo");
        assert_eq!(parse(""), Ok(Oidc::default()));
    }

    #[test]
    fn every_mistake_is_told() {
        let found = parse(
            "[oidc]\nallow_hosts = ['http://a', 'a/b', '*.lan', 'a:0', '::1']\nrefresh_seconds = 61\nkeep_seconds = 60\nthumbprint = 1
             [[oidc.provider]]\nca_file = ''\ntoken = 'x'
             [[oidc.provider]]\nurl = 'https://a/x'
             [[oidc.provider]]\nurl = 'https://a/x'
             [[oidc.provider]]\nurl = 'http://a'\nbearer_token_file = 't'
             [[oidc.provider]]\nurl = 'https://a?b'",
        )
        .unwrap_err();
        for start in [
            "oidc.allow_hosts[0]: must be a scheme, a host",
            "oidc.allow_hosts[1]: must be a scheme, a host",
            "oidc.allow_hosts[2]: must name a host",
            "oidc.allow_hosts[3]: the port must be",
            "oidc.allow_hosts[4]: must name a host",
            "oidc.keep_seconds: keys are kept for less time",
            "oidc.provider[0].url: is missing",
            "oidc.provider[0].ca_file: must be the path",
            "oidc.provider[0].token: there is no such key; known here: url, ca_file, bearer_token_file",
            "oidc.provider[2].url: another",
            "oidc.provider[3].url: must begin with https://",
            "oidc.provider[4].url: must name a host",
            "oidc.thumbprint: there is no such key",
        ] {
            assert!(found.iter().any(|line| line.starts_with(start)), "{start}: {found:#?}");
        }
        assert_eq!(found.len(), 13, "{found:#?}");
    }

    #[test]
    fn rule_26_an_allowed_host_is_that_host_on_that_port() {
        let covers =
            |allowed: &str, url: &str| AllowedHost::parse(allowed).unwrap().covers(&Endpoint::parse(url).unwrap());
        for (allowed, url) in [
            ("localhost", "http://localhost:8080"),
            ("LOCALHOST:8080", "https://localhost:8080"),
            ("idp.lan:443", "https://idp.lan"),
            ("[::1]", "https://[0:0::1]:9"),
            ("[::1]:9", "https://[::1]:9"),
            ("127.0.0.1", "http://127.0.0.1"),
        ] {
            assert!(covers(allowed, url), "{allowed} {url}");
        }
        for (allowed, url) in [
            ("localhost:8080", "http://localhost:8081"),
            ("localhost:443", "http://localhost"),
            ("lan", "http://idp.lan"),
            ("idp.lan", "http://lan"),
            ("127.0.0.1", "http://127.0.0.2"),
            ("[::1]:9", "https://[::1]"),
            ("localhost", "http://127.0.0.1"),
        ] {
            assert!(!covers(allowed, url), "{allowed} {url}");
        }
    }
}
