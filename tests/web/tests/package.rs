//! The package as others use it: through its types, through a bundler, with nothing around it.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::fs;
use std::path::Path;
use std::process::Command;

use sentinel_web_tests::{drive, node, package, repository, tools};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The most that the module may have, compressed, in bytes.
const BROTLI_BYTES_MAX: u64 = 700 * 1024;

/// A project that has the package installed.
fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let scope = folder.path().join("node_modules/@sentinel");
    fs::create_dir_all(&scope).expect("a folder");
    copy(&package(), &scope.join("policy"));
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, to).expect("a copy");
        }
    }
}

fn tool(script: &str, folder: &Path, arguments: &[&str]) -> String {
    let script = tools().join("node_modules").join(script);
    let output =
        Command::new(node()).arg(script).args(arguments).current_dir(folder).output().expect("node starts");
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn every_export_has_its_type_and_works() {
    let api = fs::read_to_string(repository("tests/web/js/api.ts")).expect("a file");
    let run = "import { result } from './api.js'; console.log(JSON.stringify(result));";
    let folder = project(&[("api.ts", &api), ("run.mjs", run), ("package.json", r#"{"type":"module"}"#)]);
    for resolution in ["nodenext", "bundler"] {
        let module = if resolution == "bundler" { "esnext" } else { "nodenext" };
        let options =
            ["--strict", "--target", "es2022", "--lib", "es2022,dom,esnext.disposable", "--types", ""];
        let more = ["--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--noUnusedLocals"];
        let how = ["--module", module, "--moduleResolution", resolution, "api.ts"];
        tool("typescript/bin/tsc", folder.path(), &[&options[..], &more, &how].concat());
    }
    let output =
        Command::new(node()).arg("run.mjs").current_dir(folder.path()).output().expect("node starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let found: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| unreachable(&error, &said));
    assert_eq!(found["outcome"], "deny", "{found}");
    assert_eq!(found["commands"], json!(["git", "rm"]));
    assert_eq!(found["code"], "approved");
    assert_eq!(found["same"], true);
    assert_eq!(found["visible"], "\\u{202e}");
    for name in ["receipt", "ledger", "checkpoint", "consistency"] {
        assert_eq!(found[name], false, "{name}");
    }
}

fn unreachable(error: &serde_json::Error, said: &str) -> Value {
    json!({"error": error.to_string(), "said": said})
}

#[test]
fn a_bundler_finds_the_module() {
    let main = r#"
        import { compile, init } from "@sentinel/policy";
        await init();
        const policy = compile(`{"agentId":"a","version":"1","toolActions":{"allowed":["look"]},
            "identity":{"authorityLevel":"limited-ops","environmentScope":["development"]}}`);
        document.title = policy.decide({ agentId: "a", toolName: "look", toolInput: {} }).decision;
    "#;
    let page = r#"<!doctype html><title></title><script type="module" src="./main.js"></script>"#;
    let folder =
        project(&[("main.js", main), ("index.html", page), ("package.json", r#"{"type":"module"}"#)]);
    tool("vite/bin/vite.js", folder.path(), &["build", "--base", "./", "--target", "es2022"]);
    let built = folder.path().join("dist");
    assert_eq!(drive("page", &[], &json!({"folder": built})), "allow");
}

#[test]
fn the_package_is_small_and_stands_alone() {
    let manifest: Value =
        serde_json::from_slice(&fs::read(package().join("package.json")).expect("a manifest")).expect("JSON");
    assert_eq!(manifest["type"], "module");
    assert!(manifest.get("dependencies").is_none(), "it has no dependency");
    for (condition, file) in manifest["exports"]["."].as_object().expect("conditions") {
        assert!(package().join(file.as_str().expect("a path")).exists(), "{condition}: {file}");
    }
    for name in ["README.md", "LICENSE"] {
        assert!(package().join(name).exists(), "{name}");
    }
    let bytes = drive("sizes", &[], &json!({}))["brotli"].as_u64().expect("a number");
    assert!(bytes <= BROTLI_BYTES_MAX, "{bytes} bytes of brotli");
    println!("package: {bytes} bytes of brotli");
}

#[test]
fn the_package_says_nothing_of_the_machine() {
    let here = repository("").display().to_string();
    let wrong: Vec<_> = [package(), package().join("guard")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("a folder of the package"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .filter(|path| {
            let bytes = fs::read(path).expect("a file");
            let text = String::from_utf8_lossy(&bytes);
            text.contains(here.trim_end_matches('/'))
                || text.contains("eval(")
                || text.contains("new Function")
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
