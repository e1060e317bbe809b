//! The module and its glue: cargo, wasm-bindgen, wasm-opt.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use super::tools;
use super::{make, read, write};
use crate::run::run;

/// Name of the glue and of the module, without their endings.
const NAME: &str = "sentinel_web";

/// The module as it ships.
pub(super) const WASM: &str = "glue/sentinel_web_bg.wasm";

/// How wasm-opt is asked: what it makes faster is measured in `docs/performance.md`.
const OPTIMISE: &[&str] = &[
    "-O3",
    // What every browser of the last years has, and rustc uses.
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--strip-debug",
    "--strip-producers",
];

/// What the last build was made from: the compiled module and the options.
const MADE_FROM: &str = "made-from.wasm";

/// Makes module and glue in `scratch/glue`, and says whether they are new.
pub(super) fn build(scratch: &Path) -> Result<bool> {
    let glue = scratch.join("glue");
    make(&glue)?;
    let mut source = read(&sentinel_artifacts::web_module()?)?;
    let options = OPTIMISE.join(" ");
    let (made_from, told) = (scratch.join(MADE_FROM), scratch.join("made-with.txt"));
    let is_there = fs::read(&made_from).is_ok_and(|old| old == source)
        && fs::read_to_string(&told).is_ok_and(|old| old == options)
        && scratch.join(WASM).exists();
    if is_there {
        return Ok(false);
    }
    let _ = fs::remove_file(&made_from);
    let whole = fs::canonicalize(&glue)?;
    let mut bindgen = Bindgen::new();
    bindgen
        .input_bytes(NAME, std::mem::take(&mut source))
        .web(true)?
        .typescript(true)
        // Each kind of runtime finds the module in its own way.
        .omit_default_module_path(true)
        .generate(&whole)
        .context("wasm-bindgen cannot read the module")?;
    let plain = scratch.join("plain.wasm");
    fs::rename(scratch.join(WASM), &plain)?;
    run(tools::script("binaryen/bin/wasm-opt").args(OPTIMISE).arg(&plain).arg("-o").arg(scratch.join(WASM)))?;
    // Last, so that a build that was stopped is made again.
    write(&told, options.as_bytes())?;
    write(&made_from, &read(&sentinel_artifacts::web_module()?)?)?;
    Ok(true)
}
