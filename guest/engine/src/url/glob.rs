//! Globs over URLs in their one spelling. A pattern is spelled as URLs are wherever it says enough to
//! tell scheme, host and path apart: one that is spelled otherwise would match nothing, and a rule
//! that blocks would be off.

use memchr::memmem;

use super::{Url, authority_text, default_port, plain, scheme, without_dots};

/// A pattern of URLs: `*` is any text, `?` one character, everything else itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UrlGlob {
    /// The spellings of the pattern, one of which has to match.
    spellings: Vec<Pieces>,
    star_in_host: bool,
    may_match: bool,
}

/// The pieces of a spelling between its stars.
type Pieces = Vec<String>;

const BAD: &str = "scheme and host are none that a URL of http or https has; write letters that are not \
                   ASCII's as `xn--`";

impl UrlGlob {
    /// Reads a pattern. The error says what no URL can have.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains('#') {
            return Err("a fragment is never sent, so no pattern can ask for it");
        }
        let (texts, star_in_host, may_match) = match text.split_once("://") {
            Some((own, rest)) if scheme(text).is_some() => {
                let own = own.to_ascii_lowercase();
                (spell(&own, rest)?, authority(rest).0.contains(['*', '?']), true)
            }
            Some((own, rest)) if is_scheme(own) => {
                // The star also stands for any text in front of `://`, so that is kept.
                let mut texts = vec![plain(text).unwrap_or_else(|| text.to_owned())];
                for known in schemes_of(own) {
                    texts.extend(spell(known, rest)?);
                }
                (texts, own.contains('*') || authority(rest).0.contains(['*', '?']), true)
            }
            // It may still match, if a star stands for all that is in front.
            Some(_) | None => (unanchored(text), text.starts_with(['*', '?']), may_begin(text)),
        };
        let mut spellings: Vec<Pieces> = Vec::with_capacity(texts.len());
        for text in texts {
            let pieces = text.split('*').map(str::to_owned).collect();
            if !spellings.contains(&pieces) {
                spellings.push(pieces);
            }
        }
        Ok(Self { spellings, star_in_host, may_match })
    }

    /// Whether a star stands in its host or in front of it, and so for more than a host.
    pub(crate) fn star_in_host(&self) -> bool {
        self.star_in_host
    }

    /// Whether there are URLs that start as it does.
    pub(crate) fn may_match(&self) -> bool {
        self.may_match
    }

    /// What a comparison costs at worst.
    pub(crate) fn steps(&self, url: &Url) -> u64 {
        let length = url.text.len() as u64;
        let steps = |pieces: &Pieces| {
            let with_holes = pieces.iter().filter(|piece| piece.contains('?'));
            let holes: u64 = with_holes.map(|piece| piece.len() as u64).sum();
            (length / 4).saturating_add(length.saturating_mul(holes)).saturating_add(pieces.len() as u64 * 4)
        };
        self.spellings.iter().map(steps).fold(0, u64::saturating_add)
    }

    /// Whether the whole URL matches.
    pub(crate) fn matches(&self, url: &Url) -> bool {
        self.spellings.iter().any(|pieces| matches(pieces, url.text.as_bytes()))
    }
}

/// Whether the whole text matches. Each piece is looked for once, from where the last one ended.
fn matches(pieces: &[String], text: &[u8]) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return false };
    let Some((last, middle)) = rest.split_last() else {
        return first.len() == text.len() && fits(first.as_bytes(), text);
    };
    let (first, last) = (first.as_bytes(), last.as_bytes());
    if text.len() < first.len() + last.len() || !fits(first, text) {
        return false;
    }
    let end = text.len() - last.len();
    if !text.get(end..).is_some_and(|tail| fits(last, tail)) {
        return false;
    }
    let mut left = text.get(first.len()..end).unwrap_or_default();
    for piece in middle {
        let piece = piece.as_bytes();
        let Some(at) = position(left, piece) else { return false };
        left = left.get(at + piece.len()..).unwrap_or_default();
    }
    true
}

/// Whether the text starts with the piece, in which `?` is any byte.
fn fits(piece: &[u8], text: &[u8]) -> bool {
    text.len() >= piece.len() && piece.iter().zip(text).all(|(own, byte)| *own == b'?' || own == byte)
}

