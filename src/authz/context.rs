//! The PIP: the global `aws:` keys and the signature's `s3:` keys of a request.
//!
//! One table for all planes (documented in `docs/context-keys.md`). A key that is not known is absent,
//! never empty.

use super::Subject;
use crate::authn::{Authenticated, WebIdentity};
use crate::sigv4::ClaimKind;
use crate::token::{SessionClaims, WebOrigin};
use crate::types::{AccountId, Context, Principal, Timestamp};
use crate::wire::{RequestHead, TlsVersion};

/// Fills the keys that do not depend on the action: principal, time, source, signature.
pub fn request_context(caller: &Authenticated, head: &RequestHead, now: Timestamp) -> Context {
    let mut context = Context::new();
    principal_context(caller.principal(), &Subject::from(caller.identity()), &mut context);
    connection_context(head, now, &mut context);
    if let Some(signature) = caller.signature() {
        context.set("aws:RequestedRegion", signature.scope().region());
    }
    context
}

/// The first parts of the gate's own keys. A provider of such a name would have claims that pass for them.
const OWN_VENDORS: [&str; 4] = ["aws", "iam", "s3", "sts"];

/// The keys of a call with a web identity: every claim as `NAME:CLAIM`, with the provider's URL without scheme as NAME,
/// and those that do not depend on the action. None if two claims are one key, or if claims would be the gate's own
/// keys: then no condition could be sure of what it reads.
pub fn web_identity_context(caller: &WebIdentity, head: &RequestHead, now: Timestamp) -> Option<Context> {
    let mut context = Context::new();
    let provider = &caller.provider().provider;
    let name = provider.name();
    if is_own(name) {
        return None;
    }
    for (claim, values) in caller.claims().conditions() {
        if is_of_a_port(name, &claim) {
            return None;
        }
        let key = format!("{name}:{claim}");
        if context.get(&key).is_some() {
            return None;
        }
        context.set_values(key, values);
    }
    principal_context(caller.principal(), &Subject::default(), &mut context);
    connection_context(head, now, &mut context);
    context.set("aws:FederatedProvider", provider.arn());
    Some(context)
}

