//! Keep-alive, early answers with unread bodies, `Expect`, pipelining, slow clients, too many of them, the stop.

use crate::support::{Client, FakeBackend, Harness};
use std::time::Duration;

#[tokio::test]
async fn a_connection_serves_many_requests_and_ends_when_asked() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for _ in 0..3 {
        let answer = client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, Some("keep-alive")));
        let answer = client.send("GET /deny HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (403, Some("keep-alive")));
    }
    let last = client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n").await.answer().await;
    assert_eq!(last.header("connection"), Some("close"));
    assert!(client.is_closed().await);
    assert_eq!(backend.connections(), 1);
    assert_eq!(gate.records(7).await.len(), 7);
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_time() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with(backend.address, |settings, _| {
        settings.keepalive = Duration::from_millis(300);
        settings.head_timeout = Duration::from_millis(300);
    })
    .await;
    let mut client = Client::connect(gate.address).await;
    client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await;
    assert!(client.is_closed().await);
    let mut silent = Client::connect(gate.address).await;
    assert!(silent.is_closed().await);
    assert_eq!(gate.records(1).await.len(), 1, "who asks nothing is not recorded");
}

#[tokio::test]
async fn a_trickled_head_is_cut_after_its_whole_time() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with(backend.address, |settings, _| {
        settings.head_timeout = Duration::from_millis(600);
    })
    .await;
    for first in [true, false] {
        let mut client = Client::connect(gate.address).await;
        if !first {
            client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await;
        }
        client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\n").await;
        // Each byte comes long before a limit for single reads would end.
        for _ in 0..24 {
            client.try_send("a").await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let answer = client.answer().await;
        assert!(answer.status == 400 && answer.text().contains("TimedOut"), "{}", answer.text());
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(answer.header("x-amz-request-id").is_some() && client.is_closed().await);
    }
    let records = gate.records(3).await;
    let cut: Vec<_> = records.iter().filter(|record| record.fault.is_some()).collect();
    assert!(cut.len() == 2 && cut.iter().all(|record| record.status == 400 && record.target.is_none()));
}

#[tokio::test]
async fn a_trickled_body_is_cut_by_the_lowest_rate() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with(backend.address, |settings, _| {
        settings.body_read_timeout = Duration::from_millis(500);
        settings.min_receive_rate = 1000;
    })
    .await;
    for path in ["/b/k", "/read"] {
        let mut client = Client::connect(gate.address).await;
        client.send(format!("PUT {path} HTTP/1.1\r\nHost: gate\r\nContent-Length: 900\r\n\r\n")).await;
        for _ in 0..20 {
            client.try_send("a").await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let answer = client.answer().await;
        let told = ["RequestTimeout", "did not arrive in time"].iter().any(|text| answer.text().contains(text));
        assert!(answer.status == 400 && told, "{}", answer.text());
        assert!(client.is_closed().await);
    }
    assert!(backend.settled().await.iter().all(|seen| !seen.complete));
    // Slow is not too slow.
    let mut client = Client::connect(gate.address).await;
    client.send("PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 1500\r\n\r\n").await;
    for _ in 0..15 {
        client.send([b'a'; 100]).await;
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    assert_eq!(client.answer().await.status, 200);
}

#[tokio::test]
async fn connections_beyond_the_limit_are_told_so_and_closed() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with(backend.address, |settings, _| settings.max_connections = 2).await;
    let get = "GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n";
    let mut first = Client::connect(gate.address).await;
    let mut second = Client::connect(gate.address).await;
    for client in [&mut first, &mut second] {
        assert_eq!(client.send(get).await.answer().await.status, 200);
    }
    let mut third = Client::connect(gate.address).await;
    third.send(get).await;
    let answer = third.answer().await;
    assert!(answer.text().contains("TooManyConnections") && answer.header("x-amz-request-id").is_some());
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(third.is_closed().await);
    drop((second, third));
    // A place that is free again is given again.
    for _ in 0..50 {
        let mut again = Client::connect(gate.address).await;
        if again.send(get).await.answer().await.status == 200 {
            assert_eq!(first.send(get).await.answer().await.status, 200);
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no place was given again");
}

#[tokio::test]
async fn a_stop_lets_the_request_in_flight_end_and_closes() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut idle = Client::connect(gate.address).await;
    idle.send("GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await;
    let mut busy = Client::connect(gate.address).await;
    busy.send("PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!(busy.answer().await.status, 100);
    gate.stop();
    assert!(idle.is_closed().await);
    let answer = busy.send("123456789").await.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert!(busy.is_closed().await);
    assert!(backend.seen().iter().all(|seen| seen.complete));
}

#[tokio::test]
async fn a_denied_request_gets_no_100_and_its_connection_closes() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    client.send("PUT /deny/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n").await;
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (403, Some("close")));
    assert!(client.is_closed().await);
    assert!(backend.seen().is_empty());
}

#[tokio::test]
async fn a_permitted_request_gets_exactly_one_100() {
    let backend = FakeBackend::start().await;
    // A backend that says 100 on its own must not make it two.
    backend.answers("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for _ in 0..2 {
        client.send("PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").await;
        assert_eq!(client.answer().await.status, 100);
        let answer = client.send("hello").await.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, Some("keep-alive")));
    }
    let seen = backend.wait(2).await;
    assert!(seen.iter().all(|seen| seen.body == b"hello" && seen.header("expect").is_none()));
}

