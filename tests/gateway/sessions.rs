//! Sessions of users, revocations, session tags, last uses (security rules 16, 21, 29).

use crate::support::{Credentials, Req, World, policy, stored, trust};
use rolegate::entity::{Owner, Tag, Used};
use rolegate::token::{Link, LinkKind, SessionClaims, SessionKind};
use rolegate::types::{AccessKeyId, Clock, Timestamp};

const ANN: &str = "arn:aws:iam:::user/ann";

/// A world with the bucket `b-one` of the account, the user `ann` who may all, and a role `R` that trusts her.
async fn scene() -> (World, Credentials) {
    let world = World::new().await;
    world.bucket("b-one", Owner::Account, None).await;
    let all = policy("Allow", "*", "*");
    let ann = world.iam_user("ann", &[("p", &all)]).await;
    world.role("R", Owner::Account, &trust(ANN), &[("p", &all)]).await;
    (world, ann)
}

/// The claims of a session of `ann`.
async fn claims(world: &World, kind: SessionKind, name: &str, policies: &[&str]) -> SessionClaims {
    let user = world.user_record("ann").await.value;
    let now = Timestamp::from_seconds(world.clock.now().seconds());
    SessionClaims {
        access_key: AccessKeyId::parse(&format!("ASIA{:0>16}", name.len())).unwrap(),
        subject: Link {
            kind: LinkKind::User,
            account: user.account.clone(),
            name: user.name.clone(),
            id: user.id.clone(),
            epoch: user.epoch,
            minted: None,
        },
        kind,
        session_name: name.to_owned(),
        issued: now,
        expires: now.plus_seconds(3600),
        policies: policies.iter().map(|document| (*document).to_owned()).collect(),
        policy_arns: Vec::new(),
        chain: Vec::new(),
        parent_key: Some(AccessKeyId::parse("KEYOF_ann").unwrap()),
        web: None,
        source_identity: None,
        tags: Vec::new(),
        transitive: Vec::new(),
    }
}

async fn reads(world: &World, by: &Credentials) -> bool {
    world.send(Req::get("/b-one/k").sign(world, by)).await.is_forward()
}

async fn writes(world: &World, by: &Credentials) -> bool {
    world.send(Req::put("/b-one/k").body(b"x").sign(world, by)).await.is_forward()
}

async fn identity(world: &World, by: &Credentials) -> String {
    let reply = world.send(Req::form("sts", &[("Action", "GetCallerIdentity")]).sign(world, by)).await;
    reply.element("Arn").unwrap_or_else(|| reply.code())
}

async fn iam(world: &World, by: &Credentials) -> (u16, String) {
    world.iam(by, &[("Action", "ListRoles"), ("Version", "2010-05-08")]).await.said()
}

#[tokio::test]
async fn rule_16_a_session_of_the_user_for_itself_has_no_iam_and_of_sts_only_assume_role() {
    let (world, ann) = scene().await;
    assert_eq!(iam(&world, &ann).await.0, 200);
    let session = world.mint(&claims(&world, SessionKind::User, "", &[]).await);
    assert_eq!(identity(&world, &session).await, ANN);
    assert!(reads(&world, &session).await && writes(&world, &session).await);
    assert_eq!(iam(&world, &session).await, (403, "AccessDenied".into()));
    let chained = world.assume(&session, "R").await;
    assert!(reads(&world, &chained).await);
    // The user's rights are looked up live, and its boundary counts.
    let read_only = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess".to_owned();
    world.change_user("ann", |user| user.boundary = Some(read_only)).await;
    assert!(reads(&world, &session).await && !writes(&world, &session).await);
    // Also root's: it is cut by the session, as nothing else cuts root.
    world.change_user("ann", |user| (user.account_root, user.boundary) = (true, None)).await;
    assert!(writes(&world, &session).await && iam(&world, &ann).await.0 == 200);
    assert_eq!(iam(&world, &session).await, (403, "AccessDenied".into()));
}

