//! A client that shows every answer, whatever its status.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// A client of one place.
pub(crate) struct Client {
    agent: ureq::Agent,
    url: String,
    token: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn new(url: &str, token: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        Self { agent, url: url.to_owned(), token: token.to_owned() }
    }

    /// Sends JSON.
    pub(crate) fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.send("POST", path, &[], body.as_ref())
    }

    /// Sends anything. A header of an empty value takes the client's own away.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        let own = [
            ("authorization", format!("Bearer {}", self.token)),
            ("content-type", "application/json".into()),
        ];
        for (name, value) in &own {
            if !headers.iter().any(|(given, _)| given == name) {
                request = request.header(*name, value);
            }
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.header(*name, *value);
        }
        let mut response = if method == "GET" {
            self.agent.run(request.body(()).expect("a request"))
        } else {
            self.agent.run(request.body(body).expect("a request"))
        }
        .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let body = response.body_mut().read_to_string().expect("a text");
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), body }
    }
}

/// Sends these bytes, as far as somebody takes them, and answers the status of what comes back.
pub(crate) fn raw(url: &str, head: &str, body: &[u8]) -> Option<u16> {
    let address = url.strip_prefix("http://")?;
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    let _ = stream.write_all(head.replace('\n', "\r\n").as_bytes()).and_then(|()| stream.write_all(body));
    let mut start = [0; 12];
    stream.read_exact(&mut start).ok()?;
    String::from_utf8_lossy(&start).strip_prefix("HTTP/1.1 ")?.parse().ok()
}

impl Answer {
    /// The body, as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A text of it; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &'static str {
        // Tests are short, and read better with texts that stay.
        self.json().get(name).and_then(Value::as_str).map_or("", |text| String::leak(text.to_owned()))
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
