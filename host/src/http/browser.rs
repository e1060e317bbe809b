//! What a browser sends by itself: the cookie of a login, where a page comes from, and what only a
//! page of this daemon can add.
//!
//! A cookie comes along with whatever any page asks, so it is worth something only beside signs that
//! a page of ours asked: `Sec-Fetch-Site` and `Origin`, which pages cannot set, and for everything
//! that changes something a header with the secret of the login (U8).

use axum::http::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use axum::http::request::Parts;
use axum::http::{Method, Uri};

use super::problem::{Code, Problem};
use super::shared::Shared;
use crate::auth::pass::{Pass, Purpose};
use crate::auth::{API_KEY_HEADER, AuthError, Principal};

/// What a page sends with a login's secret.
const CSRF: HeaderName = HeaderName::from_static("x-sentinel-csrf");

/// Where the page that asks comes from, seen from here.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the browser wants with the answer.
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// The cookie of a page that came encrypted: browsers take it from nobody else than this host.
const SECURE_COOKIE: &str = "__Host-sentinel_session";

/// The cookie of a page that did not.
const PLAIN_COOKIE: &str = "sentinel_session";

/// Somebody who is logged in, if the request brings a login and a page of ours sent it.
///
/// # Errors
///
/// Where there is a login that is not good, or not sent as our pages send it.
pub(super) fn logged_in(shared: &Shared, parts: &Parts) -> Result<Option<(Principal, Pass)>, Problem> {
    // Where nobody is asked who they are, a cookie says nothing.
    if shared.is_open_to_all() || !shared.app().config.dashboard {
        return Ok(None);
    }
    let Some((text, is_secure)) = cookie(&parts.headers, is_https(shared))? else { return Ok(None) };
    if has_credential(&parts.headers) {
        return Err(
            AuthError::ConflictingCredentials("the cookie of a login beside another credential").into()
        );
    }
    let (pass, principal) = shared.app().open_pass(text, Purpose::Login)?;
    // Whoever can put a cookie beside ours must not give it another standing.
    if pass.is_secure() != is_secure {
        return Err(AuthError::BadPass(Purpose::Login.word()).into());
    }
    check_page(shared, parts)?;
    if !is_look(&parts.method) && !is_own_logout(parts) {
        let mut sent = parts.headers.get_all(CSRF).iter();
        let is_good = match (sent.next(), sent.next()) {
            (Some(sent), None) => shared.app().logins.key().is_csrf(&pass, sent.as_bytes()),
            (None | Some(_), _) => false,
        };
        if !is_good {
            let detail =
                "with the cookie of a login, send its `csrf` in `X-Sentinel-CSRF`: POST /v1/login said it";
            return Err(Problem::new(Code::BadCsrf, detail));
        }
    }
    Ok(Some((principal, pass)))
}

/// Whether a page only ends a login, and says which page it is ([`check_page`] has looked whether that
/// is one of ours). A page that was loaded anew may have lost the secret and still has to be left; what
/// it ends then is its own login, which harms nobody.
fn is_own_logout(parts: &Parts) -> bool {
    parts.method == Method::DELETE && parts.uri.path() == "/v1/login" && parts.headers.contains_key(ORIGIN)
}

/// Demands that a page of this daemon sent a request, as far as its headers say.
///
/// # Errors
///
/// Where another page did, or nothing says which.
pub(super) fn check_page(shared: &Shared, parts: &Parts) -> Result<(), Problem> {
    let refused = || Problem::new(Code::BadOrigin, "this was not asked by a page of this daemon");
    let sites: Vec<_> = parts.headers.get_all(FETCH_SITE).iter().map(HeaderValue::as_bytes).collect();
    let is_good_site = |site: &&[u8]| *site == b"same-origin" || *site == b"none" && is_look(&parts.method);
    let mut origins = texts(&parts.headers, &ORIGIN).peekable();
    let says_nothing = sites.is_empty() && origins.peek().is_none();
    if !sites.iter().all(is_good_site) || says_nothing && !is_look(&parts.method) {
        return Err(refused());
    }
    let is_own = |origin: Option<&str>| origin.is_some_and(|own| is_own_origin(shared, own, parts));
    if origins.all(is_own) { Ok(()) } else { Err(refused()) }
}

