//! The few things that the filter asks of the proxy. Values cross as bytes; a call that fails is
//! `None` or `false`, never a trap.

use std::time::{Duration, UNIX_EPOCH};

use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, LogLevel, MapType};

use crate::config::{Daemon, Position};
use crate::pairs::Pairs;
use crate::reply::Reply;

/// A header map. The SDK's own makes a string of each name and of each value.
#[expect(unsafe_code, reason = "the SDK hands over no map in one piece")]
pub(crate) fn headers(of: MapType) -> Option<Pairs> {
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        fn proxy_get_header_map_pairs(of: u32, bytes: *mut *mut u8, size: *mut usize) -> u32;
    }
    let (mut bytes, mut size) = (std::ptr::null_mut(), 0);
    // SAFETY: the proxy writes both, or neither and says so.
    let is_there = unsafe { proxy_get_header_map_pairs(of as u32, &raw mut bytes, &raw mut size) == 0 };
    if !is_there || bytes.is_null() {
        return None;
    }
    // SAFETY: the proxy took this memory from the SDK's `malloc`, which makes it as a vector of just this
    // capacity, and has written all of it.
    Pairs::read(unsafe { Vec::from_raw_parts(bytes, size, size) })
}

/// One header.
pub(crate) fn header(of: MapType, name: &str) -> Option<Vec<u8>> {
    hostcalls::get_map_value_bytes(of, name).ok().flatten()
}

/// Replaces a header, or removes it.
pub(crate) fn set_header(of: MapType, name: &str, value: Option<&[u8]>) -> bool {
    hostcalls::set_map_value_bytes(of, name, value).is_ok()
}

/// So many bytes of a buffer from `start`; fewer if it has fewer.
pub(crate) fn buffer(of: BufferType, start: usize, size: usize) -> Option<Vec<u8>> {
    hostcalls::get_buffer(of, start, size).ok().flatten()
}

/// Replaces so many bytes of a buffer from `start`. There may be no buffer, behind the end of a body.
#[expect(unsafe_code, reason = "the SDK's own traps where the proxy says no")]
pub(crate) fn replace(of: BufferType, start: usize, size: usize, with: &[u8]) -> bool {
    #[link(wasm_import_module = "env")]
    unsafe extern "C" {
        fn proxy_set_buffer_bytes(of: u32, start: usize, size: usize, with: *const u8, length: usize) -> u32;
    }
    // SAFETY: the proxy copies these bytes before it returns, and keeps no pointer.
    unsafe { proxy_set_buffer_bytes(of as u32, start, size, with.as_ptr(), with.len()) == 0 }
}

/// A property as text.
pub(crate) fn property(path: &[&str]) -> Option<String> {
    let bytes = hostcalls::get_property(path.to_vec()).ok().flatten()?;
    String::from_utf8(bytes).ok()
}

/// A value for the access log: `%FILTER_STATE(wasm.NAME:PLAIN)%`.
pub(crate) fn set_property(name: &str, value: &str) {
    // What cannot be logged is no reason to refuse a request.
    let _ = hostcalls::set_property(vec![name], Some(value.as_bytes()));
}

/// Milliseconds since the epoch.
pub(crate) fn now() -> u64 {
    nanoseconds() / 1_000_000
}

/// Nanoseconds since the epoch.
pub(crate) fn nanoseconds() -> u64 {
    let since = hostcalls::get_current_time().ok().and_then(|now| now.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or_default()
}

/// A line of the proxy's log.
pub(crate) fn log(level: LogLevel, message: &str) {
    let _ = hostcalls::log(level, message);
}

/// Answers the request.
pub(crate) fn answer(reply: &Reply) {
    let headers = vec![
        ("content-type", reply.content_type),
        ("x-soe-decision", reply.decision),
        ("x-soe-code", reply.code.as_str()),
        ("cache-control", "no-store"),
    ];
    let _ = hostcalls::send_http_response(reply.status, headers, Some(reply.body.as_bytes()));
}

/// Sends a request to the daemon; the token of its answer.
pub(crate) fn ask(
    daemon: &Daemon,
    method: &str,
    path: &str,
    body: Option<&[u8]>,
    tag: Option<&str>,
    timeout: Duration,
) -> Option<u32> {
    let mut headers = vec![
        (":method", method),
        (":path", path),
        (":authority", daemon.authority.as_str()),
        (":scheme", "http"),
        ("accept", "application/json"),
    ];
    if body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    headers.extend(daemon.api_key.as_deref().map(|key| ("x-soe-api-key", key)));
    headers.extend(tag.map(|tag| ("if-none-match", tag)));
    hostcalls::dispatch_http_call(&daemon.cluster, headers, body, Vec::new(), timeout).ok()
}

/// How often the root is woken.
pub(crate) fn tick_every(period: Duration) {
    let _ = hostcalls::set_tick_period(period);
}

/// Whether it was Envoy's list of addresses that answered. No server can say that of itself.
pub(crate) fn is_address_refused() -> bool {
    let details = property(&["response", "code_details"]);
    details.is_some_and(|details| details.starts_with("rbac_access_denied"))
}

/// The address that the connection to the host has, once there is one.
pub(crate) fn resolved(position: Position) -> Vec<String> {
    if position == Position::Downstream {
        return Vec::new();
    }
    let address = property(&["upstream", "address"]);
    let ip = address.and_then(|address| address.parse::<std::net::SocketAddr>().ok()).map(|own| own.ip());
    ip.map(|ip| ip.to_string()).into_iter().collect()
}
