//! Reads messages of HTTP/1.1, for both ends of the proxy.
//!
//! It reads what Envoy writes, which is well formed, and says where a message was cut off.

use std::io::{self, BufRead, Read as _};

/// Names in lower case, values as they came.
pub(crate) type Headers = Vec<(String, Vec<u8>)>;

pub(crate) struct Head {
    /// The request line or the status line.
    pub(crate) first: String,
    pub(crate) headers: Headers,
}

#[derive(Default)]
pub(crate) struct Body {
    pub(crate) bytes: Vec<u8>,
    pub(crate) trailers: Headers,
    /// Whether it came to its end.
    pub(crate) complete: bool,
}

/// How a body says where it ends.
#[derive(Clone, Copy)]
enum Framing {
    Length(u64),
    Chunked,
    /// With the connection.
    Connection,
    Nothing,
}

/// Reads the lines before the body. `None` where the connection ended before the first.
pub(crate) fn read_head(input: &mut impl BufRead) -> io::Result<Option<Head>> {
    let Some(first) = read_line(input)? else { return Ok(None) };
    let headers = read_headers(input)?;
    Ok(Some(Head { first: String::from_utf8_lossy(&first).into_owned(), headers }))
}

/// Reads the body of a request.
pub(crate) fn read_request_body(input: &mut impl BufRead, headers: &Headers) -> Body {
    read_body(input, framing(headers, Framing::Nothing))
}

/// Reads the body of an answer with this status.
pub(crate) fn read_response_body(input: &mut impl BufRead, status: u16, headers: &Headers) -> Body {
    let has_none = (100..200).contains(&status) || matches!(status, 204 | 304);
    read_body(input, if has_none { Framing::Nothing } else { framing(headers, Framing::Connection) })
}

pub(crate) fn value<'h>(headers: &'h Headers, name: &str) -> Option<&'h [u8]> {
    headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_slice())
}

fn framing(headers: &Headers, otherwise: Framing) -> Framing {
    if value(headers, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case(b"chunked")) {
        return Framing::Chunked;
    }
    let length = value(headers, "content-length").and_then(|value| std::str::from_utf8(value).ok());
    length.and_then(|length| length.parse().ok()).map_or(otherwise, Framing::Length)
}

fn read_body(input: &mut impl BufRead, framing: Framing) -> Body {
    let mut body = Body::default();
    body.complete = match framing {
        Framing::Nothing => true,
        Framing::Length(length) => {
            let read = input.take(length).read_to_end(&mut body.bytes);
            read.is_ok() && body.bytes.len() as u64 == length
        }
        Framing::Connection => input.read_to_end(&mut body.bytes).is_ok(),
        Framing::Chunked => read_chunks(input, &mut body).is_ok_and(|whole| whole),
    };
    body
}

/// Whether the last chunk came.
fn read_chunks(input: &mut impl BufRead, body: &mut Body) -> io::Result<bool> {
    while let Some(line) = read_line(input)? {
        let size = String::from_utf8_lossy(&line);
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
        if size == 0 {
            body.trailers = read_headers(input)?;
            return Ok(true);
        }
        let before = body.bytes.len() as u64;
        input.take(size).read_to_end(&mut body.bytes)?;
        if body.bytes.len() as u64 != before + size || read_line(input)?.is_none() {
            return Ok(false);
        }
    }
    Ok(false)
}

fn read_headers(input: &mut impl BufRead) -> io::Result<Headers> {
    let mut headers = Headers::new();
    while let Some(line) = read_line(input)?.filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii().to_vec();
        headers.push((String::from_utf8_lossy(name).to_lowercase(), value));
    }
    Ok(headers)
}

/// A line without its end. `None` where nothing more comes.
fn read_line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line)?;
    if line.pop() != Some(b'\n') {
        return Ok(None);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(Some(line))
}
