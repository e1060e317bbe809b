//! Secrets that can be told by their form: what providers put before them, and how long they are.

/// Characters that a secret goes on with.
#[derive(Clone, Copy)]
enum Set {
    Upper,
    Alnum,
    Word,
    Url,
    UrlDot,
    Hex,
    /// Anything but white space and quotes.
    Any,
}

impl Set {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::UrlDot => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Any => byte > b' ' && !matches!(byte, b'"' | b'\'' | b'`' | b'\\'),
        }
    }
}

/// Prefix, characters, their least and greatest number, kind.
type Provider = (&'static str, Set, usize, usize, &'static str);

const NO_END: usize = usize::MAX;

#[rustfmt::skip]
const PROVIDERS: &[Provider] = &[
    ("AKIA", Set::Upper, 16, 16, "aws-key"),
    ("ASIA", Set::Upper, 16, 16, "aws-key"),
    ("ABIA", Set::Upper, 16, 16, "aws-key"),
    ("ACCA", Set::Upper, 16, 16, "aws-key"),
    ("AIza", Set::Url, 35, 35, "google-key"),
    ("AGE-SECRET-KEY-1", Set::Alnum, 40, NO_END, "private-key"),
    ("GOCSPX-", Set::Url, 20, NO_END, "google-secret"),
    ("PRIVATE+KEY+", Set::Any, 16, NO_END, "private-key"),
    ("SG.", Set::UrlDot, 40, NO_END, "sendgrid-key"),
    ("dckr_pat_", Set::Url, 20, NO_END, "docker-token"),
    ("dop_v1_", Set::Hex, 64, 64, "digitalocean-token"),
    ("ghp_", Set::Alnum, 30, NO_END, "github-token"),
    ("gho_", Set::Alnum, 30, NO_END, "github-token"),
    ("ghu_", Set::Alnum, 30, NO_END, "github-token"),
    ("ghs_", Set::UrlDot, 30, NO_END, "github-token"),
    ("ghr_", Set::Alnum, 30, NO_END, "github-token"),
    ("github_pat_", Set::Word, 22, NO_END, "github-token"),
    ("glpat-", Set::UrlDot, 20, NO_END, "gitlab-token"),
    ("gldt-", Set::Url, 20, NO_END, "gitlab-token"),
    ("glrt-", Set::Url, 20, NO_END, "gitlab-token"),
    ("gsk_", Set::Alnum, 40, NO_END, "groq-key"),
    ("hf_", Set::Alnum, 34, NO_END, "huggingface-token"),
    ("hvs.", Set::Url, 24, NO_END, "vault-token"),
    ("lin_api_", Set::Alnum, 32, NO_END, "linear-key"),
    ("npm_", Set::Alnum, 36, NO_END, "npm-token"),
    ("pypi-AgE", Set::Url, 50, NO_END, "pypi-token"),
    ("rk_live_", Set::Alnum, 16, NO_END, "stripe-key"),
    ("rk_test_", Set::Alnum, 16, NO_END, "stripe-key"),
    ("shpat_", Set::Hex, 32, 32, "shopify-token"),
    ("sk_live_", Set::Alnum, 16, NO_END, "stripe-key"),
    ("sk_test_", Set::Alnum, 16, NO_END, "stripe-key"),
    ("sok_", Set::Url, 16, NO_END, "sentinel-key"),
    ("tskey-", Set::Url, 16, NO_END, "tailscale-key"),
    ("whsec_", Set::Alnum, 16, NO_END, "stripe-key"),
    ("xapp-", Set::Url, 16, NO_END, "slack-token"),
    ("xoxa-", Set::Url, 10, NO_END, "slack-token"),
    ("xoxb-", Set::Url, 10, NO_END, "slack-token"),
    ("xoxe-", Set::Url, 10, NO_END, "slack-token"),
    ("xoxe.", Set::UrlDot, 10, NO_END, "slack-token"),
    ("xoxp-", Set::Url, 10, NO_END, "slack-token"),
    ("xoxr-", Set::Url, 10, NO_END, "slack-token"),
    ("xoxs-", Set::Url, 10, NO_END, "slack-token"),
    ("xai-", Set::Alnum, 40, NO_END, "xai-key"),
    ("ya29.", Set::Url, 20, NO_END, "google-token"),
];

/// Least length of what follows `sk-`, and of a piece of it that no name of a class would have.
const SK_CHARS_MIN: usize = 16;
/// Least length of the first two parts of a web token.
const JWT_PART_MIN: usize = 8;

/// A secret at the start of these bytes: its length and kind. The caller saw to the boundary before.
pub(super) fn find(bytes: &[u8]) -> Option<(usize, &'static str)> {
    match bytes.first()? {
        b's' if bytes.starts_with(b"sk-") => sk(bytes),
        b'e' if bytes.starts_with(b"eyJ") => jwt(bytes),
        _ => None,
    }
    .or_else(|| PROVIDERS.iter().find_map(|provider| matches(bytes, provider)))
}

fn matches(bytes: &[u8], &(prefix, set, min, max, kind): &Provider) -> Option<(usize, &'static str)> {
    // Most words end here, and there are many.
    if prefix.as_bytes().first() != bytes.first() {
        return None;
    }
    let rest = bytes.strip_prefix(prefix.as_bytes())?;
    let run = run(rest, set);
    (run >= min && run <= max).then_some((prefix.len() + run, kind))
}

fn run(bytes: &[u8], set: Set) -> usize {
    bytes.iter().take_while(|byte| set.has(**byte)).count()
}

/// `sk-…`: several providers, so names of style classes (`sk-fading-circle`) are told apart by a
/// long piece with letters and digits.
fn sk(bytes: &[u8]) -> Option<(usize, &'static str)> {
    let rest = bytes.get(3..)?;
    let length = run(rest, Set::Url);
    let random = |piece: &[u8]| {
        piece.len() >= SK_CHARS_MIN
            && piece.iter().any(u8::is_ascii_digit)
            && piece.iter().any(u8::is_ascii_alphabetic)
    };
    let found = rest.get(..length)?.split(|byte| *byte == b'-').any(random);
    found.then_some((3 + length, "api-key"))
}

/// `eyJ….eyJ….…`: two JSON objects in base64, and a signature that may be absent.
fn jwt(bytes: &[u8]) -> Option<(usize, &'static str)> {
    let header = run(bytes, Set::Url);
    let rest = bytes.get(header..)?.strip_prefix(b".")?;
    let claims = run(rest, Set::Url);
    if header < JWT_PART_MIN || claims < JWT_PART_MIN || !rest.starts_with(b"eyJ") {
        return None;
    }
    let signature = rest.get(claims..)?.strip_prefix(b".").map_or(0, |rest| 1 + run(rest, Set::Url));
    Some((header + 1 + claims + signature, "jwt"))
}
