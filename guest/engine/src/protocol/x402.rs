//! x402: payments that leave with a request, and the challenges that ask for them.
//!
//! A payment is read before it leaves, and read only if what it can cost is certain: the scheme
//! `exact` with a transfer that the payer signed in full (EIP-3009). What is charged is what is
//! signed, never what stands beside it. Everything else is refused by name: other schemes
//! (`upto`: the amount is not known yet), allowances (Permit2, ERC-7710), signed transactions
//! (Solana and others), and extensions that carry one of these.
//!
//! Not looked at: signatures, nonces, and the time in which the payment is valid. They decide
//! whether a payment succeeds; here is decided whether it may be tried.
//!
//! **Version 1 does not say which token it pays with.** The server names it, and the signature binds
//! it, but the payment does not carry it. It is taken to be the only token that the policy knows on
//! that network; with none or with several the payment is refused. So an agent whose wallet holds
//! other tokens of the same kind on that network, worth more per atomic unit, can pay more than is
//! charged. Version 2 has no such gap: the token stands in the payment, and a server that settles
//! another one is refused by the signature. A policy that wants version 2 only says so with a rule
//! on `payment.version`.
//!
//! - [`payment`]: headers of a request to a [`Payment`].
//! - [`Payment::parse`], [`write_member`]: the same payment in a call.
//! - [`challenge`]: an answer with status 402 to the [`Requirement`]s that it offers.
//! - [`decide`], [`judge`]: what a policy's [`X402Rules`] say.

mod address;
mod challenge;
mod decide;
mod header;
mod member;
mod rules;

pub use challenge::{Requirement, challenge};
pub use decide::{decide, judge};
pub use header::payment;
pub(crate) use header::{is_payment_header, payment_of_message};
pub use member::write_member;
pub use rules::X402Rules;

pub(crate) use address::{canonical_address, canonical_network, is_hex_address};
pub(crate) use member::read_member;
pub(crate) use rules::Worth;

use super::fields::{self, Ambiguous};
use crate::base64;
use crate::decision::{Layer, Outcome, Reason};
use crate::syntax::{Node, SyntaxTree};
use crate::wire::excerpt;

/// The only scheme whose cost is known before it is paid.
const EXACT: &str = "exact";

/// A payment as it would be settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Version of the protocol, 1 or 2.
    pub version: u8,
    /// CAIP-2.
    pub network: String,
    /// Contract of the token, in small letters; version 1 does not say.
    pub asset: Option<String>,
    /// What is signed, in the token's atomic units.
    pub amount: u128,
    /// Who is paid, in small letters.
    pub pay_to: String,
}

impl Payment {
    /// Reads the payment of a call, which [`write_member`] writes.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        read_member(&read_json(text)?.root)
    }

    /// The scheme of every payment that can be read.
    pub const fn scheme(&self) -> &'static str {
        EXACT
    }
}

/// Why something is not a payment, or not one whose cost is certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Stable, kebab-case.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
}

impl Malformed {
    /// As a finding of a decision.
    pub fn reason(&self) -> Reason {
        Reason {
            outcome: Outcome::Deny,
            layer: Layer::Engine,
            code: self.code.into(),
            message: self.message.clone(),
            rule: None,
            part: None,
        }
    }
}

fn malformed<T>(message: impl Into<String>) -> Result<T, Malformed> {
    refuse("payment-malformed", message)
}

fn refuse<T>(code: &'static str, message: impl Into<String>) -> Result<T, Malformed> {
    Err(Malformed { code, message: message.into() })
}

impl From<Ambiguous> for Malformed {
    fn from(Ambiguous(key): Ambiguous) -> Self {
        let message = format!("Payment has the key \"{}\", which some read as another one.", excerpt(&key));
        Self { code: "payment-malformed", message }
    }
}

/// JSON of which every reader sees the same: whole, UTF-8, no key twice.
fn read_json(text: &str) -> Result<SyntaxTree<'_>, Malformed> {
    let tree = match crate::syntax::read(text, crate::Format::Json) {
        Ok(tree) => tree,
        Err(found) => return malformed(format!("Payment is not valid JSON: {}.", found.message)),
    };
    if let Some(twice) = tree.duplicates.first() {
        return malformed(format!("Payment has the key \"{}\" twice in one object.", excerpt(&twice.key)));
    }
    Ok(tree)
}

/// A member that has to be there.
fn need<'n, 'a>(node: &'n Node<'a>, name: &str) -> Result<&'n Node<'a>, Malformed> {
    match fields::get(node, name)? {
        Some(member) => Ok(member),
        None => malformed(format!("Payment has no `{name}`.")),
    }
}

/// A member that has to be a text.
fn need_text<'n>(node: &'n Node<'_>, name: &str) -> Result<&'n str, Malformed> {
    match need(node, name)?.as_str() {
        Some(text) => Ok(text),
        None => malformed(format!("Field `{name}` of the payment is not a text.")),
    }
}

/// An amount in atomic units: plain digits, nothing that is a number for some readers only.
fn amount(text: &str) -> Result<u128, Malformed> {
    let is_plain = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'));
    if !is_plain {
        return malformed(format!("\"{}\" is not an amount in plain digits.", excerpt(text)));
    }
    match text.parse() {
        Ok(amount) => Ok(amount),
        Err(_) => refuse("payment-too-large", "Payment is more than any policy can allow."),
    }
}

#[cfg(test)]
mod tests;
