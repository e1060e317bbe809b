//! The configuration of x402 Sentinel: what comes out, and what it decides.

use super::support::{Asked, OPTIONS, document, mistakes, notes};
use sentinel_engine::Dialect::X402;
use sentinel_engine::{ConvertOptions, Format, Severity, convert};
use serde_json::{Value, json};

fn limits(own: &Value) -> Vec<(&str, &str, &str)> {
    let budgets = own["budgets"].as_array().map_or(&[] as &[Value], Vec::as_slice);
    let text = |budget: &'_ Value, key: &str| -> &'static str {
        Box::leak(budget[key].as_str().expect("a text").to_owned().into_boxed_str())
    };
    budgets
        .iter()
        .map(|budget| {
            assert_eq!(budget["tools"], json!(["*"]));
            (text(budget, "name"), text(budget, "limit"), text(budget, "per"))
        })
        .collect()
}

#[test]
fn the_sample_of_their_documents_becomes_this() {
    let text = include_str!("../testdata/x402.json");
    let own = convert(text, Format::Json, Some(X402), &ConvertOptions { agent_id: "", ..OPTIONS })
        .expect("converted");
    let own: Value = serde_json::from_str(&own.document).expect("JSON");
    assert_eq!(
        own,
        json!({
            "agentId": "agent-prod-001",
            "version": "1.0.0",
            "identity": {
                "authorityLevel": "limited-ops",
                "environmentScope": ["development", "staging", "production"],
            },
            "rules": [{"name": "default", "tools": ["*"], "action": "allow"}],
            "tags": [
                {"add": ["production"]},
                {"add": ["llm", "openai"], "when": {"param": "@endpoint", "operator": "matches", "value": ".*openai.*"}},
                {"add": ["llm", "anthropic"], "when": {"param": "@endpoint", "operator": "matches", "value": ".*anthropic.*"}},
            ],
            "metadata": {
                "team": "engineering", "environment": "production", "cost_center": "ENG-2024", "project": "agent-weather",
            },
            "redact": ["secret_key", "authorization", "x-api-key"],
            "budgets": [
                {"name": "max-per-call", "limit": "10.00", "per": "call", "tools": ["*"]},
                {"name": "max-per-hour", "limit": "25.00", "per": "hour", "tools": ["*"]},
                {"name": "max-per-day", "limit": "200.00", "per": "day", "tools": ["*"]},
            ],
            "approvals": {"above": "50.00"},
            "anomaly": {"signals": [], "spike": {"times": 3, "action": "block"}},
        })
    );
    assert_eq!(
        notes(X402, text),
        [
            "default-allow ",
            "other-agent /agentId",
            "cost-required /budget/maxPerCall",
            "unreachable /budget/requireApproval/above",
        ]
    );
}

