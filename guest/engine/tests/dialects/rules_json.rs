//! `rules.json` of agentic-sentinel: what comes out, and what it decides.

use super::support::{Asked, document, mistakes, notes};
use sentinel_engine::Dialect::RulesJson;
use serde_json::{Value, json};

fn one_rule(rule: &Value) -> String {
    let mut own = json!({"id": "r", "function_pattern": "*", "action": "block"});
    own.as_object_mut().expect("an object").extend(rule.as_object().expect("a rule").clone());
    json!({"rules": [own]}).to_string()
}

/// A file with one blocking rule on the argument `p`.
fn on(operator: &str, value: &Value) -> String {
    one_rule(&json!({"conditions": [{"param": "p", "operator": operator, "value": value}]}))
}

#[test]
fn the_sample_of_their_documents_becomes_this() {
    let text = include_str!("../testdata/rules.json");
    assert_eq!(
        document(RulesJson, text),
        json!({
            "agentId": "a",
            "version": "1.0.0",
            "identity": {
                "authorityLevel": "limited-ops",
                "environmentScope": ["development", "staging", "production"],
            },
            "rules": [
                {
                    "name": "financial_limit",
                    "tools": ["transfer_*"],
                    "when": {"param": "amount", "operator": "gt", "value": 100},
                    "action": "require_approval",
                    "message": "Transfers over $100 require approval",
                    "onMissing": "skip",
                    "onMismatch": "escalate",
                },
                {
                    "name": "block_deletes",
                    "tools": ["delete_*"],
                    "action": "block",
                    "message": "Delete operations are disabled",
                },
                {"name": "default", "tools": ["*"], "action": "allow"},
            ],
        })
    );
    assert_eq!(
        notes(RulesJson, text),
        ["default-allow /default_action", "mistyped-asks /rules/0/conditions/0/value"]
    );
    let asked = Asked::of(RulesJson, text);
    for (tool, input, outcome) in [
        ("transfer_funds", json!({"amount": 100}), "allow"),
        ("transfer_funds", json!({"amount": 100.01}), "escalate"),
        ("transfer_funds", json!({"amount": 5000}), "escalate"),
        ("transfer_funds", json!({}), "allow"),
        ("transfer_funds", json!({"amount": null}), "allow"),
        ("transfer_funds", json!({"amount": "5000"}), "escalate"),
        ("transfer_", json!({"amount": 101}), "escalate"),
        ("Transfer_funds", json!({"amount": 101}), "allow"),
        ("delete_user", json!({"user_id": 1}), "deny"),
        ("undelete_user", json!({}), "allow"),
        ("anything", json!({}), "allow"),
        ("Read", json!({"file_path": "/etc/passwd"}), "deny"),
        ("Bash", json!({"command": "id"}), "deny"),
    ] {
        assert_eq!(asked.input(tool, &input), outcome, "{tool} {input}");
    }
}

