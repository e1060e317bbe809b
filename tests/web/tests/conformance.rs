//! One corpus, every runtime: the package in Node, in Chromium and in workerd gives each case the
//! verdict that the engine gives as a library, in the same bytes.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails loudly, and says how much it tried"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_tests::corpus::Corpus;
use sentinel_tests::native;
use sentinel_web_tests::{Runtime, run};
use serde_json::json;

fn every_case_is_decided_alike(runtime: Runtime) {
    let corpus = Corpus::load();
    let policies: std::collections::BTreeMap<_, _> =
        corpus.policies.iter().map(|(name, text)| (name.as_str(), native::load(text))).collect();
    let cases: Vec<_> =
        corpus.cases.iter().map(|case| json!([case.policy, STANDARD.encode(&case.call)])).collect();
    let given: Vec<_> = corpus.policies.iter().collect();
    let found = run(runtime, "decide", &json!({"policies": given, "cases": cases}));
    let found = found.as_array().expect("a list of verdicts");
    assert_eq!(found.len(), corpus.cases.len());
    let mut wrong = Vec::new();
    for (case, found) in corpus.cases.iter().zip(found) {
        let policy = policies.get(case.policy.as_str()).expect("a policy");
        let (_, verdict) = native::ask(policy, &case.call);
        if found.as_str() != Some(&verdict.json) {
            wrong.push(format!("{}:\n  {}\n  {found}", case.name, verdict.json));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), corpus.cases.len(), wrong.join("\n"));
    println!("{runtime:?}: {} cases, byte for byte", corpus.cases.len());
}

#[test]
fn every_case_is_decided_alike_in_node() {
    every_case_is_decided_alike(Runtime::Node);
}

#[test]
fn every_case_is_decided_alike_in_chromium() {
    every_case_is_decided_alike(Runtime::Chromium);
}

#[test]
fn every_case_is_decided_alike_in_workerd() {
    every_case_is_decided_alike(Runtime::Workerd);
}
