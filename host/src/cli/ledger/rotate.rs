//! `sentinel ledger rotate`: a new key takes over, and the ledger says so.
//!
//! 1. The new key is written beside the current one.
//! 2. An entry in which the old key names the new one is appended, and the new key signs the head.
//! 3. The new key's file takes the place of the old one's.
//!
//! Where this ends between 2 and 3, the next start of a daemon, or of this, does step 3.

use std::io::Write as _;

use anyhow::{Context as _, ensure};
use sentinel::app::identity::{self, Signer};
use sentinel::app::{clock, record};
use sentinel::state::{EntryKind, Keys, NewEntry, Page};
use sentinel::store::StoreError;
use sentinel_ledger::{Checkpoint, Rotation, SigningKey};
use serde_json::json;

use super::super::{Context, Exit, page};
use super::source::Place;

pub(super) fn run(place: &Place, json: bool, context: &Context) -> anyhow::Result<Exit> {
    let backend = place.open_alone()?;
    let head = backend.reader()?.head()?;
    ensure!(
        head.tree.size() > 0,
        "nothing is recorded in {} yet, so no key has to be replaced",
        place.name()?
    );
    let origin = head.checkpoint.lines().next().context("the ledger has no signed head")?.to_owned();
    let path = place.key_file();
    let signer = Signer::open(&path, &origin, &head.key, false)?;
    let old = signer.key();
    ensure!(
        old.verifying_key().encode() == head.key,
        "`{}` is not the key that signs the ledger: that is `{}`",
        path.display(),
        head.key
    );
    // The name of the ledger is only as good as the signature over it.
    Checkpoint::open(&head.checkpoint, &[old.verifying_key()])
        .context("the head is not signed by the ledger's key: run `sentinel ledger verify`")?;
    let next = identity::prepare(&path, &origin)?;
    let mut index = 0;
    backend.writer()?.transact(clock::now(), &Keys::default(), &mut |page| {
        index = page.next_seq();
        hand_over(page, &origin, old, &next)
    })?;
    identity::promote(&path).context(
        "the ledger has its new key, but its file is not in place: start the daemon, which does that",
    )?;

    let (old, new) = (old.verifying_key().encode(), next.verifying_key().encode());
    let kept = path.with_extension("old");
    let mut out = context.page.out();
    if json {
        let value = json!({
            "index": index, "old": old, "new": new,
            "keyFile": path.display().to_string(), "oldKeyFile": kept.display().to_string(),
        });
        writeln!(out, "{value:#}")?;
    } else {
        writeln!(out, "the key of the ledger changed at entry {index}")?;
        writeln!(out, "  old  {old}")?;
        writeln!(out, "  new  {new}")?;
        writeln!(out, "give the new key to whoever verifies; with the old one, the ledger still verifies")?;
        writeln!(out, "the old private key is in `{}`: move it to a safe place", kept.display())?;
    }
    out.flush()?;
    if place.is_shared()? {
        page::note(&format!(
            "warning: every daemon on this database needs the new `{}`: until then it denies every call",
            path.display()
        ));
    }
    Ok(Exit::Ok)
}

fn hand_over(page: &mut Page, origin: &str, old: &SigningKey, next: &SigningKey) -> Result<(), StoreError> {
    let failed = |reason: &str| StoreError::Failed { reason: reason.to_owned() };
    // Somebody else may have been faster.
    if page.head().key != old.verifying_key().encode() {
        return Err(failed("another key signs the ledger by now: run this again"));
    }
    let size = page.next_seq();
    let rotation = Rotation::new(origin, size, old, &next.verifying_key())
        .map_err(|error| failed(&error.to_string()))?
        .to_json();
    let rest = rotation.strip_prefix('{').ok_or_else(|| failed("the rotation is no object"))?;
    // Like every entry, it says when it was and what it is called; names are in order.
    let body = format!("{{\"at\":\"{}\",\"id\":\"{}\",{rest}", clock::text(page.now), record::id(size));
    page.append(NewEntry { kind: EntryKind::KeyRotation, agent: String::new(), decision: "", body })?;
    page.replace_key(next);
    Ok(page.seal(next, origin)?)
}
