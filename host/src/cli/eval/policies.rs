//! The policies of a run of `eval`: the one of `--policy`, and the last few inline ones.

use std::collections::VecDeque;

use sentinel::engine::{Engine, Format, Session};
use sentinel::limits::INLINE_POLICIES_MAX;

pub(super) struct Policies {
    engine: Engine,
    default: Option<Session>,
    /// By their text, the one used last in front. Refusals are kept as well: they cost as much.
    inline: VecDeque<(String, Result<Session, String>)>,
}

impl Policies {
    pub(super) fn new(engine: Engine, default: Option<Session>) -> Self {
        Self { engine, default, inline: VecDeque::with_capacity(INLINE_POLICIES_MAX) }
    }

    /// The policy of a line, compiled; or why there is none.
    pub(super) fn session(&mut self, inline: Option<&str>) -> Result<&mut Session, String> {
        let Some(text) = inline else {
            return self
                .default
                .as_mut()
                .ok_or_else(|| "no policy: give the line one, or use --policy".to_owned());
        };
        let entry = match self.inline.iter().position(|(known, _)| known == text) {
            Some(index) => self.inline.remove(index),
            None => None,
        };
        let entry = entry.unwrap_or_else(|| {
            // First make room: an instance that is dropped goes back to the pool.
            self.inline.truncate(INLINE_POLICIES_MAX - 1);
            let session = Session::open(&self.engine, text.to_owned(), Format::Json);
            (text.to_owned(), session.map_err(|error| error.to_string()))
        });
        self.inline.push_front(entry);
        match self.inline.front_mut() {
            Some((_, Ok(session))) => Ok(session),
            Some((_, Err(error))) => Err(error.clone()),
            None => Err("no policy".to_owned()),
        }
    }
}
