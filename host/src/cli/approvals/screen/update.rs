//! The one place where the page changes: an event comes in, effects come out. Pure.
//!
//! An answer is for the question that was on the page when the key was pressed, by id: lists move.
//! It is sent by Enter only, never twice at once, and not while the daemon is silent.

mod keys;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use ratatui::crossterm::event::KeyEvent;

use super::super::answer::{Word, outcome};
use super::super::client::Failure;
use super::super::question::Question;
use super::super::text;
use super::model::{GONE_STAYS, Link, Listing, Mode, Model, Row, Tab};
use crate::cli::page::Tone;

/// Time between two looks at open questions.
const OPEN_EVERY: Duration = Duration::from_secs(1);
/// Time between two looks at the history.
const HISTORY_EVERY: Duration = Duration::from_secs(5);
/// Time between two looks at one question and its meters.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Longest wait for a daemon that does not answer.
const RETRY_MAX: Duration = Duration::from_secs(5);

/// What happened.
pub(super) enum Event {
    Key(KeyEvent),
    Paste(String),
    Resize(u16, u16),
    /// Time went by: the time here, and since the start.
    Tick {
        now: Timestamp,
        elapsed: Duration,
    },
    Listed {
        tab: Tab,
        questions: Vec<Question>,
        at: Option<Timestamp>,
    },
    NotListed {
        tab: Tab,
        failure: Failure,
    },
    Looked {
        id: String,
        result: Result<Question, Failure>,
    },
    Answered {
        id: String,
        word: Word,
        result: Result<Question, Failure>,
    },
    KeyboardLost,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    List(Tab),
    Look(String),
    Send { id: String, word: Word, note: Option<String> },
    Quit,
}

pub(super) fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    let mut effects = match event {
        Event::Key(key) => keys::press(model, key),
        Event::Paste(text) => {
            keys::paste(model, &text);
            Vec::new()
        }
        Event::Resize(width, height) => {
            model.size = (width, height);
            Vec::new()
        }
        Event::Tick { now, elapsed } => tick(model, now, elapsed),
        Event::Listed { tab, questions, at } => listed(model, tab, questions, at),
        Event::NotListed { tab, failure } => {
            not_listed(model, tab, &failure);
            Vec::new()
        }
        Event::Looked { id, result } => {
            looked(model, &id, result);
            Vec::new()
        }
        Event::Answered { id, word, result } => answered(model, &id, word, result),
        Event::KeyboardLost => vec![Effect::Quit],
    };
    close_what_is_over(model);
    effects.extend(look(model));
    effects
}

fn tick(model: &mut Model, now: Timestamp, elapsed: Duration) -> Vec<Effect> {
    model.now = now.saturating_add(model.skew).unwrap_or(now);
    model.elapsed = elapsed;
    let is_past = |row: &Row| row.gone.is_some_and(|since| elapsed >= since + GONE_STAYS);
    if model.open.rows.iter().any(is_past) {
        let (at, before) = (model.open.position(), model.open.selected.clone());
        model.open.rows.retain(|row| !is_past(row));
        settle(&mut model.open, at);
        if model.tab == Tab::Open && model.open.selected != before {
            model.scroll = 0;
        }
    }
    let due = |listing: &mut Listing| {
        let is_due = !listing.is_loading && elapsed >= listing.due;
        listing.is_loading |= is_due;
        is_due
    };
    let mut effects = Vec::new();
    if due(&mut model.open) {
        effects.push(Effect::List(Tab::Open));
    }
    if model.tab == Tab::History && due(&mut model.history) {
        effects.push(Effect::List(Tab::History));
    }
    effects
}

/// Looks at the row that is now where the one before was.
fn settle(listing: &mut Listing, at: Option<usize>) {
    if listing.position().is_none() {
        let at = at.unwrap_or_default().min(listing.rows.len().saturating_sub(1));
        listing.selected = listing.rows.get(at).map(|row| row.question.id.clone());
    }
}

fn listed(model: &mut Model, tab: Tab, questions: Vec<Question>, at: Option<Timestamp>) -> Vec<Effect> {
    model.set_clock(at);
    if matches!(model.link, Link::Down { .. }) {
        model.link = Link::Up;
        model.say(Tone::Good, "the daemon answers again");
    }
    let elapsed = model.elapsed;
    let listing = model.listing_of(tab);
    let position = listing.position();
    listing.is_loaded = true;
    listing.is_loading = false;
    let effects = match tab {
        Tab::Open => {
            listing.due = elapsed + OPEN_EVERY;
            merge(listing, questions, elapsed)
        }
        Tab::History => {
            listing.due = elapsed + HISTORY_EVERY;
            listing.rows = questions.into_iter().map(|question| Row { question, gone: None }).collect();
            Vec::new()
        }
    };
    settle(listing, position);
    effects
}

