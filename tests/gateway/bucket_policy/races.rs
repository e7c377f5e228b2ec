//! Policies that change while something else does.

use super::*;
use rolegate::entity::User;
use rolegate::store::RecordKey;

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
    let key = RecordKey::user(&AccountId::empty(), "admin");
    world.change(&key, |user: &mut User| user.policies.clear()).await;
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
async fn rule_01_a_bucket_made_again_has_no_policy_and_one_in_the_making_none_to_change() {
    let (world, one) = world().await;
    is(world.put_policy(&one, &allow(r#""*""#, r#""s3:*""#, BOTH)).await, DONE);
    assert_eq!(world.send(Req::delete("/data").sign(&world, &one)).await.status(), 204);
    assert_eq!(world.send(Req::get("/data?policy").sign(&world, &one)).await.code(), "NoSuchBucket");
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
