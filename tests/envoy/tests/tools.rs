//! One corpus, one more path: tool calls of the corpus stand in answers of a model that come through the
//! filter in a real Envoy, and each has the verdict, the code and the reason that the engine gives as a
//! library.
//!
//! A model says neither where a call would run nor what it costs. So what is compared is the call without
//! these, and the corpus's own word counts where that makes no difference.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails loudly")]

use std::collections::BTreeMap;
use std::sync::Arc;

use sentinel_engine::{Outcome, Policy, conclude_stateless, decide_bytes};
use sentinel_envoy_tests::client::{request, send};
use sentinel_envoy_tests::{Answer, Bootstrap, Envoy, Response, Upstream, module, wasm};
use sentinel_tests::corpus::{Case, Corpus, Expect};
use sentinel_tests::native;
use serde_json::{Value, json};

const MODEL: &str = "model.example";

/// Says which case the model has to answer with.
const CASE: &str = "x-case";

/// Policies with which no request gets to a model: `POST` writes, and limits need a daemon.
const SILENT: &[&str] = &["costs", "read-only"];

/// A case as a model says it.
struct Said<'c> {
    case: &'c Case,
    name: String,
    /// As JSON.
    arguments: String,
}

impl<'c> Said<'c> {
    /// `None` for requests, and for what is no call.
    fn read(case: &'c Case) -> Option<Self> {
        let call: Value = serde_json::from_slice(&case.call).ok()?;
        let (name, input) = (call["toolName"].as_str()?.to_owned(), &call["toolInput"]);
        let is_tool = input.is_object() && !case.policy.starts_with("http");
        is_tool.then(|| Self { case, name, arguments: input.to_string() })
    }

    /// The call that the filter makes of it.
    fn call(&self) -> Vec<u8> {
        let agent = &self.case.policy;
        let text = json!({ "agentId": agent, "toolName": self.name }).to_string();
        format!("{},\"toolInput\":{}}}", text.trim_end_matches('}'), self.arguments).into_bytes()
    }

    /// What the model says.
    fn answer(&self) -> Value {
        let function = json!({ "name": self.name, "arguments": self.arguments });
        let calls = [json!({ "id": "call_1", "type": "function", "function": function })];
        let message = json!({ "role": "assistant", "content": null, "tool_calls": calls });
        json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{ "index": 0, "message": message, "finish_reason": "tool_calls" }],
        })
    }
}

/// What an agent must get.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// The answer as it is.
    Call,
    /// This sentence, and no call.
    Refusal(String),
    /// No answer: it calls something that no tool is called.
    Nothing,
}

/// What the engine says without a proxy, and whether it is what the corpus says.
fn wanted(policy: &Policy, said: &Said<'_>) -> (Wanted, bool) {
    let decision = decide_bytes(policy, &said.call());
    if said.name.is_empty() || said.name.contains(char::is_control) {
        return (Wanted::Nothing, decision.outcome == Outcome::Deny);
    }
    let is_as_written = match said.case.expect {
        Expect::Exactly(expected) => decision.outcome.as_str() == expected,
        Expect::NotAllow => decision.outcome != Outcome::Allow,
    };
    if decision.outcome != Outcome::Deny && decision.needs_state(policy) {
        let text = "A tool call was denied by policy (daemon-missing): ".to_owned();
        return (Wanted::Refusal(text), is_as_written);
    }
    let verdict = conclude_stateless(policy, &decision);
    let text = format!("A tool call was denied by policy ({}): {}", verdict.code, verdict.reason);
    (if verdict.permitted { Wanted::Call } else { Wanted::Refusal(text) }, is_as_written)
}

/// Whether an agent got that.
fn is_what_came(wanted: &Wanted, said: &Said<'_>, came: &Response) -> bool {
    let Ok(body) = serde_json::from_slice::<Value>(&came.body) else {
        return *wanted == Wanted::Nothing && came.body.is_empty() && !came.complete;
    };
    let message = &body["choices"][0]["message"];
    let has_no_call = message["tool_calls"].as_array().is_none_or(Vec::is_empty);
    match wanted {
        Wanted::Call => body == said.answer(),
        Wanted::Refusal(text) => {
            has_no_call && message["content"].as_str().is_some_and(|own| own.starts_with(text.as_str()))
        }
        Wanted::Nothing => false,
    }
}

/// The policy of a case, for an agent that may also speak with a model.
fn with_model(text: &str) -> Value {
    let mut policy: Value = serde_json::from_str(text).expect("a policy");
    assert!(policy.get("network").is_none(), "{policy}");
    policy["network"] = json!({ "rules": [{ "hosts": [MODEL], "blockPrivateIps": false, "llm": true }] });
    policy
}

#[test]
fn every_tool_call_of_a_model_has_the_engine_s_verdict() {
    let corpus = Corpus::load();
    let said: Vec<Said<'_>> = corpus.cases.iter().filter_map(Said::read).collect();
    let answers: Arc<[Value]> = said.iter().map(Said::answer).collect();
    let upstream = Upstream::answering(move |request| {
        let number = request.header(CASE).and_then(|number| number.parse::<usize>().ok());
        Answer::json(&answers[number.expect("a number of a case")])
    });
    let policies: BTreeMap<&str, Value> = said
        .iter()
        .map(|own| (own.case.policy.as_str(), with_model(&corpus.policies[&own.case.policy])))
        .collect();
    let bootstraps: Vec<(&str, Bootstrap)> = policies
        .iter()
        .map(|(name, policy)| {
            let filter = wasm(module::sentinel(), &json!({ "agentId": name, "policy": policy }));
            (*name, Bootstrap::new(upstream.port()).filter(filter))
        })
        .collect();
    let all: Vec<(&str, &Bootstrap)> = bootstraps.iter().map(|(name, own)| (*name, own)).collect();
    let mut envoy = Envoy::start(&Bootstrap::build_all(&all));
    let mut wrong = Vec::new();
    let (mut tried, mut let_through, mut as_written) = (0, 0, 0);
    for (name, text) in &policies {
        let policy = native::load(&text.to_string());
        for (number, own) in said.iter().enumerate().filter(|(_, own)| own.case.policy == *name) {
            let number = number.to_string();
            let headers = [("content-type", "application/json"), (CASE, number.as_str())];
            let asked = request("POST", MODEL, "/v1/chat/completions", &headers, br#"{"model":"m"}"#);
            let came = send(envoy.port_of(name), &asked).expect("an answer");
            if SILENT.contains(name) {
                assert!(came.header("x-soe-code").is_some(), "{name}: {came:?}");
                continue;
            }
            let (wanted, is_as_written) = wanted(&policy, own);
            tried += 1;
            let_through += usize::from(wanted == Wanted::Call);
            as_written += usize::from(is_as_written);
            if !is_what_came(&wanted, own, &came) {
                let call = String::from_utf8_lossy(&own.case.call);
                let call: String = call.chars().take(700).collect();
                wrong.push(format!(
                    "{} [{name}]\n  {call}\n  wanted {wanted:?}\n  came {}",
                    own.case.name,
                    came.text()
                ));
            }
        }
    }
    assert!(envoy.is_running());
    assert!(wrong.is_empty(), "{} of {tried} cases:\n{}", wrong.len(), wrong.join("\n"));
    println!("{tried} calls: {let_through} let through, {as_written} decided as the corpus says");
    // A filter that lets everything through or nothing would not get here, nor would one that is asked nothing.
    assert!(tried > 2_400 && as_written > 2_300 && let_through > 1_000 && tried - let_through > 1_000);
}
