//! What a call charges, on which meters, under which keys; and that the component says the same.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use sentinel::engine as host;
use sentinel_engine::{
    Circumstances, Debit, Effect, EffectOutcome, Outcome, Policy, Scope, Unit, Window, conclude, decide_bytes,
};
use sentinel_tests::native;
use serde_json::{Value, json};

/// A policy with every kind of meter.
fn document() -> Value {
    json!({
        "agentId": "a",
        "version": "3",
        "description": "Pays \"bills\"",
        "complianceFrameworks": ["soc2"],
        "identity": {
            "role": "Payer",
            "authorityLevel": "limited-ops",
            "environmentScope": ["development"],
            "dataClassification": "internal",
        },
        "toolActions": {"allowed": ["pay", "pay_all", "look"]},
        "riskBudget": {"maxPerSession": 100, "thresholds": {"warn": 20, "throttle": 40, "critical": 60}},
        "budgets": [
            {"name": "call", "limit": "5", "per": "call"},
            {"name": "run", "limit": "2.50", "per": "run", "tools": ["pay*"]},
            {"name": "session", "unit": "tokens", "limit": 1000, "per": "session", "by": "action"},
            {"name": "hour", "unit": "points", "limit": 30, "per": "hour"},
            {"name": "day", "limit": "10.00", "per": "day", "by": "payee"},
            {"name": "life", "unit": "calls", "limit": 7, "per": "lifetime", "by": "endpoint", "tools": ["pay"]},
        ],
        "rateLimits": {
            "maxCallsPerMinute": 20,
            "maxDenialsPerMinute": 10,
            "windows": [{"name": "burst", "maxCalls": 3, "seconds": 5, "tools": ["*_all"]}],
        },
    })
}

fn policy() -> Policy {
    native::load(&document().to_string())
}

fn call(tool: &str, more: &Value) -> Vec<u8> {
    let mut call = json!({"agentId": "a", "toolName": tool, "toolInput": {}});
    call.as_object_mut().expect("an object").extend(more.as_object().expect("members").clone());
    call.to_string().into_bytes()
}

/// Meters, keys and amounts of a call.
fn debits(call: &[u8]) -> Vec<String> {
    let line = |debit: &Debit| format!("{} {:?} {}", debit.meter, debit.key, debit.amount);
    decide_bytes(&policy(), call).effects.iter().filter_map(Effect::debit).map(line).collect()
}

