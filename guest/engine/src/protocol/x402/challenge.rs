//! What an answer with status 402 asks for. Nothing is decided by it: an agent is told early, and
//! what it pays then is read from the payment.

use super::address::{from_v1, is_caip2, is_evm};
use super::{
    EXACT, Malformed, amount, base64, canonical_address, fields, malformed, need, need_text, read_json,
};
use crate::limits::{OFFERS_MAX, PAYMENT_BYTES_MAX};
use crate::syntax::Node;
use crate::wire::excerpt;

/// One way to pay that a server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// CAIP-2; as it is written where it is not understood.
    pub network: String,
    /// The token, in small letters if it is hexadecimal.
    pub asset: String,
    /// In the token's atomic units.
    pub amount: u128,
    /// Who would be paid.
    pub pay_to: String,
    /// Why no payment of this kind can be read, whatever a policy says.
    pub refused: Option<Malformed>,
}

const PAYMENT_REQUIRED: u16 = 402;

/// The ways to pay that an answer offers; `None` if it does not speak of x402.
///
/// Version 2 has a header, and a body that says nothing; version 1 has a body.
pub fn challenge(
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Option<Vec<Requirement>>, Malformed> {
    if status != PAYMENT_REQUIRED {
        return Ok(None);
    }
    let mut own = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("payment-required"));
    if let Some((_, value)) = own.next() {
        if own.next().is_some() || value.len() > PAYMENT_BYTES_MAX {
            return malformed("Answer has several challenges, or one that is too large.");
        }
        let text = base64::decode(value).and_then(|bytes| String::from_utf8(bytes).ok());
        let Some(text) = text else { return malformed("Challenge is not base64 of UTF-8.") };
        let tree = read_json(&text)?;
        if need(&tree.root, "x402Version")?.as_number() != Some("2") {
            return malformed("Challenge does not have `x402Version` 2, which its header says.");
        }
        return offers(&tree.root, "amount").map(Some);
    }
    let text = std::str::from_utf8(body).ok().filter(|text| text.len() <= PAYMENT_BYTES_MAX);
    let tree = text.and_then(|text| crate::syntax::read(text, crate::Format::Json).ok());
    let Some(tree) = tree.filter(|tree| tree.duplicates.is_empty()) else { return Ok(None) };
    match fields::get(&tree.root, "x402Version")? {
        Some(version) if version.as_number() == Some("1") => {
            offers(&tree.root, "maxAmountRequired").map(Some)
        }
        Some(_) | None => Ok(None),
    }
}

fn offers(root: &Node<'_>, amount: &str) -> Result<Vec<Requirement>, Malformed> {
    match need(root, "accepts")?.as_array() {
        Some(offers) if offers.len() <= OFFERS_MAX => {
            offers.iter().map(|offer| read(offer, amount)).collect()
        }
        Some(_) => malformed(format!("Challenge makes more than {OFFERS_MAX} offers.")),
        None => malformed("Field `accepts` of the challenge is not a list."),
    }
}

fn read(offer: &Node<'_>, amount_field: &str) -> Result<Requirement, Malformed> {
    let (scheme, network) = (need_text(offer, "scheme")?, need_text(offer, "network")?);
    let (asset, pay_to) = (need_text(offer, "asset")?, need_text(offer, "payTo")?);
    let canonical = from_v1(network).unwrap_or(network);
    let method = match fields::get(offer, "extra")? {
        Some(extra) => fields::get(extra, "assetTransferMethod")?,
        None => None,
    };
    let refused = |code, message| Some(Malformed { code, message });
    let why = if scheme != EXACT {
        let message =
            format!("Offer has the scheme \"{}\"; only what `exact` costs is certain.", excerpt(scheme));
        refused("payment-scheme-unknown", message)
    } else if !is_caip2(canonical) {
        refused(
            "payment-network-unknown",
            format!("Offer is on an unknown network \"{}\".", excerpt(network)),
        )
    } else if !is_evm(canonical) || method.is_some_and(|method| method.as_str() != Some("eip3009")) {
        let message = "Offer is not for a signed transfer, so its cost is not certain.".to_owned();
        refused("payment-kind-unknown", message)
    } else {
        None
    };
    let address = |text: &str| canonical_address(text).unwrap_or_else(|| excerpt(text).into_owned());
    Ok(Requirement {
        network: canonical.to_owned(),
        asset: address(asset),
        amount: amount(need_text(offer, amount_field)?)?,
        pay_to: address(pay_to),
        refused: why,
    })
}
