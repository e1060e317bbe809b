//! What this project relies on in Envoy, seen in the Envoy that it is tested with: the filter that
//! decides nothing stands in for the one that does.

use std::time::Duration;

use sentinel_envoy_tests::client::{chunked, get, http2, request, send};
use sentinel_envoy_tests::trap::trapping;
use sentinel_envoy_tests::{Answer, Bootstrap, Connection, Envoy, Gate, Upstream, module, wasm};
use serde_json::json;

const DEADLINE: Duration = Duration::from_secs(60);

fn bootstrap(upstream: &Upstream) -> Bootstrap {
    Bootstrap::new(upstream.port()).filter(wasm(module::empty(), &json!({})))
}

#[test]
fn a_request_goes_through_and_is_remembered() {
    let upstream = Upstream::start();
    let envoy = Envoy::start(&bootstrap(&upstream).build());
    upstream.assert_untouched();
    let bytes =
        chunked("POST", "h.example", "/a/../b?q", &[("x-a", "1")], &[b"one", b"two"], &[("x-t", "2")]);
    let response = send(envoy.port(), &bytes).expect("an answer");
    assert_eq!((response.status, response.text().as_str()), (200, "upstream"));
    let seen = upstream.only_request();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/b?q"));
    assert_eq!((seen.header("host").as_deref(), seen.text().as_str()), (Some("h.example"), "onetwo"));
    assert!(seen.complete);
    assert_eq!(envoy.stat("http.agent.downstream_rq_2xx"), 1);
}

#[test]
fn http2_without_tls_is_understood() {
    let upstream = Upstream::start();
    let envoy = Envoy::start(&bootstrap(&upstream).build());
    assert_eq!(http2(envoy.port(), "h", "/two", &[], Some("body")), (200, "upstream".to_owned()));
    assert_eq!(upstream.only_request().text(), "body");
}

#[test]
fn a_stream_stays_one() {
    let gate = Gate::default();
    let held = gate.clone();
    let upstream = Upstream::answering(move |_| {
        Answer::stream("text/event-stream", &["data: 1\n\n", "data: 2\n\n"], Duration::ZERO).gated(1, &held)
    });
    let envoy = Envoy::start(&bootstrap(&upstream).build());
    let mut connection = Connection::open(envoy.port());
    connection.send(&request("GET", "h", "/", &[], b""));
    // The second is not sent before the first was read.
    connection.read_until("data: 1");
    gate.set(true);
    connection.read_until("data: 2");
}

