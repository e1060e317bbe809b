//! What a body may be: a JSON object of a bearable size and depth, sent as it is.

use crate::problem::{Code, Problem};
use crate::wire::Head;

/// Largest body, in bytes; the daemon takes no larger one.
pub(crate) const BODY_BYTES_MAX: usize = (8 << 20) + (64 << 10);

/// How deeply arrays and objects may be nested.
const DEPTH_MAX: usize = 128;

/// Whether the headers promise JSON, not compressed.
pub(crate) fn check_type(head: &Head) -> Result<(), Problem> {
    let refused = |detail: &'static str| Err(Problem::new(Code::UnsupportedMediaType, detail));
    if !head.all("content-encoding").all(|own| own.eq_ignore_ascii_case("identity")) {
        return refused("compressed bodies are not taken: send it as it is");
    }
    let mut types = head.all("content-type");
    let is_good = match (types.next(), types.next()) {
        (None, _) => true,
        (Some(one), None) => is_json(one),
        (Some(_), Some(_)) => false,
    };
    if is_good { Ok(()) } else { refused("send `Content-Type: application/json`") }
}

fn is_json(text: &str) -> bool {
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let name = essence.strip_prefix("application/");
    name.is_some_and(|name| name == "json" || name.strip_suffix("+json").is_some_and(|name| !name.is_empty()))
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            Some(_) => true,
            None => parameter.is_empty(),
        })
}

/// The problem of a body that is too large.
pub(crate) fn too_large() -> Problem {
    Problem::new(Code::BodyTooLarge, format!("the body is larger than {BODY_BYTES_MAX} bytes"))
}

/// Whether the bytes are an object, as far as brackets and strings tell. Whether it is JSON is seen later.
pub(crate) fn check_shape(body: &[u8]) -> Result<(), Problem> {
    if body.is_empty() {
        return Err(Problem::new(Code::BadJson, "the body is empty: send a JSON object"));
    }
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in body {
        if is_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => is_text = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            let detail = format!("the body is nested deeper than {DEPTH_MAX} levels");
            return Err(Problem::new(Code::TooDeep, detail));
        }
    }
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Ok(()),
        Some(_) | None => Err(Problem::bad_request("the body has to be a JSON object")),
    }
}

#[cfg(test)]
mod tests {
    use super::{DEPTH_MAX, check_shape, is_json};
    use crate::problem::Code;

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let deep = |count: usize| format!("{{\"a\":{}{}}}", "[".repeat(count), "]".repeat(count));
        assert!(check_shape(deep(DEPTH_MAX - 1).as_bytes()).is_ok());
        assert_eq!(check_shape(deep(DEPTH_MAX).as_bytes()).unwrap_err().code, Code::TooDeep);
        let text = format!(r#"{{"a":"{}\"{}\\"}}"#, "[".repeat(200), "{".repeat(200));
        assert!(check_shape(text.as_bytes()).is_ok());
    }

    #[test]
    fn only_an_object_is_a_body() {
        for bad in ["[]", " [1]", "\"x\"", "1", "null", " "] {
            assert_eq!(check_shape(bad.as_bytes()).unwrap_err().code, Code::BadRequest, "{bad}");
        }
        assert_eq!(check_shape(b"").unwrap_err().code, Code::BadJson);
        assert!(check_shape(b" \n{}").is_ok());
    }

    #[test]
    fn types_of_json() {
        for good in ["application/json", "Application/JSON; charset=utf-8", "application/cloudevents+json"] {
            assert!(is_json(good), "{good}");
        }
        for bad in ["", "text/plain", "application/json; charset=utf-16", "application/+json", "text/json"] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
