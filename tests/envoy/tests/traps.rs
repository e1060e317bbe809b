//! The filter traps, in each of its callbacks: nothing that was not decided reaches the upstream.
//!
//! A filter that died has no opinion, and Envoy's `FAIL_CLOSED` is what remains. This is a table of
//! what a client and an upstream see of that, callback by callback.

#![expect(clippy::indexing_slicing, clippy::panic, reason = "a test fails loudly")]

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use sentinel_envoy_tests::client::{chunked, request};
use sentinel_envoy_tests::filter::{AGENT, policy};
use sentinel_envoy_tests::trap::trapping;
use sentinel_envoy_tests::{Answer, Bootstrap, Connection, Envoy, Response, Upstream, module, wasm};
use serde_json::{Value, json};

/// How long a stream may wait for a filter that is no more, where a row waits for that. An upstream that
/// is slower would look like a trap.
const IDLE: &str = "10s";

/// What the client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    /// 503 of the proxy, before the stream was idle for too long.
    Refused,
    /// The same, when the stream was idle for too long: nobody goes on with it.
    RefusedLate,
    /// The head of an answer, and never its end; the connection closes when it was idle for too long.
    CutOff,
    /// The whole answer.
    Answered,
}

struct Row {
    callback: &'static str,
    bytes: Vec<u8>,
    client: Client,
    /// Whether the request had been permitted before the trap.
    is_decided: bool,
}

impl Row {
    /// `envoy.yaml` has a minute.
    fn idle(&self) -> &'static str {
        if matches!(self.client, Client::RefusedLate | Client::CutOff) { IDLE } else { "60s" }
    }
}

fn row(callback: &'static str, bytes: Vec<u8>, client: Client) -> Row {
    Row { callback, bytes, client, is_decided: false }
}

fn decided(callback: &'static str, bytes: Vec<u8>, client: Client) -> Row {
    Row { is_decided: true, ..row(callback, bytes, client) }
}

/// A call of a tool, whose answer is read.
fn call() -> Vec<u8> {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}"#;
    request("POST", "tools.example", "/mcp", &[("content-type", "application/json")], body.as_bytes())
}

fn rows() -> Vec<Row> {
    let get = || request("GET", "api.example", "/", &[], b"");
    let metered = || request("GET", "metered.example", "/", &[], b"");
    let trailers = chunked("POST", "tools.example", "/mcp", &[], &[b"{}"], &[("x-t", "1")]);
    let model = request("POST", "model.example", "/v1/chat/completions", &[], b"{}");
    vec![
        row("create", get(), Client::Refused),
        row("request headers", get(), Client::Refused),
        row("request body", call(), Client::Refused),
        row("request trailers", trailers, Client::Refused),
        row("call response", metered(), Client::RefusedLate),
        row("tick", get(), Client::Refused),
        row("root call response", get(), Client::Refused),
        decided("response headers", call(), Client::Refused),
        decided("response body", call(), Client::CutOff),
        decided("response trailers", model, Client::CutOff),
    ]
}

fn network() -> Value {
    json!({
        "allowHosts": ["api.example", "metered.example"],
        "rules": [
            { "hosts": ["tools.example"], "mcp": { "server": "tools", "allowTools": ["echo"] } },
            { "hosts": ["model.example"], "llm": true },
        ],
    })
}

fn answer(request: &sentinel_envoy_tests::Request) -> Answer {
    match request.header("host").as_deref() {
        Some("model.example") => {
            let event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n";
            Answer::stream("text/event-stream", &[event, "data: [DONE]\n\n"], Duration::ZERO)
                .trailer("x-t", "1")
        }
        _ => Answer::json(&json!({ "jsonrpc": "2.0", "id": 1, "result": { "content": [] } })),
    }
}

/// A daemon that permits everything, and has no policy of its own to tell.
fn daemon() -> Upstream {
    Upstream::answering(|request| {
        if request.target != "/v1/evaluate" {
            return Answer::new(500, "text/plain", "");
        }
        Answer::json(&json!({
            "decision": "allow", "permitted": true, "reason": "", "code": "c", "layer": "network",
            "verdictId": "v", "agentId": AGENT, "toolName": "http",
        }))
    })
}

struct Rig {
    envoy: Envoy,
    upstream: Upstream,
}

impl Rig {
    fn start(
        module: &std::path::Path,
        callback: Option<&str>,
        daemon: &Upstream,
        idle: &str,
    ) -> Result<Self, String> {
        let upstream = Upstream::answering(answer);
        let mut own = policy(&network());
        own["budgets"] =
            json!([{ "name": "calls", "limit": 1000, "unit": "calls", "per": "day", "tools": ["http"] }]);
        if callback != Some("call response") {
            own.as_object_mut().and_then(|own| own.remove("budgets"));
        }
        let mut configuration = json!({ "agentId": AGENT, "policy": own, "record": "none" });
        configuration["daemon"] = json!({ "cluster": "daemon", "refreshSeconds": 1 });
        if let Some(callback) = callback {
            configuration["fault"] = json!(callback);
        }
        let bootstrap = Bootstrap::new(upstream.port())
            .daemon(daemon.port())
            .filter(wasm(module, &configuration))
            .manager("stream_idle_timeout", json!(idle));
        Ok(Self { envoy: Envoy::options(&bootstrap.build()).try_start()?, upstream })
    }

