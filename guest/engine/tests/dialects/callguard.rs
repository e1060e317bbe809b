//! `callguard.yaml` of agentsentinel-sdk: what comes out, and what it decides.

use super::support::{Asked, document, mistakes, notes};
use sentinel_engine::Dialect::Callguard;
use serde_json::{Value, json};

fn rule_names(own: &Value) -> Vec<&str> {
    let rules = own["rules"].as_array().expect("rules");
    rules.iter().map(|rule| rule["name"].as_str().expect("a name")).collect()
}

#[test]
fn the_sample_of_their_documents_becomes_this() {
    let text = include_str!("../testdata/callguard.yaml");
    let own = document(Callguard, text);
    assert_eq!(
        own["rules"],
        json!([
            {"name": "denied-actions", "tools": ["delete_database", "dangerous_operation"], "action": "block"},
            {"name": "default", "tools": ["*"], "action": "allow"},
        ])
    );
    assert_eq!(
        own["budgets"],
        json!([
            {"name": "session", "limit": "5.00", "per": "session"},
            {"name": "run", "limit": "1.00", "per": "run"},
            {"name": "action-expensive_llm", "limit": "0.50", "per": "session", "tools": ["expensive_llm"]},
        ])
    );
    assert_eq!(own.get("approvals"), None);
    assert_eq!(
        notes(Callguard, text),
        ["default-allow ", "cost-required /budgets/actions/expensive_llm", "strict-mode /strict_mode"]
    );
    let asked = Asked::of(Callguard, text);
    assert_eq!(asked.input("delete_database", &json!({})), "deny");
    assert_eq!(asked.input("Delete_database", &json!({})), "allow");
    assert_eq!(asked.input("search", &json!({})), "allow");
    assert_eq!(asked.costs("expensive_llm", "0.50"), "allow");
    assert_eq!(asked.costs("expensive_llm", "0.500001"), "deny");
    assert_eq!(asked.input("expensive_llm", &json!({})), "deny");
    assert_eq!(asked.costs("search", "1.00"), "allow");
    assert_eq!(asked.costs("search", "1.01"), "deny");
}

#[test]
fn an_allow_list_lets_nothing_else_through_and_deny_wins() {
    let text = "allowed_actions: [read_page, send]\ndenied_actions: [send]\n";
    let own = document(Callguard, text);
    assert_eq!(rule_names(&own), ["denied-actions", "allowed-actions", "default"]);
    let asked = Asked::of(Callguard, text);
    assert_eq!(asked.input("read_page", &json!({})), "allow");
    assert_eq!(asked.input("send", &json!({})), "deny");
    assert_eq!(asked.input("other", &json!({})), "deny");
    assert_eq!(notes(Callguard, "allowed_actions: [read_file]\n"), ["file-tool /allowed_actions/0"]);
}

#[test]
fn long_lists_become_several_rules() {
    let names: Vec<String> = (0..600).map(|n| format!("tool{n}")).collect();
    let text = json!({"allowed_actions": names}).to_string();
    let own = document(Callguard, &text);
    assert_eq!(rule_names(&own), ["allowed-actions", "allowed-actions-2", "allowed-actions-3", "default"]);
    let asked = Asked::of(Callguard, &text);
    assert_eq!(asked.input("tool599", &json!({})), "allow");
    assert_eq!(asked.input("tool600", &json!({})), "deny");
}

#[test]
fn rates_are_windows() {
    let text = "rate_limits:\n  api_call: {max_count: 10, window_seconds: 60}\n  maxCallsPerMinute: {max_count: 1, window_seconds: 1}\n";
    let own = document(Callguard, text);
    assert_eq!(
        own["rateLimits"]["windows"],
        json!([
            {"name": "api_call", "maxCalls": 10, "seconds": 60, "tools": ["api_call"]},
            {"name": "maxCallsPerMinute-2", "maxCalls": 1, "seconds": 1, "tools": ["maxCallsPerMinute"]},
        ])
    );
    let asked = Asked::of(Callguard, text);
    assert_eq!(asked.call_at("api_call", &json!({}), &json!({}), 9), "allow");
    assert_eq!(asked.call_at("api_call", &json!({}), &json!({}), 10), "deny");
    assert_eq!(asked.call_at("other", &json!({}), &json!({}), 10), "allow");
}

