//! Which daemon the filter asks, and how it proves who it is.

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;

/// A daemon, from its URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Daemon {
    host: String,
    port: u16,
    tls: bool,
    key: Option<String>,
}

/// A daemon cannot be used.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DaemonError {
    /// The text is no URL of a daemon.
    #[error("`{url}` is no URL of a daemon: write http://HOST[:PORT] or https://HOST[:PORT]")]
    Url {
        /// The text.
        url: String,
    },
    /// The key cannot be sent.
    #[error(
        "the key has blanks or characters that a header cannot have: make one with `sentinel token key create`"
    )]
    Key,
}

impl Daemon {
    /// Reads a URL. It has no path, because the filter's paths begin at `/v1`.
    ///
    /// # Errors
    ///
    /// Where it is none, or where the key cannot be sent.
    pub fn new(url: &str, key: Option<&str>) -> Result<Self, DaemonError> {
        let error = || DaemonError::Url { url: url.to_owned() };
        let (tls, rest) = match url.split_once("://") {
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            Some(_) | None => return Err(error()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let default = if tls { 443 } else { 80 };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| error())?),
            Some(_) | None => (authority, default),
        };
        let name = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_address = name.unwrap_or(host).parse::<IpAddr>().is_ok();
        let is_name = name.is_none()
            && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
            && host.starts_with(|c: char| c.is_ascii_alphanumeric());
        if port == 0 || !(is_address || is_name) {
            return Err(error());
        }
        if key.is_some_and(|key| key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(DaemonError::Key);
        }
        Ok(Self { host: name.unwrap_or(host).to_owned(), port, tls, key: key.map(str::to_owned) })
    }

    /// Its name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its address, if it is written as one.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is asked over TLS.
    pub const fn tls(&self) -> bool {
        self.tls
    }

    /// The key, if it is known here, to be written where only the proxy reads it.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// What stands in the `Host` header.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == if self.tls { 443 } else { 80 } { host } else { format!("{host}:{}", self.port) }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

impl fmt::Debug for Daemon {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Daemon").field(&self.url()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::{Daemon, DaemonError};

    #[test]
    fn urls_have_a_host_and_perhaps_a_port() {
        let url = |text: &str| Daemon::new(text, None).map(|daemon| daemon.url()).ok();
        assert_eq!(url("http://sentinel:3100/").as_deref(), Some("http://sentinel:3100"));
        assert_eq!(url("https://soe.example:443").as_deref(), Some("https://soe.example"));
        assert_eq!(url("http://[2001:db8::1]:3100").as_deref(), Some("http://[2001:db8::1]:3100"));
        assert_eq!(url("http://[2001:db8::1]").as_deref(), Some("http://[2001:db8::1]"));
        for wrong in [
            "sentinel:3100",
            "ftp://x",
            "http://",
            "http://a/b",
            "http://a:0",
            "http://u@a",
            "http://a b",
            "http://[a]",
        ] {
            assert_eq!(url(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_key_is_one_word_and_never_shown() {
        assert_eq!(Daemon::new("http://a", Some("")), Err(DaemonError::Key));
        assert_eq!(Daemon::new("http://a", Some("sok_\n")), Err(DaemonError::Key));
        let daemon = Daemon::new("http://a", Some("sok_secret")).ok();
        assert!(!format!("{daemon:?}").contains("secret"), "{daemon:?}");
    }
}
