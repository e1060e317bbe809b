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
