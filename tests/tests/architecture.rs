//! The rules of the layout, as tests: who may depend on whom, what a file must say of itself, and
//! that documents name what exists.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sentinel_tests::repository;

/// Longest file of ours, in lines.
const LINES_MAX: usize = 500;
/// Most crates that the engine may stand on, itself included.
const ENGINE_CRATES_MAX: usize = 28;

/// Directories of Rust sources.
const SOURCES: &[&str] = &["envoy", "examples", "guest", "host", "tests", "xtask"];

/// Endings of files that browsers, Node and workers run.
const SCRIPTS: [&str; 4] = [".js", ".ts", ".tsx", ".mjs"];

/// Files below a directory with this ending; what was built is left out.
fn files(below: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut work = vec![below.to_owned()];
    while let Some(directory) = work.pop() {
        for entry in fs::read_dir(&directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | "artifacts" | "corpus" | "node_modules")
                    || path.join("Cargo.toml").exists()
                {
                    work.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<PathBuf> {
    SOURCES.iter().flat_map(|own| files(&repository(own), ".rs")).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names of the crates that a package is built from.
fn crates(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal", "--prefix", "none", "--package", package])
        .current_dir(repository(""))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("names are UTF-8");
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n{}", wrong.join("\n"));
}

#[test]
fn the_host_meets_the_engine_only_as_the_component() {
    let crates = crates("sentinel");
    assert!(crates.contains("wasmtime"), "this test looks at the wrong thing: {crates:?}");
    assert!(!crates.contains("sentinel-engine"), "the host depends on the engine as a library");
}

#[test]
fn the_engine_stands_on_little() {
    let crates = crates("sentinel-engine");
    for name in ["tokio", "wasmtime", "rand", "chrono", "getrandom", "regex", "serde", "time"] {
        assert!(!crates.contains(name), "the engine depends on {name}");
    }
    assert!(crates.len() <= ENGINE_CRATES_MAX, "{} crates: {crates:?}", crates.len());
}

#[test]
fn the_engine_sees_nothing_of_the_world() {
    let banned = [
        "std::env",
        "std::fs",
        "std::net",
        "std::time",
        "std::process",
        "std::thread",
        "HashMap",
        "HashSet",
        "println!",
    ];
    let mut wrong = Vec::new();
    for path in files(&repository("guest/engine/src"), ".rs") {
        for (number, line) in read(&path).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let used = banned.iter().filter(|word| code.contains(**word));
            wrong.extend(used.map(|word| format!("{}:{}: {word}", path.display(), number + 1)));
        }
    }
    none(&wrong, "the engine is pure, and its collections are ordered");
}

#[test]
fn every_source_says_what_it_is() {
    let lacking = sources().into_iter().filter(|path| !read(path).trim_start().starts_with("//!"));
    none(&lacking.map(|path| path.display().to_string()).collect::<Vec<_>>(), "a source opens with `//!`");
}

#[test]
fn no_source_is_too_long() {
    let long = sources().into_iter().filter_map(|path| {
        let lines = read(&path).lines().count();
        (lines > LINES_MAX).then(|| format!("{}: {lines}", path.display()))
    });
    none(&long.collect::<Vec<_>>(), "split it by noun");
}

#[test]
fn every_script_says_what_it_is_and_is_not_too_long() {
    let scripts =
        SCRIPTS.iter().flat_map(|ending| SOURCES.iter().flat_map(|own| files(&repository(own), ending)));
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in scripts {
        let text = read(&path);
        count += 1;
        let begins = ["/**", "//", "#!"].iter().any(|mark| text.starts_with(mark));
        if !begins || text.lines().count() > LINES_MAX {
            wrong.push(path.display().to_string());
        }
    }
    assert!(count >= 100, "only {count} scripts were found");
    none(&wrong, "a script begins by saying what it is, and has at most 500 lines");
}

#[test]
fn every_crate_inherits_the_lints() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in SOURCES.iter().flat_map(|own| files(&repository(own), "Cargo.toml")) {
        let text = read(&path);
        // The fuzz targets are a workspace of their own.
        if text.contains("\n[workspace]\n") {
            continue;
        }
        count += 1;
        if !text.contains("[lints]\nworkspace = true\n") {
            wrong.push(path.display().to_string());
        }
    }
    assert!(count >= 6, "only {count} crates were found");
    none(&wrong, "a manifest says `[lints]` and `workspace = true`");
}

/// Whether a word in backticks means a file of this repository.
fn names_a_file(word: &str) -> bool {
    let top = word.split('/').next().unwrap_or_default();
    let known = ["docs", "examples", "guest", "host", "tests", "wit", "xtask", ".ci", ".cargo"];
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let at_the_top = !word.contains('/')
        && [".md", ".toml"].iter().any(|ending| word.ends_with(ending))
        && word.starts_with(|c: char| c.is_ascii_alphabetic());
    plain && (word.contains('/') && known.contains(&top) || at_the_top)
}

#[test]
fn documents_name_what_exists() {
    let mut documents: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].iter().map(|name| repository(name)).collect();
    documents.extend(files(&repository("docs"), ".md"));
    let mut wrong = Vec::new();
    let mut count = 0;
    for document in documents {
        let text = read(&document);
        let beside = document.parent().expect("a directory").to_owned();
        for word in text.split('`').skip(1).step_by(2).filter(|word| names_a_file(word)) {
            count += 1;
            if !repository(word).exists() && !beside.join(word).exists() {
                wrong.push(format!("{}: `{word}`", document.display()));
            }
        }
    }
    assert!(count > 10, "only {count} names were found");
    none(&wrong, "a document names what does not exist");
}
