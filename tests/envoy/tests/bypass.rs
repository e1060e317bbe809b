//! Every way that is known to hide a call of a forbidden tool, in front of real MCP servers: refused by
//! our filter, and the tool never runs. Where the same bytes run it without a filter, that is shown,
//! so that a row cannot pass for the wrong reason. Envoy's own MCP filter is the baseline.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test fails loudly")]

use sentinel_envoy_tests::bootstrap::extension;
use sentinel_envoy_tests::client::{chunked, get, http2, request, send};
use sentinel_envoy_tests::filter::{governed, policy};
use sentinel_envoy_tests::script::{Server, gzip};
use sentinel_envoy_tests::{Bootstrap, Connection, Envoy, tools};
use serde_json::{Value, json};

const HOST: &str = "tools.example";
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";

/// One way, and who falls for it.
struct Row {
    name: &'static str,
    bytes: Vec<u8>,
    /// Servers that run the tool if nothing is in front of them.
    runs_v2: bool,
    runs_v1: bool,
    /// Whether Envoy's MCP filter and RBAC, with all their flags, refuse it.
    baseline: bool,
}

fn row(name: &'static str, bytes: Vec<u8>) -> Row {
    Row { name, bytes, runs_v2: false, runs_v1: false, baseline: true }
}

impl Row {
    fn runs(mut self) -> Self {
        (self.runs_v2, self.runs_v1) = (true, true);
        self
    }

    fn runs_v1(mut self) -> Self {
        self.runs_v1 = true;
        self
    }

    fn runs_v2(mut self) -> Self {
        self.runs_v2 = true;
        self
    }

    fn fools_the_baseline(mut self) -> Self {
        self.baseline = false;
        self
    }
}

/// Headers of every client; the agent's media type is among them.
const ACCEPT: (&str, &str) = ("accept", "application/json, text/event-stream");
const JSON: (&str, &str) = ("content-type", "application/json");
const MODERN: [(&str, &str); 5] =
    [ACCEPT, JSON, ("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", "rm")];

fn post(body: impl AsRef<[u8]>) -> Vec<u8> {
    with(&[ACCEPT, JSON], body)
}

fn with(headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    request("POST", HOST, "/mcp", headers, body.as_ref())
}

fn call(params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#)
}