/// Their operators over their values: `block` where the condition holds, the default where not,
/// a person where the types do not fit.
#[test]
fn each_operator_means_what_it_means_there() {
    for (operator, value, cases) in [
        (
            "eq",
            json!(5),
            vec![(json!(5), "deny"), (json!(5.0), "deny"), (json!("5"), "allow"), (json!(6), "allow")],
        ),
        (
            "eq",
            json!(1),
            vec![(json!(1), "deny"), (json!(true), "deny"), (json!(false), "allow"), (json!("1"), "allow")],
        ),
        (
            "eq",
            json!(true),
            vec![(json!(true), "deny"), (json!(1), "deny"), (json!(1.0), "deny"), (json!(0), "allow")],
        ),
        ("eq", json!("x"), vec![(json!("x"), "deny"), (json!("X"), "allow"), (json!(1), "allow")]),
        ("eq", json!([1, 2]), vec![(json!([1, 2]), "deny"), (json!([2, 1]), "allow")]),
        ("ne", json!("x"), vec![(json!("x"), "allow"), (json!("y"), "deny"), (json!(1), "deny")]),
        (
            "ne",
            json!(0),
            vec![(json!(0), "allow"), (json!(false), "allow"), (json!(1), "deny"), (json!("0"), "deny")],
        ),
        ("ne", Value::Null, vec![(json!(0), "deny"), (json!("x"), "deny")]),
        (
            "gt",
            json!(100),
            vec![
                (json!(100), "allow"),
                (json!(101), "deny"),
                (json!("101"), "escalate"),
                (json!([101]), "escalate"),
            ],
        ),
        ("gte", json!(100), vec![(json!(100), "deny"), (json!(99.999), "allow")]),
        ("lt", json!(0.3), vec![(json!(0.3), "allow"), (json!(0.29), "deny"), (json!(-1), "deny")]),
        ("lte", json!(0), vec![(json!(0), "deny"), (json!(1), "allow")]),
        (
            "gt",
            json!("2024"),
            vec![(json!("2025"), "deny"), (json!("2023"), "allow"), (json!(2025), "escalate")],
        ),
        (
            "contains",
            json!("rm"),
            vec![
                (json!("a rm b"), "deny"),
                (json!("a"), "allow"),
                (json!(["rm"]), "deny"),
                (json!({"rm": 1}), "deny"),
                (json!(5), "escalate"),
            ],
        ),
        ("contains", json!(1), vec![(json!([1]), "deny"), (json!([true]), "deny"), (json!([2]), "allow")]),
        (
            "not_contains",
            json!("ok"),
            vec![
                (json!("not"), "deny"),
                (json!("ok!"), "allow"),
                (json!(["ok"]), "allow"),
                (json!(5), "escalate"),
            ],
        ),
        (
            "in",
            json!(["a", 1]),
            vec![(json!("a"), "deny"), (json!(1), "deny"), (json!(true), "deny"), (json!("b"), "allow")],
        ),
        (
            "in",
            json!("abc"),
            vec![(json!("b"), "deny"), (json!(""), "deny"), (json!("d"), "allow"), (json!(1), "escalate")],
        ),
        ("in", json!({"k": 1}), vec![(json!("k"), "deny"), (json!("v"), "allow")]),
        ("not_in", json!(["a", null]), vec![(json!("a"), "allow"), (json!("b"), "deny")]),
        ("not_in", json!("abc"), vec![(json!("b"), "allow"), (json!("d"), "deny")]),
        (
            "matches",
            json!("a.c"),
            vec![(json!("abcd"), "deny"), (json!("xabc"), "allow"), (json!("ab"), "allow")],
        ),
        ("matches", json!("a|b"), vec![(json!("b"), "deny"), (json!("cb"), "allow")]),
        (
            "matches",
            json!("ab$"),
            vec![(json!("ab"), "deny"), (json!("ab\n"), "deny"), (json!("ab\n\n"), "allow")],
        ),
        (
            "matches",
            json!("5"),
            vec![(json!(50), "deny"), (json!(5.5), "deny"), (json!(15), "allow"), (json!([5]), "escalate")],
        ),
        ("matches", json!("(?i)DROP"), vec![(json!("drop table"), "deny")]),
        // A truth is the text that Python writes.
        (
            "matches",
            json!("True"),
            vec![
                (json!(true), "deny"),
                (json!(false), "allow"),
                (json!("True"), "deny"),
                (json!("true"), "allow"),
                (json!(1), "allow"),
                (json!([]), "escalate"),
            ],
        ),
        ("matches", json!("false"), vec![(json!(false), "allow"), (json!("false"), "deny")]),
        ("matches", json!("[TF]|5"), vec![(json!(true), "deny"), (json!(false), "deny"), (json!(5), "deny")]),
        ("matches", json!("(?i)true"), vec![(json!(true), "deny"), (json!(false), "allow")]),
    ] {
        let asked = Asked::of(RulesJson, &on(operator, &value));
        for (argument, outcome) in cases {
            let found = asked.input("f", &json!({"p": argument}));
            assert_eq!(found, outcome, "{argument} {operator} {value}");
        }
        assert_eq!(asked.input("f", &json!({})), "allow", "absent {operator} {value}");
        assert_eq!(asked.input("f", &json!({"p": null})), "allow", "null {operator} {value}");
    }
}

#[test]
fn all_conditions_of_a_rule_have_to_hold() {
    let asked = Asked::of(
        RulesJson,
        &one_rule(&json!({"conditions": [
            {"param": "a", "operator": "gt", "value": 1}, {"param": "b", "operator": "eq", "value": "x"},
        ]})),
    );
    for (input, outcome) in [
        (json!({"a": 2, "b": "x"}), "deny"),
        (json!({"a": 2, "b": "y"}), "allow"),
        (json!({"a": 2}), "allow"),
        (json!({"a": "2", "b": "y"}), "allow"),
        (json!({"a": "2", "b": "x"}), "escalate"),
    ] {
        assert_eq!(asked.input("f", &input), outcome, "{input}");
    }
}

#[test]
fn patterns_of_names_are_those_of_fnmatch() {
    for (pattern, held, free) in [
        ("transfer_*", vec!["transfer_", "transfer_a"], vec!["transfer", "a_transfer_"]),
        ("tool_?", vec!["tool_1", "tool_é"], vec!["tool_", "tool_12"]),
        ("get_[ab]*", vec!["get_a", "get_bx"], vec!["get_c", "get_"]),
        ("v[!0-9]", vec!["va", "v!"], vec!["v1", "v", "vab"]),
        ("a.b", vec!["a.b"], vec!["axb"]),
        ("[x", vec!["[x"], vec!["x"]),
    ] {
        let asked = Asked::of(RulesJson, &one_rule(&json!({"function_pattern": pattern})));
        for tool in held {
            assert_eq!(asked.input(tool, &json!({})), "deny", "{pattern} {tool}");
        }
        for tool in free {
            assert_eq!(asked.input(tool, &json!({})), "allow", "{pattern} {tool}");
        }
    }
}

