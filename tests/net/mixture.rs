//! Many connections at once, with requests and answers of all kinds, good and broken, in an order that differs with
//! each seed. Whatever happens beside it, a whole answer is the answer to its own request, in every byte, and a whole
//! upload is what its client sent.

use crate::support::{Answer, Client, Harness};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Numbers that only look random (Knuth's generator).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.roll(list.len())]
    }
}

/// What the backend does; the path says it: `/b/CLIENT-TURN-NUMBER-ACT-SIZE`.
const ACTS: [&str; 14] = [
    "length", "chunked", "open", "slow", "silent", "interim", "missing", "early", "half", "reset", "same", "none",
    "extra", "pinned",
];
const SIZES: [usize; 6] = [0, 1, 37, 16_384, 70_000, 400_000];

/// The content that belongs to a path: no two paths share a line.
fn content(path: &str, size: usize) -> Vec<u8> {
    format!("<{path}>\n").into_bytes().into_iter().cycle().take(size).collect()
}

fn parts(path: &str) -> (&str, usize) {
    let mut parts = path.rsplit('-');
    let size = parts.next().unwrap().parse().unwrap();
    (parts.next().unwrap(), size)
}

/// Uploads that were whole, by path.
type Stored = Arc<Mutex<HashMap<String, Vec<u8>>>>;

async fn backend() -> (SocketAddr, Stored) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stored = Stored::default();
    let store = Arc::clone(&stored);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let store = Arc::clone(&store);
            tokio::spawn(async move { serve(stream, &store).await });
        }
    });
    (address, stored)
}