    /// The main thread has a filter as well, and either may trap first.
    fn wait_for_the_worker(&self) {
        let started = Instant::now();
        while self.envoy.log().matches("fault injected").count() < 2 {
            assert!(started.elapsed() < Duration::from_secs(60), "both trap:\n{}", self.envoy.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The answer, and whether the proxy ended the stream because it was idle.
    fn send(&self, bytes: &[u8]) -> (Option<Response>, bool) {
        let idled = || self.envoy.stat("http.agent.downstream_rq_idle_timeout");
        let before = idled();
        let mut connection = Connection::open(self.envoy.port());
        connection.send(bytes);
        let answer = connection.receive();
        (answer, idled() > before)
    }
}

fn seen(answer: Option<&Response>, is_late: bool) -> Option<Client> {
    let answer = answer?;
    match (answer.status, answer.complete) {
        (503 | 504, true) if answer.header("x-soe-code").is_none() => {
            Some(if is_late { Client::RefusedLate } else { Client::Refused })
        }
        (200, true) => Some(Client::Answered),
        (200, false) => Some(Client::CutOff),
        (_, _) => None,
    }
}

/// What is wrong with a row.
fn wrong(row: &Row, daemon: &Upstream) -> Vec<String> {
    let mut wrong = Vec::new();
    let rig = Rig::start(module::faulty(), Some(row.callback), daemon, row.idle())
        .unwrap_or_else(|log| panic!("{}: Envoy did not start:\n{log}", row.callback));
    if matches!(row.callback, "tick" | "root call response") {
        rig.wait_for_the_worker();
    }
    let (answer, is_late) = rig.send(&row.bytes);
    let client = seen(answer.as_ref(), is_late);
    let reached = rig.upstream.requests().len();
    if client != Some(row.client) || reached != usize::from(row.is_decided) {
        wrong.push(format!("{}: {client:?}, {reached} at the upstream: {answer:?}", row.callback));
    }
    assert!(rig.envoy.log().contains(&format!("fault injected: {}", row.callback)), "{}", row.callback);
    // From then on, the worker refuses everything.
    rig.upstream.forget();
    let (next, is_late) = rig.send(&request("GET", "api.example", "/", &[], b""));
    if seen(next.as_ref(), is_late) != Some(Client::Refused) || !rig.upstream.requests().is_empty() {
        wrong.push(format!("{}: the next request: {next:?}", row.callback));
    }
    wrong
}

#[test]
fn a_trap_in_any_callback_lets_nothing_through_that_was_not_decided() {
    let daemon = daemon();
    // Those that wait do so while the others run.
    let (late, rest): (Vec<Row>, Vec<Row>) = rows().into_iter().partition(|row| row.idle() == IDLE);
    let wrong: Vec<String> = thread::scope(|scope| {
        let daemon = &daemon;
        let all = move |rows: &[Row]| rows.iter().flat_map(|row| wrong(row, daemon)).collect::<Vec<String>>();
        let late = scope.spawn(move || all(&late));
        [all(&rest), late.join().expect("rows that wait")].concat()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A request has its answer by then, and is the last one.
#[test]
fn a_trap_at_the_end_of_a_request_is_the_end_of_all() {
    let daemon = daemon();
    let directory = tempfile::tempdir().expect("a directory");
    for callback in ["proxy_on_log", "proxy_on_done", "proxy_on_delete"] {
        let rig = Rig::start(&trapping(module::sentinel(), callback, directory.path()), None, &daemon, "60s")
            .unwrap_or_else(|log| panic!("{callback}: Envoy did not start:\n{log}"));
        let get = request("GET", "api.example", "/", &[], b"");
        let (answer, after) = rig.send(&get);
        assert_eq!(seen(answer.as_ref(), after), Some(Client::Answered), "{callback}: {answer:?}");
        rig.upstream.forget();
        let (next, after) = rig.send(&get);
        assert_eq!(seen(next.as_ref(), after), Some(Client::Refused), "{callback}: {next:?}");
        assert!(rig.upstream.requests().is_empty(), "{callback}");
    }
}

/// The worker ends, and with it what it still wanted to send.
#[test]
fn a_trap_while_the_worker_ends_keeps_nothing_from_ending() {
    let daemon = daemon();
    let rig = Rig::start(module::faulty(), Some("root done"), &daemon, "60s").expect("Envoy starts");
    let (answer, after) = rig.send(&request("GET", "api.example", "/", &[], b""));
    assert_eq!(seen(answer.as_ref(), after), Some(Client::Answered), "{answer:?}");
    let log = rig.envoy.end();
    assert!(log.contains("fault injected: root done"), "{log}");
}

#[test]
fn a_trap_while_it_is_configured_keeps_the_proxy_from_starting() {
    let daemon = daemon();
    let log =
        Rig::start(module::faulty(), Some("configure"), &daemon, IDLE).err().expect("it does not start");
    assert!(
        log.contains("fault injected: configure") && log.contains("Unable to create Wasm plugin"),
        "{log}"
    );
}

/// Without a fault the same build, and the one that ships, let all of these through.
#[test]
fn what_traps_above_passes_otherwise() {
    let daemon = daemon();
    for module in [module::faulty(), module::sentinel()] {
        let rig = Rig::start(module, None, &daemon, "60s").expect("Envoy starts");
        for row in rows().iter().filter(|row| row.callback != "request trailers") {
            let (answer, is_late) = rig.send(&row.bytes);
            assert_eq!(
                seen(answer.as_ref(), is_late),
                Some(Client::Answered),
                "{}: {answer:?}",
                row.callback
            );
        }
    }
}

#[test]
fn what_ships_has_no_faults() {
    let has = |path: &std::path::Path| {
        let bytes = fs::read(path).expect("a module");
        bytes.windows(14).any(|window| window == b"fault injected")
    };
    assert!(has(module::faulty()) && !has(module::sentinel()));
    let log = Rig::start(module::sentinel(), Some("request headers"), &daemon(), IDLE)
        .err()
        .expect("it does not start");
    assert!(log.contains("unknown field `fault`"), "{log}");
}
