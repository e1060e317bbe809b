//! What is no call is denied and not thrown; after a fault of the engine nothing is answered at all.

use sentinel_web_tests::{RUNTIMES, Runtime, run};
use serde_json::{Value, json};

fn document() -> Value {
    json!({
        "agentId": "a",
        "version": "1",
        "identity": {"authorityLevel": "limited-ops", "environmentScope": ["development"]},
        "toolActions": {"allowed": ["look", "ask"]},
        "riskBudget": {"maxPerSession": 100},
        "approvals": {"tools": ["ask"]},
    })
}

#[test]
fn what_is_no_call_is_denied() {
    let found = run(Runtime::Node, "malformed", &json!({"policy": document().to_string()}));
    let found = found.as_array().expect("a list");
    assert!(found.len() >= 80, "only {} were tried", found.len());
    for own in found {
        assert_eq!(own["decision"], "deny", "{own}");
        assert_eq!(own["permitted"], false, "{own}");
    }
}

#[test]
fn after_a_trap_nothing_is_answered() {
    for runtime in RUNTIMES {
        let found = run(runtime, "trap", &json!({"policy": document().to_string()}));
        assert_eq!(found["before"], true, "{runtime:?}");
        assert_eq!(found["trapped"], "EngineError", "{runtime:?}");
        for (name, own) in found["after"].as_object().expect("an object") {
            assert_eq!(own, "EngineError", "{runtime:?}: {name}");
        }
    }
}

#[test]
fn policies_words_and_what_is_freed() {
    let found = run(Runtime::Node, "uses", &json!({"document": document().to_string()}));
    let digest = sentinel_engine::Digest::of(document().to_string().as_bytes()).to_string();
    assert_eq!(found["digest"], digest);
    assert_eq!(found["described"], "a");
    assert_eq!(found["status"], json!(["normal", "normal", "exhausted", "exhausted", "exhausted"]));
    assert_eq!(found["mistakes"][0][2], 1, "{}", found["mistakes"]);
    assert_eq!(found["fine"], 0);
    assert_eq!(found["policyError"]["name"], "PolicyError");
    assert_eq!(found["isPolicyError"], true);
    assert_eq!(found["schema"], "object");
    assert_eq!((&found["freed"], &found["isEngineError"]), (&json!("EngineError"), &json!(true)));
    assert_eq!(found["freedSession"], "EngineError");
    assert_eq!(found["stepped"], true, "a session keeps its policy");
    assert_eq!((&found["mode"], &found["approval"]), (&json!("TypeError"), &json!("TypeError")));
    // The stricter of the two modes counts.
    assert_eq!(found["modes"], json!([false, false, false, false]));
    assert_eq!(found["nobody"], false);
    assert_eq!(found["visible"], "a\\u{202e}b\\u{7}é\\u{a}");
    assert_eq!(found["redacted"], json!({"keep": 1, "note": "[redacted]", "password": "[redacted]"}));
    assert_eq!(found["redactedText"], r#"{"a":1.50,"b":10000000000000000001,"token":"[redacted]"}"#);
    assert_eq!(found["notRedacted"], "TypeError");
    assert_eq!(
        found["simulated"],
        json!([
            ["approval-tool", "tool-allowed"],
            ["approval-tool", "tool-allowed"],
            ["approved", "tool-allowed"],
            ["approval-denied", "tool-allowed"],
        ])
    );
    assert_eq!(found["afterwards"], true);
}
