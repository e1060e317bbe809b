//! An agent behind Envoy with the filter: what it asks for, and what of it arrives. Policy, meters,
//! approvals and records are those of the demo's daemon. The proxy ends with this part.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sentinel_envoy_tests::bootstrap::DAEMON;
use sentinel_envoy_tests::{Answer, Bootstrap, Connection, Envoy, Request, Upstream, client, wasm};
use serde_json::{Value, json};

use super::daemon::Daemon;
use super::{REASON_CHARS_MAX, text};
use crate::run::say;

/// The agent of this part, and its policy.
pub(super) const AGENT: &str = "web-agent";

const HOST: &str = "api.example.com";
const MCP_HOST: &str = "mcp.example.com";

/// How long anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// One host, one MCP server, and orders only if a person says yes.
pub(super) fn policy() -> Value {
    let is_order = json!({ "all": [
        { "param": "method", "operator": "eq", "value": "POST" },
        { "param": "path", "operator": "starts_with", "value": "/orders" },
    ]});
    json!({
        "agentId": AGENT,
        "version": "1.0.0",
        "identity": { "authorityLevel": "limited-ops", "environmentScope": ["development"] },
        "network": {
            "allowHosts": [HOST],
            "denyPaths": ["/admin/**"],
            "rules": [{ "hosts": [MCP_HOST], "mcp": { "server": "files", "allowTools": ["read_*"] } }],
        },
        "rules": [{ "name": "orders", "tools": ["http"], "when": is_order, "action": "require_approval" }],
        "approvals": { "expiresSeconds": 600 },
    })
}

/// What the agent asks for.
struct Wish {
    shown: &'static str,
    bytes: Vec<u8>,
    /// What has to become of it.
    expected: &'static str,
}

/// What became of it, for people.
struct Outcome {
    status: u16,
    decision: String,
    told: String,
    approval: Option<String>,
}

/// Starts the proxy and a server behind it, and asks.
pub(super) fn show(daemon: &Daemon, approver_key: &str, filter: &Path) -> Result<()> {
    let port = daemon.address.rsplit(':').next().and_then(|port| port.parse().ok());
    let port = port.context("the daemon's address has no port")?;
    let upstream = Upstream::answering(answer);
    let told = json!({ "cluster": DAEMON, "apiKey": daemon.key, "timeoutMs": 5_000, "refreshSeconds": 1 });
    let filter = wasm(filter, &json!({ "agentId": AGENT, "daemon": told }));
    let envoy = Envoy::start(&Bootstrap::new(upstream.port()).filter(filter).daemon(port).build());
    let short: String = governed(&envoy)?.chars().take(19).collect();
    say(&format!("\nan agent behind Envoy with the filter; its policy, {short}…, came from the daemon\n"));
    say(&format!("{:>3}  {:<9} {:>4}  {:<28} {}", "#", "decision", "HTTP", "request", "answer"));

    let mut waits = None;
    for (number, wish) in (1..).zip(wishes()) {
        let outcome = ask(&envoy, &wish)?;
        tell(&format!("{number:>3}"), &wish, &outcome);
        waits = outcome.approval.or(waits);
    }
    let id = waits.context("nobody was asked")?;
    let note = json!({ "note": "seven of them are enough" });
    daemon.post_with(approver_key, &format!("/v1/approvals/{id}/approve"), &note)?;
    say("     alice says yes");
    let again = Wish { expected: "allow", ..order() };
    tell("   ", &again, &ask(&envoy, &again)?);

    let reached = upstream.requests();
    let shown: Vec<String> = reached.iter().map(|own| format!("{} {}", own.method, own.target)).collect();
    say(&format!("\nwhat reached the servers: {}", shown.join(", ")));
    ensure!(reached.len() == 3, "other requests reached the servers: {shown:?}");
    let recorded = recorded(daemon)?;
    say(&format!("what is in the ledger: all {recorded}, those that the proxy decided by itself as well\n"));
    Ok(())
}

