//! Host and port in their one spelling (H1).
//!
//! The grammar comes first: what holds user information, a blank, an escape or a comma is no
//! authority, and is not repaired. Names in other letters than ASCII's have to come as `xn--`.

use core::fmt;
use core::net::{IpAddr, Ipv6Addr};

use super::address::{ends_in_number, inet_aton, unwrap};
use super::{Fault, Scheme};
use crate::limits::{HOST_BYTES_MAX, HOST_LABEL_BYTES_MAX};

/// A host in its one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// Lower case, without the dot at the end.
    Name(String),
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(own)) => write!(f, "{own}"),
            Self::Address(IpAddr::V6(own)) => write!(f, "[{own}]"),
        }
    }
}

impl Host {
    /// Whether it is this machine by its name, whatever a resolver says (RFC 6761).
    pub(crate) fn is_localhost(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
            Self::Address(_) => false,
        }
    }
}

/// A host and the port on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) host: Host,
    pub(crate) port: u16,
    /// Whether a rule without a port speaks of this one.
    pub(crate) is_default: bool,
}

impl Authority {
    /// Reads an authority; without a port it has the default one.
    pub(crate) fn parse(text: &str, scheme: Scheme) -> Result<Self, Fault> {
        let (host_text, port_text) = split(text);
        let host = host(host_text)?;
        let port = match port_text {
            None => scheme.default_port(),
            Some(text) => port(text).ok_or_else(|| bad("its port is not a number from 1 to 65535"))?,
        };
        Ok(Self { host, port, is_default: port == scheme.default_port() })
    }

    /// Reads the target of a CONNECT, which has to name its port. Both default ports are one that a
    /// rule without a port speaks of: nobody can see which scheme is spoken behind it.
    pub(crate) fn parse_tunnel(text: &str) -> Result<Self, Fault> {
        let (host_text, port_text) = split(text);
        let host = host(host_text)?;
        let port = port_text
            .and_then(port)
            .ok_or_else(|| bad("a CONNECT names its port, as a number from 1 to 65535"))?;
        Ok(Self { host, port, is_default: matches!(port, 80 | 443) })
    }

    /// The text that is forwarded: the port only where it is not the default one.
    pub(crate) fn text(&self, scheme: Scheme) -> String {
        if self.port == scheme.default_port() { self.host.to_string() } else { self.full_text() }
    }

    /// Host and port.
    pub(crate) fn full_text(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Host and port apart. A colon inside brackets belongs to the host.
pub(super) fn split(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        Some(_) | None => (text, None),
    }
}

/// A port without needless zeros.
pub(crate) fn port(text: &str) -> Option<u16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if is_plain { text.parse().ok() } else { None }
}

/// Reads a host: a name, or an address in any spelling.
pub(crate) fn host(text: &str) -> Result<Host, Fault> {
    if text.is_empty() {
        return Err(bad("it is empty"));
    }
    if !text.is_ascii() {
        let message = "Host is not in ASCII letters; write it as its `xn--` form.";
        return Err(Fault::new("host-not-ascii", message));
    }
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or_else(|| bad("a bracket is not closed"))?;
        let address: Ipv6Addr = inner.parse().map_err(|_| bad("what is in brackets is no IPv6 address"))?;
        return Ok(Host::Address(unwrap(IpAddr::V6(address))));
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.len() > HOST_BYTES_MAX {
        return Err(bad("it is longer than 253 bytes"));
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    for label in name.split('.') {
        if label.is_empty() || label.len() > HOST_LABEL_BYTES_MAX {
            return Err(bad("a label of it is empty or longer than 63 bytes"));
        }
        if !label.bytes().all(is_plain) {
            return Err(bad("it has a character that no host has"));
        }
    }
    if ends_in_number(name) {
        let address = inet_aton(name).ok_or_else(|| bad("it ends in a number and is no IPv4 address"))?;
        return Ok(Host::Address(IpAddr::V4(address)));
    }
    Ok(Host::Name(name.to_ascii_lowercase()))
}

fn bad(why: &str) -> Fault {
    Fault::new("host-malformed", format!("Host cannot be read: {why}."))
}

#[cfg(test)]
mod tests;
