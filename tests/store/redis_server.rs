//! A real Redis server of a test's own, on a port that the system chose, gone with the value.

use rolegate::store::redis::RedisOptions;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub(crate) struct RedisServer {
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl RedisServer {
    /// One without any data on disk.
    pub(crate) fn start() -> Self {
        Self::start_with(&["--appendonly", "no"])
    }

    /// One with further arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let mut folder = tempfile::tempdir().unwrap();
        for _ in 0..20 {
            let port = free_port();
            let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
            let mut server = Self { folder, port, arguments, child: None };
            if server.launch() {
                return server;
            }
            // Someone took the port in between.
            folder = std::mem::replace(&mut server.folder, tempfile::tempdir().unwrap());
        }
        panic!("redis-server found no free port");
    }

    /// Starts it again after [`RedisServer::kill`], on the same port and with what is on disk.
    pub(crate) fn restart(&mut self) {
        // The port may still be taken for a moment.
        assert!((0..50).any(|_| self.launch()), "redis-server does not start again");
    }

    fn launch(&mut self) -> bool {
        let spawned = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--save", ""])
            .args(["--maxmemory-policy", "noeviction", "--unixsocket"])
            .arg(self.socket())
            .arg("--dir")
            .arg(self.folder.path())
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                panic!("redis-server is not installed: run tests/tools/setup redis")
            }
            Err(error) => panic!("redis-server does not start: {error}"),
        };
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let (mut line, mut ready) = (String::new(), false);
        while !ready && lines.read_line(&mut line).unwrap() > 0 {
            ready = line.contains("eady to accept connections");
            line.clear();
        }
        if ready {
            // What it says later must go somewhere.
            std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
            self.child = Some(child);
        } else {
            child.wait().unwrap();
        }
        ready
    }

    /// Ends it at once, as a crash does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn options(&self) -> RedisOptions {
        RedisOptions::new(&format!("redis://127.0.0.1:{}", self.port))
    }

    /// Says a command on a connection of its own and gives the raw answer.
    pub(crate) fn say(&self, words: &[&str]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request += &format!("${}\r\n{word}\r\n", word.len());
        }
        request += "*1\r\n$4\r\nQUIT\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The ids of the feed connections, as `CLIENT LIST` has them.
    pub(crate) fn feed_clients(&self) -> Vec<String> {
        let list = self.say(&["CLIENT", "LIST"]);
        let feeds = list.lines().filter(|line| line.contains(" name=rolegate-feed "));
        feeds.map(|line| line.split(['=', ' ']).nth(1).unwrap().to_owned()).collect()
    }

    /// How many clients are connected besides the one that asks.
    pub(crate) fn clients(&self) -> usize {
        self.say(&["CLIENT", "LIST"]).lines().filter(|line| line.contains(" addr=")).count() - 1
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
