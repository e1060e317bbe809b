//! What a user of the filter sees: requests that pass, requests that do not, and what is told of them.

#![expect(clippy::panic, reason = "a test fails loudly")]

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use sentinel_envoy_tests::client::{chunked, get, http2, post_json, request, send};
use sentinel_envoy_tests::filter::{AGENT, governed, governing, policy};
use sentinel_envoy_tests::{Answer, Bootstrap, Connection, Envoy, Response, Upstream, module, wasm};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(10);

/// One proxy for all tests that do not need one of their own.
struct Rig {
    envoy: Envoy,
    upstream: Upstream,
}

fn network() -> Value {
    json!({
        "allowHosts": ["api.example", "127.0.0.1"],
        "denyPaths": ["/admin/**"],
        "rules": [
            { "hosts": ["small.example"], "maxBodyBytes": 8 },
            { "hosts": ["read.example"], "methods": ["GET"] },
            { "hosts": ["files.example"], "mcp": { "server": "files", "allowTools": ["echo"] } },
            { "hosts": ["tunnel.example:80"], "tunnel": true },
        ],
    })
}

fn answers(request: &sentinel_envoy_tests::Request) -> Answer {
    if request.header("upgrade").is_some() {
        return Answer::echo();
    }
    match request.target.as_str() {
        "/events" => {
            Answer::stream("text/event-stream", &["data: 1\n\n", "data: 2\n\n"], Duration::from_millis(400))
        }
        _ => Answer::new(200, "text/plain", "upstream"),
    }
}

/// The proxy itself would do both; whether they are done is the filter's to say.
fn with_tunnels(bootstrap: Bootstrap) -> Bootstrap {
    let connect = json!([{ "upgrade_type": "CONNECT", "connect_config": {} }]);
    let to_upstream = json!({ "cluster": "upstream", "upgrade_configs": connect });
    bootstrap
        .route(json!({ "match": { "connect_matcher": {} }, "route": to_upstream }))
        .manager("upgrade_configs", json!([{ "upgrade_type": "CONNECT" }, { "upgrade_type": "websocket" }]))
}

/// Waits until nobody else uses it, and forgets what they did.
fn rig() -> MutexGuard<'static, Rig> {
    static RIG: LazyLock<Mutex<Rig>> = LazyLock::new(|| {
        let upstream = Upstream::answering(answers);
        Mutex::new(Rig {
            envoy: Envoy::start(&with_tunnels(governing(&upstream, &network())).build()),
            upstream,
        })
    });
    let rig = RIG.lock().unwrap_or_else(PoisonError::into_inner);
    rig.upstream.forget();
    rig
}

impl Rig {
    fn send(&self, bytes: &[u8]) -> Response {
        send(self.envoy.port(), bytes)
            .unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(bytes)))
    }

    #[track_caller]
    fn refused(&self, bytes: &[u8], status: u16, code: &str) -> Response {
        let response = self.send(bytes);
        let told = response.header("x-soe-code").unwrap_or_default();
        assert_eq!((response.status, told.as_str()), (status, code), "{}", response.text());
        assert_eq!(self.upstream.requests().len(), 0, "nothing reaches the upstream");
        response
    }

    #[track_caller]
    fn passes(&self, bytes: &[u8]) -> sentinel_envoy_tests::Request {
        let response = self.send(bytes);
        assert_eq!((response.status, response.text().as_str()), (200, "upstream"));
        let seen = self.upstream.only_request();
        self.upstream.forget();
        seen
    }
}

#[test]
fn what_is_allowed_goes_to_the_canonical_host_and_path() {
    let rig = rig();
    let claims = [("x-forwarded-proto", "https"), ("x-envoy-original-path", "/admin/x")];
    let seen = rig.passes(&request("GET", "API.Example.:80", "/v1/./x/../y?q=%41", &claims, b""));
    assert_eq!(seen.header("host").as_deref(), Some("api.example"));
    assert_eq!(seen.target, "/v1/y?q=%41");
    let seen = rig.passes(&request("POST", "api.example", "/v1", &[], b"a body"));
    assert_eq!((seen.method.as_str(), seen.text().as_str()), ("POST", "a body"));
}

