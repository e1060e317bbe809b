//! Which rule decides, and what a rule can do beside the rest of a policy.

use sentinel_engine::{Circumstances, EffectOutcome, Outcome, conclude};

use crate::support::{decide, load, outcome};
use Outcome::{Allow, Deny, Escalate};

fn rule(name: &str, tools: &str, when: &str, action: &str) -> String {
    let when = if when.is_empty() { String::new() } else { format!(r#""when":{when},"#) };
    format!(r#"{{"name":"{name}","tools":[{tools}],{when}"action":"{action}"}}"#)
}

const OVER: &str = r#"{"param":"amount","operator":"gt","value":100}"#;
const ANY: &str = r#""*""#;

#[test]
fn the_first_rule_that_holds_ends_the_list() {
    let block = rule("block", ANY, OVER, "block");
    let ask = rule("ask", ANY, OVER, "require_approval");
    let allow = rule("allow", ANY, OVER, "allow");
    let rest = rule("rest", ANY, "", "allow");
    let never = rule("never", r#""other""#, "", "block");
    for (rules, input, expect, code) in [
        (vec![&block, &allow], r#"{"amount":101}"#, Deny, "rule-block"),
        (vec![&allow, &block], r#"{"amount":101}"#, Allow, "rule-allow"),
        (vec![&ask, &block], r#"{"amount":101}"#, Escalate, "rule-approval"),
        (vec![&block, &rest], r#"{"amount":100}"#, Allow, "rule-allow"),
        (vec![&never, &rest], r#"{"amount":101}"#, Allow, "rule-allow"),
        // Unknown, and then something that holds: the worst of both.
        (vec![&block, &rest], "{}", Escalate, "rule-missing-argument"),
        (vec![&block, &rest], r#"{"amount":"101"}"#, Escalate, "rule-mistyped-argument"),
        (vec![&ask, &rest], "{}", Escalate, "rule-missing-argument"),
        (vec![&allow, &rest], "{}", Escalate, "rule-missing-argument"),
        // No rule holds and none is unknown: rules say nothing.
        (vec![&block], r#"{"amount":100}"#, Deny, "tool-unknown"),
        (vec![&allow], r#"{"amount":100}"#, Deny, "tool-unknown"),
    ] {
        let list: Vec<&str> = rules.iter().map(|rule| rule.as_str()).collect();
        let policy = load(&format!(r#""rules":[{}]"#, list.join(",")));
        assert_eq!(outcome(&policy, "t", input), (expect, code.to_owned()), "{list:#?} {input}");
    }
}

#[test]
fn a_later_block_denies_what_an_earlier_rule_does_not_know() {
    let unknown = rule("unknown", ANY, OVER, "allow");
    let block = rule("block", ANY, r#"{"param":"to","operator":"eq","value":"evil"}"#, "block");
    let rest = rule("rest", ANY, "", "allow");
    let policy = load(&format!(r#""rules":[{unknown},{block},{rest}]"#));
    assert_eq!(outcome(&policy, "t", r#"{"to":"evil"}"#), (Deny, "rule-block".to_owned()));
    assert_eq!(outcome(&policy, "t", r#"{"to":"shop"}"#), (Escalate, "rule-missing-argument".to_owned()));
    let decision = decide(&policy, "t", r#"{"to":"evil"}"#, "");
    let codes: Vec<&str> = decision.reasons.iter().map(|reason| reason.code.as_ref()).collect();
    assert_eq!(codes, ["rule-block", "rule-missing-argument"]);
}

#[test]
fn what_is_unknown_lets_a_tool_through_only_where_its_rule_would() {
    for (action, expect, code) in [
        ("allow", Escalate, "rule-missing-argument"),
        ("require_approval", Escalate, "rule-missing-argument"),
        // A rule that blocks has not allowed anything.
        ("block", Deny, "tool-unknown"),
    ] {
        let policy = load(&format!(r#""rules":[{}]"#, rule("r", ANY, OVER, action)));
        assert_eq!(outcome(&policy, "t", "{}"), (expect, code.to_owned()), "{action}");
    }
}

#[test]
fn a_rule_allows_named_tools_and_nothing_else() {
    let sections =
        |more: &str| format!(r#""rules":[{}],"toolActions":{{{more}}}"#, rule("all", ANY, "", "allow"));
    for (more, tool, input, expect, code) in [
        ("", "t", "{}", Allow, "rule-allow"),
        (r#""denied":["t"]"#, "t", "{}", Deny, "tool-denied"),
        (r#""allowed":["t"]"#, "t", "{}", Allow, "rule-allow"),
        // The tools of the tool map stay with the lists that know their arguments.
        ("", "Read", r#"{"file_path":"a"}"#, Deny, "no-data-access"),
        ("", "Write", r#"{"file_path":"a"}"#, Deny, "no-data-access"),
        ("", "Grep", "{}", Deny, "no-data-access"),
        ("", "Bash", r#"{"command":"ls"}"#, Deny, "no-bash"),
        (r#""bash":{"allow":["ls"]}"#, "Bash", r#"{"command":"ls"}"#, Allow, "bash-allow"),
        (r#""bash":{"allow":["ls"]}"#, "Bash", r#"{"command":"rm x"}"#, Deny, "bash-no-match"),
        (r#""toolMap":{"up":{"read":["from"]}}"#, "up", r#"{"from":"x"}"#, Deny, "no-data-access"),
    ] {
        assert_eq!(outcome(&load(&sections(more)), tool, input), (expect, code.to_owned()), "{more} {tool}");
    }
}

#[test]
fn a_rule_raises_the_tools_of_the_tool_map() {
    let asking = |action: &str| {
        let when = r#"{"param":"command","operator":"contains","value":"prod"}"#;
        load(&format!(
            r#""rules":[{}],"toolActions":{{"bash":{{"allow":["deploy *"]}}}}"#,
            rule("prod", r#""Bash""#, when, action)
        ))
    };
    let prod = r#"{"command":"deploy prod"}"#;
    assert_eq!(outcome(&asking("block"), "Bash", prod), (Deny, "rule-block".to_owned()));
    assert_eq!(outcome(&asking("require_approval"), "Bash", prod), (Escalate, "rule-approval".to_owned()));
    assert_eq!(outcome(&asking("allow"), "Bash", prod), (Allow, "bash-allow".to_owned()));
    assert_eq!(
        outcome(&asking("block"), "Bash", r#"{"command":"deploy uat"}"#),
        (Allow, "bash-allow".to_owned())
    );
    let decision = decide(&asking("allow"), "Bash", prod, "");
    assert!(decision.reasons.iter().any(|reason| reason.code == "rule-allow"), "{decision:#?}");
}

#[test]
fn identity_stands_above_every_rule() {
    let policy = load(&format!(r#""rules":[{}]"#, rule("all", ANY, "", "allow")));
    let elsewhere = decide(&policy, "t", "{}", r#","environment":"moon""#);
    assert_eq!((elsewhere.outcome, elsewhere.reasons[0].code.as_ref()), (Deny, "environment-scope"));
}

#[test]
fn a_rule_that_is_switched_off_says_nothing_and_keeps_its_place() {
    let policy = load(
        r#""rules":[{"name":"off","tools":["*"],"action":"block","enabled":false},
                    {"name":"on","tools":["*"],"action":"allow","enabled":true}]"#,
    );
    let decision = decide(&policy, "t", "{}", "");
    let rule = decision.reasons[0].rule.as_ref().expect("a rule decided");
    assert_eq!((decision.outcome, rule.pattern.as_str(), rule.pointer.as_str()), (Allow, "on", "/rules/1"));
}

#[test]
fn reasons_name_the_rule_and_the_path_and_no_value() {
    let policy = load(
        r#""rules":[{"name":"pin","tools":["*"],"action":"block","message":"Pins stay here.","when":{"param":"pin","operator":"eq","value":"4711"}},
                    {"name":"deep","tools":["*"],"action":"block","when":{"param":"$.a['b.c'][0]","operator":"gt","value":1}},
                    {"name":"rest","tools":["*"],"action":"allow"}]"#,
    );
    for (input, code, message, pointer) in [
        (r#"{"pin":"4711"}"#, "rule-block", "Pins stay here.", "/rules/0"),
        (
            r#"{"pin":"secret"}"#,
            "rule-missing-argument",
            r#"Rule "deep" needs "$.a['b.c'][0]", and the call does not have it."#,
            "/rules/1",
        ),
        (
            r#"{"pin":"secret","a":{"b.c":["secret"]}}"#,
            "rule-mistyped-argument",
            r#"Rule "deep" cannot compare "$.a['b.c'][0]": the call has another type there."#,
            "/rules/1",
        ),
        (r#"{"pin":"secret","a":{"b.c":[0]}}"#, "rule-allow", r#"Rule "rest" allows the call."#, "/rules/2"),
    ] {
        let decision = decide(&policy, "t", input, "");
        let first = &decision.reasons[0];
        let found = first.rule.as_ref().expect("a rule decided");
        assert_eq!(
            (first.code.as_ref(), first.message.as_str(), found.pointer.as_str(), first.layer.as_str()),
            (code, message, pointer, "deterministic"),
            "{input}"
        );
        let verdict = conclude(
            &policy,
            &decision,
            &vec![EffectOutcome::Unmetered; decision.effects.len()],
            &Circumstances::default(),
        );
        assert!(!verdict.json.contains("secret") && !verdict.json.contains("4711"), "{}", verdict.json);
    }
}

#[test]
fn many_unknown_rules_give_few_reasons_and_lose_no_denial() {
    let mut rules: Vec<String> = (0..200).map(|n| rule(&format!("r{n}"), ANY, OVER, "block")).collect();
    let policy = load(&format!(r#""rules":[{}]"#, rules.join(",")));
    let decision = decide(&policy, "t", "{}", "");
    assert!(decision.reasons.len() < 40, "{}", decision.reasons.len());
    rules.push(
        r#"{"name":"strict","tools":["*"],"action":"block","onMissing":"block","when":{"param":"x","operator":"eq","value":1}}"#
            .to_owned(),
    );
    let policy = load(&format!(r#""rules":[{}]"#, rules.join(",")));
    assert_eq!(outcome(&policy, "t", "{}"), (Deny, "rule-missing-argument".to_owned()));
}

#[test]
fn more_text_than_rules_may_look_at_denies() {
    let block = |test: &str| {
        format!(r#""rules":[{},{}]"#, rule("r", ANY, test, "block"), rule("rest", ANY, "", "allow"))
    };
    let regex = load(&block(r#"{"param":"x","operator":"matches","value":"(a|aa|aaa)+b"}"#));
    assert_eq!(outcome(&regex, "t", r#"{"x":"aaaa"}"#), (Allow, "rule-allow".to_owned()));
    let long = format!(r#"{{"x":"{}"}}"#, "a".repeat(1 << 20));
    let (found, code) = outcome(&regex, "t", &long);
    assert_eq!((found, code.as_str()), (Deny, "rule-limit"));
    // The same text is little for an operator that looks at each byte once.
    let plain = load(&block(r#"{"param":"x","operator":"contains","value":"b"}"#));
    assert_eq!(outcome(&plain, "t", &long), (Allow, "rule-allow".to_owned()));
    // All rules share what one call may cost.
    let many: Vec<String> = (0..10_000)
        .map(|n| {
            rule(
                &format!("r{n}"),
                ANY,
                r#"{"param":"x","operator":"matches","value":"^(a|b|c|d)*e"}"#,
                "block",
            )
        })
        .collect();
    let many = load(&format!(r#""rules":[{}]"#, many.join(",")));
    assert_eq!(
        outcome(&many, "t", &format!(r#"{{"x":"{}"}}"#, "a".repeat(100))),
        (Deny, "rule-limit".to_owned())
    );
}

/// The name of a tool is the caller's, and as long as it likes: looking for its rules is bounded, too.
#[test]
fn a_name_too_long_for_many_patterns_is_denied() {
    let tools: Vec<String> = (0..256).map(|number| format!(r#""*a*b{number}*""#)).collect();
    let block = rule("block", &tools.join(","), "", "block");
    let rest = rule("rest", ANY, "", "allow");
    let tag = format!(r#""tags":[{{"add":["x"],"tools":[{}]}}]"#, tools.join(","));
    let policy = load(&format!(r#""rules":[{block},{rest}]"#));
    assert_eq!(outcome(&policy, "pay", "{}"), (Allow, "rule-allow".to_owned()));
    assert_eq!(outcome(&policy, "ab7", "{}"), (Deny, "rule-block".to_owned()));
    let long = "a".repeat(1 << 20);
    assert_eq!(outcome(&policy, &long, "{}"), (Deny, "rule-limit".to_owned()));
    // Labels never change a decision.
    let policy = load(&format!(r#""rules":[{rest}],{tag}"#));
    let decision = decide(&policy, &long, "{}", "");
    assert_eq!((decision.outcome, decision.tags.as_slice()), (Allow, &[][..]));
    assert_eq!(decide(&policy, "ab7", "{}", "").tags, ["x"]);
}