/// What Envoy refuses by itself reaches neither the filter nor the upstream.
#[test]
fn what_can_be_read_in_two_ways_is_refused_by_the_proxy() {
    let upstream = Upstream::start();
    let envoy = Envoy::start(&bootstrap(&upstream).build());
    let cases: &[(&str, u16)] = &[
        ("GET /a HTTP/1.1\r\n\r\n", 400),
        ("GET /a HTTP/1.0\r\nhost: h\r\n\r\n", 426),
        ("GET /a%2fb HTTP/1.1\r\nhost: h\r\n\r\n", 400),
        ("GET /a%5cb HTTP/1.1\r\nhost: h\r\n\r\n", 400),
        ("GET /a%00 HTTP/1.1\r\nhost: h\r\n\r\n", 400),
        ("GET /a#b HTTP/1.1\r\nhost: h\r\n\r\n", 400),
        ("GET a HTTP/1.1\r\nhost: h\r\n\r\n", 400),
        ("GET https://h/a HTTP/1.1\r\nhost: h\r\n\r\n", 403),
        ("GET /a HTTP/1.1\r\nhost: a b\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\nhost: a\\b\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\nhost: h\r\nx_a: 1\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\nhost: h\r\nx-a : 1\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\nhost: h\r\nx-a: \0\r\n\r\n", 400),
        ("get /a HTTP/1.1\r\nhost: h\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", 403),
        ("CONNECT h:443 HTTP/1.1\r\nhost: h:443\r\n\r\n", 404),
        ("POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc", 400),
        ("POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: +3\r\n\r\nabc", 400),
        ("POST /a HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (
            "POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
    ];
    for (bytes, status) in cases {
        let response = send(envoy.port(), bytes.as_bytes()).unwrap_or_else(|| panic!("no answer: {bytes}"));
        assert_eq!(response.status, *status, "{bytes}");
    }
    upstream.assert_untouched();
}

/// Every path that is forwarded has one spelling, whatever the agent wrote.
#[test]
fn paths_are_in_one_spelling_before_the_filter_sees_them() {
    let upstream = Upstream::start();
    let envoy = Envoy::start(&bootstrap(&upstream).build());
    for (sent, forwarded) in [
        ("/a/./b", "/a/b"),
        ("/a/%2e%2e/b", "/b"),
        ("//a//b", "/a/b"),
        ("/a\\b", "/a/b"),
        ("/%61", "/a"),
        ("/../a", "/a"),
        ("/x/..;/y", "/y"),
        ("/a?x=//../y", "/a?x=//../y"),
        // These two the filter has to refuse by itself.
        ("/a%zz", "/a%zz"),
        ("/a%252e", "/a%252e"),
    ] {
        assert_eq!(get(envoy.port(), "h", sent).status, 200, "{sent}");
        assert_eq!(upstream.only_request().target, forwarded, "{sent}");
        upstream.forget();
    }
}

#[test]
fn what_the_client_says_about_the_scheme_is_not_believed() {
    let upstream = Upstream::start();
    let envoy = Envoy::start(&bootstrap(&upstream).access_log("scheme=%REQ(:SCHEME)%").build());
    let claims = [("x-forwarded-proto", "https"), ("x-envoy-original-path", "/other")];
    assert_eq!(send(envoy.port(), &request("GET", "h", "/", &claims, b"")).expect("an answer").status, 200);
    assert_eq!(envoy.wait_for_log("scheme=", DEADLINE), "scheme=http");
    let seen = upstream.only_request();
    assert_eq!(seen.header("x-forwarded-proto").as_deref(), Some("http"));
    assert_eq!(seen.header("x-envoy-original-path"), None);
}

#[test]
fn a_filter_that_cannot_be_loaded_keeps_the_proxy_from_starting() {
    let upstream = Upstream::start();
    let directory = tempfile::tempdir().expect("a directory");
    let broken = directory.path().join("broken.wasm");
    std::fs::write(&broken, b"\0asm\x01\0\0\0").expect("a module");
    let config = Bootstrap::new(upstream.port()).filter(wasm(&broken, &json!({}))).build();
    let log = Envoy::options(&config).try_start().expect_err("it does not start");
    assert!(log.contains("Unable to create Wasm plugin"), "{log}");
}

#[test]
fn each_worker_has_a_filter_of_its_own() {
    let upstream = Upstream::start();
    let envoy = Envoy::options(&bootstrap(&upstream).build()).workers(3).start();
    assert_eq!(get(envoy.port(), "h", "/").status, 200);
    // One for each worker and one for the main thread, beside the one that they are made from.
    assert_eq!(envoy.stat("wasm.envoy.wasm.runtime.v8.active"), 5);
}

/// A filter that has failed before it could decide lets nothing through, and none ever after.
#[test]
fn a_filter_that_dies_refuses_from_then_on() {
    let directory = tempfile::tempdir().expect("a directory");
    for callback in [
        "proxy_on_context_create",
        "proxy_on_request_headers",
        "proxy_on_request_body",
        "proxy_on_request_trailers",
    ] {
        let upstream = Upstream::start();
        let broken = trapping(module::empty(), callback, directory.path());
        let config = Bootstrap::new(upstream.port()).filter(wasm(&broken, &json!({}))).build();
        let bytes = chunked("POST", "h", "/", &[], &[b"one"], &[("x-t", "1")]);
        match Envoy::options(&config).try_start() {
            // The root is a context as well.
            Err(log) => assert!(log.contains("Unable to create Wasm plugin"), "{callback}: {log}"),
            Ok(envoy) => {
                let response = send(envoy.port(), &bytes).expect("an answer");
                assert_eq!(response.status, 503, "{callback}");
                assert_eq!(get(envoy.port(), "h", "/").status, 503, "{callback}: the next request");
                // Only who has let the headers go lets them arrive without the rest.
                assert!(upstream.requests().iter().all(|request| !request.complete), "{callback}");
            }
        }
    }
}
