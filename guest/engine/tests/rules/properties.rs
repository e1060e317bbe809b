//! Properties: a block rule only raises, and the same call gets the same answer.

use proptest::prelude::*;

use crate::support::{decide, load};

fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(r#"{"param":"n","operator":"gt","value":5}"#.to_owned()),
        Just(r#"{"param":"n","operator":"eq","value":"x"}"#.to_owned()),
        Just(r#"{"param":"s","operator":"matches","value":"^x"}"#.to_owned()),
        Just(r#"{"param":"$.l[*]","operator":"lt","value":3}"#.to_owned()),
        Just(r#"{"param":"@cost.usd","operator":"gte","value":"1"}"#.to_owned()),
        Just(r#"{"param":"s","operator":"exists"}"#.to_owned()),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..3)
                .prop_map(|parts| format!(r#"{{"all":[{}]}}"#, parts.join(","))),
            proptest::collection::vec(inner.clone(), 1..3)
                .prop_map(|parts| format!(r#"{{"any":[{}]}}"#, parts.join(","))),
            inner.prop_map(|part| format!(r#"{{"not":{part}}}"#)),
        ]
    })
}

fn word() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("skip"), Just("escalate"), Just("block")]
}

fn rule(action: impl Strategy<Value = &'static str>) -> impl Strategy<Value = String> {
    let tools =
        prop_oneof![Just("\"t\""), Just("\"*\""), Just("\"u\",\"t*\""), Just("\"u\""), Just("\"Bash\"")];
    (tools, action, proptest::option::of(condition()), word(), word()).prop_map(|(tools, action, when, missing, mismatch)| {
        let when = when.map_or(String::new(), |when| format!(r#","when":{when}"#));
        format!(r#""tools":[{tools}],"action":"{action}","onMissing":"{missing}","onMismatch":"{mismatch}"{when}"#)
    })
}

fn any_action() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("allow"), Just("block"), Just("require_approval")]
}

fn sections(rules: &[String]) -> String {
    let named: Vec<String> =
        rules.iter().enumerate().map(|(at, rule)| format!(r#"{{"name":"r{at}",{rule}}}"#)).collect();
    format!(r#""rules":[{}],"toolActions":{{"allowed":["u"],"bash":{{"allow":["ls"]}}}}"#, named.join(","))
}

proptest! {
    #[test]
    fn a_block_rule_never_lowers_an_outcome(
        mut rules in proptest::collection::vec(rule(any_action()), 0..6),
        block in rule(Just("block")),
        at in any::<proptest::sample::Index>(),
        n in prop_oneof![Just(""), Just(r#""n":1"#), Just(r#""n":9.5"#), Just(r#""n":"x""#), Just(r#""n":null"#)],
        s in prop_oneof![Just(""), Just(r#""s":"xy""#), Just(r#""s":5"#)],
        l in prop_oneof![Just(""), Just(r#""l":[1,9]"#), Just(r#""l":["a"]"#), Just(r#""l":{}"#)],
        cost in prop_oneof![Just(""), Just(r#","cost":{"usd":"2"}"#)],
        tool in prop_oneof![Just("t"), Just("u"), Just("v"), Just("Bash")],
    ) {
        let fields: Vec<&str> = [n, s, l, r#""command":"ls""#].into_iter().filter(|field| !field.is_empty()).collect();
        let input = format!("{{{}}}", fields.join(","));
        let before = decide(&load(&sections(&rules)), tool, &input, cost);
        rules.insert(at.index(rules.len() + 1), block);
        let policy = load(&sections(&rules));
        let after = decide(&policy, tool, &input, cost);
        prop_assert!(after.outcome >= before.outcome, "{:?} {} {}: {:?} {:?}", rules, tool, input, before, after);
        prop_assert_eq!(&after, &decide(&policy, tool, &input, cost));
    }
}
