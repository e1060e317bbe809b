//! What a policy says of a payment, or of an offer that asks for one.

use super::rules::NoAsset;
use super::{Payment, Requirement, X402Rules};
use crate::decision::{Layer, Outcome, Reason, Rule};
use crate::money;
use crate::wire::excerpt;

/// Adds why a payment is denied, if it is. `rules` are those of the host that it goes to; a host
/// without any is not paid.
pub fn decide(rules: Option<&X402Rules>, payment: &Payment, reasons: &mut Vec<Reason>) {
    let asked = Asked {
        network: &payment.network,
        asset: payment.asset.as_deref(),
        amount: payment.amount,
        payee: &payment.pay_to,
    };
    reasons.extend(asked.denials(rules));
}

/// Why nobody could pay what an offer asks for; empty if somebody could.
pub fn judge(rules: Option<&X402Rules>, offer: &Requirement) -> Vec<Reason> {
    if let Some(refused) = &offer.refused {
        return vec![refused.reason()];
    }
    let asked = Asked {
        network: &offer.network,
        asset: Some(&offer.asset),
        amount: offer.amount,
        payee: &offer.pay_to,
    };
    asked.denials(rules)
}

struct Asked<'a> {
    network: &'a str,
    asset: Option<&'a str>,
    amount: u128,
    payee: &'a str,
}

impl Asked<'_> {
    fn denials(&self, rules: Option<&X402Rules>) -> Vec<Reason> {
        let Some(rules) = rules else {
            let message = "Policy allows no payment to this host.".to_owned();
            return vec![deny(Layer::Deterministic, "payment-not-allowed", message, None)];
        };
        [self.payee(rules), self.network(rules), self.price(rules)].into_iter().flatten().collect()
    }

    fn payee(&self, rules: &X402Rules) -> Option<Reason> {
        let payee = excerpt(self.payee);
        if let Some(rule) = rules.denied.get(self.payee) {
            let message = format!("Payments to {payee} are denied.");
            return Some(deny(Layer::Deterministic, "payee-denied", message, Some(rule.clone())));
        }
        let is_allowed = rules.payees.as_ref().is_none_or(|payees| payees.contains(self.payee));
        (!is_allowed).then(|| {
            let message = format!("Policy allows no payment to {payee}.");
            deny(Layer::Deterministic, "payee-not-allowed", message, None)
        })
    }

    fn network(&self, rules: &X402Rules) -> Option<Reason> {
        let is_allowed = rules.networks.as_ref().is_none_or(|networks| networks.contains(self.network));
        (!is_allowed).then(|| {
            let message = format!("Policy allows no payment on the network {}.", excerpt(self.network));
            deny(Layer::Deterministic, "payment-network-not-allowed", message, None)
        })
    }

    fn price(&self, rules: &X402Rules) -> Option<Reason> {
        let worth = match rules.worth(self.network, self.asset) {
            Ok(worth) => worth,
            Err(NoAsset::Unknown) => {
                let message = match self.asset {
                    Some(asset) => format!(
                        "Policy does not know what {} on {} is worth.",
                        excerpt(asset),
                        excerpt(self.network)
                    ),
                    None => format!("Policy knows no asset on {}.", excerpt(self.network)),
                };
                return Some(deny(Layer::Deterministic, "asset-unknown", message, None));
            }
            Err(NoAsset::Several) => {
                let message = format!(
                    "Payment does not say what it pays with, and policy knows several assets on {}.",
                    excerpt(self.network)
                );
                return Some(deny(Layer::Deterministic, "asset-ambiguous", message, None));
            }
        };
        let limit = money::show(rules.max);
        let message = match worth.micros(self.amount) {
            Some(cost) if cost <= rules.max => return None,
            Some(cost) => {
                format!("Payment is {}, and one payment may be {limit}.", money::show(cost))
            }
            None => format!("Payment is more than can be counted, and one payment may be {limit}."),
        };
        Some(deny(Layer::Budget, "payment-too-large", message, Some(rules.max_rule.clone())))
    }
}

fn deny(layer: Layer, code: &'static str, message: String, rule: Option<Rule>) -> Reason {
    Reason { outcome: Outcome::Deny, layer, code: code.into(), message, rule, part: None }
}