/// What is decided once goes out once. Envoy believes such headers from addresses near to it, as here.
#[test]
fn an_agent_does_not_tell_the_proxy_to_send_it_again() {
    let upstream = Upstream::answering(|_| Answer::new(503, "text/plain", "not now"));
    let envoy = Envoy::start(&governing(&upstream, &network()).build());
    let claims =
        [("x-envoy-retry-on", "5xx"), ("X-Envoy-Max-Retries", "3"), ("x-envoy-upstream-alt-stat-name", "x")];
    let answer = send(envoy.port(), &request("GET", "api.example", "/", &claims, b""));
    assert_eq!(answer.map(|own| own.status), Some(503));
    let seen = upstream.only_request();
    for (name, _) in claims {
        assert_eq!(seen.header(name), None, "{name}");
    }
}

#[test]
fn a_host_that_is_refused_is_told_as_egress() {
    let response = rig().refused(&request("GET", "evil.example", "/", &[], b""), 403, "host-not-allowed");
    assert_eq!(response.header("content-type").as_deref(), Some("application/json"));
    assert_eq!(response.header("x-soe-decision").as_deref(), Some("deny"));
    let body = response.json();
    let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
    assert_eq!((text("error"), text("decision")), ("egress_denied".to_owned(), "deny".to_owned()));
    assert_eq!((text("code"), text("layer")), ("host-not-allowed".to_owned(), "network".to_owned()));
    assert_eq!((text("agentId"), &body["verdictId"]), (AGENT.to_owned(), &Value::Null));
    assert!(text("reason").contains("evil.example"), "{body}");
    assert!(text("policyDigest").starts_with("sha256:"), "{body}");
}

#[test]
fn what_else_is_refused_is_told_as_blocked() {
    let rig = rig();
    for (bytes, code) in [
        (request("GET", "api.example", "/v1/../admin/users", &[], b""), "path-denied"),
        (request("GET", "api.example", "/%61dmin/users", &[], b""), "path-denied"),
        (request("DELETE", "read.example", "/", &[], b""), "method-not-allowed"),
        (request("GET", "api.example", "/", &[("x-http-method-override", "DELETE")], b""), "header-override"),
    ] {
        let body = rig.refused(&bytes, 403, code).json();
        assert_eq!((&body["error"], &body["code"]), (&json!("blocked_by_soe"), &json!(code)));
    }
}

#[test]
fn a_refusal_leaves_the_connection_usable() {
    let rig = rig();
    let mut connection = Connection::open(rig.envoy.port());
    for (authority, status) in [("evil.example", 403), ("api.example", 200), ("evil.example", 403)] {
        connection.send(&request("GET", authority, "/", &[], b""));
        assert_eq!(connection.receive().expect("an answer").status, status, "{authority}");
    }
    assert_eq!(rig.upstream.only_request().header("host").as_deref(), Some("api.example"));
}

#[test]
fn a_body_over_the_bound_is_too_large() {
    let rig = rig();
    let too_long = b"123456789";
    rig.refused(&request("POST", "small.example", "/", &[], too_long), 413, "body-too-large");
    rig.refused(
        &chunked("POST", "small.example", "/", &[], &[b"1234", b"56789"], &[]),
        413,
        "body-too-large",
    );
    assert_eq!(rig.passes(&request("POST", "small.example", "/", &[], b"12345678")).text(), "12345678");
    assert_eq!(
        rig.passes(&chunked("POST", "small.example", "/", &[], &[b"1234", b"5678"], &[])).text(),
        "12345678"
    );
}

/// What is read may be a mebibyte, unless the policy says otherwise: as much as the proxy holds.
#[test]
fn a_message_over_a_mebibyte_is_too_large() {
    let rig = rig();
    let call = |bytes: usize| {
        let start =
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":""#;
        let end = r#""}}}"#;
        format!("{start}{}{end}", "a".repeat(bytes - start.len() - end.len())).into_bytes()
    };
    let headers = [("content-type", "application/json")];
    let whole = |body: &[u8]| request("POST", "files.example", "/", &headers, body);
    let chunks = |body: &[u8]| {
        let chunks: Vec<&[u8]> = body.chunks(10_000).collect();
        chunked("POST", "files.example", "/", &headers, &chunks, &[])
    };
    for bytes in [whole(&call(1 << 20)), chunks(&call(1 << 20))] {
        assert_eq!(rig.send(&bytes).status, 200);
        assert_eq!(rig.upstream.only_request().body.len(), 1 << 20);
        rig.upstream.forget();
    }
    for size in [(1 << 20) + 1, 2 << 20] {
        for bytes in [whole(&call(size)), chunks(&call(size))] {
            assert_eq!(rig.send(&bytes).status, 413);
            assert_eq!(rig.upstream.requests().len(), 0);
        }
    }
}

