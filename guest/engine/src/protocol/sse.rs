//! `text/event-stream`: bytes in pieces of any size become events, each with its own bytes, so that
//! it can be sent on as it was or with other data in it (WHATWG HTML, 9.2.6).
//!
//! What comes out joined is what went in. An event comes out with the byte that ends it, and comments
//! between events with theirs, so nothing is held longer than it has to be. It does not know what the
//! data means.

#[cfg(test)]
mod tests;

use memchr::memchr2;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Cuts a stream into events.
#[derive(Debug)]
pub struct Splitter {
    event_bytes_max: usize,
    held: Vec<u8>,
    /// Where the line begins that has no end yet, and up to where it was looked at.
    line: usize,
    seen: usize,
    /// Whether the last byte was a carriage return that ended a line: a line feed belongs to it.
    after_return: bool,
    /// Whether what is held has a line that is no comment.
    has_fields: bool,
    is_begun: bool,
    is_over: bool,
}

/// One event, or a piece between events: with its bytes, and what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    raw: Vec<u8>,
    /// The byte order mark in front of the first event.
    mark_bytes: usize,
    name: Vec<u8>,
    data: Vec<u8>,
}

/// An event is longer than what may be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTooLong;

impl Splitter {
    /// For one stream, whose events have at most so many bytes.
    pub fn new(event_bytes_max: usize) -> Self {
        Self {
            event_bytes_max,
            held: Vec::new(),
            line: 0,
            seen: 0,
            after_return: false,
            has_fields: false,
            is_begun: false,
            is_over: false,
        }
    }

    /// Takes bytes and gives out the events that are whole. After an error nothing more comes.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) -> Result<(), EventTooLong> {
        if self.is_over {
            return Err(EventTooLong);
        }
        self.held.extend_from_slice(bytes);
        let mut start = 0;
        let pushed = self.take(&mut start, out);
        self.held.drain(..start);
        self.line -= start;
        self.seen -= start;
        if pushed.is_err() {
            self.is_over = true;
            self.held = Vec::new();
        }
        pushed
    }

    /// What is left when the stream ends: an event without its end, which some clients read.
    pub fn finish(&mut self) -> Option<Event> {
        self.is_over = true;
        let rest = std::mem::take(&mut self.held);
        (!rest.is_empty()).then(|| self.event(&rest))
    }

    fn take(&mut self, start: &mut usize, out: &mut Vec<Event>) -> Result<(), EventTooLong> {
        loop {
            if self.after_return && self.line < self.held.len() {
                self.after_return = false;
                if self.held.get(self.line) == Some(&b'\n') {
                    self.line += 1;
                    self.seen = self.line;
                    if self.line == *start + 1 {
                        // Its line is gone already.
                        self.emit(start, out)?;
                    }
                }
            }
            let rest = self.held.get(self.seen..).unwrap_or_default();
            let Some(at) = memchr2(b'\n', b'\r', rest).map(|at| self.seen + at) else {
                self.seen = self.held.len();
                return if self.seen - *start > self.event_bytes_max { Err(EventTooLong) } else { Ok(()) };
            };
            let line = self.held.get(self.line..at).unwrap_or_default();
            let line = if self.is_begun || self.line > 0 {
                line
            } else {
                line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
            };
            let is_end = line.is_empty();
            self.has_fields |= !is_end && line.first() != Some(&b':');
            let is_return = self.held.get(at) == Some(&b'\r');
            let is_pair = is_return && self.held.get(at + 1) == Some(&b'\n');
            self.after_return = is_return && !is_pair;
            self.line = at + if is_pair { 2 } else { 1 };
            self.seen = self.line;
            if is_end || !self.has_fields {
                self.emit(start, out)?;
            }
        }
    }

    /// Gives out what stands before the line that comes next.
    fn emit(&mut self, start: &mut usize, out: &mut Vec<Event>) -> Result<(), EventTooLong> {
        let raw = self.held.get(*start..self.line).unwrap_or_default().to_vec();
        if raw.len() > self.event_bytes_max {
            return Err(EventTooLong);
        }
        *start = self.line;
        self.has_fields = false;
        let event = self.event(&raw);
        out.push(event);
        Ok(())
    }

    fn event(&mut self, raw: &[u8]) -> Event {
        let has_mark = !self.is_begun && raw.starts_with(BYTE_ORDER_MARK);
        self.is_begun = true;
        Event::read(raw.to_vec(), if has_mark { BYTE_ORDER_MARK.len() } else { 0 })
    }
}

impl Event {
    fn read(raw: Vec<u8>, mark_bytes: usize) -> Self {
        let (mut name, mut data, mut has_data) = (Vec::new(), Vec::new(), false);
        for line in lines(raw.get(mark_bytes..).unwrap_or_default()) {
            match line.field {
                b"event" => name = line.value.to_vec(),
                b"data" => {
                    if has_data {
                        data.push(b'\n');
                    }
                    has_data = true;
                    data.extend_from_slice(line.value);
                }
                // `id`, `retry`, comments, and fields that nobody knows.
                _ => {}
            }
        }
        Self { raw, mark_bytes, name, data }
    }

    /// Its bytes, as they came.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Its name; empty means `message`.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Its data, of all lines.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Its bytes with other data, and with everything else as it was.
    pub fn with_data(&self, data: &[u8]) -> Vec<u8> {
        let (mark, rest) = self.raw.split_at_checked(self.mark_bytes).unwrap_or((&[], &self.raw));
        let mut out = mark.to_vec();
        let mut is_written = false;
        for line in lines(rest) {
            if line.field != b"data" {
                out.extend_from_slice(line.whole);
                continue;
            }
            if is_written {
                continue;
            }
            is_written = true;
            let end = if line.end.is_empty() { b"\n" } else { line.end };
            for (index, piece) in data.split(|byte| matches!(byte, b'\n' | b'\r')).enumerate() {
                if index > 0 {
                    out.extend_from_slice(end);
                }
                out.extend_from_slice(b"data: ");
                out.extend_from_slice(piece);
            }
            out.extend_from_slice(line.end);
        }
        out
    }
}

struct Line<'e> {
    whole: &'e [u8],
    field: &'e [u8],
    value: &'e [u8],
    end: &'e [u8],
}

/// The lines of an event: `field: value`, `field:value`, `field` or `: comment`.
fn lines(mut rest: &[u8]) -> impl Iterator<Item = Line<'_>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let content = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let (text, after) = rest.split_at_checked(content)?;
        let end_bytes = match after {
            [b'\r', b'\n', ..] => 2,
            [] => 0,
            _ => 1,
        };
        let (end, after) = after.split_at_checked(end_bytes)?;
        let (whole, _) = rest.split_at_checked(content + end_bytes)?;
        rest = after;
        let (field, value) = match text.iter().position(|byte| *byte == b':') {
            Some(colon) => {
                let (field, value) = text.split_at_checked(colon)?;
                let value = value.get(1..).unwrap_or_default();
                (field, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (text, &[][..]),
        };
        Some(Line { whole, field, value, end })
    })
}
