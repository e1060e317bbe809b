//! HTTP requests: what one is as the input of the tool `http`, and what its authority, path and
//! headers mean (H1 to H7). It opens no connection, resolves no name, and knows no policy.
//!
//! What two programs could read differently is refused here. What they read alike becomes one
//! text, which is what is decided and what is forwarded.

mod address;
mod authority;
mod body;
mod framing;
mod path;
mod request;

pub(crate) use address::{Family, address, embedded, is_private, is_private_span, key};
pub(crate) use authority::{Authority, Host, host, port};
pub(crate) use body::Body;
pub(crate) use framing::{Framing, headers};
pub(crate) use path::{Target, pattern_text};
pub(crate) use request::Request;

/// What is known of a request before its body has come: the method, where it goes, its headers.
#[derive(Clone, Copy, Debug)]
pub struct HttpHead<'a> {
    /// As received; compared exactly.
    pub method: &'a str,
    /// `http` or `https`.
    pub scheme: &'a str,
    /// `:authority` or `Host`, as received.
    pub authority: &'a str,
    /// With the query, as received.
    pub path: &'a str,
    /// Names and values in the order in which they came, without pseudo-headers.
    pub headers: &'a [(&'a str, &'a str)],
}

/// What has to be forwarded instead of what was received, so that whoever gets it reads what was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Host and port; without the port where it is the default of the scheme.
    pub authority: String,
    /// The path, and the query as it was received. Empty for CONNECT.
    pub path: String,
}

/// How much of a request's body a decision needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyWanted {
    /// The head alone decides.
    None,
    /// The whole body. One that is longer than this many bytes is denied, and no part of it helps.
    UpTo(u64),
}

/// Why a request cannot be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Stable, kebab-case.
    pub(crate) code: &'static str,
    /// One sentence, without anything that may be secret.
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The two schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }

    pub(crate) const fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Whether the headers say that the body is JSON; `None` where they do not say what it is.
pub(crate) fn is_json(headers: &[(&str, &str)]) -> Option<bool> {
    let types = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let is_json = |value: &str| {
        let essence = value.split([';', ',']).next().unwrap_or_default().trim().to_ascii_lowercase();
        matches!(essence.as_str(), "application/json" | "text/json") || essence.ends_with("+json")
    };
    types.map(|(_, value)| is_json(value)).reduce(|all, own| all | own)
}

/// Whether a text is a token (RFC 9110), as methods and the names of headers are.
pub(crate) fn is_token(text: &str) -> bool {
    // Without a way out on the way: names are short, and all bytes at once are quicker than each.
    !text.is_empty() && text.bytes().fold(true, |is_token, byte| is_token & TOKEN_BYTES.contains(byte))
}

/// Bytes that a token has.
static TOKEN_BYTES: Bytes =
    Bytes::new(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

/// A set of ASCII bytes. A table: numbers of 128 bits are slow in WebAssembly.
#[derive(Clone, Copy)]
pub(crate) struct Bytes([bool; 256]);

impl Bytes {
    pub(crate) const fn new(bytes: &[u8]) -> Self {
        let (mut table, mut rest) = ([false; 256], bytes);
        while let [byte, tail @ ..] = rest {
            #[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
            {
                table[*byte as usize] = true;
            }
            rest = tail;
        }
        Self(table)
    }

    pub(crate) const fn contains(&self, byte: u8) -> bool {
        #[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
        self.0[byte as usize]
    }
}
