//! What is usual for an agent, and what is not: the ladder of scores step by step, and what learns.

use crate::world::{DAY, HOUR, MINUTE, NOON, World, amount, call, score};
use sentinel_engine::{EffectOutcome, Layer, Outcome, decide_bytes};

/// Everything that scores asks a person, so that the score can be seen.
const SHOWN: &str = r#""anomaly":{"escalateAt":0.01,"blockAt":10}"#;
const DEFAULT: &str = r#""anomaly":{}"#;
/// Mean 100, deviation 1, without any rounding.
const EXACT: &[&str] = &["100", "99", "101", "99", "101"];

fn signal(word: &str) -> String {
    format!(r#""anomaly":{{"escalateAt":0.01,"blockAt":10,"signals":["{word}"]}}"#)
}

#[test]
fn an_outlier_is_denied_however_often_it_is_tried() {
    let mut world = World::new(DEFAULT);
    world.amounts(&["50", "60", "70", "80", "90"]);
    let before = world.baselines.clone();
    for _ in 0..12 {
        let verdict = world.run(&amount("5000"));
        assert_eq!((verdict.decision, &*verdict.code), (Outcome::Deny, "anomaly-blocked"));
        assert_eq!(verdict.layer, Layer::Anomaly);
        assert_eq!(
            verdict.reason,
            "Argument `amount` is far from what it was in past calls: 10 of 10 (signal numbers)."
        );
        assert!(verdict.observations.is_empty());
        assert!(
            verdict
                .charges
                .iter()
                .zip(&world.answers(&decide_bytes(&world.policy, &amount("5000"))))
                .all(|(charge, answer)| !matches!(answer, EffectOutcome::Baseline(_)) || *charge == 0)
        );
    }
    assert_eq!(world.baselines, before);
    world.amounts(&["70"]);
}

#[test]
fn a_number_scores_by_how_many_deviations_it_is_off() {
    let mut world = World::new(SHOWN);
    world.amounts(EXACT);
    for (number, expect) in [
        ("100", ""),
        ("101.9", ""),
        ("102", ""),
        ("102.0001", "5"),
        ("103", "5"),
        ("103.0078125", "6.01"),
        ("103.25", "6.5"),
        ("103.5", "7"),
        ("104.5", "9"),
        ("104.703125", "9.4"),
        ("105", "10"),
        ("5000", "10"),
        ("98", ""),
        ("97", "5"),
        ("96.5", "7"),
        ("-5000", "10"),
        ("1e308", "10"),
        ("-1e999", "10"),
        ("1.03e2", "5"),
    ] {
        assert_eq!(score(&world.ask(&amount(number))), expect, "{number}");
    }
}

#[test]
fn thresholds_are_reached_at_their_number() {
    use Outcome::{Allow, Deny, Escalate};
    for (section, number, expect) in [
        (DEFAULT, "103.4921875", Allow),
        (DEFAULT, "103.5", Escalate),
        (DEFAULT, "104.4921875", Escalate),
        (DEFAULT, "104.5", Deny),
        (r#""anomaly":{"escalateAt":6.5,"blockAt":6.5}"#, "103.25", Deny),
        (r#""anomaly":{"escalateAt":6.51,"blockAt":10}"#, "103.25", Allow),
        (r#""anomaly":{"escalateAt":10,"blockAt":10}"#, "104.9921875", Allow),
        (r#""anomaly":{"escalateAt":10,"blockAt":10}"#, "105", Deny),
        (r#""anomaly":{"tools":["look"]}"#, "5000", Allow),
        (r#""anomaly":{"tools":["p*"]}"#, "5000", Deny),
        (r#""anomaly":{"signals":["hours","values","frequency"]}"#, "5000", Allow),
        (r#""anomaly":{"signals":[]}"#, "5000", Allow),
    ] {
        let mut world = World::new(section);
        world.amounts(EXACT);
        let verdict = world.ask(&amount(number));
        assert_eq!(verdict.decision, expect, "{section} {number}");
        let code = match expect {
            Allow => "tool-allowed",
            Escalate => "anomaly-unusual",
            Deny => "anomaly-blocked",
        };
        assert_eq!(verdict.code, code);
    }
}

#[test]
fn a_threshold_of_nought_acts_on_every_call() {
    let world = World::new(r#""anomaly":{"escalateAt":0}"#);
    assert_eq!(world.ask(&amount("1")).code, "anomaly-unusual");
    let world = World::new(r#""anomaly":{"escalateAt":0,"blockAt":0}"#);
    assert_eq!(world.ask(&amount("1")).code, "anomaly-blocked");
}

#[test]
fn few_calls_say_nothing() {
    let mut world = World::new(SHOWN);
    world.amounts(&["50", "60", "70", "80"]);
    assert_eq!(world.ask(&amount("5000")).decision, Outcome::Allow);
    // Five calls, and four numbers.
    world.allowed(&call(r#"{"note":"x"}"#, ""));
    assert_eq!(world.ask(&amount("5000")).decision, Outcome::Allow);
    world.amounts(&["90"]);
    assert_eq!(score(&world.ask(&amount("5000"))), "10");
}

#[test]
fn numbers_that_never_differ_make_every_other_one_unusual() {
    let mut world = World::new(SHOWN);
    world.amounts(&["0.1"; 7]);
    for (number, expect) in
        [("0.1", ""), ("0.10", ""), ("1e-1", ""), ("0.1000001", "10"), ("0", "10"), ("-0", "10")]
    {
        assert_eq!(score(&world.ask(&amount(number))), expect, "{number}");
    }
    let mut world = World::new(SHOWN);
    world.amounts(&["0", "-0", "0", "-0", "0"]);
    assert_eq!(score(&world.ask(&amount("-0"))), "");
}

#[test]
fn what_was_always_a_number_cannot_hide_in_another_type() {
    let mut world = World::new(DEFAULT);
    world.amounts(EXACT);
    for (value, expect) in [
        (r#""100""#, "7"),
        (r#""5000""#, "7"),
        ("[5000]", "7"),
        (r#"{"value":5000}"#, "7"),
        ("true", "7"),
        ("null", ""),
    ] {
        let verdict = world.ask(&amount(value));
        assert_eq!(score(&verdict), expect, "{value}");
        assert_eq!(verdict.decision == Outcome::Escalate, !expect.is_empty(), "{value}");
    }
    assert_eq!(world.ask(&call("{}", "")).decision, Outcome::Allow);
    // What was both before is not new.
    let mut world = World::new(DEFAULT);
    world.amounts(&["\"100\"", "100", "99", "101", "99", "101"]);
    assert_eq!(world.ask(&amount("\"5000\"")).decision, Outcome::Allow);
    assert_eq!(world.ask(&amount("5000")).decision, Outcome::Deny);
}

#[test]
fn each_argument_has_its_own_numbers() {
    let mut world = World::new(SHOWN);
    for (low, high) in [(1, 1_000), (2, 1_001), (3, 1_002), (2, 1_001), (1, 1_000)] {
        world.allowed(&call(&format!(r#"{{"low":{low},"high":{high},"nested":{{"low":{high}}}}}"#), ""));
    }
    assert_eq!(world.ask(&call(r#"{"low":2,"high":1001}"#, "")).decision, Outcome::Allow);
    let verdict = world.ask(&call(r#"{"high":1001,"low":1001}"#, ""));
    assert!(verdict.reason.starts_with("Argument `low` is far"), "{}", verdict.reason);
    // Not named by any past call: nothing is known of it.
    assert_eq!(world.ask(&call(r#"{"LOW":1001}"#, "")).decision, Outcome::Allow);
    // Of two, the worse one is named.
    let verdict = world.ask(&call(r#"{"low":4.2,"high":5000}"#, ""));
    assert!(verdict.reason.starts_with("Argument `high` is far"), "{}", verdict.reason);
}

#[test]
fn a_reason_names_the_argument_and_shows_no_value() {
    let mut world = World::new(SHOWN);
    let odd = |value: &str| call(&format!(r#"{{"x\u202ey":{value}}}"#), "");
    for number in EXACT {
        world.allowed(&odd(number));
    }
    for value in ["4711", r#""4711""#] {
        let verdict = world.ask(&odd(value));
        assert!(verdict.reason.contains(r"`x\u{202e}y`"), "{}", verdict.reason);
        assert!(!verdict.json.contains("4711"), "{}", verdict.json);
        assert_eq!(
            verdict.rule.map(|rule| (rule.pattern, rule.pointer)),
            Some(("numbers".into(), "/anomaly".into()))
        );
    }
}

#[test]
fn a_new_value_among_few_known_ones_is_unusual() {
    let env = |value: &str| call(&format!(r#"{{"env":"{value}"}}"#), "");
    let long = |chars: usize| "ä".repeat(chars);
    let mut world = World::new(&signal("values"));
    for value in ["dev", "test", "dev", "test", "dev"] {
        world.allowed(&env(value));
    }
    assert_eq!(world.ask(&env("prod")).decision, Outcome::Allow, "two values are not known to be all");
    world.allowed(&env("stage"));
    for (value, expect) in [
        ("dev".to_owned(), ""),
        ("stage".to_owned(), ""),
        ("prod".to_owned(), "4"),
        ("Dev".to_owned(), "4"),
        (long(199), "4"),
        (long(200), ""),
    ] {
        assert_eq!(score(&world.ask(&env(&value))), expect, "{value}");
    }
    assert_eq!(world.ask(&call(r#"{"env":5}"#, "")).decision, Outcome::Allow);
}

#[test]
fn an_argument_with_many_values_is_free_text() {
    let mut world = World::new(DEFAULT);
    let note = |value: usize| call(&format!(r#"{{"note":"note {value}"}}"#), "");
    for value in 0..70 {
        let is_new = world.under(&signal("values")).ask(&note(1_000)).decision == Outcome::Escalate;
        assert_eq!(is_new, (5..65).contains(&value), "{value}");
        world.allowed(&note(value));
    }
}

#[test]
fn an_hour_of_the_day_without_calls_is_unusual_once_there_are_many() {
    for (at_noon, at_one, expect) in
        [(19, 0, ""), (20, 0, "4"), (49, 1, ""), (99, 1, ""), (100, 1, "3"), (200, 2, "3"), (200, 3, "")]
    {
        let mut world = World::new(&signal("hours"));
        world.policy = crate::world::policy(DEFAULT);
        for (count, hour) in [(at_noon, 0), (at_one, HOUR)] {
            world.now = NOON + hour;
            (0..count).for_each(|_| world.allowed(&amount("1")));
        }
        let mut world = world.under(&signal("hours"));
        // The hour of the day, of whichever day.
        world.now = NOON + HOUR + 3 * DAY + 59 * MINUTE;
        assert_eq!(score(&world.ask(&amount("1"))), expect, "{at_noon} {at_one}");
        world.now = NOON + 3 * DAY;
        assert_eq!(score(&world.ask(&amount("1"))), "", "{at_noon} {at_one}");
        world.now = NOON + 3 * DAY - 1;
        let elsewhere = if at_noon + at_one >= 20 { "4" } else { "" };
        assert_eq!(score(&world.ask(&amount("1"))), elsewhere, "{at_noon} {at_one}");
    }
}

#[test]
fn more_than_three_times_the_mean_rate_is_unusual() {
    let mut world = World::new(DEFAULT);
    // Eleven calls in ten hours, then more of them in the last hour.
    for _ in 0..11 {
        world.allowed(&amount("1"));
        world.now += HOUR;
    }
    world.now += MINUTE;
    let scores: Vec<String> = (0..6)
        .map(|_| {
            world.allowed(&amount("1"));
            score(&world.under(&signal("frequency")).ask(&amount("1")))
        })
        .collect();
    // (11 + k) calls in 11 hours: three times the mean are 3.3, 3.5, 3.8, 4.1, 4.4, 4.6.
    assert_eq!(scores, ["", "", "", "", "6", "6"]);
    world.now += HOUR;
    assert_eq!(score(&world.under(&signal("frequency")).ask(&amount("1"))), "", "an hour later it is quiet");
}

#[test]
fn a_burst_at_the_start_is_all_that_is_known() {
    let mut world = World::new(&signal("frequency"));
    world.amounts(&["1"; 200]);
}

#[test]
fn a_clock_that_goes_back_loses_nothing_and_breaks_nothing() {
    let mut world = World::new(DEFAULT);
    for now in [NOON, NOON - DAY, NOON + DAY, 0, NOON + DAY, 1, NOON] {
        world.now = now;
        world.allowed(&amount("1"));
    }
    assert_eq!(world.under(SHOWN).ask(&amount("2")).decision, Outcome::Deny);
}

#[test]
fn what_was_learned_counts_half_after_thirty_days() {
    let mut world = World::new(DEFAULT);
    (0..16).for_each(|_| world.amounts(EXACT));
    let start = world.now;
    let asked = |world: &World| world.ask(&amount("5000")).decision;
    // 80 calls: 80, 40, 20, 10 and one each that teaches that the time has passed.
    for (days, expect) in
        [(31, Outcome::Deny), (61, Outcome::Deny), (91, Outcome::Deny), (121, Outcome::Deny)]
    {
        world.now = start + days * DAY;
        assert_eq!(asked(&world), expect, "nothing is forgotten by waiting: {days}");
        world.allowed(&amount("100"));
    }
    assert_eq!(asked(&world), Outcome::Deny);
    world.now = start + 181 * DAY;
    world.allowed(&amount("100"));
    assert_eq!(asked(&world), Outcome::Allow, "80 calls were halved six times");
    // A very long time at once.
    let mut world = World::new(DEFAULT);
    world.amounts(EXACT);
    world.now = u64::MAX;
    world.allowed(&amount("100"));
    assert_eq!(asked(&world), Outcome::Allow);
}
