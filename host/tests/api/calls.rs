//! Deciding, simulating, reporting: the routes that agents use, and what the examples of the SOE API get.

use serde_json::{Value, json};

use crate::support::{Daemon, KEY, POLICY, Reply};

fn call(tool: &str, input: &Value) -> String {
    json!({ "agentId": "my-agent", "toolName": tool, "toolInput": input, "workspace": "/work" }).to_string()
}

fn pay(usd: &str) -> String {
    json!({ "agentId": "my-agent", "toolName": "pay", "toolInput": {}, "cost": { "usd": usd } }).to_string()
}

fn shop(daemon: &Daemon) -> Value {
    let reply = daemon.get("/v1/agents/my-agent/budgets").json();
    reply["budgets"].as_array().unwrap().iter().find(|own| own["meter"] == "budgets/shop").unwrap().clone()
}

#[test]
fn calls_are_decided_and_recorded() {
    let daemon = Daemon::governed();
    for (tool, input, decision) in [
        ("Bash", json!({ "command": "npm test" }), "allow"),
        ("Bash", json!({ "command": "rm -rf /" }), "deny"),
        ("Read", json!({ "file_path": "src/index.js" }), "allow"),
        ("Read", json!({ "file_path": ".env" }), "deny"),
        ("unknown_tool", json!({}), "deny"),
    ] {
        let body = call(tool, &input);
        let reply = daemon.post("/v1/evaluate", &body);
        assert_eq!(reply.status, 200, "{reply:?}");
        let verdict = reply.json();
        assert_eq!(verdict["decision"], decision, "{body}: {verdict}");
        assert_eq!(verdict["permitted"], decision == "allow", "{verdict}");
        for (field, value) in [("layer", "deterministic"), ("mode", "enforce"), ("agentId", "my-agent")] {
            assert_eq!(verdict[field], value, "{verdict}");
        }
        assert_eq!(verdict["toolName"], tool);
        assert!(verdict["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
        assert!(verdict["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')));
        // What was answered is on record, at the place that the answer names.
        let index = &verdict["ledger"]["index"];
        let line = daemon.get(&format!("/v1/ledger/entries/{index}")).json();
        assert_eq!(line["entry"]["id"], verdict["verdictId"]);
        assert_eq!(line["entry"]["decision"], decision);
        assert_eq!(line["leaf"], verdict["ledger"]["leaf"]);
    }
}

#[test]
fn an_agent_without_a_policy_may_do_nothing() {
    let daemon = Daemon::start();
    let verdict = daemon.post("/v1/evaluate", &call("Read", &json!({ "file_path": "src/a" }))).json();
    assert_eq!((&verdict["decision"], &verdict["code"]), (&json!("deny"), &json!("policy-missing")));
    assert_eq!((&verdict["permitted"], &verdict["enforced"]), (&json!(false), &json!(true)));
}

#[test]
fn a_request_that_is_no_call_is_a_denial_too() {
    let daemon = Daemon::governed();
    let good = r#""toolName":"Read","toolInput":{}"#;
    for (body, code) in [
        (String::new(), "bad-json"),
        ("{".to_owned(), "bad-json"),
        ("[]".to_owned(), "bad-request"),
        ("{}".to_owned(), "bad-request"),
        (format!(r#"{{{good}}}"#), "bad-request"),
        (format!(r#"{{"agentId":"my-agent",{good},"extra":1}}"#), "bad-request"),
        (format!(r#"{{"agentId":"my-agent","agentId":"my-agent",{good}}}"#), "bad-request"),
        (format!(r#"{{"agentId":"my-agent","appId":"my-agent",{good}}}"#), "bad-request"),
        (format!(r#"{{"agentId":1,{good}}}"#), "bad-request"),
        (format!(r#"{{"agentId":"../../x",{good}}}"#), "bad-request"),
        (format!(r#"{{"agentId":"a\nb",{good}}}"#), "bad-request"),
        (format!(r#"{{"agentId":"my-agent",{good},"environment":"production"}}"#), "bad-request"),
        (format!(r#"{{"agentId":"my-agent",{good},"idempotencyKey":""}}"#), "bad-request"),
        (format!(r#"{{"agentId":"my-agent",{good},"x":{}}}"#, "[".repeat(200)), "too-deep"),
    ] {
        let reply = daemon.post("/v1/evaluate", &body);
        let problem = reply.json();
        assert_eq!((reply.status, problem["code"].as_str().unwrap()), (400, code), "{body}: {problem}");
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        assert_eq!(problem["decision"], "deny", "{body}");
        assert_eq!((&problem["permitted"], &problem["enforced"]), (&json!(false), &json!(true)));
        assert_eq!(problem["reason"], problem["detail"]);
        assert_eq!(problem["type"], format!("urn:sentinel:problem:{code}"));
    }
}

#[test]
fn the_same_key_gets_the_same_answer_once() {
    let daemon = Daemon::governed();
    let ask = |key: &str, body: &str| daemon.post_with("/v1/evaluate", &[("idempotency-key", key)], body);
    let first = ask("k-1", &pay("0.40"));
    assert_eq!((first.status, first.header("idempotent-replayed")), (200, None));
    let again = ask("k-1", &pay("0.40"));
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.body.replace(",\"replayed\":true}", "}"), first.body);
    assert_ne!(again.body, first.body, "an answer that was given before says so");
    assert_eq!(shop(&daemon)["held"], "0.40", "charged once");
    let other = ask("k-1", &pay("0.50"));
    assert_eq!((other.status, other.code().as_str()), (409, "idempotency-conflict"));
    assert_eq!(other.json()["decision"], "deny");
    // The same key in the body is the same key; another one beside it is a mistake.
    let in_body = pay("0.40").replace("\"toolName\"", "\"idempotencyKey\":\"k-1\",\"toolName\"");
    assert_eq!(daemon.post("/v1/evaluate", &in_body).header("idempotent-replayed"), Some("true"));
    assert_eq!(ask("k-2", &in_body).code(), "bad-request");
}

#[test]
fn a_simulation_charges_and_records_nothing() {
    let daemon = Daemon::governed();
    let size = *daemon.app.size.borrow();
    // The example of the SOE API, byte for byte where it matters.
    let body = r#"{"agentId":"my-agent","calls":[
        {"toolName":"Bash","toolInput":{"command":"npm test"}},
        {"toolName":"Bash","toolInput":{"command":"rm -rf /"}},
        {"toolName":"Read","toolInput":{"file_path":"src/index.js"}},
        {"toolName":"Read","toolInput":{"file_path":".env"}}]}"#;
    let reply = daemon.post("/v1/simulate", body).json();
    assert_eq!(reply["agentId"], "my-agent");
    let decisions: Vec<_> =
        reply["results"].as_array().unwrap().iter().map(|own| own["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["allow", "deny", "allow", "deny"]);
    assert_eq!(reply["results"][1]["toolName"], "Bash");
    let summary = &reply["summary"];
    for (field, count) in [("total", 4), ("allowed", 2), ("denied", 2), ("escalated", 0), ("riskMax", 50)] {
        assert_eq!(summary[field], count, "{summary}");
    }
    assert!(summary["riskUsed"].as_u64().is_some_and(|used| used > 0), "{summary}");
    assert_eq!(*daemon.app.size.borrow(), size);
    assert_eq!(daemon.get("/v1/agents/my-agent/risk").json()["riskUsed"], 0);
}

#[test]
fn a_simulation_has_a_limit() {
    let daemon = Daemon::with(&[("SOE_API_KEY", KEY), ("SOE_MAX_SIMULATE_CALLS", "2")]);
    let body = |count: usize| {
        let calls = vec![json!({ "toolName": "Read", "toolInput": {} }); count];
        json!({ "agentId": "my-agent", "calls": calls }).to_string()
    };
    assert_eq!(daemon.post("/v1/simulate", &body(2)).json()["summary"]["denied"], 2);
    assert_eq!(daemon.post("/v1/simulate", &body(3)).code(), "bad-request");
}

fn report(daemon: &Daemon, verdict: Option<&Value>, more: &Value) -> Reply {
    let mut body = json!({ "agentId": "my-agent", "toolName": "pay" });
    let fields = body.as_object_mut().unwrap();
    fields.extend(verdict.map(|id| ("verdictId".to_owned(), id.clone())));
    fields.extend(more.as_object().unwrap().clone());
    daemon.post("/v1/audit", &body.to_string())
}

#[test]
fn an_outcome_settles_what_was_held() {
    let daemon = Daemon::governed();
    let paid = |usd: &str| daemon.post("/v1/evaluate", &pay(usd)).json();
    let standing = |used: &str, held: &str, remaining: &str| {
        let own = shop(&daemon);
        assert_eq!(
            (own["used"].as_str(), own["held"].as_str(), own["remaining"].as_str(), own["limit"].as_str()),
            (Some(used), Some(held), Some(remaining), Some("1.00")),
            "{own}"
        );
    };
    let first = paid("0.30");
    assert!(first["holdEndsAt"].is_string(), "{first}");
    standing("0.00", "0.30", "0.70");
    let done = report(&daemon, Some(&first["verdictId"]), &json!({ "cost": { "usd": "0.25" } })).json();
    assert_eq!((&done["recorded"], &done["hold"]), (&json!(true), &json!("posted")), "{done}");
    let entry = daemon.get(&format!("/v1/ledger/entries/{}", done["ledger"]["index"])).json();
    assert_eq!((&entry["entry"]["kind"], &entry["entry"]["id"]), (&json!("outcome"), &done["entryId"]));
    standing("0.25", "0.00", "0.75");
    let second = paid("0.50");
    let done = report(&daemon, Some(&second["verdictId"]), &json!({ "outcome": "not-executed" })).json();
    assert_eq!(done["hold"], "voided");
    standing("0.25", "0.00", "0.75");
    // The budget is exact.
    assert_eq!(paid("0.76")["decision"], "deny");
    assert_eq!(paid("0.75")["decision"], "allow");
    assert_eq!(paid("0.01")["decision"], "deny");
}

#[test]
fn a_report_is_read_as_strictly_as_a_call() {
    let daemon = Daemon::governed();
    // The example of the seed: any JSON for input and output, and somebody's own session.
    let seed = r#"{"agentId":"my-agent","toolName":"Bash","toolInput":"npm test","toolOutput":"All tests passed","decision":"allow","sessionId":"session-abc-123"}"#;
    let reply = daemon.post("/v1/audit", seed).json();
    assert_eq!((&reply["recorded"], &reply["hold"]), (&json!(true), &Value::Null));
    for (more, status, code) in [
        (json!({ "cost": { "usd": 0.25 } }), 400, "bad-request"),
        (json!({ "cost": { "usd": "-1" } }), 400, "bad-request"),
        (json!({ "cost": { "eur": "1" } }), 400, "bad-request"),
        (json!({ "outcome": "maybe" }), 400, "bad-request"),
        (json!({ "decision": "perhaps" }), 400, "bad-request"),
        (json!({ "verdictId": "nonsense" }), 404, "not-found"),
        (json!({ "nonsense": 1 }), 400, "bad-request"),
    ] {
        let reply = report(&daemon, None, &more);
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{more}");
    }
    // A verdict of another agent is not there.
    daemon.deploy(&POLICY.replace("my-agent", "another-agent"));
    let other = daemon.post("/v1/evaluate", &pay("0.10").replace("my-agent", "another-agent")).json();
    assert_eq!(report(&daemon, Some(&other["verdictId"]), &json!({})).status, 404);
}

#[test]
fn modes_that_watch_deny_and_permit() {
    let daemon = Daemon::start();
    daemon.deploy(&POLICY.replace("\"version\"", "\"mode\":\"audit\",\"version\""));
    let verdict = daemon.post("/v1/evaluate", &call("Bash", &json!({ "command": "rm -rf /" }))).json();
    assert_eq!(
        (&verdict["decision"], &verdict["enforced"], &verdict["permitted"], &verdict["mode"]),
        (&json!("deny"), &json!(false), &json!(true), &json!("audit"))
    );
}

#[test]
fn agents_are_listed_with_what_they_did() {
    let daemon = Daemon::governed();
    for command in ["npm test", "npm test", "rm -rf /"] {
        daemon.post("/v1/evaluate", &call("Bash", &json!({ "command": command })));
    }
    let list = daemon.get("/v1/agents").json();
    assert_eq!((&list["total"], &list["page"], &list["pages"]), (&json!(1), &json!(1), &json!(1)));
    let own = &list["agents"][0];
    for (field, value) in [
        ("agentId", json!("my-agent")),
        ("role", json!("DevOps")),
        ("authority", json!("limited-ops")),
        ("environments", json!(["development", "uat"])),
        ("mode", json!("enforce")),
        ("version", json!("1.0.0")),
        ("revision", json!(1)),
        ("totalCalls", json!(3)),
        ("deniedCalls", json!(1)),
        ("escalatedCalls", json!(0)),
    ] {
        assert_eq!(own[field], value, "{field}: {own}");
    }
    assert_eq!((&own["riskState"]["riskMax"], &own["riskState"]["status"]), (&json!(50), &json!("normal")));
    let risk = daemon.get("/v1/agents/my-agent/risk").json();
    assert_eq!(risk["riskUsed"], own["riskState"]["riskUsed"]);
    assert_eq!(
        (&risk["status"], &risk["riskMax"], &risk["totalCalls"], &risk["deniedCalls"]),
        (&json!("nominal"), &json!(50), &json!(3), &json!(1))
    );
    assert_eq!(daemon.get("/v1/agents/nobody/risk").status, 404);
    assert_eq!(daemon.get("/v1/agents/a%2Fb/risk").status, 400);

    let trail = daemon.get("/v1/agents/my-agent/audit?kind=verdict&limit=2").json();
    let entries = trail["entries"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]["decision"]), (2, &json!("deny")), "newest first");
    let before = &trail["nextBefore"];
    assert_eq!(*before, entries[1]["index"]);
    let rest = daemon.get(&format!("/v1/agents/my-agent/audit?kind=verdict&limit=2&before={before}")).json();
    assert_eq!((rest["entries"].as_array().unwrap().len(), &rest["nextBefore"]), (1, &Value::Null));
    let denied = daemon.get("/v1/agents/my-agent/audit?decision=deny").json();
    assert_eq!(denied["entries"].as_array().unwrap().len(), 1);

    let dashboard = daemon.get("/v1/dashboard?limit=2").json();
    assert_eq!(
        dashboard["totals"],
        json!({ "agents": 1, "calls": 3, "allowed": 2, "denied": 1, "escalated": 0, "protectedUsd": "0.00" })
    );
    assert_eq!(dashboard["recentEvents"].as_array().unwrap().len(), 2);
    assert_eq!(dashboard["agents"][0]["anomalyScore"], Value::Null);

    let metrics = daemon.get("/metrics").body;
    assert!(
        metrics.contains("soe_evaluations_total{agent=\"my-agent\",decision=\"allow\",tenant=\"default\"} 2")
    );
    assert!(
        metrics.contains("soe_api_requests_total{method=\"GET\",path=\"/v1/agents/{id}/risk\"} 3"),
        "{metrics}"
    );
    assert!(metrics.contains("soe_api_errors_total{code=\"not-found\"} 1"));
    assert!(metrics.contains("sentinel_policies 1\n"));
}

#[test]
fn pages_of_agents() {
    let daemon = Daemon::start();
    for number in 0..5 {
        daemon.deploy(&POLICY.replace("my-agent", &format!("agent-{number}")));
    }
    let page = daemon.get("/v1/agents?page=2&limit=2").json();
    assert_eq!((&page["total"], &page["page"], &page["pages"]), (&json!(5), &json!(2), &json!(3)));
    assert_eq!(page["agents"][0]["agentId"], "agent-2");
    assert_eq!(daemon.get("/v1/agents?page=9&limit=2").json()["agents"], json!([]));
    // What is looked for is looked for on every page.
    let found = |query: &str| {
        let page = daemon.get(&format!("/v1/agents?{query}")).json();
        let ids =
            page["agents"].as_array().unwrap().iter().map(|own| own["agentId"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), page["total"].as_u64().unwrap())
    };
    assert_eq!(found("q=T-4&limit=2"), (vec!["agent-4".to_owned()], 1));
    assert_eq!(found("q=AGENT&limit=2&page=3"), (vec!["agent-4".to_owned()], 5));
    assert_eq!(found("q=nobody"), (Vec::new(), 0));
    assert_eq!(found("q=").1, 5);
    for wrong in ["page=0", "limit=0", "limit=101", "limit=x", "limit=", "limit=-1"] {
        assert_eq!(daemon.get(&format!("/v1/agents?{wrong}")).code(), "bad-request", "{wrong}");
    }
}

/// The mode of a document is not what holds where the installation is stricter.
#[test]
fn the_mode_that_holds_is_told() {
    let daemon = Daemon::with(&[("SOE_API_KEY", KEY), ("SOE_MODE", "audit")]);
    for (agent, mode) in [("strict", "enforce"), ("loose", "shadow")] {
        let mut policy: Value = serde_json::from_str(&POLICY.replace("my-agent", agent)).unwrap();
        policy["mode"] = json!(mode);
        daemon.deploy(&policy.to_string());
    }
    daemon.deploy(&POLICY.replace("my-agent", "gone"));
    assert_eq!(daemon.delete("/v1/agents/gone/policy").status, 200);
    for page in [daemon.get("/v1/agents").json(), daemon.get("/v1/dashboard").json()] {
        let agents = page["agents"].as_array().unwrap().iter();
        let modes: Vec<_> =
            agents.map(|own| [&own["agentId"], &own["mode"], &own["effectiveMode"]]).collect();
        assert_eq!(
            json!(modes),
            json!([["gone", null, null], ["loose", "shadow", "audit"], ["strict", "enforce", "enforce"]])
        );
    }
}

#[test]
fn the_dashboard_lists_as_many_agents_as_it_is_asked_for() {
    let daemon = Daemon::start();
    for agent in ["a", "b", "c"] {
        daemon.deploy(&POLICY.replace("my-agent", agent));
    }
    for (query, shown) in [("", 3), ("?agents=2", 2), ("?agents=0", 0), ("?agents=500&limit=1", 3)] {
        let page = daemon.get(&format!("/v1/dashboard{query}")).json();
        assert_eq!(page["agents"].as_array().unwrap().len(), shown, "{query}");
        assert_eq!(page["totals"]["agents"], 3, "{query}");
    }
    for wrong in ["agents=501", "agents=-1", "agents=x", "agents="] {
        assert_eq!(daemon.get(&format!("/v1/dashboard?{wrong}")).code(), "bad-request", "{wrong}");
    }
}

#[test]
fn health_is_for_everybody_and_details_are_not() {
    let daemon = Daemon::governed();
    let reply = daemon.ask("GET", "/v1/health", &[], None);
    assert_eq!(reply.status, 200);
    let health = reply.json();
    for (field, value) in [
        ("status", json!("HEALTHY")),
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("definitionsCount", json!(1)),
        ("definitionsProblems", json!(0)),
        ("authMode", json!("jwt+api-key")),
        ("judge", json!({ "enabled": false, "running": false })),
        ("storage", json!("local")),
        ("mode", json!("policy")),
        ("environment", json!("development")),
        ("environmentSet", json!(false)),
    ] {
        assert_eq!(health[field], value, "{field}");
    }
    assert_eq!(daemon.get("/v1/health").json()["definitionsProblems"], json!([]));
    assert_eq!(daemon.ask("GET", "/v1/health", &[("authorization", "Bearer wrong")], None).status, 200);
    daemon.app.is_store_well.store(false, std::sync::atomic::Ordering::Relaxed);
    let reply = daemon.ask("GET", "/v1/health", &[], None);
    assert_eq!((reply.status, &reply.json()["status"]), (503, &json!("UNHEALTHY")));
}
