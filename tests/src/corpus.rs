//! The corpus as values: cases, and the policies that they speak of.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Map, Value, json};

/// What a case says the outcome must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Exactly this outcome, in the words of the wire.
    Exactly(&'static str),
    /// `deny` or `escalate`.
    NotAllow,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Unique in the corpus.
    pub name: String,
    /// File name of the policy.
    pub policy: String,
    /// The exact bytes of the call.
    pub call: Vec<u8>,
    /// The command, where the call is one.
    pub command: Option<String>,
    /// What must come out.
    pub expect: Expect,
    /// Why, in the words of the specification.
    pub because: String,
    /// The pattern that the reason must name.
    pub rule: Option<String>,
    /// The code that one of the reasons must have; a `*` at its end is any text.
    pub code: Option<String>,
    /// What a proxy must forward.
    pub forward: Option<Forward>,
    /// Why a client of HTTP/1.1 cannot send it through a proxy as it stands.
    pub not_through_proxy: Option<String>,
}

/// The canonical spelling of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Host, and the port if it is not the default one.
    pub authority: String,
    /// Path and query.
    pub path: String,
}

/// The corpus.
#[derive(Debug)]
pub struct Corpus {
    /// Policy documents by name.
    pub policies: BTreeMap<String, String>,
    /// All cases, by file and line.
    pub cases: Vec<Case>,
}

impl Corpus {
    /// Reads the whole corpus. A line that cannot be read is a panic with its place.
    pub fn load() -> Self {
        let mut policies = BTreeMap::new();
        for (name, text) in files("tests/corpus/policies", ".json") {
            policies.insert(name, text);
        }
        let mut cases = Vec::new();
        for group in ["commands", "http", "paths", "tools"] {
            for (file, text) in files(&format!("tests/corpus/{group}"), ".jsonl") {
                for (number, line) in text.lines().enumerate() {
                    let case = read(line)
                        .unwrap_or_else(|| panic!("{group}/{file}.jsonl:{}: not a case", number + 1));
                    assert!(policies.contains_key(&case.policy), "{}: no policy {}", case.name, case.policy);
                    cases.push(case);
                }
            }
        }
        Self { policies, cases }
    }
}

fn files(directory: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(crate::repository(directory)).expect("the corpus has this directory") {
        let path = entry.expect("a directory entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if let Some(stem) = name.strip_suffix(ending) {
            found.push((stem.to_owned(), fs::read_to_string(&path).expect("a text file")));
        }
    }
    found.sort();
    found
}

fn read(line: &str) -> Option<Case> {
    let value: Value = serde_json::from_str(line).ok()?;
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let policy = text("policy")?;
    let short = |tool: &str, input: Map<String, Value>| {
        json!({"agentId": policy, "toolName": tool, "toolInput": input, "workspace": "/workspace"})
            .to_string()
    };
    let command = text("command");
    let call = if let Some(raw) = text("raw") {
        raw
    } else if let Some(request) = value.get("http") {
        let input = filled(request, value.get("filler"))?;
        json!({"agentId": policy, "toolName": "http", "toolInput": input}).to_string()
    } else if let Some(call) = value.get("call") {
        call.to_string()
    } else if let Some(command) = &command {
        short("Bash", Map::from_iter([("command".to_owned(), json!(command))]))
    } else {
        let tool = text("tool")?;
        let field = match tool.as_str() {
            "Read" | "Write" | "Edit" | "MultiEdit" => "file_path",
            "NotebookEdit" => "notebook_path",
            _ => "path",
        };
        short(&tool, Map::from_iter([(field.to_owned(), json!(text("path")?))]))
    };
    let expect = match text("expect")?.as_str() {
        "allow" => Expect::Exactly("allow"),
        "deny" => Expect::Exactly("deny"),
        "escalate" => Expect::Exactly("escalate"),
        "not-allow" => Expect::NotAllow,
        _ => return None,
    };
    let not_through_proxy = match (value.get("proxy"), text("proxyBecause")) {
        (None, None) => None,
        (Some(Value::Bool(false)), Some(why)) => Some(why),
        _ => return None,
    };
    let forward = match value.get("forward") {
        None => None,
        Some(forward) => Some(Forward {
            authority: forward.get("authority")?.as_str()?.to_owned(),
            path: forward.get("path")?.as_str()?.to_owned(),
        }),
    };
    Some(Case {
        name: text("name")?,
        policy,
        call: call.into_bytes(),
        command,
        expect,
        because: text("because").unwrap_or_default(),
        rule: text("rule"),
        code: text("code"),
        forward,
        not_through_proxy,
    })
}

/// The request, with its body's `<filler>` made as long as the case says.
fn filled(request: &Value, length: Option<&Value>) -> Option<Value> {
    let mut request = request.clone();
    if let Some(length) = length {
        let length = usize::try_from(length.as_u64()?).ok()?;
        let body = request.get("body")?.as_str()?.replace("<filler>", &"a".repeat(length));
        request.as_object_mut()?.insert("body".to_owned(), json!(body));
    }
    Some(request)
}
