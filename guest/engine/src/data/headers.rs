//! Headers that a call does not repeat. Names are in lower case, as HTTP/2 sends them.

/// What says who is asking, and must not be in a record: words that the names of such headers have in
/// them. Each provider has a name of its own.
const CREDENTIALS: &[&str] =
    &["apikey", "authorization", "cookie", "credential", "passwd", "password", "secret", "token"];

/// The same of names that end so.
const CREDENTIALS_END: &[&str] = &["-key", "_key"];

/// Names that only look like it.
const NO_CREDENTIALS: &[&str] =
    &["idempotency-key", "sec-websocket-key", "surrogate-key", "x-idempotency-key"];

/// What repeats an argument of the body, and is compared with it.
const ARGUMENT_PREFIX: &str = "mcp-param-";

/// What proxies add for each other, and never twice the same.
const OF_THE_PROXY: &[&str] = &[
    "baggage",
    "traceparent",
    "tracestate",
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-request-id",
];

/// Beginnings of such names.
const OF_THE_PROXY_PREFIXES: &[&str] = &["x-b3-", "x-envoy-"];

/// Whether the value of this header is a secret. Names are compared without letter case.
pub(crate) fn is_credential(name: &str) -> bool {
    let bytes = name.as_bytes();
    let starts = |at: &[u8], word: &str| {
        at.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
    };
    // The first letter rules out nearly every place.
    let is_like = (0..bytes.len()).filter_map(|at| bytes.get(at..)).any(|rest| {
        matches!(rest.first().map(u8::to_ascii_lowercase), Some(b'a' | b'c' | b'p' | b's' | b't'))
            && CREDENTIALS.iter().any(|word| starts(rest, word))
    });
    let ends = |end: &&str| {
        let start = bytes.len().checked_sub(end.len());
        start.and_then(|start| bytes.get(start..)).is_some_and(|rest| starts(rest, end))
    };
    (is_like || CREDENTIALS_END.iter().any(ends))
        && !starts(bytes, ARGUMENT_PREFIX)
        && !NO_CREDENTIALS.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Whether a proxy adds this header.
pub(crate) fn is_of_the_proxy(name: &str) -> bool {
    let starts =
        |prefix: &&str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    OF_THE_PROXY.iter().any(|own| own.eq_ignore_ascii_case(name)) || OF_THE_PROXY_PREFIXES.iter().any(starts)
}
