//! Many patterns of hosts as one: labels from the right in a trie, networks in a sorted list.
//!
//! A name is walked once, label by label, and an address is looked up once; neither follows the number
//! of patterns. The answer is always the lowest number, so that the first in the document decides.

use std::collections::BTreeMap;

use super::pattern::{Covered, HostPattern, PortPattern, bits};
use crate::http::{Authority, Family, Host, key};

/// Numbers of patterns, by host.
#[derive(Debug)]
pub(crate) struct HostSet {
    every: Ports,
    names: Vec<Label>,
    /// Sorted by family, first address and length, so that what contains a network stands before it.
    nets: Vec<Net>,
}

/// A label, and what lies in front of it.
#[derive(Debug, Default)]
struct Label {
    children: BTreeMap<Box<str>, usize>,
    /// For exactly this name.
    here: Ports,
    /// For names with labels in front of this one.
    below: Ports,
}

#[derive(Debug)]
struct Net {
    family: Family,
    first: u128,
    length: u32,
    ports: Ports,
    /// The smallest network that contains this one.
    parent: Option<usize>,
}

impl Net {
    fn contains(&self, family: Family, address: u128) -> bool {
        let host = u128::MAX.checked_shr(self.length).unwrap_or(0);
        self.family == family && address & !host == self.first
    }
}

/// The lowest number for each port.
#[derive(Debug, Default)]
struct Ports {
    /// Where no port is said.
    default: Option<usize>,
    every: Option<usize>,
    one: BTreeMap<u16, usize>,
}

impl Ports {
    fn add(&mut self, port: PortPattern, number: usize) {
        match port {
            PortPattern::Default => _ = self.default.get_or_insert(number),
            PortPattern::Every => _ = self.every.get_or_insert(number),
            PortPattern::One(port) => _ = self.one.entry(port).or_insert(number),
        }
    }

    fn find(&self, asked: Asked) -> Option<usize> {
        let (one, default) = match asked {
            Asked::Port { port, is_default } => (self.one.get(&port).copied(), is_default),
            Asked::Covers(PortPattern::One(port)) => (self.one.get(&port).copied(), false),
            Asked::Covers(PortPattern::Default) => (None, true),
            Asked::Covers(PortPattern::Every) => (None, false),
        };
        let default = self.default.filter(|_| default);
        [self.every, default, one].into_iter().flatten().min()
    }
}

/// What is looked for.
#[derive(Clone, Copy)]
enum Asked {
    /// The port of a request.
    Port { port: u16, is_default: bool },
    /// All ports that a pattern covers.
    Covers(PortPattern),
}

