//! What a person has to be asked about: refused with the id of the question, and let through once
//! when somebody else has said yes.

use sentinel_envoy_tests::client::{chunked, request, send};
use sentinel_envoy_tests::{Answer, Envoy, Response, Upstream};
use serde_json::{Value, json};

use crate::client::Client;
use crate::harness::{Daemon, KEY};
use crate::ledger;
use crate::scene::{AGENT, HOST, Scene, check_refused, code, governed, key, policy, told};

const MCP: &str = "mcp.example";

/// Everything that is needed to ask and to answer.
struct Desk {
    scene: Scene,
    daemon: Daemon,
    envoy: Envoy,
    /// Whom the proxy is for the daemon.
    requester: String,
}

impl Desk {
    fn new(asked: &Value) -> Self {
        let mcp = json!({ "hosts": [MCP], "mcp": { "server": "files", "allowTools": ["*"] } });
        let network = json!({ "allowHosts": [HOST], "rules": [mcp] });
        let upstream = Upstream::answering(|seen| match seen.header("host").as_deref() {
            Some(MCP) => {
                let sent: Value = serde_json::from_slice(&seen.body).unwrap();
                let result =
                    json!({ "resultType": "complete", "content": [{ "type": "text", "text": "written" }] });
                Answer::json(&json!({ "jsonrpc": "2.0", "id": sent["id"], "result": result }))
            }
            _ => Answer::new(200, "text/plain", "upstream"),
        });
        let approvals = json!({ "tools": asked });
        let scene = Scene::in_front_of(upstream, &policy(&[("network", network), ("approvals", approvals)]));
        let daemon = scene.place.start();
        let requester = key(&scene.place, "proxy", "evaluate", AGENT);
        let envoy = scene.envoy(&[("daemon", told(&[("apiKey", json!(requester))]))]);
        governed(&envoy, 1);
        Self { scene, daemon, envoy, requester }
    }

    fn send(&self, bytes: &[u8]) -> Response {
        send(self.envoy.port(), bytes).expect("an answer")
    }

    /// Says yes as a person, after those were tried who may not.
    fn approve(&self, id: &str) {
        let path = format!("/v1/approvals/{id}/approve");
        let own = Client::new(self.daemon.address, Some(&self.requester)).post(&path, &json!({}));
        assert_eq!(own.status, 403, "who asked does not answer: {own:?}");
        let token = self.scene.place.token("alice", "approve", "*");
        let told = self.daemon.client_with(&token).post(&path, &json!({})).ok();
        assert_eq!(told["status"], "approved", "{told}");
    }

    fn reached(&self) -> usize {
        self.scene.upstream.requests().len()
    }
}

/// A call of a tool as the older revisions have it.
fn legacy(id: &Value, arguments: &Value) -> Vec<u8> {
    let body = json!({
        "jsonrpc": "2.0", "id": id, "method": "tools/call",
        "params": { "name": "write", "arguments": arguments },
    });
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2025-06-18"),
    ];
    request("POST", MCP, "/mcp", &headers, body.to_string().as_bytes())
}

/// The same as 2026-07-28 has it, with further parameters.
fn modern(id: &Value, capabilities: &Value, further: &[(&str, Value)]) -> Vec<u8> {
    let mut params = json!({
        "name": "write", "arguments": { "path": "a.txt" },
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "agent", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": capabilities,
        },
    });
    for (name, value) in further {
        params[*name] = value.clone();
    }
    let body = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "write"),
    ];
    request("POST", MCP, "/mcp", &headers, body.to_string().as_bytes())
}