/// Whether keys that begin with `name:` could be the gate's own. `aws:8080` is a host with a port, and none of them.
fn is_own(name: &str) -> bool {
    let (vendor, rest) = name.split_once(':').unwrap_or((name, ""));
    OWN_VENDORS.iter().any(|own| vendor.eq_ignore_ascii_case(own)) && !rest.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether the claim would pass for one of a provider at a port of the same host: `8443:sub` of `idp.example` for `sub`
/// of `idp.example:8443`.
fn is_of_a_port(name: &str, claim: &str) -> bool {
    !name.contains([':', '/']) && claim.contains(':') && claim.starts_with(|c: char| c.is_ascii_digit())
}

/// Time and source.
fn connection_context(head: &RequestHead, now: Timestamp, context: &mut Context) {
    context.set("aws:CurrentTime", now.iso8601());
    context.set("aws:EpochTime", now.seconds().to_string());
    context.set("aws:SourceIp", head.peer().to_canonical().to_string());
    context.set("aws:SecureTransport", if head.tls().is_some() { "true" } else { "false" });
    for (key, header) in [("aws:UserAgent", "user-agent"), ("aws:Referer", "referer")] {
        if let Some(value) = head.header(header) {
            context.set(key, value.trim_ascii());
        }
    }
}

/// The keys that follow from who the caller is alone.
pub fn principal_context(principal: &Principal, subject: &Subject<'_>, context: &mut Context) {
    context.set("aws:PrincipalType", principal.principal_type());
    context.set("aws:PrincipalIsAWSService", "false");
    context.set("aws:ViaAWSService", "false");
    if let Some(arn) = principal.principal_arn() {
        context.set("aws:PrincipalArn", arn);
    }
    if let Some(account) = principal.account() {
        context.set("aws:PrincipalAccount", account.as_str());
    }
    if let Some(id) = principal.user_id() {
        context.set("aws:userid", id);
    }
    // Absent in sessions of roles and federated users (security rule 16).
    if let Principal::User { name, .. } = principal {
        context.set("aws:username", name.as_bytes());
    }
    // Ceph's key of STS Lite: whether the credentials are temporary.
    match principal {
        Principal::Anonymous | Principal::WebIdentity { .. } => {}
        Principal::RoleSession { .. } | Principal::FederatedUser { .. } => context.set("sts:authentication", "true"),
        Principal::User { .. } | Principal::Root { .. } => {
            context.set("sts:authentication", if subject.session.is_some() { "true" } else { "false" });
        }
    }
    let tags = subject.user.map(|user| &user.user.tags);
    let tags = tags.or_else(|| subject.role.map(|role| &role.role.tags));
    for tag in tags.into_iter().flatten() {
        context.set(format!("aws:PrincipalTag/{}", tag.key), tag.value.as_str());
    }
    if let Some(session) = subject.session {
        session_keys(&session.opened.claims, context);
    }
}

/// What was fixed when the session was made. Its tags stand before those of the role or user.
fn session_keys(claims: &SessionClaims, context: &mut Context) {
    context.set("aws:TokenIssueTime", claims.issued.iso8601());
    if let Some(identity) = &claims.source_identity {
        context.set("aws:SourceIdentity", identity.as_str());
    }
    for (key, values) in &claims.tags {
        let values = values.iter().map(|value| value.clone().into_bytes()).collect();
        context.set_values(format!("aws:PrincipalTag/{key}"), values);
    }
    // As with AWS, the session that a web identity was given, and no later one of its chain.
    if let Some(origin) = claims.web.as_ref().filter(|_| claims.chain.is_empty()) {
        let WebOrigin { account, provider, subject, audience, .. } = &**origin;
        context.set("aws:FederatedProvider", format!("arn:aws:iam::{account}:oidc-provider/{provider}"));
        context.set(format!("{provider}:sub"), subject.as_str());
        context.set(format!("{provider}:aud"), audience.as_str());
    }
    // One-time codes do not exist yet, so no session was made with one. Long-term keys have no such key at all.
    context.set("aws:MultiFactorAuthPresent", "false");
}

/// Adds who owns the resource.
pub fn resource_context(account: &AccountId, context: &mut Context) {
    context.set("aws:ResourceAccount", account.as_str());
}

/// Adds the `s3:` keys that come from the signature and the connection.
pub fn s3_context(
    caller: &Authenticated,
    head: &RequestHead,
    account: &AccountId,
    now: Timestamp,
    context: &mut Context,
) {
    context.set("s3:ResourceAccount", account.as_str());
    if let Some(signature) = caller.signature() {
        context.set("s3:signatureversion", "AWS4-HMAC-SHA256");
        context.set("s3:x-amz-content-sha256", signature.payload().text());
        match signature.kind() {
            ClaimKind::Header => context.set("s3:authType", "REST-HEADER"),
            ClaimKind::Query { .. } => context.set("s3:authType", "REST-QUERY-STRING"),
            ClaimKind::Form => context.set("s3:authType", "POST"),
        }
        // Milliseconds, for presigned requests as well as for headers.
        let age = now.millis().saturating_sub(signature.signing_time().millis()).max(0);
        context.set("s3:signatureAge", age.to_string());
    }
    match head.tls() {
        Some(TlsVersion::V1_2) => context.set("s3:TlsVersion", "1.2"),
        Some(TlsVersion::V1_3) => context.set("s3:TlsVersion", "1.3"),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn rule_25_no_provider_is_named_like_the_gates_own_keys() {
        for name in ["aws", "AWS", "s3", "sts", "iam", "aws:x", "aws:"] {
            assert!(is_own(name), "{name}");
        }
        for name in ["aws:8080", "iam:8080/realms/x", "aws.test", "aws/x", "awsx", "idp.test"] {
            assert!(!is_own(name), "{name}");
        }
    }
}
