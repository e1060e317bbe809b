//! What the headers of a request do to its framing, its host, its method and its path (H3, H6, 15.13).
//!
//! One look at each header. What is wrong in every case is a [`Fault`]; what a policy has to judge is
//! kept. Values are never repeated in a message.

use super::{Authority, Fault, Scheme, is_token};
use crate::limits::HTTP_HEADERS_MAX;

/// Headers that make a server read another method or path than the request's (15.13).
const OVERRIDES: &[&str] =
    &["x-http-method", "x-http-method-override", "x-method-override", "x-original-url", "x-rewrite-url"];

/// What the headers say that a policy may want to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Framing {
    /// The name of a header that overrides method or path.
    pub(crate) overrides: Option<&'static str>,
    /// Whether the connection is to become something else than HTTP.
    pub(crate) upgrades: bool,
    /// Length of the body, if the headers say it.
    pub(crate) length: Option<u64>,
    /// Whether a body follows whose length nobody knows.
    pub(crate) is_chunked: bool,
    /// Whether the body is compressed or otherwise wrapped.
    pub(crate) is_encoded: bool,
}

impl Framing {
    /// Whether the headers announce a body that is not empty.
    pub(crate) fn announces_body(&self) -> bool {
        self.is_chunked || self.length.is_some_and(|length| length > 0)
    }
}

/// A header whose name matters here, by its name in lower case.
fn known(name: &str) -> Option<&'static str> {
    // Servers that hand headers on as variables take `_` for `-`.
    let is_name = |own: &&str| {
        own.len() == name.len()
            && own
                .bytes()
                .zip(name.bytes())
                .all(|(own, byte)| own == byte.to_ascii_lowercase() || own == b'-' && byte == b'_')
    };
    // The length and the first letter rule out nearly all.
    match name.as_bytes().first()?.to_ascii_lowercase() {
        b'c' => ["connection", "content-encoding", "content-length"].into_iter().find(is_name),
        b'h' => ["host", "http2-settings"].into_iter().find(is_name),
        b't' => Some("transfer-encoding").filter(is_name),
        b'u' => Some("upgrade").filter(is_name),
        b'x' => OVERRIDES.iter().copied().find(is_name),
        _ => None,
    }
}

fn fault<T>(code: &'static str, message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::new(code, message))
}

/// Reads the headers of a request to this authority.
pub(crate) fn headers(
    headers: &[(&str, &str)],
    authority: &Authority,
    scheme: Scheme,
) -> Result<Framing, Fault> {
    if headers.len() > HTTP_HEADERS_MAX {
        return fault("header-too-many", format!("Request has more than {HTTP_HEADERS_MAX} headers."));
    }
    let mut framing = Framing::default();
    let (mut has_host, mut has_transfer) = (false, false);
    for (name, value) in headers {
        if !is_token(name) {
            return fault("header-name", "Name of a header is not a token.");
        }
        // All bytes at once: nearly every value is fine, and looked at to its end.
        if value.bytes().fold(false, |is_bad, byte| is_bad | (byte < b' ') & (byte != b'\t') | (byte == 0x7f))
        {
            let name = name.to_ascii_lowercase();
            return fault("header-value", format!("Header `{name}` has a control character in its value."));
        }
        let Some(name) = known(name) else { continue };
        let value = value.trim_matches([' ', '\t']);
        match name {
            "host" => {
                if has_host {
                    return fault("header-host", "Request has the header `host` twice.");
                }
                has_host = true;
                agrees(value, authority, scheme)?;
            }
            "content-length" => {
                if framing.length.is_some() {
                    return fault("header-content-length", "Request has the header `content-length` twice.");
                }
                let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
                let Some(length) = value.parse().ok().filter(|_| is_plain) else {
                    return fault("header-content-length", "Header `content-length` is not a whole number.");
                };
                framing.length = Some(length);
            }
            "transfer-encoding" => {
                if has_transfer {
                    return fault(
                        "header-transfer-encoding",
                        "Request has the header `transfer-encoding` twice.",
                    );
                }
                has_transfer = true;
                if value != "chunked" {
                    let message = "Header `transfer-encoding` is not exactly `chunked`.";
                    return fault("header-transfer-encoding", message);
                }
                framing.is_chunked = true;
            }
            "content-encoding" => framing.is_encoded |= !value.eq_ignore_ascii_case("identity"),
            "connection" => {
                let mut options = value.split(',').map(|option| option.trim_matches([' ', '\t']));
                framing.upgrades |= options.any(|option| option.eq_ignore_ascii_case("upgrade"));
            }
            "http2-settings" => return h2c(),
            "upgrade" => {
                let mut protocols = value.split(',').map(|protocol| protocol.trim_matches([' ', '\t']));
                if protocols
                    .any(|protocol| protocol.get(..3).is_some_and(|own| own.eq_ignore_ascii_case("h2c")))
                {
                    return h2c();
                }
                framing.upgrades = true;
            }
            overriding => framing.overrides = framing.overrides.or(Some(overriding)),
        }
    }
    if framing.is_chunked && framing.length.is_some() {
        let message = "Request has both `content-length` and `transfer-encoding`.";
        return fault("header-framing", message);
    }
    Ok(framing)
}

fn h2c<T>() -> Result<T, Fault> {
    fault("header-upgrade", "Request asks for HTTP/2 on a connection of HTTP/1, where nobody would look.")
}

/// The header `host` names the authority that the request goes to.
fn agrees(value: &str, authority: &Authority, scheme: Scheme) -> Result<(), Fault> {
    match Authority::parse(value, scheme) {
        Ok(own) if own.host == authority.host && own.port == authority.port => Ok(()),
        Ok(_) => fault("header-host", "Header `host` names another host than the request."),
        Err(_) => fault("header-host", "Header `host` cannot be read."),
    }
}

#[cfg(test)]
mod tests;
