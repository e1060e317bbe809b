//! The headers of a request to the payment that they carry.

use super::address::{from_v1, is_caip2, is_evm};
use super::{
    EXACT, Malformed, Payment, amount, base64, canonical_address, fields, is_hex_address, malformed, need,
    need_text, read_json, refuse,
};
use crate::data::assets::HARMLESS_EXTENSIONS;
use crate::limits::PAYMENT_BYTES_MAX;
use crate::syntax::Node;
use crate::wire::excerpt;

/// What EIP-3009 signs, and all of it.
const AUTHORIZATION: [&str; 6] = ["from", "to", "value", "validAfter", "validBefore", "nonce"];

/// The payment that a request carries, if any: `PAYMENT-SIGNATURE` of version 2 or `X-PAYMENT` of
/// version 1.
///
/// More than one header is refused: which one a server reads is its own business.
pub fn payment(headers: &[(&str, &str)]) -> Result<Option<Payment>, Malformed> {
    let mut found = None;
    for (name, value) in headers {
        let Some(version) = version(name) else { continue };
        if found.replace((version, *value)).is_some() {
            return malformed("Request carries more than one payment.");
        }
    }
    let Some((version, value)) = found else { return Ok(None) };
    if value.len() > PAYMENT_BYTES_MAX {
        return malformed(format!("Payment header is larger than {PAYMENT_BYTES_MAX} bytes."));
    }
    let Some(bytes) = base64::decode(value) else { return malformed("Payment header is not base64.") };
    let Ok(text) = String::from_utf8(bytes) else { return malformed("Payment is not valid UTF-8.") };
    let tree = read_json(&text)?;
    if tree.root.as_object().is_none() {
        return malformed("Payment is not a JSON object.");
    }
    if need(&tree.root, "x402Version")?.as_number() != Some(version) {
        return malformed(format!("Payment does not have `x402Version` {version}, which its header says."));
    }
    if version == "2" { version_2(&tree.root) } else { version_1(&tree.root) }.map(Some)
}

/// The payment that a message of MCP carries, as JSON: an object, or the text of a header.
pub(crate) fn payment_of_message(json: &str) -> Result<Payment, Malformed> {
    if json.len() > PAYMENT_BYTES_MAX {
        return malformed(format!("Payment is larger than {PAYMENT_BYTES_MAX} bytes."));
    }
    let tree = read_json(json)?;
    if let Some(header) = tree.root.as_str() {
        let Some(text) = base64::decode(header).and_then(|bytes| String::from_utf8(bytes).ok()) else {
            return malformed("Payment is neither an object nor one in base64.");
        };
        return of_either_version(&read_json(&text)?.root);
    }
    of_either_version(&tree.root)
}

fn of_either_version(root: &Node<'_>) -> Result<Payment, Malformed> {
    if root.as_object().is_none() {
        return malformed("Payment is not a JSON object.");
    }
    match need(root, "x402Version")?.as_number() {
        Some("1") => version_1(root),
        Some("2") => version_2(root),
        Some(_) | None => malformed("Payment has neither `x402Version` 1 nor 2."),
    }
}

/// Whether a header carries a payment.
pub(crate) fn is_payment_header(name: &str) -> bool {
    version(name).is_some()
}

/// The version that a header belongs to. Some servers take `_` and `-` in its name for the same.
fn version(name: &str) -> Option<&'static str> {
    let is = |wanted: &str| {
        name.len() == wanted.len()
            && name
                .bytes()
                .zip(wanted.bytes())
                .all(|(own, wanted)| own.eq_ignore_ascii_case(&wanted) || own == b'_' && wanted == b'-')
    };
    if is("payment-signature") {
        return Some("2");
    }
    is("x-payment").then_some("1")
}

/// `{x402Version, scheme, network, payload}`
fn version_1(root: &Node<'_>) -> Result<Payment, Malformed> {
    exact(root)?;
    let name = need_text(root, "network")?;
    let Some(network) = from_v1(name) else {
        let message =
            format!("Payment is on the network \"{}\", which version 1 does not have.", excerpt(name));
        return refuse("payment-network-unknown", message);
    };
    let (amount, pay_to) = authorization(need(root, "payload")?, network)?;
    Ok(Payment { version: 1, network: network.to_owned(), asset: None, amount, pay_to })
}

