//! The page in events and effects, without a terminal and without a daemon.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use reqwest::StatusCode;

use super::*;
use crate::cli::approvals::question::Status;
use crate::cli::approvals::question::tests::{NOW, question};

const FIRST: &str = "apr_1";
const SECOND: &str = "apr_2";

/// A page with questions on it, the first of which is looked at.
fn page(ids: &[&str]) -> Model {
    let mut model = Model::new("http://127.0.0.1:3100", (100, 30), NOW.parse().unwrap());
    list(&mut model, ids);
    model
}

fn list(model: &mut Model, ids: &[&str]) -> Vec<Effect> {
    let questions = ids.iter().map(|id| question(id, "deploy")).collect();
    update(model, Event::Listed { tab: Tab::Open, questions, at: None })
}

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn types(model: &mut Model, text: &str) -> Vec<Effect> {
    text.chars().flat_map(|c| press(model, KeyCode::Char(c))).collect()
}

/// Lets time pass, of which the page knows from its ticks only.
fn wait(model: &mut Model, seconds: u64) -> Vec<Effect> {
    let elapsed = model.elapsed + Duration::from_secs(seconds);
    let start: Timestamp = NOW.parse().unwrap();
    let now = start + jiff::SignedDuration::try_from(elapsed).unwrap();
    update(model, Event::Tick { now, elapsed })
}

fn sends(id: &str, word: Word, note: Option<&str>) -> Effect {
    Effect::Send { id: id.to_owned(), word, note: note.map(str::to_owned) }
}

fn refusal(code: &str, status: StatusCode) -> Failure {
    Failure::Refused { status, code: code.to_owned(), why: "you sent this call".to_owned() }
}

fn silence() -> Failure {
    Failure::Slow { server: "http://127.0.0.1:3100".to_owned() }
}

fn said(model: &Model) -> String {
    model.notice().map(|notice| notice.text.clone()).unwrap_or_default()
}

#[test]
fn an_answer_needs_two_keys() {
    for (key, word) in [('y', Word::Approve), ('n', Word::Deny)] {
        let mut model = page(&[FIRST]);
        assert_eq!(types(&mut model, &key.to_string()), []);
        assert_eq!(model.mode, Mode::Confirm { id: FIRST.to_owned(), word });
        assert_eq!(press(&mut model, KeyCode::Enter), [sends(FIRST, word, None)]);
        assert_eq!(model.mode, Mode::Browse);
    }
}

#[test]
fn escape_and_every_other_key_send_nothing() {
    for key in [
        KeyCode::Esc,
        KeyCode::Char('y'),
        KeyCode::Char('n'),
        KeyCode::Char(' '),
        KeyCode::Tab,
        KeyCode::Char('q'),
    ] {
        let mut model = page(&[FIRST]);
        types(&mut model, "y");
        let effects = press(&mut model, key);
        assert!(
            !effects.iter().any(|effect| matches!(effect, Effect::Send { .. } | Effect::Quit)),
            "{key:?}"
        );
        assert_eq!(model.mode == Mode::Browse, key == KeyCode::Esc, "{key:?}");
    }
}

#[test]
fn what_is_pasted_is_no_answer() {
    let mut model = page(&[FIRST]);
    assert_eq!(update(&mut model, Event::Paste("y\n".to_owned())), []);
    assert_eq!(model.mode, Mode::Browse);
    types(&mut model, "m");
    update(&mut model, Event::Paste("seen\nby me".to_owned()));
    assert_eq!(model.mode, Mode::Note { id: FIRST.to_owned(), text: "seen by me".to_owned(), then: None });
}

#[test]
fn a_note_goes_with_the_answer() {
    let mut model = page(&[FIRST]);
    types(&mut model, "ym");
    types(&mut model, "sean");
    press(&mut model, KeyCode::Backspace);
    press(&mut model, KeyCode::Backspace);
    types(&mut model, "en");
    press(&mut model, KeyCode::Enter);
    assert_eq!(model.mode, Mode::Confirm { id: FIRST.to_owned(), word: Word::Approve });
    assert_eq!(press(&mut model, KeyCode::Enter), [sends(FIRST, Word::Approve, Some("seen"))]);
}

