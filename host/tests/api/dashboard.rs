//! The files of the dashboard, over TCP: with one that was built, and with the page that stands for
//! one that was not.

use std::io::{Read as _, Write as _};

use sentinel::auth::Role;
use serde_json::json;

use crate::support::{Daemon, KEY, Reply, token};

/// What makes a page harmless, whatever it shows.
fn is_guarded(reply: &Reply) -> bool {
    let policy = reply.header("content-security-policy").unwrap_or_default();
    let is_strict = policy.starts_with("default-src 'none'")
        && policy.contains("frame-ancestors 'none'")
        && !policy.contains("unsafe-inline")
        && !policy.contains("unsafe-eval'")
        || policy.contains("'wasm-unsafe-eval'") && !policy.contains("'unsafe-eval'");
    is_strict
        && reply.header("x-content-type-options") == Some("nosniff")
        && reply.header("referrer-policy") == Some("no-referrer")
}

/// Whether it is the program's own page or file, and not a problem.
fn is_page(reply: &Reply) -> bool {
    reply.header("cross-origin-opener-policy") == Some("same-origin")
        && reply.header("x-frame-options") == Some("DENY")
        && is_guarded(reply)
}

/// Paths of files that the page names.
fn named(page: &str) -> Vec<String> {
    let own = page.split(['"', '\'']).filter_map(|part| part.strip_prefix("./"));
    own.map(|path| format!("/dashboard/{path}")).collect()
}

#[test]
fn the_page_and_its_files_are_there_for_everybody() {
    let daemon = Daemon::start();
    let page = daemon.ask("GET", "/dashboard/", &[], None);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert!(is_page(&page), "{page:?}");
    assert_eq!(page.body, daemon.ask("GET", "/dashboard/index.html", &[], None).body);
    for path in named(&page.body) {
        let file = daemon.ask("GET", &path, &[], None);
        assert!(file.status == 200 && is_page(&file) && file.header("etag").is_some(), "{path}: {file:?}");
        let is_hashed = file.header("cache-control") == Some("public, max-age=31536000, immutable");
        assert!(is_hashed || file.header("cache-control") == Some("no-cache"), "{path}");
        let small = daemon.ask("GET", &path, &[("accept-encoding", "gzip, br")], None);
        assert!(small.bytes.len() <= file.bytes.len(), "{path}");
    }
    for path in ["/", "/dashboard"] {
        let reply = daemon.ask("GET", path, &[], None);
        assert_eq!((reply.status, reply.header("location")), (307, Some("/dashboard/")), "{path}");
        assert!(is_page(&reply), "{reply:?}");
    }
    let metrics = daemon.get("/metrics").body;
    assert!(metrics.contains("path=\"/dashboard/{*path}\"") && metrics.contains("path=\"/dashboard/\""));
}

#[test]
fn what_a_browser_has_is_not_sent_again() {
    let daemon = Daemon::start();
    let page = daemon.ask("GET", "/dashboard/", &[], None);
    let tag = page.header("etag").unwrap();
    let again = daemon.ask("GET", "/dashboard/", &[("if-none-match", tag)], None);
    assert_eq!((again.status, again.header("etag")), (304, Some(tag)));
    assert!(again.bytes.is_empty() && is_page(&again), "{again:?}");
    assert_eq!(daemon.ask("GET", "/dashboard/", &[("if-none-match", "\"x\"")], None).status, 200);
    // A tag of another form of the same file is another one.
    let small = daemon.ask("GET", "/dashboard/", &[("accept-encoding", "br")], None);
    if small.header("content-encoding").is_some() {
        assert_eq!(
            daemon
                .ask("GET", "/dashboard/", &[("if-none-match", small.header("etag").unwrap())], None)
                .status,
            200
        );
    }
    assert_eq!(small.header("vary"), Some("accept-encoding"));
}