#[tokio::test]
async fn a_body_that_the_gate_reads_gets_its_100_first() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    client.send("POST /read HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 100);
    let answer = client.send("hello").await.answer().await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
    let answer = client
        .send("POST /read HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        .await
        .answer()
        .await;
    assert_eq!(answer.text(), "abc");
    // Too large as announced: refused without a 100.
    client.send("POST /read HTTP/1.1\r\nHost: gate\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n").await;
    let answer = client.answer().await;
    assert!(answer.status == 400 && answer.text().contains("larger than 1000 bytes"));
}

#[tokio::test]
async fn a_body_too_large_on_the_way_is_refused() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    client.send("POST /read HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    client.send(format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001))).await;
    assert!(client.answer().await.text().contains("larger than 1000 bytes"));
}

#[tokio::test]
async fn rule_28_buffered_bodies_share_one_budget() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with(backend.address, |settings, _| settings.buffered_bytes = 10).await;
    let mut client = Client::connect(gate.address).await;
    let post =
        |body: &str| format!("POST /read HTTP/1.1\r\nHost: gate\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    for _ in 0..3 {
        assert_eq!(client.send(post("0123456789")).await.answer().await.status, 200);
    }
    let answer = client.send(post("0123456789a")).await.answer().await;
    assert!(answer.text().contains("too many request bodies"), "{}", answer.text());
}

#[tokio::test]
async fn an_unread_short_body_is_drained_and_the_connection_kept() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    for _ in 0..2 {
        client.send("PUT /deny HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\n\r\nhe").await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (403, Some("keep-alive")));
        client.send("llo").await;
    }
    assert_eq!(client.send("GET /b/k HTTP/1.1\r\nHost: gate\r\n\r\n").await.answer().await.status, 200);
}

#[tokio::test]
async fn an_unread_long_body_does_not_cost_the_answer() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    client.send("PUT /deny HTTP/1.1\r\nHost: gate\r\nContent-Length: 50000000\r\n\r\n").await;
    for _ in 0..16 {
        if !client.try_send(vec![0; 65_536]).await {
            break;
        }
    }
    let answer = client.answer().await;
    assert_eq!((answer.status, answer.header("connection")), (403, Some("close")));
    assert!(answer.complete && answer.text().contains("AccessDenied"));
}

#[tokio::test]
async fn pipelined_requests_are_answered_one_after_the_other() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: gate\r\n\r\n");
    let put = "PUT /b/2 HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\n\r\nhello";
    let post = "POST /read HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
    client.send(get("/deny/1") + put + post + &get("/b/4") + &get("/deny/5")).await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let answer = client.answer().await;
        statuses.push((answer.status, answer.text().len()));
    }
    let denied = statuses[0].1;
    assert_eq!(statuses, [(403, denied), (200, 2), (200, 2), (200, 2), (403, denied)]);
    let lines: Vec<_> = backend.wait(2).await.iter().map(|seen| seen.line().to_owned()).collect();
    assert_eq!(lines, ["PUT /b/2 HTTP/1.1", "GET /b/4 HTTP/1.1"]);
    let ids: Vec<_> = gate.records(5).await.into_iter().map(|record| record.request_id).collect();
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 5);
}

#[tokio::test]
async fn nothing_after_a_refused_head_or_a_broken_body_is_read_as_a_request() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let get = "GET /b/smuggled HTTP/1.1\r\nHost: gate\r\n\r\n";
    for raw in [
        "GET /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /b/k HTTP/1.1\nHost: gate\n\n",
        "PUT /b/k HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        "POST /read HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n1\r\naXX",
        "GET /b/k HTTP/1.1\r\nHost: gate\r\nConnection: close\r\n\r\n",
    ] {
        let mut client = Client::connect(gate.address).await;
        client.send(format!("{raw}{get}")).await;
        client.answer().await;
        assert!(client.is_closed().await, "{raw}");
    }
    assert!(backend.settled().await.iter().all(|seen| !seen.line().contains("smuggled")));
}

#[tokio::test]
async fn a_client_that_stops_sending_is_told_and_dropped() {
    let backend = FakeBackend::start().await;
    let gate = Harness::with(backend.address, |settings, _| {
        settings.body_read_timeout = Duration::from_millis(200);
    })
    .await;
    let mut client = Client::connect(gate.address).await;
    client.send("PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\n\r\nabc").await;
    let answer = client.answer().await;
    assert!(answer.status == 400 && answer.text().contains("RequestTimeout"), "{}", answer.text());
    assert!(client.is_closed().await);
    assert!(backend.wait(1).await.iter().all(|seen| !seen.complete));
    let mut client = Client::connect(gate.address).await;
    client.send("POST /read HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\n\r\nabc").await;
    assert!(client.answer().await.text().contains("did not arrive in time"));
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing_behind() {
    let backend = FakeBackend::start().await;
    let gate = Harness::start(backend.address).await;
    let mut client = Client::connect(gate.address).await;
    client.send("PUT /b/k HTTP/1.1\r\nHost: gate\r\nContent-Length: 9\r\n\r\nabc").await;
    drop(client);
    assert!(!backend.wait(1).await[0].complete);
    let record = gate.records(1).await.remove(0);
    assert_eq!((record.status, record.bytes_in), (0, 3));
    assert!(record.fault.is_some());
}