#[test]
fn a_dropped_note_is_not_kept() {
    let mut model = page(&[FIRST]);
    types(&mut model, "mno");
    press(&mut model, KeyCode::Esc);
    types(&mut model, "n");
    assert_eq!(press(&mut model, KeyCode::Enter), [sends(FIRST, Word::Deny, None)]);
}

#[test]
fn an_answer_is_for_what_was_looked_at_when_the_list_moves() {
    let mut model = page(&[FIRST, SECOND]);
    press(&mut model, KeyCode::Down);
    types(&mut model, "y");
    // Another order, and a new one: nothing moves under the hand.
    list(&mut model, &["apr_0", SECOND, FIRST]);
    let order: Vec<_> = model.open.rows.iter().map(|row| row.question.id.as_str()).collect();
    assert_eq!(order, [FIRST, SECOND, "apr_0"]);
    assert_eq!(press(&mut model, KeyCode::Enter), [sends(SECOND, Word::Approve, None)]);
}

#[test]
fn what_others_settled_is_shown_and_goes_away() {
    let mut model = page(&[FIRST, SECOND]);
    types(&mut model, "y");
    let effects = list(&mut model, &[SECOND]);
    assert!(effects.contains(&Effect::Look(FIRST.to_owned())), "{effects:?}");
    assert_eq!(model.mode, Mode::Browse);
    assert!(said(&model).starts_with("nothing was sent"), "{}", said(&model));
    let denied = Question { status: Status::Denied, call: None, ..question(FIRST, "deploy") };
    update(&mut model, Event::Looked { id: FIRST.to_owned(), result: Ok(denied) });
    let row = model.selected().unwrap();
    assert_eq!((row.question.status, row.question.call.is_some()), (Status::Denied, true));
    types(&mut model, "y");
    assert_eq!(model.mode, Mode::Browse);
    assert!(said(&model).contains("it is denied"), "{}", said(&model));
    wait(&mut model, 6);
    assert_eq!(model.selected().unwrap().question.id, SECOND);
}

#[test]
fn nothing_is_approved_for_nothing() {
    let mut model = page(&[FIRST]);
    let replaced = Question { governs: Some(false), ..question(FIRST, "deploy") };
    update(&mut model, Event::Listed { tab: Tab::Open, questions: vec![replaced], at: None });
    types(&mut model, "y");
    assert_eq!(model.mode, Mode::Browse);
    assert!(said(&model).contains("worth nothing"), "{}", said(&model));
    types(&mut model, "n");
    assert_eq!(press(&mut model, KeyCode::Enter), [sends(FIRST, Word::Deny, None)]);
}

#[test]
fn time_ends_a_question_without_the_daemon() {
    let mut model = page(&[FIRST]);
    types(&mut model, "y");
    let effects = wait(&mut model, 43);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Send { .. })));
    assert_eq!(model.mode, Mode::Browse);
    assert!(said(&model).contains("expired"), "{}", said(&model));
    assert_eq!(press(&mut model, KeyCode::Enter), []);
}

#[test]
fn the_daemons_clock_counts() {
    let mut model = page(&[FIRST]);
    let at = "2030-01-01T00:00:50Z".parse().ok();
    update(&mut model, Event::Listed { tab: Tab::Open, questions: vec![question(FIRST, "deploy")], at });
    assert_eq!(model.selected().unwrap().question.standing(model.now), "0:10 left");
    wait(&mut model, 3);
    assert_eq!(model.selected().unwrap().question.standing(model.now), "0:07 left");
}

