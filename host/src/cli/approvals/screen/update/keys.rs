//! What each key means in each mode.

#![expect(clippy::wildcard_enum_match_arm, reason = "every other key means nothing, and keyboards grow keys")]

use std::mem;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::super::super::answer::Word;
use super::super::details;
use super::super::model::{Link, Mode, Model, Tab};
use super::{Effect, settled};
use crate::cli::page::Tone;

/// Letters of a note.
const NOTE_CHARS_MAX: usize = 500;

pub(super) fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    if is_control && key.code == KeyCode::Char('c') {
        return vec![Effect::Quit];
    }
    if key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
        return Vec::new();
    }
    match mem::replace(&mut model.mode, Mode::Browse) {
        Mode::Browse if is_control => control(model, key.code),
        Mode::Browse => return browse(model, key.code),
        Mode::Confirm { id, word } => return confirm(model, id, word, key.code),
        Mode::Note { id, text, then } => write(model, id, text, then, key.code, is_control),
        // Any key closes them.
        Mode::Help | Mode::Notices => {}
    }
    Vec::new()
}

/// Pasted text is for notes. Anywhere else its letters would be keys.
pub(super) fn paste(model: &mut Model, pasted: &str) {
    if let Mode::Note { text, .. } = &mut model.mode {
        let room = NOTE_CHARS_MAX.saturating_sub(text.chars().count());
        text.extend(pasted.chars().map(|c| if c.is_control() { ' ' } else { c }).take(room));
    }
}

fn browse(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    match code {
        KeyCode::Char('q') => return vec![Effect::Quit],
        KeyCode::Up | KeyCode::Char('k') => step(model, -1),
        KeyCode::Down | KeyCode::Char('j') => step(model, 1),
        KeyCode::PageDown | KeyCode::Char(' ') => scroll(model, details::page(model)),
        KeyCode::PageUp => scroll(model, -details::page(model)),
        KeyCode::Right | KeyCode::Char('l') => scroll(model, 1),
        KeyCode::Left | KeyCode::Char('h') => scroll(model, -1),
        KeyCode::Home | KeyCode::Char('g') => model.scroll = 0,
        KeyCode::End | KeyCode::Char('G') => scroll(model, isize::MAX),
        KeyCode::Tab | KeyCode::BackTab => return switch(model),
        KeyCode::Char('y') => ask(model, Word::Approve),
        KeyCode::Char('n') => ask(model, Word::Deny),
        KeyCode::Char('m') => note(model),
        KeyCode::Char('r') => return refresh(model),
        KeyCode::Char('e') => model.mode = Mode::Notices,
        KeyCode::Char('?') | KeyCode::F(1) => model.mode = Mode::Help,
        KeyCode::Esc => model.is_read = true,
        _ => {}
    }
    Vec::new()
}

fn control(model: &mut Model, code: KeyCode) {
    match code {
        KeyCode::Char('d' | 'f') => scroll(model, details::page(model)),
        KeyCode::Char('u' | 'b') => scroll(model, -details::page(model)),
        _ => {}
    }
}

fn step(model: &mut Model, by: isize) {
    let tab = model.tab;
    if model.listing_of(tab).step(by) {
        model.scroll = 0;
    }
}

fn scroll(model: &mut Model, by: isize) {
    model.scroll = model.scroll.saturating_add_signed(by).min(details::scroll_max(model));
}

fn switch(model: &mut Model) -> Vec<Effect> {
    model.tab = match model.tab {
        Tab::Open => Tab::History,
        Tab::History => Tab::Open,
    };
    model.scroll = 0;
    refresh(model)
}

fn refresh(model: &mut Model) -> Vec<Effect> {
    let tab = model.tab;
    model.looked = None;
    let listing = model.listing_of(tab);
    if listing.is_loading {
        return Vec::new();
    }
    listing.is_loading = true;
    vec![Effect::List(tab)]
}

/// The question that can be answered, or a word why there is none.
fn answerable(model: &Model) -> Result<String, String> {
    let Some(row) = model.selected() else { return Err("there is no question to answer".to_owned()) };
    if row.gone.is_some() || !row.question.is_open(model.now) {
        return Err(format!("this question cannot be answered: it is {}", settled(row, model.now)));
    }
    match &model.sending {
        Some((id, _)) if *id == row.question.id => Err("your answer is on its way".to_owned()),
        Some(_) | None => Ok(row.question.id.clone()),
    }
}

/// Asks once more before an answer is sent.
fn ask(model: &mut Model, word: Word) {
    let is_replaced = model.selected().is_some_and(|row| row.question.is_replaced());
    match answerable(model) {
        Ok(_) if is_replaced && word == Word::Approve => {
            model.say(Tone::Caution, "another policy governs by now: a yes is worth nothing");
        }
        Ok(id) => model.mode = Mode::Confirm { id, word },
        Err(why) => model.say(Tone::Caution, why),
    }
}

fn note(model: &mut Model) {
    match answerable(model) {
        Ok(id) => {
            let text = model.notes.get(&id).cloned().unwrap_or_default();
            model.mode = Mode::Note { id, text, then: None };
        }
        Err(why) => model.say(Tone::Caution, why),
    }
}

fn confirm(model: &mut Model, id: String, word: Word, code: KeyCode) -> Vec<Effect> {
    match code {
        KeyCode::Enter if matches!(model.link, Link::Down { .. }) => {
            model.say(Tone::Bad, "the daemon does not answer: nothing was sent");
        }
        KeyCode::Enter if model.sending.is_some() => {
            model.say(Tone::Bad, "another answer is on its way: nothing was sent");
        }
        KeyCode::Enter => {
            let note = model.notes.get(&id).filter(|note| !note.trim().is_empty()).cloned();
            model.sending = Some((id.clone(), word));
            return vec![Effect::Send { id, word, note }];
        }
        KeyCode::Esc => {}
        KeyCode::Char('m') => {
            let text = model.notes.get(&id).cloned().unwrap_or_default();
            model.mode = Mode::Note { id, text, then: Some(word) };
        }
        // One may want to read on before deciding.
        other => {
            match other {
                KeyCode::PageDown | KeyCode::Char(' ') => scroll(model, details::page(model)),
                KeyCode::PageUp => scroll(model, -details::page(model)),
                KeyCode::Down | KeyCode::Right | KeyCode::Char('j' | 'l') => scroll(model, 1),
                KeyCode::Up | KeyCode::Left | KeyCode::Char('k' | 'h') => scroll(model, -1),
                _ => {}
            }
            model.mode = Mode::Confirm { id, word };
        }
    }
    Vec::new()
}

fn write(
    model: &mut Model,
    id: String,
    mut text: String,
    then: Option<Word>,
    code: KeyCode,
    is_control: bool,
) {
    let back = |id| then.map_or(Mode::Browse, |word| Mode::Confirm { id, word });
    match code {
        KeyCode::Enter => {
            model.notes.insert(id.clone(), text);
            model.mode = back(id);
            return;
        }
        KeyCode::Esc => {
            model.mode = back(id);
            return;
        }
        KeyCode::Backspace => drop(text.pop()),
        KeyCode::Char('u') if is_control => text.clear(),
        KeyCode::Char(c) if !is_control && text.chars().count() < NOTE_CHARS_MAX => text.push(c),
        _ => {}
    }
    model.mode = Mode::Note { id, text, then };
}
