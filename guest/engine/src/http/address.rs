//! IP addresses: every spelling becomes one address, and which of them are nobody's business (H1, H4).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address, or a network, is one of the old protocol or of the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    V4,
    V6,
}

/// The address as a number, 128 bits wide in both families: an IPv4 address fills the first 32.
pub(crate) fn key(address: IpAddr) -> (Family, u128) {
    match address {
        IpAddr::V4(own) => (Family::V4, u128::from(own.to_bits()) << 96),
        IpAddr::V6(own) => (Family::V6, own.to_bits()),
    }
}

/// An address in the spelling of a resolver's answer: dotted decimal, or IPv6 without brackets and zone.
/// One of IPv4 that is wrapped in IPv6 is unwrapped.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().map(unwrap)
}

/// An IPv4-mapped address is the IPv4 address that it means.
pub(super) fn unwrap(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(own) => own.to_ipv4_mapped().map_or(address, IpAddr::V4),
    }
}

/// Whether the last label of a name makes all of it an address, or nothing.
pub(super) fn ends_in_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !last.is_empty() && (is_number(last) || hex.is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())))
}

/// An IPv4 address as `inet_aton` reads it: one to four numbers, each decimal, octal or hexadecimal,
/// the last of which fills what is left.
pub(super) fn inet_aton(text: &str) -> Option<Ipv4Addr> {
    let mut bits: u32 = 0;
    let mut left: u32 = 4;
    let mut parts = text.split('.').peekable();
    while let Some(part) = parts.next() {
        let value = number(part)?;
        if parts.peek().is_none() {
            // `left` is 1 to 4 here: the value has so many bytes to itself.
            let width = left.checked_mul(8).filter(|width| *width > 0)?;
            let fits = width == 32 || value.checked_shr(width) == Some(0);
            return fits.then(|| Ipv4Addr::from_bits(bits | value));
        }
        left = left.checked_sub(1).filter(|left| *left > 0)?;
        bits |= u32::from(u8::try_from(value).ok()?) << (left * 8);
    }
    None
}

fn number(text: &str) -> Option<u32> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match hex {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    let is_plain = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    if is_plain { u32::from_str_radix(digits, radix).ok() } else { None }
}

/// The IPv4 address that an IPv6 address leads to by way of a translator or a tunnel.
pub(crate) fn embedded(address: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(own) = address else { return None };
    let low = || IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(own.to_bits() & 0xffff_ffff).unwrap_or(0)));
    match own.segments() {
        // NAT64, for everybody and for one network; IPv4-compatible.
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] | [0x64, 0xff9b, 1, ..] | [0, 0, 0, 0, 0, 0, _, _] => Some(low()),
        // 6to4
        [0x2002, high, low, ..] => {
            Some(IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))))
        }
        _ => None,
    }
}

/// Networks of IPv4 that are not the public internet: first address and length.
const PRIVATE_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast, reserved and broadcast.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// The same of IPv6: what is not handed out to anybody, and what leads to IPv4.
const PRIVATE_V6: &[(Ipv6Addr, u32)] = &[
    // Unspecified, loopback, IPv4-compatible, IPv4-mapped, and nothing else that is public.
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 0), 64),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64),
    // Teredo, benchmarks, ORCHID and other special purposes.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    // Segment routing.
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
];

/// The first bits of a number that make up a network of this length.
fn masked(bits: u128, length: u32) -> u128 {
    let host = u128::MAX.checked_shr(length).unwrap_or(0);
    bits & !host
}

/// Whether an address is not one of the public internet.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(own) => is_private_v4(own),
        IpAddr::V6(own) => {
            let bits = own.to_bits();
            PRIVATE_V6.iter().any(|(first, length)| masked(bits, *length) == first.to_bits())
                // 6to4 is as public as what it leads to.
                || own.segments().first() == Some(&0x2002)
                    && matches!(embedded(address), Some(IpAddr::V4(inner)) if is_private_v4(inner))
        }
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    PRIVATE_V4.iter().any(|(first, length)| {
        let host = u32::MAX.checked_shr(*length).unwrap_or(0);
        bits & !host == first.to_bits()
    })
}

/// Whether a network has addresses that are not public.
pub(crate) fn is_private_span(family: Family, first: u128, length: u32) -> bool {
    let meets = |own: u128, other: u32| {
        let shorter = length.min(other);
        masked(first, shorter) == masked(own, shorter)
    };
    match family {
        Family::V4 => PRIVATE_V4.iter().any(|(own, other)| meets(key(IpAddr::V4(*own)).1, *other)),
        Family::V6 => PRIVATE_V6.iter().any(|(own, other)| meets(own.to_bits(), *other)),
    }
}
