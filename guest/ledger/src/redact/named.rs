//! Secrets that are told by the name before them: `PASSWORD=x`, `--token x`, `Authorization: Bearer x`,
//! `"apiKey": "x"`, `curl -u user:x`. The hard part is to leave code, types and prose alone.

use super::names::{EXEMPT_BYTES_MAX, is_placeholder, is_reference, is_secret, last_word, normalise};
use super::scan::{Program, Scanner, Secret, is_word};

/// Words after which `Authorization` has its secret.
const SCHEMES: &[&str] = &["apikey", "basic", "bearer", "digest", "key", "negotiate", "token"];
/// Least length of what follows `Bearer` in a text that is no header.
const BEARER_CHARS_MIN: usize = 16;
/// Where values in code come from: these are expressions.
const ROOTS: &[&str] = &[
    "args.",
    "config.",
    "ctx.",
    "data.",
    "env.",
    "event.",
    "import.",
    "input.",
    "local.",
    "module.",
    "opts.",
    "options.",
    "os.",
    "params.",
    "process.",
    "props.",
    "req.",
    "request.",
    "secrets.",
    "self.",
    "settings.",
    "state.",
    "this.",
    "var.",
    "vars.",
];
/// Most backslashes before a quote that opens a value: three texts within texts. More would let a
/// text make each of its quotes look for another end.
const SLASHES_MAX: usize = 7;
/// Words that follow an option in prose and are no value.
const PROSE: &[&str] = &[
    "a", "an", "and", "are", "as", "can", "flag", "for", "from", "if", "in", "instead", "into", "is", "it",
    "must", "of", "on", "option", "or", "so", "that", "the", "to", "value", "via", "was", "when", "will",
    "with",
];

/// The secret that the name at `start..end` announces.
pub(super) fn find(scanner: &mut Scanner<'_>, start: usize, end: usize) -> Option<Secret> {
    let name = scanner.slice(start, end);
    if scanner.before(start) == b'-' {
        if let Some(secret) = program_option(scanner, start, end) {
            return Some(secret);
        }
    } else if let Some(program) = program(name) {
        scanner.program = Some(program);
        return None;
    }
    if name.eq_ignore_ascii_case("bearer") {
        return bearer(scanner, end);
    }
    let Some((separator, spaced)) = separator(scanner, end) else {
        return option(scanner, start, end);
    };
    if !is_secret(name, scanner.extra) && !is_key_of_two_words(scanner, name, start) {
        return None;
    }
    let after = scanner.skip(separator.1, is_blank);
    let colon = separator.0 == b':';
    match normalise(name).as_str() {
        "authorization" | "proxyauthorization" => header(scanner, name, after, colon),
        "cookie" | "setcookie" if colon => cookie(scanner, name, after),
        _ => value(scanner, name, after, colon || spaced || after > separator.1),
    }
}

/// `API key: x`, as people write it.
fn is_key_of_two_words(scanner: &Scanner<'_>, name: &str, start: usize) -> bool {
    let before = scanner.text.as_bytes().get(start.saturating_sub(8)..start).unwrap_or_default();
    name.eq_ignore_ascii_case("key")
        && ["api ", "access ", "secret ", "private "].iter().any(|word| {
            let at = before.len().checked_sub(word.len());
            at.and_then(|at| before.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(word.as_bytes()))
        })
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// What stands between a name and its value, and whether there is space before it. A name may be
/// quoted, and be an index: `env["TOKEN"] = `.
fn separator(scanner: &Scanner<'_>, end: usize) -> Option<((u8, usize), bool)> {
    let quoted = scanner.skip(end, |byte| byte == b'\\');
    let mut at = if is_quote(scanner.byte(quoted)) { quoted + 1 } else { end };
    at += usize::from(at > end && scanner.byte(at) == b']');
    let blank = scanner.skip(at, is_blank);
    let (byte, next) = (scanner.byte(blank), scanner.byte(blank + 1));
    match (byte, next) {
        (b'=', b'=') | (b':', b':') => None,
        (b':', b'/') if scanner.byte(blank + 2) == b'/' => None,
        (b'=', b'>') | (b':', b'=') => Some(((b'=', blank + 2), true)),
        (b'=' | b':', _) => Some(((byte, blank + 1), blank > at)),
        (_, _) => None,
    }
}

/// A value in its bounds, and whether it was quoted.
struct Value<'a> {
    start: usize,
    text: &'a str,
    quoted: bool,
}

impl Value<'_> {
    fn secret(&self, kind: &'static str) -> Secret {
        Secret { start: self.start, end: self.start + self.text.len(), kind }
    }
}

