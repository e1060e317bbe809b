//! `sentinel convert`: what is written where, and what is not. What a conversion means is for the
//! engine's own tests.

#![expect(clippy::panic, reason = "tests")]

mod support;

use std::fs;

use serde_json::Value;
use support::{Run, dir_with, sentinel};

const RULES: &str = include_str!("../../guest/engine/tests/testdata/rules.json");
const CALLGUARD: &str = include_str!("../../guest/engine/tests/testdata/callguard.yaml");
const X402: &str = include_str!("../../guest/engine/tests/testdata/x402.json");

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn is_ok(run: &Run) {
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn each_dialect_becomes_a_policy_that_loads() {
    for (dialect, name, text) in [
        ("rules-json", "rules.json", RULES),
        ("callguard", "callguard.yaml", CALLGUARD),
        ("x402", "x402.json", X402),
    ] {
        let dir = dir_with(name, text);
        for from in [&["--from", dialect] as &[&str], &[]] {
            let arguments = [&["convert", "--agent", "buyer"], from, &[name]].concat();
            let run = sentinel(&dir, &arguments, "");
            is_ok(&run);
            let policy = json(&run.stdout);
            assert!(policy["agentId"].is_string() && policy["version"] == "1.0.0", "{policy}");
            is_ok(&sentinel(&dir, &["validate", "-"], &run.stdout));
        }
        let run = sentinel(&dir, &["convert", "--from", dialect, "--agent", "buyer", "-"], text);
        is_ok(&run);
    }
}

#[test]
fn what_a_source_does_not_say_comes_from_the_arguments() {
    let dir = dir_with("rules.json", RULES);
    let arguments =
        ["--agent", "buyer", "--doc-version", "2.1.0", "--environment", "staging", "--environment", "qa"];
    let run = sentinel(&dir, &[&["convert", "rules.json"] as &[&str], &arguments].concat(), "");
    is_ok(&run);
    let policy = json(&run.stdout);
    assert_eq!((&policy["agentId"], &policy["version"]), (&"buyer".into(), &"2.1.0".into()));
    assert_eq!(policy["identity"]["environmentScope"], serde_json::json!(["staging", "qa"]));
    let run = sentinel(&dir, &["convert", "rules.json"], "");
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run:?}");
    assert!(run.stderr.contains("--agent ID"), "{run:?}");
}

#[test]
fn notes_are_beside_the_document() {
    let dir = dir_with("callguard.yaml", CALLGUARD);
    let run = sentinel(&dir, &["convert", "--agent", "buyer", "callguard.yaml"], "");
    is_ok(&run);
    assert!(run.stderr.contains("strict-mode") && run.stderr.contains("callguard.yaml:11:"), "{run:?}");
    let run = sentinel(&dir, &["convert", "--agent", "buyer", "--json", "callguard.yaml"], "");
    is_ok(&run);
    let report = json(&run.stdout);
    assert_eq!(report["document"]["agentId"], "buyer");
    let notes = report["notes"].as_array().unwrap();
    let note = notes.iter().find(|note| note["code"] == "strict-mode").unwrap();
    assert_eq!((&note["pointer"], &note["line"]), (&"/strict_mode".into(), &11.into()));
    assert_eq!(run.stderr, "", "the notes are in the JSON");
}

#[test]
fn a_refused_document_names_all_mistakes_and_writes_nothing() {
    let rule = r#"{"id":"a","function_pattern":"*","action":"explode"}"#;
    let text = format!(r#"{{"default_action":"perhaps","rules":[{rule}]}}"#);
    let dir = dir_with("rules.json", &text);
    let arguments = ["convert", "--from", "rules-json", "--agent", "buyer", "rules.json", "-o", "new.json"];
    let run = sentinel(&dir, &arguments, "");
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run:?}");
    assert!(run.stderr.contains("perhaps") && run.stderr.contains("explode"), "{run:?}");
    assert!(run.stderr.contains("2 mistakes, and nothing was written"), "{run:?}");
    assert!(!dir.path().join("new.json").exists());
    let run =
        sentinel(&dir, &["convert", "--from", "rules-json", "--agent", "b", "--json", "rules.json"], "");
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(json(&run.stdout)["errors"].as_array().unwrap().len(), 2);
}

#[test]
fn nobodys_file_is_overwritten_unasked() {
    let dir = dir_with("rules.json", RULES);
    let convert = |more: &[&str]| {
        let arguments = [&["convert", "--agent", "buyer", "rules.json", "-o", "new.soe.json"], more].concat();
        sentinel(&dir, &arguments, "")
    };
    let new = dir.path().join("new.soe.json");
    let run = convert(&[]);
    is_ok(&run);
    assert_eq!(run.stdout, "");
    assert_eq!(json(&fs::read_to_string(&new).unwrap())["agentId"], "buyer");
    fs::write(&new, "mine").unwrap();
    let run = convert(&[]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("--force"), "{run:?}");
    assert_eq!(fs::read_to_string(&new).unwrap(), "mine");
    is_ok(&convert(&["--force"]));
    assert_ne!(fs::read_to_string(&new).unwrap(), "mine");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing else is left");
}

#[test]
fn a_policy_of_ours_is_not_taken_for_another() {
    let dir = dir_with("own.soe.json", support::POLICY);
    let run = sentinel(&dir, &["convert", "--agent", "buyer", "own.soe.json"], "");
    assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{run:?}");
}
