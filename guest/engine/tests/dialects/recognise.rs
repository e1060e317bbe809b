//! Which product a document is written for.

use super::support::OPTIONS;
use sentinel_engine::{ConvertOptions, Dialect, Format, Policy, Severity, convert};

#[test]
fn a_document_is_recognised_by_its_keys() {
    for (text, dialect) in [
        (include_str!("../testdata/rules.json"), Dialect::RulesJson),
        (r#"{"rules": []}"#, Dialect::RulesJson),
        (r#"{"default_action": "block"}"#, Dialect::RulesJson),
        (include_str!("../testdata/callguard.yaml"), Dialect::Callguard),
        (r#"{"budgets": {"run": 1}}"#, Dialect::Callguard),
        (r#"{"rate_limits": {"a": {"max_count": 1, "window_seconds": 1}}}"#, Dialect::Callguard),
        (include_str!("../testdata/x402.json"), Dialect::X402),
        (r#"{"maxPerCall": "1.00"}"#, Dialect::X402),
        (r#"{"agentId": "b", "budget": "standard"}"#, Dialect::X402),
    ] {
        let format = if text.starts_with('{') { Format::Json } else { Format::Yaml };
        let alone = convert(text, format, None, &OPTIONS).expect("a document that is recognised");
        assert_eq!(alone, convert(text, format, Some(dialect), &OPTIONS).expect("converted"), "{text}");
    }
    for text in ["{}", r#"{"a": 1}"#, r#"{"agentId": "a", "version": "1"}"#, "[]", r#""standard""#] {
        let found = convert(text, Format::Json, None, &OPTIONS).expect_err("nobody's document");
        assert_eq!(found[0].code, "unknown-dialect", "{text}");
        assert!(found[0].help.is_some());
    }
}

#[test]
fn a_foreign_document_is_told_so_where_it_is_validated() {
    for (text, format) in [
        (include_str!("../testdata/rules.json"), Format::Json),
        (include_str!("../testdata/callguard.yaml"), Format::Yaml),
        (include_str!("../testdata/x402.json"), Format::Json),
        (r#"[{"function_pattern": "*"}]"#, Format::Json),
    ] {
        let found = Policy::load(text, format).expect_err("no policy of ours");
        let own: Vec<_> = found.iter().filter(|one| one.code == "foreign-policy").collect();
        assert_eq!(own.len(), 1, "{text}");
        assert_eq!(own[0].help.as_deref(), Some("run `sentinel convert FILE --agent ID`"));
    }
    for text in [
        "{}",
        r#"{"version": "1", "identity": {}, "rules": [], "budgets": {}}"#,
        r#"{"agentId": "a", "rules": [{"tools": ["*"]}]}"#,
        r#"{"rules": [{"name": "x", "tools": ["*"], "action": "block"}]}"#,
    ] {
        let found = Policy::load(text, Format::Json).expect_err("a policy with mistakes");
        assert!(found.iter().all(|one| one.code != "foreign-policy"), "{text}");
    }
}

#[test]
fn words_and_dialects_are_one_to_one() {
    for dialect in Dialect::ALL {
        assert_eq!(Dialect::from_word(dialect.as_str()), Some(dialect));
    }
    assert_eq!(Dialect::from_word("rules"), None);
}

#[test]
fn what_the_caller_adds_is_checked_too() {
    let code = |options: &ConvertOptions<'_>| {
        convert(r#"{"rules": []}"#, Format::Json, None, options).map_err(|found| {
            let first = found.iter().find(|one| one.severity == Severity::Error);
            first.expect("a mistake").code
        })
    };
    assert_eq!(code(&ConvertOptions { agent_id: "", ..OPTIONS }), Err("missing-agent"));
    assert_eq!(code(&ConvertOptions { agent_id: "a b", ..OPTIONS }), Err("bad-agent-id"));
    assert_eq!(code(&ConvertOptions { version: " ", ..OPTIONS }), Err("bad-option"));
    assert_eq!(code(&ConvertOptions { environments: &["a\nb"], ..OPTIONS }), Err("bad-option"));
    let own = code(&ConvertOptions { version: "2.1", environments: &["lab"], ..OPTIONS }).expect("converted");
    assert!(own.document.contains("\"version\": \"2.1\"") && own.document.contains("[\"lab\"]"));
    let all = code(&OPTIONS).expect("converted").document;
    assert!(all.contains(r#"["development", "staging", "production"]"#), "{all}");
}

#[test]
fn every_mistake_is_reported_at_once_with_its_place() {
    let text = "{\n  \"rules\": [\n    {\"id\": \"x\", \"function_pattern\": \"*\", \"action\": \"deny\"},\n    {\"id\": 1},\n    {\"id\": \"y\", \"function_pattern\": \"*\", \"action\": \"allow\", \"prio\": 1}\n  ],\n  \"default\": \"block\",\n  \"default\": \"block\"\n}";
    let found = convert(text, Format::Json, Some(Dialect::RulesJson), &OPTIONS).expect_err("mistakes");
    let places: Vec<_> = found.iter().map(|one| (one.code, one.line, one.column)).collect();
    assert_eq!(
        places,
        [
            ("unknown-value", 3, 52),
            ("missing-field", 4, 5),
            ("missing-field", 4, 5),
            ("wrong-type", 4, 12),
            ("unknown-field", 5, 61),
            ("unknown-field", 7, 3),
            ("duplicate-key", 8, 3),
            ("unknown-field", 8, 3),
        ]
    );
    assert!(found.iter().all(|one| one.label != "not a field of a policy"));
    let label = "not a field of a rules file of agentic-sentinel";
    assert!(found.iter().any(|one| one.label == label));
}
