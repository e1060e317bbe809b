//! The load: connections that send one request after the other, and note how long each took.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::server::Server;

/// What is asked. The commonest call of a coding agent.
const BODY: &str = r#"{"agentId":"bench-agent","toolName":"Bash","toolInput":{"command":"npm test"}}"#;

/// Connections of one load.
pub(super) struct Load {
    address: SocketAddr,
    request: Vec<u8>,
    connections: usize,
}

/// What a load came to.
pub(super) struct Measured {
    seconds: f64,
    /// Seconds of each request, sorted.
    latencies: Vec<f32>,
}

impl Load {
    pub(super) fn new(server: &Server, connections: usize) -> Self {
        let request = format!(
            "POST /v1/evaluate HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{BODY}",
            server.address,
            server.key,
            BODY.len()
        );
        Self { address: server.address, request: request.into_bytes(), connections }
    }

    /// For so long.
    pub(super) fn run(&self, time: Duration) -> Measured {
        let end = Instant::now() + time;
        self.drive(move || Instant::now() < end)
    }

    /// So many requests.
    pub(super) fn calls(&self, calls: u64) -> Measured {
        let left = std::sync::Arc::new(AtomicU64::new(calls));
        self.drive(move || {
            left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
        })
    }

    fn drive(&self, go_on: impl Fn() -> bool + Clone + Send + 'static) -> Measured {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let started = Instant::now();
        let latencies = runtime.block_on(async {
            let mut tasks = Vec::new();
            for _ in 0..self.connections {
                tasks.push(tokio::spawn(connection(self.address, self.request.clone(), go_on.clone())));
            }
            let mut all = Vec::new();
            for task in tasks {
                all.extend(task.await.expect("a connection stays open"));
            }
            all
        });
        Measured::new(started.elapsed().as_secs_f64(), latencies)
    }
}

async fn connection(address: SocketAddr, request: Vec<u8>, go_on: impl Fn() -> bool) -> Vec<f32> {
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a socket");
    let mut latencies = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    while go_on() {
        let sent = Instant::now();
        stream.write_all(&request).await.expect("the server reads");
        let mut filled = 0;
        loop {
            let space = buffer.get_mut(filled..).expect("an answer fits");
            filled += stream.read(space).await.expect("the server answers");
            let answer = buffer.get(..filled).expect("what was read");
            if is_whole(answer) {
                assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(answer));
                break;
            }
        }
        latencies.push(sent.elapsed().as_secs_f32());
    }
    latencies
}

/// Whether an answer has its head and as much body as that says.
fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(4).position(|end| end == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(answer.get(..head).unwrap_or_default()).to_ascii_lowercase();
    let length = text.split("content-length:").nth(1).and_then(|rest| rest.split("\r\n").next());
    let length: usize = length.and_then(|text| text.trim().parse().ok()).expect("answers have a length");
    answer.len() >= head + 4 + length
}

impl Measured {
    fn new(seconds: f64, mut latencies: Vec<f32>) -> Self {
        latencies.sort_by(f32::total_cmp);
        Self { seconds, latencies }
    }

    pub(super) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.seconds
    }

    /// Seconds that so large a part of the requests took at most.
    pub(super) fn quantile(&self, part: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * part) as usize;
        f64::from(self.latencies.get(at).copied().unwrap_or(f32::NAN))
    }
}

/// Asks once whether a server is there.
pub(super) fn is_there(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let asked = stream.write_all(b"GET /v1/health HTTP/1.0\r\nHost: localhost\r\n\r\n");
    let mut answer = [0; 12];
    asked.is_ok() && stream.read_exact(&mut answer).is_ok()
}
