//! Patterns of hosts (H2, 15.10, 15.11): `name`, `*.domain`, `*`, an address, a network, each with a
//! port or without one.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::http::{Family, Host, host, key, port};

/// One entry of a list of hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPattern {
    pub(crate) covered: Covered,
    pub(crate) port: PortPattern,
}

/// Which hosts an entry covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Covered {
    /// `*`: names and addresses.
    Every,
    /// `*.d`: one or more labels in front of `d`.
    Below(String),
    Name(String),
    /// An address, or all that start with so many bits.
    Net {
        family: Family,
        first: u128,
        length: u32,
    },
}

/// Which ports an entry covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PortPattern {
    /// Not said: the default port of the scheme, and of a deny every port.
    Default,
    Every,
    One(u16),
}

/// What is wrong with an entry, and what to write instead.
pub(crate) type PatternError = (String, &'static str);

fn error<T>(message: impl Into<String>, help: &'static str) -> Result<T, PatternError> {
    Err((message.into(), help))
}

const FORMS: &str = "write a host such as `api.example.com`, `*.example.com`, `10.0.0.0/8` or \
                     `[2001:db8::1]`, with `:8443` or `:*` behind it for other ports than the default one";

impl HostPattern {
    /// As it denies. It speaks of every port if it names none: one that left other ports open would be no
    /// denial.
    pub(crate) fn denying(self) -> Self {
        let port = if self.port == PortPattern::Default { PortPattern::Every } else { self.port };
        Self { port, ..self }
    }

    /// Reads an entry.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        if text.contains("://") {
            return error(
                "a host is named without a scheme",
                "write `api.example.com`, or `api.example.com:443`",
            );
        }
        if let Some((address, rest)) = text.split_once('/') {
            return network(address, rest);
        }
        // An IPv6 address may stand without brackets, if no port follows.
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Self { covered: single(IpAddr::V6(address)), port: PortPattern::Default });
        }
        let (host_text, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, ports(port)?),
            Some(_) | None => (text, PortPattern::Default),
        };
        Ok(Self { covered: covered(host_text)?, port })
    }
}

fn covered(text: &str) -> Result<Covered, PatternError> {
    if text == "*" {
        return Ok(Covered::Every);
    }
    let (name, is_below) = match text.strip_prefix("*.") {
        Some(name) => (name, true),
        None => (text, false),
    };
    if name.contains('*') {
        let message = "`*` stands for one or more whole labels in front of a host, and nowhere else";
        return error(message, FORMS);
    }
    if !name.is_ascii() {
        return error("a host is written in ASCII letters", "write the `xn--` form of the name");
    }
    match host(name) {
        Ok(Host::Name(name)) => Ok(if is_below { Covered::Below(name) } else { Covered::Name(name) }),
        Ok(Host::Address(_)) if is_below => error("an address has no labels in front of it", FORMS),
        Ok(Host::Address(address)) => Ok(single(address)),
        Err(_) => error("this is not a host", FORMS),
    }
}

fn ports(text: &str) -> Result<PortPattern, PatternError> {
    if text == "*" {
        return Ok(PortPattern::Every);
    }
    match port(text) {
        Some(port) => Ok(PortPattern::One(port)),
        None => error("the port is not a number from 1 to 65535", "write a number, or `:*` for every port"),
    }
}

fn single(address: IpAddr) -> Covered {
    let unwrapped = match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(own) => own.to_ipv4_mapped().map_or(address, IpAddr::V4),
    };
    let (family, first) = key(unwrapped);
    Covered::Net { family, first, length: bits(family) }
}

/// How many bits an address has.
pub(super) const fn bits(family: Family) -> u32 {
    match family {
        Family::V4 => 32,
        Family::V6 => 128,
    }
}

