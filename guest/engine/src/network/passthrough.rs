//! Names whose TLS a proxy passes on as it is, and names that are listed for it and refused all the same.

use super::pattern::{Covered, HostPattern, PortPattern};

/// The port of what is passed on.
const HTTPS: u16 = 443;

/// What `transport.tlsPassthrough` comes to, as `a.example` or `*.a.example`.
#[derive(Debug, Default)]
pub(crate) struct Passthrough {
    pub(crate) passed: Vec<String>,
    /// The policy denies them, or one below them. Nobody could say which of the names below it a connection is
    /// for and pass on the others.
    pub(crate) withheld: Vec<String>,
}

/// What becomes of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A proxy can only be told of names with a dot, and of whatever is below one, without a port.
    NoName,
    /// The denial of this number speaks of it.
    Withheld(usize),
    Passed,
}

impl Passthrough {
    pub(crate) fn new<'p>(listed: impl Iterator<Item = &'p HostPattern>, denied: &[HostPattern]) -> Self {
        let mut own = Self::default();
        for pattern in listed {
            let to = match fate(pattern, denied) {
                Fate::NoName => continue,
                Fate::Withheld(_) => &mut own.withheld,
                Fate::Passed => &mut own.passed,
            };
            to.extend(spelt(&pattern.covered));
        }
        own
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.passed.is_empty() && self.withheld.is_empty()
    }
}

/// What becomes of an entry beside those that deny.
pub(crate) fn fate(listed: &HostPattern, denied: &[HostPattern]) -> Fate {
    let named = match &listed.covered {
        Covered::Name(name) | Covered::Below(name) => name.contains('.'),
        Covered::Every | Covered::Net { .. } => false,
    };
    if !named || listed.port != PortPattern::Default {
        return Fate::NoName;
    }
    denied.iter().position(|denial| overlap(listed, denial)).map_or(Fate::Passed, Fate::Withheld)
}

/// Whether some name is meant by both.
fn overlap(listed: &HostPattern, denied: &HostPattern) -> bool {
    if !matches!(denied.port, PortPattern::Every | PortPattern::One(HTTPS)) {
        return false;
    }
    let below = |name: &str, of: &str| name.strip_suffix(of).is_some_and(|front| front.ends_with('.'));
    match (&listed.covered, &denied.covered) {
        (_, Covered::Every) => true,
        (Covered::Name(own), Covered::Name(other)) => own == other,
        (Covered::Name(own), Covered::Below(other)) => below(own, other),
        (Covered::Below(own), Covered::Name(other)) => below(other, own),
        (Covered::Below(own), Covered::Below(other)) => {
            own == other || below(own, other) || below(other, own)
        }
        (Covered::Every | Covered::Net { .. }, _) | (_, Covered::Net { .. }) => false,
    }
}

fn spelt(covered: &Covered) -> Option<String> {
    match covered {
        Covered::Name(name) => Some(name.clone()),
        Covered::Below(name) => Some(format!("*.{name}")),
        Covered::Every | Covered::Net { .. } => None,
    }
}
