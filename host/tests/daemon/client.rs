//! A client of the API over TCP, with one connection that it keeps. It knows no meanings.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longer than any answer takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// The daemon closes what is silent for 30 seconds, and may do so while it is sent something.
const IDLE_MAX: Duration = Duration::from_secs(15);

/// Asks one daemon.
pub(crate) struct Client {
    address: SocketAddr,
    bearer: Option<String>,
    /// With the time of its last answer.
    connection: Option<(BufReader<TcpStream>, Instant)>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, bearer: Option<&str>) -> Self {
        Self { address, bearer: bearer.map(str::to_owned), connection: None }
    }

    pub(crate) fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, &[], None)
    }

    pub(crate) fn delete(&mut self, path: &str) -> Reply {
        self.send("DELETE", path, &[], None)
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[], Some(&body.to_string()))
    }

    /// Asks, and fails the test where nobody answers.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Reply {
        self.try_send(method, path, headers, body)
            .unwrap_or_else(|error| panic!("{method} {path}: no answer: {error}"))
    }

    /// Asks. An error means that there was no whole answer, and says nothing about what happened.
    pub(crate) fn try_send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> io::Result<Reply> {
        let mut connection = match self.connection.take().filter(|(_, at)| at.elapsed() < IDLE_MAX) {
            Some((own, _)) => own,
            None => BufReader::new(connect(self.address)?),
        };
        connection.get_mut().write_all(&self.request(method, path, headers, body))?;
        let reply = read(&mut connection)?;
        if reply.header("connection") != Some("close") {
            self.connection = Some((connection, Instant::now()));
        }
        Ok(reply)
    }

    /// Asks for something that does not end, and returns the connection after the head.
    pub(crate) fn open(&self, path: &str, headers: &[(&str, &str)]) -> io::Result<BufReader<TcpStream>> {
        let mut connection = BufReader::new(connect(self.address)?);
        connection.get_mut().write_all(&self.request("GET", path, headers, None))?;
        let (status, _) = head(&mut connection)?;
        assert_eq!(status, 200, "{path}");
        Ok(connection)
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Vec<u8> {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        if let Some(bearer) = &self.bearer {
            text.push_str(&format!("authorization: Bearer {bearer}\r\n"));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if let Some(body) = body {
            text.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            ));
        } else {
            text.push_str("\r\n");
        }
        text.into_bytes()
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body without the mark of an answer that was given before.
    pub(crate) fn answer(&self) -> String {
        self.body.replace(",\"replayed\":true}", "}")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The answer of somebody who was served.
    pub(crate) fn ok(self) -> Value {
        assert!(matches!(self.status, 200 | 201), "{self:?}");
        self.json()
    }
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn head(connection: &mut BufReader<TcpStream>) -> io::Result<(u16, Vec<(String, String)>)> {
    let first = line(connection)?;
    let status = first.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("not HTTP: `{first}`")))?;
    let mut headers = Vec::new();
    loop {
        let line = line(connection)?;
        if line.is_empty() {
            return Ok((status, headers));
        }
        if let Some((name, value)) = line.split_once(": ") {
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }
}

fn read(connection: &mut BufReader<TcpStream>) -> io::Result<Reply> {
    let (status, headers) = head(connection)?;
    let mut reply = Reply { status, headers, body: String::new() };
    let mut body = Vec::new();
    if let Some(length) = reply.header("content-length") {
        body.resize(length.parse().map_err(io::Error::other)?, 0);
        connection.read_exact(&mut body)?;
    } else if reply.header("transfer-encoding") == Some("chunked") {
        loop {
            let size = usize::from_str_radix(&line(connection)?, 16).map_err(io::Error::other)?;
            let start = body.len();
            body.resize(start + size, 0);
            connection.read_exact(&mut body[start..])?;
            line(connection)?;
            if size == 0 {
                break;
            }
        }
    }
    reply.body = String::from_utf8(body).map_err(io::Error::other)?;
    Ok(reply)
}

/// One line without its end. The end of the connection is an error.
pub(crate) fn line(connection: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut text = String::new();
    if connection.read_line(&mut text)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
