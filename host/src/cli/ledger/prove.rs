//! `sentinel ledger prove`, `checkpoint` and `key`: what to give to others, so that they need not
//! believe us.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use sentinel::app::reads::receipt_of;
use sentinel_ledger::{Checkpoint, VerifyingKey};
use serde_json::json;

use super::super::{Context, Exit, page};
use super::source::{self, Place};

/// Print the receipt of an entry: with the public key, anybody can verify it offline
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The entry: its index, or the id that a verdict names
    #[arg(value_name = "INDEX|ID")]
    entry: String,
    /// Where to write; standard output if absent
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(args: &Args, place: &Place, context: &Context) -> anyhow::Result<Exit> {
    let (mut reader, head) = place.read()?;
    let index = source::place_of(&args.entry)?;
    let receipt = receipt_of(&mut *reader, index)?;
    // A receipt that is worth nothing must not leave the house. A new key may have taken over
    // between the two looks; then this is tried again by whoever asked.
    let key = VerifyingKey::decode(&head.key).context("the ledger's key cannot be read")?;
    receipt
        .verify(&[key])
        .with_context(|| format!("entry {index} cannot be proven: run `sentinel ledger verify`"))?;
    let text = receipt.to_json();
    match &args.output {
        Some(path) => {
            fs::write(path, text).with_context(|| format!("`{}` could not be written", path.display()))?;
        }
        None => {
            let mut out = context.page.out();
            out.write_all(text.as_bytes())?;
            out.flush()?;
        }
    }
    Ok(Exit::Ok)
}

/// `sentinel ledger checkpoint`.
pub(super) fn checkpoint(place: &Place, json: bool, context: &Context) -> anyhow::Result<Exit> {
    let (_, head) = place.read()?;
    let mut out = context.page.out();
    if json {
        let key = VerifyingKey::decode(&head.key).context("the ledger's key cannot be read")?;
        let checkpoint = Checkpoint::open(&head.checkpoint, &[key])
            .context("the ledger's head is not signed by its key: run `sentinel ledger verify`")?;
        let value = json!({
            "ledger": checkpoint.origin(),
            "size": checkpoint.size(),
            "root": checkpoint.root().to_base64(),
            "note": head.checkpoint,
        });
        writeln!(out, "{value:#}")?;
    } else {
        write!(out, "{}", head.checkpoint)?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}

/// `sentinel ledger key`.
pub(super) fn key(place: &Place, json: bool, context: &Context) -> anyhow::Result<Exit> {
    let (_, head) = place.read()?;
    if place.own_key().is_ok_and(|own| own.encode() != head.key) {
        page::note("warning: the key file holds another key than the one that signs the ledger");
    }
    let mut out = context.page.out();
    if json {
        writeln!(out, "{:#}", json!({ "key": head.key }))?;
    } else {
        writeln!(out, "{}", head.key)?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}
