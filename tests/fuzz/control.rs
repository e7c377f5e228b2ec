//! What reaches the control plane and the credentials: AWS Query calls, policies, names, tokens, key rings.

use rolegate::policy::lint::{Catalogue, LintOptions, Severity, validate};
use rolegate::policy::{
    AuthorizationRequest, Bindings, DecodedDenial, MAX_DOCUMENT_CHARACTERS, MAX_MESSAGE_BYTES, NamedPolicy,
    ParseOptions, Policies, Policy, PolicyKind, decide, decide_trust, explain,
};
use rolegate::store::{Kind, Scope};
use rolegate::token::{KeyRing, Link, LinkKind, SessionClaims};
use rolegate::types::{
    AccessKeyId, AccountId, Arn, Context, Entropy, Principal, ResourceName, Secret, Timestamp, UniqueId,
};
use rolegate::wire::aws_query::Parameters;
use rolegate::{iam, sts};
use serde_json::json;

/// AWS Query calls: no parameter twice, lists in order, and a request of IAM or STS is that of its Action.
pub fn aws_query(data: &[u8]) {
    let Ok(parameters) = Parameters::parse_form(data) else { return };
    let mut names: Vec<&str> = parameters.iter().map(|(name, _)| name).collect();
    for name in &names {
        assert!(parameters.has(name) && parameters.get(name).is_some());
        let list = name.split(".member.").next().unwrap_or_default();
        if let (Ok(members), Ok(values)) = (parameters.members(list), parameters.list(list)) {
            assert_eq!(members.len(), values.len());
            for (at, member) in members.iter().enumerate() {
                assert_eq!(*member, format!("{list}.member.{}", at + 1));
            }
        }
    }
    names.sort_unstable();
    assert!(names.is_sorted_by(|one, other| one < other), "a parameter twice");

    let action = parameters.get("Action").unwrap_or_default();
    let account = AccountId::empty();
    let caller = iam::Caller { account: &account, user: None, default_account: &account };
    let (as_iam, as_sts) = (iam::parse(action, &parameters, &caller), sts::parse(action, &parameters));
    assert!(as_iam.is_err() || as_sts.is_err(), "one service serves an action");
    match as_iam {
        // Ceph's old spelling.
        Ok(request) => assert!(request.operation() == action || action == "UntagRoles"),
        Err(error) => assert!(error.status() >= 400 && !error.code().is_empty() && !error.to_string().is_empty()),
    }
    match as_sts {
        Ok(request) => assert_eq!(request.operation(), action),
        Err(error) => assert!(error.status() >= 400 && !error.code().is_empty() && !error.to_string().is_empty()),
    }
}

const KINDS: [PolicyKind; 5] =
    [PolicyKind::Identity, PolicyKind::Session, PolicyKind::Boundary, PolicyKind::Bucket, PolicyKind::Trust];

fn parse_policy(kind: PolicyKind, document: &str) -> Option<Policy> {
    let account = AccountId::parse("123456789012").expect("an account");
    let options = ParseOptions { kind, default_account: &account, bindings: &Bindings::new() };
    let findings =
        validate(document, &LintOptions { parse: options, catalogue: &Catalogue::default(), unresolved: &[] });
    let errors = findings.iter().filter(|finding| finding.issue.severity() == Severity::Error).count();
    match Policy::parse(document, &options) {
        Ok(policy) => {
            assert_eq!(errors, 0, "the linter finds an error in what is accepted");
            Some(policy)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(errors > 0 && errors == findings.len(), "the linter misses what is refused");
            None
        }
    }
}