#[test]
fn heads_have_no_body_and_other_methods_are_refused() {
    let daemon = Daemon::start();
    let (page, head) =
        (daemon.ask("GET", "/dashboard/", &[], None), daemon.ask("HEAD", "/dashboard/", &[], None));
    assert_eq!((head.status, head.bytes.len()), (200, 0));
    for name in ["content-length", "content-type", "etag", "content-security-policy"] {
        assert_eq!(head.header(name), page.header(name), "{name}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
        for path in ["/", "/dashboard", "/dashboard/", "/dashboard/index.html"] {
            let reply = daemon.ask(method, path, &[], None);
            assert_eq!((reply.status, reply.code().as_str()), (405, "method-not-allowed"), "{method} {path}");
            assert!(is_guarded(&reply), "{method} {path}: {reply:?}");
        }
    }
}

#[test]
fn no_path_leads_out_of_the_table() {
    let daemon = Daemon::start();
    for path in [
        "/dashboard//",
        "/dashboard/nothing.js",
        "/dashboard/..",
        "/dashboard/../Cargo.toml",
        "/dashboard/..%2f..%2fCargo.toml",
        "/dashboard/%2e%2e/%2e%2e/etc/passwd",
        "/dashboard/..\\..\\etc\\passwd",
        "/dashboard//etc/passwd",
        "/dashboard/%2fetc%2fpasswd",
        "/dashboard/./index.html",
        "/dashboard/index.html/",
        "/dashboard/index.html%00.js",
        "/dashboard/INDEX.HTML",
        "/dashboard/assets/",
        "/dashboard/assets",
        "/dashboard/.git/config",
        "/Dashboard/",
        "//dashboard/",
    ] {
        let reply = daemon.ask("GET", path, &[], None);
        assert_eq!((reply.status, reply.code().as_str()), (404, "not-found"), "{path}: {reply:?}");
        assert!(is_guarded(&reply), "{path}: {reply:?}");
    }
    let query = daemon.ask("GET", "/dashboard/?file=../../etc/passwd", &[], None);
    assert_eq!((query.status, query.code().as_str()), (400, "bad-request"));
    assert!(is_guarded(&query), "{query:?}");
    // As a proxy would send it.
    let absolute = daemon.ask("GET", "http://localhost/dashboard/", &[], None);
    assert_eq!(absolute.status, 200);
    // A path that is no text.
    let mut stream = daemon.connect();
    stream.write_all(b"GET /dashboard/\xff\xfe HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    assert!(text.starts_with("HTTP/1.1 400") || text.starts_with("HTTP/1.1 404"), "{text}");
}

#[test]
fn every_answer_of_the_api_says_that_it_is_no_page() {
    let daemon = Daemon::start();
    for reply in [
        daemon.get("/v1/agents"),
        daemon.get("/nothing"),
        daemon.ask("GET", "/v1/agents", &[], None),
        daemon.post("/v1/evaluate", "{"),
        daemon.ask("PUT", "/v1/evaluate", &[], None),
        daemon.get("/metrics"),
        daemon.get("/openapi.json"),
    ] {
        let policy = reply.header("content-security-policy");
        assert_eq!(policy, Some("default-src 'none'; frame-ancestors 'none'"), "{reply:?}");
    }
}

#[test]
fn activity_is_what_was_decided_here_of_late() {
    let daemon = Daemon::governed();
    let sums = |reply: &Reply| {
        let own = reply.json()["activity"].as_array().unwrap().clone();
        let sum = |name: &str| own.iter().map(|own| own[name].as_u64().unwrap()).sum::<u64>();
        (own.len(), [sum("allow"), sum("deny"), sum("escalate")])
    };
    assert_eq!(sums(&daemon.get("/v1/dashboard")), (60, [0, 0, 0]));
    for tool in ["search_code", "search_code", "nonsense"] {
        let call = json!({ "agentId": "my-agent", "toolName": tool, "toolInput": {} }).to_string();
        assert_eq!(daemon.post("/v1/evaluate", &call).status, 200);
    }
    let reply = daemon.get("/v1/dashboard");
    assert_eq!(sums(&reply), (60, [2, 1, 0]));
    let steps = reply.json()["activity"].as_array().unwrap().clone();
    for own in &steps {
        let is_some = own["allow"] != 0 || own["deny"] != 0;
        assert_eq!((own["p50Micros"].is_u64(), own["p99Micros"].is_u64()), (is_some, is_some), "{own}");
        assert!(!is_some || own["p50Micros"].as_u64() <= own["p99Micros"].as_u64(), "{own}");
        let at = own["at"].as_str().unwrap();
        assert!(at.ends_with("0.000Z"), "{at}");
    }
    // It is of all agents together.
    let one = daemon.ask_as(&token(&[Role::Audit], "my-agent"), "GET", "/v1/dashboard", None);
    assert_eq!(one.json()["activity"], json!([]));
}

#[test]
fn an_entry_says_where_its_call_would_have_run() {
    let daemon = Daemon::governed();
    let call = json!({
        "agentId": "my-agent", "toolName": "pay", "toolInput": {}, "workspace": "/home/me/shop",
        "home": "/home/me", "cwd": "/home/me/shop/src", "shell": "bash",
        "cost": { "usd": "0.25", "tokens": 12 },
    });
    let told = daemon.post("/v1/evaluate", &call.to_string()).json();
    let entry = daemon.get("/v1/dashboard").json()["recentEvents"][0].clone();
    assert_eq!(
        entry["context"],
        json!({
            "cost": { "tokens": 12, "usd": "0.25" }, "cwd": "/home/me/shop/src", "home": "/home/me",
            "shell": "bash", "workspace": "/home/me/shop",
        })
    );
    assert_eq!(entry["callDigest"], told["callDigest"], "there is no secret in it");
    let plain = json!({ "agentId": "my-agent", "toolName": "pay", "toolInput": {} });
    daemon.post("/v1/evaluate", &plain.to_string());
    assert!(daemon.get("/v1/dashboard").json()["recentEvents"][0].get("context").is_none());
    // A secret in it is none in the ledger, and more than anybody says is left out.
    let mut call = plain.clone();
    call["workspace"] = json!("/x/ghp_0123456789abcdefghijABCDEFGHIJ012345");
    let told = daemon.post("/v1/evaluate", &call.to_string()).json();
    let entry = daemon.get("/v1/dashboard").json()["recentEvents"][0].clone();
    assert!(
        !entry.to_string().contains("ghp_0123456789") && entry["callDigest"] != told["callDigest"],
        "{entry}"
    );
    let mut call = plain;
    call["cost"] = json!({ "usd": "0.1", "more": "x".repeat(100_000) });
    daemon.post("/v1/evaluate", &call.to_string());
    let entry = daemon.get("/v1/dashboard").json()["recentEvents"][0].clone();
    assert!(entry["decision"] == "deny" && entry.to_string().len() < 4_000, "{entry}");
}

#[test]
fn a_daemon_may_have_none() {
    let daemon = Daemon::with(&[("SOE_API_KEY", KEY), ("SENTINEL_DASHBOARD", "false")]);
    for path in ["/", "/dashboard", "/dashboard/", "/dashboard/index.html"] {
        let reply = daemon.ask("GET", path, &[], None);
        assert_eq!((reply.status, reply.code().as_str()), (404, "not-found"), "{path}");
        assert!(is_guarded(&reply), "{path}");
    }
}
