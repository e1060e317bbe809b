//! The corpus, through an example and its daemon: every answer has the bytes of the engine as a library.

use std::collections::BTreeMap;

use sentinel_tests::corpus::{Case, Corpus};
use sentinel_tests::native;
use serde_json::Value;

use crate::daemon::Daemon;
use crate::place::{Place, Settings};
use crate::soe;

/// The policies of the corpus, and those of the other tests.
pub(crate) fn policies() -> BTreeMap<String, String> {
    let mut all = Corpus::load().policies;
    all.extend(soe::policies());
    all
}

/// The cases name their environments themselves.
pub(crate) fn settings(daemon: &Daemon) -> Settings {
    Settings { environment: Some("*".to_owned()), ..Settings::with(daemon) }
}

/// How a case was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// By the example itself.
    Here,
    /// By the daemon.
    Asked,
    /// By a refusal: it is no call.
    Refused,
}

/// Every case. Most are decided in the example: a few ask the daemon, or are no calls. Says how many.
pub(crate) fn same_bytes(place: &Place, daemon: &Daemon) -> String {
    let corpus = Corpus::load();
    let loaded: BTreeMap<_, _> =
        policies().iter().map(|(name, text)| (name.clone(), native::load(text))).collect();
    let client = place.client();
    let (mut wrong, mut counts) = (Vec::new(), BTreeMap::<String, usize>::new());
    for case in &corpus.cases {
        let asked = daemon.asked();
        let answer = client.post("/v1/evaluate", &case.call);
        let (_, verdict) = native::ask(&loaded[&case.policy], &case.call);
        let how = if answer.status != 200 {
            let is_denial = answer.text("decision") == "deny" && answer.json()["permitted"] == false;
            if !is_denial || verdict.permitted {
                wrong.push(told(case, &answer.body, &verdict.json));
            }
            How::Refused
        } else {
            let expected = loaded.get(&agent(case)).map(|policy| native::ask(policy, &case.call).1.json);
            let is_same = match &expected {
                Some(json) => {
                    let own = json.strip_suffix('}').expect("an object");
                    answer.body.strip_prefix(own).is_some_and(|rest| rest.starts_with(",\"timestamp\":\""))
                }
                None => answer.text("code") == "policy-missing" && answer.json()["permitted"] == false,
            };
            if !is_same {
                wrong.push(told(case, &answer.body, &expected.unwrap_or_default()));
            }
            if daemon.asked() > asked { How::Asked } else { How::Here }
        };
        *counts.entry(format!("{how:?}")).or_default() += 1;
    }
    let count = |how: How| counts.get(&format!("{how:?}")).copied().unwrap_or_default();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), corpus.cases.len(), wrong.join("\n"));
    assert!(count(How::Here) * 10 > corpus.cases.len() * 7, "{counts:?}");
    assert!(count(How::Asked) > 0 && count(How::Refused) * 20 < corpus.cases.len(), "{counts:?}");
    format!("{} cases: {counts:?}", corpus.cases.len())
}

/// Whose call it is; what only some readers of JSON take is for the case's own policy.
fn agent(case: &Case) -> String {
    let call = serde_json::from_slice::<Value>(&case.call).ok();
    let agent = call.as_ref().and_then(|call| call.get("agentId")?.as_str());
    agent.unwrap_or(&case.policy).to_owned()
}

fn told(case: &Case, got: &str, expected: &str) -> String {
    let call: String = String::from_utf8_lossy(&case.call).chars().take(500).collect();
    format!("{} [{}]\n  {call}\n  here   {got}\n  native {expected}", case.name, case.policy)
}
