//! `sentinel doctor`: proves that a call which must be denied is denied.
//!
//! A guard that fails open looks exactly like one that has nothing to object to. So the proof is
//! an answer: a canary is sent through the same code as `sentinel hook`, in this process and
//! through the installed program, and a call that must be allowed shows that the denial is not
//! the only thing that works. With `--proxy`, the same is done through a proxy, and ways around it are
//! tried.

mod canary;
mod proxy;

use std::io::Write;
use std::path::PathBuf;

use sentinel::engine::{COMPONENT_DIGEST, Engine, Mode};
use sentinel::settings::mode_word;
use serde::Serialize;

use super::page::Tone;
use super::{Context, Exit};

/// Check that calls which must be denied are denied
///
/// Exits with 1 if a check fails.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Policy document to check as well
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    proxy: proxy::Through,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Serialize)]
struct Check {
    check: &'static str,
    status: Status,
    detail: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Note,
    Fail,
}

impl Check {
    fn new(check: &'static str, result: Result<String, String>) -> Self {
        match result {
            Ok(detail) => Self { check, status: Status::Ok, detail },
            Err(detail) => Self { check, status: Status::Fail, detail },
        }
    }

    fn note(check: &'static str, detail: String) -> Self {
        Self { check, status: Status::Note, detail }
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let mut checks = engine();
    checks.extend(canary::built_in());
    if let Some(policy) = &args.policy {
        checks.extend(canary::policy(policy, &context.settings));
    }
    if let Some(proxy) = &args.proxy.proxy {
        checks.extend(proxy::checks(&args.proxy, proxy, args.policy.as_deref()));
    }
    checks.extend(environment(context));
    print(&checks, args.json, context)?;
    let failed = checks.iter().any(|check| check.status == Status::Fail);
    Ok(if failed { Exit::Error } else { Exit::Ok })
}

fn engine() -> Vec<Check> {
    let engine = match Engine::embedded() {
        Ok(engine) => engine,
        Err(error) => return vec![Check::new("engine loads", Err(error.to_string()))],
    };
    let imports = match engine.imports() {
        0 => Ok("none: it cannot reach a clock, a file or the network".to_owned()),
        count => Err(format!("{count}, and there must be none")),
    };
    vec![Check::new("engine loads", Ok(COMPONENT_DIGEST.to_owned())), Check::new("engine imports", imports)]
}

fn environment(context: &Context) -> Vec<Check> {
    let settings = &context.settings;
    let mut checks = vec![if settings.environment_is_set {
        Check::new("environment", Ok(settings.environment.clone()))
    } else {
        let name = &settings.environment;
        Check::note("environment", format!("{name}, because SOE_ENVIRONMENT is not set"))
    }];
    checks.push(match settings.mode {
        None => Check::new("mode", Ok("the policy's own: SOE_MODE is not set".to_owned())),
        Some(mode @ Mode::Enforce) => Check::new("mode", Ok(mode_word(mode).to_owned())),
        Some(mode @ (Mode::Audit | Mode::Shadow | Mode::DryRun)) => Check::note(
            "mode",
            format!("{}: blocks nothing, unless the policy says enforce", mode_word(mode)),
        ),
    });
    checks.extend(settings.warnings.iter().map(|warning| Check::note("setting", warning.clone())));
    checks
}

fn print(checks: &[Check], json: bool, context: &Context) -> anyhow::Result<()> {
    let page = context.page;
    let mut out = page.out();
    if json {
        serde_json::to_writer_pretty(&mut out, checks)?;
    } else {
        let mut table = page.table(&["", "check", "detail"]);
        for check in checks {
            let status = match check.status {
                Status::Ok => page.paint(Tone::Good, "ok"),
                Status::Note => page.paint(Tone::Caution, "note"),
                Status::Fail => page.paint(Tone::Bad, "FAIL"),
            };
            table.add_row([status.as_str(), check.check, &check.detail]);
        }
        write!(out, "{table}")?;
    }
    writeln!(out)?;
    Ok(out.flush()?)
}