impl HostSet {
    /// Of patterns with their numbers, which rise.
    pub(crate) fn new<'t>(patterns: impl Iterator<Item = (&'t HostPattern, usize)>) -> Self {
        let mut set = Self { every: Ports::default(), names: vec![Label::default()], nets: Vec::new() };
        let mut nets: BTreeMap<(Family, u128, u32), Ports> = BTreeMap::new();
        for (pattern, number) in patterns {
            match &pattern.covered {
                Covered::Every => set.every.add(pattern.port, number),
                Covered::Name(name) => {
                    if let Some(label) = set.label(name) {
                        label.here.add(pattern.port, number);
                    }
                }
                Covered::Below(name) => {
                    if let Some(label) = set.label(name) {
                        label.below.add(pattern.port, number);
                    }
                }
                Covered::Net { family, first, length } => {
                    nets.entry((*family, *first, *length)).or_default().add(pattern.port, number);
                }
            }
        }
        for ((family, first, length), ports) in nets {
            // The networks around this one are those around the one before it, or that one itself.
            let mut parent = set.nets.len().checked_sub(1);
            while let Some(net) = parent.and_then(|at| set.nets.get(at)) {
                if net.contains(family, first) {
                    break;
                }
                parent = net.parent;
            }
            set.nets.push(Net { family, first, length, ports, parent });
        }
        set
    }

    /// The label at the front of a name, which is made if it is not there.
    fn label(&mut self, name: &str) -> Option<&mut Label> {
        let mut at = 0;
        for label in name.rsplit('.') {
            let next = self.names.len();
            let child = *self.names.get_mut(at)?.children.entry(label.into()).or_insert(next);
            if child == next {
                self.names.push(Label::default());
            }
            at = child;
        }
        self.names.get_mut(at)
    }

    /// The lowest number of a pattern that covers this authority.
    pub(crate) fn find(&self, authority: &Authority) -> Option<usize> {
        let asked = Asked::Port { port: authority.port, is_default: authority.is_default };
        let own = match &authority.host {
            Host::Name(name) => self.find_name(name, false, asked),
            Host::Address(address) => {
                let (family, bits) = key(*address);
                self.find_net(family, bits, self::bits(family), asked)
            }
        };
        least(own, self.every.find(asked))
    }

    /// The lowest number of a pattern that covers all that this one does.
    pub(crate) fn covers(&self, pattern: &HostPattern) -> Option<usize> {
        let asked = Asked::Covers(pattern.port);
        let own = match &pattern.covered {
            Covered::Every => None,
            Covered::Name(name) => self.find_name(name, false, asked),
            Covered::Below(name) => self.find_name(name, true, asked),
            Covered::Net { family, first, length } => self.find_net(*family, *first, *length, asked),
        };
        least(own, self.every.find(asked))
    }

    /// The lowest number of a pattern that names this address, alone or by its network.
    pub(crate) fn names_address(&self, authority: &Authority) -> bool {
        let Host::Address(address) = &authority.host else { return false };
        let (family, bits) = key(*address);
        let asked = Asked::Port { port: authority.port, is_default: authority.is_default };
        self.find_net(family, bits, self::bits(family), asked).is_some()
    }

    /// Whether a pattern is this very name.
    pub(crate) fn names_exactly(&self, authority: &Authority) -> bool {
        let Host::Name(name) = &authority.host else { return false };
        let mut at = Some(0);
        for label in name.rsplit('.') {
            at = at.and_then(|at| self.names.get(at)?.children.get(label).copied());
        }
        let asked = Asked::Port { port: authority.port, is_default: authority.is_default };
        at.and_then(|at| self.names.get(at)?.here.find(asked)).is_some()
    }

    /// Walks the labels from the right. With `below`, what is asked is all names in front of this one.
    fn find_name(&self, name: &str, below: bool, asked: Asked) -> Option<usize> {
        let mut best = None;
        let mut node = self.names.first()?;
        let mut labels = name.rsplit('.').peekable();
        while let Some(label) = labels.next() {
            node = match node.children.get(label).and_then(|at| self.names.get(*at)) {
                Some(child) => child,
                None => return best,
            };
            if labels.peek().is_some() {
                best = least(best, node.below.find(asked));
            }
        }
        least(best, if below { node.below.find(asked) } else { node.here.find(asked) })
    }

    /// Looks at the networks around an address, or around a network.
    fn find_net(&self, family: Family, first: u128, length: u32, asked: Asked) -> Option<usize> {
        let after =
            self.nets.partition_point(|net| (net.family, net.first, net.length) <= (family, first, length));
        let mut best = None;
        let mut at = after.checked_sub(1);
        while let Some(net) = at.and_then(|at| self.nets.get(at)) {
            if net.contains(family, first) && net.length <= length {
                best = least(best, net.ports.find(asked));
            }
            at = net.parent;
        }
        best
    }
}