/// Policy documents: a letter for the request, then the document. Whatever compiles decides, the same each time, and
/// more policies that limit never allow more.
pub fn policy(data: &[u8]) {
    let Some((letter, document)) = data.split_first() else { return };
    let Ok(document) = std::str::from_utf8(document) else { return };
    let compiled = KINDS.map(|kind| parse_policy(kind, document));
    if document.chars().count() > MAX_DOCUMENT_CHARACTERS {
        assert!(compiled.iter().all(Option::is_none), "a document beyond the limit");
    }
    let principals = principals();
    let actions = ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "sts:AssumeRole", "iam:CreateRole"];
    let resources: [&[u8]; 4] =
        [b"arn:aws:s3:::bkt/key", b"arn:aws:s3:::bkt", b"arn:aws:iam::123456789012:role/R", b"arn:aws:s3:::bkt/\xff*?"];
    let owner = AccountId::parse("123456789012").expect("an account");
    let context = context(*letter);
    let letter = usize::from(*letter);
    let [identity, session, boundary, bucket, trust] = compiled.each_ref().map(Option::as_ref);
    for principal in &principals {
        let request = AuthorizationRequest {
            principal,
            action: actions[letter % actions.len()],
            resource: &ResourceName::new(resources[letter / actions.len() % resources.len()]),
            resource_account: (letter < 200).then_some(&owner),
            context: &context,
        };
        limits_only_limit(&request, [identity, session, boundary]);
        for policy in [bucket, trust].into_iter().flatten() {
            let arns: Vec<&str> = policy.principal_arns().collect();
            assert!(arns.is_sorted_by(|one, other| one < other));
        }
        let with = |policy| Policies { resource: Some(NamedPolicy { id: "r", policy }), ..Policies::default() };
        if let Some(bucket) = bucket {
            repeatable(&request, &with(bucket), false);
        }
        if let Some(trust) = trust {
            repeatable(&request, &with(trust), true);
        }
    }
}

fn repeatable(request: &AuthorizationRequest<'_>, policies: &Policies<'_>, trust: bool) -> bool {
    let ask = || if trust { decide_trust(request, policies) } else { decide(request, policies) };
    let decision = ask();
    assert_eq!(decision, ask());
    assert_eq!(decision.cause.is_none(), decision.is_allowed());
    assert!(!decision.is_allowed() || !decision.statements.is_empty(), "an allow names who allowed");
    assert!(decision.statements.iter().all(|statement| statement.span().is_some()), "a statement has a place");
    assert!(!explain(request, policies, &decision).is_empty());
    let message = DecodedDenial::new(request, &decision).map(|denial| denial.to_json());
    assert!(message.is_none_or(|text| text.len() <= MAX_MESSAGE_BYTES));
    decision.is_allowed()
}

fn limits_only_limit(request: &AuthorizationRequest<'_>, policies: [Option<&Policy>; 3]) {
    let name = |policy| NamedPolicy { id: "p", policy };
    let [Some(identity), session, boundary] = policies else { return };
    let identity = [name(identity), name(identity)];
    let once = Policies { identity: &identity[..1], ..Policies::default() };
    let allowed = repeatable(request, &once, false);
    let twice = Policies { identity: &identity, ..Policies::default() };
    assert_eq!(repeatable(request, &twice, false), allowed, "a policy twice says what it says once");
    if let Some(session) = session.map(name) {
        assert!(allowed || !repeatable(request, &Policies { session: Some(&[session]), ..once }, false));
    }
    if let Some(boundary) = boundary.map(name) {
        assert!(allowed || !repeatable(request, &Policies { boundaries: &[boundary], ..once }, false));
    }
    let nothing = Policies { session: Some(&[]), ..once };
    assert!(!repeatable(request, &nothing, false), "an empty session policy allows nothing");
}

fn principals() -> [Principal; 4] {
    let account = AccountId::parse("123456789012").expect("an account");
    [
        Principal::User {
            account: account.clone(),
            path: "/".into(),
            name: "alice".into(),
            id: UniqueId::parse("AIDAEXAMPLEEXAMPLE000").expect("an id"),
        },
        Principal::RoleSession {
            account,
            role_path: "/".into(),
            role_name: "R".into(),
            role_id: UniqueId::parse("AROAEXAMPLEEXAMPLE000").expect("an id"),
            session: "s".into(),
        },
        Principal::WebIdentity { provider: "arn:aws:iam::123456789012:oidc-provider/idp".into() },
        Principal::Anonymous,
    ]
}

