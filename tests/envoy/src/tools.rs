//! Where the programs are that `cargo xtask setup` installs. One that is missing fails, with that
//! command.

use std::fs;
use std::path::{Path, PathBuf};

use sentinel_artifacts::workspace;

/// Envoy.
pub fn envoy() -> PathBuf {
    // Which Python carries it is the machine's business.
    let libraries = tools().join("envoy/lib");
    let entries = fs::read_dir(&libraries).into_iter().flatten().flatten();
    let programs = entries.map(|entry| entry.path().join("site-packages/envoy/_bin/envoy"));
    there(&programs.last().unwrap_or_else(|| tools().join("envoy/bin/envoy")))
}

/// A node that is new enough for everything in [`mcp_node`], [`models`] and [`x402`].
pub fn node() -> PathBuf {
    there(&tools().join("node/node"))
}

/// The folder with the official MCP packages for node. A script that imports them has to be in it.
pub fn mcp_node() -> PathBuf {
    there(&tools().join("mcp-node"))
}

/// A program of those packages, to be run by [`node`]: `conformance`, `mcp-server-everything`,
/// `mcp-server-filesystem`.
pub fn mcp_program(name: &str) -> PathBuf {
    there(&mcp_node().join("node_modules/.bin").join(name))
}

/// A Python with the official MCP package.
pub fn mcp_python() -> PathBuf {
    there(&tools().join("mcp-python/bin/python"))
}

/// The folder with the official clients of model APIs. A script that imports them has to be in it.
pub fn models() -> PathBuf {
    there(&tools().join("models"))
}

/// The folder with the official x402 packages. A script that imports them has to be in it.
pub fn x402() -> PathBuf {
    there(&tools().join("x402"))
}

fn tools() -> PathBuf {
    workspace().join("target/tools")
}

fn there(path: &Path) -> PathBuf {
    assert!(path.exists(), "`{}` is missing; install it with: cargo xtask setup", path.display());
    path.to_owned()
}
