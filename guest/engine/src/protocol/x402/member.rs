//! The payment in a call: what is decided about, without signature and nonce.

use super::address::{is_caip2, is_evm};
use super::{EXACT, Malformed, Payment, amount, is_hex_address, malformed, need_text, refuse};
use crate::syntax::Node;
use crate::wire::{excerpt, push_json_string};

const FIELDS: [&str; 6] = ["version", "scheme", "network", "asset", "amount", "payTo"];

/// Reads `{version, scheme, network, asset?, amount, payTo}` as strictly as a call is read. The
/// asset is there in version 2 and not in version 1.
pub(crate) fn read_member(node: &Node<'_>) -> Result<Payment, Malformed> {
    let Some(members) = node.as_object() else { return malformed("Field `payment` is not an object.") };
    if let Some(unknown) = members.iter().find(|member| !FIELDS.contains(&member.key.as_ref())) {
        return malformed(format!("Field `payment` has an unknown field `{}`.", excerpt(&unknown.key)));
    }
    let own = |name: &str| members.iter().find(|member| member.key == name).map(|member| &member.value);
    let version = match own("version").and_then(Node::as_number) {
        Some("1") => 1,
        Some("2") => 2,
        Some(_) | None => return malformed("Field `payment.version` is neither 1 nor 2."),
    };
    if need_text(node, "scheme")? != EXACT {
        return refuse("payment-scheme-unknown", "Payment has a scheme whose cost is not certain.");
    }
    let network = need_text(node, "network")?;
    if !is_caip2(network) || !is_evm(network) {
        return refuse("payment-network-unknown", "Payment is on a network that cannot be read.");
    }
    let address = |name: &str| match need_text(node, name)? {
        text if is_hex_address(text) => Ok(text.to_ascii_lowercase()),
        _ => malformed(format!("Field `payment.{name}` is not an address of its network.")),
    };
    let asset = match (version, own("asset")) {
        (1, None) => None,
        (1, Some(_)) => return malformed("Field `payment.asset` is not part of version 1."),
        _ => Some(address("asset")?),
    };
    Ok(Payment {
        version,
        network: network.to_owned(),
        asset,
        amount: amount(need_text(node, "amount")?)?,
        pay_to: address("payTo")?,
    })
}

/// Appends what [`Payment::parse`] reads.
pub fn write_member(payment: &Payment, out: &mut String) {
    out.push_str(&format!(r#"{{"version":{},"scheme":"{EXACT}","network":"#, payment.version));
    push_json_string(out, &payment.network);
    if let Some(asset) = &payment.asset {
        out.push_str(r#","asset":"#);
        push_json_string(out, asset);
    }
    out.push_str(&format!(r#","amount":"{}","payTo":"#, payment.amount));
    push_json_string(out, &payment.pay_to);
    out.push('}');
}
