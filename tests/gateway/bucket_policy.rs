//! Bucket policies: who may put, get and delete them, what is taken, and what they do.

use crate::support::{Credentials, Req, World, policy, trust};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use rolegate::entity::{BucketState, Owner, UserKind};
use rolegate::s3::MAX_POLICY_BYTES;
use rolegate::types::AccountId;
use std::sync::atomic::Ordering;

const BOTH: &str = r#"["arn:aws:s3:::data","arn:aws:s3:::data/*"]"#;
const OBJECTS: &str = r#""arn:aws:s3:::data/*""#;
const OTHER: &str = "222222222222";

fn statement(effect: &str, principal: &str, action: &str, resource: &str) -> String {
    format!(r#"{{"Effect":"{effect}","Principal":{principal},"Action":{action},"Resource":{resource}}}"#)
}

fn document(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

fn allow(principal: &str, action: &str, resource: &str) -> String {
    document(&[statement("Allow", principal, action, resource)])
}

fn put(document: &str) -> Req {
    Req::put("/data?policy").body(document.as_bytes())
}

/// A world with TESTER1's bucket `data`.
async fn world() -> (World, Credentials) {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    let owner = world.owner("TESTER1").await;
    world.bucket("data", owner, None).await;
    (world, one)
}

impl World {
    async fn put_policy(&self, by: &Credentials, document: &str) -> (u16, String) {
        self.send(put(document).sign(self, by)).await.said()
    }

    async fn reads_data(&self, by: &Credentials) -> bool {
        self.send(Req::get("/data/k").sign(self, by)).await.is_forward()
    }
}

const DONE: (u16, &str) = (204, "-");

fn is(said: (u16, String), wanted: (u16, &str)) {
    assert_eq!((said.0, said.1.as_str()), wanted);
}

#[tokio::test]
async fn a_policy_is_kept_byte_for_byte_and_never_sent_on() {
    let (world, one) = world().await;
    let none = world.send(Req::get("/data?policy").sign(&world, &one)).await;
    assert_eq!(none.said(), (404, "NoSuchBucketPolicy".into()));
    assert_eq!(none.element("BucketName").as_deref(), Some("data"));
    let status = world.send(Req::get("/data?policyStatus").sign(&world, &one)).await;
    assert_eq!(status.said(), (404, "NoSuchBucketPolicy".into()));
    let text = format!("\n  {} \n", allow(r#""*""#, r#""s3:GetObject""#, OBJECTS));
    is(world.put_policy(&one, &text).await, DONE);
    let got = world.send(Req::get("/data?policy").sign(&world, &one)).await;
    assert_eq!((got.status(), got.text()), (200, text));
    let status = world.send(Req::get("/data?policyStatus").sign(&world, &one)).await;
    assert_eq!(status.element("IsPublic").as_deref(), Some("true"));
    let fixed = allow(r#"{"AWS":"arn:aws:iam:::user/TESTER2"}"#, r#""s3:GetObject""#, OBJECTS);
    is(world.put_policy(&one, &fixed).await, DONE);
    let status = world.send(Req::get("/data?policyStatus").sign(&world, &one)).await;
    assert_eq!(status.element("IsPublic").as_deref(), Some("false"));
    for _ in 0..2 {
        assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &one)).await.status(), 204);
        assert!(world.bucket_record("data").await.unwrap().policy.is_none());
    }
    assert!(world.backend.seen().is_empty());
}

#[tokio::test]
async fn anonymous_reads_what_is_public_and_nothing_else() {
    let (world, one) = world().await;
    assert_eq!(world.send(Req::get("/data/k").unsigned()).await.said(), (403, "AccessDenied".into()));
    is(world.put_policy(&one, &allow(r#""*""#, r#""s3:GetObject""#, OBJECTS)).await, DONE);
    assert!(world.send(Req::get("/data/k").unsigned()).await.is_forward());
    for request in [Req::get("/data"), Req::put("/data/k").body(b"x"), Req::delete("/data/k"), Req::get("/data?policy")]
    {
        assert_eq!(world.send(request.unsigned()).await.said(), (403, "AccessDenied".into()));
    }
    assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &one)).await.status(), 204);
    assert_eq!(world.send(Req::get("/data/k").unsigned()).await.status(), 403);
}

#[tokio::test]
async fn inside_the_account_a_policy_gives_and_takes() {
    let (world, one) = world().await;
    let (poor, rich) =
        (world.iam_user("poor", &[]).await, world.iam_user("rich", &[("all", &policy("Allow", "s3:*", "*"))]).await);
    assert!(!world.reads_data(&poor).await && world.reads_data(&rich).await);
    let both = document(&[
        statement("Allow", r#"{"AWS":"arn:aws:iam:::user/poor"}"#, r#""s3:GetObject""#, OBJECTS),
        statement("Deny", r#"{"AWS":"arn:aws:iam:::user/rich"}"#, r#""s3:Get*""#, OBJECTS),
    ]);
    is(world.put_policy(&one, &both).await, DONE);
    assert!(world.reads_data(&poor).await && !world.reads_data(&rich).await);
    assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &one)).await.status(), 204);
    assert!(!world.reads_data(&poor).await && world.reads_data(&rich).await);
}

#[tokio::test]
async fn across_accounts_both_sides_must_allow() {
    let (world, one) = world().await;
    let other = AccountId::parse(OTHER).unwrap();
    let read = policy("Allow", "s3:GetObject", "arn:aws:s3:::data/*");
    let may = world.user(&other, "may", UserKind::Iam, "", &[("read", &read)]).await;
    let poor = world.user(&other, "poor", UserKind::Iam, "", &[]).await;
    assert!(!world.reads_data(&may).await && !world.reads_data(&poor).await);
    for principal in [
        format!(r#"{{"AWS":["arn:aws:iam::{OTHER}:user/may","arn:aws:iam::{OTHER}:user/poor"]}}"#),
        format!(r#"{{"AWS":"{OTHER}"}}"#),
        format!(r#"{{"AWS":"arn:aws:iam::{OTHER}:root"}}"#),
    ] {
        is(world.put_policy(&one, &allow(&principal, r#""s3:GetObject""#, OBJECTS)).await, DONE);
        assert!(world.reads_data(&may).await, "{principal}");
        assert!(!world.reads_data(&poor).await, "{principal}");
    }
    let elsewhere = allow(r#"{"AWS":"333333333333"}"#, r#""s3:GetObject""#, OBJECTS);
    is(world.put_policy(&one, &elsewhere).await, DONE);
    assert!(!world.reads_data(&may).await);
}

#[tokio::test]
async fn another_account_never_reads_or_changes_a_policy_whatever_it_allows() {
    let (world, one) = world().await;
    let other = AccountId::parse(OTHER).unwrap();
    let all = policy("Allow", "s3:*", "*");
    let may = world.user(&other, "may", UserKind::Iam, "", &[("all", &all)]).await;
    let open = allow(r#""*""#, r#""s3:*""#, BOTH);
    let calls = || [Req::get("/data?policy"), put("{}"), Req::delete("/data?policy")];
    for request in calls() {
        assert_eq!(world.send(request.sign(&world, &may)).await.said(), (403, "AccessDenied".into()));
    }
    is(world.put_policy(&one, &open).await, DONE);
    for request in calls() {
        let signed = world.send(request.clone().sign(&world, &may)).await;
        assert_eq!((signed.said(), signed.reads), ((405, "MethodNotAllowed".into()), 0));
        assert_eq!(signed.trace.decision, "implicit_deny");
        let stranger = world.send(request.unsigned()).await;
        assert_eq!((stranger.said(), stranger.reads), ((405, "MethodNotAllowed".into()), 0));
    }
    // Its status is told to whoever may ask, as with AWS.
    assert_eq!(world.send(Req::get("/data?policyStatus").sign(&world, &may)).await.status(), 200);
    assert_eq!(world.bucket_record("data").await.unwrap().policy.unwrap().document, open);
}

#[tokio::test]
async fn the_owner_always_gets_at_the_policy_and_at_nothing_else() {
    let (world, one) = world().await;
    let root = world.iam_user("root", &[]).await;
    world.change_user("root", |user| user.account_root = true).await;
    let admin = world.iam_user("admin", &[("all", &policy("Allow", "s3:*", "*"))]).await;
    let conditioned = statement("Deny", r#""*""#, r#""s3:*""#, BOTH)
        .replace(r#""Action""#, r#""Condition":{"StringNotEquals":{"aws:ResourceTag/a":"b"}},"Action""#);
    for lockout in [
        document(&[statement("Deny", r#""*""#, r#""s3:*""#, BOTH)]),
        document(&[statement("Deny", r#""*""#, r#""*""#, r#""*""#)]),
        document(&[statement(
            "Deny",
            r#"{"AWS":["arn:aws:iam:::user/TESTER1","arn:aws:iam:::root"]}"#,
            r#""s3:*""#,
            BOTH,
        )]),
        document(&[
            statement("Deny", r#"{"AWS":"333333333333"}"#, r#""s3:*""#, BOTH).replace("Principal", "NotPrincipal")
        ]),
        document(&[conditioned]),
    ] {
        for owner in [&one, &root] {
            is(world.put_policy(owner, &lockout).await, DONE);
            let got = world.send(Req::get("/data?policy").sign(&world, owner)).await;
            assert_eq!((got.status(), got.text()), (200, lockout.clone()));
            is(world.put_policy(owner, &lockout).await, DONE);
        }
        if !lockout.contains("TESTER1") {
            let others = [Req::get("/data?policy"), put(&lockout), Req::delete("/data?policy")];
            for request in others {
                assert_eq!(world.send(request.sign(&world, &admin)).await.said(), (403, "AccessDenied".into()));
            }
        }
        for owner in [&one, &root] {
            for request in
                [Req::get("/data?policyStatus"), Req::get("/data/k"), Req::get("/data"), Req::delete("/data")]
            {
                let reply = world.send(request.sign(&world, owner)).await;
                assert_eq!(reply.said(), (403, "AccessDenied".into()), "{lockout}");
            }
        }
        assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &one)).await.status(), 204);
        assert!(world.reads_data(&one).await);
    }
}

#[tokio::test]
async fn rule_12_the_owners_way_in_is_cut_by_its_own_policies() {
    let (world, one) = world().await;
    let lockout = document(&[statement("Deny", r#""*""#, r#""s3:*""#, BOTH)]);
    is(world.put_policy(&one, &lockout).await, DONE);
    let denied = crate::support::stored(&policy("Deny", "s3:GetBucketPolicy", "*"));
    world.change_user("TESTER1", |user| drop(user.policies.insert("deny".into(), denied.clone()))).await;
    assert_eq!(world.send(Req::get("/data?policy").sign(&world, &one)).await.said(), (403, "AccessDenied".into()));
    assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &one)).await.status(), 204);
    let tokens = crate::support::stored(&policy("Allow", "sts:GetFederationToken", "*"));
    world.change_user("TESTER1", |user| drop(user.policies.insert("tokens".into(), tokens.clone()))).await;
    // The owner's own session is the owner, unless it is for somebody else.
    is(world.put_policy(&one, &lockout).await, DONE);
    let pairs = [("Action", "GetSessionToken"), ("Version", "2011-06-15")];
    let own = world.send(Req::form("sts", &pairs).sign(&world, &one)).await.credentials();
    is(world.put_policy(&own, &lockout).await, DONE);
    let open = policy("Allow", "s3:*", "*");
    let pairs = [("Action", "GetFederationToken"), ("Name", "guest"), ("Policy", &open), ("Version", "2011-06-15")];
    let guest = world.send(Req::form("sts", &pairs).sign(&world, &one)).await.credentials();
    assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &guest)).await.said(), (403, "AccessDenied".into()));
    assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &own)).await.status(), 204);
    // A role that the owner owns is not the owner.
    let role_all = policy("Allow", "s3:*", "*");
    let owner = world.owner("TESTER1").await;
    world.role("Worker", owner, &trust("arn:aws:iam:::user/TESTER1"), &[("all", &role_all)]).await;
    let session = world.assume(&one, "Worker").await;
    assert_eq!(world.send(Req::get("/data?policy").sign(&world, &session)).await.code(), "NoSuchBucketPolicy");
    is(world.put_policy(&one, &lockout).await, DONE);
    for request in [Req::get("/data?policy"), put(&lockout), Req::delete("/data?policy")] {
        assert_eq!(world.send(request.sign(&world, &session)).await.said(), (403, "AccessDenied".into()));
    }
}

#[tokio::test]
async fn taking_the_right_away_from_oneself_is_confirmed() {
    let (world, one) = world().await;
    let admin = world.iam_user("admin", &[("all", &policy("Allow", "s3:*", "*"))]).await;
    let lockout = document(&[statement("Deny", r#""*""#, r#""s3:PutBucketPolicy""#, r#""arn:aws:s3:::data""#)]);
    is(world.put_policy(&admin, &lockout).await, (400, "InvalidRequest"));
    let header = "x-amz-confirm-remove-self-bucket-access";
    let with = |value: &str| put(&lockout).with(header, value);
    assert_eq!(world.send(with("false").sign(&world, &admin)).await.code(), "InvalidRequest");
    assert_eq!(world.send(with("yes").sign(&world, &admin)).await.code(), "InvalidArgument");
    assert!(world.bucket_record("data").await.unwrap().policy.is_none());
    assert_eq!(world.send(with("true").sign(&world, &admin)).await.status(), 204);
    assert_eq!(world.send(with("true").sign(&world, &admin)).await.said(), (403, "AccessDenied".into()));
    // Who has the right by the policy alone and leaves itself out; the owner, who cannot lose it, is not asked.
    let helper = world.iam_user("helper", &[]).await;
    let helped = allow(r#"{"AWS":"arn:aws:iam:::user/helper"}"#, r#""s3:PutBucketPolicy""#, r#""arn:aws:s3:::data""#);
    is(world.put_policy(&one, &helped).await, DONE);
    is(world.put_policy(&helper, &helped).await, DONE);
    let public = allow(r#""*""#, r#""s3:GetObject""#, OBJECTS);
    is(world.put_policy(&helper, &public).await, (400, "InvalidRequest"));
    is(world.put_policy(&one, &lockout).await, DONE);
}

#[tokio::test]
async fn what_s3_refuses_is_refused_in_its_words() {
    let (world, one) = world().await;
    let ok = statement("Allow", r#""*""#, r#""s3:GetObject""#, OBJECTS);
    let with = |from: &str, to: &str| document(&[ok.replace(from, to)]);
    for (text, words) in [
        (String::new(), "Policies must be valid JSON and the first byte must be '{'"),
        ("[]".into(), "Policies must be valid JSON and the first byte must be '{'"),
        ("<Policy/>".into(), "Policies must be valid JSON and the first byte must be '{'"),
        ("{\"Version\":".into(), "This policy contains invalid Json"),
        ("{}".into(), "Missing required field Statement"),
        (
            document(std::slice::from_ref(&ok)).replace("2012-10-17", "2026-01-01"),
            "The policy must contain a valid version string",
        ),
        (with(r#""Principal":"*","#, ""), "Missing required field Principal"),
        (with(r#""Action":"s3:GetObject","#, ""), "Missing required field Action"),
        (with(r#","Resource":"arn:aws:s3:::data/*""#, ""), "Missing required field Resource"),
        (with(r#""Effect":"Allow","#, ""), "Missing required field Effect"),
        (with("Allow", "Permit"), "Invalid effect: Permit"),
        (with("Principal", "NotPrincipal"), "Allow with NotPrincipal is not allowed."),
        (with(r#""Effect""#, r#""Extra":1,"Effect""#), "Unknown field Extra"),
        (with(r#":"*""#, r#":{"AWS":"arn:aws:iam::1:group/g"}"#), "Invalid principal in policy"),
        (with(r#":"*""#, r#":{"AWS":"arn:aws:iam::123456789012:user/*"}"#), "Invalid principal in policy"),
        (with(r#":"*""#, r#":{"AWS":""}"#), "Invalid principal in policy"),
        (with("s3:GetObject", "s3:GetObjects"), "Policy has invalid action"),
        (with("s3:GetObject", "iam:GetUser"), "Policy has invalid action"),
        (with("s3:GetObject", "GetObject"), "Policy has invalid action"),
        (with("arn:aws:s3:::data/*", "arn:aws:s3:::other/*"), "Policy has invalid resource"),
        (with("arn:aws:s3:::data/*", "data/*"), "Policy has invalid resource"),
        (with("data/*", "data"), "Action does not apply to any resource(s) in statement"),
        (
            with(r#""Effect""#, r#""Condition":{"Equals":{"aws:SourceIp":"1"}},"Effect""#),
            "Invalid Condition type : Equals",
        ),
        (
            with(r#""Effect""#, r#""Condition":{"Bool":{"secure":"true"}},"Effect""#),
            "Policy has an invalid condition key",
        ),
        (document(&[]), "Invalid policy syntax."),
    ] {
        let reply = world.send(put(&text).sign(&world, &one)).await;
        assert_eq!(reply.said(), (400, "MalformedPolicy".into()), "{text}");
        let message = reply.element("Message").unwrap().replace("&apos;", "'");
        assert!(message.starts_with(words), "{text}: {message}");
    }
    assert_eq!(world.send(put("{").body(b"{\xff}").sign(&world, &one)).await.code(), "MalformedPolicy");
    assert!(world.bucket_record("data").await.unwrap().policy.is_none());
}

#[tokio::test]
async fn twenty_kilobytes_are_taken_and_no_byte_more() {
    let (world, one) = world().await;
    let text = allow(r#""*""#, r#""s3:GetObject""#, OBJECTS);
    let padded = |length: usize| format!("{text}{}", " ".repeat(length - text.len()));
    is(world.put_policy(&one, &padded(MAX_POLICY_BYTES + 1)).await, (400, "MalformedPolicy"));
    is(world.put_policy(&one, &padded(1 << 20)).await, (400, "MalformedPolicy"));
    is(world.put_policy(&one, &padded(MAX_POLICY_BYTES)).await, DONE);
}

#[tokio::test]
async fn rule_08_the_body_is_what_was_signed_and_digested() {
    let (world, one) = world().await;
    let text = allow(r#""*""#, r#""s3:GetObject""#, OBJECTS);
    let mut altered = put(&text).sign(&world, &one);
    altered.body[30] ^= 1;
    assert_eq!(world.send(altered).await.said(), (400, "XAmzContentSHA256Mismatch".into()));
    let digest = STANDARD.encode(Md5::digest(text.as_bytes()));
    let wrong = STANDARD.encode(Md5::digest(b"other"));
    let sent = |digest: &str| put(&text).with("content-md5", digest).sign(&world, &one);
    assert_eq!(world.send(sent(&wrong)).await.said(), (400, "BadDigest".into()));
    assert!(world.bucket_record("data").await.unwrap().policy.is_none());
    assert_eq!(world.send(sent(&digest)).await.status(), 204);
    let crc = put(&text).with("x-amz-sdk-checksum-algorithm", "CRC32").with("x-amz-checksum-crc32", "AAAAAA==");
    assert_eq!(world.send(crc.sign(&world, &one)).await.said(), (400, "BadDigest".into()));
    // Nobody without the right has a body read.
    let two = world.standalone("TESTER2").await;
    let refused = world.send(put(&text).sign(&world, &two)).await;
    assert_eq!((refused.said(), refused.reads), ((403, "AccessDenied".into()), 0));
    let body = Req::get("/data?policy").body(b"x").sign(&world, &one);
    assert_eq!(world.send(body).await.code(), "InvalidRequest");
}

#[tokio::test]
async fn rule_14_a_role_or_user_made_again_has_not_the_grant() {
    let (world, one) = world().await;
    let (poor, owner) = (world.iam_user("poor", &[]).await, world.owner("TESTER1").await);
    let trusting = trust("arn:aws:iam:::user/poor");
    let assume = policy("Allow", "sts:AssumeRole", "*");
    world.change_user("poor", |user| drop(user.policies.insert("a".into(), crate::support::stored(&assume)))).await;
    world.role("Reader", owner.clone(), &trusting, &[]).await;
    let granted = allow(
        r#"{"AWS":["arn:aws:iam:::role/Reader","arn:aws:iam:::user/poor","arn:aws:iam:::user/later"]}"#,
        r#""s3:GetObject""#,
        OBJECTS,
    );
    is(world.put_policy(&one, &granted).await, DONE);
    let stored = world.bucket_record("data").await.unwrap().policy.unwrap();
    assert_eq!(stored.bindings.iter().count(), 2, "what does not exist stays by name");
    let session = world.assume(&poor, "Reader").await;
    assert!(world.reads_data(&session).await && world.reads_data(&poor).await);
    // One that did not exist matches by name until the policy is stored again.
    let later = world.iam_user("later", &[]).await;
    assert!(world.reads_data(&later).await);
    // The same name, another role.
    let old = world.role_record("Reader").await;
    world.records.commit(rolegate::store::Changes::new().delete(&old)).await.unwrap();
    world.role("Reader", owner, &trusting, &[]).await;
    let session = world.assume(&poor, "Reader").await;
    assert!(!world.reads_data(&session).await);
    is(world.put_policy(&one, &granted).await, DONE);
    assert!(world.reads_data(&session).await, "bound anew");
    let old = world.user_record("later").await;
    let other_id = old.value.id.clone();
    world
        .change_user("later", |user| user.id = rolegate::types::UniqueId::parse("AIDAZZZZZZZZZZZZZZZZZ").unwrap())
        .await;
    assert_ne!(world.user_record("later").await.value.id, other_id);
    assert!(!world.reads_data(&later).await);
}

#[tokio::test]
async fn rule_17_a_race_is_decided_anew_and_a_lost_right_counts() {
    let (world, one) = world().await;
    let text = allow(r#""*""#, r#""s3:GetObject""#, OBJECTS);
    // Each try commits twice: that the caller's rights are as they were, and the record.
    world.store.conflicts.store(2, Ordering::SeqCst);
    is(world.put_policy(&one, &text).await, DONE);
    world.store.conflicts.store(100, Ordering::SeqCst);
    is(world.put_policy(&one, &text).await, (409, "OperationAborted"));
    assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &one)).await.code(), "OperationAborted");
    world.store.conflicts.store(0, Ordering::SeqCst);
    // The caller's rights were taken away, and this gate has not heard of it yet.
    let admin = world.iam_user("admin", &[("all", &policy("Allow", "s3:*", "*"))]).await;
    is(world.put_policy(&admin, &text).await, DONE);
    let old = world.user_record("admin").await;
    let mut new = old.value.clone();
    new.policies.clear();
    world.records.commit(rolegate::store::Changes::new().update(&old, &new)).await.unwrap();
    let fixed = allow(r#"{"AWS":"333333333333"}"#, r#""s3:GetObject""#, OBJECTS);
    is(world.put_policy(&admin, &fixed).await, (409, "OperationAborted"));
    assert_eq!(world.bucket_record("data").await.unwrap().policy.unwrap().document, text);
    world.epochs.forget_all();
    is(world.put_policy(&admin, &fixed).await, (403, "AccessDenied"));
}

#[tokio::test]
async fn many_writers_end_with_one_whole_policy() {
    let (world, one) = world().await;
    world.store.yielding.store(true, Ordering::SeqCst);
    let texts: Vec<String> =
        (0..8).map(|n| allow(r#""*""#, r#""s3:GetObject""#, &format!(r#""arn:aws:s3:::data/{n}/*""#))).collect();
    let requests = texts.iter().map(|text| world.send(put(text).sign(&world, &one)));
    let replies = futures_in_turn(requests.collect()).await;
    let done = replies.iter().filter(|status| **status == 204).count();
    assert!(done >= 1 && replies.iter().all(|status| matches!(status, 204 | 409)), "{replies:?}");
    let kept = world.bucket_record("data").await.unwrap().policy.unwrap().document;
    assert!(texts.contains(&kept));
}

/// Polls all in turn until each has ended.
async fn futures_in_turn(futures: Vec<impl Future<Output = crate::support::Reply>>) -> Vec<u16> {
    let mut open: Vec<_> = futures.into_iter().map(Box::pin).map(Some).collect();
    let mut ended = Vec::new();
    std::future::poll_fn(|context| {
        for slot in &mut open {
            if let Some(future) = slot
                && let std::task::Poll::Ready(reply) = future.as_mut().poll(context)
            {
                ended.push(reply.status());
                *slot = None;
            }
        }
        if open.iter().all(Option::is_none) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    ended
}

#[tokio::test]
async fn a_bucket_without_a_record_holds_no_policy() {
    let world = World::with_unrecorded("TESTER1").await;
    let one = world.standalone("TESTER1").await;
    world.backend.add_bucket("data");
    let text = allow(r#""*""#, r#""s3:GetObject""#, OBJECTS);
    let refused = world.send(put(&text).sign(&world, &one)).await;
    assert_eq!((refused.said(), refused.reads), ((400, "InvalidRequest".into()), 0));
    assert!(refused.text().contains("rolegate bucket link --bucket data"));
    assert_eq!(world.send(Req::get("/data?policy").sign(&world, &one)).await.code(), "NoSuchBucketPolicy");
    assert_eq!(world.send(Req::delete("/data?policy").sign(&world, &one)).await.status(), 204);
    assert!(world.bucket_record("data").await.is_none());
}

#[tokio::test]
async fn rule_01_a_bucket_made_again_has_no_policy_and_one_in_the_making_none_to_change() {
    let (world, one) = world().await;
    is(world.put_policy(&one, &allow(r#""*""#, r#""s3:*""#, BOTH)).await, DONE);
    assert_eq!(world.send(Req::delete("/data").sign(&world, &one)).await.status(), 204);
    assert_eq!(world.send(Req::get("/data?policy").sign(&world, &one)).await.code(), "AccessDenied");
    let two = world.standalone("TESTER2").await;
    assert_eq!(world.send(Req::put("/data").sign(&world, &two)).await.status(), 200);
    assert_eq!(world.send(Req::get("/data?policy").sign(&world, &two)).await.code(), "NoSuchBucketPolicy");
    assert_eq!(world.send(Req::get("/data/k").unsigned()).await.status(), 403);
    let root = world.iam_user("root", &[]).await;
    world.change_user("root", |user| user.account_root = true).await;
    for (name, state) in [("making", BucketState::Creating), ("going", BucketState::Deleting)] {
        world.bucket_in(&AccountId::empty(), name, Owner::Account, None, state).await;
        let body = allow(r#""*""#, r#""s3:GetObject""#, &format!(r#""arn:aws:s3:::{name}/*""#));
        let target = format!("/{name}?policy");
        for request in [Req::put(&target).body(body.as_bytes()), Req::get(&target), Req::delete(&target)] {
            assert_eq!(world.send(request.sign(&world, &root)).await.code(), "NoSuchBucket");
        }
    }
}

#[tokio::test]
async fn the_expected_owner_is_judged_by_the_record() {
    let (world, one) = world().await;
    let text = allow(r#""*""#, r#""s3:GetObject""#, OBJECTS);
    for request in [put(&text), Req::get("/data?policy"), Req::delete("/data?policy"), Req::get("/data?policyStatus")] {
        let request = request.with("x-amz-expected-bucket-owner", OTHER).sign(&world, &one);
        assert_eq!(world.send(request).await.said(), (403, "AccessDenied".into()));
    }
    assert!(world.bucket_record("data").await.unwrap().policy.is_none());
}

#[tokio::test]
async fn rule_18_a_policy_that_cannot_be_read_stops_everybody() {
    let world = World::new().await;
    let one = world.standalone("TESTER1").await;
    let owner = world.owner("TESTER1").await;
    world.bucket("data", owner, Some("{}")).await;
    let text = allow(r#""*""#, r#""s3:GetObject""#, OBJECTS);
    for request in [Req::get("/data/k"), Req::get("/data?policy"), put(&text), Req::delete("/data?policy")] {
        assert_eq!(world.send(request.sign(&world, &one)).await.said(), (503, "ServiceUnavailable".into()));
    }
}
