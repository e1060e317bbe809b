//! The ledger's verifier and its redactor: results as JSON. Keys come as lines, from whoever asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_ledger::{Auditor, Checkpoint, Hash, Receipt, Redactor, VerifyingKey, verify_consistency};
use serde_json::{Value, json};
use wasm_bindgen::prelude::wasm_bindgen;

/// Keys, one on each line. One that cannot be read is an error, and so are none.
fn keys(lines: &str) -> Result<Vec<VerifyingKey>, String> {
    if lines.is_empty() {
        return Err("no key is given: name those that the log's signer published".to_owned());
    }
    lines.split('\n').map(|line| VerifyingKey::decode(line).map_err(|error| error.to_string())).collect()
}

/// An error and its causes, on one line.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(own) = cause {
        text.push_str(": ");
        text.push_str(&own.to_string());
        cause = own.source();
    }
    text
}

fn answer(result: Result<Value, String>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(error) => json!({"ok": false, "error": error}).to_string(),
    }
}

/// What a receipt proves with these keys, as JSON.
#[wasm_bindgen(js_name = verifyReceipt)]
#[must_use]
pub fn verify_receipt(receipt: &str, key_lines: &str) -> String {
    answer(proven(receipt, key_lines))
}

fn proven(receipt: &str, key_lines: &str) -> Result<Value, String> {
    let keys = keys(key_lines)?;
    let receipt = Receipt::parse(receipt).map_err(|error| told(&error))?;
    let proven = receipt.verify(&keys).map_err(|error| told(&error))?;
    let checkpoint = proven.checkpoint();
    Ok(json!({
        "ok": true,
        "index": proven.index(),
        "entry": String::from_utf8_lossy(proven.entry()),
        "entryBase64": STANDARD.encode(proven.entry()),
        "origin": checkpoint.origin(),
        "size": checkpoint.size(),
        "root": checkpoint.root().to_base64(),
        "key": signer(&receipt.checkpoint, &keys),
    }))
}

/// One of the keys that signed a note which all of them were asked about.
fn signer(note: &str, keys: &[VerifyingKey]) -> Option<String> {
    let signed = |key: &&VerifyingKey| Checkpoint::open(note, &[(*key).clone()]).is_ok();
    keys.iter().find(signed).map(VerifyingKey::encode)
}

/// What a checkpoint says, if one of these keys signed it, as JSON.
#[wasm_bindgen(js_name = verifyCheckpoint)]
#[must_use]
pub fn verify_checkpoint(checkpoint: &str, key_lines: &str) -> String {
    answer(keys(key_lines).and_then(|keys| {
        let own = Checkpoint::open(checkpoint, &keys).map_err(|error| told(&error))?;
        Ok(json!({
            "ok": true,
            "origin": own.origin(),
            "size": own.size(),
            "root": own.root().to_base64(),
            "key": signer(checkpoint, &keys),
        }))
    }))
}

/// Whether the log of one checkpoint is the beginning of another's, as JSON. `proof`: hashes in base64,
/// one on each line.
#[wasm_bindgen(js_name = verifyConsistency)]
#[must_use]
pub fn verify_grown(old: &str, new: &str, proof: &str, key_lines: &str) -> String {
    answer(grown(old, new, proof, key_lines))
}

fn grown(old: &str, new: &str, proof: &str, key_lines: &str) -> Result<Value, String> {
    let keys = keys(key_lines)?;
    let open = |note: &str| Checkpoint::open(note, &keys).map_err(|error| told(&error));
    let (earlier, later) = (open(old)?, open(new)?);
    if earlier.origin() != later.origin() {
        return Err(format!(
            "the checkpoints are of two logs: `{}` and `{}`",
            earlier.origin(),
            later.origin()
        ));
    }
    let hashes = proof.split('\n').filter(|line| !line.is_empty()).map(Hash::from_base64);
    let hashes: Option<Vec<Hash>> = hashes.collect();
    let hashes = hashes.ok_or("the proof has a text that is not the base64 of a hash")?;
    verify_consistency(earlier.size(), &earlier.root(), later.size(), &later.root(), &hashes)
        .map_err(|error| told(&error))?;
    Ok(json!({
        "ok": true,
        "origin": later.origin(),
        "oldSize": earlier.size(),
        "size": later.size(),
        "root": later.root().to_base64(),
    }))
}

/// An audit of a whole log, entry by entry.
#[wasm_bindgen]
pub struct LedgerAudit(Auditor);

#[wasm_bindgen]
impl LedgerAudit {
    /// An audit of the log with this origin.
    ///
    /// # Errors
    ///
    /// Where a key cannot be read.
    pub fn start(origin: &str, key_lines: &str) -> Result<LedgerAudit, String> {
        Ok(Self(Auditor::new(origin, keys(key_lines)?)))
    }

    /// Demands that the log agrees with a checkpoint that was kept elsewhere.
    ///
    /// # Errors
    ///
    /// Where it does not.
    pub fn expect(&mut self, checkpoint: &str) -> Result<(), String> {
        self.0.expect(checkpoint).map_err(|error| told(&error))
    }

    /// The next entry.
    ///
    /// # Errors
    ///
    /// Where the log is none that the keys vouch for.
    pub fn push(&mut self, entry: &[u8]) -> Result<(), String> {
        self.0.push(entry).map_err(|error| told(&error))
    }

    /// The end of the log and its head: what was proven, as JSON.
    #[must_use]
    pub fn finish(&self, checkpoint: &str) -> String {
        answer(self.0.finish(checkpoint).map_err(|error| told(&error)).map(|audit| {
            let rotations: Vec<_> = audit.rotations.iter().map(|own| own.index).collect();
            json!({
                "ok": true,
                "size": audit.size,
                "root": audit.root.to_base64(),
                "key": audit.key.encode(),
                "rotations": rotations,
            })
        }))
    }
}

/// A JSON text without its secrets, canonical. `fields`: names of keys that are secret as well, one on
/// each line.
///
/// # Errors
///
/// Where it cannot be read; it must not be recorded then.
#[wasm_bindgen]
pub fn redact(json: &str, fields: &str) -> Result<String, String> {
    let names = fields.split('\n').filter(|name| !name.is_empty());
    Redactor::new(names).redact_json(json).map(|own| own.text).map_err(|error| told(&error))
}
