//! Names whose values are secret, and values that only stand for one. Tables; nothing is scanned.

/// A name that ends in one of these, case and separators aside, has a secret value.
const ENDINGS: &[&str] = &[
    "accesskey",
    "accountkey",
    "apikey",
    "apikeys",
    "apisecret",
    "authheader",
    "authorization",
    "authkey",
    "connectionstring",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "encryptionkey",
    "hmackey",
    "masterkey",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwordhash",
    "passwords",
    "paymentsignature",
    "privatekey",
    "secret",
    "secretkey",
    "secrets",
    "secretvalue",
    "servicekey",
    "sharedkey",
    "signingkey",
    "sshkey",
    "storagekey",
    "token",
    "tokenvalue",
    "webhookurl",
    "xpayment",
];
/// Names that are secret as a whole only: `compass`, `pass_rate` and `kotlin` are not.
const WHOLE: &[&str] = &["bearer", "jwt", "otp", "sessionid", "totp", "userpass"];
/// Last words, after a separator or a capital: `DB_PASS`, `dbPwd`.
const LAST_WORDS: &[&str] = &["jwt", "pass", "psk", "pwd"];
/// Longest value that can be anything but a secret: what is longer is not looked at again and again.
pub(super) const EXEMPT_BYTES_MAX: usize = 256;
/// Only the end of a name is looked at, so that long ones cost no more.
const NAME_TAIL: usize = 96;

/// The form in which names are compared: lower case, without separators.
pub(super) fn normalise(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '-' | '_' | '.' | ' ' | ':'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Whether this is how a header is called, as the first of two texts: `["password", "reset"]` are two words.
pub(super) fn is_header(name: &str) -> bool {
    name.contains('-') || ["authorization", "cookie"].iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Whether values under this name are secret. `extra` are normalised names of the caller.
pub(super) fn is_secret(name: &str, extra: &[String]) -> bool {
    let mut start = name.len().saturating_sub(NAME_TAIL);
    while !name.is_char_boundary(start) {
        start += 1;
    }
    let name =
        name.get(start..).unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
    let plain = normalise(name);
    ENDINGS.iter().any(|ending| plain.ends_with(ending))
        || extra.iter().any(|ending| plain.ends_with(ending.as_str()))
        || WHOLE.contains(&plain.as_str())
        || last_word(name).is_some_and(|word| LAST_WORDS.contains(&word.to_ascii_lowercase().as_str()))
}

/// The last of several words of a name: after a separator, or from the last capital on.
pub(super) fn last_word(name: &str) -> Option<&str> {
    let separated = name.rfind(['-', '_', '.']).map(|at| at + 1);
    let humped = name
        .char_indices()
        .zip(name.chars().skip(1))
        .filter(|((_, before), after)| before.is_ascii_lowercase() && after.is_ascii_uppercase())
        .last()
        .map(|((at, _), _)| at + 1);
    let start = separated.max(humped)?;
    name.get(start..).filter(|word| !word.is_empty())
}

/// Values that name a type or a state where a secret would be.
const NOT_VALUES: &[&str] = &[
    "any",
    "bool",
    "boolean",
    "bytes",
    "false",
    "int",
    "integer",
    "nil",
    "none",
    "null",
    "number",
    "object",
    "optional",
    "redacted",
    "required",
    "secretstring",
    "str",
    "string",
    "true",
    "undefined",
    "unknown",
    "void",
];

/// Whether a value only stands for a secret: a variable, a template, asterisks, a type.
pub(super) fn is_placeholder(value: &str) -> bool {
    if value.len() > EXEMPT_BYTES_MAX {
        return false;
    }
    let enclosed = |open: &str, close: &str| {
        value.starts_with(open) && value.ends_with(close) && value.len() > open.len()
    };
    let filled = |c: char| value.chars().count() >= 3 && value.chars().all(|other| other == c);
    let identifier = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let lower = value.to_ascii_lowercase();
    value.is_empty()
        || value.strip_prefix('$').is_some_and(identifier)
        || enclosed("${", "}")
        || value.starts_with("$(")
        || value.starts_with("${{")
        || enclosed("<", ">")
        || enclosed("{{", "}}")
        || enclosed("{", "}") && value.get(1..value.len() - 1).is_some_and(identifier)
        || enclosed("%", "%") && value.get(1..value.len() - 1).is_some_and(identifier)
        || ['*', 'x', 'X', '.', '-', '•', '_', '#'].into_iter().any(filled)
        || matches!(value, "…" | "?" | "-" | "*")
        || is_redacted(value)
        || lower.starts_with("your-")
        || lower.starts_with("your_")
        || lower.starts_with("your ")
        || NOT_VALUES.contains(&lower.as_str())
}

/// Whether this is what redaction leaves.
fn is_redacted(value: &str) -> bool {
    let inner = value.strip_prefix("[redacted").and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|kind| {
        kind.is_empty()
            || kind
                .strip_prefix(':')
                .is_some_and(|kind| kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
    })
}

/// Whether a bare word is the name of a secret rather than a secret: the name itself, or a longer
/// one that begins or ends with it (`token = accessToken`, `token: TokenStream`).
pub(super) fn is_reference(name: &str, value: &str) -> bool {
    let value = value.trim_end_matches([';', ',', ')', '?', '!']);
    if value.is_empty()
        || !value.bytes().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.'))
    {
        return false;
    }
    let word = last_word(name).unwrap_or(name).to_ascii_lowercase();
    let (plain_name, plain_value) = (normalise(name), normalise(value));
    let after_hump = |rest: &str| rest.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
    plain_name == plain_value
        || plain_value == word
        || last_word(value).is_some_and(|last| last.to_ascii_lowercase() == word || is_secret(last, &[]))
        || value.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(&word))
            && value.get(word.len()..).is_some_and(after_hump)
}