#[test]
fn budgets_are_read_from_their_text() {
    for (written, limit) in [
        ("5", "5.00"),
        ("5.0", "5.00"),
        ("0.1", "0.10"),
        (".5", "0.50"),
        ("1e2", "100.00"),
        ("0.000001", "0.000001"),
        ("0", "0.00"),
        ("\"2.50\"", "2.50"),
    ] {
        let own = document(Callguard, &format!("budgets: {{run: {written}}}\n"));
        assert_eq!(own["budgets"][0]["limit"], json!(limit), "{written}");
    }
    for written in ["-1", "1e-7", "\"five\"", "\"1e2\"", "0.0000001", "1e30"] {
        assert_eq!(
            mistakes(Callguard, &format!("budgets: {{run: {written}}}\n")),
            ["bad-money /budgets/run"],
            "{written}"
        );
    }
    let asked = Asked::of(Callguard, "budgets: {session: 0}\n");
    assert_eq!(asked.costs("f", "0.00"), "allow");
    assert_eq!(asked.costs("f", "0.000001"), "deny");
}

#[test]
fn approvals_ask_after_what_blocks_and_before_what_allows() {
    for (text, names, cases) in [
        (
            "require_approval: true\n",
            vec!["approval"],
            vec![("f", None, "escalate"), ("g", Some("1.00"), "escalate")],
        ),
        (
            "require_approval: true\ndenied_actions: [d]\nallowed_actions: [d, f]\n",
            vec!["denied-actions", "approval", "default"],
            vec![("d", None, "deny"), ("f", None, "escalate"), ("other", None, "deny")],
        ),
        (
            "require_approval: true\napproval_actions: [deploy]\n",
            vec!["approval-actions", "default"],
            vec![("deploy", None, "escalate"), ("f", None, "allow")],
        ),
        (
            "require_approval: true\napproval_actions: [deploy, x]\nallowed_actions: [deploy, f]\napproval_threshold_usd: 50\n",
            vec!["approval-actions", "approval-threshold", "allowed-actions", "default"],
            vec![
                ("deploy", None, "escalate"),
                ("f", Some("49.999999"), "allow"),
                ("f", Some("50.00"), "escalate"),
                ("f", None, "allow"),
                ("x", None, "deny"),
                ("x", Some("60.00"), "deny"),
            ],
        ),
        (
            "require_approval: true\napproval_threshold_usd: 0\n",
            vec!["approval"],
            vec![("f", None, "escalate"), ("f", Some("0.00"), "escalate")],
        ),
        ("require_approval: false\napproval_actions: [f]\n", vec!["default"], vec![("f", None, "allow")]),
        ("approval_actions: [f]\n", vec!["approval-actions", "default"], vec![("f", None, "escalate")]),
    ] {
        let own = document(Callguard, text);
        assert_eq!(rule_names(&own), names, "{text}");
        let is_asking = names.iter().any(|name| name.starts_with("approval"));
        let expires = is_asking.then(|| json!({"expiresSeconds": 3600}));
        assert_eq!(own.get("approvals"), expires.as_ref(), "{text}");
        let asked = Asked::of(Callguard, text);
        for (tool, cost, outcome) in cases {
            let found = cost.map_or_else(|| asked.input(tool, &json!({})), |usd| asked.costs(tool, usd));
            assert_eq!(found, outcome, "{text} {tool} {cost:?}");
        }
    }
}

#[test]
fn a_time_to_answer_is_kept_within_ours() {
    for (seconds, expires, is_noted) in [
        (10, 10, false),
        (900, 900, false),
        (604_800, 604_800, false),
        (5, 10, true),
        (700_000, 604_800, true),
    ] {
        let text = format!("require_approval: true\napproval_timeout_seconds: {seconds}\n");
        assert_eq!(document(Callguard, &text)["approvals"]["expiresSeconds"], json!(expires));
        let noted = notes(Callguard, &text).contains(&"clamped /approval_timeout_seconds".to_owned());
        assert_eq!(noted, is_noted, "{seconds}");
    }
}

