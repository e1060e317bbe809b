//! Every operator: what it finds true, false, at its boundary, missing, null, and not to compare.

use crate::support::truth;

/// Operator and value, argument `x`, answer. An empty argument is one that is not there.
const CASES: &[(&str, &str, &str, &str)] = &[
    // eq, ne: by value, types apart.
    ("eq", "1", "1", "true"),
    ("eq", "1", "1.0", "true"),
    ("eq", "1", "10e-1", "true"),
    ("eq", "100", "1E+2", "true"),
    ("eq", "1000", "1e3", "true"),
    ("eq", "0", "-0", "true"),
    ("eq", "0.1", "0.1000", "true"),
    ("eq", "0.3", "0.30000000000000004", "false"),
    ("eq", "123456789012345678901234567890", "123456789012345678901234567891", "false"),
    ("eq", "123456789012345678901234567890", "123456789012345678901234567890", "true"),
    ("eq", "1e400", "10e399", "true"),
    ("eq", "1", "true", "false"),
    ("eq", "true", "true", "true"),
    ("eq", "true", "false", "false"),
    ("eq", "\"1\"", "1", "false"),
    ("eq", "1", "\"1\"", "false"),
    ("eq", "\"a\"", "\"a\"", "true"),
    ("eq", "\"a\"", "\"A\"", "false"),
    ("eq", "\"\"", "\"\"", "true"),
    ("eq", "\"é\"", r#""\u00e9""#, "true"),
    ("eq", "\"é\"", r#""e\u0301""#, "false"),
    ("eq", "[1,\"a\",null]", "[1.0,\"a\",null]", "true"),
    ("eq", "[1,2]", "[2,1]", "false"),
    ("eq", "[1]", "[1,1]", "false"),
    ("eq", r#"{"a":1,"b":[true]}"#, r#"{"b":[true],"a":1}"#, "true"),
    ("eq", r#"{"a":1}"#, r#"{"a":1,"b":2}"#, "false"),
    ("eq", "1", "[1]", "false"),
    ("eq", "1", "", "missing"),
    ("eq", "1", "null", "missing"),
    ("eq", "1", "1e99999999999999999999", "mistyped"),
    ("ne", "1", "2", "true"),
    ("ne", "1", "1.00", "false"),
    ("ne", "1", "\"1\"", "true"),
    ("ne", "1", "true", "true"),
    ("ne", "1", "", "missing"),
    ("ne", "1", "null", "missing"),
    ("ne", "1", "1e99999999999999999999", "mistyped"),
    // Order.
    ("gt", "100", "100.01", "true"),
    ("gt", "100", "100", "false"),
    ("gt", "100", "99.999999999999999999999", "false"),
    ("gt", "100", "1e400", "true"),
    ("gt", "100", "-1e400", "false"),
    ("gt", "9007199254740992", "9007199254740993", "true"),
    ("gt", "100", "\"5000\"", "mistyped"),
    ("gt", "100", "true", "mistyped"),
    ("gt", "100", "[200]", "mistyped"),
    ("gt", "100", "{}", "mistyped"),
    ("gt", "100", "", "missing"),
    ("gt", "100", "null", "missing"),
    ("gt", "\"b\"", "\"c\"", "true"),
    ("gt", "\"b\"", "\"b\"", "false"),
    ("gt", "\"b\"", "\"B\"", "false"),
    ("gt", "\"\u{ffff}\"", "\"😀\"", "true"),
    ("gt", "\"1\"", "2", "mistyped"),
    ("gte", "100", "100", "true"),
    ("gte", "100", "1e2", "true"),
    ("gte", "100", "99.9", "false"),
    ("gte", "100", "\"100\"", "mistyped"),
    ("gte", "100", "", "missing"),
    ("lt", "0.3", "0.29999999999999999999", "true"),
    ("lt", "0.3", "0.3", "false"),
    ("lt", "0", "-0", "false"),
    ("lt", "0", "-1e-400", "true"),
    ("lt", "0", "false", "mistyped"),
    ("lt", "0", "null", "missing"),
    ("lte", "0.3", "0.3", "true"),
    ("lte", "0.3", "0.30000000000000004", "false"),
    ("lte", "\"b\"", "\"a\"", "true"),
    ("lte", "0", "[]", "mistyped"),
    ("lte", "0", "", "missing"),
    // Membership.
    ("contains", "\"b\"", "\"abc\"", "true"),
    ("contains", "\"\"", "\"abc\"", "true"),
    ("contains", "\"B\"", "\"abc\"", "false"),
    ("contains", "1", "\"a1\"", "mistyped"),
    ("contains", "1", "[2,1.0]", "true"),
    ("contains", "1", "[\"1\",true]", "false"),
    ("contains", "1", "[]", "false"),
    ("contains", "\"k\"", r#"{"k":null}"#, "true"),
    ("contains", "\"k\"", r#"{"K":1}"#, "false"),
    ("contains", "1", r#"{"1":1}"#, "mistyped"),
    ("contains", "\"1\"", "1", "mistyped"),
    ("contains", "true", "true", "mistyped"),
    ("contains", "\"a\"", "", "missing"),
    ("contains", "\"a\"", "null", "missing"),
    ("not_contains", "\"b\"", "\"abc\"", "false"),
    ("not_contains", "\"d\"", "\"abc\"", "true"),
    ("not_contains", "\"d\"", "[\"d\"]", "false"),
    ("not_contains", "\"d\"", "[]", "true"),
    ("not_contains", "\"d\"", "5", "mistyped"),
    ("not_contains", "\"d\"", "", "missing"),
    ("not_contains", "\"d\"", "null", "missing"),
    ("in", "[\"EUR\",\"USD\",1,true]", "\"EUR\"", "true"),
    ("in", "[\"EUR\",\"USD\",1,true]", "1.0", "true"),
    ("in", "[\"EUR\",\"USD\",1,true]", "true", "true"),
    ("in", "[\"EUR\",\"USD\",1]", "\"eur\"", "false"),
    ("in", "[\"1\"]", "1", "false"),
    ("in", "[1]", "[1]", "false"),
    ("in", "[]", "1", "false"),
    ("in", "[1]", "1e99999999999999999999", "mistyped"),
    ("in", "[1]", "", "missing"),
    ("in", "[1]", "null", "missing"),
    ("in", "\"production\"", "\"prod\"", "true"),
    ("in", "\"production\"", "\"\"", "true"),
    ("in", "\"production\"", "\"dev\"", "false"),
    ("in", "\"123\"", "1", "mistyped"),
    ("not_in", "[\"EUR\"]", "\"USD\"", "true"),
    ("not_in", "[\"EUR\"]", "\"EUR\"", "false"),
    ("not_in", "[\"EUR\"]", "{}", "true"),
    ("not_in", "[]", "1", "true"),
    ("not_in", "[\"EUR\"]", "", "missing"),
    ("not_in", "[\"EUR\"]", "null", "missing"),
    ("not_in", "\"abc\"", "\"d\"", "true"),
    ("not_in", "\"abc\"", "\"b\"", "false"),
    ("not_in", "\"abc\"", "4", "mistyped"),
    // Text.
    ("matches", "\"b+\"", "\"abbc\"", "true"),
    ("matches", "\"^b\"", "\"abc\"", "false"),
    ("matches", r#""^\\d{3}$""#, "\"123\"", "true"),
    ("matches", r#""^\\d{3}$""#, "\"1234\"", "false"),
    ("matches", r#""(?i)drop\\s+table""#, "\"x; DROP  table y\"", "true"),
    ("matches", "\"\"", "\"\"", "true"),
    ("matches", "\"1\"", "1", "mistyped"),
    ("matches", "\"a\"", "[\"a\"]", "mistyped"),
    ("matches", "\"a\"", "", "missing"),
    ("matches", "\"a\"", "null", "missing"),
    ("text_matches", "\"^1e3$\"", "1e3", "true"),
    ("text_matches", "\"^1000$\"", "1e3", "false"),
    ("text_matches", "\"^true$\"", "true", "true"),
    ("text_matches", "\"^true$\"", "false", "false"),
    ("text_matches", "\"^a$\"", "\"a\"", "true"),
    ("text_matches", "\"a\"", "[\"a\"]", "mistyped"),
    ("text_matches", "\"a\"", "{}", "mistyped"),
    ("text_matches", "\"a\"", "", "missing"),
    ("text_matches", "\"null\"", "null", "missing"),
    ("starts_with", "\"pre\"", "\"prefix\"", "true"),
    ("starts_with", "\"pre\"", "\"pre\"", "true"),
    ("starts_with", "\"pre\"", "\"pr\"", "false"),
    ("starts_with", "\"\"", "\"\"", "true"),
    ("starts_with", "\"1\"", "12", "mistyped"),
    ("starts_with", "\"a\"", "[\"a\"]", "mistyped"),
    ("starts_with", "\"a\"", "", "missing"),
    ("starts_with", "\"a\"", "null", "missing"),
    ("ends_with", "\".exe\"", "\"a.exe\"", "true"),
    ("ends_with", "\".exe\"", "\".exe\"", "true"),
    ("ends_with", "\".exe\"", "\"a.EXE\"", "false"),
    ("ends_with", "\"2\"", "12", "mistyped"),
    ("ends_with", "\"a\"", "", "missing"),
    ("ends_with", "\"a\"", "null", "missing"),
    // Presence and type.
    ("exists", "true", "0", "true"),
    ("exists", "true", "\"\"", "true"),
    ("exists", "true", "[]", "true"),
    ("exists", "true", "", "false"),
    ("exists", "true", "null", "false"),
    ("exists", "false", "", "true"),
    ("exists", "false", "null", "true"),
    ("exists", "false", "false", "false"),
    ("type", "\"string\"", "\"\"", "true"),
    ("type", "\"string\"", "1", "false"),
    ("type", "\"number\"", "1.5", "true"),
    ("type", "\"number\"", "1", "true"),
    ("type", "\"number\"", "\"1\"", "false"),
    ("type", "\"integer\"", "-12", "true"),
    ("type", "\"integer\"", "1.0", "false"),
    ("type", "\"integer\"", "1e3", "false"),
    ("type", "\"integer\"", "1E3", "false"),
    ("type", "\"boolean\"", "false", "true"),
    ("type", "\"boolean\"", "0", "false"),
    ("type", "\"array\"", "[]", "true"),
    ("type", "\"array\"", "{}", "false"),
    ("type", "\"object\"", "{}", "true"),
    ("type", "\"object\"", "[]", "false"),
    ("type", "\"object\"", "", "missing"),
    ("type", "\"object\"", "null", "missing"),
    // Length.
    ("length_eq", "3", "\"äöü\"", "true"),
    ("length_eq", "1", "\"😀\"", "true"),
    ("length_eq", "0", "\"\"", "true"),
    ("length_eq", "2", "[null,[]]", "true"),
    ("length_eq", "1", r#"{"a":{}}"#, "true"),
    ("length_eq", "1", "[]", "false"),
    ("length_eq", "1", "1", "mistyped"),
    ("length_eq", "4", "true", "mistyped"),
    ("length_eq", "0", "", "missing"),
    ("length_eq", "0", "null", "missing"),
    ("length_gt", "2", "\"abc\"", "true"),
    ("length_gt", "3", "\"abc\"", "false"),
    ("length_gt", "3", "5", "mistyped"),
    ("length_gte", "3", "\"abc\"", "true"),
    ("length_gte", "4", "\"abc\"", "false"),
    ("length_lt", "4", "[1,2,3]", "true"),
    ("length_lt", "3", "[1,2,3]", "false"),
    ("length_lte", "3", "[1,2,3]", "true"),
    ("length_lte", "2", "[1,2,3]", "false"),
    ("length_lte", "2", "", "missing"),
    // URLs.
    ("url_matches", "\"https://api.example.com/*\"", "\"https://api.example.com/v1?q\"", "true"),
    ("url_matches", "\"https://api.example.com/*\"", "\"HTTPS://API.example.COM:443/v1\"", "true"),
    ("url_matches", "\"https://api.example.com\"", "\"https://api.example.com\"", "true"),
    ("url_matches", "\"https://api.example.com/a/*\"", "\"https://api.example.com/a/../b\"", "false"),
    ("url_matches", "\"https://api.example.com/~x\"", "\"https://api.example.com/%7Ex#y\"", "true"),
    ("url_matches", "\"https://api.example.com/*\"", "\"https://api.example.com.evil.test/\"", "false"),
    ("url_matches", r#"["https://a.test/*","https://b.test/?"]"#, "\"https://b.test/1\"", "true"),
    ("url_matches", r#"["https://a.test/*","https://b.test/?"]"#, "\"https://b.test/12\"", "false"),
    ("url_matches", "\"*\"", "\"https://api.example.com@evil.test/\"", "mistyped"),
    ("url_matches", "\"*\"", "\"api.example.com\"", "mistyped"),
    ("url_matches", "\"*\"", "\"ftp://api.example.com/\"", "mistyped"),
    ("url_matches", "\"*\"", "1", "mistyped"),
    ("url_matches", "\"*\"", "[\"https://a.test/\"]", "mistyped"),
    ("url_matches", "\"*\"", "", "missing"),
    ("url_matches", "\"*\"", "null", "missing"),
];

#[test]
fn every_operator_answers_as_documented() {
    for (operator, value, argument, expect) in CASES {
        let input = if argument.is_empty() { "{}".to_owned() } else { format!(r#"{{"x":{argument}}}"#) };
        let test = format!(r#"{{"param":"x","operator":"{operator}","value":{value}}}"#);
        assert_eq!(truth(&test, &input, ""), *expect, "x = {argument}: {operator} {value}");
        // What is unknown stays unknown when it is turned round; what is known turns.
        let turned = match *expect {
            "true" => "false",
            "false" => "true",
            unknown => unknown,
        };
        assert_eq!(
            truth(&format!(r#"{{"not":{test}}}"#), &input, ""),
            turned,
            "not x = {argument}: {operator} {value}"
        );
    }
}

#[test]
fn an_operator_and_its_opposite_never_agree_on_what_they_can_compare() {
    let opposite = |name: &str| match name {
        "eq" => Some("ne"),
        "gt" => Some("lte"),
        "lt" => Some("gte"),
        "contains" => Some("not_contains"),
        "in" => Some("not_in"),
        "length_gt" => Some("length_lte"),
        "length_lt" => Some("length_gte"),
        _ => None,
    };
    for (operator, value, argument, expect) in CASES.iter().filter(|(.., argument, _)| !argument.is_empty()) {
        let Some(opposite) = opposite(operator) else { continue };
        let input = format!(r#"{{"x":{argument}}}"#);
        let found = truth(&format!(r#"{{"param":"x","operator":"{opposite}","value":{value}}}"#), &input, "");
        let turned = match *expect {
            "true" => "false",
            "false" => "true",
            unknown => unknown,
        };
        assert_eq!(found, turned, "x = {argument}: {opposite} {value}");
    }
}

#[test]
fn exists_needs_no_value() {
    let test = r#"{"param":"x","operator":"exists"}"#;
    assert_eq!(truth(test, r#"{"x":1}"#, ""), "true");
    assert_eq!(truth(test, "{}", ""), "false");
}

#[test]
fn the_call_itself_can_be_asked() {
    let more = r#","cost":{"usd":"50.00","tokens":1200},"endpoint":"https://API.example.com/v1","payee":"shop","environment":"production""#;
    for (test, more, expect) in [
        (r#""@toolName","operator":"eq","value":"t""#, "", "true"),
        (r#""@toolName","operator":"starts_with","value":"mcp__""#, "", "false"),
        (r#""@cost.usd","operator":"gt","value":"49.999999""#, more, "true"),
        (r#""@cost.usd","operator":"gt","value":"50""#, more, "false"),
        (r#""@cost.usd","operator":"gte","value":"50.000000""#, more, "true"),
        (r#""@cost.usd","operator":"in","value":["1","50.0"]"#, more, "true"),
        (r#""@cost.usd","operator":"gt","value":"1""#, "", "missing"),
        (r#""@cost.usd","operator":"exists","value":false"#, "", "true"),
        (r#""@cost.usd","operator":"gt","value":"1""#, r#","cost":{"tokens":5}"#, "missing"),
        (r#""@cost.tokens","operator":"eq","value":1200"#, more, "true"),
        (r#""@cost.tokens","operator":"lt","value":1200"#, more, "false"),
        (r#""@endpoint","operator":"url_matches","value":"https://api.example.com/*""#, more, "true"),
        (r#""@endpoint","operator":"eq","value":"https://api.example.com/v1""#, more, "false"),
        (r#""@endpoint","operator":"url_matches","value":"*""#, "", "missing"),
        (r#""@endpoint","operator":"url_matches","value":"*""#, r#","endpoint":"shop""#, "mistyped"),
        (r#""@payee","operator":"in","value":["shop"]"#, more, "true"),
        (r#""@payee","operator":"ne","value":"shop""#, "", "missing"),
        (r#""@environment","operator":"eq","value":"production""#, more, "true"),
        // A call that does not say acts in `development`.
        (r#""@environment","operator":"eq","value":"development""#, "", "true"),
    ] {
        assert_eq!(truth(&format!(r#"{{"param":{test}}}"#), "{}", more), expect, "{test} {more}");
    }
}
