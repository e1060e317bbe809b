//! Every program in the documentation of the package runs, and prints what stands below it.

#![expect(clippy::expect_used, reason = "a test fails loudly")]

use std::fs;
use std::path::Path;
use std::process::Command;

use sentinel_web_tests::{drive, node, package, repository};
use serde_json::json;

/// Blocks of a document: the language, the line, the text.
fn blocks(document: &str) -> Vec<(String, usize, String)> {
    let text = fs::read_to_string(repository(document)).expect("a document");
    let mut found: Vec<(String, usize, String)> = Vec::new();
    let mut is_inside = false;
    for (number, line) in text.lines().enumerate() {
        if let Some(language) = line.strip_prefix("```") {
            if !is_inside {
                found.push((language.to_owned(), number + 1, String::new()));
            }
            is_inside = !is_inside;
        } else if let Some((_, _, block)) = found.last_mut().filter(|_| is_inside) {
            block.push_str(line);
            block.push('\n');
        }
    }
    found
}

fn install(folder: &Path) {
    copy(&package(), folder);
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

fn runs(document: &str, at_least: usize) {
    let project = tempfile::tempdir().expect("a folder");
    install(&project.path().join("node_modules/@sentinel/policy"));
    let blocks = blocks(document);
    let mut count = 0;
    for (at, (language, line, text)) in blocks.iter().enumerate().filter(|(_, own)| own.0 == "js") {
        count += 1;
        let file = project.path().join(format!("line-{line}.mjs"));
        fs::write(&file, text).expect("a file");
        let output = Command::new(node()).arg(&file).output().expect("node starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{document}:{line} ({language}):\n{said}");
        if let Some((_, _, expected)) = blocks.get(at + 1).filter(|own| own.0 == "text") {
            assert_eq!(&String::from_utf8_lossy(&output.stdout), expected, "{document}:{line}");
        }
    }
    assert!(count >= at_least, "{document}: only {count} programs");
}

#[test]
fn programs_of_the_guide_run() {
    runs("docs/web.md", 5);
}

#[test]
fn programs_of_the_readme_run() {
    runs("guest/web/npm/README.md", 1);
}

#[test]
fn the_page_of_the_guide_works() {
    let folder = tempfile::tempdir().expect("a folder");
    install(&folder.path().join("policy"));
    let blocks = blocks("docs/web.md");
    let (_, _, page) = blocks.iter().find(|own| own.0 == "html").expect("a page");
    fs::write(folder.path().join("index.html"), page).expect("a file");
    assert_eq!(drive("page", &[], &json!({"folder": folder.path()})), "allow");
}