#[test]
fn a_request_waits_for_a_person_and_passes_once() {
    let desk = Desk::new(&json!(["http"]));
    let order = |item: &str| {
        let headers = [("content-type", "application/json"), ("authorization", item)];
        request("POST", HOST, "/orders", &headers, format!(r#"{{"item":"{item}"}}"#).as_bytes())
    };
    let asked = desk.send(&order("7"));
    check_refused(&asked, 403, "approval-tool");
    let body = asked.json();
    assert_eq!((&body["decision"], &body["approval"]["status"]), (&json!("escalate"), &json!("pending")));
    let id = body["approval"]["id"].as_str().unwrap().to_owned();
    // The same request is the same question, and nothing goes out until it is answered.
    assert_eq!(desk.send(&order("7")).json()["approval"]["id"], json!(id));
    desk.scene.upstream.assert_untouched();
    desk.approve(&id);
    assert_eq!(desk.send(&order("7")).status, 200);
    assert_eq!(desk.scene.upstream.only_request().text(), r#"{"item":"7"}"#);
    let next = desk.send(&order("7"));
    check_refused(&next, 403, "approval-tool");
    assert_ne!(next.json()["approval"]["id"], json!(id));
    desk.approve(next.json()["approval"]["id"].as_str().unwrap());
    // A yes is for one request: another path, another method.
    check_refused(&desk.send(&request("POST", HOST, "/orders2", &[], b"")), 403, "approval-tool");
    check_refused(&desk.send(&request("GET", HOST, "/orders", &[], b"")), 403, "approval-tool");
    assert_eq!(desk.reached(), 1);
    ledger::verify(&desk.scene.place, &[]);
}

/// Somebody approved seven staplers, on the account for tests.
#[test]
fn a_yes_is_for_one_body_and_one_account() {
    const TEST: &str = "Bearer sk_test_1";
    let desk = Desk::new(&json!(["http"]));
    let item = |count: u32| format!(r#"{{"item":"stapler","count":{count}}}"#).into_bytes();
    let headers = |account| [("content-type", "application/json"), ("authorization", account)];
    let whole = |count, account| request("POST", HOST, "/orders", &headers(account), &item(count));
    let pieces = |count, account| {
        let body = item(count);
        let (first, second) = body.split_at(9);
        chunked("POST", HOST, "/orders", &headers(account), &[first, second], &[])
    };
    for order in [&whole as &dyn Fn(u32, &'static str) -> Vec<u8>, &pieces] {
        let before = desk.reached();
        let asked = desk.send(&order(7, TEST));
        check_refused(&asked, 403, "approval-tool");
        let id = asked.json()["approval"]["id"].as_str().unwrap().to_owned();
        // The approver sees the body, and no credential.
        let token = desk.scene.place.token("bob", "approve", "*");
        let shown = desk.daemon.client_with(&token).get(&format!("/v1/approvals/{id}")).ok().to_string();
        assert!(shown.contains("stapler") && shown.contains("[REDACTED hmac-sha256:"), "{shown}");
        assert!(!shown.contains("sk_test"), "{shown}");
        desk.approve(&id);
        for other in [
            whole(9, TEST),
            pieces(9, TEST),
            whole(7, "Bearer sk_live_1"),
            pieces(7, "Bearer sk_live_1"),
            request("POST", HOST, "/orders", &headers(TEST), b""),
        ] {
            let refused = desk.send(&other);
            check_refused(&refused, 403, "approval-tool");
            assert_ne!(refused.json()["approval"]["id"], json!(id), "{}", refused.text());
        }
        assert_eq!(desk.reached(), before);
        assert_eq!(desk.send(&order(7, TEST)).status, 200);
        let sent = desk.scene.upstream.requests();
        assert_eq!((sent.len(), sent.last().unwrap().body.clone()), (before + 1, item(7)));
        assert_eq!(sent.last().unwrap().header("authorization").as_deref(), Some(TEST));
    }
    // What is too long to be seen is not asked about.
    let long = vec![b'x'; (1 << 20) + 1];
    let refused = desk.send(&request("POST", HOST, "/orders", &headers(TEST), &long));
    check_refused(&refused, 413, "body-too-large");
}

#[test]
fn a_tool_waits_for_a_person_whatever_the_id_of_the_message() {
    let desk = Desk::new(&json!(["mcp__files__write"]));
    let (file, other) = (json!({ "path": "a.txt" }), json!({ "path": "b.txt" }));
    let asked = desk.send(&legacy(&json!(1), &file));
    assert_eq!((asked.status, code(&asked).as_str()), (200, "approval-tool"), "{}", asked.text());
    let said = asked.json();
    assert_eq!((&said["id"], &said["result"]["isError"]), (&json!(1), &json!(true)), "{said}");
    let verdict = &said["result"]["_meta"]["sentinel/verdict"];
    let id = verdict["approvalId"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned();
    assert!(said["result"]["content"][0]["text"].as_str().unwrap().contains(&id), "{said}");
    desk.scene.upstream.assert_untouched();
    desk.approve(&id);
    assert_eq!(desk.send(&legacy(&json!(2), &other)).json()["result"]["isError"], true, "other arguments");
    let passed = desk.send(&legacy(&json!("three"), &file)).json();
    assert_eq!(
        (&passed["id"], &passed["result"]["content"][0]["text"]),
        (&json!("three"), &json!("written"))
    );
    assert_eq!(desk.send(&legacy(&json!(4), &file)).json()["result"]["isError"], true, "once");
    assert_eq!(desk.reached(), 1);
}

#[test]
fn a_client_that_can_ask_is_asked_and_comes_again() {
    let desk = Desk::new(&json!(["mcp__files__write"]));
    let forms = json!({ "elicitation": {} });
    let asked = desk.send(&modern(&json!(1), &forms, &[]));
    assert_eq!(asked.status, 200, "{}", asked.text());
    let result = asked.json()["result"].clone();
    assert_eq!(result["resultType"], "input_required", "{result}");
    let question = &result["inputRequests"]["sentinel_approval"];
    assert_eq!(question["method"], "elicitation/create", "{result}");
    let state = result["requestState"].clone();
    let id = result["_meta"]["sentinel/verdict"]["approvalId"].as_str().unwrap().to_owned();
    assert!(question["params"]["message"].as_str().unwrap().contains(&id), "{result}");
    let accepted = |state: &Value| {
        let responses = json!({ "sentinel_approval": { "action": "accept", "content": {} } });
        [("inputResponses", responses), ("requestState", state.clone())]
    };
    // The client's own yes is nobody's.
    let early = desk.send(&modern(&json!(2), &forms, &accepted(&state))).json();
    assert_eq!(early["result"]["resultType"], "input_required", "{early}");
    desk.scene.upstream.assert_untouched();
    desk.approve(&id);
    let passed = desk.send(&modern(&json!(3), &forms, &accepted(&state))).json();
    assert_eq!((&passed["id"], &passed["result"]["resultType"]), (&json!(3), &json!("complete")), "{passed}");
    // What was between the client and us is not for the server.
    let sent: Value = serde_json::from_slice(&desk.scene.upstream.only_request().body).unwrap();
    assert_eq!(sent["params"]["arguments"], json!({ "path": "a.txt" }));
    assert!(sent["params"].get("requestState").is_none() && sent["params"].get("inputResponses").is_none());
    let again = desk.send(&modern(&json!(4), &forms, &accepted(&state))).json();
    assert_eq!(again["result"]["resultType"], "input_required", "{again}");
    // Who cannot ask is told.
    let plain = desk.send(&modern(&json!(5), &json!({}), &[])).json();
    assert_eq!(
        (&plain["result"]["resultType"], &plain["result"]["isError"]),
        (&json!("complete"), &json!(true))
    );
    assert_eq!(desk.reached(), 1);
    let mut admin = Client::new(desk.daemon.address, Some(KEY));
    assert_eq!(desk.scene.permits(&mut admin), 1);
}
