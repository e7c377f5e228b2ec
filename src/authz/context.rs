//! The PIP: the global `aws:` keys and the signature's `s3:` keys of a request.
//!
//! One table for all planes (documented in `docs/context-keys.md`). A key that is not known is absent,
//! never empty.

use super::Subject;
use crate::authn::Authenticated;
use crate::sigv4::ClaimKind;
use crate::token::SessionClaims;
use crate::types::{AccountId, Context, Principal, Timestamp};
use crate::wire::{RequestHead, TlsVersion};

/// Fills the keys that do not depend on the action: principal, time, source, signature.
pub fn request_context(caller: &Authenticated, head: &RequestHead, now: Timestamp) -> Context {
    let mut context = Context::new();
    principal_context(caller.principal(), &Subject::from(caller.identity()), &mut context);
    context.set("aws:CurrentTime", now.iso8601());
    context.set("aws:EpochTime", now.seconds().to_string());
    context.set("aws:SourceIp", head.peer().to_canonical().to_string());
    context.set("aws:SecureTransport", if head.tls().is_some() { "true" } else { "false" });
    for (key, header) in [("aws:UserAgent", "user-agent"), ("aws:Referer", "referer")] {
        if let Some(value) = head.header(header) {
            context.set(key, value.trim_ascii());
        }
    }
    if let Some(signature) = caller.signature() {
        context.set("aws:RequestedRegion", signature.scope().region());
    }
    context
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
        let name = format!("aws:PrincipalTag/{key}");
        match values.as_slice() {
            [value] => context.set(name, value.as_str()),
            several => context.set_many(name, several.iter().map(|value| value.clone().into_bytes()).collect()),
        }
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