/// Serves a connection until it is to be closed; an error is the client's end.
async fn serve(mut stream: TcpStream, stored: &Stored) -> Option<()> {
    let mut input = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = input.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            (stream.read_buf(&mut input).await.ok()? > 0).then_some(())?;
        };
        let head = String::from_utf8(input.drain(..end).collect()).unwrap();
        let mut words = head.split(' ');
        let (method, path) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
        let (act, size) = parts(&path);
        if act == "early" && method == "PUT" {
            let early = format!("HTTP/1.1 403 F\r\nETag: {path}\r\nContent-Length: 4\r\nConnection: close\r\n\r\nLATE");
            stream.write_all(early.as_bytes()).await.ok()?;
            tokio::time::sleep(Duration::from_millis(20)).await;
            return None;
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.map_or(0, |text| text.parse().unwrap());
        while input.len() < length {
            (stream.read_buf(&mut input).await.ok()? > 0).then_some(())?;
        }
        let body: Vec<u8> = input.drain(..length).collect();
        if method == "PUT" {
            stored.lock().unwrap().insert(path.clone(), body);
        }
        let content = if method == "HEAD" { Vec::new() } else { content(&path, size) };
        let plain = format!("HTTP/1.1 200 OK\r\nETag: {path}\r\nContent-Length: {size}\r\n\r\n");
        let with = |head: &str| [head.as_bytes(), &content].concat();
        match act {
            "chunked" => {
                let mut out =
                    format!("HTTP/1.1 200 OK\r\nETag: {path}\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
                for piece in content.chunks(5000) {
                    out.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                    out.extend_from_slice(piece);
                    out.extend_from_slice(b"\r\n");
                }
                if method != "HEAD" {
                    out.extend_from_slice(b"0\r\n\r\n");
                }
                stream.write_all(&out).await.ok()?;
            }
            "open" => {
                stream.write_all(&with(&format!("HTTP/1.1 200 OK\r\nETag: {path}\r\n\r\n"))).await.ok()?;
                return None;
            }
            "slow" => {
                for piece in with(&plain).chunks(1 + size / 7) {
                    stream.write_all(piece).await.ok()?;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
            // Closes without a word about it, so that the next request finds a dead connection.
            "silent" => {
                stream.write_all(&with(&plain)).await.ok()?;
                return None;
            }
            "interim" => {
                stream.write_all(b"HTTP/1.1 103 Hints\r\nETag: none\r\n\r\n").await.ok()?;
                tokio::time::sleep(Duration::from_millis(2)).await;
                stream.write_all(&with(&plain)).await.ok()?;
            }
            "missing" => {
                let document = if method == "HEAD" { String::new() } else { missing(&path) };
                let head = format!("HTTP/1.1 404 N\r\nETag: {path}\r\nContent-Type: application/xml\r\n");
                let head = format!("{head}Content-Length: {}\r\n\r\n{document}", document.len());
                stream.write_all(head.as_bytes()).await.ok()?;
            }
            // Bytes that belong to no answer.
            "extra" => {
                let mut out = with(&plain);
                out.extend_from_slice(b"HTTP/1.1 200 OK\r\nETag: evil\r\nContent-Length: 4\r\n\r\nevil");
                stream.write_all(&out).await.ok()?;
            }
            // The gate answers for it, and does not wait for its end.
            "pinned" => {
                let body = evil();
                let head = format!("HTTP/1.1 412 P\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.write_all(head.as_bytes()).await.ok()?;
                tokio::time::sleep(Duration::from_millis(5)).await;
                if method != "HEAD" {
                    stream.write_all(&body).await.ok()?;
                }
            }
            "half" => {
                stream.write_all(&with(&plain)[..plain.len() + content.len() / 2]).await.ok()?;
                return None;
            }
            "reset" => {
                stream.write_all(&with(&plain)[..plain.len() / 2]).await.ok()?;
                stream.set_zero_linger().unwrap();
                return None;
            }
            "same" => stream.write_all(format!("HTTP/1.1 304 N\r\nETag: {path}\r\n\r\n").as_bytes()).await.ok()?,
            "none" => stream.write_all(format!("HTTP/1.1 204 N\r\nETag: {path}\r\n\r\n").as_bytes()).await.ok()?,
            _ => stream.write_all(&with(&plain)).await.ok()?,
        }
    }
}

/// Content that passes for answers where it is not taken for what it is.
fn evil() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\nETag: evil\r\nContent-Length: 4\r\n\r\nevil".repeat(1000)
}

fn missing(path: &str) -> String {
    format!("<Error><Code>NoSuchThing</Code><Message>{path}</Message></Error>")
}

struct Asked {
    method: &'static str,
    path: String,
}

/// An answer against what was asked. Gives whether the connection goes on.
fn check(asked: &Asked, answer: &Answer) -> bool {
    let Asked { method, path } = asked;
    let (act, size) = parts(path);
    let told = format!("{method} {path}: {}", answer.head);
    let goes_on = answer.complete && answer.header("connection") == Some("keep-alive");
    // The gate's own answers, where the backend's connection was dead or died.
    if let 400 | 502 = answer.status {
        let broken = matches!(act, "reset") || (act == "half" && *method != "HEAD") || *method == "PUT";
        assert!(broken && answer.header("etag").is_none(), "{told}");
        return goes_on;
    }
    if act == "pinned" {
        assert!(answer.status == 503 && answer.header("etag").is_none(), "{told}");
        return goes_on;
    }
    assert_eq!(answer.header("etag"), Some(&**path), "{told}");
    let status = match act {
        "early" if *method == "PUT" => 403,
        "missing" => 404,
        "same" => 304,
        "none" => 204,
        _ => 200,
    };
    assert_eq!(answer.status, status, "{told}");
    let wanted = match (status, *method) {
        (204 | 304, _) | (_, "HEAD") => Vec::new(),
        (403, _) => b"LATE".to_vec(),
        (404, _) => {
            assert!(answer.text().contains(path.as_str()), "{told}{}", answer.text());
            return goes_on;
        }
        _ => content(path, size),
    };
    if answer.complete {
        assert!(answer.body == wanted, "{told}: {} bytes", answer.body.len());
        assert!(act != "half" || *method == "HEAD" || size / 2 == size, "half an answer is no answer: {told}");
    } else {
        assert!(wanted.starts_with(&answer.body) && act == "half", "{told}");
    }
    goes_on
}

/// One client's day. Gives the uploads that it sent whole, and those that it did not.
async fn client(gate: SocketAddr, number: usize, seed: u64) -> (HashMap<String, Vec<u8>>, Vec<String>) {
    let mut dice = Dice(seed ^ (number as u64) << 7);
    let (mut whole, mut broken) = (HashMap::new(), Vec::new());
    let mut connection = Client::connect(gate).await;
    for turn in 0..25 {
        let (mut asked, mut wire) = (Vec::new(), Vec::new());
        for more in 0..=dice.pick(&[0, 0, 1, 3]) {
            let method = dice.pick(&["GET", "GET", "HEAD", "PUT", "PUT"]);
            let (act, size) = (dice.pick(&ACTS), dice.pick(&SIZES));
            // What is to be read at once must be short; the test's gate answers for what is below `/pin`.
            let (place, size) = match act {
                "extra" => ("b", 37),
                "pinned" => ("pin", size),
                _ => ("b", size),
            };
            let path = format!("/{place}/{number}-{turn}-{more}-{act}-{size}");
            let body = if method == "PUT" { content(&format!("put{path}"), dice.pick(&SIZES)) } else { Vec::new() };
            let length = if method == "PUT" { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
            wire.extend_from_slice(format!("{method} {path} HTTP/1.1\r\nHost: gate\r\n{length}\r\n").as_bytes());
            asked.push(Asked { method, path: path.clone() });
            if method == "PUT" && !body.is_empty() && dice.roll(8) == 0 {
                // It leaves in the middle of this one.
                wire.extend_from_slice(&body[..dice.roll(body.len())]);
                broken.push(path);
                break;
            }
            wire.extend_from_slice(&body);
            if method == "PUT" {
                whole.insert(path, body);
            }
        }
        let leaves = asked.last().is_some_and(|asked| broken.contains(&asked.path));
        // The same socket, to write while answers are read.
        let socket = connection.stream.as_fd().try_clone_to_owned().unwrap();
        let mut output = TcpStream::from_std(socket.into()).unwrap();
        let step = dice.pick(&[1000, 65_000, usize::MAX]);
        let sending = async {
            for piece in wire.chunks(step) {
                if output.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            if leaves {
                output.shutdown().await.unwrap_or_default();
            }
        };
        let reading = async {
            for asked in &asked {
                let answer = connection.try_answer_to(asked.method).await;
                if !answer.is_some_and(|answer| check(asked, &answer)) {
                    return false;
                }
            }
            true
        };
        let (goes_on, ()) = tokio::join!(reading, sending);
        if !goes_on || leaves {
            connection = Client::connect(gate).await;
        }
    }
    (whole, broken)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_its_own_requests_and_every_upload_its_own_clients() {
    for seed in 1..=3 {
        let (address, stored) = backend().await;
        let gate = Harness::start(address).await;
        let clients: Vec<_> = (0..16).map(|number| tokio::spawn(client(gate.address, number, seed))).collect();
        let mut count = 0;
        for client in clients {
            let (whole, broken) = client.await.unwrap();
            let stored = stored.lock().unwrap();
            for path in broken {
                assert!(!stored.contains_key(&path), "{path} was never sent whole");
            }
            for (path, body) in whole {
                let found = stored.get(&path);
                count += usize::from(found.is_some());
                assert!(found.is_none_or(|found| *found == body), "{path} was stored with other bytes");
            }
        }
        assert!(count > 100, "many uploads come through: {count}");
    }
}
