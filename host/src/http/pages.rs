//! The dashboard's files, as they were embedded when this program was built: public, the same for
//! everybody, and never made of anything that somebody sent.
//!
//! They are looked up in a table, so a path leads to a file of it or nowhere. Files whose names stand
//! for their content are kept by browsers for ever, all others are asked for again.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, LOCATION, VARY, X_FRAME_OPTIONS,
};
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::answer::{self, Reply};
use super::caller::Anyone;
use super::problem::Problem;
use super::shared::Shared;

include!(concat!(env!("OUT_DIR"), "/dashboard.rs"));

/// Where all of them are.
const ROOT: &str = "/dashboard/";

/// Nothing but files of this daemon, and no code or style that stands in a page.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// For names that stand for their content: a year is the longest that is allowed.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// For all others: kept, but asked for again each time.
const ASK_AGAIN: &str = "no-cache";

/// A file, as it is and compressed where that is smaller.
struct File {
    path: &'static str,
    content_type: &'static str,
    digest: &'static str,
    is_hashed: bool,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// GET /, GET /dashboard
///
/// Addresses in the pages count from `/dashboard/`, so that they work elsewhere too.
pub(super) async fn forward(anyone: Anyone) -> Reply {
    enabled(anyone.public())?;
    Ok(to(HeaderValue::from_static(ROOT)))
}

/// GET /dashboard/, GET /dashboard/{*path}
pub(super) async fn file(anyone: Anyone, request: Request) -> Reply {
    enabled(anyone.public())?;
    match find(FILES, request.uri()) {
        Some(Found::File(file)) => Ok(secured(file.answer(request.headers())?)),
        Some(Found::Directory(path)) => {
            Ok(to(HeaderValue::try_from(path).map_err(|error| Problem::internal(&error))?))
        }
        None => Err(Problem::not_found("the dashboard has no such file")),
    }
}

/// Elsewhere.
fn to(location: HeaderValue) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    response.headers_mut().insert(LOCATION, location);
    secured(response)
}

fn enabled(shared: &Arc<Shared>) -> Result<(), Problem> {
    if shared.app().config.dashboard {
        Ok(())
    } else {
        Err(Problem::not_found("this daemon has no dashboard: SENTINEL_DASHBOARD is false"))
    }
}

/// What a path leads to.
enum Found<'a> {
    /// A file.
    File(&'a File),
    /// The page of a directory, whose address ends with `/`.
    Directory(String),
}

/// The path as it was sent: none of the names needs to be decoded, so none is.
fn find<'a>(files: &'a [File], uri: &Uri) -> Option<Found<'a>> {
    let path = uri.path().strip_prefix(ROOT)?;
    let named = |path: &str| files.iter().find(|file| file.path == path);
    if path.is_empty() || path.ends_with('/') {
        return named(&format!("{path}index.html")).map(Found::File);
    }
    let page = || named(&format!("{path}/index.html")).map(|_| Found::Directory(format!("{ROOT}{path}/")));
    named(path).map(Found::File).or_else(page)
}

impl File {
    fn answer(&self, headers: &HeaderMap) -> Reply {
        let accepted = Accepted::read(headers);
        let (bytes, encoding) = match (self.brotli, self.gzip) {
            (Some(bytes), _) if accepted.brotli => (bytes, Some("br")),
            (_, Some(bytes)) if accepted.gzip => (bytes, Some("gzip")),
            (Some(_) | None, Some(_) | None) => (self.plain, None),
        };
        // Each form has a tag of its own: they are not the same bytes.
        let end = encoding.map_or_else(String::new, |encoding| format!("-{encoding}"));
        let tag = HeaderValue::try_from(format!("\"{}{end}\"", self.digest))
            .map_err(|error| Problem::internal(&error))?;
        let is_known = answer::is_known(headers, &tag);
        let mut response = Response::new(if is_known { Body::empty() } else { Body::from(bytes) });
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        let own = response.headers_mut();
        own.insert(ETAG, tag);
        own.insert(VARY, HeaderValue::from_static("accept-encoding"));
        let kept = if self.is_hashed { FOREVER } else { ASK_AGAIN };
        own.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
        if !is_known {
            own.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
            if let Some(encoding) = encoding {
                own.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
            }
        }
        Ok(response)
    }
}