#[test]
fn rules_come_by_priority_and_stay_in_order_within_one() {
    let rule = |id: &str, action: &str, priority: Option<i64>| {
        let mut own = json!({"id": id, "function_pattern": "f", "action": action});
        if let Some(priority) = priority {
            own["priority"] = json!(priority);
        }
        own
    };
    let text = json!({"default_action": "block", "rules": [
        rule("late", "block", Some(101)), rule("first-of-100", "allow", None), rule("second-of-100", "block", Some(100)),
        rule("early", "require_approval", Some(-1)), {"id": "off", "function_pattern": "*", "action": "allow", "priority": -9, "enabled": false},
    ]});
    let own = document(RulesJson, &text.to_string());
    let names: Vec<_> = own["rules"].as_array().expect("rules").iter().map(|rule| &rule["name"]).collect();
    assert_eq!(names, ["off", "early", "first-of-100", "second-of-100", "late", "default"]);
    assert_eq!(own["rules"][0]["enabled"], json!(false));
    assert_eq!(own["rules"][5], json!({"name": "default", "tools": ["*"], "action": "block"}));
    let asked = Asked::of(RulesJson, &text.to_string());
    assert_eq!(asked.input("f", &json!({})), "escalate");
    assert_eq!(asked.input("g", &json!({})), "deny");
}

#[test]
fn each_default_action_is_the_last_rule() {
    for (word, outcome) in [("allow", "allow"), ("block", "deny"), ("require_approval", "escalate")] {
        let text = json!({"default_action": word, "rules": []}).to_string();
        assert_eq!(Asked::of(RulesJson, &text).input("f", &json!({})), outcome);
    }
    assert_eq!(Asked::of(RulesJson, "{}").input("f", &json!({})), "allow");
    assert_eq!(notes(RulesJson, "{}"), ["allows-everything ", "default-allow "]);
    let off = one_rule(&json!({"enabled": false}));
    assert_eq!(notes(RulesJson, &off), ["allows-everything ", "default-allow "]);
}

#[test]
fn an_argument_is_found_by_its_name_whatever_that_is() {
    for name in ["a.b", "$", "$.p", "@toolName", "it's", "a\\b", "a b", "größe", "x-y", "[*]", "0"] {
        let text = one_rule(&json!({"conditions": [{"param": name, "operator": "eq", "value": "x"}]}));
        let asked = Asked::of(RulesJson, &text);
        assert_eq!(asked.input("f", &json!({name: "x"})), "deny", "{name}");
        assert_eq!(asked.input("f", &json!({"a": {"b": "x"}, "p": "x", "other": "x"})), "allow", "{name}");
    }
}

#[test]
fn what_changes_on_the_way_is_noted() {
    let rules = |rules: Value| json!({"default_action": "block", "rules": rules}).to_string();
    let rule = |more: Value| {
        let mut own = json!({"id": "r", "function_pattern": "f", "action": "allow"});
        own.as_object_mut().expect("an object").extend(more.as_object().expect("fields").clone());
        own
    };
    for (text, expect) in [
        (rules(json!([rule(json!({"id": "Large refunds!"}))])), vec!["renamed /rules/0/id"]),
        (rules(json!([rule(json!({})), rule(json!({}))])), vec!["renamed /rules/1/id"]),
        (rules(json!([rule(json!({"id": "default"}))])), vec!["renamed /rules/0/id"]),
        (
            rules(json!([rule(json!({"name": "R"})), rule(json!({"id": "s", "description": "D"}))])),
            vec!["dropped-text /rules/0/name"],
        ),
        (rules(json!([rule(json!({"name": "r", "description": ""}))])), vec![]),
        (
            rules(json!([rule(json!({"function_pattern": "write_*"}))])),
            vec!["file-tool /rules/0/function_pattern"],
        ),
        (rules(json!([rule(json!({"function_pattern": "Bash", "action": "block"}))])), vec![]),
        (rules(json!([rule(json!({"message": "x".repeat(2_000)}))])), vec!["shortened /rules/0/message"]),
        (
            rules(json!([rule(
                json!({"conditions": [{"param": "p", "operator": "matches", "value": "\\d+"}]})
            )])),
            vec!["ascii-classes /rules/0/conditions/0/value", "mistyped-asks /rules/0/conditions/0/value"],
        ),
    ] {
        assert_eq!(notes(RulesJson, &text), expect, "{text}");
    }
    let text = rules(json!([rule(json!({"message": " two\nlines\u{202e} "}))]));
    assert_eq!(document(RulesJson, &text)["rules"][0]["message"], json!("two lines"));
}