#[tokio::test]
async fn rule_16_a_federated_session_has_what_user_and_session_policy_both_allow() {
    let (world, _ann) = scene().await;
    let all = policy("Allow", "*", "*");
    let none = world.mint(&claims(&world, SessionKind::Federated, "bob", &[]).await);
    assert_eq!(identity(&world, &none).await, "arn:aws:sts:::federated-user/bob");
    assert!(!reads(&world, &none).await && !writes(&world, &none).await, "nothing without a session policy");
    let read = policy("Allow", "s3:GetObject", "*");
    let reader = world.mint(&claims(&world, SessionKind::Federated, "bobby", &[&read]).await);
    assert!(reads(&world, &reader).await && !writes(&world, &reader).await);
    let whole = world.mint(&claims(&world, SessionKind::Federated, "robert", &[&all]).await);
    assert!(reads(&world, &whole).await && writes(&world, &whole).await);
    assert_eq!(iam(&world, &whole).await, (403, "AccessDenied".into()));
    // Even where the trust policy names the user.
    assert_eq!(world.try_assume(&whole, "R", &[]).await.said(), (403, "AccessDenied".into()));
    world.change_user("ann", |user| drop(user.policies.insert("p".into(), stored(&read)))).await;
    assert!(reads(&world, &whole).await && !writes(&world, &whole).await);
    // A managed session policy counts as an inline one, and is looked up live.
    let arn = world.managed("Readers", &read).await;
    let mut by_arn = claims(&world, SessionKind::Federated, "robin", &[]).await;
    by_arn.policy_arns = vec![arn];
    let by_arn = world.mint(&by_arn);
    assert!(reads(&world, &by_arn).await && !writes(&world, &by_arn).await);
    world.change_managed("Readers", |managed| managed.versions[0].policy = stored(&policy("Deny", "*", "*"))).await;
    world.epochs.forget_all();
    assert!(!reads(&world, &by_arn).await);
}

#[tokio::test]
async fn rule_16_what_is_denied_to_the_user_is_denied_to_its_federated_session() {
    let (world, _ann) = scene().await;
    let statement = |effect: &str, element: &str| {
        format!(
            r#"{{"Effect":"{effect}","{element}":{{"AWS":["{ANN}","arn:aws:iam:::root"]}},"Action":"s3:GetObject","Resource":"arn:aws:s3:::NAME/*"}}"#
        )
    };
    let document = |statement: String, name: &str| {
        format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statement.replace("NAME", name))
    };
    let session = world.mint(&claims(&world, SessionKind::Federated, "bob", &[&policy("Allow", "s3:*", "*")]).await);
    world.bucket("b-deny", Owner::Account, Some(&document(statement("Deny", "Principal"), "b-deny"))).await;
    world.bucket("b-spare", Owner::Account, Some(&document(statement("Deny", "NotPrincipal"), "b-spare"))).await;
    assert_eq!(world.send(Req::get("/b-deny/k").sign(&world, &session)).await.code(), "AccessDenied");
    assert!(world.send(Req::get("/b-spare/k").sign(&world, &session)).await.is_forward());
}

#[tokio::test]
async fn rule_18_a_managed_session_policy_that_is_not_there_denies_with_503() {
    let (world, _ann) = scene().await;
    let mut claims = claims(&world, SessionKind::Federated, "bob", &[&policy("Allow", "s3:*", "*")]).await;
    claims.policy_arns = vec!["arn:aws:iam:::policy/Gone".into()];
    let reply = world.send(Req::get("/b-one/k").sign(&world, &world.mint(&claims))).await;
    assert_eq!(reply.said(), (503, "ServiceUnavailable".into()));
    // One of another account can never have been put in by this gate.
    claims.policy_arns = vec!["arn:aws:iam::other:policy/Theirs".into()];
    let reply = world.send(Req::get("/b-one/k").sign(&world, &world.mint(&claims))).await;
    assert_eq!(reply.said(), (400, "InvalidToken".into()));
}

#[tokio::test]
async fn rule_21_sessions_before_a_time_are_over_and_later_ones_are_not() {
    let (world, ann) = scene().await;
    let all = policy("Allow", "*", "*");
    world.role("second", Owner::Account, &trust("arn:aws:iam:::role/R"), &[("p", &all)]).await;
    let old = world.assume(&ann, "R").await;
    let own = world.mint(&claims(&world, SessionKind::User, "", &[]).await);
    world.clock.turn(60);
    let between = world.clock.now().millis();
    world.clock.turn(60);
    // Minted after the time, but by a session from before it.
    let chained = world.assume(&old, "second").await;
    let new = world.assume(&ann, "R").await;
    for by in [&old, &chained, &new] {
        assert!(reads(&world, by).await);
    }
    world.change_role("R", |role| role.revoked.before = Some(between)).await;
    assert!(!reads(&world, &old).await && !reads(&world, &chained).await && reads(&world, &new).await);
    world.change_role("R", |role| role.revoked.before = None).await;
    // Of a user: what it minted with its key, and what it minted through a session of its own.
    let through = world.assume(&own, "R").await;
    world.change_user("ann", |user| user.revoked.before = Some(between)).await;
    assert!(!reads(&world, &old).await && !reads(&world, &own).await && !reads(&world, &through).await);
    assert!(reads(&world, &new).await && reads(&world, &ann).await, "a long-term key is no session");
}