#[test]
fn each_preset_is_the_one_there() {
    let (call, hour, day) = ("max-per-call", "max-per-hour", "max-per-day");
    for (preset, expect, times) in [
        (
            "conservative",
            vec![(call, "0.10", "call"), (hour, "5.00", "hour"), (day, "50.00", "day")],
            json!(3),
        ),
        ("standard", vec![(call, "1.00", "call"), (hour, "25.00", "hour"), (day, "200.00", "day")], json!(3)),
        (
            "liberal",
            vec![(call, "10.00", "call"), (hour, "100.00", "hour"), (day, "1000.00", "day")],
            json!(5),
        ),
        ("unlimited", vec![], Value::Null),
    ] {
        let named = document(X402, &json!({"budget": preset}).to_string());
        assert_eq!(limits(&named), expect, "{preset}");
        assert_eq!(named["anomaly"]["spike"]["times"], times, "{preset}");
        assert_eq!(document(X402, &json!({"preset": preset}).to_string()), named);
        assert_eq!(document(X402, &json!({"budget": {"preset": preset}}).to_string()), named);
    }
    let custom = document(
        X402,
        r#"{"preset": "custom", "maxPerCall": "2", "maxTotal": "9.5", "spikeThreshold": 2.5}"#,
    );
    assert_eq!(
        limits(&custom),
        [
            (call, "2.00", "call"),
            (hour, "25.00", "hour"),
            (day, "200.00", "day"),
            ("max-total", "9.50", "lifetime")
        ]
    );
    assert_eq!(custom["anomaly"]["spike"]["times"], json!(2.5));
    assert_eq!(limits(&document(X402, r#"{"preset": "custom"}"#)).len(), 3);
    assert!(notes(X402, r#"{"budget": "unlimited"}"#).contains(&"allows-everything /budget".to_owned()));
    assert!(notes(X402, r#"{"agentId": "a"}"#).contains(&"allows-everything ".to_owned()));
    assert!(!notes(X402, r#"{"budget": "liberal"}"#).contains(&"allows-everything /budget".to_owned()));
}

#[test]
fn limits_are_inclusive_and_every_call_says_its_price() {
    let asked = Asked::of(X402, r#"{"maxPerCall": "0.10", "maxPerHour": "0.25"}"#);
    for (usd, meter, outcome) in [
        ("0.10", 0, "allow"),
        ("0.100001", 0, "deny"),
        ("0.10", 150_000, "allow"),
        ("0.10", 150_001, "deny"),
        ("0.00", 250_000, "allow"),
    ] {
        let found = asked.call_at("pay", &json!({}), &json!({"cost": {"usd": usd}}), meter);
        assert_eq!(found, outcome, "{usd} at {meter}");
    }
    assert_eq!(asked.input("pay", &json!({})), "deny");
    assert_eq!(asked.input("look", &json!({})), "deny");
}

#[test]
fn approval_asks_a_person_strictly_above() {
    let asked = Asked::of(X402, r#"{"maxPerCall": "100", "requireApproval": {"above": "50.00"}}"#);
    for (usd, outcome) in
        [("50.00", "allow"), ("50.000001", "escalate"), ("100.00", "escalate"), ("100.01", "deny")]
    {
        assert_eq!(asked.costs("pay", usd), outcome, "{usd}");
    }
}

#[test]
fn a_price_that_is_not_told_does_not_pass_what_compares_it() {
    for text in
        [r#"{"requireApproval": {"above": "5.00"}}"#, r#"{"spikeThreshold": 3}"#, r#"{"maxTotal": "9"}"#]
    {
        let asked = Asked::of(X402, text);
        assert_eq!(asked.input("pay", &json!({})), "deny", "{text}");
        assert_eq!(asked.costs("pay", "5.00"), "allow", "{text}");
        assert!(notes(X402, text).iter().any(|note| note.starts_with("cost-required /")), "{text}");
    }
    let asked = Asked::of(X402, r#"{"requireApproval": {"above": "5.00"}}"#);
    assert_eq!(asked.costs("pay", "5.01"), "escalate");
    assert_eq!(Asked::of(X402, r#"{"preset": "unlimited"}"#).input("pay", &json!({})), "allow");
}

#[test]
fn endpoints_are_matched_as_urls() {
    let blocked = Asked::of(X402, r#"{"blockedEndpoints": ["https://evil.com/*", "https://api.?.io/v1"]}"#);
    let allowed = Asked::of(X402, r#"{"allowedEndpoints": ["https://good.com/*"]}"#);
    let ask = |asked: &Asked, endpoint: &str| asked.call("pay", &json!({}), &json!({"endpoint": endpoint}));
    for (endpoint, outcome) in [
        ("https://evil.com/x", "deny"),
        ("https://evil.com", "deny"),
        ("https://EVIL.com/x", "deny"),
        ("https://evil.com:443/x", "deny"),
        ("https://user@evil.com/x", "deny"),
        ("https://evilXcom/x", "allow"),
        ("https://api.a.io/v1", "deny"),
        ("https://api.aa.io/v1", "allow"),
        ("https://fine.com/", "allow"),
        ("not a url", "deny"),
    ] {
        assert_eq!(ask(&blocked, endpoint), outcome, "{endpoint}");
    }
    for (endpoint, outcome) in [
        ("https://good.com/x", "allow"),
        ("https://good.com", "allow"),
        ("https://good.com.evil.com/x", "deny"),
        ("https://good.com@evil.com/x", "deny"),
        ("http://good.com/x", "deny"),
    ] {
        assert_eq!(ask(&allowed, endpoint), outcome, "{endpoint}");
    }
    for asked in [&blocked, &allowed] {
        assert_eq!(asked.input("pay", &json!({})), "deny");
    }
}

#[test]
fn amounts_are_read_strictly() {
    for (written, limit) in [
        (json!("1"), "1.00"),
        (json!("0.10"), "0.10"),
        (json!(" 2.5 "), "2.50"),
        (json!(".5"), "0.50"),
        (json!("1."), "1.00"),
        (json!("0.000001"), "0.000001"),
        (json!(1.5), "1.50"),
    ] {
        for field in ["maxPerCall", "maxPerHour", "maxPerDay", "maxTotal"] {
            let text = json!({field: written}).to_string();
            assert_eq!(limits(&document(X402, &text))[0].1, limit, "{text}");
            let is_noted = notes(X402, &text).contains(&format!("number-amount /{field}"));
            assert_eq!(is_noted, written.is_number(), "{text}");
        }
    }
    for written in ["", ".", "+1", "-1", "0x10", "1.-5", "1e2", "1.0000001", "1,5", "NaN"] {
        for field in ["maxPerCall", "maxPerHour", "maxPerDay", "maxTotal"] {
            let text = json!({field: written}).to_string();
            assert_eq!(mistakes(X402, &text), [format!("bad-money /{field}")], "{text}");
        }
        let text = json!({"requireApproval": {"above": written}}).to_string();
        assert_eq!(mistakes(X402, &text), ["bad-money /requireApproval/above"], "{text}");
    }
}

#[test]
fn a_spike_is_a_factor_above_one() {
    for (written, times) in [("3", "3"), ("1.01", "1.01"), ("2.50", "2.5"), ("3.339", "3.33"), ("1e1", "10")]
    {
        let own = document(X402, &format!(r#"{{"spikeThreshold": {written}}}"#));
        assert_eq!(own["anomaly"]["spike"]["times"].to_string(), times, "{written}");
    }
    assert!(notes(X402, r#"{"spikeThreshold": 3.339}"#).contains(&"rounded /spikeThreshold".to_owned()));
    for written in ["1", "1.0", "0", "-3", "1.001", "1e99"] {
        let text = format!(r#"{{"spikeThreshold": {written}}}"#);
        assert_eq!(mistakes(X402, &text), ["bad-number /spikeThreshold"], "{written}");
    }
}

#[test]
fn records_keep_their_labels_and_names() {
    let text = r#"{"agentId": "a", "team": "billing", "humanSponsor": "alice", "metadata": {"k": "v"}, "budget": "liberal"}"#;
    let own = document(X402, text);
    assert_eq!(own["metadata"], json!({"team": "billing", "humanSponsor": "alice", "k": "v"}));
    let rules = |pattern: &str| {
        json!({"budget": "liberal", "audit": {"enrichment": {"tagRules": [{"pattern": pattern, "tags": ["t", "t"]}]}}}).to_string()
    };
    let own = document(X402, &rules(r"^https:\/\/(?<host>[^\/]+)$"));
    assert_eq!(
        own["tags"],
        json!([{"add": ["t"], "when": {"param": "@endpoint", "operator": "matches", "value": "^https://(?:[^/]+)$"}}])
    );
    assert_eq!(mistakes(X402, &rules("(?=a)")), ["unlike-regex /audit/enrichment/tagRules/0/pattern"]);
    assert_eq!(mistakes(X402, &rules("(")), ["bad-regex /audit/enrichment/tagRules/0/pattern"]);
}

#[test]
fn each_mistake_is_one_here() {
    let many: serde_json::Map<_, _> = (0..64).map(|n| (format!("k{n}"), json!("v"))).collect();
    for (text, expect) in [
        (json!({"maxPerCal": "1"}), "unknown-field /maxPerCal"),
        (json!({"budget": {"maxPerCal": "1"}}), "unknown-field /budget/maxPerCal"),
        (json!({"budget": "cautious"}), "unknown-value /budget"),
        (json!({"preset": "standard", "maxTotal": "1"}), "conflicting-fields /preset"),
        (json!({"budget": 1}), "wrong-type /budget"),
        (json!({"maxPerCall": null}), "wrong-type /maxPerCall"),
        (
            json!({"allowedEndpoints": ["https://a.com/*"], "blockedEndpoints": ["https://b.com/*"]}),
            "conflicting-fields /blockedEndpoints",
        ),
        (json!({"allowedEndpoints": []}), "empty-list /allowedEndpoints"),
        (json!({"blockedEndpoints": [""]}), "empty-text /blockedEndpoints/0"),
        (json!({"requireApproval": {}}), "missing-field /requireApproval"),
        (json!({"requireApproval": {"over": "1", "above": "1"}}), "unknown-field /requireApproval/over"),
        (json!({"spikeThreshold": "3"}), "wrong-type /spikeThreshold"),
        (json!({"agentId": "", "budget": "standard"}), "empty-text /agentId"),
        (json!({"team": "x", "metadata": {"team": "y"}}), "duplicate-name /metadata"),
        (json!({"team": "x", "metadata": many}), "too-many "),
        (json!({"metadata": {"k": 1}}), "wrong-type /metadata/k"),
        (json!({"audit": {"redactedFields": []}}), "unknown-field /audit/redactedFields"),
        (
            json!({"audit": {"enrichment": {"tagRules": [{"pattern": "x", "tags": []}]}}}),
            "empty-list /audit/enrichment/tagRules/0/tags",
        ),
        (
            json!({"audit": {"enrichment": {"staticTags": ["a\nb"]}}}),
            "control-character /audit/enrichment/staticTags/0",
        ),
    ] {
        assert_eq!(mistakes(X402, &text.to_string()), [expect], "{text}");
    }
    let own = convert(
        r#"{"agentId": "my agent", "budget": "standard"}"#,
        Format::Json,
        None,
        &ConvertOptions { agent_id: "", ..OPTIONS },
    );
    let found = own.expect_err("no id");
    let errors = found.iter().filter(|one| one.severity == Severity::Error);
    let places: Vec<_> = errors.map(|one| (one.code, one.pointer.as_str())).collect();
    assert_eq!(places, [("bad-agent-id", "/agentId")]);
}

#[test]
fn settings_without_an_effect_are_noted() {
    for (text, note) in [
        (json!({"agentId": "b", "budget": "standard"}), "other-agent /agentId"),
        (json!({"hooks": {}, "budget": "standard"}), "dropped-setting /hooks"),
        (json!({"budget": "standard", "audit": {"enabled": false}}), "dropped-setting /audit/enabled"),
        (json!({"budget": "standard", "audit": {"storage": "file"}}), "dropped-setting /audit/storage"),
        (
            json!({"budget": "standard", "audit": {"enrichment": {"captureRequestHeaders": []}}}),
            "dropped-setting /audit/enrichment/captureRequestHeaders",
        ),
        (
            json!({"requireApproval": {"above": "1", "handler": "x"}}),
            "dropped-setting /requireApproval/handler",
        ),
        (json!({"blockedEndpoints": ["evil.com/*"]}), "never-matches /blockedEndpoints/0"),
        (json!({"blockedEndpoints": ["https://a.com/(b|c)/*"]}), "literal-pattern /blockedEndpoints/0"),
        (json!({"allowedEndpoints": ["https://*.good.com/*"]}), "star-in-host /allowedEndpoints/0"),
        (json!({"blockedEndpoints": ["https://a.com/*"]}), "endpoint-required /blockedEndpoints"),
    ] {
        let found = notes(X402, &text.to_string());
        assert!(found.contains(&note.to_owned()), "{text}: {found:?}");
    }
}
