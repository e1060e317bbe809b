//! The keys that have signed the ledger, from its first entry on.
//!
//! They are named by entries in which each key hands over to the next one. Nothing is verified here:
//! whoever trusts one of them follows the chain by receipts of these entries.

use serde::{Deserialize, Serialize};

use super::App;
use super::reads::ReadError;
use crate::state::EntryKind;
use crate::store::{EntryFilter, Order};

/// Rotations of one look. There are few, so there is most often one look.
const PAGE: u32 = 1_000;

/// A key, and since when it signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeySince {
    /// As a verifier takes it.
    pub key: String,
    /// The entry that names it; 0 for the first key. It signs heads that cover that entry.
    pub from: u64,
}

/// The part of a rotation that is read here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rotation {
    new_key: String,
    old_key: String,
}

/// All of them, oldest first: the last one signs now.
///
/// # Errors
///
/// Where nothing can be read, or an entry is not what it should be.
pub async fn all(app: &App) -> Result<Vec<KeySince>, ReadError> {
    let current = app.signer.verifying_key().encode();
    let filter = || EntryFilter { kind: Some(EntryKind::KeyRotation), ..EntryFilter::default() };
    let reading = app.readers.read(move |reader| {
        let mut rotations = Vec::new();
        let mut from = 0;
        loop {
            let page = reader.entries(from, Order::OldestFirst, &filter(), PAGE)?;
            let is_last = page.len() < PAGE as usize;
            from = page.last().map_or(from, |own| own.seq + 1);
            rotations.extend(page.into_iter().map(|own| (own.seq, own.entry.body)));
            if is_last {
                return Ok(rotations);
            }
        }
    });
    chain(&current, &reading.await?)
}

/// The chain of these rotations. Without any, the current key is the first one.
fn chain(current: &str, rotations: &[(u64, String)]) -> Result<Vec<KeySince>, ReadError> {
    let mut keys: Vec<KeySince> = Vec::with_capacity(rotations.len() + 1);
    for (seq, body) in rotations {
        let own: Rotation = serde_json::from_str(body).map_err(|error| ReadError::Unproven {
            reason: format!("entry {seq} is no rotation: {error}"),
        })?;
        if keys.is_empty() {
            keys.push(KeySince { key: own.old_key, from: 0 });
        }
        keys.push(KeySince { key: own.new_key, from: *seq });
    }
    if keys.is_empty() {
        keys.push(KeySince { key: current.to_owned(), from: 0 });
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_each_other() {
        let since = |key: &str, from| KeySince { key: key.to_owned(), from };
        let entry =
            |old: &str, new: &str| format!(r#"{{"kind":"key-rotation","newKey":"{new}","oldKey":"{old}"}}"#);
        assert_eq!(chain("a", &[]).unwrap(), [since("a", 0)]);
        let rotations = [(3, entry("a", "b")), (9, entry("b", "c"))];
        assert_eq!(chain("c", &rotations).unwrap(), [since("a", 0), since("b", 3), since("c", 9)]);
        assert!(chain("b", &[(3, "{}".to_owned())]).is_err());
    }
}
