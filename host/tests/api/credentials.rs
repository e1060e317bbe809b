//! Who may ask what: every route, with every kind of caller. A route that has no line in
//! [`EXPECTED`] fails here.

use sentinel::auth::Role;
use sentinel::http::ROUTES;

use crate::support::{Daemon, POLICY, token};

/// What somebody gets who is let in, as far as this test can tell: not 401 and not 403.
const IN: u16 = 0;

/// Columns: without a credential; with the role evaluate, approve, audit or admin for every agent;
/// with the roles evaluate and audit for another agent; with the role audit for no agent.
type Line = (&'static str, &'static str, [u16; 7]);

/// Somebody who names no object cannot be told that it is another's.
const EXPECTED: &[Line] = &[
    ("POST", "/v1/evaluate", [401, IN, 403, 403, IN, 403, 403]),
    ("POST", "/v1/simulate", [401, IN, 403, 403, IN, 403, 403]),
    ("POST", "/v1/validate", [401, IN, 403, IN, IN, IN, IN]),
    ("POST", "/v1/deploy", [401, 403, 403, 403, IN, 403, 403]),
    ("POST", "/v1/audit", [401, IN, 403, 403, IN, 403, 403]),
    ("POST", "/v1/records", [401, IN, 403, 403, IN, 403, 403]),
    ("GET", "/v1/health", [IN, IN, IN, IN, IN, IN, IN]),
    ("GET", "/v1/agents", [401, IN, 403, IN, IN, IN, 403]),
    ("GET", "/v1/agents/{id}/risk", [401, IN, 403, IN, IN, 403, 403]),
    ("GET", "/v1/agents/{id}/budgets", [401, IN, 403, IN, IN, 403, 403]),
    ("GET", "/v1/agents/{id}/audit", [401, IN, 403, IN, IN, 403, 403]),
    ("GET", "/v1/agents/{id}/stats", [401, IN, 403, IN, IN, 403, 403]),
    ("GET", "/v1/agents/{id}/export/csv", [401, 403, 403, IN, IN, 403, 403]),
    ("GET", "/v1/agents/{id}/export/jsonl", [401, 403, 403, IN, IN, 403, 403]),
    ("GET", "/v1/agents/{id}/policy", [401, IN, 403, IN, IN, 403, 403]),
    ("DELETE", "/v1/agents/{id}/policy", [401, 403, 403, 403, IN, 403, 403]),
    ("GET", "/v1/agents/{id}/policy/history", [401, 403, 403, IN, IN, 403, 403]),
    ("GET", "/v1/agents/{id}/policy/history/{revision}", [401, 403, 403, IN, IN, 403, 403]),
    ("POST", "/v1/agents/{id}/rollback", [401, 403, 403, 403, IN, 403, 403]),
    ("POST", "/v1/agents/{id}/reset", [401, 403, 403, 403, IN, 403, 403]),
    ("GET", "/v1/approvals", [401, 403, IN, IN, IN, IN, 403]),
    // A question that somebody may not see is one that does not exist: 404.
    ("GET", "/v1/approvals/{id}", [401, IN, IN, IN, IN, IN, IN]),
    ("POST", "/v1/approvals/{id}/approve", [401, 403, IN, 403, IN, 403, 403]),
    ("POST", "/v1/approvals/{id}/deny", [401, 403, IN, 403, IN, 403, 403]),
    ("POST", "/v1/approvals/{id}/cancel", [401, IN, 403, 403, IN, IN, 403]),
    ("POST", "/v1/sessions", [401, IN, 403, 403, IN, 403, 403]),
    // A session of somebody else is one that does not exist: 404.
    ("GET", "/v1/sessions/{id}", [401, IN, 403, IN, IN, IN, IN]),
    ("DELETE", "/v1/sessions/{id}", [401, IN, 403, 403, IN, IN, 403]),
    ("GET", "/v1/dashboard", [401, 403, 403, IN, IN, IN, 403]),
    ("GET", "/v1/events/stream", [401, IN, 403, IN, IN, 403, 403]),
    ("POST", "/v1/events/ticket", [401, IN, 403, IN, IN, IN, 403]),
    // No page of the daemon asks here.
    ("POST", "/v1/login", [403, 403, 403, 403, 403, 403, 403]),
    ("GET", "/v1/login", [401, IN, IN, IN, IN, IN, IN]),
    ("DELETE", "/v1/login", [401, IN, IN, IN, IN, IN, IN]),
    ("POST", "/v1/hooks/claude-code", [401, IN, 403, 403, IN, 403, 403]),
    ("GET", "/v1/ledger/checkpoint", [401, 403, 403, IN, IN, IN, IN]),
    ("GET", "/v1/ledger/key", [401, IN, IN, IN, IN, IN, IN]),
    ("GET", "/v1/ledger/keys", [401, IN, IN, IN, IN, IN, IN]),
    ("GET", "/v1/ledger/entries", [401, 403, 403, IN, IN, 403, 403]),
    ("GET", "/v1/ledger/entries/{index}", [401, 403, 403, IN, IN, 403, 403]),
    ("GET", "/v1/ledger/entries/{index}/receipt", [401, IN, 403, IN, IN, 403, 403]),
    ("GET", "/v1/ledger/consistency", [401, 403, 403, IN, IN, IN, IN]),
    ("GET", "/v1/ledger/tile/{*path}", [401, 403, 403, IN, IN, 403, 403]),
    // Whoever has the link; nobody here sends any: 404.
    ("GET", "/approve/{token}", [IN, IN, IN, IN, IN, IN, IN]),
    ("POST", "/approve/{token}", [IN, IN, IN, IN, IN, IN, IN]),
    ("GET", "/", [IN, IN, IN, IN, IN, IN, IN]),
    ("GET", "/dashboard", [IN, IN, IN, IN, IN, IN, IN]),
    ("GET", "/dashboard/", [IN, IN, IN, IN, IN, IN, IN]),
    ("GET", "/dashboard/{*path}", [IN, IN, IN, IN, IN, IN, IN]),
    ("GET", "/openapi.json", [IN, IN, IN, IN, IN, IN, IN]),
    ("GET", "/metrics", [401, 403, 403, IN, IN, IN, IN]),
];

