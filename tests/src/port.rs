//! Ports for programs that have to be told one. Suites of other crates take this file by its path, so it
//! needs nothing but the standard library.

use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};

/// The first one, and how many there are. They are below those that the kernel gives away (32768 and above), so
/// nobody gets one by chance before a program listens there, or between two starts of it.
const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

/// A port at 127.0.0.1 that nobody uses, and that nobody else is given as long as this lives.
///
/// Whoever has it holds the port of UDP with the same number: so other processes know of it, and other copies of
/// this module in one process.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _held: UdpSocket,
}

impl Port {
    /// Takes one. Those of tests that have ended are not taken soon again: some of their clients may live.
    pub fn take() -> Self {
        static TAKEN: AtomicU32 = AtomicU32::new(0);
        let begin = std::process::id().wrapping_mul(37);
        let mut numbers = (0..COUNT).map(|_| {
            let next = begin.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed));
            u16::try_from(FIRST + next % COUNT).expect("a port")
        });
        numbers.find_map(Self::hold).expect("a free port")
    }

    fn hold(number: u16) -> Option<Self> {
        let held = UdpSocket::bind(("127.0.0.1", number)).ok()?;
        TcpListener::bind(("127.0.0.1", number)).is_ok().then_some(Self { number, _held: held })
    }

    /// Its number.
    pub fn number(&self) -> u16 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::Port;

    #[test]
    fn a_port_is_for_one() {
        let own = Port::take();
        assert!(Port::hold(own.number).is_none(), "somebody has it");
        let number = own.number;
        drop(own);
        // A program that another test starts at this moment has all sockets until it runs.
        let is_free = (0..500).any(|_| {
            let own = Port::hold(number);
            if own.is_none() {
                thread::sleep(Duration::from_millis(10));
            }
            own.is_some()
        });
        assert!(is_free, "nobody has it any more");
    }
}
