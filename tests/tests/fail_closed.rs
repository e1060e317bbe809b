//! One test for each way in which a call fails closed: the outcome, and the code that says why.

#![expect(clippy::indexing_slicing, reason = "a test fails loudly")]

use sentinel_engine::{Outcome, Policy};
use sentinel_tests::native;
use serde_json::{Value, json};

/// A policy that allows much, so that only what a test is about stands in the way.
fn open() -> Value {
    json!({
        "agentId": "a",
        "version": "1",
        "identity": {"authorityLevel": "limited-ops", "environmentScope": ["development"]},
        "dataAccess": {"readAllow": ["**"], "writeAllow": ["**"]},
        "toolActions": {"allowed": ["search_code"], "bash": {"allow": ["*"], "deny": ["rm -rf *", "sudo *"]}},
    })
}

fn check(policy: &Policy, call: &[u8], outcome: Outcome, code: &str) {
    let (decision, verdict) = native::ask(policy, call);
    assert_eq!((decision.reasons[0].code.as_ref(), decision.outcome), (code, outcome), "{decision:?}");
    assert_eq!((verdict.decision, verdict.permitted), (outcome, false), "{verdict:?}");
}

fn denied(call: &[u8], code: &str) {
    check(&native::load(&open().to_string()), call, Outcome::Deny, code);
}