/// What keeps a page to itself. `front` adds the rest.
fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Encodings that a client takes (RFC 9110, 12.5.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Accepted {
    brotli: bool,
    gzip: bool,
}

impl Accepted {
    fn read(headers: &HeaderMap) -> Self {
        let texts = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let mut own = Self::default();
        for item in texts.flat_map(|text| text.split(',')) {
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let weight =
                parameters.trim().strip_prefix("q=").map_or(Some(1.0), |text| text.parse::<f32>().ok());
            let is_taken = weight.is_some_and(|weight| weight > 0.0);
            match name.trim().to_ascii_lowercase().as_str() {
                "br" => own.brotli = is_taken,
                "gzip" | "x-gzip" => own.gzip = is_taken,
                _ => {}
            }
        }
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &[File] = &[
        File {
            path: "assets/index-B3xk_9Qf.js",
            content_type: "text/javascript; charset=utf-8",
            digest: "d1",
            is_hashed: true,
            plain: b"plain",
            brotli: Some(b"br"),
            gzip: Some(b"gz"),
        },
        File {
            path: "index.html",
            content_type: "text/html; charset=utf-8",
            digest: "d2",
            is_hashed: false,
            plain: b"page",
            brotli: None,
            gzip: None,
        },
        File {
            path: "playground/index.html",
            content_type: "text/html; charset=utf-8",
            digest: "d3",
            is_hashed: false,
            plain: b"other page",
            brotli: None,
            gzip: None,
        },
    ];

    fn headers(accepted: &str, known: &str) -> HeaderMap {
        let pairs = [(ACCEPT_ENCODING, accepted), (axum::http::header::IF_NONE_MATCH, known)];
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        pairs.map(|(name, value)| (name, HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn a_path_leads_to_a_file_of_the_table_or_nowhere() {
        let found = |path: &str| match find(SAMPLE, &path.parse().unwrap()) {
            Some(Found::File(file)) => Some(file.path.to_owned()),
            Some(Found::Directory(to)) => Some(format!("to {to}")),
            None => None,
        };
        for (path, file) in [
            ("/dashboard/", "index.html"),
            ("/dashboard/index.html?x=1", "index.html"),
            ("/dashboard/assets/index-B3xk_9Qf.js", "assets/index-B3xk_9Qf.js"),
            ("/dashboard/playground/", "playground/index.html"),
            ("/dashboard/playground", "to /dashboard/playground/"),
        ] {
            assert_eq!(found(path).as_deref(), Some(file), "{path}");
        }
        for path in [
            "/dashboard",
            "/dashboard//",
            "/dashboard/./index.html",
            "/dashboard/../index.html",
            "/dashboard/assets/../index.html",
            "/dashboard/assets/",
            "/dashboard/assets%2findex-B3xk_9Qf.js",
            "/dashboard/%69ndex.html",
            "/dashboard/index.html%00",
            "/dashboard/index.html/",
            "/dashboard/Index.html",
            "/dashboard//etc/passwd",
            "/dashboard/..%2f..%2fetc/passwd",
            "/dashboard/playground//",
            "/dashboard//playground",
            "/dashboard/playground/index.html/",
        ] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn each_gets_the_form_that_it_takes() {
        let script = SAMPLE.first().unwrap();
        for (accepted, encoding) in [
            ("", None),
            ("identity", None),
            ("gzip", Some("gzip")),
            ("gzip, deflate, br, zstd", Some("br")),
            ("br;q=0, gzip;q=0.5", Some("gzip")),
            ("BR;q=1.0", Some("br")),
            ("br;q=x", None),
            ("gzip;q=0.000", None),
            ("*", None),
        ] {
            let response = script.answer(&headers(accepted, "")).unwrap();
            let own = response.headers();
            assert_eq!(own.get(CONTENT_ENCODING).map(|own| own.to_str().unwrap()), encoding, "{accepted}");
            assert_eq!(own.get(VARY).unwrap(), "accept-encoding");
            assert_eq!(own.get(CACHE_CONTROL).unwrap(), FOREVER);
            assert_eq!(own.get(CONTENT_TYPE).unwrap(), "text/javascript; charset=utf-8");
        }
        let page = SAMPLE.last().unwrap().answer(&headers("br, gzip", "")).unwrap();
        assert_eq!(page.headers().get(CONTENT_ENCODING), None);
        assert_eq!(page.headers().get(CACHE_CONTROL).unwrap(), ASK_AGAIN);
    }

    #[test]
    fn what_is_known_is_not_sent_again() {
        let script = SAMPLE.first().unwrap();
        for (accepted, known, status) in [
            ("br", "\"d1-br\"", 304),
            ("br", "W/\"d1-br\"", 304),
            ("br", "\"other\", \"d1-br\"", 304),
            ("br", "*", 304),
            ("", "\"d1\"", 304),
            ("gzip", "\"d1-br\"", 200),
            ("", "\"d2\"", 200),
        ] {
            let response = script.answer(&headers(accepted, known)).unwrap();
            assert_eq!(response.status().as_u16(), status, "{accepted} {known}");
            assert_eq!(response.headers().contains_key(CONTENT_TYPE), status == 200);
            assert!(response.headers().contains_key(ETAG));
        }
    }

    #[test]
    fn there_is_a_page_with_or_without_a_dashboard() {
        let Some(Found::File(page)) = find(FILES, &"/dashboard/".parse().unwrap()) else { panic!("no page") };
        let text = std::str::from_utf8(page.plain).unwrap();
        assert!(text.starts_with("<!") && !page.is_hashed, "{text}");
        // The policy would stop them.
        assert!(!text.contains("<style") && !text.contains("style=") && !text.contains("onclick"), "{text}");
        let mut paths: Vec<_> = FILES.iter().map(|file| file.path).collect();
        paths.dedup();
        assert!(paths.len() == FILES.len() && paths.is_sorted());
    }
}