#[test]
fn an_error_stays_until_it_is_put_away() {
    let mut model = page(&[FIRST]);
    types(&mut model, "y");
    press(&mut model, KeyCode::Enter);
    let result = Err(refusal("forbidden", StatusCode::FORBIDDEN));
    update(&mut model, Event::Answered { id: FIRST.to_owned(), word: Word::Approve, result });
    wait(&mut model, 20);
    list(&mut model, &[FIRST]);
    assert!(said(&model).contains("you sent this call"), "{}", said(&model));
    press(&mut model, KeyCode::Esc);
    assert_eq!(said(&model), "");
    assert_eq!(model.notices.len(), 1, "it can be read again");
}

#[test]
fn one_answer_at_a_time() {
    let mut model = page(&[FIRST, SECOND]);
    types(&mut model, "y");
    press(&mut model, KeyCode::Enter);
    types(&mut model, "y");
    assert_eq!(model.mode, Mode::Browse);
    press(&mut model, KeyCode::Down);
    types(&mut model, "y");
    assert_eq!(press(&mut model, KeyCode::Enter), []);
    assert!(said(&model).contains("on its way"), "{}", said(&model));
}

#[test]
fn a_silent_daemon_is_asked_again_and_gets_no_answers() {
    let mut model = page(&[FIRST]);
    assert!(wait(&mut model, 2).contains(&Effect::List(Tab::Open)));
    update(&mut model, Event::NotListed { tab: Tab::Open, failure: silence() });
    assert!(matches!(model.link, Link::Down { attempts: 1, .. }));
    assert_eq!(model.open.rows.len(), 1, "the list stays");
    types(&mut model, "y");
    assert_eq!(press(&mut model, KeyCode::Enter), []);
    assert!(said(&model).contains("nothing was sent"), "{}", said(&model));
    assert_eq!(wait(&mut model, 1), []);
    assert_eq!(wait(&mut model, 2), [Effect::List(Tab::Open)]);
    list(&mut model, &[FIRST]);
    assert_eq!(model.link, Link::Up);
}

#[test]
fn a_list_is_asked_for_once_at_a_time() {
    let mut model = page(&[]);
    assert_eq!(wait(&mut model, 2), [Effect::List(Tab::Open)]);
    assert_eq!(wait(&mut model, 5), []);
    list(&mut model, &[]);
    assert_eq!(wait(&mut model, 0), []);
    assert_eq!(wait(&mut model, 1), [Effect::List(Tab::Open)]);
}

#[test]
fn the_history_is_asked_for_when_it_is_shown() {
    let mut model = page(&[FIRST]);
    assert_eq!(press(&mut model, KeyCode::Tab), [Effect::List(Tab::History)]);
    let old = Question { status: Status::Used, ..question("apr_0", "deploy") };
    update(&mut model, Event::Listed { tab: Tab::History, questions: vec![old], at: None });
    assert_eq!(model.selected().unwrap().question.id, "apr_0");
    types(&mut model, "n");
    assert_eq!(model.mode, Mode::Browse);
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.selected().unwrap().question.id, FIRST);
}

#[test]
fn leaving_answers_nothing() {
    for key in [KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL), KeyEvent::from(KeyCode::Char('q'))]
    {
        let mut model = page(&[FIRST]);
        assert_eq!(update(&mut model, Event::Key(key)), [Effect::Quit]);
    }
    let mut model = page(&[FIRST]);
    types(&mut model, "y");
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(update(&mut model, Event::Key(interrupt)), [Effect::Quit]);
    assert_eq!(update(&mut model, Event::KeyboardLost), [Effect::Quit]);
}

#[test]
fn scrolling_ends_with_the_question() {
    let mut model = page(&[FIRST]);
    update(&mut model, Event::Resize(60, 14));
    for _ in 0..100 {
        press(&mut model, KeyCode::PageDown);
    }
    let end = model.scroll;
    assert!(end > 0);
    press(&mut model, KeyCode::Right);
    assert_eq!(model.scroll, end);
    press(&mut model, KeyCode::Char('g'));
    assert_eq!(model.scroll, 0);
}
