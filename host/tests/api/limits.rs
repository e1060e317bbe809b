//! What is refused before anybody looks at it: size, depth, type, time, names, places.

use std::io::{Read as _, Write as _};

use crate::support::{Daemon, KEY, Reply, write_request};

const CALL: &str = r#"{"agentId":"my-agent","toolName":"search_code","toolInput":{}}"#;

fn refused(reply: &Reply, status: u16, code: &str) {
    assert_eq!((reply.status, reply.code().as_str()), (status, code), "{reply:?}");
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
}

#[test]
fn paths_and_methods() {
    let daemon = Daemon::start();
    refused(&daemon.get("/nothing"), 404, "not-found");
    refused(&daemon.get("/v1/evaluate/"), 404, "not-found");
    for method in ["GET", "TRACE", "PUT", "OPTIONS", "DELETE", "NONSENSE"] {
        let reply = daemon.ask(method, "/v1/evaluate", &[], None);
        refused(&reply, 405, "method-not-allowed");
        assert_eq!(reply.header("allow"), Some("POST"), "{method}");
    }
    let allow = daemon.ask("PUT", "/v1/sessions/x", &[], None);
    let mut methods: Vec<_> = allow.header("allow").unwrap().split(',').collect();
    methods.sort_unstable();
    assert_eq!(methods, ["DELETE", "GET", "HEAD"]);
    let metrics = daemon.get("/metrics").body;
    assert!(metrics.contains("soe_api_requests_total{method=\"other\",path=\"other\"} 1"), "{metrics}");
    assert!(metrics.contains("soe_api_requests_total{method=\"TRACE\",path=\"other\"} 1"), "{metrics}");
}

#[test]
fn unknown_parameters() {
    let daemon = Daemon::start();
    for path in [
        "/v1/agents?pages=1",
        "/v1/health?x",
        "/v1/agents?limit=1&limit=2",
        "/openapi.json?a=b",
        "/v1/dashboard?Limit=1",
    ] {
        refused(&daemon.get(path), 400, "bad-request");
    }
    assert_eq!(daemon.get("/v1/health?").status, 200);
}

#[test]
fn types_and_sizes() {
    let daemon = Daemon::with(&[("SOE_API_KEY", KEY), ("SENTINEL_BODY_BYTES_MAX", "4096")]);
    let bearer = format!("Bearer {KEY}");
    let ask = |headers: &[(&str, &str)], body: &str| {
        let headers: Vec<_> = [("authorization", bearer.as_str())].iter().chain(headers).copied().collect();
        daemon.ask("POST", "/v1/evaluate", &headers, Some(body))
    };
    assert_eq!(ask(&[], CALL).status, 200);
    assert_eq!(ask(&[("content-type", "application/cloudevents+json; charset=UTF-8")], CALL).status, 200);
    refused(&ask(&[("content-type", "text/plain")], CALL), 415, "unsupported-media-type");
    refused(&ask(&[("content-encoding", "gzip")], CALL), 415, "unsupported-media-type");
    let large = CALL.replace("{}", &format!("{{\"query\":\"{}\"}}", "x".repeat(5000)));
    refused(&ask(&[], &large), 413, "body-too-large");
    // Nobody says how much it will be.
    let mut stream = daemon.connect();
    let head = format!(
        "POST /v1/evaluate HTTP/1.1\r\nhost: localhost\r\nauthorization: {bearer}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    for _ in 0..6 {
        if stream.write_all(format!("400\r\n{}\r\n", "[".repeat(1024)).as_bytes()).is_err() {
            break;
        }
    }
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    assert!(text.starts_with("HTTP/1.1 413"), "{text}");
}

#[test]
fn a_large_call_is_decided() {
    let daemon = Daemon::governed();
    let call = CALL.replace("{}", &format!("{{\"query\":\"{}\"}}", "x".repeat(3 << 20)));
    assert_eq!(daemon.post("/v1/evaluate", &call).json()["decision"], "allow");
}

