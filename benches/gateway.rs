//! Cost of a whole decision with warm caches: head in, signed forward's plan out. The store and the backend are never
//! asked.

#![allow(
    missing_docs,
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a benchmark that shares the support of tests/gateway.rs; a bench fails by panicking"
)]

#[path = "../tests/gateway/support/mod.rs"]
mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use rolegate::entity::Owner;
use rolegate::gateway::{Trace, Verdict};
use support::request::FakeBody;
use support::{Req, World, policy, trust};

/// The gate's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn warm(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (world, one, session, reader) = runtime.block_on(async {
        let world = World::new().await;
        let one = world.standalone("TESTER1").await;
        world.bucket("b-one", world.owner("TESTER1").await, None).await;
        let read = policy("Allow", "s3:*", "arn:aws:s3:::*");
        world.role("R", Owner::Account, &trust("arn:aws:iam:::user/TESTER1"), &[("p", &read)]).await;
        let session = world.assume(&one, "R").await;
        let one_bucket = policy("Allow", "s3:GetObject", "arn:aws:s3:::b-one/photos/*");
        world.role("Reader", Owner::Account, &trust("arn:aws:iam:::user/TESTER1"), &[("p", &one_bucket)]).await;
        let reader = world.assume(&one, "Reader").await;
        (world, one, session, reader)
    });
    let calls = |name: &str, request: Req, allowed: bool, c: &mut Criterion| {
        let head = request.head();
        let handle = || {
            let mut body = FakeBody { bytes: request.body.clone().into(), reads: 0 };
            let mut trace = Trace::default();
            let verdict = runtime.block_on(world.gateway.handle(&head, "REQ1", &mut body, &mut trace));
            assert_eq!(matches!(verdict, Verdict::Forward(_)), allowed);
            verdict
        };
        handle();
        let before = world.store.calls();
        c.bench_function(name, |b| b.iter(handle));
        assert_eq!(world.store.calls(), before, "warm");
    };
    calls("handle/get_object_user", Req::get("/b-one/photos/2026/a.jpg").sign(&world, &one), true, c);
    calls("handle/get_object_session", Req::get("/b-one/photos/2026/a.jpg").sign(&world, &session), true, c);
    calls("handle/put_object_session", Req::put("/b-one/photos/2026/a.jpg").body(b"x").sign(&world, &session), true, c);
    calls(
        "handle/get_object_presigned_session",
        Req::get("/b-one/photos/2026/a.jpg").presign(&world, &session),
        true,
        c,
    );
    // May not list, so what becomes of a 404 is prepared too.
    calls("handle/get_object_reader", Req::get("/b-one/photos/2026/a.jpg").sign(&world, &reader), true, c);
    calls("handle/get_object_denied", Req::get("/b-one/secret.jpg").sign(&world, &reader), false, c);
    assert!(world.backend.seen().is_empty());
}

criterion_group!(benches, warm);
criterion_main!(benches);
