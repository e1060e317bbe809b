//! The description of the API and the API: neither says what the other does not.

use std::collections::BTreeSet;

use sentinel::http::ROUTES;
use serde_json::{Value, json};

use crate::support::{Daemon, POLICY};

fn document(daemon: &Daemon) -> Value {
    daemon.ask("GET", "/openapi.json", &[], None).json()
}

#[test]
fn both_have_the_same_routes_and_parameters() {
    let daemon = Daemon::start();
    let document = document(&daemon);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let names = |place: &str| -> BTreeSet<String> {
                let all = operation["parameters"].as_array().cloned().unwrap_or_default();
                let own = all.iter().filter(|own| own["in"] == place);
                own.map(|own| own["name"].as_str().unwrap().to_owned()).collect()
            };
            let in_path: BTreeSet<_> = path.split('/').filter_map(|part| part.strip_prefix('{')).collect();
            let in_path: BTreeSet<_> =
                in_path.iter().map(|part| part.trim_end_matches('}').to_owned()).collect();
            assert_eq!(names("path"), in_path, "{method} {path}");
            described.insert((method.to_uppercase(), path.clone(), names("query")));
        }
    }
    let routes: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| {
            let query = route.query.iter().map(|name| (*name).to_owned()).collect();
            (route.method.to_owned(), route.path.replace("{*", "{"), query)
        })
        .collect();
    assert_eq!(described, routes);
}

