//! Every task of this repository: `cargo xtask help`.
//!
//! Each command first makes the machine ready, so that a fresh clone needs none of them in any
//! order. CI runs the same words that a developer types.

mod ci;
mod dashboard;
mod demo;
mod fuzz;
mod pictures;
mod run;
mod setup;
mod web;

use std::process::{Command, ExitCode};

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
  pictures           take pictures of the dashboard, and keep those of the documents in docs/pictures
  test [ARGS]        run all tests
  ci                 what a pull request has to pass: test, fmt, lint, pages, doc
  fmt [--check]      format
  lint               clippy, warnings denied
  doc                documentation, warnings denied
  bench [ARGS]       run the benchmarks
  fuzz [--seconds N] run each fuzz target for N seconds [60]
  help               print this";

/// Where this is set, nothing is looked for and nothing installed.
const IS_READY: &str = "SENTINEL_IS_READY";

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
    // A test that wants something built does not install anything: whoever runs the tests has done that.
    if std::env::var_os(IS_READY).is_none() {
        setup::ready()?;
    }
    match command {
        "setup" => Ok(()),
        "build" => build(),
        "web" => web::build().map(drop),
        "dashboard" => dashboard::dashboard(rest),
        "demo" => demo::demo(),
        "pictures" => dashboard::build().and_then(|_| pictures::pictures()),
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
    bench_pages()?;
    web::build()?;
    run::run(cargo("bench").args(["--package", "sentinel-web-tests", "--bench", "web"]))?;
    run::run(cargo("bench").args(["--package", "sentinel-envoy-tests", "--bench", "envoy", "--", "table"]))
}

/// Live and the playground in a browser, in front of the daemon that was built.
fn bench_pages() -> Result<()> {
    let root = sentinel_artifacts::workspace();
    let mut script = Command::new(root.join("target/tools/node/node"));
    script.arg(root.join("host/tests/dashboard/js/bench.mjs"));
    script.env("SENTINEL_BIN", root.join("target/release/sentinel"));
    run::run(script.env("SENTINEL_TOOLS", root.join("target/tools/web")))
}

fn build() -> Result<()> {
    let component = sentinel_artifacts::component()?;
    say(&format!("component: {} ({} bytes)", component.path.display(), component.bytes.len()));
    let filter = sentinel_artifacts::envoy_filter()?;
    say(&format!("filter:    {} ({} bytes)", filter.display(), std::fs::metadata(&filter)?.len()));
    // The command line has the pages inside.
    dashboard::build()?;
    run::run(cargo("build").args(["--release", "--package", "sentinel"]))
}
