//! guardFetch in Node, with the official x402 client and server where somebody pays, and its core in the
//! other runtimes. The suites are in `tests/web/js/guard`, run by Node's own runner.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use sentinel_web_tests::{RUNTIMES, Runtime, node, package, repository, run, tools};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder in which the suites find their packages.
fn folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("sentinel-guard-").tempdir().expect("a directory");
    let modules = folder.path().join("node_modules");
    fs::create_dir_all(modules.join("@sentinel")).expect("a directory");
    symlink(package(), modules.join("@sentinel/policy")).expect("a link to the package");
    let x402 = repository("target/tools/x402/node_modules");
    assert!(x402.exists(), "`{}` is missing: run `cargo xtask setup`", x402.display());
    for entry in entries(&x402) {
        symlink(x402.join(&entry), modules.join(&entry)).expect("a link to a package");
    }
    let suites = repository("tests/web/js/guard");
    fs::write(folder.path().join("package.json"), r#"{"type":"module"}"#).expect("a manifest");
    for entry in entries(&suites) {
        fs::copy(suites.join(&entry), folder.path().join(&entry)).expect("a copy of a suite");
    }
    folder
}

fn entries(directory: &Path) -> Vec<std::ffi::OsString> {
    let listed = fs::read_dir(directory).expect("a directory");
    listed.map(|entry| entry.expect("an entry").file_name()).collect()
}

/// Runs one file of tests. Node says how many there were: none is no success.
fn suite(name: &str) {
    let folder = folder();
    let output = Command::new(node())
        .current_dir(folder.path())
        .args(["--test", "--test-reporter=tap", "--test-timeout=120000"])
        .arg(format!("{name}.test.mjs"))
        .output()
        .expect("node starts");
    let told = String::from_utf8_lossy(&output.stdout);
    let count = |what: &str| -> usize {
        let line = told.lines().find_map(|line| line.strip_prefix(&format!("# {what} ")));
        line.and_then(|number| number.parse().ok()).unwrap_or_default()
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && count("pass") > 0, "{name}:\n{told}\n{errors}");
    assert_eq!((count("fail"), count("skipped"), count("todo")), (0, 0, 0), "{name}:\n{told}");
}

#[test]
fn every_suite_is_run() {
    let own = include_str!("guard.rs");
    for entry in entries(&repository("tests/web/js/guard")) {
        let Some(name) = entry.to_str().and_then(|name| name.strip_suffix(".test.mjs")) else { continue };
        assert!(own.contains(&format!("suite(\"{name}\")")), "nobody runs `{name}`");
    }
}

#[test]
fn what_leaves_is_what_was_decided() {
    suite("requests");
}

#[test]
fn redirects_are_decided_hop_by_hop() {
    suite("redirects");
}

#[test]
fn money_is_held_before_it_leaves() {
    suite("payments");
}

#[test]
fn the_official_client_buys_through_it() {
    suite("x402");
}

#[test]
fn people_are_really_asked() {
    suite("approvals");
}

#[test]
fn records_hold_no_secrets() {
    suite("audit");
}

#[test]
fn storages_lose_nothing() {
    suite("records");
}

#[test]
fn budgets_are_documents() {
    suite("budget");
}

#[test]
fn budgets_survive_restarts() {
    suite("persist");
}

#[test]
fn daemons_decide_and_are_told() {
    suite("daemon");
}

#[test]
fn every_export_has_its_type() {
    let folder = folder();
    for (module, resolution) in [("nodenext", "nodenext"), ("esnext", "bundler")] {
        let output = Command::new(node())
            .current_dir(folder.path())
            .arg(tools().join("node_modules/typescript/bin/tsc"))
            .args(["--strict", "--noEmit", "--target", "es2022", "--lib", "es2022,dom,esnext.disposable"])
            .args([
                "--types",
                "",
                "--exactOptionalPropertyTypes",
                "--noUncheckedIndexedAccess",
                "--noUnusedLocals",
            ])
            .args(["--module", module, "--moduleResolution", resolution, "types.ts"])
            .output()
            .expect("node starts");
        assert!(output.status.success(), "{resolution}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

/// The engine's table of headers that say who asks, and the one that keeps them out of calls.
#[test]
fn credentials_are_those_of_the_engine() {
    let table = |path: &str, name: &str, quote: char| -> Vec<String> {
        let text = fs::read_to_string(repository(path)).expect("a source");
        let (_, rest) = text.split_once(&format!("const {name}")).expect("a table");
        let (_, rest) = rest.split_once('=').expect("its values");
        let (list, _) = rest.split_once(';').expect("its end");
        list.split(quote).skip(1).step_by(2).map(str::to_owned).collect()
    };
    for name in ["CREDENTIALS", "CREDENTIALS_END", "NO_CREDENTIALS"] {
        let engine = table("guest/engine/src/data/headers.rs", &format!("{name}:"), '"');
        let guard = table("guest/web/npm/src/guard/request.ts", &format!("{name} "), '"');
        assert!(!engine.is_empty() && engine == guard, "{name}: {engine:?}, {guard:?}");
    }
}

/// Browsers must never load what only Node has.
#[test]
fn only_one_entry_is_for_node() {
    let sources = repository("guest/web/npm/src");
    let guard = sources.join("guard");
    let files = entries(&guard).into_iter().map(|name| guard.join(name)).chain([sources.join("guard.ts")]);
    for file in files.filter(|file| file.extension() == Some(OsStr::new("ts"))) {
        let text = fs::read_to_string(&file).expect("a source");
        let is_for_node = file.file_name().is_some_and(|name| name == "node-storage.ts");
        let is_declaration = file.to_string_lossy().ends_with(".d.ts");
        assert_eq!(text.contains("from \"node:"), is_for_node, "{}", file.display());
        let names_it = text.contains("node-storage.js");
        assert!(is_for_node || is_declaration || !names_it, "{}", file.display());
    }
}

#[test]
fn it_is_the_same_in_every_runtime() {
    let expected = json!({
        "paid": 2,
        "refused": ["budget-exceeded", "budget-exceeded", "budget-exceeded", "budget-exceeded"],
        "spent": "1.000000",
        "denied": "host-not-allowed",
        "private": "address-private",
        "redirected": "host-not-allowed",
        "approved": 200,
        "asked": 1,
        "unseen": "payment-unseen",
        "restored": "budget-exceeded",
        "columns": 24,
        "sent": "https://shop.example/b/c?x=1",
    });
    for runtime in RUNTIMES {
        let found: Value = run(runtime, "guard/core", &json!({}));
        assert_eq!(found, expected, "{runtime:?}");
    }
}

#[test]
fn a_page_keeps_records() {
    let found = run(Runtime::Chromium, "guard/indexed-db", &json!({}));
    let expected = json!({
        "paths": 20, "last": "host-not-allowed", "hidden": true, "limited": 2, "closed": "the storage is over",
    });
    assert_eq!(found, expected);
}
