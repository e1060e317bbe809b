//! `x402` of a policy, compiled.

use std::collections::{BTreeMap, BTreeSet};

use super::Payment;
use crate::Format;
use crate::data::assets::USDC;
use crate::decision::Rule;
use crate::diagnostic::Diagnostic;
use crate::document::shape::{Reading, Shape as _};
use crate::document::x402::X402;
use crate::{check, compile};

/// Micro-dollars in a dollar.
const DOLLAR: u64 = 1_000_000;

/// What a policy says of payments.
#[derive(Debug)]
pub struct X402Rules {
    /// Most micro-dollars of one payment.
    pub(crate) max: u64,
    pub(crate) max_rule: Rule,
    /// `None`: everybody.
    pub(crate) payees: Option<BTreeSet<String>>,
    pub(crate) denied: BTreeMap<String, Rule>,
    /// CAIP-2; `None`: wherever an asset is known.
    pub(crate) networks: Option<BTreeSet<String>>,
    /// By network and asset, beside the built-in ones.
    pub(crate) assets: BTreeMap<(String, String), Worth>,
}

/// What a token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Worth {
    /// Atomic units in one token, as a power of ten.
    pub(crate) decimals: u32,
    /// Micro-dollars of one token.
    pub(crate) micros: u64,
}

impl Worth {
    /// Micro-dollars of so many atomic units, rounded up; `None` if they are not counted so far.
    pub(crate) fn micros(self, amount: u128) -> Option<u64> {
        let units = 10_u128.checked_pow(self.decimals)?;
        let micros = amount.checked_mul(u128::from(self.micros))?.div_ceil(units);
        u64::try_from(micros).ok()
    }
}

/// Why the token of a payment is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAsset {
    /// Nobody said what it is worth.
    Unknown,
    /// The payment does not say which one it is, and it could be several.
    Several,
}

impl X402Rules {
    /// Reads a section that stands on its own, as a document would.
    pub fn load(text: &str, format: Format) -> Result<Self, Vec<Diagnostic>> {
        let tree = check::parse(text, format)?;
        let mut cx = Reading::of(&tree, "x402");
        check::duplicates(&tree, &mut cx);
        let section = X402::read(&tree.root, &mut cx);
        if let Some(section) = &section {
            check::x402::check(section, &mut cx);
        }
        match section.filter(|_| !cx.has_errors()) {
            Some(section) => Ok(compile::x402::rules(section)),
            None => Err(cx.finish()),
        }
    }

    /// What the token that is paid with is worth. The policy's own entry wins over the built-in one.
    pub(crate) fn worth(&self, network: &str, asset: Option<&str>) -> Result<Worth, NoAsset> {
        let own = self
            .assets
            .iter()
            .filter(|((own, _), _)| own == network)
            .map(|((_, asset), worth)| (asset.as_str(), *worth));
        let built_in = USDC
            .iter()
            .filter(|row| {
                row.network == network
                    && !self.assets.contains_key(&(network.to_owned(), row.asset.to_owned()))
            })
            .map(|row| (row.asset, Worth { decimals: row.decimals, micros: DOLLAR }));
        let mut known = own.chain(built_in).filter(|(own, _)| asset.is_none_or(|asset| asset == *own));
        let Some((_, worth)) = known.next() else { return Err(NoAsset::Unknown) };
        if known.next().is_some() { Err(NoAsset::Several) } else { Ok(worth) }
    }
}

impl Payment {
    /// What the payment costs in millionths of a dollar, rounded up; `None` if the token is not known
    /// or the sum is not counted so far. Both are refused by [`super::decide`].
    pub fn usd_micros(&self, rules: &X402Rules) -> Option<u64> {
        rules.worth(&self.network, self.asset.as_deref()).ok()?.micros(self.amount)
    }
}