/// `address/length`, with a port or without one.
fn network(address: &str, rest: &str) -> Result<HostPattern, PatternError> {
    let (length, port) = match rest.split_once(':') {
        Some((length, port)) => (length, ports(port)?),
        None => (rest, PortPattern::Default),
    };
    let inner = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
    let address: IpAddr = match inner.parse::<Ipv4Addr>() {
        Ok(own) => IpAddr::V4(own),
        Err(_) => match inner.parse::<Ipv6Addr>() {
            Ok(own) => IpAddr::V6(own),
            Err(_) => {
                return error(
                    "what stands in front of the `/` is no address",
                    "a host is named without a path; put paths into `allowPaths`",
                );
            }
        },
    };
    let is_plain =
        length.bytes().all(|byte| byte.is_ascii_digit()) && (length == "0" || !length.starts_with('0'));
    let (family, first) = key(address);
    let Some(length) = length.parse().ok().filter(|own| is_plain && *own <= bits(family)) else {
        return error(
            format!("`{length}` is not a number of bits of this address"),
            "write it as `10.0.0.0/8`",
        );
    };
    if first & u128::MAX.checked_shr(length).unwrap_or(0) != 0 {
        return error(
            "the address has bits behind the length of the network",
            "write the first address of the network, as in `10.0.0.0/8`",
        );
    }
    // Addresses of IPv4 that are wrapped in IPv6 are unwrapped before they are compared.
    let mapped = matches!(address, IpAddr::V6(own) if own.to_ipv4_mapped().is_some());
    let covered = match length.checked_sub(96).filter(|_| mapped) {
        Some(length) => Covered::Net { family: Family::V4, first: first << 96, length },
        None => Covered::Net { family, first, length },
    };
    Ok(HostPattern { covered, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_names_domains_addresses_and_networks() {
        let net = |family, first: u128, length| Covered::Net { family, first, length };
        let name = |name: &str| Covered::Name(name.to_owned());
        let v4 = |address: u32, length| net(Family::V4, u128::from(address) << 96, length);
        for (text, covered, port) in [
            ("*", Covered::Every, PortPattern::Default),
            ("*:*", Covered::Every, PortPattern::Every),
            ("api.example.com", name("api.example.com"), PortPattern::Default),
            ("API.Example.com.", name("api.example.com"), PortPattern::Default),
            ("*.Example.org:8443", Covered::Below("example.org".to_owned()), PortPattern::One(8443)),
            ("db.example:*", name("db.example"), PortPattern::Every),
            ("10.0.0.0/8", v4(0x0a00_0000, 8), PortPattern::Default),
            ("10.0.0.0/8:22", v4(0x0a00_0000, 8), PortPattern::One(22)),
            ("0.0.0.0/0", v4(0, 0), PortPattern::Default),
            ("127.0.0.1:9000", v4(0x7f00_0001, 32), PortPattern::One(9000)),
            ("0x7f.1", v4(0x7f00_0001, 32), PortPattern::Default),
            ("::ffff:10.0.0.1", v4(0x0a00_0001, 32), PortPattern::Default),
            ("::ffff:10.0.0.0/104", v4(0x0a00_0000, 8), PortPattern::Default),
            ("2001:db8::/32", net(Family::V6, 0x2001_0db8 << 96, 32), PortPattern::Default),
            ("2001:db8::1", net(Family::V6, 0x2001_0db8 << 96 | 1, 128), PortPattern::Default),
            ("[2001:db8::1]:8443", net(Family::V6, 0x2001_0db8 << 96 | 1, 128), PortPattern::One(8443)),
        ] {
            assert_eq!(HostPattern::parse(text), Ok(HostPattern { covered, port }), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for text in [
            "https://api.example.com",
            "api.example.com/v1",
            "user@example.com",
            "api.*.com",
            "api-*.example.com",
            "*example.com",
            "**.example.com",
            "*.",
            "*.*",
            "*.10.0.0.1",
            "a..b",
            "caf\u{e9}.example",
            "example.com:",
            "example.com:0",
            "example.com:99999",
            "example.com:https",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "10.0.0.0/08",
            "10.0.0.0/",
            "10.0/8",
            "2001:db8::/129",
            "fe80::1%eth0",
            "[::1",
            "1.2.3.4.5",
            "a b",
        ] {
            assert!(HostPattern::parse(text).is_err(), "{text}");
        }
    }
}
