//! `all`, `any` and `not` over what is true, false, missing and mistyped.

use sentinel_engine::Outcome;

use crate::support::{load, outcome, truth};

const TRUE: &str = r#"{"param":"n","operator":"eq","value":1}"#;
const FALSE: &str = r#"{"param":"n","operator":"eq","value":2}"#;
const MISSING: &str = r#"{"param":"gone","operator":"eq","value":1}"#;
const MISTYPED: &str = r#"{"param":"n","operator":"matches","value":"1"}"#;
const INPUT: &str = r#"{"n":1}"#;

#[test]
fn the_tables_are_those_of_kleene() {
    // Both causes present and both words the same: the missing one is told.
    for (a, b, all, any) in [
        (TRUE, TRUE, "true", "true"),
        (TRUE, FALSE, "false", "true"),
        (FALSE, FALSE, "false", "false"),
        (TRUE, MISSING, "missing", "true"),
        (FALSE, MISSING, "false", "missing"),
        (MISSING, MISSING, "missing", "missing"),
        (TRUE, MISTYPED, "mistyped", "true"),
        (FALSE, MISTYPED, "false", "mistyped"),
        (MISTYPED, MISTYPED, "mistyped", "mistyped"),
        (MISSING, MISTYPED, "missing", "missing"),
    ] {
        for (a, b) in [(a, b), (b, a)] {
            assert_eq!(truth(&format!(r#"{{"all":[{a},{b}]}}"#), INPUT, ""), all, "all {a} {b}");
            assert_eq!(truth(&format!(r#"{{"any":[{a},{b}]}}"#), INPUT, ""), any, "any {a} {b}");
            // De Morgan.
            let turned = format!(r#"{{"not":{{"any":[{{"not":{a}}},{{"not":{b}}}]}}}}"#);
            assert_eq!(truth(&turned, INPUT, ""), all, "{turned}");
        }
    }
    for (a, expect) in [(TRUE, "false"), (FALSE, "true"), (MISSING, "missing"), (MISTYPED, "mistyped")] {
        assert_eq!(truth(&format!(r#"{{"not":{a}}}"#), INPUT, ""), expect, "not {a}");
    }
}

#[test]
fn the_words_for_what_is_unknown_are_kept_and_the_stricter_one_counts() {
    use Outcome::{Allow, Deny, Escalate};
    let both = format!(r#"{{"all":[{MISSING},{MISTYPED}]}}"#);
    for (when, words, expect, code) in [
        (MISSING, "", Escalate, "rule-missing-argument"),
        (MISSING, r#","onMissing":"escalate","onMismatch":"skip""#, Escalate, "rule-missing-argument"),
        (MISSING, r#","onMissing":"block","onMismatch":"skip""#, Deny, "rule-missing-argument"),
        (MISSING, r#","onMissing":"skip","onMismatch":"block""#, Allow, "rule-allow"),
        (MISTYPED, "", Escalate, "rule-mistyped-argument"),
        (MISTYPED, r#","onMismatch":"block","onMissing":"skip""#, Deny, "rule-mistyped-argument"),
        (MISTYPED, r#","onMismatch":"skip","onMissing":"block""#, Allow, "rule-allow"),
        (&both, r#","onMissing":"skip","onMismatch":"escalate""#, Escalate, "rule-mistyped-argument"),
        (&both, r#","onMissing":"escalate","onMismatch":"block""#, Deny, "rule-mistyped-argument"),
        (&both, r#","onMissing":"block","onMismatch":"escalate""#, Deny, "rule-missing-argument"),
        (&both, r#","onMissing":"escalate","onMismatch":"skip""#, Escalate, "rule-missing-argument"),
        (&both, r#","onMissing":"skip","onMismatch":"skip""#, Allow, "rule-allow"),
        (&both, r#","onMissing":"block","onMismatch":"block""#, Deny, "rule-missing-argument"),
    ] {
        let policy = load(&format!(
            r#""rules":[{{"name":"r","tools":["t"],"when":{when},"action":"block"{words}}},{{"name":"rest","tools":["*"],"action":"allow"}}]"#
        ));
        assert_eq!(outcome(&policy, "t", INPUT), (expect, code.to_owned()), "{when}{words}");
    }
}
