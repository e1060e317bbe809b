//! URLs of http and https in one spelling, and globs over them.
//!
//! Not a URL library: what two programs could read differently is no URL here, and whoever asked
//! decides what that means. Two spellings that every program reads alike become one text.

mod glob;

pub(crate) use glob::UrlGlob;

use core::net::Ipv6Addr;

/// An absolute URL in its one spelling: ASCII, with lower-case scheme and host, without a default
/// port, user information and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    text: String,
    /// Whether user information stood in front of its host.
    pub(crate) has_user: bool,
}

impl Url {
    /// Reads an absolute http or https URL.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Browsers drop blanks and turn backslashes round; others do not.
        if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
            return None;
        }
        let (scheme, rest) = scheme(text)?;
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (authority, rest) = rest.split_at_checked(rest.find(['/', '?']).unwrap_or(rest.len()))?;
        let (user, host_port) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        let mut out = format!("{scheme}://{}", authority_text(host_port, scheme)?);
        out.push_str(&without_dots(&plain(path)?));
        if let Some(query) = query {
            out.push('?');
            out.push_str(&plain(query)?);
        }
        Some(Self { text: out, has_user: user.is_some() })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

/// The scheme in lower case, and what follows `://`.
fn scheme(text: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let known = ["http", "https"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known))?;
    Some((known, rest))
}

/// Host and port in their one spelling.
fn authority_text(text: &str, scheme: &str) -> Option<String> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        Some(_) | None => (text, ""),
    };
    let host = match host.strip_prefix('[') {
        Some(inner) => format!("[{}]", inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?),
        None => host_name(host)?,
    };
    match port_number(port)? {
        None => Some(host),
        Some(port) if port == default_port(scheme) => Some(host),
        Some(port) => Some(format!("{host}:{port}")),
    }
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "https" { 443 } else { 80 }
}

/// The outer `None` is no port at all.
fn port_number(text: &str) -> Option<Option<u16>> {
    if text.is_empty() {
        return Some(None);
    }
    let digits = text.trim_start_matches('0');
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain {
        if digits.is_empty() { Some(Some(0)) } else { digits.parse().ok().map(Some) }
    } else {
        None
    }
}

/// A name or an IPv4 address; a name in other letters than ASCII's has to come as its `xn--` form.
fn host_name(text: &str) -> Option<String> {
    let host = plain(text)?.to_ascii_lowercase();
    // The root of all names may be written or not.
    let host = host.strip_suffix('.').unwrap_or(&host);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let mut labels = host.split('.');
    if !labels.all(|label| !label.is_empty() && label.bytes().all(is_name)) {
        return None;
    }
    // `0x7f.1` and `2130706433` are addresses, too, and not to everybody.
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_numeric = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    if is_numeric && host.parse::<core::net::Ipv4Addr>().is_err() {
        return None;
    }
    Some(host.to_owned())
}

/// Percent-encoding in one spelling: none for unreserved characters, capital digits for others,
/// and always for what is not ASCII.
fn plain(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let byte = u8::try_from(digit()? * 16 + digit()?).ok()?;
                if is_unreserved(byte) { out.push(char::from(byte)) } else { push_encoded(&mut out, byte) }
            }
            0x80.. => push_encoded(&mut out, byte),
            _ => out.push(char::from(byte)),
        }
    }
    Some(out)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn push_encoded(out: &mut String, byte: u8) {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 });
    out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
}

/// The path without `.` and `..`; an empty one is `/`.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            _ => {
                kept.push(segment);
                continue;
            }
        }
        // `/a/.` and `/a/b/..` are directories.
        if is_last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests;
