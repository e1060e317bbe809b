//! Spikes: amounts that are out of proportion to the last twenty.

use sentinel_engine::{Layer, Outcome};

use crate::world::{World, call};

#[test]
fn a_spike_is_more_than_so_many_times_the_mean_of_the_last_amounts() {
    use Outcome::{Allow, Deny};
    let spike = r#""anomaly":{"signals":[],"spike":{"times":3}}"#;
    let times = r#""anomaly":{"signals":[],"spike":{"times":1.25}}"#;
    let ask = r#""anomaly":{"signals":[],"spike":{"times":3,"action":"require_approval"}}"#;
    for (section, amounts, amount, expect) in [
        (spike, &["1", "1"][..], "100", Allow),
        (spike, &["1", "1", "1"], "3", Allow),
        (spike, &["1", "1", "1"], "3.000001", Deny),
        (spike, &["0.10", "0.20", "0.30"], "0.60", Allow),
        (spike, &["0.10", "0.20", "0.30"], "0.600001", Deny),
        (spike, &["0.10", "0.10", "0.11"], "0.31", Allow),
        (spike, &["0.10", "0.10", "0.11"], "0.310001", Deny),
        (times, &["4", "4", "4", "4"], "5", Allow),
        (times, &["4", "4", "4", "4"], "5.000001", Deny),
        (ask, &["1", "1", "1"], "4", Outcome::Escalate),
        (spike, &["1", "1", "1"], "18446744073709.551615", Deny),
        (spike, &["6148914691236", "6148914691236", "6148914691236"], "18446744073708", Allow),
        (spike, &["6148914691236", "6148914691236", "6148914691236"], "18446744073709", Deny),
        // What costs nothing is no amount.
        (spike, &["0", "0", "0", "0"], "100", Allow),
        (spike, &["1", "0", "1", "0", "1"], "3", Allow),
        // A call that does not say what it costs is for a budget to stop.
        (spike, &["1", "1", "1"], "", Allow),
    ] {
        let mut world = World::new(section);
        amounts.iter().for_each(|amount| world.allowed(&call("{}", amount)));
        let verdict = world.run(&call("{}", amount));
        assert_eq!(verdict.decision, expect, "{amounts:?} {amount} {}", verdict.reason);
        if expect != Allow {
            assert_eq!((&*verdict.code, verdict.layer), ("spend-spike", Layer::Anomaly));
            let rule = verdict.rule.map(|rule| rule.pointer);
            assert_eq!(rule.as_deref(), Some("/anomaly/spike"));
            assert!(verdict.observations.is_empty());
        }
    }
}

#[test]
fn a_spike_looks_at_the_last_twenty_amounts() {
    let mut world = World::new(r#""anomaly":{"signals":[],"spike":{"times":3}}"#);
    (0..20).for_each(|_| world.allowed(&call("{}", "9")));
    (0..20).for_each(|_| world.allowed(&call("{}", "3")));
    let verdict = world.ask(&call("{}", "9.01"));
    assert_eq!(verdict.reason, "Call costs $9.01, more than 3 times the mean of the last 20 amounts.");
    world.allowed(&call("{}", "9"));
    world.allowed(&call("{}", "9.90"));
}

#[test]
fn amounts_of_all_tools_are_one_and_each_tool_has_its_own_habits() {
    let mut world = World::new(r#""anomaly":{"spike":{"times":3}}"#);
    let look = |usd: &str| {
        String::from_utf8_lossy(&call(r#"{"amount":1}"#, usd)).replace("pay", "look").into_bytes()
    };
    (0..5).for_each(|_| world.allowed(&call(r#"{"amount":100}"#, "1")));
    assert_eq!(world.ask(&look("1")).decision, Outcome::Allow);
    assert_eq!(world.ask(&look("4")).code, "spend-spike");
    assert_eq!(world.baselines.keys().collect::<Vec<_>>(), ["spend", "tool/pay"]);
}
