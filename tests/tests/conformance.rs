//! One corpus, two paths: the engine as a library and as the component that ships give every case
//! the verdict that the corpus asks for, in the same bytes.

#![expect(clippy::panic, reason = "a test fails loudly")]

use sentinel::engine::{Approval, Circumstances, Engine, Format, Session, fresh};
use sentinel_engine::Policy;
use sentinel_tests::corpus::{Case, Corpus, Expect, Forward};
use sentinel_tests::native;
use serde_json::Value;

/// Everything that is asked of the component.
fn through_component(session: &mut Session, call: &[u8]) -> String {
    let circumstances = Circumstances { mode: None, approval: Approval::Possible, now: Some(0) };
    session.evaluate(call, circumstances, fresh).json
}

/// Both forms of one policy, compiled once.
struct Twins {
    native: Policy,
    component: Session,
}

impl Twins {
    fn load(engine: &Engine, text: &str) -> Self {
        let component = Session::open(engine, text.to_owned(), Format::Json);
        Self { native: native::load(text), component: component.unwrap_or_else(|error| panic!("{error}")) }
    }
}

#[test]
fn every_case_is_decided_alike_and_as_the_corpus_says() {
    let corpus = Corpus::load();
    let engine = Engine::embedded().expect("the engine starts");
    let mut wrong = Vec::new();
    let mut tried = 0;
    // One policy after the other: instances are few.
    for (name, text) in &corpus.policies {
        let mut twins = Twins::load(&engine, text);
        for case in corpus.cases.iter().filter(|case| case.policy == *name) {
            tried += 1;
            wrong.extend(mistake(case, &mut twins));
        }
    }
    assert_eq!(tried, corpus.cases.len());
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), corpus.cases.len(), wrong.join("\n"));
    println!("{tried} cases x 2 paths");
}

/// What is wrong with a case, for people.
fn mistake(case: &Case, twins: &mut Twins) -> Option<String> {
    let (decision, verdict) = native::ask(&twins.native, &case.call);
    let outcome = verdict.decision.as_str();
    let as_expected = match case.expect {
        Expect::Exactly(expected) => outcome == expected,
        Expect::NotAllow => outcome != "allow",
    };
    let rule_named = case.rule.as_ref().is_none_or(|rule| {
        decision.reasons.iter().any(|reason| reason.rule.as_ref().is_some_and(|own| own.pattern == *rule))
    });
    let code_given = case.code.as_ref().is_none_or(|code| {
        decision.reasons.iter().any(|reason| match code.strip_suffix('*') {
            Some(start) => reason.code.starts_with(start),
            None => reason.code == *code,
        })
    });
    let forwarded = case.forward.is_none() || forward(&verdict.json) == case.forward;
    let other = through_component(&mut twins.component, &case.call);
    if as_expected && rule_named && code_given && forwarded && other == verdict.json {
        return None;
    }
    let what = case.command.clone().unwrap_or_else(|| String::from_utf8_lossy(&case.call).into_owned());
    // A body may be a mebibyte.
    let what: String = what.chars().take(2_000).collect();
    Some(format!(
        "{} [{}]\n  {what:?}\n  expected {:?} ({}), rule {:?}, code {:?}, {:?}\n  native    {}\n  component {other}",
        case.name, case.policy, case.expect, case.because, case.rule, case.code, case.forward, verdict.json
    ))
}

/// What a verdict says that the proxy must forward.
fn forward(verdict: &str) -> Option<Forward> {
    let verdict: Value = serde_json::from_str(verdict).ok()?;
    let text = |pointer| verdict.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    Some(Forward { authority: text("/http/authority")?, path: text("/http/path")? })
}
