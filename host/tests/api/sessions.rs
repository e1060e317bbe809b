//! Sessions: whose they are, and what a call in one of them gets.

use sentinel::auth::Role;
use serde_json::{Value, json};

use crate::support::{Daemon, POLICY, Reply, token_of};

fn start(daemon: &Daemon, token: &str) -> String {
    let reply = daemon.ask_as(token, "POST", "/v1/sessions", Some(r#"{"agentId":"my-agent"}"#));
    assert_eq!(reply.status, 201, "{reply:?}");
    let id = reply.json()["sessionId"].as_str().unwrap().to_owned();
    assert_eq!(reply.header("location"), Some(format!("/v1/sessions/{id}").as_str()));
    id
}

fn evaluate(daemon: &Daemon, token: &str, session: &str) -> Value {
    let body = json!({
        "agentId": "my-agent", "toolName": "Bash", "toolInput": { "command": "npm test" }, "sessionId": session,
    });
    daemon.ask_as(token, "POST", "/v1/evaluate", Some(&body.to_string())).json()
}

fn ended(reply: &Reply) -> bool {
    reply.json()["endedAt"].is_string()
}

#[test]
fn a_session_is_its_subjects_own() {
    let daemon = Daemon::governed();
    let agent = |subject: &str| token_of(subject, &[Role::Evaluate], "my-agent");
    let (one, two) = (agent("one"), agent("two"));
    let id = start(&daemon, &one);
    let verdict = evaluate(&daemon, &one, &id);
    assert_eq!((&verdict["decision"], &verdict["sessionId"]), (&json!("allow"), &json!(id)), "{verdict}");
    for (token, session, why) in [
        (&two, id.as_str(), "belongs to somebody else"),
        (&one, "ses_00", "not known"),
        (&one, "mine", "not known"),
    ] {
        let verdict = evaluate(&daemon, token, session);
        assert_eq!(verdict["decision"], "deny", "{verdict}");
        assert!(verdict["reason"].as_str().unwrap().contains(why), "{verdict}");
    }

    let path = format!("/v1/sessions/{id}");
    let ask = |token: &str, method: &str| daemon.ask_as(token, method, &path, None);
    assert_eq!(ask(&one, "GET").json()["agentId"], "my-agent");
    assert_eq!(ask(&two, "GET").status, 404);
    assert_eq!(ask(&two, "DELETE").status, 404);
    assert_eq!(ask(&token_of("three", &[Role::Audit], "*"), "GET").status, 200);
    assert!(!ended(&ask(&one, "GET")));
    assert!(ended(&ask(&one, "DELETE")) && ended(&ask(&one, "GET")) && ended(&ask(&one, "DELETE")));
    let verdict = evaluate(&daemon, &one, &id);
    assert_eq!(verdict["decision"], "deny");
    assert!(verdict["reason"].as_str().unwrap().contains("has ended"), "{verdict}");
    for wrong in ["/v1/sessions/ses_00", "/v1/sessions/..%2Fx", "/v1/sessions/%00"] {
        assert_eq!(daemon.get(wrong).status, 404, "{wrong}");
    }
}

#[test]
fn points_are_counted_by_session_and_set_back() {
    let daemon = Daemon::governed();
    let token = token_of("one", &[Role::Evaluate], "my-agent");
    let used = |session: &str| {
        daemon.get(&format!("/v1/agents/my-agent/risk?sessionId={session}")).json()["riskUsed"]
            .as_u64()
            .unwrap()
    };
    let (first, second) = (start(&daemon, &token), start(&daemon, &token));
    let points = evaluate(&daemon, &token, &first)["riskPoints"].as_u64().unwrap();
    assert!(points > 0 && used(&first) == points && used(&second) == 0);
    // Without a name, it is the one that was used last.
    assert_eq!(daemon.get("/v1/agents/my-agent/risk").json()["sessionId"], json!(first));

    let reset = |body: &str| daemon.post("/v1/agents/my-agent/reset", body);
    let reply = reset(&json!({ "sessionId": first }).to_string()).json();
    assert_eq!(
        reply,
        json!({ "reset": true, "agentId": "my-agent", "sessionId": first, "riskUsed": points })
    );
    assert_eq!(used(&first), 0);
    // The agent's own session needs no name, and no body.
    assert_eq!(reset("").json()["sessionId"], Value::Null);
    assert_eq!(reset("{}").json()["riskUsed"], 0);
    assert_eq!(reset(r#"{"sessionId":"ses_00"}"#).status, 404);
    daemon.deploy(&POLICY.replace("my-agent", "another-agent"));
    let foreign = json!({ "sessionId": first }).to_string();
    assert_eq!(daemon.post("/v1/agents/another-agent/reset", &foreign).status, 404);
}
