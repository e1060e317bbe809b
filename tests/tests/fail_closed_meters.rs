//! One test for each way in which budgets, rate limits and the points of a day fail closed.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use sentinel_engine::{
    Approval, Circumstances, Debit, Decision, Effect, EffectOutcome, Layer, Outcome, Policy, Verdict,
    conclude, decide_bytes,
};
use sentinel_tests::native;
use serde_json::{Value, json};

const PERSON: Circumstances = Circumstances { mode: None, approval: Approval::Possible, now: Some(0) };

/// A policy that allows the tool `pay`, with these further sections.
fn policy(sections: &Value) -> Policy {
    let mut document = json!({
        "agentId": "a",
        "version": "1",
        "identity": {"authorityLevel": "limited-ops", "environmentScope": ["development"]},
        "dataAccess": {"readAllow": ["**"]},
        "toolActions": {"allowed": ["pay"]},
    });
    let members = sections.as_object().expect("sections").clone();
    document.as_object_mut().expect("an object").extend(members);
    native::load(&document.to_string())
}

/// A call of `pay` with these further members.
fn pay(members: &Value) -> Vec<u8> {
    let mut call = json!({"agentId": "a", "toolName": "pay", "toolInput": {}});
    call.as_object_mut().expect("an object").extend(members.as_object().expect("members").clone());
    call.to_string().into_bytes()
}

/// Answers the meter of this name, and all others with nought.
fn answered(decision: &Decision, name: &str, outcome: &EffectOutcome) -> Vec<EffectOutcome> {
    let answer =
        |debit: &Debit| if debit.meter == name { outcome.clone() } else { EffectOutcome::Reading(0) };
    let debits = || decision.effects.iter().filter_map(Effect::debit);
    assert!(debits().any(|debit| debit.meter == name), "{decision:?}");
    debits().map(answer).collect()
}

fn end(policy: &Policy, call: &[u8], meter: &str, outcome: &EffectOutcome) -> Verdict {
    let decision = decide_bytes(policy, call);
    conclude(policy, &decision, &answered(&decision, meter, outcome), &PERSON)
}

fn denied(verdict: &Verdict, layer: Layer, code: &str) {
    let expect = (Outcome::Deny, layer, code, false);
    let found = (verdict.decision, verdict.layer, verdict.code.as_ref(), verdict.permitted);
    assert_eq!(found, expect, "{verdict:?}");
}

fn allowed(verdict: &Verdict) {
    assert_eq!((verdict.decision, verdict.permitted), (Outcome::Allow, true), "{verdict:?}");
}

fn at(reading: u64) -> EffectOutcome {
    EffectOutcome::Reading(reading)
}

fn usd(amount: &str) -> Vec<u8> {
    pay(&json!({"cost": {"usd": amount}}))
}

fn day_budget() -> Policy {
    policy(&json!({"budgets": [{"name": "day", "limit": "1.00", "per": "day"}]}))
}

// === before any meter ===

#[test]
fn a_call_that_costs_too_many_points() {
    for (max, outcome) in [(3, Outcome::Allow), (2, Outcome::Deny), (0, Outcome::Deny)] {
        let policy = policy(&json!({"riskBudget": {"maxPerSession": 50, "maxPerCall": max}}));
        let verdict = native::ask(&policy, &pay(&json!({}))).1;
        assert_eq!(verdict.decision, outcome);
        if outcome == Outcome::Deny {
            denied(&verdict, Layer::RiskBudget, "risk-per-call");
        }
    }
}

