//! A client of HTTP/1.1 that may say anything: no byte is checked or added.

use std::io::{self, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::wire::{self, Headers};
use crate::{script, tools};

/// Longer than any answer takes, shorter than anybody waits.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the proxy answered.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in lower case, values as they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What came of the body.
    pub body: Vec<u8>,
    /// Headers after the body.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// Whether the body came to its end.
    pub complete: bool,
}

impl Response {
    /// The first header with this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<String> {
        wire::value(&self.headers, name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// A connection.
pub struct Connection {
    output: TcpStream,
    input: BufReader<TcpStream>,
}

impl Connection {
    /// Connects to a port at 127.0.0.1.
    pub fn open(port: u16) -> Self {
        Self::try_open(port).expect("the proxy listens")
    }

    /// Connects to a port at 127.0.0.1.
    ///
    /// # Errors
    ///
    /// Where nobody listens.
    pub fn try_open(port: u16) -> io::Result<Self> {
        let output = TcpStream::connect(("127.0.0.1", port))?;
        output.set_nodelay(true)?;
        output.set_read_timeout(Some(PATIENCE))?;
        let input = BufReader::new(output.try_clone()?);
        Ok(Self { output, input })
    }

    /// How long it waits for bytes of an answer.
    pub fn set_patience(&self, patience: Duration) {
        self.output.set_read_timeout(Some(patience)).expect("a socket");
    }

    /// Writes these bytes. The proxy may have closed the connection: its answer tells.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.output.write_all(bytes);
    }

    /// Says that nothing more comes.
    pub fn finish(&self) {
        let _ = self.output.shutdown(std::net::Shutdown::Write);
    }

    /// Reads one answer, after those that only announce it. `None` where none comes.
    pub fn receive(&mut self) -> Option<Response> {
        let (status, headers) = self.head()?;
        let body = wire::read_response_body(&mut self.input, status, &headers);
        let (body, trailers, complete) = (body.bytes, body.trailers, body.complete);
        Some(Response { status, headers, body, trailers, complete })
    }

    /// Reads the head of one answer and leaves its body: that of an answer to HEAD never comes, and a
    /// tunnel has no end.
    pub fn receive_head(&mut self) -> Option<Response> {
        let (status, headers) = self.head()?;
        Some(Response { status, headers, body: Vec::new(), trailers: Vec::new(), complete: false })
    }

    /// The head of the next answer, after those that only announce it.
    fn head(&mut self) -> Option<(u16, Headers)> {
        loop {
            let head = wire::read_head(&mut self.input).ok()??;
            let status = head.first.split(' ').nth(1).and_then(|status| status.parse().ok());
            let status = status.unwrap_or_else(|| panic!("`{}` is no status line", head.first));
            if !matches!(status, 100 | 102..=199) {
                return Some((status, head.headers));
            }
        }
    }

    /// Reads until this text was there. It panics where the connection ends before.
    pub fn read_until(&mut self, text: &str) -> String {
        let mut bytes = Vec::new();
        loop {
            let told = String::from_utf8_lossy(&bytes);
            if told.contains(text) {
                return told.into_owned();
            }
            let more = self.read_some(65_536).unwrap_or_else(|error| panic!("`{text}`: {error}: {told}"));
            assert!(!more.is_empty(), "it ended before `{text}`: {told}");
            bytes.extend(more);
        }
    }

    /// Reads what there is, at most this much, once: for streams and upgrades.
    ///
    /// # Errors
    ///
    /// Where nothing comes in time.
    pub fn read_some(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; most];
        let read = self.input.read(&mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

/// Sends bytes on a connection of their own, and reads one answer.
pub fn send(port: u16, bytes: &[u8]) -> Option<Response> {
    let mut connection = Connection::open(port);
    connection.send(bytes);
    connection.receive()
}

/// Asks for a path. It panics where no answer comes.
pub fn get(port: u16, authority: &str, path: &str) -> Response {
    send(port, &request("GET", authority, path, &[], b"")).expect("an answer")
}

/// Sends JSON. It panics where no answer comes.
pub fn post_json(port: u16, authority: &str, path: &str, body: &Value) -> Response {
    let headers = [("content-type", "application/json")];
    send(port, &request("POST", authority, path, &headers, body.to_string().as_bytes())).expect("an answer")
}

/// The bytes of a request. A body comes with its length.
pub fn request(method: &str, authority: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {authority}\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        head += &format!("content-length: {}\r\n", body.len());
    }
    [head.as_bytes(), b"\r\n", body].concat()
}

/// The bytes of a request whose body comes in chunks, with trailers.
pub fn chunked(
    method: &str,
    authority: &str,
    path: &str,
    headers: &[(&str, &str)],
    chunks: &[&[u8]],
    trailers: &[(&str, &str)],
) -> Vec<u8> {
    let headers = [headers, &[("transfer-encoding", "chunked")]].concat();
    let mut bytes = request(method, authority, path, &headers, b"");
    for chunk in chunks {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    let trailers: String = trailers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    bytes.extend_from_slice(format!("0\r\n{trailers}\r\n").as_bytes());
    bytes
}

/// Asks over HTTP/2 without TLS, by node. The status, and the body. It panics where no answer comes.
pub fn http2(
    port: u16,
    authority: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> (u16, String) {
    let pairs = headers.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    let headers = Value::from(pairs.collect::<Map<String, Value>>());
    let mut command = Command::new(tools::node());
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/http2.mjs")).arg(port.to_string());
    command.args([if body.is_some() { "POST" } else { "GET" }, authority, path]);
    let output = script::finish(command.arg(headers.to_string()).args(body));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let told =
        text.rsplit_once('\n').and_then(|(body, status)| Some((status.parse().ok()?, body.to_owned())));
    told.unwrap_or_else(|| panic!("no answer: {text}{}", String::from_utf8_lossy(&output.stderr)))
}
