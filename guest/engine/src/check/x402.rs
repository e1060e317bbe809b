//! What the types cannot say of `x402`: assets twice or worth nothing, and entries that never apply.

use std::collections::BTreeSet;

use crate::data::assets::USDC;
use crate::diagnostic::Severity;
use crate::document::leaves::Text;
use crate::document::shape::Reading;
use crate::document::x402::{Addresses, Network, X402};

/// Checks one section.
pub(crate) fn check(section: &X402, cx: &mut Reading<'_>) {
    assets(section, cx);
    payees(section, cx);
    networks(section, cx);
}

fn assets(section: &X402, cx: &mut Reading<'_>) {
    let mut seen = BTreeSet::new();
    for entry in section.assets.iter().flat_map(|list| &list.0) {
        if !seen.insert((&entry.network.canonical, &entry.asset.canonical)) {
            let message = format!("asset `{}` stands twice on one network", entry.asset.text.value);
            let help = "keep one of them; which one counts would be a guess";
            report(cx, Severity::Error, "duplicate-asset", &entry.asset.text, message, help);
        }
        if entry.usd.micros == 0 {
            let message = format!("asset `{}` is worth nothing", entry.asset.text.value);
            let help = "payments with it would have no limit; leave it out to refuse them";
            report(cx, Severity::Error, "bad-money", &entry.usd.text, message, help);
        }
    }
}

/// A payee that is denied as well is never paid.
fn payees(section: &X402, cx: &mut Reading<'_>) {
    let addresses =
        |list: &'_ Option<Addresses>| list.iter().flat_map(|list| list.0.clone()).collect::<Vec<_>>();
    let denied: BTreeSet<String> =
        addresses(&section.deny_payees).into_iter().map(|address| address.canonical).collect();
    for payee in addresses(&section.payees).iter().filter(|payee| denied.contains(&payee.canonical)) {
        let message = format!("payee `{}` is denied as well, so it is never paid", payee.text.value);
        let help = "remove it from one of the lists";
        report(cx, Severity::Warning, "unreachable", &payee.text, message, help);
    }
}

/// On a network without a known asset nothing is ever paid.
fn networks(section: &X402, cx: &mut Reading<'_>) {
    let is_known = |network: &Network| {
        let own = section.assets.iter().flat_map(|list| &list.0);
        USDC.iter().any(|row| row.network == network.canonical)
            || own.into_iter().any(|entry| entry.network.canonical == network.canonical)
    };
    for network in section.networks.iter().flat_map(|list| &list.0).filter(|network| !is_known(network)) {
        let message = format!("no asset is known on `{}`, so nothing is paid there", network.text.value);
        let help = "add what is paid with to `assets`, or remove the network";
        report(cx, Severity::Warning, "unreachable", &network.text, message, help);
    }
}

fn report(
    cx: &mut Reading<'_>,
    severity: Severity,
    code: &'static str,
    text: &Text,
    message: String,
    help: &str,
) {
    cx.report(severity, code, text.span, text.pointer.clone(), message, "this entry", Some(help.to_owned()));
}