/// A call with these further members.
fn call_with(members: &str) -> Vec<u8> {
    format!(r#"{{"agentId":"a","toolName":"Bash","toolInput":{{"command":"git status"}}{members}}}"#)
        .into_bytes()
}

#[test]
fn the_open_policy_is_open() {
    let policy = native::load(&open().to_string());
    for call in [
        call_with(""),
        native::call("a", "Read", &json!({"file_path": "a"})),
        native::call("a", "Write", &json!({"file_path": "a", "content": ""})),
        native::call("a", "search_code", &json!({})),
    ] {
        assert!(native::allows(&policy, &call), "{}", String::from_utf8_lossy(&call));
    }
}

// === calls that cannot be read ===

#[test]
fn malformed_utf8() {
    let mut call = call_with("");
    let at = call.iter().position(|byte| *byte == b'g').expect("a letter");
    call[at] = 0xff;
    denied(&call, "call-not-utf8");
}

#[test]
fn an_overlong_encoding() {
    denied(b"{\"agentId\":\"\xc0\xaf\"}", "call-not-utf8");
}

#[test]
fn not_json() {
    for text in ["", " ", "git status", "{", "{}{}", "{'a':1}", "\u{feff}{}", "{\"a\":1,}", "{\"a\":NaN}"] {
        denied(text.as_bytes(), "call-not-json");
    }
}

#[test]
fn not_an_object() {
    for text in ["null", "1", "[]", "\"git status\"", "true"] {
        denied(text.as_bytes(), "call-wrong-type");
    }
}

#[test]
fn a_duplicate_key() {
    denied(&call_with(r#","agentId":"a""#), "call-duplicate-key");
}

#[test]
fn a_duplicate_key_at_depth() {
    let call = br#"{"agentId":"a","toolName":"search_code","toolInput":{"x":[{"y":{"k":1,"\u006b":2}}]}}"#;
    denied(call, "call-duplicate-key");
}

#[test]
fn an_unknown_field() {
    denied(&call_with(r#","approved":true"#), "call-unknown-field");
    denied(&call_with(r#","agentid":"a""#), "call-unknown-field");
}

#[test]
fn a_missing_field() {
    let whole: Value = serde_json::from_slice(&call_with("")).expect("JSON");
    for name in ["agentId", "toolName", "toolInput"] {
        let mut call = whole.clone();
        call.as_object_mut().expect("an object").remove(name);
        denied(call.to_string().as_bytes(), "call-missing-field");
    }
}

#[test]
fn a_field_of_the_wrong_type() {
    for members in [
        r#","environment":1"#,
        r#","environment":null"#,
        r#","shell":["bash"]"#,
        r#","workspace":{}"#,
        r#","sessionId":7"#,
        r#","resolvedPaths":[]"#,
        r#","resolvedPaths":{"a":null}"#,
    ] {
        denied(&call_with(members), "call-wrong-type");
    }
    denied(br#"{"agentId":"a","toolName":"Bash","toolInput":["git status"]}"#, "call-wrong-type");
}

#[test]
fn an_empty_text_or_one_with_control_characters() {
    denied(&call_with(r#","environment":"""#), "call-bad-text");
    denied(&call_with(r#","shell":"bash\u0000""#), "call-bad-text");
    denied(br#"{"agentId":"a","toolName":"Ba\nsh","toolInput":{}}"#, "call-bad-text");
}

#[test]
fn an_agent_id_that_is_none() {
    denied(br#"{"agentId":"../a","toolName":"Bash","toolInput":{}}"#, "call-bad-agent-id");
}

#[test]
fn a_workspace_that_is_no_directory() {
    denied(&call_with(r#","workspace":"work""#), "call-bad-directory");
    denied(&call_with(r#","workspace":"/work/../..""#), "call-bad-directory");
    denied(&call_with(r#","resolvedPaths":{"a":"b"}"#), "call-bad-directory");
}

#[test]
fn json_that_is_too_deep() {
    let deep = format!(r#","runId":{}{}"#, "[".repeat(200), "]".repeat(200));
    denied(&call_with(&deep), "call-not-json");
    // Deep enough for any stack, had this been recursive.
    denied("[".repeat(1_000_000).as_bytes(), "call-not-json");
}

#[test]
fn json_of_too_many_values() {
    let many = format!(r#","runId":[1{}]"#, ",1".repeat(1_000_001));
    denied(&call_with(&many), "call-not-json");
}

#[test]
fn a_call_of_more_than_sixteen_mebibytes() {
    denied(&call_with(&" ".repeat(16 << 20)), "call-too-large");
}

#[test]
fn too_many_resolved_paths() {
    let entries: Vec<String> = (0..1_001).map(|number| format!(r#""{number}":"/a""#)).collect();
    denied(&call_with(&format!(r#","resolvedPaths":{{{}}}"#, entries.join(","))), "call-too-large");
}

// === tools and arguments ===

#[test]
fn an_unknown_tool() {
    for name in ["Frobnicate", "bash ", "search_cod\u{435}", "Search_Code", "mcp__x__Read"] {
        denied(&native::call("a", name, &json!({"command": "git status"})), "tool-unknown");
    }
}

#[test]
fn a_missing_argument() {
    denied(&native::call("a", "Bash", &json!({})), "argument-missing");
    denied(&native::call("a", "Bash", &json!({"cmd": "git status"})), "argument-missing");
    denied(&native::call("a", "Write", &json!({"content": "x"})), "argument-missing");
}

#[test]
fn an_argument_of_the_wrong_type() {
    for value in [json!(null), json!(1), json!(["git", "status"]), json!({"a": 1}), json!(true)] {
        denied(&native::call("a", "Bash", &json!({"command": value})), "argument-wrong-type");
    }
    for value in [json!(1), json!([]), json!({}), json!(["a", "b"])] {
        denied(&native::call("a", "Read", &json!({"file_path": value})), "argument-wrong-type");
    }
}

#[test]
fn a_path_that_cannot_be_decided() {
    for (path, code) in [
        ("", "path-empty"),
        ("a\0b", "path-control-character"),
        ("file:///etc/passwd", "path-url"),
        ("C:\\a", "path-drive-letter"),
        ("\\\\host\\share", "path-unc"),
        ("~root/a", "path-other-home"),
        ("~/a", "path-unknown-home"),
    ] {
        denied(&native::call("a", "Read", &json!({"file_path": path})), code);
    }
    denied(&native::call("a", "Read", &json!({"file_path": "a/".repeat(4_000)})), "path-too-long");
}

#[test]
fn a_path_out_of_a_workspace_that_nobody_declared() {
    denied(br#"{"agentId":"a","toolName":"Read","toolInput":{"file_path":"../a"}}"#, "path-escapes");
}
