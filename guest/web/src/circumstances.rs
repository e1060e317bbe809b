//! What a page knows and the engine cannot, from numbers. What is no word of ours is the strictest one.

use sentinel_engine::{Approval, Circumstances, Mode};

/// A mode by its number: 0 for none.
pub(crate) const fn mode(number: u8) -> Option<Mode> {
    Some(match number {
        0 => return None,
        1 => Mode::DryRun,
        2 => Mode::Shadow,
        3 => Mode::Audit,
        _ => Mode::Enforce,
    })
}

/// A whole number, if it is one that JavaScript has exactly.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it was compared with the bounds of exact whole numbers"
)]
pub(crate) fn whole(number: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_991.0;
    (number.trunc() == number && (0.0..=EXACT).contains(&number)).then_some(number as u64)
}

/// The circumstances of a call on its own.
pub(crate) fn circumstances(mode_number: u8, can_ask: bool, now: f64) -> Circumstances {
    let approval = if can_ask { Approval::Possible } else { Approval::Nobody };
    Circumstances { mode: mode(mode_number), approval, now: whole(now.trunc()) }
}
