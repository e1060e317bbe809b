//! What single values have to look like.

use std::net::IpAddr;

use http::Uri;

/// Most characters of a name.
const NAME_CHARS_MAX: usize = 128;

/// Most characters of the ledger's name: it is a line of every checkpoint.
const ORIGIN_CHARS_MAX: usize = 255;

/// An address to listen on. Names are not looked up: one may have several addresses, or another
/// one tomorrow.
pub(super) fn address(text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| "use an IP address, for example 127.0.0.1, 0.0.0.0 or ::1".to_owned())
}

/// A name of an environment, of a field, of a party.
pub(super) fn name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("it is empty, or has an empty item".to_owned());
    }
    if text.chars().count() > NAME_CHARS_MAX {
        return Err(format!("use at most {NAME_CHARS_MAX} characters"));
    }
    if text.trim() != text {
        return Err("it begins or ends with a space".to_owned());
    }
    Ok(text.to_owned())
}

/// The name of a ledger: checkpoints separate it from other things by spaces and plus signs.
pub(super) fn ledger_origin(text: &str) -> Result<String, String> {
    if text.chars().count() > ORIGIN_CHARS_MAX {
        return Err(format!("use at most {ORIGIN_CHARS_MAX} characters"));
    }
    if text.contains(|c: char| c.is_whitespace() || c == '+') {
        return Err("use a name without spaces and plus signs, for example example.com/ledger".to_owned());
    }
    Ok(text.to_owned())
}

/// An origin as browsers send it, so that it can be compared as it is.
pub(super) fn web_origin(text: &str) -> Result<String, String> {
    if text.contains('*') {
        return Err(
            "name each origin: with `*`, every web page that somebody visits could call this API".to_owned()
        );
    }
    let usage = || "use origins as browsers send them, for example https://example.com:8443".to_owned();
    let uri: Uri = text.parse().map_err(|_| usage())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(usage());
    };
    let default_port = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return Err(usage()),
    };
    let is_exact = text == format!("{scheme}://{authority}")
        && !text.contains('@')
        && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    if !is_exact {
        return Err(usage());
    }
    if authority.port_u16() == Some(default_port) {
        return Err(format!("leave out :{default_port}, as browsers do"));
    }
    Ok(text.to_owned())
}

/// The name of a bucket, as both providers allow it.
pub(super) fn bucket(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
    if (3..=222).contains(&text.len()) && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("use 3 to 222 lower-case letters, digits, `.`, `-` and `_`".to_owned())
    }
}

/// What names in a bucket begin with.
pub(super) fn bucket_prefix(text: &str) -> Result<String, String> {
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    if text.strip_suffix('/').unwrap_or(text).split('/').all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err("use names with single `/` between, none of them `.` or `..`".to_owned())
    }
}

/// The address of PostgreSQL. Nothing of it is in the error: it may hold a password.
pub(super) fn is_database_url(text: &str) -> bool {
    ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme))
}

/// A moment, in seconds since 1970.
pub(super) fn moment(text: &str) -> Result<u64, String> {
    let usage = "use a time of RFC 3339 with its offset, for example 2030-01-31T12:00:00Z";
    let timestamp: jiff::Timestamp = text.parse().map_err(|_| usage.to_owned())?;
    u64::try_from(timestamp.as_second()).map_err(|_| "it is before 1970".to_owned())
}
