//! One receipt, verified with nothing but the keys that were given.

use sentinel_ledger::{Receipt, VerifiedReceipt, VerifyingKey};

use super::failure::{Failure, Trouble};

/// Verifies a receipt. Without a name the ledger is the one that the keys are named after.
pub(super) fn verify(
    text: &str,
    pinned: &[VerifyingKey],
    origin: Option<String>,
) -> Result<VerifiedReceipt, Trouble> {
    let verified = Receipt::parse(text)?.verify(pinned)?;
    let found = verified.checkpoint().origin();
    let is_meant = match &origin {
        Some(origin) => origin == found,
        None => pinned.iter().any(|key| key.name() == found),
    };
    if !is_meant {
        let expected = origin.or_else(|| pinned.first().map(|key| key.name().to_owned())).unwrap_or_default();
        return Err(Failure::ReceiptOrigin { found: found.to_owned(), expected }.into());
    }
    Ok(verified)
}
