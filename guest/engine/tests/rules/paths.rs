//! Where an argument stands: plain names, queries, lists and each of their elements.

use crate::support::{findings, truth};

#[test]
fn paths_find_one_value() {
    for (path, input, expect) in [
        ("x", r#"{"x":1}"#, "true"),
        ("x", r#"{"X":1}"#, "missing"),
        ("$.x", r#"{"x":1}"#, "true"),
        ("$['x']", r#"{"x":1}"#, "true"),
        ("$.a.b", r#"{"a":{"b":1}}"#, "true"),
        ("$.a.b", r#"{"a.b":1}"#, "missing"),
        ("$['a.b']", r#"{"a.b":1}"#, "true"),
        ("$['a.b']", r#"{"a":{"b":1}}"#, "missing"),
        ("$['$']", r#"{"$":1}"#, "true"),
        ("$['@toolName']", r#"{"@toolName":1}"#, "true"),
        ("$['it\\\\'s']", r#"{"it's":1}"#, "true"),
        ("$['']", r#"{"":1}"#, "true"),
        ("$[\\\"a b\\\"]", r#"{"a b":1}"#, "true"),
        ("$['\\\\u0000']", r#"{"\u0000":1}"#, "true"),
        ("größe", r#"{"größe":1}"#, "true"),
        ("$.a[0]", r#"{"a":[1,2]}"#, "true"),
        ("$.a[1]", r#"{"a":[1,2]}"#, "false"),
        ("$.a[2]", r#"{"a":[1,2]}"#, "missing"),
        ("$.a[-1]", r#"{"a":[2,1]}"#, "true"),
        ("$.a[-2]", r#"{"a":[2,1]}"#, "false"),
        ("$.a[-3]", r#"{"a":[2,1]}"#, "missing"),
        ("$.a[0]", r#"{"a":{"0":1}}"#, "missing"),
        ("$.a['0']", r#"{"a":[1]}"#, "missing"),
        ("$.a.b", r#"{"a":"b"}"#, "missing"),
        ("$.a.b", r#"{"a":null}"#, "missing"),
        ("$.a[0].b[0]", r#"{"a":[{"b":[1]}]}"#, "true"),
    ] {
        let test = format!(r#"{{"param":"{path}","operator":"eq","value":1}}"#);
        assert_eq!(truth(&test, input, ""), expect, "{path} of {input}");
    }
}

#[test]
fn a_star_asks_each_element_and_one_is_enough() {
    for (path, input, expect) in [
        ("$.a[*]", r#"{"a":[1,6]}"#, "true"),
        ("$.a[*]", r#"{"a":[1,2]}"#, "false"),
        ("$.a[*]", r#"{"a":[]}"#, "false"),
        ("$.a[*]", r#"{"a":[1,"x"]}"#, "mistyped"),
        ("$.a[*]", r#"{"a":["x",6]}"#, "true"),
        ("$.a[*]", r#"{"a":[1,null]}"#, "missing"),
        ("$.a[*]", "{}", "missing"),
        ("$.a[*]", r#"{"a":null}"#, "missing"),
        ("$.a[*]", r#"{"a":6}"#, "mistyped"),
        ("$.a[*]", r#"{"a":{"b":6}}"#, "mistyped"),
        ("$.a[*].p", r#"{"a":[{"p":1},{"p":6}]}"#, "true"),
        ("$.a[*].p", r#"{"a":[{"p":1},{}]}"#, "missing"),
        ("$.a[*].p", r#"{"a":[{},{"p":6}]}"#, "true"),
        ("$.a[*][*]", r#"{"a":[[],[1],[2,6]]}"#, "true"),
        ("$.a[*][-1]", r#"{"a":[[6,1],[6,2]]}"#, "false"),
    ] {
        let test = format!(r#"{{"param":"{path}","operator":"gt","value":5}}"#);
        assert_eq!(truth(&test, input, ""), expect, "{path} of {input}");
    }
    for (wanted, input, expect) in [
        (true, r#"{"a":[{"p":1},{}]}"#, "true"),
        (false, r#"{"a":[{"p":1},{}]}"#, "true"),
        (false, r#"{"a":[{"p":1}]}"#, "false"),
        (true, r#"{"a":[]}"#, "false"),
        (true, "{}", "false"),
        (false, "{}", "true"),
        (true, r#"{"a":5}"#, "false"),
    ] {
        let test = format!(r#"{{"param":"$.a[*].p","operator":"exists","value":{wanted}}}"#);
        assert_eq!(truth(&test, input, ""), expect, "exists {wanted} of {input}");
    }
}

#[test]
fn the_input_as_a_whole_is_an_object() {
    for (test, input, expect) in [
        (r#""operator":"contains","value":"dry_run""#, r#"{"dry_run":null}"#, "true"),
        (r#""operator":"not_contains","value":"force""#, r#"{"force":true}"#, "false"),
        (r#""operator":"length_gt","value":1"#, r#"{"a":1,"b":2}"#, "true"),
        (r#""operator":"eq","value":{"a":[1]}"#, r#"{"a":[1.0]}"#, "true"),
        (r#""operator":"eq","value":5"#, "{}", "false"),
        (r#""operator":"type","value":"object""#, "{}", "true"),
        (r#""operator":"in","value":["x"]"#, "{}", "false"),
        (r#""operator":"exists""#, "{}", "true"),
        (r#""operator":"gt","value":1"#, "{}", "mistyped"),
        (r#""operator":"matches","value":"x""#, r#"{"x":"x"}"#, "mistyped"),
    ] {
        assert_eq!(truth(&format!(r#"{{"param":"$",{test}}}"#), input, ""), expect, "{test} of {input}");
    }
}

#[test]
fn what_is_no_path_refuses_the_document() {
    for path in ["a.b", "$.", "$x", "$..a", "$[?@.a]", "@cost", "@runId", "$.a-b", "a\u{200b}b"] {
        let found = findings(&format!(
            r#""rules":[{{"name":"r","tools":["*"],"action":"block","when":{{"param":"{path}","operator":"exists"}}}}]"#
        ));
        let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
        assert!(matches!(codes.as_slice(), ["bad-path" | "invisible-character"]), "{path}: {found:#?}");
    }
}