/// New questions go to the end, so that no row moves under somebody's hand. Those that are not open
/// any more stay for a moment.
fn merge(listing: &mut Listing, questions: Vec<Question>, elapsed: Duration) -> Vec<Effect> {
    let mut effects = Vec::new();
    let mut new: Vec<Option<Question>> = questions.into_iter().map(Some).collect();
    for row in &mut listing.rows {
        let same = new.iter_mut().find(|own| own.as_ref().is_some_and(|own| own.id == row.question.id));
        if let Some(question) = same.and_then(Option::take) {
            *row = Row { question, gone: None };
        } else if row.gone.is_none() {
            row.gone = Some(elapsed);
            effects.push(Effect::Look(row.question.id.clone()));
        }
    }
    listing.rows.extend(new.into_iter().flatten().map(|question| Row { question, gone: None }));
    effects
}

fn not_listed(model: &mut Model, tab: Tab, failure: &Failure) {
    let attempts = match &model.link {
        Link::Up => 1,
        Link::Down { attempts, .. } => attempts.saturating_add(1),
    };
    let wait = Duration::from_secs(1 << attempts.min(3)).min(RETRY_MAX);
    let elapsed = model.elapsed;
    let listing = model.listing_of(tab);
    listing.is_loading = false;
    listing.due = elapsed + wait;
    model.link = Link::Down { why: failure.to_string(), attempts };
}

fn looked(model: &mut Model, id: &str, result: Result<Question, Failure>) {
    match result {
        Ok(mut question) => {
            if let Some(context) = question.context.take()
                && model.selected().is_some_and(|row| row.question.id == id)
            {
                model.context = Some((id.to_owned(), context));
            }
            for listing in [&mut model.open, &mut model.history] {
                if let Some(row) = listing.find(id) {
                    // What is over has no call any more: the one that was read stays.
                    let call = question.call.clone().or_else(|| row.question.call.take());
                    row.question = Question { call, ..question.clone() };
                }
            }
        }
        Err(failure) if failure.is_unknown() => {}
        // The next list says the same, and more about it.
        Err(failure) if failure.is_passing() => {}
        Err(failure) => model.say(Tone::Bad, failure.to_string()),
    }
}

fn answered(model: &mut Model, id: &str, word: Word, result: Result<Question, Failure>) -> Vec<Effect> {
    model.sending = None;
    match result {
        Ok(question) => {
            let (tone, line) = outcome(&question);
            model.notes.remove(id);
            looked(model, id, Ok(question));
            // A denial that was wanted is good news: it need not be put away.
            model.say(if matches!(tone, Tone::Bad) { Tone::Caution } else { tone }, line);
        }
        Err(failure) => {
            let name = model.open.find(id).map_or_else(String::new, |row| {
                format!(
                    " {} for {}",
                    text::line(&row.question.tool_name, 40),
                    text::line(&row.question.agent_id, 40)
                )
            });
            model.say(Tone::Bad, format!("not sent or not taken ({}{name}): {failure}", word.route()));
        }
    }
    model.open.is_loading = true;
    vec![Effect::List(Tab::Open)]
}

/// Nobody confirms what cannot be answered any more.
fn close_what_is_over(model: &mut Model) {
    let (id, is_confirm) = match &model.mode {
        Mode::Confirm { id, .. } => (id.clone(), true),
        Mode::Note { id, .. } => (id.clone(), false),
        Mode::Browse | Mode::Help | Mode::Notices => return,
    };
    let now = model.now;
    let row = model.open.find(&id);
    if row.as_ref().is_some_and(|row| row.gone.is_none() && row.question.is_open(now)) {
        return;
    }
    let how = row.map_or_else(|| "gone".to_owned(), |row| settled(row, now));
    model.mode = Mode::Browse;
    let what = if is_confirm { "nothing was sent" } else { "the note was not sent" };
    model.say(Tone::Bad, format!("{what}: the question is {how}"));
}

/// What to say of a question that cannot be answered any more.
fn settled(row: &Row, now: Timestamp) -> String {
    if row.gone.is_some() && row.question.is_open(now) {
        "settled".to_owned()
    } else {
        text::line(&row.question.standing(now), 80)
    }
}

/// Asks for what is known beside the call that is looked at.
fn look(model: &mut Model) -> Option<Effect> {
    let row = model.selected()?;
    let (id, is_live) = (row.question.id.clone(), row.gone.is_none() && model.tab == Tab::Open);
    let is_known = model
        .looked
        .as_ref()
        .is_some_and(|(own, since)| *own == id && (!is_live || model.elapsed < *since + LOOK_EVERY));
    if is_known || matches!(model.link, Link::Down { .. }) {
        return None;
    }
    model.looked = Some((id.clone(), model.elapsed));
    Some(Effect::Look(id))
}
