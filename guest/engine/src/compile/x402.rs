//! `x402` to rules.

use crate::decision::Rule;
use crate::document::leaves::Text;
use crate::document::x402::{Addresses, X402};
use crate::protocol::x402::{Worth, X402Rules};

/// Compiles one section.
pub(crate) fn rules(section: X402) -> X402Rules {
    let addresses = |list: Option<Addresses>| list.map(|list| list.0);
    X402Rules {
        max: section.max_per_payment.micros,
        max_rule: written(section.max_per_payment.text),
        payees: addresses(section.payees)
            .map(|list| list.into_iter().map(|address| address.canonical).collect()),
        denied: addresses(section.deny_payees)
            .unwrap_or_default()
            .into_iter()
            // The first of several equal ones is the one to point at.
            .rev()
            .map(|address| (address.canonical, written(address.text)))
            .collect(),
        networks: section.networks.map(|list| list.0.into_iter().map(|network| network.canonical).collect()),
        assets: section
            .assets
            .map_or_else(Vec::new, |list| list.0)
            .into_iter()
            .map(|entry| {
                // Bounded by the document's own type; a larger one would make the sum too large.
                let decimals = u32::try_from(entry.decimals.value).unwrap_or(u32::MAX);
                let worth = Worth { decimals, micros: entry.usd.micros };
                ((entry.network.canonical, entry.asset.canonical), worth)
            })
            .collect(),
    }
}

fn written(text: Text) -> Rule {
    Rule { pattern: text.value, pointer: text.pointer }
}