/// Waits until both instances of the filter have the policy: the worker's, and the main thread's. Its
/// digest.
fn governed(envoy: &Envoy) -> Result<String> {
    let started = Instant::now();
    loop {
        let log = envoy.log();
        let lines: Vec<&str> = log.lines().filter(|line| line.ends_with(" governs")).collect();
        if let [first, _, ..] = lines.as_slice() {
            let digest = first.split_whitespace().find(|word| word.starts_with("sha256:"));
            return Ok(digest.unwrap_or_default().to_owned());
        }
        ensure!(started.elapsed() < PATIENCE, "the proxy has no policy:\n{log}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The servers of the agent's world.
fn answer(request: &Request) -> Answer {
    if request.header("host").as_deref() != Some(MCP_HOST) {
        return Answer::new(200, "text/plain", format!("{} {}: done", request.method, request.target));
    }
    let sent: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let content = json!([{ "type": "text", "text": "# Notes" }]);
    Answer::json(&json!({ "jsonrpc": "2.0", "id": sent.get("id"), "result": { "content": content } }))
}

fn wishes() -> Vec<Wish> {
    let get = |shown, host: &str, path: &str, expected| {
        let bytes = client::request("GET", host, path, &[], b"");
        Wish { shown, bytes, expected }
    };
    vec![
        get("GET /v1/models", HOST, "/v1/models", "allow"),
        get("GET evil.example", "evil.example", "/?secrets", "deny"),
        get("GET /v1/../admin/users", HOST, "/v1/%2e%2e/admin/users", "deny"),
        order(),
        tool("MCP files.read_text", "read_text", "allow"),
        tool("MCP files.delete", "delete", "deny"),
    ]
}

fn order() -> Wish {
    let headers = [("content-type", "application/json")];
    let bytes = client::request("POST", HOST, "/orders", &headers, br#"{"item":"stapler","count":7}"#);
    Wish { shown: "POST /orders", bytes, expected: "escalate" }
}

fn tool(shown: &'static str, name: &str, expected: &'static str) -> Wish {
    let params = json!({ "name": name, "arguments": { "path": "notes.md" } });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
    let headers = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
    Wish { shown, bytes: client::request("POST", MCP_HOST, "/mcp", &headers, body.as_bytes()), expected }
}

fn ask(envoy: &Envoy, wish: &Wish) -> Result<Outcome> {
    let mut connection = Connection::open(envoy.port());
    connection.send(&wish.bytes);
    let response = connection.receive().context("the proxy did not answer")?;
    let body = response.text();
    let json: Value = serde_json::from_str(&body).unwrap_or_default();
    let said = [json.get("reason"), json.pointer("/result/content/0/text")].into_iter().flatten();
    let told = said.filter_map(Value::as_str).next().unwrap_or(&body).to_owned();
    let approval = json.pointer("/approval/id").and_then(Value::as_str).map(str::to_owned);
    let decision = response.header("x-soe-decision").unwrap_or_else(|| "allow".to_owned());
    ensure!(decision == wish.expected, "{}: {decision}, and not {}: {body}", wish.shown, wish.expected);
    Ok(Outcome { status: response.status, decision, told, approval })
}

fn tell(number: &str, wish: &Wish, outcome: &Outcome) {
    let told: String = outcome.told.chars().take(REASON_CHARS_MAX).collect();
    let Outcome { status, decision, .. } = outcome;
    say(&format!("{number}  {decision:<9} {status:>4}  {:<28} {told}", wish.shown));
}

/// Waits until the daemon has an entry for each request.
fn recorded(daemon: &Daemon) -> Result<usize> {
    let expected = wishes().len() + 1;
    let started = Instant::now();
    loop {
        let page = daemon.get(&format!("/v1/ledger/entries?agent={AGENT}&kind=verdict"))?;
        let entries = page.get("entries").and_then(Value::as_array).context("no entries in the answer")?;
        let is_known = |own: &&Value| own.get("entry").is_some_and(|own| text(own, "kind") == "verdict");
        let count = entries.iter().filter(is_known).count();
        if count == expected {
            return Ok(count);
        }
        ensure!(started.elapsed() < PATIENCE, "{count} of {expected} requests are recorded: {page}");
        thread::sleep(Duration::from_millis(50));
    }
}
