//! Headers that a call does not repeat. Names are in lower case, as HTTP/2 sends them.

/// What says who is asking, and must not be in a record.
const CREDENTIALS: &[&str] = &[
    "api-key",
    "authorization",
    "cookie",
    "ocp-apim-subscription-key",
    "private-token",
    "proxy-authorization",
    "x-amz-security-token",
    "x-api-key",
    "x-auth-token",
    "x-goog-api-key",
    "x-soe-api-key",
];

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
    CREDENTIALS.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Whether a proxy adds this header.
pub(crate) fn is_of_the_proxy(name: &str) -> bool {
    let starts =
        |prefix: &&str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    OF_THE_PROXY.iter().any(|own| own.eq_ignore_ascii_case(name)) || OF_THE_PROXY_PREFIXES.iter().any(starts)
}
