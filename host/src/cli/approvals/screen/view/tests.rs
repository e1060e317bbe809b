//! The page as it is seen: ordinary, hostile, long, many, tiny.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use serde_json::value::RawValue;

use super::super::update::{Event, update};
use super::*;
use crate::cli::approvals::client::Failure;
use crate::cli::approvals::question::tests::{NOW, question};
use crate::cli::approvals::question::{Meter, Question, Recent, Surroundings};

const PLAIN: Theme = Theme { color: false };

fn page(size: (u16, u16), questions: Vec<Question>) -> Model {
    let mut model = Model::new("http://127.0.0.1:3100", size, NOW.parse().unwrap());
    update(&mut model, Event::Listed { tab: Tab::Open, questions, at: None });
    model
}

fn press(model: &mut Model, keys: &[KeyCode]) {
    for key in keys {
        update(model, Event::Key(KeyEvent::from(*key)));
    }
}

/// What a person sees, without spaces at the ends of lines.
fn seen(model: &Model) -> String {
    let mut terminal = Terminal::new(TestBackend::new(model.size.0, model.size.1)).unwrap();
    terminal.draw(|frame| draw(frame, model, PLAIN)).unwrap();
    let buffer = terminal.backend().buffer();
    let lines = buffer.content().chunks(usize::from(buffer.area.width)).map(|row| {
        let mut line = String::new();
        let mut cells = row.iter();
        while let Some(cell) = cells.next() {
            line.push_str(cell.symbol());
            // A wide letter covers the cells after it.
            for _ in 1..Span::raw(cell.symbol()).width() {
                cells.next();
            }
        }
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn with_call(call: &str) -> Question {
    Question { call: Some(RawValue::from_string(call.to_owned()).unwrap()), ..question("apr_1", "deploy") }
}

fn surroundings() -> Surroundings {
    Surroundings {
        meters: vec![Meter {
            meter: "shop".to_owned(),
            unit: "usd".to_owned(),
            used: "24.500000".to_owned(),
            amount: "12.500000".to_owned(),
            limit: Some("100.000000".to_owned()),
            left: Some("75.500000".to_owned()),
        }],
        recent: vec![Recent {
            verdict_id: "main-6".to_owned(),
            tool_name: "search".to_owned(),
            decision: "allow".to_owned(),
            at: "2029-12-31T23:59:58Z".to_owned(),
        }],
        tool: None,
    }
}

#[test]
fn an_ordinary_question() {
    let mut model = page((80, 24), vec![question("apr_1", "deploy"), question("apr_2", "refund")]);
    let result = Ok(Question { context: Some(surroundings()), ..question("apr_1", "deploy") });
    update(&mut model, Event::Looked { id: "apr_1".to_owned(), result });
    insta::assert_snapshot!(seen(&model), @r#"
    [open 2] history   http://127.0.0.1:3100
    > deploy  buyer                                                $12.50  0:42 left
      refund  buyer                                                $12.50  0:42 left
    ────────────────────────────────────────────────────────────────────────────────
    buyer wants to run `deploy`
    $12.50  0:42 left  0 of 2 yes
    why      The policy asks a person about `deploy`.
    meter    shop: this call takes $12.50; left $75.50 of $100.00
    the exact call
    {
      "agentId": "buyer",
      "toolInput": {
        "to": "production"
      },
      "toolName": "deploy"
    }
    rule     approval-required
    asked by ci
    before   2029-12-31T23:59:58Z allow search main-6
    asked    2030-01-01T00:00:00Z
    ends     2030-01-01T00:01:00Z
    id       apr_1
    ── 0 lines above, 3 below: PgUp PgDn ───────────────────────────────────────────
    y approve  n deny  m note  ↑↓ question  PgDn more  Tab history  ? help  q quit
    "#);
}

#[test]
fn a_wide_terminal_has_the_list_beside_the_question() {
    let mut model = page((110, 16), vec![question("apr_1", "deploy"), question("apr_2", "refund")]);
    press(&mut model, &[KeyCode::Down, KeyCode::Char('y')]);
    insta::assert_snapshot!(seen(&model), @r#"
    [open 2] history   http://127.0.0.1:3100
      deploy  buyer        $12.50  0:42 left│buyer wants to run `refund`
    > refund  buyer        $12.50  0:42 left│$12.50  0:42 left  0 of 2 yes
                                            │why      The policy asks a person about `deploy`.
                                            │the exact call
                                            │{
                                            │  "agentId": "buyer",
                                            │  "toolInput": {
                                            │    "to": "production"
                                            │  },
                                            │  "toolName": "refund"
                                            │── 0 lines above, 9 below: PgUp PgDn ────────────────────────────────
    Approve $12.50 `refund` for buyer?
    9 lines not seen below: PgDn; no note
    0:42  Enter sends  Esc cancels  m note
    "#);
}

#[test]
fn hostile_text_shows_what_it_is() {
    let tool = "deploy\u{202e}evil\u{200b}\u{1b}[2J\r\n0:99 left";
    let call = "{\"toolName\":\"x\",\"toolInput\":{\"sh\u{202e}\":\"rm\u{a0}-rf \\u0007\u{ad}/\u{e0041}\",\"漢字\":1E+2}}";
    let own = Question {
        agent_id: "bu\u{301}yer\u{9b}31m".to_owned(),
        reason: "\u{2066}fine\u{2069}".to_owned(),
        tool_name: tool.to_owned(),
        ..with_call(call)
    };
    let model = page((80, 24), vec![own]);
    let seen = seen(&model);
    let is_visible = |c: char| c == '\n' || c == ' ' || !(c.is_control() || c.is_whitespace());
    assert!(seen.chars().all(is_visible), "{seen:?}");
    for code in [
        "\\u{202e}",
        "\\u{200b}",
        "\\u{1b}",
        "\\u{a0}",
        "\\u{ad}",
        "\\u{e0041}",
        "\\u{301}",
        "\\u{9b}",
        "\\u{2066}",
        "\\u{d}",
    ] {
        assert!(seen.contains(code), "{code} in {seen}");
    }
    insta::assert_snapshot!(seen, @r#"
    [open 1] history   http://127.0.0.1:3100
    > deploy\u{202e}evil\u{200b}\u{1b}[2J\u{d}\u{a}0:99 left  bu…  $12.50  0:42 left
    ────────────────────────────────────────────────────────────────────────────────
    bu\u{301}yer\u{9b}31m wants to run `deploy\u{202e}evil\u{200b}\u{1b}[2J\u{d}
    ↳ \u{a}0:99 left`
    $12.50  0:42 left  0 of 2 yes
    why      \u{2066}fine\u{2069}
    the exact call
    {
      "toolName": "x",
      "toolInput": {
        "sh\u{202e}": "rm\u{a0}-rf \u0007\u{ad}/\u{e0041}",
        "漢字": 1E+2
      }
    }
    rule     approval-required
    asked by ci
    asked    2030-01-01T00:00:00Z
    ends     2030-01-01T00:01:00Z
    id       apr_1
    verdict  main-7
    call     sha256:ca11
    ── 0 lines above, 1 below: PgUp PgDn ───────────────────────────────────────────
    y approve  n deny  m note  ↑↓ question  PgDn more  Tab history  ? help  q quit
    "#);
}

#[test]
fn long_text_goes_on_and_says_so() {
    let call = format!("{{\"toolInput\":{{\"command\":\"{}END\"}}}}", "x".repeat(900));
    let mut model = page((60, 16), vec![with_call(&call)]);
    insta::assert_snapshot!(seen(&model), @r#"
    [open 1] history   http://127.0.0.1:3100
    > deploy  buyer                            $12.50  0:42 left
    ────────────────────────────────────────────────────────────
    buyer wants to run `deploy`
    $12.50  0:42 left  0 of 2 yes
    why      The policy asks a person about `deploy`.
    the exact call
    {
      "toolInput": {
        "command": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        ↳ xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        ↳ xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        ↳ xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        ↳ xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    ── 0 lines above, 22 below: PgUp PgDn ──────────────────────
    y approve  n deny  m note  ? help  q
    "#);
    press(&mut model, &[KeyCode::Char('y')]);
    let asked = seen(&model);
    assert!(asked.contains("lines not seen below: PgDn; no note"), "{asked}");
    press(&mut model, &[KeyCode::Esc]);
    // Every letter of it is on one of the pages.
    let mut letters = String::new();
    for _ in 0..40 {
        letters.push_str(&seen(&model));
        press(&mut model, &[KeyCode::Right]);
    }
    assert!(letters.contains("END"), "{letters}");
    press(&mut model, &[KeyCode::Char('G')]);
    assert!(seen(&model).contains(" 0 below"), "{}", seen(&model));
}

#[test]
fn a_name_without_an_end_says_how_much_is_missing() {
    let model = page((40, 12), vec![question("apr_1", &"deploy".repeat(60))]);
    insta::assert_snapshot!(seen(&model), @r#"
    [open 1] history   http://127.0.0.1:3100
    > deploydeploydeployd… $12.50  0:42 left
    ────────────────────────────────────────
    buyer wants to run `deploydeploydeployde
    ↳ ploydeploydeploydeploydeploydeploydepl
    ↳ oydeploydeploydeploydeploydeploydeploy
    … 7 more lines of this name below
    $12.50  0:42 left  0 of 2 yes
    why      The policy asks a person about
             ↳ `deploy`.
    ── 0 lines above, 40 below: PgUp PgDn ──
    y approve  n deny  m note  ? help  q
    "#);
}

#[test]
fn of_many_questions_the_one_that_is_looked_at_is_shown() {
    let questions =
        (1..=40).map(|number| question(&format!("apr_{number}"), &format!("tool{number}"))).collect();
    let mut model = page((80, 14), questions);
    press(&mut model, &[KeyCode::Down; 30]);
    let seen = seen(&model);
    assert!(seen.contains("> tool31"), "{seen}");
    assert!(seen.contains("─ 31 of 40 ─"), "{seen}");
    assert!(seen.contains("buyer wants to run `tool31`"), "{seen}");
}

#[test]
fn tiny_terminals_say_so_and_nothing_breaks_at_any_size() {
    insta::assert_snapshot!(seen(&page((39, 10), vec![question("apr_1", "deploy")])), @r#"
    39x10 is too small: 40x10 is needed
    "#);
    let call = "{\"toolInput\":{\"a\":{\"b\":{\"c\":{\"d\":\"漢字漢字漢字\u{202e}漢字漢字漢字\"}}}}}";
    for width in 1..=120 {
        for height in [1, 2, 9, 10, 11, 13, 30] {
            let mut model = page((width, height), vec![with_call(call), question("apr_2", "deploy")]);
            for key in ['y', 'm', 'x'] {
                press(&mut model, &[KeyCode::Char(key)]);
                seen(&model);
            }
            let failure = Failure::Slow { server: "http://127.0.0.1:3100".to_owned() };
            update(&mut model, Event::NotListed { tab: Tab::Open, failure });
            for key in [KeyCode::Esc, KeyCode::Esc, KeyCode::Char('?')] {
                press(&mut model, &[key]);
                seen(&model);
            }
        }
    }
}

#[test]
fn the_smallest_terminal_shows_question_amount_and_time() {
    let mut model = page((40, 10), vec![question("apr_1", "deploy")]);
    insta::assert_snapshot!(seen(&model), @r#"
    [open 1] history   http://127.0.0.1:3100
    > deploy  buyer        $12.50  0:42 left
    ────────────────────────────────────────
    buyer wants to run `deploy`
    $12.50  0:42 left  0 of 2 yes
    why      The policy asks a person about
             ↳ `deploy`.
    the exact call
    ── 0 lines above, 15 below: PgUp PgDn ──
    y approve  n deny  m note  ? help  q
    "#);
    press(&mut model, &[KeyCode::Char('n')]);
    insta::assert_snapshot!(seen(&model), @r#"
    [open 1] history   http://127.0.0.1:3100
    > deploy  buyer        $12.50  0:42 left
    ────────────────────────────────────────
    buyer wants to run `deploy`
    $12.50  0:42 left  0 of 2 yes
    ── 0 lines above, 18 below: PgUp PgDn ──
    Deny $12.50 `deploy` for buyer?
    18 lines not seen below: PgDn; no note
    0:42  Enter sends  Esc cancels  m note
    "#);
}

#[test]
fn a_silent_daemon_is_on_a_banner_and_the_list_is_faint() {
    let mut model = page((80, 12), vec![question("apr_1", "deploy")]);
    let failure = Failure::Slow { server: "http://127.0.0.1:3100".to_owned() };
    update(&mut model, Event::NotListed { tab: Tab::Open, failure });
    let shown = seen(&model);
    assert!(shown.contains("no answer, trying again: `http://127.0.0.1:3100` did not answer"), "{shown}");
    let mut terminal = Terminal::new(TestBackend::new(80, 12)).unwrap();
    terminal.draw(|frame| draw(frame, &model, Theme { color: true })).unwrap();
    let row: Vec<_> = terminal.backend().buffer().content().chunks(80).nth(2).unwrap().to_vec();
    assert_eq!(row.get(2).map(ratatui::buffer::Cell::symbol), Some("d"));
    assert!(row.get(2).unwrap().modifier.contains(Modifier::DIM));
}

#[test]
fn without_colours_there_are_none() {
    let model = page((80, 24), vec![with_call("{\"a\":\"\u{202e}\"}")]);
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    terminal.draw(|frame| draw(frame, &model, PLAIN)).unwrap();
    let is_plain = |cell: &ratatui::buffer::Cell| cell.fg == Color::Reset && cell.bg == Color::Reset;
    assert!(terminal.backend().buffer().content().iter().all(is_plain));
}

#[test]
fn an_empty_page_says_that_nobody_waits() {
    insta::assert_snapshot!(seen(&page((60, 10), Vec::new())), @r#"
    [open 0] history   http://127.0.0.1:3100
    nothing is open: nobody waits for you
    ────────────────────────────────────────────────────────────






    y approve  n deny  m note  ? help  q
    "#);
}
