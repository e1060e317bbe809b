//! Anomaly detection that cannot see is a denial: no memory, no time, bytes that are none of ours.

use crate::world::{NOON, World, amount, call};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use sentinel_engine::{
    Approval, Circumstances, Effect, EffectOutcome, Layer, Outcome, conclude, decide_bytes, learn,
};

const SPIKE: &str = r#""anomaly":{"spike":{"times":3}}"#;

/// How a call with a cost ends if the baselines are answered so.
fn end(
    sections: &str,
    tool: &EffectOutcome,
    spend: &EffectOutcome,
    now: Option<u64>,
) -> (Outcome, Layer, String) {
    let policy = crate::world::policy(sections);
    let decision = decide_bytes(&policy, &call(r#"{"amount":1}"#, "1"));
    let outcomes: Vec<EffectOutcome> = decision
        .effects
        .iter()
        .map(|effect| match effect {
            Effect::Debit(_) => EffectOutcome::Reading(0),
            Effect::Baseline { key } if key == "spend" => spend.clone(),
            Effect::Baseline { .. } => tool.clone(),
        })
        .collect();
    let verdict = conclude(
        &policy,
        &decision,
        &outcomes,
        &Circumstances { mode: None, approval: Approval::Possible, now },
    );
    assert_eq!(verdict.observations.is_empty(), verdict.decision != Outcome::Allow);
    (verdict.decision, verdict.layer, verdict.code.into_owned())
}

#[test]
fn what_is_not_known_is_denied() {
    let empty = &EffectOutcome::Baseline(Vec::new());
    let now = Some(NOON);
    let engine = |code: &str| (Outcome::Deny, Layer::Engine, code.to_owned());
    let unkept = (Outcome::Deny, Layer::Anomaly, "meter-missing".to_owned());
    let allowed = (Outcome::Allow, Layer::Deterministic, "tool-allowed".to_owned());
    assert_eq!(end(SPIKE, empty, empty, now), allowed);
    assert_eq!(end(SPIKE, &EffectOutcome::Unmetered, empty, now), unkept);
    assert_eq!(end(SPIKE, empty, &EffectOutcome::Unmetered, now), unkept);
    for (wrong, code) in [
        (EffectOutcome::Failed("disk full".to_owned()), "effect-failed"),
        (EffectOutcome::Baseline(vec![0]), "effect-failed"),
        (EffectOutcome::Baseline(vec![2, b'c']), "effect-failed"),
        (EffectOutcome::Reading(0), "effects-unanswered"),
    ] {
        assert_eq!(end(SPIKE, &wrong, empty, now), engine(code), "{wrong:?}");
        assert_eq!(end(SPIKE, empty, &wrong, now), engine(code), "{wrong:?}");
    }
    let refused = end(SPIKE, &EffectOutcome::Refused("no".to_owned()), empty, now);
    assert_eq!((refused.0, &*refused.2), (Outcome::Deny, "effect-refused"));
    // The time is needed by what depends on it.
    assert_eq!(end(SPIKE, empty, empty, None), engine("effect-failed"));
    for (signals, expect) in [
        (r#""hours""#, engine("effect-failed")),
        (r#""frequency""#, engine("effect-failed")),
        (r#""numbers","values""#, allowed),
    ] {
        let sections = format!(r#""anomaly":{{"signals":[{signals}]}}"#);
        assert_eq!(end(&sections, empty, empty, None), expect, "{signals}");
    }
}

#[test]
fn a_baseline_in_the_place_of_a_reading_is_no_answer() {
    let policy = crate::world::policy("");
    let decision = decide_bytes(&policy, &amount("1"));
    let verdict =
        conclude(&policy, &decision, &[EffectOutcome::Baseline(Vec::new())], &Circumstances::default());
    assert_eq!((verdict.decision, &*verdict.code), (Outcome::Deny, "effects-unanswered"));
    assert_eq!(verdict.charges, [0]);
}

#[test]
fn a_decision_of_another_policy_is_denied() {
    let decision = decide_bytes(&crate::world::policy(SPIKE), &call("{}", "1"));
    let answers = World::new(SPIKE).answers(&decision);
    let verdict = conclude(&crate::world::policy(""), &decision, &answers, &Circumstances::default());
    assert_eq!((verdict.decision, &*verdict.code), (Outcome::Deny, "meter-unknown"));
}

#[test]
fn baselines_charge_nothing_and_meters_keep_their_place() {
    let mut world =
        World::new(r#""anomaly":{"spike":{"times":3}},"budgets":[{"name":"day","limit":"9","per":"day"}]"#);
    let verdict = world.run(&call(r#"{"amount":1}"#, "1.50"));
    assert_eq!(verdict.charges, [3, 1_500_000, 0, 0]);
    assert_eq!(verdict.observations.len(), 2);
}

/// A baseline that learned something of everything.
fn learned() -> (Vec<u8>, Vec<u8>) {
    let mut world = World::new(SPIKE);
    for n in 0..9 {
        world.allowed(&call(&format!(r#"{{"amount":{n},"env":"e{n}","list":[]}}"#), "1"));
    }
    (world.baselines["tool/pay"].clone(), world.baselines["spend"].clone())
}

/// Bytes of ours with a few of them changed, cut, or any bytes at all.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let (tool, spend) = learned();
    let world = World::new(SPIKE);
    let observations = world.ask(&call(r#"{"amount":1,"env":"e"}"#, "1")).observations;
    let ours: Vec<Vec<u8>> =
        [tool, spend].into_iter().chain(observations.into_iter().map(|own| own.bytes)).collect();
    let changed = (
        prop::sample::select(ours),
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..9),
        0_usize..3,
    )
        .prop_map(|(mut bytes, changes, cut)| {
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(bytes.len() - cut);
            bytes
        });
    prop_oneof![4 => changed, 1 => prop::collection::vec(any::<u8>(), 0..400)]
}

proptest! {
    #![proptest_config(Config { cases: 3_000, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_bytes_are_learned_from_and_judged(baseline in bytes(), observation in bytes(), number in any::<f64>(), now in any::<u64>()) {
        let after = learn(&baseline, &observation);
        prop_assert_eq!(&after, &learn(&baseline, &observation));
        prop_assert!(after == baseline || after.len() <= 4_096);
        // What was learned can be learned from again.
        let grown = learn(&after, &observation);
        prop_assert!(grown == after || grown.len() >= 3);
        let number = if number.is_finite() { number } else { 1e308 };
        let world = World {
            baselines: [("tool/pay".to_owned(), after), ("spend".to_owned(), baseline)].into(),
            now,
            ..World::new(SPIKE)
        };
        let asked = call(&format!(r#"{{"amount":{number:e},"env":"e"}}"#), "1");
        let verdict = world.ask(&asked);
        prop_assert_eq!(&verdict, &world.ask(&asked));
        prop_assert_eq!(verdict.observations.is_empty(), verdict.decision != Outcome::Allow);
    }

    #[test]
    fn huge_and_tiny_numbers_do_not_stick(numbers in prop::collection::vec(any::<f64>().prop_filter("finite", |n| n.is_finite()), 5..40)) {
        let mut world = World::new(r#""mode":"audit","anomaly":{}"#);
        for number in &numbers {
            world.now += 1;
            world.run(&amount(&format!("{number:e}")));
        }
        // The baseline can still be read: another text would be denied as unreadable.
        let verdict = world.ask(&amount("1"));
        prop_assert_ne!(&*verdict.code, "effect-failed");
        let baseline = world.baselines.get("tool/pay").expect("it was learned");
        let again = learn(baseline, &world.ask(&amount("1")).observations[0].bytes);
        prop_assert_eq!(again.len(), baseline.len(), "it was not started anew");
    }
}
