//! Redaction: what goes and what stays, from tables, and the form of what comes out.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

mod common;

use common::noise;
use sentinel_ledger::{
    REDACT_BYTES_MAX, REDACT_DEPTH_MAX, REDACT_VALUES_MAX, RedactError, Redacted, Redactor, STRING_BYTES_MAX,
};

const POSITIVES: &str = include_str!("../testdata/redact_positives.tsv");
const NEGATIVES: &str = include_str!("../testdata/redact_negatives.txt");

fn cases(table: &str) -> impl Iterator<Item = String> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.replace('·', "").replace('⏎', "\n"))
}

fn redactor() -> Redactor {
    Redactor::new(["company-pin"])
}

fn redact(input: &str) -> Redacted {
    if input.starts_with('{') {
        redactor().redact_json(input).unwrap_or_else(|error| panic!("{input}: {error}"))
    } else {
        redactor().redact_text(input)
    }
}

fn json(input: &str) -> String {
    Redactor::default().redact_json(input).expect("this is JSON").text
}

#[test]
fn secrets_go_and_the_rest_stays() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases(POSITIVES) {
        let (input, expected) = case.split_once('\t').expect("input, tab, output");
        let output = redact(input);
        count += 1;
        if output.text != expected || !output.redacted {
            wrong.push(format!("{input}\n  gives  {}\n  wanted {expected}", output.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 60, "{count}");
}

#[test]
fn what_is_no_secret_stays() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for input in cases(NEGATIVES) {
        let output = redact(&input);
        count += 1;
        if output.text != input || output.redacted {
            wrong.push(format!("{input}\n  gives  {}", output.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 60, "{count}");
}

#[test]
fn redacting_twice_changes_nothing_more() {
    for case in cases(POSITIVES) {
        let (_, once) = case.split_once('\t').expect("input, tab, output");
        let twice = redact(once);
        assert_eq!((twice.text.as_str(), twice.redacted), (once, false));
    }
}

#[test]
fn secrets_go_wherever_they_are_in_a_document() {
    for case in cases(POSITIVES) {
        let (input, expected) = case.split_once('\t').expect("input, tab, output");
        if input.starts_with('{') {
            continue;
        }
        let wrapped = serde_json::json!({ "z": [1, { "command": input }] }).to_string();
        let output: serde_json::Value =
            serde_json::from_str(&json(&wrapped)).expect("what comes out is JSON");
        assert_eq!(output, serde_json::json!({ "z": [1, { "command": expected }] }));
    }
}

#[test]
fn json_comes_out_canonical() {
    for (input, expected) in [
        (" { \"b\" : 1 , \"a\" : [ true , null ] } ", r#"{"a":[true,null],"b":1}"#),
        (r#"{"a":{},"b":[],"c":""}"#, r#"{"a":{},"b":[],"c":""}"#),
        ("1.50", "1.50"),
        ("-0.0e+10", "-0.0e+10"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        // The example of RFC 8785, 3.2.3: the order of UTF-16, which is not that of UTF-8.
        (
            r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#,
            "{\"\\r\":2,\"1\":4,\"\\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}",
        ),
        (r#""\u0041\/\"\\\b\f\n\r\t\u001f""#, r#""A/\"\\\b\f\n\r\t\u001f""#),
        (
            "\"a\u{2028}\u{2029}\u{202e}\u{200b}\u{85}\u{7f}\u{feff}\u{e0041}z\"",
            r#""a\u2028\u2029\u202e\u200b\u0085\u007f\ufeff\udb40\udc41z""#,
        ),
        ("\"\u{1b}[31m\"".replace('\u{1b}', "\\u001b").as_str(), r#""\u001b[31m""#),
    ] {
        let Redacted { text, redacted } = Redactor::default().redact_json(input).expect("this is JSON");
        assert_eq!((text.as_str(), redacted), (expected, false));
        assert_eq!(json(&text), text, "canonical JSON stays");
    }
}

#[test]
fn what_is_no_json_is_an_error() {
    for input in [
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "01",
        "1.",
        ".5",
        "+1",
        "1e",
        "- 1",
        "NaN",
        "tru",
        "nulll",
        "1 2",
        "\"a",
        "\"\n\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u+123\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud800\\u0041\"",
        "{\"a\" 1}",
        "[1 2]",
        "\u{feff}1",
        "\"\\u12\u{20ac}\"",
        "{\"a\":1}x",
    ] {
        let result = Redactor::default().redact_json(input);
        assert!(matches!(result, Err(RedactError::NotJson { .. })), "{input}: {result:?}");
    }
}

#[test]
fn limits_are_errors() {
    let redactor = Redactor::default();
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(redactor.redact_json(&nested(REDACT_DEPTH_MAX)).is_ok());
    assert_eq!(redactor.redact_json(&nested(REDACT_DEPTH_MAX + 1)), Err(RedactError::TooDeep));
    assert_eq!(redactor.redact_json(&nested(1_000_000)), Err(RedactError::TooDeep));
    let objects = |depth: usize| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
    assert!(redactor.redact_json(&objects(REDACT_DEPTH_MAX)).is_ok());
    assert_eq!(redactor.redact_json(&objects(REDACT_DEPTH_MAX + 1)), Err(RedactError::TooDeep));
    let long = format!("\"{}\"", "a".repeat(REDACT_BYTES_MAX));
    assert_eq!(redactor.redact_json(&long), Err(RedactError::TooLong { bytes: long.len() }));
    let many = format!("[{}1]", "1,".repeat(REDACT_VALUES_MAX));
    assert_eq!(redactor.redact_json(&many), Err(RedactError::TooManyValues));
    for equal in [r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#, r#"[{"b":{"a":1,"c":0,"a":1}}]"#] {
        assert_eq!(redactor.redact_json(equal), Err(RedactError::DuplicateKey), "{equal}");
    }
}

#[test]
fn long_strings_are_cut_after_redaction() {
    let redactor = Redactor::default();
    let whole = "é".repeat(STRING_BYTES_MAX / 2);
    assert_eq!(redactor.redact_text(&whole).text, whole);
    // One byte more: the cut is between characters.
    let long = format!("a{whole}");
    let cut = redactor.redact_text(&long);
    assert!(!cut.redacted);
    assert!(cut.text.starts_with("aéé"), "{}", cut.text);
    assert!(cut.text.contains(&format!("é…[{} bytes, sha256:", long.len())), "{}", cut.text);
    // Two texts that differ only in a secret are cut to the same: the hash cannot be used to guess it.
    let with = |secret: &str| format!("password={secret} {}", "x ".repeat(50));
    let small = Redactor::default().with_string_bytes_max(40);
    let one = small.redact_text(&with("hunter2"));
    assert!(
        one.redacted && one.text.starts_with("password=[redacted:secret] x x x x x x x…[127 bytes, sha256:"),
        "{}",
        one.text
    );
    assert_eq!(one, small.redact_text(&with("hunter3")));
    let in_json = small.redact_json(&serde_json::json!([with("hunter2")]).to_string()).expect("this is JSON");
    assert_eq!(in_json.text, serde_json::json!([one.text]).to_string());
}

#[test]
fn hostile_texts_take_linear_time() {
    // A quadratic scan of these would take hours.
    for piece in [
        "sk-",
        "sk-a-",
        "eyJ.",
        "eyJ-",
        "eyJabcdefgh.",
        "://",
        "://a@",
        "a://b:",
        "password=<",
        "password=${",
        "password=$(",
        "password=a(",
        "password=\"",
        "password=\\\"",
        "-u \"",
        "cookie: ",
        "Authorization: Digest $(",
        "Authorization: ",
        "-----BEGIN ",
        "-----BEGIN A PRIVATE KEY",
        "token ",
        "token: a ",
        "token.",
        "token-",
        "\\n",
        "%3D",
        "AIza",
        "PRIVATE+KEY+",
        "Bearer ",
        "curl -u ",
        "\\",
        "\"",
        "a=",
        "--password ",
        "é=",
        "password: a\t",
        "password=<>",
        "xoxb-",
        "ghp_",
        "curl -u a \\\"",
    ] {
        let text = piece.repeat((1 << 18) / piece.len());
        let start = std::time::Instant::now();
        let output = Redactor::default().redact_text(&text);
        assert!(output.text.len() <= text.len() + 100);
        assert!(start.elapsed().as_secs() < 10, "{piece}: {:?}", start.elapsed());
    }
    // Ever more backslashes: no quote closes another one.
    let mut text = String::from("curl ");
    for count in 0..2000 {
        text += &format!("-u {}\" password={}\" ", "\\".repeat(count), "\\".repeat(count));
    }
    let start = std::time::Instant::now();
    assert!(Redactor::default().redact_text(&text).redacted);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn nothing_but_secrets_is_lost() {
    let pieces = [
        "password",
        "token",
        "=",
        ":",
        " ",
        "\"",
        "\\\"",
        "\\",
        "\\n",
        "é",
        "✓",
        "😀",
        "abc123",
        "hunter2",
        "$X",
        "<",
        ">",
        "://",
        "@",
        "/",
        "-u ",
        "--",
        "-",
        "curl ",
        "Authorization",
        "Bearer ",
        "Cookie",
        "a=b;",
        "\n",
        ",",
        "(",
        ")",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "-----END ",
        "sk-",
        "eyJabcdefgh",
        ".",
        "AKIA",
        "ABCDEFGHIJKLMNOP",
        "[redacted:secret]",
        "%3D",
        "'",
        "`",
        "\t",
        "\u{2028}",
    ];
    for round in 0..10_000u64 {
        let count = noise(round) % 24 + 1;
        let pick = |n| pieces[usize::try_from(noise(round * 100 + n)).unwrap_or(usize::MAX) % pieces.len()];
        let text: String = (0..count).map(pick).collect();
        let output = Redactor::default().redact_text(&text);
        // What is left between the marks is in the input, in this order.
        let mut rest = text.as_str();
        for (at, kept) in marks(&output.text).into_iter().enumerate() {
            let found = if at == 0 { rest.starts_with(&kept).then_some(0) } else { rest.find(&kept) };
            let found = found.unwrap_or_else(|| panic!("{text:?} lost {kept:?}: {:?}", output.text));
            rest = &rest[found + kept.len()..];
        }
        assert_eq!(output.redacted, output.text != text, "{text:?}: {:?}", output.text);
        // The same within JSON, which stays JSON.
        let json = json(&serde_json::json!({ "a": text }).to_string());
        let read: serde_json::Value = serde_json::from_str(&json).expect("what comes out is JSON");
        assert_eq!(read, serde_json::json!({ "a": output.text }));
    }
}

/// The pieces of a text between its marks.
fn marks(text: &str) -> Vec<String> {
    let mut kept = vec![String::new()];
    let mut rest = text;
    while let Some(at) = rest.find("[redacted:") {
        let (before, mark) = rest.split_at(at);
        let end = mark.find(']').map_or(mark.len(), |end| end + 1);
        kept.last_mut().expect("one").push_str(before);
        kept.push(String::new());
        rest = &mark[end..];
    }
    kept.last_mut().expect("one").push_str(rest);
    kept
}