#[test]
fn a_body_that_is_compressed_is_not_looked_at() {
    let headers = [("content-encoding", "gzip")];
    rig().refused(&request("POST", "small.example", "/", &headers, b"1234"), 403, "body-encoded");
}

/// While the client waits for leave to send the body, nothing is decided yet.
#[test]
fn expect_continue_is_answered_and_the_body_decided() {
    let rig = rig();
    for (body, status) in [("1234", 200), ("123456789", 413)] {
        rig.upstream.forget();
        let mut connection = Connection::open(rig.envoy.port());
        let headers = [("expect", "100-continue"), ("transfer-encoding", "chunked")];
        connection.send(&request("POST", "small.example", "/", &headers, b""));
        let told = connection.read_some(64).expect("leave to go on");
        assert!(told.starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&told));
        assert_eq!(rig.upstream.requests().len(), 0, "nothing is sent before it is decided");
        connection.send(format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()).as_bytes());
        assert_eq!(connection.receive().expect("an answer").status, status);
        assert_eq!(rig.upstream.requests().len(), usize::from(status == 200));
    }
}

#[test]
fn headers_that_are_no_text_are_refused_and_the_filter_lives() {
    let rig = rig();
    for value in [&b"\xff"[..], b"\xc0\xaf", b"a\x80"] {
        let bytes = [b"GET / HTTP/1.1\r\nhost: api.example\r\nx-a: ", value, b"\r\n\r\n"].concat();
        rig.refused(&bytes, 400, "header-not-text");
    }
    let seen = rig.passes(&request("GET", "api.example", "/", &[("x-a", "é")], b""));
    assert_eq!(seen.header("x-a").as_deref(), Some("é"));
}

#[test]
fn trailers_pass_where_no_body_is_read_and_nowhere_else() {
    let rig = rig();
    let with = |authority: &str| chunked("POST", authority, "/", &[], &[b"1"], &[("x-t", "2")]);
    let seen = rig.passes(&with("api.example"));
    assert_eq!((seen.text().as_str(), seen.trailers.len()), ("1", 1));
    for authority in ["small.example", "files.example"] {
        rig.refused(&with(authority), 400, "request-malformed");
    }
}

#[test]
fn http2_is_decided_alike() {
    let rig = rig();
    let said = |authority: &str, path: &str, more: &[&str]| {
        let host = format!("host: {authority}");
        let once = || {
            let output = http2(rig.envoy.port(), path, &[&["--header", &host], more].concat());
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.rsplit('\n').next().unwrap_or_default().to_owned()
        };
        // curl gives up without a status where the stream is reset while it still sends; what is refused is not
        // passed on then, either.
        (0..3).map(|_| once()).find(|status| status != "000").unwrap_or_default()
    };
    assert_eq!(said("evil.example", "/", &[]), "403");
    assert_eq!(said("api.example", "/admin/x", &[]), "403");
    assert_eq!(said("small.example", "/", &["--data", "123456789"]), "413");
    assert_eq!(rig.upstream.requests().len(), 0);
    assert_eq!(said("api.example", "/v1", &[]), "200");
    assert_eq!(said("small.example", "/", &["--data", "1234"]), "200");
    assert_eq!(rig.upstream.requests().len(), 2);
}

#[test]
fn a_stream_to_a_plain_host_stays_one() {
    let rig = rig();
    let mut connection = Connection::open(rig.envoy.port());
    connection.send(&request("GET", "api.example", "/events", &[], b""));
    let mut first = String::new();
    while !first.contains("data: 1") {
        let bytes = connection.read_some(4096).expect("the first event");
        first += &String::from_utf8_lossy(&bytes);
    }
    assert!(!first.contains("data: 2"), "{first}");
}