/// A path and a body that go well, for somebody who may.
fn request(path: &str, daemon: &Daemon) -> (String, Option<String>) {
    let call = r#""agentId":"my-agent","toolName":"search_code","toolInput":{}"#;
    let body = match path {
        "/v1/evaluate" | "/v1/audit" => format!("{{{call}}}"),
        "/v1/records" => {
            let digest = "0".repeat(64);
            format!(
                r#"{{"point":"envoy/e","records":[{{"call":{{{call}}},"decision":"allow","code":"tool-allowed","policyDigest":"sha256:{digest}","decidedAt":"2026-03-09T10:15:30Z","id":"1"}}]}}"#
            )
        }
        "/v1/simulate" => r#"{"agentId":"my-agent","calls":[]}"#.to_owned(),
        "/v1/validate" | "/v1/deploy" => format!("{{\"soe\":{POLICY}}}"),
        "/v1/agents/{id}/rollback" => r#"{"revision":1}"#.to_owned(),
        "/v1/sessions" => r#"{"agentId":"my-agent"}"#.to_owned(),
        "/v1/hooks/claude-code" => {
            r#"{"hook_event_name":"PreToolUse","tool_name":"search_code","tool_input":{}}"#.to_owned()
        }
        _ => String::new(),
    };
    let query = match path {
        "/v1/hooks/claude-code" | "/v1/ledger/entries" => "?agent=my-agent",
        // A filter that somebody else may not use, and an answer that ends at once.
        "/v1/events/stream" => "?agent=my-agent&decision=nonsense",
        "/v1/ledger/consistency" => "?old=1&new=1",
        _ => "",
    };
    // The entry is the deployment of the policy.
    let last = *daemon.app.size.borrow() - 1;
    let path = path
        .replace("{id}", "my-agent")
        .replace("{index}", &last.to_string())
        .replace("{revision}", "1")
        .replace("tile/{*path}", "tile/entries/000.p/1")
        .replace("{*path}", "index.html");
    (format!("{path}{query}"), (!body.is_empty()).then_some(body))
}

