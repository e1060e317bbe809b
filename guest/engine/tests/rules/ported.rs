//! What the tests of agentic-sentinel's rules engine say, as far as it is meant, in the words of
//! this policy: conditions, rules, and the engine as a whole.

use sentinel_engine::Outcome::{Allow, Deny, Escalate};

use crate::support::{load, outcome, truth};

#[test]
fn conditions() {
    for (operator, value, argument, expect) in [
        ("eq", "\"active\"", "\"active\"", "true"),
        ("eq", "\"active\"", "\"inactive\"", "false"),
        ("ne", "\"admin\"", "\"user\"", "true"),
        ("ne", "\"admin\"", "\"admin\"", "false"),
        ("gt", "100", "150", "true"),
        ("gt", "100", "100", "false"),
        ("gt", "100", "50", "false"),
        ("gte", "100", "100", "true"),
        ("gte", "100", "99", "false"),
        ("lt", "100", "50", "true"),
        ("lt", "100", "100", "false"),
        ("lte", "100", "100", "true"),
        ("lte", "100", "101", "false"),
        ("contains", "\"delete\"", "\"please delete this\"", "true"),
        ("contains", "\"delete\"", "\"please keep this\"", "false"),
        ("not_contains", "\"password\"", "\"hello\"", "true"),
        ("matches", r#""^[\\w.]+@example\\.com$""#, "\"user@example.com\"", "true"),
        ("matches", r#""^[\\w.]+@example\\.com$""#, "\"user@other.com\"", "false"),
        ("in", r#"["US","CA","UK"]"#, "\"US\"", "true"),
        ("in", r#"["US","CA","UK"]"#, "\"DE\"", "false"),
        ("not_in", r#"["blocked"]"#, "\"ok\"", "true"),
    ] {
        let test = format!(r#"{{"param":"x","operator":"{operator}","value":{value}}}"#);
        assert_eq!(
            truth(&test, &format!(r#"{{"x":{argument}}}"#), ""),
            expect,
            "{operator} {value} {argument}"
        );
    }
}

/// A parameter that is absent or mistyped used to make every condition false, so a cap on
/// `"5000"` as a text was no cap.
#[test]
fn what_cannot_be_compared_is_not_let_through() {
    let policy = load(
        r#""rules":[{"name":"cap","tools":["transfer_funds"],"when":{"param":"amount","operator":"gt","value":100},"action":"block"},
                    {"name":"default","tools":["*"],"action":"allow"}]"#,
    );
    for (input, expect) in [
        (r#"{"amount":5000}"#, Deny),
        (r#"{"amount":100}"#, Allow),
        (r#"{"amount":"5000"}"#, Escalate),
        (r#"{"amount":null}"#, Escalate),
        (r#"{"amount":[5000]}"#, Escalate),
        ("{}", Escalate),
    ] {
        assert_eq!(outcome(&policy, "transfer_funds", input).0, expect, "{input}");
    }
}

#[test]
fn rules_match_by_name_and_by_all_their_conditions() {
    let rules = |tools: &str, when: &str| {
        load(&format!(
            r#""rules":[{{"name":"r","tools":[{tools}],{when}"action":"block"}},{{"name":"default","tools":["*"],"action":"allow"}}]"#
        ))
    };
    let both = r#""when":{"all":[{"param":"amount","operator":"gt","value":100},{"param":"currency","operator":"eq","value":"USD"}]},"#;
    for (tools, when, tool, input, expect) in [
        (r#""transfer_funds""#, "", "transfer_funds", "{}", Deny),
        (r#""transfer_funds""#, "", "other", "{}", Allow),
        (r#""transfer_*""#, "", "transfer_funds", "{}", Deny),
        (r#""transfer_*""#, "", "pay_transfer", "{}", Allow),
        (r#""*_funds""#, "", "transfer_funds", "{}", Deny),
        (r#""*""#, "", "anything", "{}", Deny),
        (r#""a","b""#, "", "b", "{}", Deny),
        (r#""*""#, both, "t", r#"{"amount":150,"currency":"USD"}"#, Deny),
        (r#""*""#, both, "t", r#"{"amount":50,"currency":"USD"}"#, Allow),
        (r#""*""#, both, "t", r#"{"amount":150,"currency":"EUR"}"#, Allow),
        // False decides, whatever is missing beside it.
        (r#""*""#, both, "t", r#"{"amount":50}"#, Allow),
        (r#""*""#, both, "t", r#"{"amount":150}"#, Escalate),
    ] {
        assert_eq!(outcome(&rules(tools, when), tool, input).0, expect, "{tools} {when} {tool} {input}");
    }
}

#[test]
fn the_engine_takes_the_first_rule_and_then_the_default() {
    let over = |n: u32| format!(r#""when":{{"param":"amount","operator":"gt","value":{n}}}"#);
    let policy = |default: &str| {
        load(&format!(
            r#""rules":[
              {{"name":"large","tools":["pay*"],{},"action":"block","message":"Too much."}},
              {{"name":"medium","tools":["pay*"],{},"action":"require_approval"}},
              {{"name":"off","tools":["*"],"action":"block","enabled":false}},
              {{"name":"default","tools":["*"],"action":"{default}"}}]"#,
            over(10_000),
            over(100)
        ))
    };
    for (default, tool, input, expect) in [
        ("allow", "payout", r#"{"amount":10001}"#, (Deny, "rule-block")),
        ("allow", "payout", r#"{"amount":10000}"#, (Escalate, "rule-approval")),
        ("allow", "payout", r#"{"amount":100}"#, (Allow, "rule-allow")),
        ("allow", "look", r#"{"amount":10001}"#, (Allow, "rule-allow")),
        ("block", "payout", r#"{"amount":100}"#, (Deny, "rule-block")),
        ("require_approval", "look", "{}", (Escalate, "rule-approval")),
    ] {
        let (found, code) = outcome(&policy(default), tool, input);
        assert_eq!((found, code.as_str()), expect, "{default} {tool} {input}");
    }
}
