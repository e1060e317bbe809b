//! Labels, metadata and redaction: what records get, and that no decision depends on it.

use sentinel_engine::{Circumstances, EffectOutcome, Outcome, Policy, conclude};

use crate::support::{decide, load};

const TAGS: &str = r#""rules":[{"name":"rest","tools":["*"],"action":"allow"}],
"tags":[
 {"add":["money","team:billing"],"tools":["pay*","refund"]},
 {"add":["large","money"],"tools":["pay*"],"when":{"param":"amount","operator":"gt","value":100}},
 {"add":["small"],"when":{"not":{"param":"amount","operator":"gt","value":100}}},
 {"add":["any"]}
]"#;

#[test]
fn labels_are_those_of_every_entry_that_holds() {
    let policy = load(TAGS);
    for (tool, input, expect) in [
        ("pay", r#"{"amount":500}"#, &["any", "large", "money", "team:billing"][..]),
        ("pay", r#"{"amount":5}"#, &["any", "money", "small", "team:billing"]),
        ("refund", r#"{"amount":500}"#, &["any", "money", "team:billing"]),
        ("other", r#"{"amount":5}"#, &["any", "small"]),
        // What is missing or mistyped is not labelled, turned round or not.
        ("pay", "{}", &["any", "money", "team:billing"]),
        ("pay", r#"{"amount":"500"}"#, &["any", "money", "team:billing"]),
    ] {
        let decision = decide(&policy, tool, input, "");
        assert_eq!(decision.tags, expect, "{tool} {input}");
        assert_eq!(decision.outcome, Outcome::Allow, "{tool} {input}");
    }
}

fn json(policy: &Policy, tool: &str, input: &str) -> String {
    let decision = decide(policy, tool, input, "");
    let outcomes = vec![EffectOutcome::Unmetered; decision.effects.len()];
    let verdict = conclude(policy, &decision, &outcomes, &Circumstances::default());
    assert_eq!(verdict.tags, decision.tags);
    verdict.json
}

#[test]
fn the_verdict_has_labels_where_there_are_some() {
    let policy = load(r#""tags":[{"add":["b\"","a"],"tools":["pay"]}]"#);
    let tagged = json(&policy, "pay", "{}");
    assert!(tagged.contains(r#","tags":["a","b\""],"agentId":"a""#), "{tagged}");
    let plain = json(&policy, "other", "{}");
    assert!(!plain.contains("tags"), "{plain}");
}

#[test]
fn denied_calls_are_labelled_and_unread_ones_are_not() {
    let policy = load(r#""tags":[{"add":["all"]}]"#);
    let denied = decide(&policy, "t", "{}", "");
    assert_eq!((denied.outcome, denied.tags), (Outcome::Deny, vec!["all".to_owned()]));
    assert!(sentinel_engine::decide_bytes(&policy, b"{").tags.is_empty());
}

#[test]
fn a_call_has_at_most_64_labels() {
    let entries: Vec<String> = (0..100).map(|n| format!(r#"{{"add":["label-{n:03}"]}}"#)).collect();
    let policy = load(&format!(r#""tags":[{}]"#, entries.join(",")));
    let tags = decide(&policy, "t", "{}", "").tags;
    assert_eq!((tags.len(), tags.first().map(String::as_str)), (64, Some("label-000")));
}

#[test]
fn a_policy_tells_its_rules_metadata_and_redaction() {
    let policy = load(
        r#""rules":[{"name":"a","tools":["*"],"action":"block"},{"name":"b","tools":["*"],"action":"block","enabled":false}],
           "metadata":{"team":"billing","humanSponsor":"alice","costCenter":"4711"},"redact":["ssn","IBAN"]"#,
    );
    let about = policy.describe();
    let end = r#","rules":1,"metadata":{"team":"billing","humanSponsor":"alice","costCenter":"4711"},"redact":["ssn","IBAN"],"anomaly":null}"#;
    assert!(about.ends_with(end), "{about}");
    let bare = load(r#""description":"none""#).describe();
    assert!(bare.ends_with(r#","rules":0,"metadata":{},"redact":[],"anomaly":null}"#), "{bare}");
}

#[test]
fn spellings_of_one_endpoint_share_a_meter() {
    let policy = load(
        r#""rules":[{"name":"rest","tools":["*"],"action":"allow"}],
           "budgets":[{"name":"b","limit":"5","per":"day","by":"endpoint"}]"#,
    );
    let key = |endpoint: &str| {
        let decision =
            decide(&policy, "pay", "{}", &format!(r#","cost":{{"usd":"1"}},"endpoint":"{endpoint}""#));
        let debit = decision.effects.last().and_then(sentinel_engine::Effect::debit).expect("a charge");
        debit.key.clone()
    };
    for spelling in [
        "https://api.example.com/pay",
        "HTTPS://API.Example.com:443/pay",
        "https://api.example.com/x/../pay#now",
        "https://api.example.com/%70ay",
        "https://someone@api.example.com/pay",
    ] {
        assert_eq!(key(spelling), "https://api.example.com/pay", "{spelling}");
    }
    assert_eq!(key("Shop"), "Shop");
    assert_eq!(key("https://api.example.com/Pay"), "https://api.example.com/Pay");
}