fn context(letter: u8) -> Context {
    let mut context = Context::new();
    if letter.is_multiple_of(2) {
        context.set("aws:username", "alice");
        context.set("aws:SourceIp", "203.0.113.9");
        context.set("aws:CurrentTime", "2026-05-01T10:00:00Z");
        context.set("aws:SecureTransport", "true");
        context.set("s3:prefix", vec![b'a', 0xff, letter]);
        context.set_many("aws:TagKeys", vec![b"team".to_vec(), b"".to_vec()]);
    }
    context
}

/// ARNs and the other names: what was read is written as it was.
pub fn arn(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Arn::parse(text) {
        Ok(arn) => assert_eq!(arn.to_string(), text),
        Err(error) => assert!(error.to_string().len() < 2048),
    }
    assert!(AccountId::parse(text).is_ok_and(|account| account.as_str() == text) || AccountId::parse(text).is_err());
    assert!(UniqueId::parse(text).is_ok_and(|id| id.as_str() == text) || UniqueId::parse(text).is_err());
    assert!(AccessKeyId::parse(text).is_ok_and(|id| id.as_str() == text) || AccessKeyId::parse(text).is_err());
    assert!(Scope::parse(text).is_none_or(|scope| scope.to_text() == text));
    assert!(Kind::parse(text).is_none_or(|kind| kind.as_str() == text));
}

const RING: &str = "now:minting:1111111111111111111111111111111111111111111111111111111111111111\n\
                    old:opening:2222222222222222222222222222222222222222222222222222222222222222\n\
                    off:retired:3333333333333333333333333333333333333333333333333333333333333333\n";

struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(9);
    }
}

/// Session tokens: nothing that was not sealed opens, and a token with any byte changed does not.
pub fn token(data: &[u8]) {
    let ring = KeyRing::parse(RING).expect("a ring");
    let key = AccessKeyId::parse("ASIAFUZZ").expect("an id");
    let now = Timestamp::from_seconds(1_780_000_000);
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(ring.open(text, "store", &key, now).is_err(), "a token nobody sealed");
    }
    let (good, _) = ring.seal(&claims(&key, now), "store", &Fixed).expect("good claims");
    let opened = ring.open(&good, "store", &key, now).expect("a good token");
    assert_eq!(opened.claims, claims(&key, now));
    let mut bent = good.clone().into_bytes();
    for pair in data.chunks_exact(2) {
        let at = (usize::from(pair[0]) * 7) % bent.len();
        bent[at] ^= pair[1];
    }
    if bent != good.as_bytes()
        && let Ok(bent) = std::str::from_utf8(&bent)
    {
        assert!(ring.open(bent, "store", &key, now).is_err(), "a changed token");
    }
}

fn claims(key: &AccessKeyId, now: Timestamp) -> SessionClaims {
    let subject = Link {
        kind: LinkKind::Role,
        account: AccountId::empty(),
        name: "R".to_owned(),
        id: UniqueId::parse("AROAEXAMPLEEXAMPLE000").expect("an id"),
        epoch: 1,
        minted: None,
    };
    let value = json!({
        "k": key, "s": subject, "n": "session", "i": now.seconds(), "x": now.plus_seconds(3600).seconds(),
    });
    serde_json::from_value(value).expect("claims")
}

/// Key rings: neither a ring nor its error shows a key.
pub fn key_ring(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let shown = match KeyRing::parse(text) {
        Ok(ring) => format!("{ring:?}"),
        Err(error) => format!("{error} {error:?}"),
    };
    for word in text.split([':', '\n']).map(str::trim).filter(|word| word.len() >= 32) {
        assert!(!shown.contains(word), "{shown}");
    }
    assert!(!Secret::new(text).is_empty() || text.is_empty());
}
