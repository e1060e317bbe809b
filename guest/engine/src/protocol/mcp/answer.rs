//! The body of one HTTP answer of a server, as it comes in: one JSON message, or a stream of events
//! with a message in each. What goes out is the same, with lists filtered.
//!
//! JSON is held until it is whole. Events go out one by one, as soon as each is. What is neither is
//! no form that the protocol has, and is left out: a client that reads it all the same would read it
//! unfiltered.

use super::listing::filter;
use super::malformed::{Malformed, substitute};
use crate::limits::ANSWER_BYTES_MAX;
use crate::protocol::sse::{Event, Splitter};

/// The body of one answer.
#[derive(Debug)]
pub struct Answer {
    form: Form,
    hidden: usize,
    replaced: usize,
    last_fault: Option<Malformed>,
    is_over: bool,
}

#[derive(Debug)]
enum Form {
    Json(Vec<u8>),
    Events(Splitter),
    Other,
}

/// Why an answer cannot go on: something in it is longer than what may be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Stable, kebab-case.
    pub code: &'static str,
    /// One line.
    pub message: String,
}

impl Answer {
    /// An answer of this content type.
    pub fn new(content_type: &str) -> Self {
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let form = match kind.as_str() {
            "application/json" => Form::Json(Vec::new()),
            "text/event-stream" => Form::Events(Splitter::new(ANSWER_BYTES_MAX)),
            _ => Form::Other,
        };
        Self { form, hidden: 0, replaced: 0, last_fault: None, is_over: false }
    }

    /// Takes the next bytes and whether they are the last. What comes back may go to the client now.
    pub fn push(
        &mut self,
        bytes: &[u8],
        end: bool,
        may_see: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<u8>, Refused> {
        let mut out = Vec::new();
        if self.is_over {
            return Err(refused());
        }
        match &mut self.form {
            Form::Other => {}
            Form::Json(held) => {
                if held.len() + bytes.len() > ANSWER_BYTES_MAX {
                    self.is_over = true;
                    *held = Vec::new();
                    return Err(refused());
                }
                held.extend_from_slice(bytes);
                if end && !held.is_empty() {
                    let held = std::mem::take(held);
                    match filter(&held, may_see) {
                        Ok(found) => {
                            self.hidden += found.hidden;
                            out = found.message.into_owned();
                        }
                        Err(found) => {
                            out = substitute(&found).into_bytes();
                            self.replaced += 1;
                            self.last_fault = Some(found);
                        }
                    }
                }
            }
            Form::Events(splitter) => {
                let mut events = Vec::new();
                let pushed = splitter.push(bytes, &mut events);
                if end && pushed.is_ok() {
                    events.extend(splitter.finish());
                }
                for event in &events {
                    self.event(event, may_see, &mut out);
                }
                if pushed.is_err() {
                    self.is_over = true;
                    // What was whole before it is the client's; the next call says the rest.
                    return if out.is_empty() { Err(refused()) } else { Ok(out) };
                }
            }
        }
        self.is_over |= end;
        Ok(out)
    }

    /// How many tools were left out so far.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// How many messages were replaced so far, since they could not be read.
    pub fn replaced(&self) -> usize {
        self.replaced
    }

    /// What was wrong with the last of them, for the log.
    pub fn last_fault(&self) -> Option<&Malformed> {
        self.last_fault.as_ref()
    }

    fn event(&mut self, event: &Event, may_see: &dyn Fn(&str) -> bool, out: &mut Vec<u8>) {
        let data = event.data();
        // An event without data says nothing yet, and the oldest transport names its other endpoint so.
        let is_endpoint = event.name() == b"endpoint" && !looks_like_json(data);
        if data.is_empty() || is_endpoint {
            out.extend_from_slice(event.raw());
            return;
        }
        match filter(data, may_see) {
            Ok(found) => {
                self.hidden += found.hidden;
                match found.message {
                    std::borrow::Cow::Borrowed(_) => out.extend_from_slice(event.raw()),
                    std::borrow::Cow::Owned(changed) => out.extend(event.with_data(&changed)),
                }
            }
            Err(found) => {
                out.extend(event.with_data(substitute(&found).as_bytes()));
                self.replaced += 1;
                self.last_fault = Some(found);
            }
        }
    }
}

fn refused() -> Refused {
    let message =
        format!("answer of the server is longer than {ANSWER_BYTES_MAX} bytes, or goes on after its end");
    Refused { code: "mcp-answer-too-large", message }
}

fn looks_like_json(data: &[u8]) -> bool {
    data.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'['))
}
