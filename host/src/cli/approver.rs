//! Who would answer, for commands that only try a policy out.

use clap::ValueEnum;
use sentinel::engine::{Approval, Circumstances, Refusal, Verdict};

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
            // Somebody has to be asked before they can say yes.
            Self::Possible | Self::Yes => Approval::Possible,
            Self::No => Approval::Refused(Refusal::Denied),
            Self::Nobody => Approval::Nobody,
        };
        Circumstances { mode: context.settings.mode, approval, now: Some(MOMENT) }
    }

    /// The circumstances in which a call is sent again, if this one says yes to what was asked.
    pub(crate) fn again(self, verdict: &Verdict, context: &Context) -> Option<Circumstances> {
        let question = verdict.question.as_ref().filter(|_| matches!(self, Self::Yes))?;
        let approval = Approval::Granted(question.grounds);
        Some(Circumstances { approval, ..self.circumstances(context) })
    }
}
