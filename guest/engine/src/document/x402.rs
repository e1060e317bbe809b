//! `x402` of a document, as types: what may be paid.

use super::leaves::{Text, Whole};
use super::meters::Dollars;
use super::shape::{Filled, Reading, Shape, shape_struct};
use crate::limits::{ADDRESS_BYTES_MAX, ASSET_DECIMALS_MAX, ASSETS_MAX, LIST_ENTRIES_MAX};
use crate::protocol::x402::{canonical_address, canonical_network};
use crate::syntax::Node;

/// Addresses that are paid, or not.
pub(crate) type Addresses = Filled<Address, LIST_ENTRIES_MAX>;

shape_struct! {
    /// What may be paid by x402. Without it, nothing.
    pub(crate) struct X402 {
        /// Most dollars of one payment, as a text with at most 6 decimals, such as "0.50".
        max_per_payment: Dollars = "maxPerPayment",
        /// Who may be paid; everybody if absent. Letter case of hexadecimal addresses is ignored.
        payees: Option<Addresses> = "payees",
        /// Who may not be paid, whatever else is said.
        deny_payees: Option<Addresses> = "denyPayees",
        /// Networks that may be paid on, in CAIP-2 such as `eip155:8453`, or by their name in version 1
        /// such as `base`; if absent, all on which an asset is known.
        networks: Option<Filled<Network, ASSETS_MAX>> = "networks",
        /// Assets that may be paid with, beside USDC, which is known.
        assets: Option<Filled<AssetEntry, ASSETS_MAX>> = "assets",
    }
}

shape_struct! {
    /// An asset and what it is worth.
    pub(crate) struct AssetEntry {
        /// The network that it is on.
        network: Network = "network",
        /// Its contract or mint.
        asset: Address = "asset",
        /// How many decimals it has: one whole is ten to this power of what payments count in.
        decimals: Whole<0, ASSET_DECIMALS_MAX> = "decimals",
        /// What one whole is worth in dollars.
        usd: Dollars = "usd",
    }
}

/// An address of somebody or something, in the one spelling that is compared.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) canonical: String,
    pub(crate) text: Text,
}

impl Shape for Address {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = Text::read(node, cx)?;
        let Some(canonical) = canonical_address(&text.value) else {
            let message = format!("`{}` is not an address", text.value.escape_debug());
            let help = "write `0x` and 40 hexadecimal digits, or the network's own letters and digits";
            cx.error("bad-address", node.span, message, "this address", Some(help.to_owned()));
            return None;
        };
        Some(Self { canonical, text })
    }

    fn schema() -> String {
        format!(r#"{{"type":"string","pattern":"^[A-Za-z0-9._:-]{{1,{ADDRESS_BYTES_MAX}}}$"}}"#)
    }
}

/// A network in CAIP-2.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) canonical: String,
    pub(crate) text: Text,
}

impl Shape for Network {
    fn read(node: &Node<'_>, cx: &mut Reading<'_>) -> Option<Self> {
        let text = Text::read(node, cx)?;
        let Some(canonical) = canonical_network(&text.value).map(str::to_owned) else {
            let message = format!("`{}` is not a network", text.value.escape_debug());
            let help = "write CAIP-2 such as `eip155:8453`, or a name of version 1 such as `base`";
            cx.error("bad-network", node.span, message, "this network", Some(help.to_owned()));
            return None;
        };
        Some(Self { canonical, text })
    }

    fn schema() -> String {
        r#"{"type":"string","pattern":"^([-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}|[a-z]+(-[a-z]+)*)$"}"#.to_owned()
    }
}