#[test]
fn a_body_that_does_not_come() {
    let daemon = Daemon::with(&[("SOE_API_KEY", KEY), ("SOE_REQUEST_TIMEOUT", "300")]);
    let mut stream = daemon.connect();
    let headers = [("authorization", format!("Bearer {KEY}")), ("content-length", "100".to_owned())];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    write_request(&mut stream, "POST", "/v1/evaluate", &headers, None);
    stream.write_all(b"{").unwrap();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    assert!(text.starts_with("HTTP/1.1 504") && text.contains("\"decision\":\"deny\""), "{text}");
}

#[test]
fn without_authentication_only_this_machine_asks() {
    let daemon =
        Daemon::with(&[("SOE_AUTH_DISABLED", "true"), ("SOE_CORS_ORIGINS", "http://localhost:8080")]);
    let ask = |headers: &[(&str, &str)]| daemon.ask("GET", "/v1/agents", headers, None);
    for host in ["localhost", "localhost:3100", "127.0.0.1:1", "[::1]:3100"] {
        assert_eq!(ask(&[("host", host)]).status, 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:3100", "0.0.0.0"] {
        refused(&ask(&[("host", host)]), 403, "bad-host");
    }
    refused(&daemon.ask("GET", "/nothing", &[("host", "evil.example")], None), 403, "bad-host");
    refused(&daemon.ask("GET", "http://evil.example/v1/agents", &[], None), 403, "bad-host");
    for origin in
        ["http://evil.example", "null", "http://localhost:81", "http://127.0.0.1", "file://localhost"]
    {
        refused(&ask(&[("origin", origin)]), 403, "bad-origin");
    }
    assert_eq!(ask(&[("origin", "http://localhost:8080")]).status, 200);
    // The dashboard's own pages.
    assert_eq!(ask(&[("origin", "http://localhost")]).status, 200);
    // A page that asks without saying who it is.
    for site in ["cross-site", "same-site", "nonsense"] {
        refused(&ask(&[("sec-fetch-site", site), ("sec-fetch-mode", "no-cors")]), 403, "bad-origin");
    }
    assert_eq!(ask(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]).status, 200);
    let form = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
    refused(&daemon.ask("POST", "/v1/agents/my-agent/reset", &form, None), 403, "bad-origin");
    let call = daemon.ask("POST", "/v1/evaluate", &[("origin", "http://evil.example")], Some(CALL));
    assert_eq!((call.status, call.json()["decision"].as_str()), (403, Some("deny")));
    // The hook, too: a page gets no verdict.
    let hook = daemon.ask("POST", "/v1/hooks/claude-code?agent=a", &[("host", "evil.example")], Some("{}"));
    assert_eq!((hook.status, hook.header("x-sentinel-error")), (200, Some("bad-host")));
}

#[test]
fn pages_ask_from_where_they_may() {
    let daemon = Daemon::with(&[("SOE_API_KEY", KEY), ("SOE_CORS_ORIGINS", "https://console.example")]);
    let preflight = |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "authorization,content-type,idempotency-key"),
        ];
        let reply = daemon.ask("OPTIONS", "/v1/evaluate", &headers, None);
        reply.header("access-control-allow-origin").map(str::to_owned)
    };
    assert_eq!(preflight("https://console.example").as_deref(), Some("https://console.example"));
    for origin in ["https://evil.example", "null", "https://console.example.evil.example"] {
        assert_eq!(preflight(origin), None, "{origin}");
    }
    // Also where the answer is an error, so that a page can read it.
    let reply = daemon.ask("GET", "/v1/agents", &[("origin", "https://console.example")], None);
    assert_eq!(
        (reply.status, reply.header("access-control-allow-origin")),
        (401, Some("https://console.example"))
    );
    assert_eq!(reply.header("access-control-allow-credentials"), None);
}

#[test]
fn metrics_may_be_public() {
    let daemon = Daemon::with(&[("SOE_API_KEY", KEY), ("SOE_METRICS_PUBLIC", "true")]);
    let reply = daemon.ask("GET", "/metrics", &[], None);
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/plain; version=0.0.4")));
    for line in reply.body.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok() && !name.is_empty(), "{line}");
    }
}
