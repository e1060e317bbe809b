//! What `verify` prints.

use std::io::{self, Write as _};

use sentinel_ledger::VerifiedReceipt;
use serde_json::{Value, json};

use super::super::super::page::Tone;
use super::super::super::{Context, Page, page};
use super::super::escape;
use super::Verified;
use super::failure::Failure;

/// Said where nothing was pinned.
pub(super) const OWN_KEY_NOTE: &str =
    "note: verified against its own key; pass --key with one kept elsewhere";

/// Something that was verified.
pub(super) enum Report {
    Ledger(Box<Verified>),
    Receipt(VerifiedReceipt),
}

impl Report {
    pub(super) fn print(&self, json: bool, context: &Context) -> anyhow::Result<()> {
        let mut out = context.page.out();
        if json {
            let value = match self {
                Self::Ledger(verified) => ledger_json(verified),
                Self::Receipt(verified) => receipt_json(verified),
            };
            writeln!(out, "{}", escape::json(&format!("{value:#}")))?;
        } else {
            match self {
                Self::Ledger(verified) => ledger(verified, context.page, &mut out)?,
                Self::Receipt(verified) => receipt(verified, context.page, &mut out)?,
            }
        }
        out.flush()?;
        if matches!(self, Self::Ledger(verified) if verified.is_own_key) {
            page::note(OWN_KEY_NOTE);
        }
        Ok(())
    }
}

/// Says why something is not verified.
pub(super) fn print_failure(failure: &Failure, json: bool, context: &Context) -> anyhow::Result<()> {
    let mut out = context.page.out();
    if json {
        let value = json!({ "verified": false, "code": failure.code(), "message": failure.to_string() });
        writeln!(out, "{}", escape::json(&format!("{value:#}")))?;
    } else {
        let word = context.page.paint(Tone::Bad, "not verified");
        let code = context.page.paint(Tone::Faint, failure.code());
        writeln!(out, "{word}: {} {code}", escape::line(&failure.to_string(), usize::MAX))?;
    }
    out.flush()?;
    Ok(())
}

fn ledger(verified: &Verified, page: Page, out: &mut impl io::Write) -> io::Result<()> {
    let audit = &verified.proven.audit;
    let word = page.paint(Tone::Good, "verified");
    let mut lines = vec![
        ("size", format!("{} entries", audit.size)),
        ("root", audit.root.to_base64()),
        ("key", audit.key.encode()),
    ];
    for change in &audit.rotations {
        let text =
            format!("at entry {}, from {} to {}", change.index, change.old.encode(), change.new.encode());
        lines.push(("rotated", text));
    }
    for (name, at) in [("first", &verified.proven.first_at), ("last", &verified.proven.last_at)] {
        lines.extend(at.clone().map(|at| (name, at)));
    }
    match verified.kept {
        0 => {}
        1 => lines.push(("kept", "agrees with the checkpoint kept elsewhere".to_owned())),
        count => lines.push(("kept", format!("agrees with {count} checkpoints kept elsewhere"))),
    }
    lines.push(("took", format!("{:.1} s", verified.seconds)));
    writeln!(out, "{word} {}", verified.what)?;
    write_lines(&lines, page, out)
}

fn receipt(verified: &VerifiedReceipt, page: Page, out: &mut impl io::Write) -> io::Result<()> {
    let checkpoint = verified.checkpoint();
    writeln!(out, "{} entry {}", page.paint(Tone::Good, "verified"), verified.index())?;
    let lines = [
        ("ledger", checkpoint.origin().to_owned()),
        ("size", format!("{} entries", checkpoint.size())),
        ("root", checkpoint.root().to_base64()),
    ];
    write_lines(&lines, page, out)?;
    writeln!(out, "{}", escape::json(&entry_text(verified)))
}

fn write_lines(lines: &[(&str, String)], page: Page, out: &mut impl io::Write) -> io::Result<()> {
    lines.iter().try_for_each(|(name, text)| {
        let name = page.paint(Tone::Faint, &format!("{name:>9}"));
        writeln!(out, "{name}  {}", escape::line(text, usize::MAX))
    })
}

fn ledger_json(verified: &Verified) -> Value {
    let audit = &verified.proven.audit;
    let rotations: Vec<_> = audit
        .rotations
        .iter()
        .map(
            |change| json!({ "index": change.index, "old": change.old.encode(), "new": change.new.encode() }),
        )
        .collect();
    json!({
        "verified": true,
        "against": if verified.is_own_key { "own-key" } else { "pinned-key" },
        "size": audit.size,
        "root": audit.root.to_base64(),
        "key": audit.key.encode(),
        "rotations": rotations,
        "checkpoints": verified.kept,
        "firstAt": verified.proven.first_at,
        "lastAt": verified.proven.last_at,
        "seconds": verified.seconds,
    })
}

fn receipt_json(verified: &VerifiedReceipt) -> Value {
    let checkpoint = verified.checkpoint();
    let entry = serde_json::from_slice::<Value>(verified.entry());
    json!({
        "verified": true,
        "against": "pinned-key",
        "index": verified.index(),
        "ledger": checkpoint.origin(),
        "size": checkpoint.size(),
        "root": checkpoint.root().to_base64(),
        "entry": entry.unwrap_or_else(|_| Value::String(String::from_utf8_lossy(verified.entry()).into_owned())),
    })
}

fn entry_text(verified: &VerifiedReceipt) -> String {
    match serde_json::from_slice::<Value>(verified.entry()) {
        Ok(entry) => format!("{entry:#}"),
        Err(_) => String::from_utf8_lossy(verified.entry()).into_owned(),
    }
}
