//! Which documents are taken, and how they are kept.

use super::*;

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
async fn the_expected_owner_is_judged_by_the_record() {
    let (world, one) = world().await;
    let text = allow(r#""*""#, r#""s3:GetObject""#, OBJECTS);
    for request in [put(&text), Req::get("/data?policy"), Req::delete("/data?policy"), Req::get("/data?policyStatus")] {
        let request = request.with("x-amz-expected-bucket-owner", OTHER).sign(&world, &one);
        assert_eq!(world.send(request).await.said(), (403, "AccessDenied".into()));
    }
    assert!(world.bucket_record("data").await.unwrap().policy.is_none());
}
