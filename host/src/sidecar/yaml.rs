//! JSON values, and their form as YAML that people read: block style, long texts as blocks. It only
//! writes.

use serde_json::Value;

/// One document, without `---`.
pub(super) fn document(value: &Value) -> String {
    let mut out = String::new();
    node(&mut out, value, 0);
    out
}

/// Adds members to an object.
pub(super) fn extend(value: &mut Value, other: Value) {
    if let (Some(members), Value::Object(other)) = (value.as_object_mut(), other) {
        members.extend(other);
    }
}

/// Writes a value whose parent has just ended a line.
fn node(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                pad(out, indent);
                out.push_str(&scalar(name));
                out.push(':');
                member(out, value, indent + 2);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                pad(out, indent);
                out.push('-');
                match item {
                    // The first member stands beside the dash.
                    Value::Object(members) if !members.is_empty() => {
                        let mut inner = String::new();
                        node(&mut inner, item, indent + 2);
                        out.push(' ');
                        out.push_str(inner.trim_start());
                    }
                    Value::Object(_)
                    | Value::Array(_)
                    | Value::String(_)
                    | Value::Number(_)
                    | Value::Bool(_)
                    | Value::Null => member(out, item, indent + 2),
                }
            }
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::String(_)
        | Value::Number(_)
        | Value::Bool(_)
        | Value::Null => {
            pad(out, indent);
            out.push_str(&flow(value));
            out.push('\n');
        }
    }
}

/// Writes a value behind a name or a dash.
fn member(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            node(out, value, indent);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            node(out, value, indent);
        }
        Value::String(text) if is_block(text) => {
            out.push_str(if text.ends_with('\n') { " |\n" } else { " |-\n" });
            for line in text.lines() {
                if !line.is_empty() {
                    pad(out, indent);
                }
                out.push_str(line);
                out.push('\n');
            }
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::String(_)
        | Value::Number(_)
        | Value::Bool(_)
        | Value::Null => {
            out.push(' ');
            out.push_str(&flow(value));
            out.push('\n');
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// What a block can hold unchanged: lines that begin at the margin, of characters that YAML prints, and
/// not more than one line feed at the end.
fn is_block(text: &str) -> bool {
    text.trim_end_matches('\n').contains('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n', '\t'])
        && text.chars().all(|c| c == '\n' || c == '\t' || is_printed(c))
}

/// What every reader of YAML takes as it stands, and none for the end of a line.
fn is_printed(c: char) -> bool {
    !c.is_control() && !"\u{2028}\u{2029}\u{feff}".contains(c)
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Object(_) | Value::Array(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {
            value.to_string()
        }
    }
}

/// Plain where nothing could take it for anything but a text, and else quoted as JSON is, which YAML
/// reads the same.
fn scalar(text: &str) -> String {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c));
    let word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if first && plain && !word.contains(&text.to_ascii_lowercase().as_str()) {
        text.to_owned()
    } else {
        let quoted = Value::from(text).to_string();
        let shown = |c: char| if is_printed(c) { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) };
        quoted.chars().map(shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::document;

    #[test]
    fn it_reads_like_yaml() {
        let value = json!({
            "a": { "b": [1, { "c": "x", "d": ["no", "1.5", "é: #"] }, []], "e": {} },
            "t": "one\n\n  two\n", "u": "one\ntwo", "v": " one\ntwo\n", "on": null, "w": "\u{2028}\u{7f}",
        });
        insta::assert_snapshot!(document(&value), @r##"
        a:
          b:
            - 1
            - c: x
              d:
                - "no"
                - "1.5"
                - "é: #"
            - []
          e: {}
        "on": null
        t: |
          one

            two
        u: |-
          one
          two
        v: " one\ntwo\n"
        w: "\u2028\u007f"
        "##);
    }
}