/// `{x402Version, accepted, payload, resource?, extensions?}`
fn version_2(root: &Node<'_>) -> Result<Payment, Malformed> {
    let accepted = need(root, "accepted")?;
    exact(accepted)?;
    let network = need_text(accepted, "network")?;
    if !is_caip2(network) {
        let message = format!("Payment is on the network \"{}\", which is not CAIP-2.", excerpt(network));
        return refuse("payment-network-unknown", message);
    }
    extensions(root)?;
    method(accepted)?;
    let (signed, pay_to) = authorization(need(root, "payload")?, network)?;
    let asset = need_text(accepted, "asset")?;
    if !is_hex_address(asset) {
        return malformed("Field `asset` of the payment is not an address of its network.");
    }
    if amount(need_text(accepted, "amount")?)? != signed {
        return refuse("payment-mismatch", "Payment says one amount and signs another.");
    }
    if canonical_address(need_text(accepted, "payTo")?).as_ref() != Some(&pay_to) {
        return refuse("payment-mismatch", "Payment says one payee and signs another.");
    }
    Ok(Payment {
        version: 2,
        network: network.to_owned(),
        asset: Some(asset.to_ascii_lowercase()),
        amount: signed,
        pay_to,
    })
}

fn exact(node: &Node<'_>) -> Result<(), Malformed> {
    let scheme = need_text(node, "scheme")?;
    if scheme != EXACT {
        let message =
            format!("Payment has the scheme \"{}\"; only what `exact` costs is certain.", excerpt(scheme));
        return refuse("payment-scheme-unknown", message);
    }
    Ok(())
}

/// `accepted.extra.assetTransferMethod`, where it is said.
fn method(accepted: &Node<'_>) -> Result<(), Malformed> {
    let Some(extra) = fields::get(accepted, "extra")? else { return Ok(()) };
    match fields::get(extra, "assetTransferMethod")? {
        None => Ok(()),
        Some(method) if method.as_str() == Some("eip3009") => Ok(()),
        Some(_) => {
            refuse("payment-kind-unknown", "Payment is not a signed transfer, so its cost is not certain.")
        }
    }
}

fn extensions(root: &Node<'_>) -> Result<(), Malformed> {
    let Some(extensions) = fields::get(root, "extensions")? else { return Ok(()) };
    let Some(members) = extensions.as_object() else {
        return malformed("Field `extensions` of the payment is not an object.");
    };
    match members.iter().find(|member| HARMLESS_EXTENSIONS.binary_search(&member.key.as_ref()).is_err()) {
        None => Ok(()),
        Some(found) => {
            let message =
                format!("Payment has the extension \"{}\", which may allow more.", excerpt(&found.key));
            refuse("payment-extension-unknown", message)
        }
    }
}

/// What is signed: the amount and who gets it.
fn authorization(payload: &Node<'_>, network: &str) -> Result<(u128, String), Malformed> {
    let Some(members) = payload.as_object() else {
        return malformed("Field `payload` of the payment is not an object.");
    };
    // A further member may be another kind of payment, and the server chooses which one it settles.
    let is_transfer =
        members.iter().all(|member| matches!(member.key.as_ref(), "signature" | "authorization"));
    if !is_transfer || members.is_empty() || !is_evm(network) {
        return refuse(
            "payment-kind-unknown",
            "Payment is not a signed transfer, so its cost is not certain.",
        );
    }
    need_text(payload, "signature")?;
    let authorization = need(payload, "authorization")?;
    let Some(signed) = authorization.as_object() else {
        return malformed("Field `authorization` of the payment is not an object.");
    };
    if let Some(unknown) = signed.iter().find(|member| !AUTHORIZATION.contains(&member.key.as_ref())) {
        let message = format!("Payment signs an unknown field \"{}\".", excerpt(&unknown.key));
        return refuse("payment-kind-unknown", message);
    }
    let to = need_text(authorization, "to")?;
    if !is_hex_address(to) {
        return malformed("Field `to` of the payment is not an address of its network.");
    }
    Ok((amount(need_text(authorization, "value")?)?, to.to_ascii_lowercase()))
}