/// A host without rules about bodies gets the first byte before the last one was sent.
#[test]
fn an_upload_that_nobody_reads_streams_through() {
    let rig = rig();
    let mut connection = Connection::open(rig.envoy.port());
    connection.send(&request("PUT", "api.example", "/big", &[("transfer-encoding", "chunked")], b""));
    let chunk = vec![b'a'; 1 << 20];
    let chunk = [b"100000\r\n".as_slice(), &chunk, b"\r\n"].concat();
    connection.send(&chunk);
    rig.upstream.wait_for(1, DEADLINE);
    // More than any buffer of the proxy holds.
    for _ in 0..7 {
        connection.send(&chunk);
    }
    connection.send(b"0\r\n\r\n");
    assert_eq!(connection.receive().expect("an answer").status, 200);
    assert_eq!(rig.upstream.only_request().body.len(), 8 << 20);
}

#[test]
fn a_client_that_goes_away_in_the_middle_leaves_nothing_behind() {
    let rig = rig();
    let mut connection = Connection::open(rig.envoy.port());
    connection.send(&request("POST", "files.example", "/", &[("content-length", "8")], b""));
    connection.send(b"{\"a\"");
    drop(connection);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(rig.upstream.requests().len(), 0);
    rig.passes(&request("GET", "api.example", "/", &[], b""));
}

const UPGRADE: &[(&str, &str)] = &[("connection", "Upgrade"), ("upgrade", "websocket")];

#[test]
fn an_upgrade_needs_the_rule_to_allow_tunnels() {
    let rig = rig();
    rig.refused(&request("GET", "api.example", "/", UPGRADE, b""), 403, "header-upgrade");
    let mut connection = Connection::open(rig.envoy.port());
    connection.send(&request("GET", "tunnel.example", "/", UPGRADE, b""));
    assert_eq!(connection.receive().expect("an answer").status, 101);
    connection.send(b"through");
    assert_eq!(connection.read_some(64).expect("an echo"), b"through");
}

#[test]
fn connect_needs_the_rule_to_allow_tunnels() {
    let rig = rig();
    let connect = |authority: &str| format!("CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n\r\n");
    rig.refused(connect("api.example:80").as_bytes(), 403, "tunnel-denied");
    rig.refused(connect("evil.example:80").as_bytes(), 403, "host-not-allowed");
    // Nobody sees the paths behind it, and some are denied.
    rig.refused(connect("tunnel.example:80").as_bytes(), 403, "tunnel-uninspected");
    let upstream = Upstream::start();
    let without_paths = json!({ "rules": [{ "hosts": ["tunnel.example:80"], "tunnel": true }] });
    let envoy = Envoy::start(&with_tunnels(governing(&upstream, &without_paths)).build());
    let mut connection = Connection::open(envoy.port());
    connection.send(connect("tunnel.example:80").as_bytes());
    assert_eq!(connection.receive().expect("an answer").status, 200);
    connection.send(&request("GET", "h", "/behind", &[], b""));
    upstream.wait_for(1, DEADLINE);
    assert_eq!(upstream.only_request().target, "/behind");
}

/// With trailers a body has no end of its own, and what was held back until the end has to go then.
#[test]
fn an_answer_that_is_read_may_have_trailers() {
    let list = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"echo"},{"name":"rm"}]}}"#;
    let (half, rest) = list.split_at(40);
    let upstream = Upstream::answering(move |_| {
        Answer::stream("application/json", &[half, rest], Duration::from_millis(50)).trailer("x-t", "1")
    });
    let envoy = Envoy::start(&governing(&upstream, &network()).build());
    let headers = [("content-type", "application/json")];
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    for _ in 0..2 {
        let answer =
            send(envoy.port(), &request("POST", "files.example", "/", &headers, body)).expect("an answer");
        assert!(answer.complete && answer.status == 200, "{answer:?}");
        assert_eq!(answer.json()["result"]["tools"], json!([{ "name": "echo" }]));
        assert_eq!(answer.trailers, [("x-t".to_owned(), b"1".to_vec())]);
    }
}

