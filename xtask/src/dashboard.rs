//! Builds the dashboard and the playground into `target/dashboard`, which the daemon embeds. What is there
//! already is not made again. Compressing is the daemon's build's.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sentinel_artifacts::{target_dir, workspace};

use crate::run::{download, run, say};
use crate::setup::npm::{natives_are_there, npm};
use crate::web;

/// The sources.
const SOURCES: &str = "host/dashboard";

/// What is written, below the target directory, where the daemon's build looks for it.
const PAGES: &str = "dashboard";

/// Where npm installs what the build needs.
const PACKAGES: &str = "target/dashboard-npm";

/// Where it is noted what the last build was made from.
const MADE_FROM: &str = "target/dashboard-npm/made-from.txt";

/// What npm installs from.
const MANIFESTS: [&str; 2] = ["package.json", "package-lock.json"];

/// Native parts of them, which npm may pass over.
const NATIVE: [&str; 3] = [
    "@rolldown/binding-{os}-{arch}{libc}",
    "@typescript/typescript-{os}-{arch}",
    "lightningcss-{os}-{arch}{libc}",
];

/// What a command was asked to do.
pub(crate) fn dashboard(arguments: &[String]) -> Result<()> {
    match arguments {
        [] => build().map(drop),
        [only] if only == "--check" => check(),
        [other, ..] => anyhow::bail!("`{other}` is no option of dashboard: it takes `--check` or nothing"),
    }
}

/// Builds the pages where something changed, and says where they are.
pub(crate) fn build() -> Result<PathBuf> {
    let pages = target_dir().join(PAGES);
    let inputs = prepare()?;
    let made_from = workspace().join(MADE_FROM);
    if fs::read(&made_from).is_ok_and(|old| old == inputs) && pages.join("index.html").exists() {
        return Ok(pages);
    }
    let _ = fs::remove_file(&made_from);
    types()?;
    run(script("vite/bin/vite.js").args(["build", "--logLevel", "warn", "--outDir"]).arg(&pages))?;
    fs::write(&made_from, &inputs).with_context(|| format!("`{}` cannot be written", made_from.display()))?;
    say(&format!("dashboard: {}", pages.display()));
    Ok(pages)
}

/// Types and unit tests of the pages, without building them.
pub(crate) fn check() -> Result<()> {
    prepare()?;
    types()?;
    run(&mut node(&workspace().join(SOURCES).join("test/run.mjs")))
}

fn types() -> Result<()> {
    for project in ["tsconfig.json", "tsconfig.tools.json"] {
        run(script("typescript/bin/tsc").args(["--noEmit", "--project", project]))?;
    }
    Ok(())
}

/// Makes everything ready that the build needs, and says what it would be made from.
fn prepare() -> Result<Vec<u8>> {
    let engine = web::build()?;
    install()?;
    let packages = workspace().join(PACKAGES).join("node_modules");
    // The engine is a package like the others, only not from a registry.
    link(&engine, &packages.join("@sentinel/policy"))?;
    link(&packages, &workspace().join(SOURCES).join("node_modules"))?;
    let mut inputs = Vec::new();
    for path in files(&workspace().join(SOURCES))?.into_iter().chain(files(&engine)?) {
        inputs.extend_from_slice(path.display().to_string().as_bytes());
        inputs.push(0);
        inputs.extend(fs::read(&path).with_context(|| format!("`{}` cannot be read", path.display()))?);
        inputs.push(0);
    }
    Ok(inputs)
}

/// Installs what the lock file names, where it is not what is installed.
fn install() -> Result<()> {
    let directory = workspace().join(PACKAGES);
    let is_same = |name: &str| {
        let wanted = fs::read(workspace().join(SOURCES).join(name));
        matches!((wanted, fs::read(directory.join(name))), (Ok(wanted), Ok(old)) if wanted == old)
    };
    // npm writes its own list last, so a folder without one was not finished.
    if MANIFESTS.iter().all(|name| is_same(name))
        && directory.join("node_modules/.package-lock.json").exists()
        && natives_are_there(&directory.join("node_modules"), &NATIVE)
    {
        return Ok(());
    }
    say("setup: the dashboard is built with packages of npm, and not all of them are here");
    fs::create_dir_all(&directory).with_context(|| format!("`{}` cannot be made", directory.display()))?;
    let _ = fs::remove_file(directory.join("node_modules/.package-lock.json"));
    for name in MANIFESTS {
        let from = workspace().join(SOURCES).join(name);
        fs::copy(&from, directory.join(name))
            .with_context(|| format!("`{}` cannot be copied", from.display()))?;
    }
    // What was passed over may come the next time.
    for _ in 0..2 {
        download(&mut npm("ci", &directory))?;
        if natives_are_there(&directory.join("node_modules"), &NATIVE) {
            return Ok(());
        }
    }
    bail!("`{PACKAGES}` is installed, and is not whole: try again where the network is better")
}

/// Makes `at` lead to `to`.
fn link(to: &Path, at: &Path) -> Result<()> {
    if fs::read_link(at).is_ok_and(|old| old == to) {
        return Ok(());
    }
    if let Some(parent) = at.parent() {
        fs::create_dir_all(parent).with_context(|| format!("`{}` cannot be made", parent.display()))?;
    }
    let _ = fs::remove_file(at);
    symlink(to, at).with_context(|| format!("`{}` cannot be made", at.display()))
}

/// Every file below a directory, in order. What is linked is not below it.
fn files(directory: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut work) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(directory) = work.pop() {
        let listed = fs::read_dir(&directory);
        for entry in listed.with_context(|| format!("`{}` cannot be listed", directory.display()))? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                work.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A script of an installed package, run where the sources are.
fn script(path: &str) -> Command {
    node(&workspace().join(PACKAGES).join("node_modules").join(path))
}

fn node(script: &Path) -> Command {
    let mut command = Command::new(workspace().join("target/tools/node/node"));
    command.current_dir(workspace().join(SOURCES)).arg(script);
    command
}