#[test]
fn a_call_that_costs_too_much() {
    let policy = policy(&json!({"budgets": [{"name": "one", "limit": "0.50", "per": "call"}]}));
    allowed(&native::ask(&policy, &usd("0.5")).1);
    let verdict = native::ask(&policy, &usd("0.500001")).1;
    denied(&verdict, Layer::Budget, "budget-per-call");
    assert_eq!(verdict.reason, r#"Call costs $0.500001, and budget "one" allows $0.50 per call."#);
    let rule = verdict.rule.expect("the entry");
    assert_eq!((rule.pattern.as_str(), rule.pointer.as_str()), ("one", "/budgets/0"));
}

#[test]
fn a_listed_tool_that_does_not_say_its_cost() {
    for (unit, limit) in [("usd", json!("9")), ("tokens", json!(9))] {
        for per in ["call", "run", "day"] {
            let budget = json!({"name": "b", "unit": unit, "limit": limit, "per": per, "tools": ["pa*"]});
            let policy = policy(&json!({"budgets": [budget]}));
            denied(&native::ask(&policy, &pay(&json!({}))).1, Layer::Budget, "cost-missing");
            let other = if unit == "usd" { json!({"tokens": 1}) } else { json!({"usd": "1"}) };
            denied(&native::ask(&policy, &pay(&json!({"cost": other}))).1, Layer::Budget, "cost-missing");
        }
    }
}

#[test]
fn a_payment_without_a_payee() {
    let budget = json!({"name": "b", "limit": "9", "per": "day", "by": "payee"});
    let policy = policy(&json!({"budgets": [budget]}));
    denied(&native::ask(&policy, &usd("1")).1, Layer::Budget, "payee-missing");
    // What costs no money pays nobody.
    allowed(&native::ask(&policy, &pay(&json!({}))).1);
}

#[test]
fn a_call_without_an_endpoint() {
    let budget = json!({"name": "b", "unit": "tokens", "limit": 9, "per": "run", "by": "endpoint"});
    let of_budget = policy(&json!({"budgets": [budget]}));
    let call = pay(&json!({"cost": {"tokens": 1}, "payee": "p"}));
    denied(&native::ask(&of_budget, &call).1, Layer::Budget, "endpoint-missing");
    let window = json!({"name": "w", "maxCalls": 9, "seconds": 1, "by": "endpoint"});
    let of_rate = policy(&json!({"rateLimits": {"windows": [window]}}));
    denied(&native::ask(&of_rate, &call).1, Layer::RateLimit, "endpoint-missing");
}

#[test]
fn a_cost_that_is_no_number() {
    let policy = day_budget();
    for cost in [
        r#"{"usd":1}"#,
        r#"{"usd":0.25}"#,
        r#"{"usd":"-1"}"#,
        r#"{"usd":"-0.0"}"#,
        r#"{"usd":"NaN"}"#,
        r#"{"usd":"inf"}"#,
        r#"{"usd":"1e308"}"#,
        r#"{"usd":"0x1"}"#,
        r#"{"usd":"0.0000001"}"#,
        r#"{"usd":"18446744073709.551616"}"#,
        r#"{"usd":""}"#,
        r#"{"usd":null}"#,
        r#"{"usd":true}"#,
        r#"{"usd":["1"]}"#,
        r#"{"tokens":"1200"}"#,
        r#"{"tokens":-1}"#,
        r#"{"tokens":-0}"#,
        r#"{"tokens":1.0}"#,
        r#"{"tokens":1e3}"#,
        r#"{"tokens":1e308}"#,
        r#"{"tokens":18446744073709551616}"#,
        r#"{"tokens":null}"#,
    ] {
        let call = format!(r#"{{"agentId":"a","toolName":"pay","toolInput":{{}},"cost":{cost}}}"#);
        denied(&native::ask(&policy, call.as_bytes()).1, Layer::Engine, "call-bad-cost");
    }
    for (cost, code) in [
        (r#"{"tokens":NaN}"#, "call-not-json"),
        (r#""1""#, "call-wrong-type"),
        ("null", "call-wrong-type"),
        (r#"{"eur":"1"}"#, "call-unknown-field"),
        (r#"{"usd":"1","\u0075sd":"0"}"#, "call-duplicate-key"),
    ] {
        let call = format!(r#"{{"agentId":"a","toolName":"pay","toolInput":{{}},"cost":{cost}}}"#);
        denied(&native::ask(&policy, call.as_bytes()).1, Layer::Engine, code);
    }
}

// === what the meters say ===

#[test]
fn a_day_of_points_that_is_used_up() {
    let policy = policy(&json!({"riskBudget": {"maxPerSession": 10, "maxPerDay": 20}}));
    let call = pay(&json!({}));
    allowed(&end(&policy, &call, "risk/day", &at(17)));
    let verdict = end(&policy, &call, "risk/day", &at(18));
    denied(&verdict, Layer::RiskBudget, "risk-day-exceeded");
    // A denied attempt costs its price, and never more than is left.
    assert_eq!(verdict.charges, [5, 2]);
}

#[test]
fn a_budget_that_is_used_up() {
    let policy = day_budget();
    allowed(&end(&policy, &usd("0.25"), "budgets/day", &at(750_000)));
    let verdict = end(&policy, &usd("0.25"), "budgets/day", &at(750_001));
    denied(&verdict, Layer::Budget, "budget-exceeded");
    assert_eq!(verdict.reason, r#"Budget "day" does not cover $0.25: $0.249999 of $1.00 is left."#);
    // A denied attempt costs points and no money.
    assert_eq!(verdict.charges, [5, 0]);
}

#[test]
fn a_sum_that_is_no_number() {
    let policy = day_budget();
    for reading in [u64::MAX, u64::MAX - 1] {
        let verdict = end(&policy, &usd("0.25"), "budgets/day", &at(reading));
        denied(&verdict, Layer::Budget, "budget-exceeded");
    }
    let largest = usd("18446744073709.551615");
    denied(&end(&policy, &largest, "budgets/day", &at(1)), Layer::Budget, "budget-exceeded");
    let policy = self::policy(&json!({"riskBudget": {"maxPerSession": 10}}));
    let verdict = end(&policy, &pay(&json!({})), "risk/day", &at(u64::MAX));
    denied(&verdict, Layer::RiskBudget, "risk-day-exceeded");
}

#[test]
fn a_rate_that_is_reached() {
    let policy = policy(&json!({"rateLimits": {
        "maxCallsPerMinute": 3,
        "windows": [{"name": "burst", "maxCalls": 2, "seconds": 1, "by": "action"}],
    }}));
    let call = pay(&json!({}));
    for (meter, last) in [("rateLimits/maxCallsPerMinute", 2), ("rateLimits/burst", 1)] {
        allowed(&end(&policy, &call, meter, &at(last)));
        denied(&end(&policy, &call, meter, &at(last + 1)), Layer::RateLimit, "rate-limited");
    }
}

#[test]
fn an_agent_that_keeps_on_being_denied() {
    let policy = policy(&json!({"rateLimits": {"maxDenialsPerMinute": 2}}));
    let meter = "rateLimits/maxDenialsPerMinute";
    let call = pay(&json!({}));
    let verdict = end(&policy, &call, meter, &at(1));
    allowed(&verdict);
    assert_eq!(verdict.charges, [3, 0]);
    let verdict = end(&policy, &call, meter, &at(2));
    denied(&verdict, Layer::RateLimit, "denials-limited");
    // It is not counted for ever: who waits is heard again.
    assert_eq!(verdict.charges, [5, 0]);
    // Denials are counted, those of calls that cannot be read as well.
    for call in [&native::call("a", "steal", &json!({})), &b"{}"[..]] {
        assert_eq!(end(&policy, call, meter, &at(1)).charges, [5, 1]);
    }
}

#[test]
fn a_limit_of_nought() {
    for sections in [
        json!({"budgets": [{"name": "b", "unit": "calls", "limit": 0, "per": "lifetime"}]}),
        json!({"budgets": [{"name": "b", "unit": "points", "limit": 0, "per": "run"}]}),
        json!({"rateLimits": {"maxCallsPerMinute": 0}}),
        json!({"rateLimits": {"maxDenialsPerMinute": 0}}),
        json!({"rateLimits": {"windows": [{"name": "w", "maxCalls": 0, "seconds": 1}]}}),
    ] {
        let verdict = native::ask(&policy(&sections), &pay(&json!({}))).1;
        assert_eq!((verdict.decision, verdict.permitted), (Outcome::Deny, false), "{sections}");
    }
}

// === meters that nobody keeps, and meters that fail ===

#[test]
fn a_budget_without_a_meter() {
    let verdict = end(&day_budget(), &usd("0.25"), "budgets/day", &EffectOutcome::Unmetered);
    denied(&verdict, Layer::Budget, "meter-missing");
    let limits = policy(&json!({"rateLimits": {"maxCallsPerMinute": 9, "maxDenialsPerMinute": 9}}));
    for meter in ["rateLimits/maxCallsPerMinute", "rateLimits/maxDenialsPerMinute"] {
        let verdict = end(&limits, &pay(&json!({})), meter, &EffectOutcome::Unmetered);
        denied(&verdict, Layer::RateLimit, "meter-missing");
    }
}

#[test]
fn a_budget_that_could_not_be_read() {
    let failed = EffectOutcome::Failed("disk full".to_owned());
    let verdict = end(&day_budget(), &usd("0.25"), "budgets/day", &failed);
    denied(&verdict, Layer::Engine, "effect-failed");
    assert_eq!(verdict.charges, [0, 0]);
}

#[test]
fn a_decision_of_another_policy() {
    let decision = decide_bytes(&day_budget(), &usd("0.25"));
    let other = policy(&json!({"budgets": [{"name": "other", "limit": "1.00", "per": "day"}]}));
    let verdict = conclude(&other, &decision, &[at(0), at(0)], &PERSON);
    denied(&verdict, Layer::Engine, "meter-unknown");
}

#[test]
fn a_mode_that_only_watches_is_charged_for_what_goes_ahead() {
    let policy = policy(&json!({
        "mode": "audit",
        "budgets": [{"name": "day", "limit": "1.00", "per": "day"}],
    }));
    let verdict = end(&policy, &usd("0.25"), "budgets/day", &at(900_000));
    assert_eq!((verdict.decision, verdict.code.as_ref()), (Outcome::Deny, "budget-exceeded"));
    assert!(verdict.permitted && !verdict.enforced);
    assert_eq!(verdict.charges, [5, 100_000]);
}