/// The value that starts here, up to its quote or to what ends a word.
fn read<'a>(scanner: &Scanner<'a>, at: usize) -> Value<'a> {
    // Python's `f"…"` and `b"…"`.
    let prefixed = matches!(scanner.byte(at), b'f' | b'b' | b'r' | b'u') && is_quote(scanner.byte(at + 1));
    let at = at + usize::from(prefixed);
    let slashes = scanner.skip(at, |byte| byte == b'\\');
    if is_quote(scanner.byte(slashes)) && slashes - at <= SLASHES_MAX {
        let start = slashes + 1;
        let end = closing(scanner, start, scanner.byte(slashes), slashes - at);
        return Value { start, text: scanner.slice(start, end), quoted: true };
    }
    if scanner.byte(at) == b'<' {
        let end = scanner.skip(at, |byte| byte != b'>' && byte != b'\n');
        let end = end + usize::from(scanner.byte(end) == b'>');
        return Value { start: at, text: scanner.slice(at, end), quoted: false };
    }
    let mut end = at;
    loop {
        let (byte, next) = (scanner.byte(end), scanner.byte(end + 1));
        let escaped = byte == b'\\';
        if byte <= b' ' || is_quote(byte) || matches!(byte, b'&' | b';' | b'|' | b'<' | b'>' | b')') {
            break;
        }
        if byte == b',' && (next <= b' ' || is_quote(next))
            || escaped && (matches!(next, b'n' | b'r' | b't') || is_quote(next))
        {
            break;
        }
        end += if escaped && next > b' ' { 2 } else { 1 };
    }
    // An escape may have ended within a character.
    while !scanner.text.is_char_boundary(end) {
        end += 1;
    }
    Value { start: at, text: scanner.slice(at, end), quoted: false }
}

/// The end of a quoted value: the quote with no more backslashes before it than the opening one had,
/// or the end of the line.
fn closing(scanner: &Scanner<'_>, start: usize, quote: u8, slashes: usize) -> usize {
    let mut at = start;
    let mut seen = 0;
    loop {
        let byte = scanner.byte(at);
        if at >= scanner.text.len() || byte == b'\n' {
            return at.min(scanner.text.len());
        }
        if byte == quote && seen <= slashes {
            return at - seen;
        }
        seen = if byte == b'\\' { seen + 1 } else { 0 };
        at += 1;
    }
}

/// `name=value`, `name: value`. `loose` is everything but `name=value`, and may be code or prose.
fn value(scanner: &Scanner<'_>, name: &str, at: usize, loose: bool) -> Option<Secret> {
    // `**Password:** x`, as Markdown has it.
    let starred = scanner.skip(at, |byte| byte == b'*');
    let at = if starred - at == 2 { scanner.skip(starred, is_blank) } else { at };
    let value = read(scanner, at);
    let text = value.text;
    // A key of several lines is found by its own form.
    if text.starts_with("-----BEGIN") {
        return None;
    }
    if text.len() > EXEMPT_BYTES_MAX {
        return Some(value.secret("secret"));
    }
    if is_placeholder(text) || text.len() < 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if value.quoted {
        return (text.len() >= 3).then(|| value.secret("secret"));
    }
    let call = text.contains('(');
    let path = ROOTS.iter().any(|root| text.starts_with(root));
    if call || path || is_reference(name, text) {
        return None;
    }
    if loose
        && (text.contains(['[', '{'])
            || text.starts_with(['=', '*', ',', '}', ']'])
            || is_prose(scanner, &value))
    {
        return None;
    }
    Some(value.secret("secret"))
}

/// Whether an unquoted value is a word of a sentence, or a type with parameters: letters only, and
/// more follows on the line.
fn is_prose(scanner: &Scanner<'_>, value: &Value<'_>) -> bool {
    let word = value.text.trim_end_matches(['.', ',', ':', ';', '!', '?', '-']);
    if !word.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'\'' | b'-' | b'/')) {
        return false;
    }
    let end = value.start + value.text.len();
    let next = scanner.skip(end, is_blank);
    match scanner.byte(next) {
        b'<' => next == end,
        byte => next > end && (is_word(byte) || matches!(byte, b'(' | b'=' | b'|' | b'{') || byte >= 0x80),
    }
}

