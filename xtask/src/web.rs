//! Builds the npm package `@sentinel/policy` into `target/web`: the engine as a module, the glue that
//! wasm-bindgen writes for it, and the TypeScript layer. What is there already is not made again.

mod module;
mod package;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sentinel_artifacts::workspace;

use crate::run::say;

/// Where the package is written.
const PACKAGE: &str = "target/web";

/// What is kept between builds.
const SCRATCH: &str = "target/web-build";

/// Builds what is missing, and says where the package is.
pub(crate) fn build() -> Result<PathBuf> {
    let package = workspace().join(PACKAGE);
    let scratch = workspace().join(SCRATCH);
    make(&package)?;
    let is_new_module = module::build(&scratch)?;
    let is_new_layer = package::build(&scratch, &package)?;
    if is_new_module || is_new_layer {
        let size = fs::metadata(scratch.join(module::WASM)).map_or(0, |own| own.len());
        say(&format!("package:   {} ({size} bytes of wasm)", package.display()));
    }
    Ok(package)
}

fn make(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("`{}` cannot be made", directory.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("`{}` cannot be read", path.display()))
}

/// Writes a file where it holds something else. Whoever watches it sees only changes.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).with_context(|| format!("`{}` cannot be written", path.display()))
}
