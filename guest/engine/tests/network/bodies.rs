//! Bodies that somebody is asked about, or that rules look at: they are seen, or the request is denied.

use sentinel_engine::{
    Actor, Approval, BodyWanted, Circumstances, EffectOutcome, Exchange, HttpHead, HttpRequest, Outcome,
    Policy, Resolved, conclude,
};
use serde_json::{Value, json};

use crate::world::{ask, code, request, with};

const URL: &str = "https://a.example/orders";

fn policy(sections: &Value) -> Policy {
    let mut all = json!({ "network": { "allowHosts": ["a.example"] } });
    for (key, value) in sections.as_object().expect("sections") {
        all[key] = value.clone();
    }
    with(&all)
}

/// How much of a body has to come, before and after the head was decided without it.
fn wanted(policy: &Policy, method: &str, headers: &[(&str, &str)]) -> (BodyWanted, BodyWanted) {
    let head = HttpHead { method, scheme: "https", authority: "a.example", path: "/orders", headers };
    let request = HttpRequest { head, body: None, resolved: Resolved::Unknown };
    let actor = Actor { agent_id: "a", environment: None, session_id: None, secret: None };
    let exchange = Exchange::of_request(policy, &actor, &request, false);
    (policy.body_wanted(&head), exchange.body_awaited(policy))
}

const NONE: BodyWanted = BodyWanted::None;
const MIB: BodyWanted = BodyWanted::UpTo(1 << 20);

/// Each way in which a person may come to be asked about a request.
fn asking() -> Vec<(&'static str, Policy)> {
    let rule = |more: Value| {
        let mut rule = json!({ "name": "r", "tools": ["http"], "action": "require_approval" });
        for (key, value) in more.as_object().expect("members") {
            rule[key] = value.clone();
        }
        policy(&json!({ "rules": [rule] }))
    };
    let budget = |unit: &str| json!([{ "name": "b", "unit": unit, "limit": 1, "per": "day", "onExceeded": "require_approval" }]);
    let points = json!({ "tool": 5 });
    let thresholds = json!({ "throttle": 10, "critical": 20 });
    vec![
        ("a list of tools", policy(&json!({ "approvals": { "tools": ["ht*"] } }))),
        ("a rule", rule(json!({}))),
        (
            "an argument that is missing",
            rule(
                json!({ "action": "block", "when": { "param": "$.headers[9]", "operator": "eq", "value": 1 } }),
            ),
        ),
        ("a budget", policy(&json!({ "budgets": budget("calls") }))),
        ("what is usual", policy(&json!({ "anomaly": { "escalateAt": 0.5, "blockAt": 0.9 } }))),
        (
            "a session that used many points",
            policy(
                &json!({ "riskBudget": { "maxPerSession": 30, "thresholds": thresholds, "points": points } }),
            ),
        ),
    ]
}

#[test]
fn what_may_need_a_person_is_decided_with_its_body() {
    for (name, policy) in asking() {
        for headers in [
            &[("content-length", "7")][..],
            &[("transfer-encoding", "chunked")],
            // As HTTP/2 has it.
            &[],
        ] {
            assert_eq!(wanted(&policy, "POST", headers), (NONE, MIB), "{name} {headers:?}");
        }
        let (before, after) = wanted(&policy, "POST", &[("content-length", "0")]);
        assert_eq!((before, after), (NONE, NONE), "{name}: there is none");
        let upgrade = [("connection", "upgrade"), ("upgrade", "websocket")];
        assert_eq!(wanted(&policy, "GET", &upgrade).1, NONE, "{name}: it has no end");
    }
    // Nobody waits for more than anybody reads.
    for (name, policy) in asking() {
        assert_eq!(wanted(&policy, "POST", &[("content-length", "1048577")]), (NONE, NONE), "{name}");
    }
    // A bound of the policy is the bound.
    let small = with(
        &json!({ "network": { "allowHosts": ["a.example"], "maxBodyBytes": 9 }, "approvals": { "tools": ["http"] } }),
    );
    assert_eq!(wanted(&small, "POST", &[("content-length", "7")]), (NONE, BodyWanted::UpTo(9)));
    assert_eq!(wanted(&small, "POST", &[("content-length", "10")]), (NONE, NONE));
}

/// The length that is declared says enough, whoever would have read the body.
#[test]
fn a_body_that_says_it_is_too_long_is_refused_by_its_head() {
    let readers = [
        no_drop("skip", &json!({ "operator": "contains", "value": "DROP TABLE" })),
        with(&json!({ "network": { "rules": [{ "hosts": ["a.example"], "mcp": { "server": "files" } }] } })),
    ];
    for policy in &readers {
        assert_eq!(wanted(policy, "POST", &[("content-length", "1048576")]).0, MIB);
        assert_eq!(wanted(policy, "POST", &[("content-length", "1048577")]), (NONE, NONE));
        let head = json!({ "method": "POST", "headers": [["content-length", "1048577"]] });
        let decision = ask(policy, &request(URL, &head));
        assert_eq!((decision.outcome, code(&decision)), (Outcome::Deny, "body-too-large"));
        assert!(decision.reasons.iter().all(|reason| reason.code != "body-missing"), "{decision:?}");
    }
}