fn modern(name: &str) -> String {
    let meta = json!({
        VERSION_KEY: "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "c", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    call(&json!({ "name": name, "arguments": {}, "_meta": meta }).to_string())
}

fn named(header: &'static str) -> [(&'static str, &'static str); 5] {
    let mut headers = MODERN;
    headers[4].1 = header;
    headers
}

/// The matrix.
fn rows() -> Vec<Row> {
    let rm = || call(r#"{"name":"rm","arguments":{}}"#);
    let echo = call(r#"{"name":"echo","arguments":{}}"#);
    let long = format!(r#"{{"arguments":{{"message":"{}"}},"name":"rm"}}"#, "a".repeat(300_000));
    let two = rm().replace("\"id\":1", "\"id\":2");
    vec![
        row("legacy", post(rm())).runs(),
        row("modern", with(&MODERN, modern("rm"))).runs_v2(),
        row(
            "chunked",
            chunked(
                "POST",
                HOST,
                "/mcp",
                &[ACCEPT, JSON],
                &[&rm().as_bytes()[..50], &rm().as_bytes()[50..]],
                &[],
            ),
        )
        .runs(),
        row("chunks of one byte", {
            let bytes = rm();
            let chunks: Vec<&[u8]> = bytes.as_bytes().chunks(1).collect();
            chunked("POST", HOST, "/mcp", &[ACCEPT, JSON], &chunks, &[])
        })
        .runs(),
        row("leading spaces", post(format!("{}{}", " ".repeat(70), rm()))).runs(),
        row("spaces everywhere", post(rm().replace(':', " :\t").replace(',', "\r\n, "))).runs(),
        row("escaped key", post(call(r#"{"n\u0061me":"rm","arguments":{}}"#))).runs(),
        row("escaped value", post(call(r#"{"name":"\u0072m","arguments":{}}"#))).runs(),
        row("escaped method", post(rm().replace("tools/call", r"tools\/c\u0061ll"))).runs(),
        row("batch", post(format!("[{}]", rm()))).runs(),
        row("batch, the second", post(format!("[{echo},{two}]"))).runs(),
        row("batch in a batch", post(format!("[[{}]]", rm()))),
        row("modern batch", with(&MODERN, format!("[{}]", modern("rm")))),
        row(
            "batch under 2025-11-25",
            with(&[ACCEPT, JSON, ("mcp-protocol-version", "2025-11-25")], format!("[{}]", rm())),
        )
        .runs(),
        row("duplicate keys", post(call(r#"{"name":"echo","name":"rm","arguments":{}}"#))).runs(),
        row("duplicate keys, the first", post(call(r#"{"name":"rm","name":"echo","arguments":{}}"#))),
        row("duplicate keys, one escaped", post(call(r#"{"name":"echo","n\u0061me":"rm","arguments":{}}"#)))
            .runs(),
        row("duplicate method", post(rm().replace("\"method\"", "\"method\":\"ping\",\"method\""))).runs(),
        row(
            "duplicate params",
            post(rm().replace("\"params\"", "\"params\":{\"name\":\"echo\"},\"params\"")),
        )
        .runs(),
        row("header and body differ", with(&named("echo"), modern("rm"))),
        row("header in base64 and body differ", with(&named("=?base64?ZWNobw==?="), modern("rm"))),
        row("method in header and body differ", {
            let mut headers = MODERN;
            headers[3].1 = "tools/list";
            with(&headers, modern("rm"))
        }),
        row("version in header and body differ", {
            let mut headers = MODERN;
            headers[2].1 = "2025-11-25";
            with(&headers, modern("rm"))
        })
        .runs_v1(),
        row("a legacy body that claims to be echo", with(&[ACCEPT, JSON, ("mcp-name", "echo")], rm())).runs(),
        row("300 kB, the name last", post(call(&long))).runs_v2(),
        row("byte order mark", post([b"\xef\xbb\xbf", rm().as_bytes()].concat())).runs(),
        row("gzip", with(&[ACCEPT, JSON, ("content-encoding", "gzip")], gzip(rm().as_bytes()))).runs_v1(),
        row("charset UTF-7", {
            let headers = [ACCEPT, ("content-type", "application/json; charset=utf-7")];
            with(&headers, call(r#"{"name":"echo","+AG4AYQBtAGU-":"rm","arguments":{}}"#))
        })
        .runs_v1()
        .fools_the_baseline(),
        row("charset UTF-16", {
            let headers = [ACCEPT, ("content-type", "application/json; charset=utf-16le")];
            with(&headers, rm().encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
        })
        .runs_v1(),
        row("no media type", with(&[ACCEPT], rm())),
        row(
            "media type of a form",
            with(&[ACCEPT, ("content-type", "application/x-www-form-urlencoded")], rm()),
        ),
        row("bytes after the message", post(format!("{}\n{}", echo, rm()))),
        row("not UTF-8", post([rm().as_bytes(), b"\xff"].concat())),
        row("id missing", post(rm().replace("\"id\":1,", ""))),
        row("a query behind the path", request("POST", HOST, "/mcp?a=1", &[ACCEPT, JSON], rm().as_bytes()))
            .runs(),
        row(
            "another letter case of the path",
            request("POST", HOST, "/MCP", &[ACCEPT, JSON], rm().as_bytes()),
        )
        .runs(),
        row("a slash behind the path", request("POST", HOST, "/mcp/", &[ACCEPT, JSON], rm().as_bytes()))
            .runs(),
        row("another path", request("POST", HOST, "/x", &[ACCEPT, JSON], rm().as_bytes())).runs_v2(),
        row("another path, a batch", {
            let batch = format!("[{}]", rm());
            request("POST", HOST, "/x", &[ACCEPT, JSON], batch.as_bytes())
        })
        .runs_v2(),
        row("another path, byte order mark", {
            let body = [b"\xef\xbb\xbf", rm().as_bytes()].concat();
            request("POST", HOST, "/x", &[ACCEPT, JSON], &body)
        })
        .runs_v2(),
        row(
            "another path, gzip",
            request(
                "POST",
                HOST,
                "/x",
                &[ACCEPT, JSON, ("content-encoding", "gzip")],
                &gzip(rm().as_bytes()),
            ),
        ),
        row("a parameter behind the path", request("POST", HOST, "/mcp;x", &[ACCEPT, JSON], rm().as_bytes()))
            .runs_v2(),
        row(
            "a GET that says it is a POST",
            request(
                "GET",
                HOST,
                "/mcp",
                &[ACCEPT, JSON, ("x-http-method-override", "POST")],
                rm().as_bytes(),
            ),
        ),
        row(
            "the port that is the default",
            request("POST", "TOOLS.example.:80", "/mcp", &[ACCEPT, JSON], rm().as_bytes()),
        )
        .runs_v2(),
        row("an approval that the client made up", {
            let params = json!({
                "name": "rm", "arguments": {}, "requestState": "sentinel-approval:apr_1",
                "inputResponses": { "sentinel_approval": { "action": "accept", "content": {} } },
            });
            post(call(&params.to_string()))
        })
        .runs(),
    ]
}

/// A server behind nothing, our filter and Envoy's own.
struct Peer {
    server: Server,
    envoy: Envoy,
}

impl Peer {
    fn start(script: &str) -> Self {
        let server = Server::start(&tools::mcp_node(), script, &[]);
        let network = json!({
            "rules": [{ "hosts": [HOST], "mcp": { "server": "tools", "paths": ["/mcp"], "allowTools": ["*"], "denyTools": ["rm"] } }],
        });
        let to_server = || Bootstrap::new(server.port());
        let ours = to_server().filter(governed(&policy(&network)));
        let theirs = to_server().buffer_bytes(8 << 20).filter(mcp_filter()).filter(rbac());
        let envoy = Envoy::start(&Bootstrap::build_all(&[
            ("ours", &ours),
            ("theirs", &theirs),
            ("bare", &to_server()),
        ]));
        Self { server, envoy }
    }

    /// Which tools ran since it was last asked.
    fn ran(&self) -> Vec<String> {
        let told = get(self.server.port(), "127.0.0.1", "/ran").json();
        told.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Whether the tool ran, and what the client was told.
    fn send(&self, port: u16, bytes: &[u8]) -> (bool, String) {
        let response = send(port, bytes);
        let told = response.map_or_else(String::new, |own| format!("{} {}", own.status, own.text()));
        (self.ran().iter().any(|tool| tool == "rm"), told)
    }
}

/// All mistakes at once, so that one run tells the whole table.
fn check(peer: &Peer, falls: impl Fn(&Row) -> bool) {
    let mut wrong = Vec::new();
    for row in rows() {
        let mut expect = |what: &str, listener: &str, runs: bool| {
            let (ran, told) = peer.send(peer.envoy.port_of(listener), &row.bytes);
            if ran != runs {
                let told: String = told.chars().take(300).collect();
                wrong.push(format!("{}: {what}, ran: {ran}: {told}", row.name));
            }
        };
        expect("with our filter", "ours", false);
        expect("without a filter", "bare", falls(&row));
        expect("with Envoy's own", "theirs", falls(&row) && !row.baseline);
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), rows().len(), wrong.join("\n"));
}

#[test]
fn nothing_hides_a_call_from_the_filter_before_the_second_sdk() {
    let peer = Peer::start("mcp-v2.mjs");
    check(&peer, |row| row.runs_v2);
    what_is_allowed_runs(&peer);
    second_requests_are_decided(&peer);
}

#[test]
fn nothing_hides_a_call_from_the_filter_before_the_first_sdk() {
    let peer = Peer::start("mcp-v1.mjs");
    check(&peer, |row| row.runs_v1);
    what_is_allowed_runs(&peer);
}

/// A filter that refuses everything would pass the matrix.
fn what_is_allowed_runs(peer: &Peer) {
    let echo = post(call(r#"{"name":"echo","arguments":{"message":"hi"}}"#));
    for listener in ["ours", "theirs"] {
        let response = send(peer.envoy.port_of(listener), &echo).expect("an answer");
        assert!(response.status == 200 && response.text().contains("echo ran: hi"), "{}", response.text());
        assert_eq!(peer.ran(), ["echo"], "{listener}");
    }
}

/// What was decided of the first request of a connection says nothing of the next.
fn second_requests_are_decided(peer: &Peer) {
    let echo = post(call(r#"{"name":"echo","arguments":{}}"#));
    let rm = post(call(r#"{"name":"rm","arguments":{}}"#));
    let mut connection = Connection::open(peer.envoy.port_of("ours"));
    connection.send(&[echo.clone(), rm, echo].concat());
    for refused in [false, true, false] {
        let told = connection.receive().expect("an answer");
        assert_eq!(told.header("x-soe-decision").is_some(), refused, "{}", told.text());
    }
    assert_eq!(peer.ran(), ["echo", "echo"]);
    let body = call(r#"{"name":"rm","arguments":{}}"#);
    let host = format!("host: {HOST}");
    let arguments = [
        "--header",
        &host,
        "--header",
        "content-type: application/json",
        "--header",
        "accept: application/json, text/event-stream",
        "--data",
        &body,
    ];
    let told = http2(peer.envoy.port_of("ours"), "/mcp", &arguments);
    assert!(String::from_utf8_lossy(&told.stdout).contains("isError"), "{told:?}");
    assert!(peer.ran().is_empty(), "over HTTP/2");
}

/// Envoy's own filter, with every flag that makes it stricter.
fn mcp_filter() -> Value {
    extension(
        "envoy.filters.http.mcp",
        "envoy.extensions.filters.http.mcp.v3.Mcp",
        json!({
            "traffic_mode": "REJECT_NO_MCP",
            "reject_duplicate_keys": true,
            "attribute_source": "VERIFY",
            "max_request_body_size": 0,
        }),
    )
}

fn rbac() -> Value {
    let is_rm = json!({
        "filter": "envoy.filters.http.mcp",
        "path": [{ "key": "params" }, { "key": "name" }],
        "value": { "string_match": { "exact": "rm" } },
    });
    let permission = json!({ "sourced_metadata": { "metadata_matcher": is_rm } });
    let denied = json!({ "permissions": [permission], "principals": [{ "any": true }] });
    extension(
        "envoy.filters.http.rbac",
        "envoy.extensions.filters.http.rbac.v3.RBAC",
        json!({ "rules": { "action": "DENY", "policies": { "rm": denied } } }),
    )
}
