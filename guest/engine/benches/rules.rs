//! Policies with rules, for the engine's bench: many of which few speak of the call, many that all
//! do, and such that are asked of calls made to be slow.

const HEAD: &str = r#""agentId":"bench","version":"1.0.0","identity":{"authorityLevel":"limited-ops","environmentScope":["development"]}"#;

fn document(rules: &[String]) -> String {
    format!("{{{HEAD},\"rules\":[{}]}}", rules.join(","))
}

/// So many rules, of which three speak of the call's tool, and the last lets it through.
pub(crate) fn policy(count: usize) -> String {
    let other = |n: usize| {
        format!(
            r#"{{"name":"other-{n}","tools":["tool{n}","mcp__server{n}__*"],"action":"block",
"when":{{"all":[{{"param":"amount","operator":"gt","value":{n}}},{{"param":"$.to.iban","operator":"matches","value":"^DE[0-9]+$"}}]}}}}"#
        )
    };
    let own = [
        r#"{"name":"limit","tools":["refund"],"action":"block","when":{"param":"amount","operator":"gt","value":100.50}}"#,
        r#"{"name":"currency","tools":["refund"],"action":"require_approval","when":{"param":"currency","operator":"not_in","value":["EUR","USD"]}}"#,
        r#"{"name":"rest","tools":["ref*"],"action":"allow","when":{"param":"reason","operator":"matches","value":"^[a-z ]+$"}}"#,
    ];
    let mut rules: Vec<String> = (own.len()..count).map(other).collect();
    let middle = rules.len() / 2;
    for rule in own.iter().rev() {
        rules.insert(middle, (*rule).to_owned());
    }
    document(&rules)
}

/// So many rules, all of which speak of every tool.
pub(crate) fn every(count: usize) -> String {
    let rule = |n: usize| {
        format!(
            r#"{{"name":"every-{n}","tools":["*"],"action":"block","when":{{"param":"amount","operator":"gt","value":{}}}}}"#,
            1_000 + n
        )
    };
    document(&(0..count).map(rule).collect::<Vec<_>>())
}

fn with_input(input: &str) -> Vec<u8> {
    format!(r#"{{"agentId":"bench","toolName":"refund","toolInput":{input}}}"#).into_bytes()
}

/// An ordinary call.
pub(crate) fn call() -> Vec<u8> {
    with_input(
        r#"{"amount":42.50,"currency":"EUR","reason":"broken on arrival","to":{"iban":"DE02120300000000202051"}}"#,
    )
}

/// Name, policy and call of what could be slow.
pub(crate) fn adversarial() -> Vec<(&'static str, String, Vec<u8>)> {
    let asking = |count: usize, test: &str| {
        let rule = |n: usize| format!(r#"{{"name":"r-{n}","tools":["*"],"action":"block","when":{test}}}"#);
        document(&(0..count).map(rule).collect::<Vec<_>>())
    };
    let text = |length: usize| with_input(&format!(r#"{{"x":"{}"}}"#, "a".repeat(length)));
    let regex = |pattern: &str| format!(r#"{{"param":"x","operator":"matches","value":"{pattern}"}}"#);
    let states = (1_000_000 / 1_400) - 40;
    vec![
        ("regex-of-many-states", asking(1, &regex("(a?){100}a{100}b")), text(states)),
        ("regex-of-many-branches", asking(1, &regex("(.*|a*|[^b]*|a?a?a?|aa|aaa|(a|aa)+)+c")), text(7_000)),
        ("regex-often", asking(1_000, &regex("^(a|b|ab)*c")), text(30)),
        (
            "long-text",
            asking(1_000, r#"{"param":"x","operator":"contains","value":"aaaaaaaaaaaaab"}"#),
            text(4 << 20),
        ),
        (
            "url",
            asking(
                200,
                r#"{"param":"x","operator":"url_matches","value":"https://a.example/*a?a?a?a?a?b*"}"#,
            ),
            with_input(&format!(r#"{{"x":"https://a.example/{}"}}"#, "a".repeat(1_000))),
        ),
        (
            "each",
            asking(100, r#"{"param":"$.x[*][*]","operator":"gt","value":5}"#),
            with_input(&format!(r#"{{"x":[{}]}}"#, vec!["[1,2,3,4,5]"; 20_000].join(","))),
        ),
        (
            "keys",
            asking(10_000, r#"{"param":"x","operator":"exists"}"#),
            with_input(&format!(
                "{{{}}}",
                (0..100_000).map(|n| format!(r#""k{n}":1"#)).collect::<Vec<_>>().join(",")
            )),
        ),
        (
            "digits",
            asking(1_000, r#"{"param":"x","operator":"gt","value":5}"#),
            with_input(&format!(r#"{{"x":{}}}"#, "9".repeat(100_000))),
        ),
    ]
}
