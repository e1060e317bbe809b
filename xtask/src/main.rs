//! Every task of this repository: `cargo xtask help`.
//!
//! Each command first makes the machine ready, so that a fresh clone needs none of them in any
//! order. CI runs the same words that a developer types.

mod ci;
mod dashboard;
mod demo;
mod fuzz;
mod run;
mod setup;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};

use run::{cargo, say};

const HELP: &str = "\
cargo xtask COMMAND

  setup              make this machine ready; every other command does it first
  build              build the component, the Envoy filter and the command line, in release
  web                build the npm package of the engine into target/web
  dashboard          build the dashboard and the playground into target/dashboard; --check: types and unit tests
  demo               build, check the sample policies, replay a recorded agent session, once more
                     through a daemon whose budget runs out, put an agent behind Envoy with the
                     filter, and verify the ledger of all that
  test [ARGS]        run all tests
  ci                 what a pull request has to pass: test, fmt, lint, doc
  fmt [--check]      format
  lint               clippy, warnings denied
  doc                documentation, warnings denied
  bench [ARGS]       run the benchmarks
  fuzz [--seconds N] run each fuzz target for N seconds [60]
  help               print this";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let (command, rest) = match arguments {
        [] => ("help", &[][..]),
        [command, rest @ ..] => (command.as_str(), rest),
    };
    if matches!(command, "help" | "--help" | "-h") {
        say(HELP);
        return Ok(());
    }
    setup::ready()?;
    match command {
        "setup" => Ok(()),
        "build" => build(),
        "web" => web::build().map(drop),
        "dashboard" => dashboard::dashboard(rest),
        "demo" => demo::demo(),
        "test" => ci::test(rest),
        "ci" => ci::run_all(),
        "fmt" => ci::fmt(rest),
        "lint" => ci::lint(),
        "doc" => ci::doc(),
        "bench" => bench(rest),
        "fuzz" => fuzz::fuzz(rest),
        unknown => bail!("`{unknown}` is no command: see `cargo xtask help`"),
    }
}

/// The engine on its own by criterion, then all paths in one run for their ratios.
fn bench(arguments: &[String]) -> Result<()> {
    setup::ready_for_bench()?;
    build()?;
    let engine =
        ["--package", "sentinel-engine", "--bench", "decide", "--bench", "convert", "--bench", "mcp", "--"];
    run::run(cargo("bench").args(engine).args(arguments))?;
    let binary = sentinel_artifacts::workspace().join("target/release/sentinel");
    run::run(
        cargo("bench").args(["--package", "sentinel-tests", "--bench", "ratios"]).env("SENTINEL_BIN", binary),
    )?;
    run::run(cargo("bench").args(["--package", "sentinel-tests", "--bench", "load"]))?;
    web::build()?;
    run::run(cargo("bench").args(["--package", "sentinel-web-tests", "--bench", "web"]))?;
    run::run(cargo("bench").args(["--package", "sentinel-envoy-tests", "--bench", "envoy", "--", "table"]))
}

fn build() -> Result<()> {
    let component = sentinel_artifacts::component()?;
    say(&format!("component: {} ({} bytes)", component.path.display(), component.bytes.len()));
    let filter = sentinel_artifacts::envoy_filter()?;
    say(&format!("filter:    {} ({} bytes)", filter.display(), std::fs::metadata(&filter)?.len()));
    run::run(cargo("build").args(["--release", "--package", "sentinel"]))
}