/// Whether an origin is that of this daemon: the host that was asked, or the address that it is
/// configured to have.
fn is_own_origin(shared: &Shared, origin: &str, parts: &Parts) -> bool {
    shared.public_origin() == Some(origin) || is_asked_origin(origin, &parts.headers, &parts.uri)
}

/// Whether an origin is that of the host that was asked.
pub(super) fn is_asked_origin(origin: &str, headers: &HeaderMap, uri: &Uri) -> bool {
    let (scheme, port) = match origin.split_once("://") {
        Some(("http", _)) => ("http://", ":80"),
        Some(("https", _)) => ("https://", ":443"),
        Some(_) | None => return false,
    };
    let Some(asker) = origin.strip_prefix(scheme).filter(|own| !own.is_empty()) else { return false };
    let mut hosts = texts(headers, &HOST).chain(uri.authority().map(|own| Some(own.as_str()))).peekable();
    hosts.peek().is_some()
        && hosts.all(|host| {
            // Browsers leave the usual port out, but what is in between may add it.
            let host = host.map(|own| own.strip_suffix(port).unwrap_or(own));
            host.is_some_and(|host| host.eq_ignore_ascii_case(asker))
        })
}

/// Whether another site's page asks, without saying so in `Origin`, for more than to be shown.
pub(super) fn is_foreign(headers: &HeaderMap, method: &Method) -> bool {
    let is_foreign_site =
        headers.get_all(FETCH_SITE).iter().any(|site| site != "same-origin" && site != "none");
    let is_shown =
        is_look(method) && headers.get_all(FETCH_MODE).iter().eq([&HeaderValue::from_static("navigate")]);
    is_foreign_site && !is_shown
}

/// Whether a page of this daemon that came encrypted sent a request.
pub(super) fn is_secure(shared: &Shared, headers: &HeaderMap) -> bool {
    is_https(shared) || texts(headers, &ORIGIN).any(|own| own.is_some_and(|own| own.starts_with("https://")))
}

/// Whether people reach this daemon encrypted and in no other way.
fn is_https(shared: &Shared) -> bool {
    shared.public_origin().is_some_and(|own| own.starts_with("https://"))
}

/// Whether a request names who asks in a header that no browser adds by itself.
pub(super) fn has_credential(headers: &HeaderMap) -> bool {
    headers.contains_key(AUTHORIZATION) || headers.contains_key(API_KEY_HEADER)
}

/// The pass in the cookie of a login, and whether it is the cookie of an encrypted page.
fn cookie(headers: &HeaderMap, secure_only: bool) -> Result<Option<(&str, bool)>, AuthError> {
    if let Some(text) = one_cookie(headers, SECURE_COOKIE)? {
        return Ok(Some((text, true)));
    }
    if secure_only {
        return Ok(None);
    }
    Ok(one_cookie(headers, PLAIN_COOKIE)?.map(|text| (text, false)))
}

/// The value of a cookie. Two of one name come from two hands, and nobody knows whose counts.
fn one_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, AuthError> {
    // What is no text has none of ours: a browser sends back what it was given.
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(own, _)| *own == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(AuthError::ConflictingCredentials("more than one cookie of a login")),
    }
}

/// Has a browser keep a login, for so many seconds. Scripts do not see it, and no other site's page
/// can make the browser send it.
pub(super) fn keep(text: &str, is_secure: bool, seconds: u64) -> String {
    let (name, end) = if is_secure { (SECURE_COOKIE, "; Secure") } else { (PLAIN_COOKIE, "") };
    format!("{name}={text}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{end}")
}