#[test]
fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let named: Vec<_> = EXPECTED.iter().map(|(method, path, _)| (*method, *path)).collect();
    let routes: Vec<_> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
    assert_eq!(named, routes, "each route needs its line");

    let tokens = [
        None,
        Some(token(&[Role::Evaluate], "*")),
        Some(token(&[Role::Approve], "*")),
        Some(token(&[Role::Audit], "*")),
        Some(token(&[Role::Admin], "")),
        Some(token(&[Role::Evaluate, Role::Audit], "another-agent")),
        Some(token(&[Role::Audit], "")),
    ];
    let daemon = Daemon::governed();
    for (column, token) in tokens.iter().enumerate() {
        for (method, template, expected) in EXPECTED {
            if column == 4 && *method == "DELETE" {
                // What others of this test need; it goes well in tests of its own.
                continue;
            }
            let (path, body) = request(template, &daemon);
            let bearer = token.as_ref().map(|token| format!("Bearer {token}"));
            let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
            let reply = daemon.ask(method, &path, &headers, body.as_deref());
            let who = format!("column {column}, {method} {path}: {reply:?}");
            let expected = expected[column];
            if *template == "/v1/hooks/claude-code" {
                // Whatever happens, the harness is told in its own words.
                assert_eq!(reply.status, 200, "{who}");
                let code = reply.header("x-sentinel-error").unwrap_or_default();
                let refused = match expected {
                    IN => "",
                    401 => "no-credentials",
                    _ if column == 5 => "foreign-agent",
                    _ => "forbidden",
                };
                assert_eq!(code, refused, "{who}");
                continue;
            }
            match expected {
                IN => assert!(reply.status != 401 && reply.status != 403, "{who}"),
                status => assert_eq!(reply.status, status, "{who}"),
            }
            if expected == 401 {
                assert_eq!(reply.code(), "no-credentials", "{who}");
                assert!(reply.header("www-authenticate").is_some(), "{who}");
            }
            if expected != IN && template.ends_with("/evaluate") {
                assert_eq!(reply.json()["decision"], "deny", "{who}");
            }
        }
    }
}

#[test]
fn an_agent_sees_itself_in_lists() {
    let daemon = Daemon::governed();
    daemon.deploy(&POLICY.replace("my-agent", "another-agent"));
    let agents = |token: &str| {
        let reply = daemon.ask_as(token, "GET", "/v1/agents", None).json();
        reply["agents"].as_array().unwrap().iter().map(|own| own["agentId"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(agents(&token(&[Role::Evaluate], "my-agent")), ["my-agent"]);
    assert_eq!(agents(&token(&[Role::Audit], "another-agent")), ["another-agent"]);
    assert_eq!(agents(&token(&[Role::Audit], "*")), ["another-agent", "my-agent"]);

    let own = token(&[Role::Audit], "my-agent");
    let entries = daemon.ask_as(&own, "GET", "/v1/ledger/entries", None).json();
    let entries = entries["entries"].as_array().unwrap();
    assert!(
        entries.iter().all(|line| line["entry"]["agentId"] == "my-agent") && !entries.is_empty(),
        "{entries:?}"
    );
    let dashboard = daemon.ask_as(&own, "GET", "/v1/dashboard", None).json();
    assert_eq!(dashboard["totals"]["agents"], 1);
    let events = dashboard["recentEvents"].as_array().unwrap();
    assert!(events.iter().all(|event| event["agentId"] == "my-agent") && !events.is_empty(), "{events:?}");
}

#[test]
fn bad_credentials_are_told_apart_and_nothing_more_is_told() {
    let daemon = Daemon::start();
    let key = format!("Bearer {}", crate::support::KEY);
    let check = |headers: &[(&str, &str)], code: &str| {
        let reply = daemon.ask("GET", "/v1/agents", headers, None);
        assert_eq!((reply.status, reply.code().as_str()), (401, code), "{headers:?}");
    };
    check(&[], "no-credentials");
    check(&[("authorization", "Basic eDp5")], "malformed-credentials");
    check(&[("authorization", "Bearer not-the-key")], "unknown-key");
    check(&[("x-soe-api-key", "not-the-key")], "unknown-key");
    check(&[("authorization", "Bearer a.b.c")], "bad-token");
    check(&[("authorization", &key), ("x-soe-api-key", "other")], "conflicting-credentials");
    assert_eq!(daemon.ask("GET", "/v1/agents", &[("x-soe-api-key", crate::support::KEY)], None).status, 200);
}
