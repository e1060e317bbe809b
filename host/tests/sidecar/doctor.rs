//! `sentinel doctor --proxy` against things that are no proxy, or not ours.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use serde_json::Value;

use crate::support::{Place, policy};

/// Answers every request with the same text; the address.
fn server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(answer.replace('\n', "\r\n").as_bytes());
        }
    });
    format!("http://{address}")
}

const DENIAL: &str = "HTTP/1.1 403 Forbidden
content-type: application/json
x-soe-decision: deny
connection: close

{\"error\":\"egress_denied\",\"decision\":\"deny\",\"code\":\"host-not-allowed\",\"policyDigest\":\"sha256:00\"}";

/// Statuses by name, and how it ended. Nobody is at the address outside.
fn doctor(place: &Place, proxy: &str, more: &[&str]) -> (Option<i32>, Vec<(String, String)>) {
    let output =
        place.run(&[&["doctor", "--json", "--outside", "127.0.0.9", "--proxy", proxy], more].concat());
    let checks: Vec<Value> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let word = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
    (output.status.code(), checks.iter().map(|check| (word(check, "check"), word(check, "status"))).collect())
}

fn status<'a>(checks: &'a [(String, String)], name: &str) -> &'a str {
    &checks.iter().find(|(own, _)| own == name).unwrap_or_else(|| panic!("no {name}: {checks:?}")).1
}

const CANARY: &str = "canary is denied by the proxy";
const POLICY: &str = "policy of the proxy";

#[test]
fn a_denial_of_the_filter_is_one() {
    let place = Place::new(&policy(""));
    let (code, checks) = doctor(&place, &server(DENIAL), &[]);
    assert_eq!((status(&checks, CANARY), status(&checks, POLICY)), ("ok", "ok"), "{checks:?}");
    assert_eq!(code, Some(0), "{checks:?}");
    let (code, checks) = doctor(&place, &server(DENIAL), &["--allow", "http://allowed.test/"]);
    assert_eq!((code, status(&checks, "allowed by the proxy")), (Some(1), "fail"));
    let (code, checks) = doctor(&place, &server(DENIAL), &["--policy", "coder.soe.json"]);
    assert_eq!((code, status(&checks, POLICY)), (Some(1), "fail"), "another policy: {checks:?}");
}

#[test]
fn what_only_looks_like_one_is_not() {
    let place = Place::new(&policy(""));
    for other in [
        "HTTP/1.1 200 OK\nconnection: close\n\nhello",
        "HTTP/1.1 403 Forbidden\nconnection: close\n\n{\"error\":\"egress_denied\",\"decision\":\"deny\"}",
        "HTTP/1.1 503 Unavailable\nx-soe-decision: deny\n\n{\"error\":\"blocked_by_soe\",\"decision\":\"deny\",\"code\":\"policy-missing\"}",
        "garbage",
        "",
    ] {
        let (code, checks) = doctor(&place, &server(other), &[]);
        assert_eq!((code, status(&checks, CANARY)), (Some(1), "fail"), "{other}: {checks:?}");
    }
    let (code, checks) = doctor(&place, "http://127.0.0.1:1", &[]);
    assert_eq!((code, status(&checks, CANARY)), (Some(1), "fail"), "nobody is there");
    let (code, _) = doctor(&place, "https://127.0.0.1:1", &[]);
    assert_eq!(code, Some(1), "no plain HTTP");
}