#[test]
fn each_mistake_is_one_here() {
    let condition = |more: Value| {
        let mut own = json!({"param": "p", "operator": "eq", "value": 1});
        own.as_object_mut().expect("an object").extend(more.as_object().expect("fields").clone());
        one_rule(&json!({"conditions": [own]}))
    };
    let value = "/rules/0/conditions/0/value";
    for (text, expect) in [
        ("[]".to_owned(), "wrong-type "),
        (r#"{"rules": null}"#.to_owned(), "wrong-type /rules"),
        (r#"{"rules": {}}"#.to_owned(), "wrong-type /rules"),
        (r#"{"default_action": "deny"}"#.to_owned(), "unknown-value /default_action"),
        (r#"{"rule": []}"#.to_owned(), "unknown-field /rule"),
        (one_rule(&json!({"action": "deny"})), "unknown-value /rules/0/action"),
        (one_rule(&json!({"priority": 1.5})), "bad-number /rules/0/priority"),
        (one_rule(&json!({"enabled": "no"})), "wrong-type /rules/0/enabled"),
        (one_rule(&json!({"prio": 1})), "unknown-field /rules/0/prio"),
        (one_rule(&json!({"id": ""})), "empty-text /rules/0/id"),
        (one_rule(&json!({"function_pattern": "[z-a]"})), "bad-pattern /rules/0/function_pattern"),
        (one_rule(&json!({"function_pattern": "x".repeat(2_000)})), "bad-pattern /rules/0/function_pattern"),
        (condition(json!({"operator": "GT"})), "unknown-operator /rules/0/conditions/0/operator"),
        (condition(json!({"operator": "startswith"})), "unknown-operator /rules/0/conditions/0/operator"),
        (condition(json!({"values": 1})), "unknown-field /rules/0/conditions/0/values"),
        (condition(json!({"value": null})), &format!("bad-value {value}")),
        (condition(json!({"operator": "gt", "value": true})), &format!("bad-value {value}")),
        (condition(json!({"operator": "in", "value": 1})), &format!("bad-value {value}")),
        (condition(json!({"operator": "in", "value": [[1]]})), &format!("bad-value {value}")),
        (condition(json!({"operator": "contains", "value": [1]})), &format!("bad-value {value}")),
        (condition(json!({"operator": "matches", "value": 1})), &format!("bad-value {value}")),
        (condition(json!({"operator": "matches", "value": "("})), &format!("bad-regex {value}")),
        // Of a length that takes hours where it is looked at first.
        (
            condition(json!({"operator": "matches", "value": "{".repeat(1 << 20)})),
            &format!("bad-regex {value}"),
        ),
        (
            one_rule(&json!({"function_pattern": "[".repeat(1 << 20)})),
            "bad-pattern /rules/0/function_pattern",
        ),
        (
            condition(json!({"operator": "q".repeat(1 << 20)})),
            "unknown-operator /rules/0/conditions/0/operator",
        ),
        (condition(json!({"operator": "matches", "value": "a)|(b"})), &format!("bad-regex {value}")),
        (condition(json!({"operator": "matches", "value": "(?!a)"})), &format!("unlike-regex {value}")),
        (condition(json!({"operator": "matches", "value": "(a)\\1"})), &format!("unlike-regex {value}")),
    ] {
        assert_eq!(mistakes(RulesJson, &text), [expect], "{text}");
    }
    for field in ["id", "function_pattern", "action"] {
        let mut own: Value = serde_json::from_str(&one_rule(&json!({}))).expect("JSON");
        own["rules"][0].as_object_mut().expect("a rule").remove(field);
        assert_eq!(mistakes(RulesJson, &own.to_string()), ["missing-field /rules/0"], "{field}");
    }
}

#[test]
fn yaml_is_read_as_well() {
    let text = "default_action: block\nrules:\n  - id: on\n    function_pattern: f\n    action: allow\n    enabled: True\n    conditions:\n      - {param: p, operator: eq, value: FALSE}\n  - {id: off, function_pattern: g, action: allow, enabled: False}\n";
    let asked = Asked::of(RulesJson, text);
    assert_eq!(asked.input("f", &json!({"p": false})), "allow");
    assert_eq!(asked.input("f", &json!({"p": true})), "deny");
    assert_eq!(asked.input("g", &json!({})), "deny");
}

#[test]
fn a_rule_for_more_than_we_hold_is_refused_before_it_is_deployed() {
    let conditions: Vec<_> =
        (0..200).map(|n| json!({"param": format!("p{n}"), "operator": "eq", "value": 1})).collect();
    assert_eq!(mistakes(RulesJson, &one_rule(&json!({"conditions": conditions}))), ["too-many "]);
}
