//! How often somebody may try to log in in vain: a few times at once, then now and then. Counted by
//! address, and the addresses are bounded.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Vain attempts that one address has at once.
const ATTEMPTS_MAX: u32 = 10;

/// Time after which one of them is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(6);

/// Addresses that are counted one by one. All others share a count.
const ADDRESSES_MAX: usize = 1_024;

/// Who sent a request, as far as the connection says. In front of a proxy, that is the proxy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// Vain attempts of late.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    by: Mutex<HashMap<Option<Network>, Count>>,
}

/// What one person can have: an address, or the network of addresses that each home gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Network(u128);

#[derive(Clone, Copy, Debug)]
struct Count {
    vain: u32,
    since: Instant,
}

impl Attempts {
    /// Begins an attempt, if one more is allowed; if not, says when to come back. It counts as vain
    /// until it is [forgiven](Self::forgive), so that many at once are not more than one by one.
    pub(super) fn begin(&self, peer: Option<Peer>, now: Instant) -> Result<(), Duration> {
        let mut by = self.by.lock().unwrap_or_else(PoisonError::into_inner);
        by.retain(|_, count| count.at(now).vain > 0);
        let key = key(&by, peer);
        let count = by.entry(key).or_insert(Count { vain: 0, since: now });
        *count = count.at(now);
        if count.vain >= ATTEMPTS_MAX {
            return Err(FORGOTTEN_AFTER.saturating_sub(now.saturating_duration_since(count.since)));
        }
        count.vain += 1;
        Ok(())
    }

    /// The attempt was not in vain, or not one to guess anything.
    pub(super) fn forgive(&self, peer: Option<Peer>) {
        let mut by = self.by.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(&by, peer);
        if let Some(count) = by.get_mut(&key) {
            count.vain = count.vain.saturating_sub(1);
        }
    }
}

/// Where an address is counted.
fn key(by: &HashMap<Option<Network>, Count>, peer: Option<Peer>) -> Option<Network> {
    let own = peer.map(|Peer(address)| match address.to_canonical() {
        IpAddr::V4(own) => Network(u128::from(own.to_bits())),
        IpAddr::V6(own) => Network(own.to_bits() >> 64 << 64),
    });
    own.filter(|own| by.len() < ADDRESSES_MAX || by.contains_key(&Some(*own)))
}

impl Count {
    /// What is left of it at a time.
    fn at(self, now: Instant) -> Self {
        let ticks = now.saturating_duration_since(self.since).as_secs() / FORGOTTEN_AFTER.as_secs();
        let ticks = u32::try_from(ticks).unwrap_or(u32::MAX);
        Self {
            vain: self.vain.saturating_sub(ticks),
            since: self.since + FORGOTTEN_AFTER.saturating_mul(ticks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Option<Peer> {
        Some(Peer(text.parse().unwrap()))
    }

    #[test]
    fn vain_attempts_are_bounded_and_forgotten() {
        let (own, start) = (Attempts::default(), Instant::now());
        for _ in 0..ATTEMPTS_MAX {
            assert!(own.begin(peer("192.0.2.1"), start).is_ok());
        }
        assert_eq!(own.begin(peer("192.0.2.1"), start), Err(FORGOTTEN_AFTER));
        // The same address in other words, and another one.
        assert!(own.begin(peer("::ffff:192.0.2.1"), start).is_err());
        assert!(own.begin(peer("192.0.2.2"), start).is_ok());
        let later = start + FORGOTTEN_AFTER;
        assert!(own.begin(peer("192.0.2.1"), later).is_ok());
        assert!(own.begin(peer("192.0.2.1"), later).is_err());
        own.forgive(peer("192.0.2.1"));
        assert!(own.begin(peer("192.0.2.1"), later).is_ok());
        let much_later = start + FORGOTTEN_AFTER * (ATTEMPTS_MAX + 2);
        assert!(own.begin(peer("192.0.2.3"), much_later).is_ok());
        own.forgive(peer("192.0.2.3"));
        assert!(own.by.lock().unwrap().values().all(|count| count.vain == 0), "nothing is kept for ever");
    }

    #[test]
    fn good_ones_are_not_bounded() {
        let (own, start) = (Attempts::default(), Instant::now());
        for _ in 0..ATTEMPTS_MAX * 3 {
            assert!(own.begin(peer("192.0.2.1"), start).is_ok());
            own.forgive(peer("192.0.2.1"));
        }
    }

    #[test]
    fn a_network_is_one() {
        let (own, start) = (Attempts::default(), Instant::now());
        for number in 0..ATTEMPTS_MAX {
            assert!(own.begin(peer(&format!("2001:db8::{number}")), start).is_ok());
        }
        assert!(own.begin(peer("2001:db8::ffff"), start).is_err());
        assert!(own.begin(peer("2001:db8:0:1::1"), start).is_ok());
    }

    #[test]
    fn addresses_are_bounded() {
        let (own, start) = (Attempts::default(), Instant::now());
        for number in 0..ADDRESSES_MAX as u32 + 2 * ATTEMPTS_MAX {
            let _ = own.begin(Some(Peer(std::net::Ipv4Addr::from_bits(number).into())), start);
        }
        assert!(own.by.lock().unwrap().len() <= ADDRESSES_MAX + 1);
        assert!(own.begin(peer("203.0.113.9"), start).is_err(), "those beyond share a count");
        assert!(own.begin(peer("0.0.0.1"), start).is_ok());
    }
}