const CONSTRAINTS: &str = "
evidence:
  argument_constraints:
    refund:
      required: [order, amount]
      properties:
        amount: {type: number, minimum: 0, maximum: 100}
        count: {type: integer}
        currency: {enum: [USD, EUR]}
        note: {pattern: \"^[a-z ]+$\"}
        flags: {type: array}
        odd.name: {maximum: 1}
";

#[test]
fn constraints_block_what_breaks_them() {
    let own = document(Callguard, CONSTRAINTS);
    let names = rule_names(&own);
    assert_eq!(names.first(), Some(&"constraint-refund-amount"));
    assert_eq!(names[names.len() - 2..], ["constraint-refund-order", "default"]);
    let message =
        "Argument \"amount\" has to be there and have the type number and be at least 0 and be at most 100.";
    assert_eq!(own["rules"][0]["message"], json!(message));
    let asked = Asked::of(Callguard, CONSTRAINTS);
    let call = |more: Value| {
        let mut input = json!({"order": "o", "amount": 1});
        input.as_object_mut().expect("an object").extend(more.as_object().expect("arguments").clone());
        asked.input("refund", &input)
    };
    for (more, outcome) in [
        (json!({}), "allow"),
        (json!({"amount": 0}), "allow"),
        (json!({"amount": 100}), "allow"),
        (json!({"amount": 100.01}), "deny"),
        (json!({"amount": -0.01}), "deny"),
        (json!({"amount": "50"}), "deny"),
        (json!({"amount": true}), "deny"),
        (json!({"amount": null}), "deny"),
        (json!({"order": null}), "deny"),
        (json!({"count": 1}), "allow"),
        (json!({"count": 1.0}), "deny"),
        (json!({"count": true}), "deny"),
        (json!({"currency": "EUR"}), "allow"),
        (json!({"currency": "GBP"}), "deny"),
        (json!({"currency": null}), "allow"),
        (json!({"note": "two words"}), "allow"),
        (json!({"note": "two words\n"}), "deny"),
        (json!({"note": "2"}), "deny"),
        (json!({"note": 2}), "deny"),
        (json!({"flags": []}), "allow"),
        (json!({"flags": {}}), "deny"),
        (json!({"odd.name": 1}), "allow"),
        (json!({"odd.name": 2}), "deny"),
        (json!({"odd": {"name": 2}}), "allow"),
        (json!({"unknown": 1}), "allow"),
    ] {
        assert_eq!(call(more.clone()), outcome, "{more}");
    }
    assert_eq!(asked.input("refund", &json!({})), "deny");
    assert_eq!(asked.input("refund", &json!({"amount": 1})), "deny");
    assert_eq!(asked.input("other", &json!({})), "allow");
}

#[test]
fn evidence_becomes_a_question_that_names_what_to_check() {
    let text = "
allowed_actions: [refund, wire, lookup]
evidence:
  requirements: {refund: [lookup, verify], hidden: [lookup]}
  max_age_seconds: {refund: 60}
  commit_actions: [wire]
  evidence_actions: [lookup]
  grounding_rules:
    refund:
      amount: {source_action: lookup, source_field: order.total}
      order: {source_action: lookup, source_field: id, source_from: kwargs}
";
    let own = document(Callguard, text);
    assert_eq!(rule_names(&own), ["evidence-refund", "evidence-wire", "allowed-actions", "default"]);
    assert_eq!(
        own["rules"][0],
        json!({
            "name": "evidence-refund",
            "tools": ["refund"],
            "action": "require_approval",
            "message": "Please check: it comes after lookup, verify; what it relies on is at most 60 seconds old; \
                        amount is order.total in the result of lookup; order is id in the arguments of lookup.",
        })
    );
    assert_eq!(own["approvals"], json!({"expiresSeconds": 3600}));
    assert_eq!(
        notes(Callguard, text),
        [
            "asks-a-person /evidence/requirements/refund",
            "asks-a-person /evidence/commit_actions/0",
            "dropped-setting /evidence/evidence_actions/0",
        ]
    );
    let asked = Asked::of(Callguard, text);
    for (tool, outcome) in
        [("refund", "escalate"), ("wire", "escalate"), ("lookup", "allow"), ("hidden", "deny")]
    {
        assert_eq!(asked.input(tool, &json!({})), outcome, "{tool}");
    }
}

#[test]
fn each_mistake_is_one_here() {
    let evidence = "/evidence/argument_constraints/a";
    for (text, expect) in [
        ("{}", "empty-policy ".to_owned()),
        ("denied_action: [x]", "unknown-field /denied_action".to_owned()),
        ("budgets: {sesion: 1}", "unknown-field /budgets/sesion".to_owned()),
        ("budgets: {run: }", "wrong-type /budgets/run".to_owned()),
        ("denied_actions: x", "wrong-type /denied_actions".to_owned()),
        ("denied_actions: [\"delete_*\"]", "bad-name /denied_actions/0".to_owned()),
        ("budgets: {actions: {\"a*\": 1}}", "bad-name /budgets/actions/a*".to_owned()),
        ("budgets: {actions: {\"\": 1}}", "bad-name /budgets/actions/".to_owned()),
        (
            "rate_limits: {\"a\\u200b\": {max_count: 1, window_seconds: 1}}",
            "bad-name /rate_limits/a\u{200b}".to_owned(),
        ),
        ("allowed_actions: []", "empty-list /allowed_actions".to_owned()),
        ("rate_limits: {a: {max_count: 1}}", "missing-field /rate_limits/a".to_owned()),
        (
            "rate_limits: {a: {max_count: 1.5, window_seconds: 1}}",
            "bad-number /rate_limits/a/max_count".to_owned(),
        ),
        (
            "rate_limits: {a: {max_count: 1, window_seconds: 0}}",
            "bad-number /rate_limits/a/window_seconds".to_owned(),
        ),
        ("strict_mode: 1", "wrong-type /strict_mode".to_owned()),
        ("approval_tags: [x]", "no-counterpart /approval_tags".to_owned()),
        ("approval_risk_levels: [high]", "no-counterpart /approval_risk_levels".to_owned()),
        ("pii_rules: {}", "no-counterpart /pii_rules".to_owned()),
        ("moderation_rules: {}", "no-counterpart /moderation_rules".to_owned()),
        ("loop_rules: {}", "no-counterpart /loop_rules".to_owned()),
        ("pii_default_enabled: true", "no-counterpart /pii_default_enabled".to_owned()),
        ("moderation_default_enabled: true", "no-counterpart /moderation_default_enabled".to_owned()),
        ("loop_default_enabled: true", "no-counterpart /loop_default_enabled".to_owned()),
        ("approval_timeout_seconds: 0", "bad-number /approval_timeout_seconds".to_owned()),
        ("approval_threshold_usd: -1", "bad-money /approval_threshold_usd".to_owned()),
        ("evidence: {requirement: {}}", "unknown-field /evidence/requirement".to_owned()),
        (
            "evidence: {argument_constraints: {a: {additionalProperties: false}}}",
            format!("unknown-field {evidence}/additionalProperties"),
        ),
        (
            "evidence: {argument_constraints: {a: {properties: {p: {minLength: 1}}}}}",
            format!("unknown-field {evidence}/properties/p/minLength"),
        ),
        (
            "evidence: {argument_constraints: {a: {properties: {p: {type: text}}}}}",
            format!("unknown-value {evidence}/properties/p/type"),
        ),
        (
            "evidence: {argument_constraints: {a: {properties: {p: {maximum: \"5\"}}}}}",
            format!("wrong-type {evidence}/properties/p/maximum"),
        ),
        (
            "evidence: {argument_constraints: {a: {properties: {p: {enum: []}}}}}",
            format!("empty-list {evidence}/properties/p/enum"),
        ),
        (
            "evidence: {argument_constraints: {a: {properties: {p: {enum: [[1]]}}}}}",
            format!("wrong-type {evidence}/properties/p/enum/0"),
        ),
        (
            "evidence: {argument_constraints: {a: {properties: {p: {pattern: \"(?=x)\"}}}}}",
            format!("unlike-regex {evidence}/properties/p/pattern"),
        ),
        (
            "evidence: {grounding_rules: {a: {p: {source_action: b}}}}",
            "missing-field /evidence/grounding_rules/a/p".to_owned(),
        ),
        (
            "evidence: {grounding_rules: {a: {p: {source_action: b, source_field: c, source_from: args}}}}",
            "unknown-value /evidence/grounding_rules/a/p/source_from".to_owned(),
        ),
    ] {
        let found = mistakes(Callguard, text);
        assert_eq!(found, [expect], "{text}");
    }
}

#[test]
fn settings_without_an_effect_are_noted() {
    for (text, note) in [
        ("strict_mode: false\n", "strict-mode /strict_mode"),
        ("budget_warning_thresholds: [80]\n", "dropped-setting /budget_warning_thresholds"),
        ("require_approval: false\napproval_threshold_usd: 1\n", "approval-off /approval_threshold_usd"),
        ("approval_threshold_usd: 1\n", "approval-on /approval_threshold_usd"),
        ("require_approval: true\napproval_threshold_usd: 1\n", "cost-unknown /approval_threshold_usd"),
        (
            "require_approval: true\nallowed_actions: [a]\napproval_actions: [b]\n",
            "unreachable /approval_actions/0",
        ),
        (CONSTRAINTS, "null-is-absent /evidence/argument_constraints/refund/properties/count"),
    ] {
        let found = notes(Callguard, text);
        assert!(found.contains(&note.to_owned()), "{text}: {found:?}");
    }
    let quiet =
        "pii_default_enabled: false\nmoderation_default_enabled: false\nloop_default_enabled: false\n";
    assert_eq!(notes(Callguard, quiet), ["default-allow "]);
}