#[test]
fn what_needs_no_person_streams() {
    let plain = json!({
        "approvals": { "tools": ["deploy"], "above": "1.00" },
        "budgets": [
            { "name": "calls", "unit": "calls", "limit": 9, "per": "day" },
            { "name": "deploys", "unit": "calls", "limit": 1, "per": "day", "tools": ["deploy"], "onExceeded": "require_approval" },
            { "name": "money", "unit": "usd", "limit": "1.00", "per": "day", "onExceeded": "require_approval" },
        ],
        "rateLimits": { "maxCallsPerMinute": 9 },
        "riskBudget": { "maxPerSession": 30, "points": { "tool": 5 } },
        "rules": [{ "name": "r", "tools": ["http"], "when": { "param": "method", "operator": "eq", "value": "DELETE" }, "action": "block" }],
    });
    assert_eq!(wanted(&policy(&plain), "POST", &[("content-length", "7")]), (NONE, NONE));
    // What is denied anyway is not waited for.
    let denied = with(&json!({ "network": {}, "approvals": { "tools": ["http"] } }));
    assert_eq!(wanted(&denied, "POST", &[("content-length", "7")]), (NONE, NONE));
}

/// The line that holds where nobody waits: natively, in the component, in a page.
#[test]
fn nobody_is_asked_about_a_body_that_is_not_there() {
    for (name, policy) in asking() {
        let verdict = |more: &Value| {
            let decision = ask(&policy, &request(URL, more));
            // Everything is used up, and everything is unusual: whoever may be asked is.
            let outcomes: Vec<EffectOutcome> = decision
                .effects
                .iter()
                .map(|effect| match effect.debit() {
                    Some(debit) if debit.meter == "budgets/b" => EffectOutcome::Reading(1),
                    Some(_) => EffectOutcome::Reading(15),
                    None => EffectOutcome::Unmetered,
                })
                .collect();
            let circumstances = Circumstances { mode: None, approval: Approval::Possible, now: Some(0) };
            conclude(&policy, &decision, &outcomes, &circumstances)
        };
        if name == "what is usual" {
            continue;
        }
        let long = verdict(&json!({ "method": "POST", "headers": [["content-length", "1048577"]] }));
        assert_eq!((long.decision, long.code.as_ref()), (Outcome::Deny, "body-too-large"), "{name}");
        assert!(long.question.is_none(), "{name}");
        for announced in [["content-length", "7"], ["transfer-encoding", "chunked"]] {
            let hidden = verdict(&json!({ "method": "POST", "headers": [announced] }));
            assert_eq!((hidden.decision, hidden.code.as_ref()), (Outcome::Deny, "body-missing"), "{name}");
            assert!(hidden.question.is_none(), "{name}");
            let shown = verdict(&json!({ "method": "POST", "headers": [announced], "body": "seven b" }));
            assert_eq!(shown.decision, Outcome::Escalate, "{name}: {}", shown.reason);
        }
        let without = verdict(&json!({ "method": "POST", "headers": [["content-length", "0"]] }));
        assert_eq!(without.decision, Outcome::Escalate, "{name}: {}", without.reason);
    }
}

fn no_drop(on_missing: &str, operator: &Value) -> Policy {
    let mut when = json!({ "param": "body" });
    for (key, value) in operator.as_object().expect("members") {
        when[key] = value.clone();
    }
    let rule = json!({ "name": "no-drop", "tools": ["http"], "when": when, "action": "block", "onMissing": on_missing });
    policy(&json!({ "rules": [rule] }))
}

#[test]
fn a_rule_on_the_body_sees_it_whatever_the_framing() {
    let policy = no_drop("skip", &json!({ "operator": "contains", "value": "DROP TABLE" }));
    for headers in [&[("content-length", "7")][..], &[("transfer-encoding", "chunked")], &[]] {
        assert_eq!(wanted(&policy, "POST", headers).0, MIB, "{headers:?}");
    }
    for (more, expect) in [
        (json!({ "body": "DROP TABLE users" }), "rule-block"),
        (json!({ "body": "SELECT 1" }), "host-allowed"),
        (json!({ "headers": [["content-length", "16"]] }), "body-missing"),
        (json!({ "headers": [["transfer-encoding", "chunked"]] }), "body-missing"),
        (json!({ "headers": [["content-encoding", "br"]], "body": "?" }), "body-encoded"),
        (json!({ "body": "x".repeat((1 << 20) + 1) }), "body-too-large"),
        // There is none: that is what `onMissing` is about.
        (json!({ "method": "GET" }), "host-allowed"),
    ] {
        let mut own = json!({ "method": "POST" });
        for (key, value) in more.as_object().expect("members") {
            own[key] = value.clone();
        }
        let decision = ask(&policy, &request(URL, &own));
        assert_eq!(code(&decision), expect, "{own} {:?}", decision.reasons);
    }
}

/// One byte that is no text must not be a way around.
#[test]
fn a_body_that_is_no_text_is_not_missing() {
    let bytes = json!({ "method": "POST", "bodyBase64": "RFJPUCBUQUJMRf8=" });
    let contains = json!({ "operator": "contains", "value": "DROP TABLE" });
    let decision = ask(&no_drop("skip", &contains), &request(URL, &bytes));
    assert_eq!((decision.outcome, code(&decision)), (Outcome::Escalate, "rule-mistyped-argument"));
    let there = no_drop("skip", &json!({ "operator": "exists", "value": true }));
    assert_eq!(code(&ask(&there, &request(URL, &bytes))), "rule-block");
    let absent = no_drop("skip", &json!({ "operator": "exists", "value": false }));
    assert_eq!(code(&ask(&absent, &request(URL, &bytes))), "host-allowed");
}