#[test]
fn every_reference_leads_somewhere() {
    let daemon = Daemon::start();
    let document = document(&daemon);
    let mut names = BTreeSet::new();
    check_references(&document, &document, &mut names);
    let schemas: BTreeSet<_> =
        document["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    let unused: Vec<_> =
        schemas.iter().filter(|name| !names.contains(&format!("#/components/schemas/{name}"))).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

fn check_references(document: &Value, value: &Value, names: &mut BTreeSet<String>) {
    if let Some(name) = value.get("$ref").and_then(Value::as_str) {
        assert!(document.pointer(&name[1..]).is_some(), "{name}");
        names.insert(name.to_owned());
    }
    let children: Vec<&Value> = match value {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(items) => items.iter().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for child in children {
        check_references(document, child, names);
    }
}

#[test]
fn real_answers_are_as_described() {
    let daemon = Daemon::governed();
    let document = document(&daemon);
    let call =
        json!({ "agentId": "my-agent", "toolName": "pay", "toolInput": {}, "cost": { "usd": "0.10" } });
    let verdict = daemon.post("/v1/evaluate", &call.to_string()).json();
    let denied = json!({ "agentId": "my-agent", "toolName": "Bash", "toolInput": { "command": "rm -rf /" } });
    let session = daemon.post("/v1/sessions", r#"{"agentId":"my-agent"}"#);
    let id = session.json()["sessionId"].as_str().unwrap().to_owned();
    let document_body = format!("{{\"soe\":{}}}", POLICY.replace("1.0.0", "2.0.0"));
    let posts = [
        ("/v1/evaluate", "/v1/evaluate", denied.to_string()),
        ("/v1/evaluate", "/v1/evaluate", "{}".to_owned()),
        ("/v1/simulate", "/v1/simulate", json!({ "agentId": "my-agent", "calls": [call] }).to_string()),
        ("/v1/validate", "/v1/validate", document_body.clone()),
        ("/v1/validate", "/v1/validate", r#"{"soe":{}}"#.to_owned()),
        ("/v1/deploy", "/v1/deploy", document_body.clone()),
        ("/v1/deploy", "/v1/deploy", document_body),
        ("/v1/deploy", "/v1/deploy", r#"{"soe":{}}"#.to_owned()),
        (
            "/v1/audit",
            "/v1/audit",
            json!({ "agentId": "my-agent", "toolName": "pay", "verdictId": verdict["verdictId"] })
                .to_string(),
        ),
        (
            "/v1/records",
            "/v1/records",
            json!({
                "point": "envoy/edge",
                "records": [{
                    "call": { "agentId": "my-agent", "toolName": "search_code", "toolInput": {} },
                    "decision": "deny", "code": "tool-denied", "id": "r1",
                    "policyDigest": verdict["policyDigest"], "decidedAt": "2026-03-09T10:15:30Z",
                }, {}],
            })
            .to_string(),
        ),
        ("/v1/records", "/v1/records", "{}".to_owned()),
        ("/v1/sessions", "/v1/sessions", r#"{"agentId":"my-agent"}"#.to_owned()),
        ("/v1/events/ticket", "/v1/events/ticket", String::new()),
        ("/v1/login", "/v1/login", r#"{"token":"x"}"#.to_owned()),
        ("/v1/agents/{id}/rollback", "/v1/agents/my-agent/rollback", r#"{"revision":1}"#.to_owned()),
        ("/v1/agents/{id}/reset", "/v1/agents/my-agent/reset", String::new()),
        (
            "/v1/hooks/claude-code",
            "/v1/hooks/claude-code?agent=my-agent",
            r#"{"hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls"}}"#.to_owned(),
        ),
    ];
    check(&document, "post", "/v1/evaluate", 200, &verdict);
    for (template, path, body) in posts {
        let reply = daemon.post(path, &body);
        check(&document, "post", template, reply.status, &reply.json());
    }
    let gets = [
        ("/v1/health", "/v1/health".to_owned()),
        ("/v1/agents", "/v1/agents".to_owned()),
        ("/v1/agents/{id}/risk", "/v1/agents/my-agent/risk".to_owned()),
        ("/v1/agents/{id}/risk", "/v1/agents/nobody/risk".to_owned()),
        ("/v1/agents/{id}/budgets", "/v1/agents/my-agent/budgets".to_owned()),
        ("/v1/agents/{id}/audit", "/v1/agents/my-agent/audit".to_owned()),
        ("/v1/agents/{id}/stats", "/v1/agents/my-agent/stats".to_owned()),
        ("/v1/agents/{id}/stats", "/v1/agents/nobody/stats".to_owned()),
        ("/v1/agents/{id}/export/csv", "/v1/agents/nobody/export/csv".to_owned()),
        ("/v1/agents/{id}/export/jsonl", "/v1/agents/my-agent/export/jsonl?from=x".to_owned()),
        ("/v1/agents/{id}/policy", "/v1/agents/my-agent/policy".to_owned()),
        ("/v1/agents/{id}/policy/history", "/v1/agents/my-agent/policy/history".to_owned()),
        ("/v1/agents/{id}/policy/history/{revision}", "/v1/agents/my-agent/policy/history/1".to_owned()),
        ("/v1/agents/{id}/policy/history/{revision}", "/v1/agents/my-agent/policy/history/99".to_owned()),
        ("/v1/login", "/v1/login".to_owned()),
        ("/v1/sessions/{id}", format!("/v1/sessions/{id}")),
        ("/v1/dashboard", "/v1/dashboard".to_owned()),
        ("/v1/ledger/entries", "/v1/ledger/entries?limit=1".to_owned()),
        ("/v1/ledger/entries", "/v1/ledger/entries?limit=0".to_owned()),
        ("/v1/ledger/entries/{index}", "/v1/ledger/entries/0".to_owned()),
        ("/v1/ledger/entries/{index}/receipt", "/v1/ledger/entries/0/receipt".to_owned()),
        ("/v1/ledger/consistency", "/v1/ledger/consistency?old=1&new=2".to_owned()),
        ("/openapi.json", "/openapi.json".to_owned()),
    ];
    for (template, path) in gets {
        let reply = daemon.get(&path);
        check(&document, "get", template, reply.status, &reply.json());
    }
    for (template, path) in [
        ("/v1/sessions/{id}", format!("/v1/sessions/{id}")),
        ("/v1/agents/{id}/policy", "/v1/agents/my-agent/policy".to_owned()),
        ("/v1/login", "/v1/login".to_owned()),
    ] {
        let reply = daemon.delete(&path);
        check(&document, "delete", template, reply.status, &reply.json());
    }
    let browser = crate::login::try_login(&daemon, crate::support::KEY, &[]);
    check(&document, "post", "/v1/login", browser.status, &browser.json());
    // The check itself: it notices what is wrong.
    let schema = json!({ "$ref": "#/components/schemas/Risk" });
    let mut risk = daemon.get("/v1/agents/my-agent/risk").json();
    assert!(mismatch(&document, &schema, &risk, "").is_none());
    risk["riskUsed"] = json!("12");
    assert!(mismatch(&document, &schema, &risk, "").is_some());
    risk["riskUsed"] = json!(1);
    risk["more"] = json!(1);
    assert!(mismatch(&document, &schema, &risk, "").is_some());
}

fn check(document: &Value, method: &str, template: &str, status: u16, answer: &Value) {
    let responses = &document["paths"][template][method]["responses"];
    let mut response = &responses[status.to_string()];
    assert!(response.is_object(), "{method} {template}: {status} is not described: {answer}");
    if let Some(name) = response["$ref"].as_str() {
        response = document.pointer(&name[1..]).unwrap();
    }
    let kind = if status < 400 { "application/json" } else { "application/problem+json" };
    let schema = &response["content"][kind]["schema"];
    assert!(schema.is_object(), "{method} {template} {status}");
    let found = mismatch(document, schema, answer, "");
    assert!(found.is_none(), "{method} {template} {status}: {}: {answer}", found.unwrap_or_default());
}

/// The part of JSON Schema that the document uses; what it does not know fails.
fn mismatch(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    for (keyword, argument) in schema.as_object().unwrap() {
        let is_good = match keyword.as_str() {
            "$ref" => {
                let target = document.pointer(&argument.as_str().unwrap()[1..]).unwrap();
                if let Some(found) = mismatch(document, target, value, at) {
                    return Some(found);
                }
                true
            }
            "type" => match argument.as_array() {
                Some(kinds) => kinds.iter().any(|kind| is_of(kind, value)),
                None => is_of(argument, value),
            },
            "enum" => argument.as_array().unwrap().contains(value),
            "const" => argument == value,
            "oneOf" | "anyOf" => {
                argument.as_array().unwrap().iter().any(|own| mismatch(document, own, value, at).is_none())
            }
            "required" => {
                argument.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "properties" => {
                for (name, own) in argument.as_object().unwrap() {
                    if let Some(found) = value
                        .get(name)
                        .and_then(|value| mismatch(document, own, value, &format!("{at}/{name}")))
                    {
                        return Some(found);
                    }
                }
                true
            }
            "additionalProperties" => {
                *argument == json!(true)
                    || value.as_object().is_none_or(|fields| {
                        fields.keys().all(|name| schema["properties"].get(name).is_some())
                    })
            }
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    if let Some(found) = mismatch(document, argument, item, &format!("{at}/{place}")) {
                        return Some(found);
                    }
                }
                true
            }
            "minimum" => value.as_f64().is_none_or(|own| own >= argument.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|own| own <= argument.as_f64().unwrap()),
            "maxItems" => {
                value.as_array().is_none_or(|items| items.len() as u64 <= argument.as_u64().unwrap())
            }
            "description" | "format" | "pattern" => true,
            other => panic!("{at}: the test does not know `{other}`"),
        };
        if !is_good {
            return Some(format!("{at} breaks {keyword} {argument}"));
        }
    }
    None
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no type `{other}`"),
    }
}
