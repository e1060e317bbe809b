//! One request over one connection, and its answer. Not an HTTP client: it asks for nothing that it
//! would have to follow, decode or keep.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long a host may take to be there. One that is not swallows what is sent to it.
pub(super) const TIMEOUT: Duration = Duration::from_secs(3);

/// How long a server may take to answer that took the connection: it is there, and may be slow.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// Most bytes of an answer that are looked at.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Most characters of an answer that are shown.
const SHOWN_CHARS_MAX: usize = 200;

/// Where a URL of plain HTTP leads.
#[derive(Debug)]
pub(super) struct Target {
    authority: String,
    path: String,
    /// Host and port, to connect to.
    pub(super) place: (String, u16),
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let error = || format!("`{url}` is no URL of plain HTTP: write http://HOST[:PORT]/PATH");
        let rest = url.strip_prefix("http://").ok_or_else(error)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        if authority.is_empty() || authority.contains('@') || !visible(authority) || !visible(path) {
            return Err(error());
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| error())?),
            Some(_) | None => (authority, 80),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { authority: authority.to_owned(), path: format!("/{path}"), place: (host, port) })
    }
}

/// What came back.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let (head, rest) = bytes.split_at_checked(end)?;
        let head = String::from_utf8_lossy(head);
        let mut lines = head.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Some(Self { status, headers: lines.filter_map(header).collect(), body: rest.get(4..)?.to_vec() })
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The body as somebody may see it.
    pub(super) fn text(&self) -> String {
        crate::cli::page::printable(&String::from_utf8_lossy(&self.body), SHOWN_CHARS_MAX)
    }
}

/// Asks a proxy. The whole URL is in the first line, which is right for a proxy that is told and for one
/// that is in the way.
pub(super) fn through(proxy: &Target, target: &Target) -> Result<Answer, String> {
    let (host, port) = &proxy.place;
    let addresses = (host.as_str(), *port).to_socket_addrs().map_err(|error| format!("`{host}`: {error}"))?;
    let mut last = format!("`{host}` has no address");
    for address in addresses {
        match connect(address).and_then(|stream| ask(stream, target)) {
            Ok(answer) => return Ok(answer),
            Err(error) => last = format!("no answer at {address}: {error}"),
        }
    }
    Err(last)
}

pub(super) fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.set_write_timeout(Some(ANSWER_TIMEOUT))?;
    Ok(stream)
}

pub(super) fn ask(mut stream: TcpStream, target: &Target) -> std::io::Result<Answer> {
    let Target { authority, path, .. } = target;
    // In one piece: whoever answers the first one and hangs up would reset the others, and its answer.
    let request =
        format!("GET http://{authority}{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut bytes = Vec::new();
    let read = stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes);
    match Answer::parse(&bytes) {
        Some(answer) => Ok(answer),
        None => read.and(Err(std::io::Error::other("what it said is not HTTP"))),
    }
}
