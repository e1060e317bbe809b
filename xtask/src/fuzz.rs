//! Runs the fuzz targets of the engine for a bounded time each, on stable.
//!
//! The targets are laid out for `cargo fuzz`, which needs a nightly compiler for the sanitizers.
//! What finds new paths is the coverage instrumentation, and stable has that.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::run::{cargo, run, say};

/// The crate of the targets, apart from the workspace.
const FUZZ: &str = "guest/engine/fuzz";

/// Seconds per target, unless told otherwise.
const SECONDS_DEFAULT: u32 = 60;

/// Longest input, in bytes: somewhat above the engine's limit on commands.
const INPUT_BYTES_MAX: u32 = 80 << 10;

/// What `cargo fuzz` passes, without the sanitizer.
const RUSTFLAGS: [&str; 8] = [
    "--cfg=fuzzing",
    "-Ccodegen-units=1",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
];

pub(crate) fn fuzz(arguments: &[String]) -> Result<()> {
    let seconds = match arguments {
        [] => SECONDS_DEFAULT,
        [flag, seconds] if flag == "--seconds" => {
            seconds.parse().with_context(|| format!("`{seconds}` is no number of seconds"))?
        }
        [..] => bail!("usage: cargo xtask fuzz [--seconds N]"),
    };
    let host = host_triple()?;
    build(&host)?;
    for target in targets()? {
        say(&format!("fuzz: {target} for {seconds} s"));
        fuzz_target(&target, &host, seconds)?;
    }
    Ok(())
}

/// With a target named, the flags stay away from build scripts and macros.
fn build(host: &str) -> Result<()> {
    let mut command = cargo("build");
    command
        .args(["--release", "--bins", "--manifest-path", &format!("{FUZZ}/Cargo.toml")])
        .args(["--target", host, "--target-dir", &format!("{FUZZ}/target")])
        .env("CARGO_ENCODED_RUSTFLAGS", RUSTFLAGS.join("\u{1f}"));
    run(&mut command)
}

/// libFuzzer leaves with an error where it found a crash, and writes the input that did it.
fn fuzz_target(name: &str, host: &str, seconds: u32) -> Result<()> {
    let fuzz = sentinel_artifacts::workspace().join(FUZZ);
    let [corpus, artifacts] = ["corpus", "artifacts"].map(|kind| fuzz.join(kind).join(name));
    for dir in [&corpus, &artifacts] {
        std::fs::create_dir_all(dir).with_context(|| format!("`{}` could not be made", dir.display()))?;
    }
    let program = fuzz.join("target").join(host).join("release").join(name);
    let mut command = Command::new(program);
    command.arg(&corpus);
    // Seeds are kept in git, what a run finds is not.
    let seeds = fuzz.join("seeds").join(name);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-timeout=5", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=0"]);
    run(&mut command).with_context(|| format!("the input that did it is in {}", artifacts.display()))
}

/// Every file of the targets' directory is one.
fn targets() -> Result<Vec<String>> {
    let dir: PathBuf = sentinel_artifacts::workspace().join(FUZZ).join("fuzz_targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&dir).with_context(|| format!("`{}` could not be read", dir.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    ensure!(!names.is_empty(), "`{}` holds no targets", dir.display());
    names.sort();
    Ok(names)
}

fn host_triple() -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context("rustc could not be started")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc does not say what it runs on")?.to_owned())
}
