//! Baselines: which ones are asked for, what they learn and from which calls, how large they get.

use sentinel_engine::{Effect, Mode, Outcome, decide_bytes, learn};

use crate::world::{HOUR, World, amount, call};

const DEFAULT: &str = r#""anomaly":{}"#;
/// Mean 100, deviation 1, without any rounding.
const EXACT: &[&str] = &["100", "99", "101", "99", "101"];

#[test]
fn baselines_are_asked_for_where_they_are_needed() {
    let spike = r#""anomaly":{"spike":{"times":3}}"#;
    let mixed = r#""anomaly":{"spike":{"times":3}},"riskBudget":{"maxPerSession":9},"budgets":[{"name":"day","limit":"9","per":"day"}],"rateLimits":{"maxCallsPerMinute":9}"#;
    let both = r#""anomaly":{"tools":["look"],"spike":{"times":3}}"#;
    for (section, usd, expect) in [
        ("", "1", &["risk"][..]),
        (DEFAULT, "1", &["risk", "tool/pay"]),
        (spike, "1", &["risk", "tool/pay", "spend"]),
        (spike, "", &["risk", "tool/pay"]),
        (r#""anomaly":{"signals":[],"spike":{"times":3}}"#, "1", &["risk", "spend"]),
        (r#""anomaly":{"signals":[]}"#, "1", &["risk"]),
        (both, "1", &["risk"]),
        (
            mixed,
            "1",
            &["risk", "risk/day", "budgets/day", "rateLimits/maxCallsPerMinute", "tool/pay", "spend"],
        ),
    ] {
        let decision = decide_bytes(&crate::world::policy(section), &call("{}", usd));
        let names = decision.effects.iter().map(|effect| match effect {
            Effect::Debit(debit) => debit.meter.as_ref(),
            Effect::Baseline { key } => key,
        });
        assert_eq!(names.collect::<Vec<_>>(), expect, "{section}");
    }
}

#[test]
fn a_long_name_goes_by_its_digest_and_is_always_concerned() {
    let name = "p".repeat(2_000);
    let sections = r#""mode":"audit","anomaly":{"tools":["look"]}"#;
    let text = String::from_utf8_lossy(&call("{}", "")).replace("pay", &name);
    let decision = decide_bytes(&crate::world::policy(sections), text.as_bytes());
    let Some(Effect::Baseline { key }) = decision.effects.last() else { panic!("{decision:?}") };
    assert!(key.starts_with("tool/sha256:") && key.len() == 76, "{key}");
}

#[test]
fn what_is_denied_anyway_is_neither_scored_nor_learned() {
    let denied =
        call("{}", "").iter().map(|byte| if *byte == b'y' { b'x' } else { *byte }).collect::<Vec<_>>();
    for (sections, mode, is_learned) in [
        (DEFAULT, None, false),
        (r#""anomaly":{},"mode":"audit""#, None, true),
        (r#""anomaly":{},"mode":"audit""#, Some(Mode::Enforce), false),
    ] {
        let world = World { mode, ..World::new(sections) };
        let verdict = world.ask(&denied);
        assert_eq!((verdict.decision, &*verdict.code), (Outcome::Deny, "tool-unknown"));
        assert_eq!(verdict.observations.len(), usize::from(is_learned), "{sections} {mode:?}");
    }
}

#[test]
fn where_nothing_is_enforced_what_goes_ahead_is_learned() {
    let mut world = World::new(r#""anomaly":{},"mode":"audit""#);
    world.amounts(EXACT);
    let verdict = world.run(&amount("5000"));
    assert_eq!((verdict.decision, verdict.permitted), (Outcome::Deny, true));
    assert_eq!(verdict.observations.len(), 1);
    assert_ne!(world.run(&amount("5000")).code, "anomaly-blocked", "it was executed, so it is no news");
}

#[test]
fn too_many_arguments_to_compare_are_denied() {
    let wide = |count: usize| {
        let arguments: Vec<String> = (0..count).map(|n| format!(r#""a{n}":{n}"#)).collect();
        call(&format!("{{{}}}", arguments.join(",")), "")
    };
    let mut world = World::new(DEFAULT);
    world.allowed(&wide(256));
    assert_eq!(world.ask(&wide(257)).code, "anomaly-arguments");
    assert_eq!(World::new("").ask(&wide(257)).decision, Outcome::Allow);
    // The first 32 are remembered, and hiding behind others does not help.
    let mut world = World::new(DEFAULT);
    world.amounts(EXACT);
    (0..5).for_each(|_| world.allowed(&wide(256)));
    let mut hidden = String::from_utf8(wide(255)).expect("text");
    hidden.insert_str(hidden.len() - 2, r#","amount":5000"#);
    assert_eq!(world.ask(hidden.as_bytes()).code, "anomaly-blocked");
}

#[test]
fn a_baseline_is_small_whatever_it_has_learned() {
    let mut world = World::new(DEFAULT);
    for call_number in 0..400_u32 {
        let arguments: Vec<String> = (0..60)
            .map(|n| {
                if n % 2 == 0 {
                    format!(r#""a{n}":{call_number}.5"#)
                } else {
                    format!(r#""a{n}":"{}""#, call_number % (n + 3))
                }
            })
            .collect();
        world.run(&call(&format!("{{{}}}", arguments.join(",")), ""));
        assert!(world.baselines["tool/pay"].len() <= 4_096);
    }
    let mut world = World::new(DEFAULT);
    world.amounts(EXACT);
    let few = world.baselines["tool/pay"].len();
    (0..2_000).for_each(|_| world.amounts(EXACT));
    assert_eq!(world.baselines["tool/pay"].len(), few);
    assert_eq!(world.ask(&amount("5000")).decision, Outcome::Deny);
}

#[test]
fn the_same_calls_make_the_same_bytes() {
    let run = || {
        let mut world = World::new(r#""anomaly":{"spike":{"times":3}}"#);
        for n in 0..40_u32 {
            world.now += 7 * HOUR;
            let input =
                format!(r#"{{"amount":{}.{n},"env":"e{}","flag":true,"none":null}}"#, 1_000 + n % 7, n % 5);
            world.allowed(&call(&input, "0.25"));
        }
        world.baselines
    };
    let baselines = run();
    assert_eq!(baselines, run());
    let sum = |bytes: &[u8]| {
        bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    // Pinned: other bytes for the same calls are another format, and need another version.
    let sums: Vec<String> =
        baselines.values().map(|bytes| format!("{} {:016x}", bytes.len(), sum(bytes))).collect();
    assert_eq!(sums, ["163 aba11a8a2424cf1b", "305 5f41d80c3d391382"]);
}

#[test]
fn an_observation_that_is_none_teaches_nothing() {
    let mut world = World::new(DEFAULT);
    world.amounts(EXACT);
    let baseline = &world.baselines["tool/pay"];
    let observation = world.ask(&amount("100")).observations.swap_remove(0).bytes;
    for wrong in
        [&[][..], &[1], &[9, b'c'], &observation[..observation.len() - 1], &[&observation[..], &[0]].concat()]
    {
        assert_eq!(learn(baseline, wrong), *baseline);
    }
    // A baseline that is none is started anew.
    let fresh = learn(&[], &observation);
    for wrong in [&[7][..], &[1, b's', 0], &baseline[..baseline.len() - 1], &[&baseline[..], &[0]].concat()] {
        assert_eq!(learn(wrong, &observation), fresh);
    }
}