fn position(text: &[u8], piece: &[u8]) -> Option<usize> {
    if !piece.contains(&b'?') {
        return memmem::find(text, piece);
    }
    (0..text.len().checked_sub(piece.len())? + 1)
        .find(|at| text.get(*at..).is_some_and(|tail| fits(piece, tail)))
}

/// The schemes that a text with stars in front of `://` may be.
fn schemes_of(text: &str) -> impl Iterator<Item = &'static str> {
    let pieces: Pieces = text.to_ascii_lowercase().split('*').map(str::to_owned).collect();
    ["http", "https"].into_iter().filter(move |known| matches(&pieces, known.as_bytes()))
}

fn is_scheme(text: &str) -> bool {
    schemes_of(text).next().is_some()
}

/// Whether a URL can begin as a pattern without a scheme does.
fn may_begin(text: &str) -> bool {
    let literal = text.split(['*', '?']).next().unwrap_or_default();
    literal.len() < text.len() && ["http://", "https://"].iter().any(|known| known.starts_with(literal))
}

/// Host and port, and what follows them.
fn authority(rest: &str) -> (&str, &str) {
    rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""))
}

/// The spellings of a pattern whose scheme is known.
fn spell(scheme: &str, rest: &str) -> Result<Vec<String>, &'static str> {
    let (authority, path) = authority(rest);
    if authority.contains('@') {
        return Err("a URL with user information matches nothing");
    }
    if !authority.contains(['*', '?']) {
        let authority = authority_text(authority, scheme).ok_or(BAD)?;
        return Ok(vec![format!("{scheme}://{authority}{}", path_text(path)?)]);
    }
    let lower = plain(authority).ok_or(BAD)?.to_ascii_lowercase();
    if lower.contains('%') {
        return Err(BAD);
    }
    let port = format!(":{}", default_port(scheme));
    let host = lower.strip_suffix(&port).unwrap_or(&lower);
    let host = host.strip_suffix('.').unwrap_or(host);
    // An origin alone is its root, unless a star stands for all that follows.
    let own = if path.is_empty() && !host.ends_with('*') { "/".to_owned() } else { tail(path) };
    let mut texts = vec![format!("{scheme}://{host}{own}")];
    // Behind the default port, which a URL does not show, begins the path.
    if let Some(host) = host.strip_suffix('*').and_then(|host| host.strip_suffix(&port)) {
        texts.push(format!("{scheme}://{host}/*{own}"));
    }
    // Any port may be the default one.
    if let Some(host) = host.strip_suffix(":*") {
        let path = if own.is_empty() { "/*" } else { &own };
        texts.push(format!("{scheme}://{host}{path}"));
    }
    // What looks like a host with a hole may be a host with a query.
    if let Some((host, _)) = authority.split_once('?')
        && let Some(host) = Some(host).filter(|host| !host.contains('*'))
        && let Some(host) = authority_text(host, scheme)
    {
        let query = rest.get(rest.find('?').unwrap_or(rest.len())..).unwrap_or_default();
        texts.push(format!("{scheme}://{host}/{}", tail(query)));
    }
    Ok(texts)
}

/// The path of a pattern, and its query. What stands before the last `/` in front of a star is whole
/// segments.
fn path_text(path: &str) -> Result<String, &'static str> {
    let end = path.find(['*', '?']).unwrap_or(path.len());
    let (literal, rest) = path.split_at_checked(end).unwrap_or((path, ""));
    let literal = plain(literal).ok_or("a `%` in front of the first star is not followed by two digits")?;
    Ok(match literal.rsplit_once('/') {
        Some((before, last)) if !rest.is_empty() => {
            format!("{}{last}{}", without_dots(&format!("{before}/")), tail(rest))
        }
        Some(_) | None => format!("{}{}", without_dots(&literal), tail(rest)),
    })
}

/// What follows a star: its escapes are spelled as those of URLs, as far as they are whole.
fn tail(text: &str) -> String {
    plain(text).unwrap_or_else(|| text.to_owned())
}

/// The spellings of a pattern that does not say where its host begins.
fn unanchored(text: &str) -> Vec<String> {
    let (host, path) = authority(text);
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"*?.-_:".contains(&byte);
    let mut texts = vec![tail(text)];
    if text.starts_with('*') && host.contains('.') && host.bytes().all(is_host) {
        let host = host.to_ascii_lowercase();
        let path = if path.is_empty() && !host.ends_with('*') { "/".to_owned() } else { tail(path) };
        texts.push(format!("{host}{path}"));
    }
    texts
}
