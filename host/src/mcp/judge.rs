//! Who decides a call of a tool: the policy of a file, here, or a daemon, with all that it keeps.

use std::sync::{Mutex, PoisonError};

use super::daemon::{Daemon, DaemonError};
use crate::app::clock;
use crate::app::scratch::Scratch;
use crate::engine::{Approval, Circumstances, FAULT_CODE, FAULT_REASON, Mode, Outcome, Session, Verdict};

/// Decides calls.
pub enum Judge {
    /// The policy alone. Its meters are those of this process, and nobody can be asked.
    Policy(Box<Mutex<Scratch>>),
    /// A daemon: budgets, approvals and the ledger hold.
    Daemon(Box<Daemon>),
}

/// What was decided, as far as it matters here.
#[derive(Clone, Debug)]
pub(super) struct Ruling {
    pub(super) decision: Outcome,
    pub(super) permitted: bool,
    pub(super) code: String,
    pub(super) reason: String,
    pub(super) verdict_id: Option<String>,
    pub(super) policy_digest: Option<String>,
    /// The question that it waits for, and for how long.
    pub(super) waiting: Option<(String, Option<u64>)>,
}

impl Ruling {
    pub(super) fn denied(code: &str, reason: String) -> Self {
        Self {
            decision: Outcome::Deny,
            permitted: false,
            code: code.to_owned(),
            reason,
            verdict_id: None,
            policy_digest: None,
            waiting: None,
        }
    }
}

impl Judge {
    /// By the policy alone.
    pub fn policy(agent: String) -> Self {
        Self::Policy(Box::new(Mutex::new(Scratch::new(agent))))
    }

    pub(super) const fn is_daemon(&self) -> bool {
        match self {
            Self::Policy(_) => false,
            Self::Daemon(_) => true,
        }
    }

    pub(super) async fn decide(&self, call: &[u8], session: &Mutex<Session>, mode: Option<Mode>) -> Ruling {
        match self {
            Self::Policy(meters) => {
                let mut meters = meters.lock().unwrap_or_else(PoisonError::into_inner);
                let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
                here(call, &mut session, &mut meters, mode)
            }
            Self::Daemon(daemon) => daemon.decide(call).await,
        }
    }

    /// A policy that is not the one that was fetched last.
    pub(super) async fn newer_policy(&self) -> Option<Result<Session, DaemonError>> {
        match self {
            Self::Policy(_) => None,
            Self::Daemon(daemon) => daemon.newer_policy().await.transpose(),
        }
    }
}

fn here(call: &[u8], session: &mut Session, meters: &mut Scratch, mode: Option<Mode>) -> Ruling {
    let (approval, now) = (Approval::Nobody, u64::try_from(clock::now().0).ok());
    let mut asked = Vec::new();
    let verdict = session.evaluate(call, Circumstances { mode, approval, now }, |effects| {
        asked = effects.to_vec();
        meters.read(effects)
    });
    if meters.charge(&asked, &verdict).is_err() {
        return Ruling::denied(FAULT_CODE, FAULT_REASON.to_owned());
    }
    if verdict.permitted {
        meters.learn(&verdict, |known, observation| session.learn(known, observation));
    }
    let policy_digest = Some(session.digest().to_owned());
    let Verdict { decision, permitted, code, reason, .. } = verdict;
    Ruling { decision, permitted, code, reason, verdict_id: None, policy_digest, waiting: None }
}