#[test]
fn metrics_and_the_access_log_tell() {
    let upstream = Upstream::start();
    let state = |name: &str| format!("%FILTER_STATE(wasm.sentinel.{name}:PLAIN)%");
    let names = ["decision", "code", "policy_digest", "reason", "tool"].map(state);
    let format = format!("{}|%RESPONSE_CODE%", names.join("|"));
    let envoy = Envoy::start(&governing(&upstream, &network()).access_log(&format).build());
    get(envoy.port(), "api.example", "/");
    get(envoy.port(), "evil.example", "/");
    let told = get(envoy.port(), "evil.example", "/").json();
    let digest = told["policyDigest"].as_str().expect("a digest");
    let denied = envoy.wait_for_log("deny|", DEADLINE);
    let begins = format!("deny|host-not-allowed|{digest}|Host");
    assert!(denied.starts_with(&begins) && denied.ends_with("|-|403"), "{denied}");
    // What an agent has by the thousand costs nothing; a tool that was called is told.
    assert_eq!(envoy.wait_for_log("-|200", DEADLINE), "-|-|-|-|-|200");
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "echo" } });
    post_json(envoy.port(), "files.example", "/", &call);
    assert_eq!(envoy.wait_for_log("echo|", DEADLINE), "-|-|-|-|mcp__files__echo|200");
    let stat = |name: &str| envoy.stat(&format!("wasmcustom.sentinel.{name}"));
    assert_eq!((stat("requests.allow"), stat("requests.deny"), stat("requests.escalate")), (2, 2, 0));
    assert_eq!(stat("policy.loaded"), 1);
    assert!(envoy.admin("/stats/prometheus").contains("sentinel_requests_deny{} 2"));
}

#[test]
fn without_a_policy_nothing_goes_out() {
    let upstream = Upstream::start();
    let daemon = Upstream::answering(|_| Answer::new(404, "application/json", "{}"));
    let configuration = json!({ "agentId": AGENT, "daemon": { "cluster": "daemon" } });
    let filter = wasm(module::sentinel(), &configuration);
    let envoy = Envoy::start(&Bootstrap::new(upstream.port()).daemon(daemon.port()).filter(filter).build());
    daemon.wait_for(1, DEADLINE);
    let response = get(envoy.port(), "api.example", "/");
    assert_eq!((response.status, response.header("x-soe-code").as_deref()), (503, Some("policy-missing")));
    assert_eq!(response.json()["error"], json!("blocked_by_soe"));
    upstream.assert_untouched();
    assert_eq!(envoy.stat("wasmcustom.sentinel.policy.loaded"), 0);
}

/// A meter that nobody reads is a meter that is over.
#[test]
fn what_needs_the_daemon_is_refused_without_one() {
    let upstream = Upstream::start();
    let mut metered = policy(&network());
    metered["rateLimits"] = json!({ "maxCallsPerMinute": 100 });
    let envoy = Envoy::start(&Bootstrap::new(upstream.port()).filter(governed(&metered)).build());
    let response = get(envoy.port(), "api.example", "/");
    assert_eq!((response.status, response.header("x-soe-code").as_deref()), (503, Some("daemon-missing")));
    upstream.assert_untouched();
}

/// The other mistakes are unit tests of the configuration: each start of a proxy takes a second.
#[test]
fn a_configuration_with_a_mistake_keeps_the_proxy_from_starting() {
    let upstream = Upstream::start();
    let own = policy(&network());
    let mut unknown = own.clone();
    unknown["network"]["allowHost"] = json!([]);
    for (configuration, told) in [
        (json!({ "agentId": AGENT }), "`policy` is missing"),
        (json!({ "agentId": "other", "policy": own }), "governs `tester`"),
        (json!({ "agentId": AGENT, "policy": unknown }), "allowHost"),
    ] {
        let filter = wasm(module::sentinel(), &configuration);
        let log = Envoy::options(&Bootstrap::new(upstream.port()).filter(filter).build())
            .try_start()
            .expect_err("it does not start");
        assert!(log.contains(told), "`{told}` is told:\n{log}");
    }
    upstream.assert_untouched();
}
