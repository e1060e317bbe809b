//! `wasmtime`, built from its crate: no registry has the program itself.
//!
//! It is built for its own start, not for speed. Optimised it takes three times as long to build, and what it
//! compiles is as fast either way.

use std::fs;

use anyhow::{Context, Result, ensure};
use sentinel_artifacts::workspace;

use super::output;
use crate::run::{cargo, download, say};

/// The one that the host embeds, as well.
const VERSION: &str = "48.0.8";

/// What `wasmtime serve` needs, and nothing else of it.
const FEATURES: &str =
    "serve,run,cranelift,component-model,component-model-async,parallel-compilation,pooling-allocator";

const DIRECTORY: &str = "target/tools/wasmtime";

pub(super) fn ready() -> Result<()> {
    let directory = workspace().join(DIRECTORY);
    let program = directory.join("bin/wasmtime");
    let is_there = || {
        let said = program.to_str().and_then(|program| output(program, &["--version"]));
        said.is_some_and(|said| said.split(' ').nth(1) == Some(VERSION))
    };
    if is_there() {
        return Ok(());
    }
    say("setup: the tests serve a component with wasmtime, and it is not here: building it takes minutes");
    let scratch = directory.join("build");
    let mut install = cargo("install");
    install
        .args(["wasmtime-cli", "--version", VERSION, "--locked", "--force", "--quiet", "--profile", "dev"])
        .args(["--no-default-features", "--features", FEATURES, "--root"])
        .arg(&directory)
        .arg("--target-dir")
        .arg(&scratch)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env_remove("CARGO_TARGET_DIR");
    download(&mut install)?;
    fs::remove_dir_all(&scratch).with_context(|| format!("`{}` cannot be removed", scratch.display()))?;
    ensure!(is_there(), "`{}` is installed, and is not wasmtime {VERSION}", program.display());
    Ok(())
}