#[tokio::test]
async fn rule_21_a_single_session_is_ended_by_its_key_with_all_that_came_of_it() {
    let (world, ann) = scene().await;
    let all = policy("Allow", "*", "*");
    world.role("second", Owner::Account, &trust("arn:aws:iam:::role/R"), &[("p", &all)]).await;
    let (one, other) = (world.assume(&ann, "R").await, world.assume(&ann, "R").await);
    let (of_one, of_other) = (world.assume(&one, "second").await, world.assume(&other, "second").await);
    world.change_role("R", |role| role.revoked.keys.extend([(one.key.clone(), i64::MAX)])).await;
    assert!(!reads(&world, &one).await && !reads(&world, &of_one).await);
    assert!(reads(&world, &other).await && reads(&world, &of_other).await);
    let reply = world.send(Req::get("/b-one/k").sign(&world, &one)).await;
    assert_eq!(reply.said(), (400, "InvalidToken".into()));
    assert_eq!(identity(&world, &one).await, "InvalidClientTokenId");
}

#[tokio::test]
async fn tags_of_a_session_stand_before_those_of_its_role() {
    let (world, ann) = scene().await;
    let by_tag = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b-one/${aws:PrincipalTag/team}/${aws:PrincipalTag/job, 'none'}"}}"#;
    world.role("tagged", Owner::Account, &trust(ANN), &[("p", by_tag)]).await;
    let tag = |key: &str, value: &str| Tag { key: key.into(), value: value.into() };
    world.change_role("tagged", |role| role.tags = vec![tag("Team", "red"), tag("Job", "dev")]).await;
    let plain = world.assume(&ann, "tagged").await;
    let read = async |by: &Credentials, key: &str| {
        world.send(Req::get(&format!("/b-one/{key}")).sign(&world, by)).await.is_forward()
    };
    assert!(read(&plain, "red/dev").await && !read(&plain, "blue/dev").await);
    let role = world.role_record("tagged").await.value;
    let mut claims = claims(&world, SessionKind::User, "", &[]).await;
    claims.kind = SessionKind::Role;
    claims.session_name = "tagged".into();
    claims.chain = vec![claims.subject.clone()];
    (claims.subject.kind, claims.subject.name, claims.subject.id) = (LinkKind::Role, role.name, role.id);
    claims.tags = vec![("TEAM".into(), vec!["blue".into()])];
    let session = world.mint(&claims);
    assert!(read(&session, "blue/dev").await && !read(&session, "red/dev").await);
    // Several values make a set, which no variable reads.
    claims.tags = vec![("team".into(), vec!["blue".into(), "red".into()])];
    let session = world.mint(&claims);
    assert!(!read(&session, "blue/dev").await && !read(&session, "red/dev").await);
}

#[tokio::test]
async fn rule_29_uses_are_noted_after_verification_once_a_minute() {
    let (world, ann) = scene().await;
    let session = world.assume(&ann, "R").await;
    let role = world.role_record("R").await.value.id;
    let seen = || std::mem::take(&mut *world.uses.0.lock().unwrap());
    let first = seen();
    let key = Used::Key(AccessKeyId::parse("KEYOF_ann").unwrap());
    assert_eq!((first.len(), &first[0].subject, first[0].service.as_str()), (1, &key, "sts"));
    let forged = Credentials { secret: "wrong".into(), ..session.clone() };
    assert!(!reads(&world, &forged).await && seen().is_empty());
    assert!(reads(&world, &session).await && reads(&world, &session).await && reads(&world, &ann).await);
    let noted = seen();
    assert_eq!(noted.len(), 1, "the key was noted in this minute already");
    assert_eq!((&noted[0].subject, noted[0].region.as_str()), (&Used::Role(role), "us-east-1"));
    world.clock.turn(60);
    assert!(reads(&world, &session).await && reads(&world, &ann).await);
    assert_eq!(seen().len(), 2);
}