#[test]
fn a_call_charges_the_meters_that_it_concerns_in_document_order() {
    let whole = json!({"cost": {"usd": "1.25", "tokens": 7}, "payee": "ACME", "endpoint": "https://e/"});
    assert_eq!(
        debits(&call("pay", &whole)),
        [
            r#"risk "" 3"#,
            r#"risk/day "" 3"#,
            r#"budgets/run "" 1250000"#,
            r#"budgets/session "pay" 7"#,
            r#"budgets/hour "" 3"#,
            r#"budgets/day "ACME" 1250000"#,
            r#"budgets/life "https://e/" 1"#,
            r#"rateLimits/maxCallsPerMinute "" 1"#,
            r#"rateLimits/maxDenialsPerMinute "" 1"#,
        ]
    );
    let free = [
        r#"risk "" 3"#,
        r#"risk/day "" 3"#,
        r#"budgets/hour "" 3"#,
        r#"rateLimits/maxCallsPerMinute "" 1"#,
        r#"rateLimits/maxDenialsPerMinute "" 1"#,
    ];
    assert_eq!(debits(&call("look", &json!({}))), free);
    let unread = [r#"risk "" 5"#, r#"risk/day "" 5"#, r#"rateLimits/maxDenialsPerMinute "" 1"#];
    assert_eq!(debits(b"not a call"), unread);
}

#[test]
fn a_long_key_is_its_digest() {
    let payee = "p".repeat(5_000);
    let found = debits(&call("look", &json!({"cost": {"usd": "1"}, "payee": payee})));
    let day = found.iter().find(|line| line.starts_with("budgets/day")).expect("the meter of the day");
    assert!(day.starts_with(r#"budgets/day "sha256:"#) && day.len() < 120, "{day}");
}

#[test]
fn a_meter_says_whose_use_it_adds_up_and_for_how_long() {
    let whole = json!({"cost": {"usd": "1", "tokens": 7}, "payee": "p", "endpoint": "e"});
    let decision = decide_bytes(&policy(), &call("pay", &whole));
    let shown: Vec<_> = decision
        .effects
        .iter()
        .filter_map(Effect::debit)
        .map(|own| (own.meter.as_ref(), own.unit, own.scope, own.window, own.limit, own.held))
        .collect();
    let (points, usd, calls) = (Unit::Points, Unit::UsdMicros, Unit::Calls);
    assert_eq!(
        shown,
        [
            ("risk", points, Scope::Session, Window::Lifetime, 100, false),
            ("risk/day", points, Scope::Agent, Window::Sliding(86_400), 2_400, false),
            ("budgets/run", usd, Scope::Run, Window::Lifetime, 2_500_000, true),
            ("budgets/session", Unit::Tokens, Scope::Session, Window::Lifetime, 1_000, true),
            ("budgets/hour", points, Scope::Agent, Window::Fixed(3_600), 30, false),
            ("budgets/day", usd, Scope::Agent, Window::Fixed(86_400), 10_000_000, true),
            ("budgets/life", calls, Scope::Agent, Window::Lifetime, 7, false),
            ("rateLimits/maxCallsPerMinute", calls, Scope::Agent, Window::Sliding(60), 20, false),
            ("rateLimits/maxDenialsPerMinute", calls, Scope::Agent, Window::Sliding(60), 10, false),
        ]
    );
}

#[test]
fn without_a_risk_budget_points_are_counted_all_the_same() {
    let mut document = document();
    document.as_object_mut().expect("an object").remove("riskBudget");
    let decision = decide_bytes(&native::load(&document.to_string()), &call("look", &json!({})));
    let [Effect::Debit(risk), Effect::Debit(next), ..] = decision.effects.as_slice() else {
        panic!("{decision:?}")
    };
    assert_eq!((risk.meter.as_ref(), risk.limit, next.meter.as_ref()), ("risk", u64::MAX, "budgets/hour"));
}

/// Exactly the limit passes, and one more does not.
#[test]
fn every_meter_bears_its_limit_and_no_more() {
    let policy = policy();
    let whole = json!({"cost": {"usd": "1", "tokens": 7}, "payee": "p", "endpoint": "e"});
    for tool in ["pay", "pay_all"] {
        let decision = decide_bytes(&policy, &call(tool, &whole));
        assert_eq!(decision.outcome, Outcome::Allow, "{decision:?}");
        for (index, debit) in decision.effects.iter().filter_map(Effect::debit).enumerate() {
            // The thresholds of a session come before its limit.
            let is_counted = debit.meter != "risk" && debit.meter != "rateLimits/maxDenialsPerMinute";
            for (more, expect) in [(0, Outcome::Allow), (1, Outcome::Deny)] {
                if !is_counted {
                    continue;
                }
                let mut outcomes = vec![EffectOutcome::Reading(0); decision.effects.len()];
                let reading = debit.limit - debit.amount + more;
                outcomes[index] = EffectOutcome::Reading(reading);
                let verdict = conclude(&policy, &decision, &outcomes, &Circumstances::default());
                assert_eq!(verdict.decision, expect, "{} at {reading}: {verdict:?}", debit.meter);
                let charged = if expect == Outcome::Allow { debit.amount } else { 0 };
                if debit.meter != "risk/day" {
                    assert_eq!(verdict.charges[index], charged, "{}", debit.meter);
                }
            }
        }
    }
}

#[test]
fn the_reading_of_the_session_is_printed_where_it_is_known() {
    let policy = policy();
    let decision = decide_bytes(&policy, &call("look", &json!({})));
    let mut outcomes = vec![EffectOutcome::Reading(0); decision.effects.len()];
    outcomes[0] = EffectOutcome::Reading(12);
    let json = conclude(&policy, &decision, &outcomes, &Circumstances::default()).json;
    assert!(json.contains(r#""riskPoints":3,"riskUsed":12,"riskMax":100,"#), "{json}");
    let (_, verdict) = native::ask(&policy, &call("look", &json!({})));
    assert!(!verdict.json.contains("riskUsed"), "{}", verdict.json);
}

#[test]
fn a_session_has_a_state() {
    let policy = policy();
    let states: Vec<_> =
        [0, 19, 20, 39, 40, 59, 60, 99, 100, u64::MAX].map(|used| policy.risk_status(used)).into();
    let expect = ["normal", "normal", "warn", "warn", "throttle", "throttle", "critical", "critical"];
    assert_eq!(states[..8], expect);
    assert_eq!(states[8..], ["exhausted", "exhausted"]);
    let without = r#"{"agentId":"a","version":"1","identity":{}}"#;
    assert_eq!(native::load(without).risk_status(u64::MAX), "normal");
}

#[test]
fn a_policy_describes_itself() {
    let text = document().to_string();
    let policy = native::load(&text);
    let found: Value = serde_json::from_str(&policy.describe()).expect("JSON");
    assert_eq!(
        found["riskBudget"],
        json!({
            "max": 100, "warn": 20, "throttle": 40, "critical": 60, "exhausted": 100, "maxPerDay": 2400,
        })
    );
    assert_eq!(
        found["meters"][0],
        json!({
            "meter": "risk", "unit": "points", "scope": "session", "by": "agent",
            "window": {"kind": "lifetime"}, "limit": 100, "tools": null,
        })
    );
    assert_eq!(
        found["meters"][2],
        json!({
            "meter": "budgets/run", "unit": "usd-micros", "scope": "run", "by": "agent",
            "window": {"kind": "lifetime"}, "limit": 2_500_000, "tools": ["pay*"],
        })
    );
    let names: Vec<_> =
        found["meters"].as_array().expect("a list").iter().map(|own| own["meter"].clone()).collect();
    assert_eq!(names.len(), 10, "{names:?}");
    let mut rest = found;
    for name in ["riskBudget", "meters", "digest"] {
        rest.as_object_mut().expect("an object").remove(name).expect("a field");
    }
    assert_eq!(
        rest,
        json!({
            "agentId": "a", "version": "3", "mode": "enforce", "role": "Payer", "authority": "limited-ops",
            "environments": ["development"], "dataClassification": "internal",
            "complianceFrameworks": ["soc2"], "description": "Pays \"bills\"",
            "approvals": {"approvers": [], "quorum": 1, "expiresSeconds": 900},
            "rules": 0, "metadata": {}, "redact": [], "anomaly": null,
        })
    );
    let bare = native::load(r#"{"agentId":"a","version":"1","identity":{}}"#).describe();
    assert!(bare.ends_with(r#""role":null,"authority":null,"environments":[],"dataClassification":null,"complianceFrameworks":[],"description":null,"riskBudget":null,"meters":[],"approvals":{"approvers":[],"quorum":1,"expiresSeconds":900},"rules":0,"metadata":{},"redact":[],"anomaly":null}"#), "{bare}");
}

// === the component ===

/// An answer in the words of the host.
fn translated(outcome: &EffectOutcome) -> host::EffectOutcome {
    match outcome {
        EffectOutcome::Reading(reading) => host::EffectOutcome::Reading(*reading),
        EffectOutcome::Unmetered => host::EffectOutcome::Unmetered,
        EffectOutcome::Refused(why) => host::EffectOutcome::Refused(why.clone()),
        EffectOutcome::Failed(why) => host::EffectOutcome::Failed(why.clone()),
        EffectOutcome::Baseline(bytes) => host::EffectOutcome::Baseline(bytes.clone()),
    }
}

#[test]
fn the_component_answers_alike_whatever_the_meters_say() {
    let text = document().to_string();
    let policy = native::load(&text);
    let engine = host::Engine::embedded().expect("the engine starts");
    let mut session = host::Session::open(&engine, text, host::Format::Json).expect("the policy loads");
    assert_eq!(session.describe(), policy.describe());
    assert_eq!(session.version(), "3");
    for used in [0, 20, 45, 70, 100] {
        assert_eq!(session.risk_status(used).as_deref(), Some(policy.risk_status(used)));
    }
    let whole = json!({"cost": {"usd": "1", "tokens": 7}, "payee": "p", "endpoint": "e"});
    let answers = [
        EffectOutcome::Reading(0),
        EffectOutcome::Reading(2),
        EffectOutcome::Reading(25),
        EffectOutcome::Reading(u64::MAX),
        EffectOutcome::Unmetered,
        EffectOutcome::Refused("no".to_owned()),
        EffectOutcome::Failed("disk \u{202e}full".to_owned()),
    ];
    let mut codes = std::collections::BTreeSet::new();
    for call in [call("pay", &whole), call("pay_all", &whole), call("look", &json!({})), b"[]".to_vec()] {
        let decision = decide_bytes(&policy, &call);
        for odd in 0..decision.effects.len() {
            for answer in &answers {
                let mut outcomes = vec![EffectOutcome::Reading(0); decision.effects.len()];
                outcomes[odd] = answer.clone();
                let expect = conclude(&policy, &decision, &outcomes, &Circumstances::default());
                let mut asked = Vec::new();
                let found = session.evaluate(&call, host::Circumstances::default(), |effects| {
                    asked.extend(effects.iter().map(|effect| format!("{effect:?}")));
                    outcomes.iter().map(translated).collect()
                });
                assert_eq!((found.json, found.charges), (expect.json, expect.charges));
                assert_eq!(asked.len(), decision.effects.len());
                codes.insert(expect.code.into_owned());
            }
        }
    }
    for code in ["budget-exceeded", "rate-limited", "denials-limited", "meter-missing", "risk-day-exceeded"] {
        assert!(codes.contains(code), "{code} is not among {codes:?}");
    }
}

// === properties ===

fn answer() -> impl Strategy<Value = EffectOutcome> {
    prop_oneof![
        6 => (0_u64..3_000_000).prop_map(EffectOutcome::Reading),
        2 => (0_u64..30).prop_map(EffectOutcome::Reading),
        1 => any::<u64>().prop_map(EffectOutcome::Reading),
        1 => Just(EffectOutcome::Unmetered),
        1 => Just(EffectOutcome::Failed("disk full".to_owned())),
    ]
}

proptest! {
    #![proptest_config(Config { cases: 2_048, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() })]

    /// No charge takes a meter past its limit; what is allowed is charged in full; and nothing is
    /// allowed that its meters do not bear.
    #[test]
    fn charges_fit_below_their_limits(
        tool in prop::sample::select(vec!["pay", "pay_all", "look", "steal"]),
        micros in 0_u64..6_000_000,
        tokens in 0_u64..2_000,
        mode in prop::sample::select(vec!["enforce", "audit"]),
        answers in prop::collection::vec(answer(), 16),
    ) {
        let mut document = document();
        document["mode"] = json!(mode);
        let policy = native::load(&document.to_string());
        let usd = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        let more = json!({"cost": {"usd": usd, "tokens": tokens}, "payee": "p", "endpoint": "e"});
        let decision = decide_bytes(&policy, &call(tool, &more));
        let outcomes = &answers[..decision.effects.len()];
        let verdict = conclude(&policy, &decision, outcomes, &Circumstances::default());
        prop_assert!(verdict.decision >= decision.outcome);
        prop_assert_eq!(verdict.charges.len(), decision.effects.len());
        let debits = decision.effects.iter().filter_map(Effect::debit);
        for ((debit, outcome), charge) in debits.zip(outcomes).zip(&verdict.charges) {
            let EffectOutcome::Reading(reading) = outcome else {
                prop_assert_eq!(*charge, 0);
                continue;
            };
            prop_assert!(*charge <= debit.limit.saturating_sub(*reading));
            let is_points = debit.meter.starts_with("risk");
            if verdict.decision == Outcome::Allow {
                let counts = debit.meter != "rateLimits/maxDenialsPerMinute";
                prop_assert_eq!(*charge, if counts { debit.amount } else { 0 });
            } else if !verdict.permitted && !is_points && debit.meter != "rateLimits/maxDenialsPerMinute" {
                prop_assert_eq!(*charge, 0);
            }
        }
    }
}