/// `Authorization: <scheme> <secret>`; the scheme stays.
fn header(scanner: &Scanner<'_>, name: &str, at: usize, colon: bool) -> Option<Secret> {
    let slashes = scanner.skip(at, |byte| byte == b'\\');
    let at = if is_quote(scanner.byte(slashes)) { slashes + 1 } else { at };
    let scheme_end = scanner.skip(at, |byte| is_word(byte) || byte == b'-');
    let scheme = scanner.slice(at, scheme_end).to_ascii_lowercase();
    let after = scanner.skip(scheme_end, is_blank);
    if after > scheme_end && (SCHEMES.contains(&scheme.as_str()) || scheme.starts_with("aws4-")) {
        // Some schemes have several parts.
        let long = scheme == "digest" || scheme.starts_with("aws4-");
        let value = read(scanner, after);
        let end = if long { line_end(scanner, after) } else { after + value.text.len() };
        let text = scanner.slice(after, end);
        // A quote here ends what the scheme is in: `'Bearer ' + token`.
        if value.quoted || is_placeholder(text) || text.len() < 3 || PROSE.contains(&text) {
            return None;
        }
        return Some(Secret { start: after, end, kind: "authorization" });
    }
    let mut secret = value(scanner, name, at, colon)?;
    secret.kind = "authorization";
    Some(secret)
}

/// `Cookie: a=b; c=d`, up to the end of the line or its quote.
fn cookie(scanner: &Scanner<'_>, name: &str, at: usize) -> Option<Secret> {
    let quoted = read(scanner, at);
    if quoted.quoted {
        return (!is_placeholder(quoted.text) && quoted.text.len() >= 3).then(|| quoted.secret("cookie"));
    }
    // Only a line that starts like a cookie is looked at up to its end.
    if quoted.text.contains('=') {
        let end = line_end(scanner, at);
        return (!is_placeholder(scanner.slice(at, end))).then_some(Secret {
            start: at,
            end,
            kind: "cookie",
        });
    }
    value(scanner, name, at, true)
}

fn line_end(scanner: &Scanner<'_>, at: usize) -> usize {
    let end = scanner.skip(at, |byte| !matches!(byte, b'\n' | b'\r' | b'\\') && !is_quote(byte));
    at + scanner.slice(at, end).trim_end().len()
}

/// `Bearer x` anywhere.
fn bearer(scanner: &Scanner<'_>, end: usize) -> Option<Secret> {
    let start = scanner.skip(end, is_blank);
    let wanted = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
    };
    let stop = scanner.skip(start, wanted);
    let text = scanner.slice(start, stop);
    let random = text.len() >= BEARER_CHARS_MIN && text.bytes().any(|byte| byte.is_ascii_digit());
    (start > end && random).then_some(Secret { start, end: stop, kind: "authorization" })
}

/// `--password x`.
fn option(scanner: &Scanner<'_>, start: usize, end: usize) -> Option<Secret> {
    let name = scanner.slice(start, end);
    let at = scanner.skip(end, is_blank);
    if scanner.before(start) != b'-' || at == end || !is_secret(name, scanner.extra) {
        return None;
    }
    let value = read(scanner, at);
    let text = value.text;
    let not_value = is_placeholder(text)
        || text.starts_with('-')
        || !value.quoted
            && (PROSE.contains(&text)
                || normalise(text) == normalise(name)
                || text == last_word(name).unwrap_or(name).to_ascii_uppercase());
    (!not_value).then(|| value.secret("secret"))
}

fn program(name: &str) -> Option<Program> {
    match name {
        "curl" | "curl.exe" => Some(Program::Curl),
        "mysql" | "mysqldump" | "mysqladmin" | "mariadb" | "mariadb-dump" => Some(Program::Mysql),
        "sshpass" => Some(Program::Sshpass),
        "redis-cli" => Some(Program::Redis),
        _ => None,
    }
}

/// Options that carry a secret for the program that was named before, such as `curl -u user:x`.
fn program_option(scanner: &Scanner<'_>, start: usize, end: usize) -> Option<Secret> {
    let program = scanner.program?;
    let long = start >= 2 && scanner.before(start - 1) == b'-';
    let name = scanner.slice(start, end);
    let after = scanner.skip(end, |byte| is_blank(byte) || byte == b'=');
    let letters = name.len() <= 5 && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    let at = match program {
        Program::Curl if long => matches!(name, "user" | "proxy-user").then_some(after),
        Program::Curl if after > end && letters && name.ends_with(['u', 'U']) => Some(after),
        Program::Curl => name.starts_with(['u', 'U']).then_some(start + 1),
        Program::Mysql => (!long && name.len() > 1 && name.starts_with('p')).then_some(start + 1),
        Program::Sshpass if !long && name.starts_with('p') => {
            Some(if name.len() > 1 { start + 1 } else { after })
        }
        Program::Redis if !long && name == "a" => Some(after),
        Program::Sshpass | Program::Redis => None,
    }?;
    let mut value = read(scanner, at);
    if program == Program::Curl && !is_placeholder(value.text) {
        let (user, password) = value.text.split_once(':')?;
        value = Value { start: value.start + user.len() + 1, text: password, quoted: value.quoted };
    }
    (!is_placeholder(value.text)).then(|| value.secret("password"))
}