/// Has a browser forget a login, under both names.
pub(super) fn forget() -> [String; 2] {
    [true, false].map(|is_secure| keep("", is_secure, 0))
}

/// Whether a method only looks. `OPTIONS` and what else there is have no handlers.
fn is_look(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}

fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Option<&'a str>> {
    headers.get_all(name).iter().map(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn an_origin_is_the_host_that_was_asked_or_none() {
        let asked = |origin: &str, host: &'static str| {
            is_asked_origin(origin, &headers(&[(HOST, host)]), &Uri::from_static("/x"))
        };
        assert!(asked("http://localhost:3100", "localhost:3100"));
        assert!(asked("https://sentinel.example", "sentinel.example"));
        assert!(asked("https://sentinel.example", "Sentinel.example:443"));
        assert!(asked("http://[::1]:3100", "[::1]:3100"));
        for (origin, host) in [
            ("null", "localhost:3100"),
            ("", ""),
            ("http://", ""),
            ("http://localhost:3100", ""),
            ("http://localhost:3101", "localhost:3100"),
            ("http://localhost", "localhost:3100"),
            ("http://localhost:3100.evil.example", "localhost:3100"),
            ("http://evil.example", "localhost:3100"),
            ("http://evil.example/localhost:3100", "localhost:3100"),
            ("http://x@localhost:3100", "localhost:3100"),
            ("file://localhost:3100", "localhost:3100"),
            ("http://sentinel.example", "sentinel.example:443"),
        ] {
            assert!(!asked(origin, host), "{origin} {host}");
        }
        // Two hosts, or none: then nothing is this daemon's own.
        let two = headers(&[(HOST, "a.example"), (HOST, "b.example")]);
        assert!(!is_asked_origin("http://a.example", &two, &Uri::from_static("/x")));
        assert!(!is_asked_origin("http://a.example", &HeaderMap::new(), &Uri::from_static("/x")));
        let absolute = Uri::from_static("http://b.example/x");
        assert!(!is_asked_origin("http://a.example", &headers(&[(HOST, "a.example")]), &absolute));
    }

    #[test]
    fn a_cookie_is_read_once_or_not_at_all() {
        let read = |pairs: &[&'static str], secure_only| {
            let pairs: Vec<_> = pairs.iter().map(|value| (COOKIE, *value)).collect();
            cookie(&headers(&pairs), secure_only).map(|own| own.map(|(text, is)| (text.to_owned(), is)))
        };
        let found = |text: &str, is_secure| Ok(Some((text.to_owned(), is_secure)));
        assert_eq!(read(&["a=b; sentinel_session=x.y"], false), found("x.y", false));
        assert_eq!(read(&["a=b", "sentinel_session=x=y"], false), found("x=y", false));
        assert_eq!(read(&["sentinel_session=x"], true), Ok(None));
        assert_eq!(read(&["sentinel_session=x; __Host-sentinel_session=y"], false), found("y", true));
        for none in [
            &[][..],
            &[""],
            &["sentinel_session"],
            &["xsentinel_session=x"],
            &["Sentinel_session=x"],
            &["a=\"sentinel_session=x\""],
        ] {
            assert_eq!(read(none, false), Ok(None), "{none:?}");
        }
        for two in
            [&["sentinel_session=x; sentinel_session=x"][..], &["sentinel_session=x", "sentinel_session=y"]]
        {
            assert!(read(two, false).is_err(), "{two:?}");
        }
    }

    #[test]
    fn a_cookie_is_kept_from_scripts_and_other_sites() {
        assert_eq!(
            keep("x.y", false, 60),
            "sentinel_session=x.y; Path=/; HttpOnly; SameSite=Strict; Max-Age=60"
        );
        assert_eq!(
            keep("x.y", true, 60),
            "__Host-sentinel_session=x.y; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure"
        );
        assert!(forget().iter().all(|own| own.contains("=; ") && own.contains("Max-Age=0")));
    }
}
