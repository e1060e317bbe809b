//! Who would answer, for commands that only try a policy out.

use clap::ValueEnum;
use sentinel::engine::{Approval, Circumstances, Refusal};

use super::Context;

/// The moment of calls that are tried out one by one: nothing was learned before it, so it changes
/// nothing, and the same input gives the same output on every day.
const MOMENT: u64 = 0;

/// What would become of a call that needs a person
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Approver {
    /// Somebody can be asked: the call is shown as escalated
    #[default]
    Possible,
    /// Somebody says yes to everything
    Yes,
    /// Somebody says no to everything
    No,
    /// Nobody can be asked
    Nobody,
}

impl Approver {
    /// The circumstances of a call that is tried out.
    pub(crate) const fn circumstances(self, context: &Context) -> Circumstances {
        let approval = match self {
            Self::Possible => Approval::Possible,
            Self::Yes => Approval::Granted,
            Self::No => Approval::Refused(Refusal::Denied),
            Self::Nobody => Approval::Nobody,
        };
        Circumstances { mode: context.settings.mode, approval, now: Some(MOMENT) }
    }
}