fn least(left: Option<usize>, right: Option<usize>) -> Option<usize> {
    left.into_iter().chain(right).min()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::http::Scheme;

    fn patterns(texts: &[&str]) -> Vec<HostPattern> {
        texts.iter().map(|text| HostPattern::parse(text).expect("an entry")).collect()
    }

    fn set(texts: &[&str]) -> HostSet {
        HostSet::new(patterns(texts).iter().zip(0..))
    }

    fn authority(text: &str) -> Authority {
        Authority::parse(text, Scheme::Https).expect("an authority")
    }

    #[test]
    fn the_first_entry_that_covers_a_host_is_found() {
        let set = set(&[
            "api.example.com",
            "*.example.com",
            "api.example.com:8443",
            "*.example.com:*",
            "10.0.0.0/8",
            "10.1.0.0/16:8080",
            "10.1.2.3",
            "[2001:db8::1]:8443",
            "2001:db8::/32",
            "*:9999",
            "com",
        ]);
        for (text, expect) in [
            ("api.example.com", Some(0)),
            ("API.EXAMPLE.COM.", Some(0)),
            ("api.example.com:443", Some(0)),
            ("api.example.com:8443", Some(2)),
            ("api.example.com:80", Some(3)),
            ("a.b.example.com", Some(1)),
            // 15.10: one or more labels, and the dot is a dot.
            ("example.com", None),
            ("evilexample.com", None),
            ("api.example.com.evil.net", None),
            ("example.com:9999", Some(9)),
            ("com", Some(10)),
            ("10.9.9.9", Some(4)),
            ("10.1.2.3", Some(4)),
            ("10.1.9.9:8080", Some(5)),
            ("10.2.9.9:8080", None),
            ("11.0.0.0", None),
            ("[::ffff:10.9.9.9]", Some(4)),
            ("167772161", Some(4)),
            ("[2001:db8::1]", Some(8)),
            ("[2001:db8::1]:8443", Some(7)),
            ("[2001:db9::1]", None),
        ] {
            assert_eq!(set.find(&authority(text)), expect, "{text}");
        }
    }

    #[test]
    fn a_star_alone_is_every_host_on_the_default_port() {
        let set = set(&["*"]);
        for (text, expect) in [
            ("example.com", Some(0)),
            ("1.2.3.4", Some(0)),
            ("[2001:db8::1]", Some(0)),
            ("example.com:8443", None),
        ] {
            assert_eq!(set.find(&authority(text)), expect, "{text}");
        }
    }

    #[test]
    fn an_entry_covers_another() {
        let set = set(&["*.example.com", "a.example.org:*", "10.0.0.0/8", "b.example:8443"]);
        for (text, expect) in [
            ("*.example.com", Some(0)),
            ("*.a.example.com", Some(0)),
            ("a.example.com", Some(0)),
            ("a.example.com:8443", None),
            ("*.com", None),
            ("*", None),
            ("a.example.org", Some(1)),
            ("a.example.org:*", Some(1)),
            ("a.example.org:1", Some(1)),
            ("*.a.example.org", None),
            ("10.1.0.0/16", Some(2)),
            ("10.0.0.0/8", Some(2)),
            ("0.0.0.0/0", None),
            ("b.example:8443", Some(3)),
            ("b.example", None),
        ] {
            let pattern = HostPattern::parse(text).expect("an entry");
            assert_eq!(set.covers(&pattern), expect, "{text}");
        }
    }

    /// What the index must find, by looking at each entry.
    fn plainly(patterns: &[HostPattern], authority: &Authority) -> Option<usize> {
        patterns.iter().position(|pattern| {
            let port = match pattern.port {
                PortPattern::Default => authority.is_default,
                PortPattern::Every => true,
                PortPattern::One(port) => authority.port == port,
            };
            let host = match (&pattern.covered, &authority.host) {
                (Covered::Every, _) => true,
                (Covered::Name(own), Host::Name(name)) => own == name,
                (Covered::Below(own), Host::Name(name)) => name
                    .strip_suffix(own.as_str())
                    .is_some_and(|front| front.len() > 1 && front.ends_with('.')),
                (Covered::Net { family, first, length }, Host::Address(address)) => {
                    let (own, bits) = key(*address);
                    own == *family && bits & !u128::MAX.checked_shr(*length).unwrap_or(0) == *first
                }
                (Covered::Name(_) | Covered::Below(_), Host::Address(_))
                | (Covered::Net { .. }, Host::Name(_)) => false,
            };
            host && port
        })
    }

    proptest! {
        #[test]
        fn the_index_finds_what_looking_at_each_entry_finds(
            entries in prop::collection::vec(
                prop_oneof![
                    "(\\*\\.)?([ab]\\.){0,3}[ab]c(:(8443|\\*))?",
                    (0u32..=32, 0u32..4, prop_oneof![Just(""), Just(":8443"), Just(":*")]).prop_map(|(length, low, port)| {
                        let bits = (0x0a00_0000 | low).checked_shr(32 - length).unwrap_or(0);
                        let first = bits.checked_shl(32 - length).unwrap_or(0);
                        format!("{}/{length}{port}", core::net::Ipv4Addr::from_bits(first))
                    }),
                    Just("*:8443".to_owned()),
                ],
                0..20,
            ),
            host in prop_oneof!["([ab]\\.){0,4}[ab]c", "10\\.0\\.0\\.[0-5]"],
            port in prop_oneof![Just(""), Just(":8443"), Just(":9")],
        ) {
            let texts: Vec<&str> = entries.iter().map(String::as_str).collect();
            let patterns = patterns(&texts);
            let set = HostSet::new(patterns.iter().zip(0..));
            let authority = authority(&format!("{host}{port}"));
            prop_assert_eq!(set.find(&authority), plainly(&patterns, &authority));
        }
    }
}
