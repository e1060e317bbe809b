//! Numbers as bytes and back, little end first. What is too short or too long is nothing.

use super::VERSION;

/// Reads one record from its front.
pub(super) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(super) const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The kind of a record of our format.
    pub(super) fn head(&mut self) -> Option<u8> {
        let version = self.u8()?;
        if version == VERSION { self.u8() } else { None }
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    /// A number that is one.
    pub(super) fn f64(&mut self) -> Option<f64> {
        self.take().map(f64::from_le_bytes).filter(|number| number.is_finite())
    }

    pub(super) fn counters<const N: usize>(&mut self) -> Option<[u32; N]> {
        let mut counters = [0; N];
        for counter in &mut counters {
            *counter = self.u32()?;
        }
        Some(counters)
    }

    /// Nothing, if something is left.
    pub(super) fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}

/// A record of our format and of this kind, with room for so many bytes.
pub(super) fn record(kind: u8, capacity: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity);
    out.extend([VERSION, kind]);
    out
}
