//! What an author is told: mistakes that refuse the document, and warnings that do not.

use sentinel_engine::{Diagnostic, Format, Outcome, Policy, Severity, schema};

use crate::support::{findings, load, outcome};

/// Codes and pointers of what is found.
fn found(sections: &str, severity: Severity) -> Vec<(&'static str, String)> {
    let all = findings(sections).into_iter().filter(|finding: &Diagnostic| finding.severity == severity);
    all.map(|finding| (finding.code, finding.pointer)).collect()
}

fn rule(more: &str) -> String {
    format!(r#""rules":[{{"name":"r","tools":["t"],"action":"block"{more}}}]"#)
}

fn test(operator: &str, value: &str) -> String {
    rule(&format!(r#","when":{{"param":"x","operator":"{operator}","value":{value}}}"#))
}

#[test]
fn mistakes_refuse_the_document_and_name_their_place() {
    let deep =
        format!("{}{}{}", r#"{"not":"#.repeat(16), r#"{"param":"x","operator":"exists"}"#, "}".repeat(16));
    let many = format!(r#"{{"any":[{}]}}"#, vec![r#"{"param":"x","operator":"exists"}"#; 257].join(","));
    let regexes: Vec<String> = (0..400)
        .map(|n| format!(r#"{{"name":"r{n}","tools":["t"],"action":"block","when":{{"param":"x","operator":"matches","value":"a{{1500}}"}}}}"#))
        .collect();
    for (sections, code, pointer) in [
        (r#""rules":{}"#.to_owned(), "wrong-type", "/rules"),
        (r#""rules":[{"name":"r","tools":["t"]}]"#.to_owned(), "missing-field", "/rules/0"),
        (r#""rules":[{"name":"r","action":"block"}]"#.to_owned(), "missing-field", "/rules/0"),
        (r#""rules":[{"name":"r","tools":[],"action":"block"}]"#.to_owned(), "empty-list", "/rules/0/tools"),
        // Everybody, or nobody? Every tool, or none?
        (r#""approvals":{"approvers":[]}"#.to_owned(), "empty-list", "/approvals/approvers"),
        (r#""approvals":{"tools":[]}"#.to_owned(), "empty-list", "/approvals/tools"),
        (r#""anomaly":{"tools":[]}"#.to_owned(), "empty-list", "/anomaly/tools"),
        (
            r#""budgets":[{"name":"b","limit":"1","per":"call","tools":[]}]"#.to_owned(),
            "empty-list",
            "/budgets/0/tools",
        ),
        (
            r#""rateLimits":{"windows":[{"name":"w","maxCalls":1,"seconds":10,"tools":[]}]}"#.to_owned(),
            "empty-list",
            "/rateLimits/windows/0/tools",
        ),
        (
            r#""rules":[{"name":"a b","tools":["t"],"action":"block"}]"#.to_owned(),
            "bad-name",
            "/rules/0/name",
        ),
        (rule(r#","acton":"allow""#), "unknown-field", "/rules/0/acton"),
        (rule(r#","onMissing":"allow""#), "unknown-value", "/rules/0/onMissing"),
        (rule(r#","enabled":"no""#), "wrong-type", "/rules/0/enabled"),
        (rule(r#","message":"""#), "empty-text", "/rules/0/message"),
        (rule(&format!(r#","message":"{}""#, "m".repeat(1_025))), "too-long", "/rules/0/message"),
        (rule(r#","when":[]"#), "wrong-type", "/rules/0/when"),
        (rule(r#","when":{}"#), "missing-field", "/rules/0/when"),
        (rule(r#","when":{"all":[]}"#), "empty-list", "/rules/0/when/all"),
        (rule(r#","when":{"any":{}}"#), "wrong-type", "/rules/0/when/any"),
        (rule(r#","when":{"not":{"any":[{"param":"x"}]}}"#), "missing-field", "/rules/0/when/not/any/0"),
        (
            rule(r#","when":{"all":[{"param":"x","operator":"exists"}],"param":"x"}"#),
            "bad-condition",
            "/rules/0/when",
        ),
        (
            rule(r#","when":{"param":"x","operator":"exists","values":1}"#),
            "unknown-field",
            "/rules/0/when/values",
        ),
        (rule(r#","when":{"param":"x","operator":"eq"}"#), "missing-field", "/rules/0/when"),
        (rule(&format!(r#","when":{deep}"#)), "too-deep", &format!("/rules/0/when{}", "/not".repeat(16))),
        (rule(&format!(r#","when":{many}"#)), "too-many", "/rules/0/when"),
        (test("GT", "1"), "unknown-value", "/rules/0/when/operator"),
        (test("startswith", "\"a\""), "unknown-value", "/rules/0/when/operator"),
        (test("eq", "null"), "bad-value", "/rules/0/when/value"),
        (test("gt", "true"), "bad-value", "/rules/0/when/value"),
        (test("gt", "[1]"), "bad-value", "/rules/0/when/value"),
        (test("gt", "1e99999999999999999999"), "bad-value", "/rules/0/when/value"),
        (test("contains", "[1]"), "bad-value", "/rules/0/when/value"),
        (test("in", "5"), "bad-value", "/rules/0/when/value"),
        (test("in", "[null]"), "bad-value", "/rules/0/when/value"),
        (test("matches", "5"), "bad-value", "/rules/0/when/value"),
        (test("starts_with", "5"), "bad-value", "/rules/0/when/value"),
        (test("exists", "\"yes\""), "bad-value", "/rules/0/when/value"),
        (test("type", "\"text\""), "unknown-value", "/rules/0/when/value"),
        (test("length_gt", "-1"), "bad-value", "/rules/0/when/value"),
        (test("length_gt", "1.5"), "bad-value", "/rules/0/when/value"),
        (test("length_gt", "\"1\""), "bad-value", "/rules/0/when/value"),
        (test("url_matches", "[]"), "bad-value", "/rules/0/when/value"),
        (test("url_matches", "\"https://a.test/#x\""), "bad-url-pattern", "/rules/0/when/value"),
        (test("url_matches", "\"https://u@a.test/\""), "bad-url-pattern", "/rules/0/when/value"),
        (test("matches", "\"(\""), "bad-regex", "/rules/0/when/value"),
        (test("matches", "\"a{5000}\""), "bad-regex", "/rules/0/when/value"),
        (format!(r#""rules":[{}]"#, regexes.join(",")), "bad-regex", "/rules/332/when/value"),
        (
            rule(r#","when":{"param":"@cost.usd","operator":"gt","value":50}"#),
            "bad-value",
            "/rules/0/when/value",
        ),
        (
            rule(r#","when":{"param":"@cost.usd","operator":"gt","value":"1e3"}"#),
            "bad-value",
            "/rules/0/when/value",
        ),
        (
            rule(r#","when":{"param":"@cost.tokens","operator":"gt","value":"50"}"#),
            "bad-value",
            "/rules/0/when/value",
        ),
        (
            rule(r#","when":{"param":"@cost.usd","operator":"matches","value":"5"}"#),
            "bad-value",
            "/rules/0/when/value",
        ),
        (r#""tags":[{"add":[]}]"#.to_owned(), "empty-list", "/tags/0/add"),
        (r#""tags":[{"add":["a"],"tools":[]}]"#.to_owned(), "empty-list", "/tags/0/tools"),
        (r#""tags":[{"tools":["t"]}]"#.to_owned(), "missing-field", "/tags/0"),
        (format!(r#""tags":[{{"add":["{}"]}}]"#, "x".repeat(129)), "too-long", "/tags/0/add/0"),
        (r#""metadata":[]"#.to_owned(), "wrong-type", "/metadata"),
        (r#""metadata":{"a":5}"#.to_owned(), "wrong-type", "/metadata/a"),
        (r#""metadata":{"":"x"}"#.to_owned(), "empty-text", "/metadata/"),
        (r#""redact":[""]"#.to_owned(), "empty-text", "/redact/0"),
        (r#""redact":"ssn""#.to_owned(), "wrong-type", "/redact"),
    ] {
        let errors = found(&sections, Severity::Error);
        let short: String = sections.chars().take(300).collect();
        assert_eq!(errors.first(), Some(&(code, pointer.to_owned())), "{short}\n{errors:?}");
    }
}

#[test]
fn names_of_rules_are_unique() {
    let twice = r#""rules":[{"name":"r","tools":["t"],"action":"block"},{"name":"r","tools":["u"],"action":"block"}]"#;
    assert_eq!(found(twice, Severity::Error), [("duplicate-name", "/rules/1/name".to_owned())]);
}

#[test]
fn more_entries_than_a_list_takes_are_refused() {
    let rules: Vec<String> =
        (0..10_001).map(|n| format!(r#"{{"name":"r{n}","tools":["t"],"action":"block"}}"#)).collect();
    let metadata: Vec<String> = (0..65).map(|n| format!(r#""k{n}":"v""#)).collect();
    let redact = vec![r#""ssn""#; 257].join(",");
    for (sections, pointer) in [
        (format!(r#""rules":[{}]"#, rules.join(",")), "/rules"),
        (format!(r#""metadata":{{{}}}"#, metadata.join(",")), "/metadata"),
        (format!(r#""redact":[{redact}]"#), "/redact"),
    ] {
        assert_eq!(found(&sections, Severity::Error), [("too-many", pointer.to_owned())]);
    }
}

#[test]
fn a_bad_pattern_comes_with_its_error_and_a_hint() {
    for (pattern, parts) in [
        ("(", &["not a regular expression"][..]),
        ("(?!x)", &["look-around and back-references are not linear"]),
        (r"(a)\\1", &["look-around and back-references are not linear"]),
    ] {
        let all = findings(&test("matches", &format!("\"{pattern}\"")));
        let text = format!("{} {}", all[0].message, all[0].help.clone().unwrap_or_default());
        assert!(parts.iter().all(|part| text.contains(part)), "{pattern}: {text}");
        assert!(
            all[0].help.as_ref().is_some_and(|help| !help.is_empty() && !help.contains('\n')),
            "{all:#?}"
        );
    }
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let list = |rules: &[&str]| format!(r#""rules":[{}]"#, rules.join(","));
    let when = |action: &str, when: &str| {
        list(&[&format!(r#"{{"name":"r","tools":["t"],"action":"{action}","when":{when}}}"#)])
    };
    let all = r#"{"name":"all","tools":["x","*"],"action":"allow"}"#;
    let one = r#"{"name":"one","tools":["t","u"],"action":"allow"}"#;
    let later = r#"{"name":"later","tools":["t"],"action":"block"}"#;
    let off = r#"{"name":"off","tools":["*"],"action":"allow","enabled":false}"#;
    let each = r#"{"param":"$.to[*]","operator":"eq","value":"me"}"#;
    let url = r#"{"param":"@endpoint","operator":"url_matches","value":"https://*.a.test/*"}"#;
    let never = |parts: &str| when("block", &format!(r#"{{"all":[{parts}]}}"#));
    for (sections, expect) in [
        (list(&[all, later]), vec![("unreachable", "/rules/1/name")]),
        (list(&[one, later]), vec![("unreachable", "/rules/1/name")]),
        (list(&[later, one]), vec![]),
        (list(&[later, all]), vec![]),
        (list(&[off, later]), vec![]),
        (when("allow", each), vec![("any-element", "/rules/0/when")]),
        (when("allow", &format!(r#"{{"not":{each}}}"#)), vec![]),
        (when("block", each), vec![]),
        (when("allow", url), vec![("star-in-host", "/rules/0/when")]),
        (when("block", url), vec![]),
        (
            when("block", r#"{"param":"x","operator":"url_matches","value":"a.test/*"}"#),
            vec![("never-matches", "/rules/0/when")],
        ),
        (
            when("block", r#"{"param":"x","operator":"url_matches","value":"https:/a.test/*"}"#),
            vec![("never-matches", "/rules/0/when")],
        ),
        (
            when("block", r#"{"param":"x","operator":"url_matches","value":"hooks.a.test/*"}"#),
            vec![("never-matches", "/rules/0/when")],
        ),
        (
            when("allow", r#"{"param":"x","operator":"url_matches","value":"*://a.test/*"}"#),
            vec![("star-in-host", "/rules/0/when")],
        ),
        (
            when("block", r#"{"not":{"param":"x","operator":"url_matches","value":"*.a.test/*"}}"#),
            vec![("star-in-host", "/rules/0/when")],
        ),
        (when("block", &format!(r#"{{"not":{each}}}"#)), vec![("any-element", "/rules/0/when")]),
        (
            when("block", r#"{"param":"x","operator":"gt","value":"100"}"#),
            vec![("number-as-text", "/rules/0/when")],
        ),
        (
            when("block", r#"{"param":"x","operator":"lte","value":"1_000.5"}"#),
            vec![("number-as-text", "/rules/0/when")],
        ),
        (when("block", r#"{"param":"x","operator":"gt","value":"2026-01-01"}"#), vec![]),
        (when("block", r#"{"param":"x","operator":"eq","value":"100"}"#), vec![]),
        (
            r#""approvals":{"approvers":["alice","alice"],"quorum":2}"#.to_owned(),
            vec![("unreachable", "/approvals/quorum")],
        ),
        (r#""approvals":{"approvers":["alice","bob"],"quorum":2}"#.to_owned(), vec![]),
        (
            when("block", r#"{"param":"x","operator":"in","value":[]}"#),
            vec![("never-matches", "/rules/0/when")],
        ),
        (
            never(r#"{"param":"x","operator":"eq","value":"a"},{"param":"x","operator":"eq","value":"b"}"#),
            vec![("never-matches", "/rules/0/when")],
        ),
        (
            never(r#"{"param":"x","operator":"gt","value":10},{"param":"x","operator":"lte","value":10.0}"#),
            vec![("never-matches", "/rules/0/when")],
        ),
        (
            never(r#"{"param":"x","operator":"gte","value":10},{"param":"x","operator":"lte","value":10}"#),
            vec![],
        ),
        (never(r#"{"param":"x","operator":"gt","value":1},{"param":"x","operator":"lt","value":2}"#), vec![]),
        (never(r#"{"param":"x","operator":"gt","value":2},{"param":"y","operator":"lt","value":1}"#), vec![]),
        (
            never(
                r#"{"param":"x","operator":"exists","value":false},{"param":"x","operator":"eq","value":1}"#,
            ),
            vec![("never-matches", "/rules/0/when")],
        ),
        (
            never(
                r#"{"param":"x","operator":"type","value":"string"},{"param":"x","operator":"type","value":"array"}"#,
            ),
            vec![("never-matches", "/rules/0/when")],
        ),
        (
            never(
                r#"{"param":"x","operator":"type","value":"integer"},{"param":"x","operator":"type","value":"number"}"#,
            ),
            vec![],
        ),
        (
            never(r#"{"param":"x","operator":"eq","value":1},{"param":"x","operator":"ne","value":1.0}"#),
            vec![("never-matches", "/rules/0/when")],
        ),
        (never(r#"{"param":"x","operator":"eq","value":1},{"param":"x","operator":"ne","value":2}"#), vec![]),
        // Each of them asks for some element, so two may differ.
        (
            never(
                r#"{"param":"$.x[*]","operator":"eq","value":1},{"param":"$.x[*]","operator":"eq","value":2}"#,
            ),
            vec![],
        ),
        (
            r#""tags":[{"add":["a"],"when":{"param":"x","operator":"in","value":[]}}]"#.to_owned(),
            vec![("never-matches", "/tags/0/when")],
        ),
    ] {
        let expect: Vec<(&str, String)> =
            expect.iter().map(|(code, pointer)| (*code, (*pointer).to_owned())).collect();
        assert_eq!(found(&sections, Severity::Warning), expect, "{sections}");
        assert_eq!(found(&sections, Severity::Error), [], "{sections}");
    }
}

#[test]
fn rules_are_the_same_in_yaml() {
    let yaml = r#"
agentId: a
version: "1"
identity: { authorityLevel: full-ops, environmentScope: [development] }
rules:
  - name: refund-limit
    tools: [refund, "mcp__*__pay"]
    when: { all: [{ param: amount, operator: gt, value: 100.50 }, { not: { param: vip, operator: eq, value: true } }] }
    action: block
    message: "Refunds over 100.50 are made by people."
  - { name: rest, tools: ["*"], action: allow }
"#;
    let yaml = Policy::load(yaml, Format::Yaml).unwrap_or_else(|found| panic!("{found:#?}"));
    let json = load(
        r#""rules":[{"name":"refund-limit","tools":["refund","mcp__*__pay"],"action":"block",
            "when":{"all":[{"param":"amount","operator":"gt","value":100.50},{"not":{"param":"vip","operator":"eq","value":true}}]},
            "message":"Refunds over 100.50 are made by people."},{"name":"rest","tools":["*"],"action":"allow"}]"#,
    );
    for (tool, input, expect) in [
        ("refund", r#"{"amount":100.51,"vip":false}"#, Outcome::Deny),
        ("mcp__shop__pay", r#"{"amount":1e3,"vip":false}"#, Outcome::Deny),
        ("refund", r#"{"amount":100.5,"vip":false}"#, Outcome::Allow),
        ("refund", r#"{"amount":1000,"vip":true}"#, Outcome::Allow),
        ("refund", r#"{"amount":1000}"#, Outcome::Escalate),
    ] {
        assert_eq!(outcome(&yaml, tool, input).0, expect, "{tool} {input}");
        assert_eq!(outcome(&yaml, tool, input), outcome(&json, tool, input), "{tool} {input}");
    }
}

#[test]
fn the_schema_says_what_a_condition_is() {
    let schema = schema();
    for part in [
        r##""when":{"description":"What has to hold of the call; always if absent.","$ref":"#/$defs/condition"}"##,
        r#""$defs":{"condition":{"oneOf":["#,
        r#""length_lte","url_matches"]"#,
        r#""enum":["allow","block","require_approval"]"#,
    ] {
        assert!(schema.contains(part), "{part}\n{schema}");
    }
    // It is a document that this reader reads.
    let read = Policy::load(&schema, Format::Json).expect_err("a schema is no policy");
    assert!(read.iter().all(|finding| finding.code != "syntax"), "{read:?}");
}
