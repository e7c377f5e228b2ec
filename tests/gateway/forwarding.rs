//! What was authorized is what is forwarded: the outbound request, read again, names the same thing.

use crate::support::{Credentials, Req, World, policy, settings};
use proptest::prelude::*;
use rolegate::entity::Owner;
use rolegate::gateway::Forward;
use rolegate::s3::{self, S3Request};
use rolegate::wire::{RequestHead, percent};

/// Reads the outbound request as a strict S3 server would.
fn read_again(forward: &Forward) -> S3Request {
    let query: Vec<String> = forward.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let target = if query.is_empty() { forward.path.clone() } else { format!("{}?{}", forward.path, query.join("&")) };
    let headers = forward.headers.iter().map(|(name, value)| (name.clone(), value.clone()));
    let headers = headers.chain([("host".to_owned(), b"backend".to_vec())]);
    let head =
        RequestHead::new(forward.method, target.as_bytes(), headers, "127.0.0.1".parse().unwrap(), None).unwrap();
    let query = head.parse_query().unwrap();
    s3::route(&head, &query, false, &settings().addressing).unwrap()
}

async fn world() -> (World, Credentials) {
    let world = World::new().await;
    world.bucket("b-one", Owner::Account, None).await;
    world.bucket("b-two", Owner::Account, None).await;
    let user = world.iam_user("user", &[("p", &policy("Allow", "s3:*", "*"))]).await;
    (world, user)
}

/// Sends one request in each form, and compares what was decided with what goes out.
async fn check(world: &World, user: &Credentials, key: &[u8], raw: &str) {
    let object = String::from_utf8_lossy(&[b"arn:aws:s3:::b-one/", key].concat()).into_owned();
    for (request, action) in [
        (Req::get(&format!("/b-one/{raw}")), "s3:GetObject"),
        (Req::put(&format!("/b-one/{raw}")).body(b"x"), "s3:PutObject"),
        (Req::delete(&format!("/b-one/{raw}")), "s3:DeleteObject"),
        (Req::delete(&format!("/b-one/{raw}?versionId=a%2Bb%26c")), "s3:DeleteObjectVersion"),
        (Req::get(&format!("/{raw}")).host("b-one.s3.gate.test"), "s3:GetObject"),
        (Req::get(&format!("/b-one/{raw}?partNumber=1&response-content-type=a%2Fb%20c")), "s3:GetObject"),
    ] {
        let operation_before = request.method;
        for signed in [request.clone().sign(world, user), request.clone().presign(world, user)] {
            let reply = world.send(signed).await;
            let decided = reply.trace.decided.clone();
            assert_eq!(decided, [(action.into(), object.clone())], "{raw}");
            let forward = reply.forward();
            assert_eq!(forward.permit.requirements().len(), 1);
            let again = read_again(&forward);
            assert_eq!(again.method(), operation_before);
            assert_eq!(again.bucket().map(s3::BucketName::as_str), Some("b-one"));
            assert_eq!(again.key().map(s3::ObjectKey::as_bytes), Some(key), "{raw} -> {}", forward.path);
            let needs = s3::requirements(&again, s3::Facts::default()).always;
            assert_eq!(needs.as_slice(), forward.permit.requirements(), "{raw}");
        }
    }
    // A copy: the source goes out as it was judged.
    let encoded = percent::encode_path(key);
    let copy = Req::put("/b-two/copy").with("x-amz-copy-source", format!("/b-one/{encoded}")).sign(world, user);
    let forward = world.send(copy).await.forward();
    let again = read_again(&forward);
    let source = again.copy_source().unwrap();
    assert_eq!((source.bucket.as_str(), source.key.as_bytes()), ("b-one", key));
    assert_eq!(again.key().map(s3::ObjectKey::as_bytes), Some(&b"copy"[..]));
}

#[tokio::test]
async fn awkward_keys_go_out_as_they_were_judged() {
    let (world, user) = world().await;
    for key in [
        "a",
        "a b",
        "a+b",
        "a%2Fb",
        "a%252Fb",
        "a?b",
        "a?versionId=1",
        "a#b",
        "a&b=c",
        "/a",
        "//",
        "a//b",
        "a/",
        ".",
        "..",
        "a/../b",
        "../b-two/x",
        "%2e%2e/x",
        "\\",
        "a\\b",
        "\u{e9}",
        "\u{1f600}",
        "a\"b",
        "a'b",
        "a<b>",
        "a\nb",
        "a\tb",
        "~-_.",
        "*",
        "a*b?",
        "${aws:username}",
        "a:b",
        "a;b",
        "a,b",
        "a=b",
        "@",
        "!$'()",
        "k|",
        "^",
        "{}",
        "[x]",
        "`",
    ] {
        check(&world, &user, key.as_bytes(), &percent::encode_path(key.as_bytes())).await;
    }
    for (key, raw) in [
        (&b"a/b"[..], "a%2fb"),
        (b"a b", "a%20b"),
        (b"~a(b)", "%7ea(b)"),
        (b"a+b", "a+b"),
        (b"\xff\xfe", "%ff%FE"),
        (b"a", "%61"),
        (b"\0", "%00"),
    ] {
        check(&world, &user, key, raw).await;
    }
    assert!(world.backend.seen().iter().all(|call| call.contains("?tagging")));
}

#[test]
fn any_bytes_as_a_key_go_out_as_they_were_judged() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (world, user) = runtime.block_on(world());
    let strategy = (proptest::collection::vec(any::<u8>(), 1..24), proptest::collection::vec(any::<bool>(), 24));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(48));
    let result = runner.run(&strategy, |(key, escaped)| {
        // Every byte as the client likes: escaped, or raw where a target can hold it.
        let mut raw = String::new();
        for (byte, escape) in key.iter().zip(&escaped) {
            let plain = byte.is_ascii_alphanumeric() || b"-_.~/+*'()!:@,;=$&".contains(byte);
            if plain && !escape { raw.push(char::from(*byte)) } else { raw.push_str(&format!("%{byte:02x}")) }
        }
        runtime.block_on(check(&world, &user, &key, &raw));
        Ok(())
    });
    result.unwrap();
}
