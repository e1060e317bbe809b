//! `sentinel ledger verify`: whether a ledger is what the pinned keys and the checkpoints kept
//! elsewhere vouch for.

mod audit;
mod failure;
mod receipt;
mod report;
mod store;
mod tiles;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::ensure;
use indicatif::{ProgressBar, ProgressStyle};
use sentinel_ledger::VerifyingKey;

use super::super::page;
use super::source::Place;
use super::{Context, Exit, escape, files};
use audit::{Demand, Proven, audit};
use failure::Trouble;
use store::Stored;
use tiles::Tiles;

/// The exit code of a denial, because that is what it is: nobody may rely on this.
pub(super) const NOT_VERIFIED: Exit = Exit::Deny;

/// Verify the ledger, a receipt, or a published copy
///
/// Without a key that was kept elsewhere, the ledger is compared with its own: that shows that it is
/// consistent, not who signed it. Without a checkpoint that was kept elsewhere, whoever has the
/// signing key or an old copy of everything can still have replaced it.
///
/// Exit codes: 0 verified; 1 an error, nothing is known; 2 not verified.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A public key that counts, or a file with such keys; may be repeated
    #[arg(long, value_name = "VKEY|FILE")]
    key: Vec<String>,
    /// A checkpoint that was kept elsewhere; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "receipt")]
    checkpoint: Vec<PathBuf>,
    /// Verify one receipt, with nothing else; `-` is standard input
    #[arg(long, value_name = "FILE", requires = "key")]
    receipt: Option<PathBuf>,
    /// Verify a published copy in a directory
    #[arg(long, value_name = "DIR", requires = "key", conflicts_with = "receipt")]
    tiles: Option<PathBuf>,
}

pub(super) fn run(args: &Args, place: &Place, json: bool, context: &Context) -> anyhow::Result<Exit> {
    let pinned = files::keys(&args.key)?;
    let result = if let Some(path) = &args.receipt {
        let text = files::receipt(path)?;
        receipt::verify(&text, &pinned, place.origin()?).map(report::Report::Receipt)
    } else {
        whole(args, place, &pinned).map(|verified| report::Report::Ledger(Box::new(verified)))
    };
    match result {
        Ok(report) => report.print(json, context)?,
        Err(Trouble::Failure(failure)) => {
            report::print_failure(&failure, json, context)?;
            return Ok(NOT_VERIFIED);
        }
        Err(Trouble::Error(error)) => return Err(error),
    }
    Ok(Exit::Ok)
}

/// Verifies a store before something of it leaves the house. `None` where it is not verified; then
/// it was said on standard error, for standard output is for the export.
pub(super) fn before_export(
    key: Vec<String>,
    checkpoint: Vec<PathBuf>,
    place: &Place,
) -> anyhow::Result<Option<sentinel_ledger::Audit>> {
    let pinned = files::keys(&key)?;
    let args = Args { key, checkpoint, receipt: None, tiles: None };
    match whole(&args, place, &pinned) {
        Ok(verified) => {
            if verified.is_own_key {
                page::note(report::OWN_KEY_NOTE);
            }
            Ok(Some(verified.proven.audit))
        }
        Err(Trouble::Failure(failure)) => {
            page::note(&format!("not verified: {}", escape::line(&failure.to_string(), usize::MAX)));
            Ok(None)
        }
        Err(Trouble::Error(error)) => Err(error),
    }
}

/// A ledger that was verified.
struct Verified {
    what: String,
    proven: Proven,
    /// Whether the key was the ledger's own.
    is_own_key: bool,
    /// Checkpoints kept elsewhere that it was compared with.
    kept: usize,
    seconds: f64,
}

fn whole(args: &Args, place: &Place, pinned: &[VerifyingKey]) -> Result<Verified, Trouble> {
    let started = Instant::now();
    let kept = args.checkpoint.iter().map(|path| files::note(path)).collect::<anyhow::Result<Vec<_>>>();
    let kept = kept.map_err(Trouble::Error)?;
    let is_own_key = pinned.is_empty();
    let own = if is_own_key { vec![place.own_key().map_err(Trouble::Error)?] } else { Vec::new() };
    let pinned = if is_own_key { &own } else { pinned };
    let origin = origin(place, pinned).map_err(Trouble::Error)?;
    let progress = progress("entries");
    let demand = |head| Demand { origin: &origin, pinned, kept: &kept, head };
    let (what, proven) = if let Some(directory) = &args.tiles {
        let (tiles, head) = Tiles::open(directory).map_err(Trouble::Error)?;
        (format!("`{}`", directory.display()), audit(tiles, &demand(&head), &progress))
    } else {
        let backend = place.open().map_err(Trouble::Error)?;
        let mut stored = Stored::open(&backend).map_err(Trouble::Error)?;
        let head = stored.head()?;
        let again = Stored::open(&backend).map_err(Trouble::Error)?;
        let proven = audit(again, &demand(&head.checkpoint), &progress)
            .and_then(|proven| stored.check_end(&head, &proven.audit).map(|()| proven));
        (place.name().map_err(Trouble::Error)?, proven)
    };
    progress.finish_and_clear();
    let seconds = started.elapsed().as_secs_f64();
    Ok(Verified { what, proven: proven?, is_own_key, kept: kept.len(), seconds })
}

/// The name that a ledger has to have.
fn origin(place: &Place, pinned: &[VerifyingKey]) -> anyhow::Result<String> {
    if let Some(origin) = place.origin()? {
        return Ok(origin);
    }
    let mut names = pinned.iter().map(VerifyingKey::name);
    let name = names.next().unwrap_or_default();
    ensure!(
        names.all(|other| other == name),
        "the keys have different names: give the ledger's with --origin"
    );
    Ok(name.to_owned())
}

/// Shown where somebody waits for it.
pub(super) fn progress(what: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let template = format!("{{bar:30}} {{human_pos}} of {{human_len}} {what}, {{per_sec}}, {{eta}} left");
    ProgressBar::new(0)
        .with_style(ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
