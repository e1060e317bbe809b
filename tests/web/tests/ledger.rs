//! The golden log, verified by the package: what is whole is proven, and with one changed byte nothing
//! is.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_ledger::tiles;
use sentinel_web_tests::{Runtime, repository, run};
use serde_json::{Value, json};

const ORIGIN: &str = "ledger.example/golden";

fn read(name: &str) -> Vec<u8> {
    let path = repository("guest/ledger/testdata/log").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(name: &str) -> String {
    String::from_utf8(read(name)).expect("text")
}

fn golden() -> Value {
    let bundles =
        [(0, 256), (1, 44)].map(|(index, width)| read(&tiles::entries_path(index, width).expect("a path")));
    let entries = bundles.iter().flat_map(|bundle| tiles::decode_bundle(bundle).expect("a bundle"));
    json!({
        "origin": ORIGIN,
        "key": text("key").trim_end(),
        "receipt": STANDARD.encode(read("receipt.json")),
        "checkpoint": text("checkpoint"),
        "earlier": text("checkpoint.200"),
        "entries": entries.map(|entry| STANDARD.encode(entry)).collect::<Vec<_>>(),
        "proof": [],
    })
}

fn check(runtime: Runtime) {
    let found = run(runtime, "ledger", &golden());
    assert_eq!(found["believed"], json!([]), "what was changed was believed");
    let receipt = &found["receipt"];
    assert_eq!((&receipt["ok"], &receipt["origin"]), (&json!(true), &json!(ORIGIN)), "{receipt}");
    assert!(receipt["entryJson"].is_object(), "{receipt}");
    assert_eq!(found["object"], true);
    let audit = &found["audit"];
    assert_eq!((&audit["ok"], &audit["size"]), (&json!(true), &json!(300)), "{audit}");
    assert_eq!(audit["rotations"], json!([200]));
    assert_eq!(&found["streamed"], audit);
    assert_eq!((&found["earlier"]["ok"], &found["earlier"]["size"]), (&json!(true), &json!(200)));
    assert_eq!(found["grown"]["ok"], true, "{}", found["grown"]);
    for error in found["errors"].as_array().expect("a list") {
        assert!(error.as_str().is_some_and(|error| !error.is_empty()), "{error}");
    }
}

#[test]
fn the_golden_log_in_node() {
    check(Runtime::Node);
}

#[test]
fn the_golden_log_in_chromium() {
    check(Runtime::Chromium);
}
