//! Programs that npm publishes, each set in a folder of its own, and the node that runs them.
//!
//! Debian's node is too old for some of them, so a newer one comes from npm as well; Debian's
//! `npm` fetches it. Versions are fixed: a newer one would test something else.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sentinel_artifacts::workspace;
use serde_json::{Map, Value, json};

use super::output;
use crate::run::{download, say};

/// A folder with a `package.json`.
struct Folder {
    /// What for.
    why: &'static str,
    /// Where, below the repository.
    directory: &'static str,
    /// Packages and their versions.
    packages: &'static [(&'static str, &'static str)],
    /// Versions of what those packages ask for, where the newest is not the one that works.
    overrides: &'static [(&'static str, &'static str)],
    /// What has to be there, as [`natives_are_there`] spells it.
    native: &'static [&'static str],
}

const FOLDERS: &[Folder] = &[
    Folder {
        why: "the tests speak with the official MCP servers and clients, and run their conformance suite",
        directory: "target/tools/mcp-node",
        packages: &[
            ("@modelcontextprotocol/client", "2.4.0"),
            ("@modelcontextprotocol/conformance", "0.1.16"),
            ("@modelcontextprotocol/node", "2.1.2"),
            ("@modelcontextprotocol/sdk", "1.32.2"),
            ("@modelcontextprotocol/server", "2.4.0"),
            ("@modelcontextprotocol/server-everything", "2026.8.31"),
            ("@modelcontextprotocol/server-filesystem", "2026.8.31"),
            ("zod", "4.6.7"),
        ],
        overrides: &[],
        native: &[],
    },
    Folder {
        why: "the tests ask models with the official clients",
        directory: "target/tools/models",
        packages: &[("@anthropic-ai/sdk", "1.12.0"), ("openai", "7.57.0")],
        overrides: &[],
        native: &[],
    },
    Folder {
        why: "the tests pay with the official x402 client",
        directory: "target/tools/x402",
        packages: &[
            ("@x402/core", "2.27.0"),
            ("@x402/evm", "2.27.0"),
            ("@x402/express", "2.27.0"),
            ("@x402/fetch", "2.27.0"),
            ("express", "5.3.0"),
            ("viem", "2.56.9"),
        ],
        // A newer one wants a version of `ox` that is not published.
        overrides: &[("viem", "$viem")],
        native: &[],
    },
    Folder {
        why: "the tests publish to an S3",
        directory: "target/tools/s3rver",
        packages: &[("s3rver", "3.7.1")],
        overrides: &[],
        native: &[],
    },
    Folder {
        why: "the npm package is built with it, and tested in the runtimes that it is for",
        directory: "target/tools/web",
        packages: &[
            ("axe-core", "4.14.1"),
            ("binaryen", "132.0.0"),
            ("playwright-core", "1.65.1"),
            ("typescript", "7.0.2"),
            ("vite", "8.3.8"),
            ("workerd", "1.20261117.1"),
        ],
        overrides: &[],
        native: &[
            "@cloudflare/workerd-{os}-{arch64}/bin/workerd",
            "@rolldown/binding-{os}-{arch}{libc}",
            "@typescript/typescript-{os}-{arch}",
            "lightningcss-{os}-{arch}{libc}",
        ],
    },
];

const NODE: &str = "24.21.0";

const NODE_DIRECTORY: &str = "target/tools/node";

pub(super) fn ready() -> Result<()> {
    ensure_node()?;
    FOLDERS.iter().try_for_each(ensure_folder)
}

fn ensure_node() -> Result<()> {
    let package = format!("node-{}-{}", npm_os(), npm_arch());
    let directory = workspace().join(NODE_DIRECTORY);
    let program = directory.join("node_modules").join(&package).join("bin/node");
    let link = directory.join("node");
    let is_there = || {
        let said = link.to_str().and_then(|link| output(link, &["--version"]));
        said.is_some_and(|said| said == format!("v{NODE}"))
    };
    if is_there() {
        return Ok(());
    }
    say(&format!("setup: the tests need node {NODE}, and it is not here"));
    install(&directory, &manifest(&[(&package, NODE)], &[]))?;
    // One name for it, whatever the machine is.
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(&program, &link)
        .with_context(|| format!("`{}` cannot be made", link.display()))?;
    ensure!(is_there(), "`{}` is installed, and is not node {NODE}", program.display());
    Ok(())
}

fn ensure_folder(folder: &Folder) -> Result<()> {
    let Folder { why, directory, packages, overrides, native } = folder;
    let path = workspace().join(directory);
    let manifest = manifest(packages, overrides);
    // npm writes its own list last, so a folder without one was not finished.
    let is_there = || {
        let same = fs::read_to_string(path.join("package.json")).is_ok_and(|old| old == manifest);
        let modules = path.join("node_modules");
        same && modules.join(".package-lock.json").exists() && natives_are_there(&modules, native)
    };
    if is_there() {
        return Ok(());
    }
    say(&format!("setup: {why}, and not all of it is here"));
    // What was passed over may come the next time.
    for _ in 0..2 {
        install(&path, &manifest)?;
        if is_there() {
            return Ok(());
        }
    }
    bail!("`{directory}` is installed, and is not whole: try again where the network is better")
}

/// Whether all of these are among the modules. npm passes over an optional package that it cannot fetch, and
/// native parts are optional.
pub(crate) fn natives_are_there(modules: &Path, native: &[&str]) -> bool {
    let arch64 = if ARCH == "aarch64" { "arm64" } else { "64" };
    let libc = match OS {
        "linux" if cfg!(target_env = "musl") => "-musl",
        "linux" => "-gnu",
        _ => "",
    };
    let spelled = |name: &str| {
        let name = name.replace("{os}", npm_os()).replace("{arch}", npm_arch());
        name.replace("{arch64}", arch64).replace("{libc}", libc)
    };
    native.iter().all(|name| modules.join(spelled(name)).exists())
}

/// npm without noise, and with patience for the network.
pub(crate) fn npm(subcommand: &str, directory: &Path) -> Command {
    let mut command = Command::new("npm");
    let quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"];
    let patient = ["--fetch-retries=5", "--fetch-timeout=300000"];
    command.current_dir(directory).arg(subcommand).args(quiet).args(patient);
    command
}

fn install(directory: &Path, manifest: &str) -> Result<()> {
    let _ = fs::remove_dir_all(directory);
    fs::create_dir_all(directory)
        .and_then(|()| fs::write(directory.join("package.json"), manifest))
        .with_context(|| format!("`{}` cannot be written", directory.display()))?;
    download(&mut npm("install", directory))
}

fn manifest(packages: &[(&str, &str)], overrides: &[(&str, &str)]) -> String {
    let map = |pairs: &[(&str, &str)]| -> Value {
        pairs.iter().map(|(name, version)| ((*name).to_owned(), json!(version))).collect::<Map<_, _>>().into()
    };
    let manifest = json!({ "private": true, "dependencies": map(packages), "overrides": map(overrides) });
    format!("{manifest:#}\n")
}

fn npm_os() -> &'static str {
    if OS == "macos" { "darwin" } else { OS }
}

fn npm_arch() -> &'static str {
    match ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    }
}
