//! Finds secrets in a text: one pass from left to right, every character is looked at a bounded
//! number of times. What a name or a form means is known by the tables beside.

use memchr::memmem;

use super::names::is_placeholder;
use super::{named, providers};

/// Programs whose options carry a secret only there; elsewhere `-u` and `-p` mean other things.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    Curl,
    Mysql,
    Sshpass,
    Redis,
}

/// A piece of a text that is a secret.
pub(super) struct Secret {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: &'static str,
}

/// A text and what is known at a place of it.
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) extra: &'a [String],
    pub(super) program: Option<Program>,
    out: String,
    copied: usize,
}

/// The text without its secrets, if it has some.
pub(super) fn redact(text: &str, extra: &[String]) -> Option<String> {
    let mut scanner = Scanner { text, extra, program: None, out: String::new(), copied: 0 };
    scanner.run();
    if scanner.copied == 0 {
        return None;
    }
    scanner.out.push_str(text.get(scanner.copied..).unwrap_or_default());
    Some(scanner.out)
}

impl<'a> Scanner<'a> {
    /// The byte at a place; 0 outside of the text.
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.text.as_bytes().get(at).copied().unwrap_or(0)
    }

    /// The byte before a place; 0 at the start.
    pub(super) fn before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(0, |at| self.byte(at))
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The end of the bytes from here for which this holds.
    pub(super) fn skip(&self, at: usize, wanted: impl Fn(u8) -> bool) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        at + rest.iter().take_while(|byte| wanted(**byte)).count()
    }

    fn run(&mut self) {
        let mut at = 0;
        // End of the name that was tried last; its later words are not tried again as names.
        let mut tried = 0;
        while at < self.text.len() {
            let byte = self.byte(at);
            if byte == b'-' && self.slice(at, at + 11) == "-----BEGIN " {
                at = self.pem(at);
            } else if byte == b':' && self.slice(at, at + 3) == "://" {
                at = self.userinfo(at + 3);
            } else if byte == b'%'
                && self.byte(at + 1).is_ascii_hexdigit()
                && self.byte(at + 2).is_ascii_hexdigit()
            {
                at += 3;
            } else if is_word(byte) {
                let (next, name_end) = self.word(at, tried);
                (at, tried) = (next, name_end);
            } else {
                self.command_end(at, byte);
                at += 1;
            }
        }
    }

    /// A word starts here. Returns where to go on, and the end of the last name.
    fn word(&mut self, at: usize, tried: usize) -> (usize, usize) {
        if self.is_boundary(at) {
            let rest = self.text.as_bytes().get(at..).unwrap_or_default();
            if let Some((length, kind)) = providers::find(rest) {
                return (self.replace(&Secret { start: at, end: at + length, kind }), at + length);
            }
        }
        let mut name_end = tried;
        if at >= tried {
            name_end = self.skip(at, is_name);
            if let Some(secret) = named::find(self, at, name_end) {
                let end = self.replace(&secret);
                return (end, end);
            }
        }
        // After `\n` in a text within a text, the word starts one later.
        if self.before(at) == b'\\' && matches!(self.byte(at), b'n' | b'r' | b't') {
            return (at + 1, at + 1);
        }
        (self.skip(at, is_word), name_end)
    }

    /// Whether a secret of known form may start here. Within a name of many parts it may not: each
    /// of its characters would be looked at once per part.
    fn is_boundary(&self, at: usize) -> bool {
        if self.before(at) != b'-' {
            return true;
        }
        let before = self.before(at - 1);
        !is_word(before) && before != b'-'
    }

    fn command_end(&mut self, at: usize, byte: u8) {
        let next = self.byte(at + 1);
        let ends = match byte {
            b'\n' => self.before(at) != b'\\',
            b'&' | b'|' => next == byte || self.before(at) == b' ' && next == b' ',
            b';' => next == b' ' || next == b'\n',
            _ => false,
        };
        if ends {
            self.program = None;
        }
    }

    /// Puts `[redacted:<kind>]` in place of a secret. Returns where to go on.
    fn replace(&mut self, secret: &Secret) -> usize {
        // A name's value may have a form that says more.
        let rest = self.text.as_bytes().get(secret.start..).unwrap_or_default();
        let kind = match providers::find(rest) {
            Some((length, kind)) if secret.start + length == secret.end => kind,
            Some(_) | None => secret.kind,
        };
        self.out.push_str(self.slice(self.copied, secret.start));
        self.out.push_str("[redacted:");
        self.out.push_str(kind);
        self.out.push(']');
        self.copied = secret.end;
        secret.end
    }

    /// A PEM block starts here. A private key is a secret up to its end, or up to the end of all.
    fn pem(&mut self, at: usize) -> usize {
        let label = at + 11;
        let label_end =
            self.skip(label, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ');
        if !self.slice(label, label_end).contains("PRIVATE KEY") {
            return label_end;
        }
        let rest = self.text.as_bytes().get(label_end..).unwrap_or_default();
        let end = memmem::find(rest, b"-----END ").map_or(self.text.len(), |found| {
            let footer = label_end + found + 9;
            let footer =
                self.skip(footer, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ');
            self.skip(footer, |byte| byte == b'-')
        });
        self.replace(&Secret { start: at, end, kind: "private-key" })
    }

    /// The authority of a URL starts here: `user:password@host`.
    fn userinfo(&mut self, start: usize) -> usize {
        let end = self.skip(start, |byte| {
            byte > b' ' && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\')
        });
        let Some(at) = self.slice(start, end).rfind('@') else { return start };
        let userinfo = self.slice(start, start + at);
        // What was redacted before has a colon of its own.
        let done = if userinfo.starts_with("[redacted:") { userinfo.find(']').unwrap_or(0) } else { 0 };
        let colon = userinfo.get(done..).and_then(|rest| rest.find(':')).map(|colon| done + colon);
        let user = userinfo.get(..colon.unwrap_or(userinfo.len())).unwrap_or_default();
        let password = colon.and_then(|colon| userinfo.get(colon + 1..));
        // Some services take a token as the user.
        let token = user.len() >= 20
            && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            && user.bytes().any(|byte| byte.is_ascii_digit());
        if token {
            self.replace(&Secret { start, end: start + user.len(), kind: "url-user" });
        }
        if let Some(password) = password
            && !is_placeholder(password)
        {
            let start = start + user.len() + 1;
            self.replace(&Secret { start, end: start + password.len(), kind: "url-password" });
        }
        start + at
    }
}

/// Characters of a word.
pub(super) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Characters of a name: of a variable, an option, a header, a path of fields.
const fn is_name(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'-' | b'.')
}
