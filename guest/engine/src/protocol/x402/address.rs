//! Networks and addresses in one spelling each.

use crate::data::assets::NETWORKS;
use crate::limits::ADDRESS_BYTES_MAX;

/// A network in CAIP-2, also from a name of version 1; `None` if it is neither.
pub(crate) fn canonical_network(text: &str) -> Option<&str> {
    from_v1(text).or_else(|| is_caip2(text).then_some(text))
}

/// The network that a name of version 1 means.
pub(super) fn from_v1(name: &str) -> Option<&'static str> {
    NETWORKS.binary_search_by_key(&name, |row| row.0).ok().and_then(|at| NETWORKS.get(at)).map(|row| row.1)
}

/// `namespace:reference`, as CAIP-2 writes it.
pub(super) fn is_caip2(text: &str) -> bool {
    let Some((namespace, reference)) = text.split_once(':') else { return false };
    let is_namespace = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_reference = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (3..=8).contains(&namespace.len())
        && namespace.bytes().all(is_namespace)
        && (1..=32).contains(&reference.len())
        && reference.bytes().all(is_reference)
}

/// Whether a network has the addresses of Ethereum.
pub(super) fn is_evm(network: &str) -> bool {
    network.starts_with("eip155:")
}

/// `0x` and 40 hexadecimal digits. The letter case is a checksum, and no part of the address.
pub(crate) fn is_hex_address(text: &str) -> bool {
    text.strip_prefix("0x")
        .is_some_and(|digits| digits.len() == 40 && digits.bytes().all(|c| c.is_ascii_hexdigit()))
}

/// An address in the one spelling that is compared; `None` if it cannot be one.
pub(crate) fn canonical_address(text: &str) -> Option<String> {
    if is_hex_address(text) {
        return Some(text.to_ascii_lowercase());
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    // What looks like hexadecimal and is not an address would never match one.
    let is_hexlike = text.starts_with("0x") || text.starts_with("0X");
    let is_address = !text.is_empty() && text.len() <= ADDRESS_BYTES_MAX && text.bytes().all(is_plain);
    (is_address && !is_hexlike).then(|| text.to_owned())
}
