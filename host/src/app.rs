//! The use cases of the daemon, and the state that they share.
//!
//! HTTP calls what is here, and what is here calls the engine, the stores and the ledger; it is
//! the only place that sees all three. Everything that changes state is an [`Operation`], and all
//! of them go through one [`Committer`].

pub mod act;
pub mod approvals;
pub mod catalog;
pub mod channels;
pub mod clock;
mod committer;
mod definitions;
pub mod evaluate;
mod expire;
pub mod export;
mod follow;
pub mod identity;
pub mod keys;
mod lessons;
pub mod logins;
pub mod outcome;
pub mod permit;
pub mod policies;
pub mod protected;
pub mod publish;
pub mod reads;
pub mod record;
pub mod records;
pub mod scratch;
pub mod sessions;
pub mod settle;
pub mod signers;
pub mod simulate;
mod start;
pub mod statistics;
pub mod tally;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};

use sentinel_ledger::Redactor;
use thiserror::Error;
use tokio::sync::watch;

pub use committer::{CommitError, Committer};
pub use definitions::Problem;
pub use start::{StartError, Started, open_store};

use crate::auth::{Authenticator, Role};
use crate::config::Config;
use crate::engine::Pool;
use crate::state::{Keys, Millis, Page, PageError};
use crate::store::StoreError;

use catalog::Catalog;
use identity::Signer;
use keys::KeyRing;
use logins::Logins;
use reads::Readers;

/// Something that changes state, as part of a batch.
pub trait Operation: Send {
    /// What it will look at.
    fn keys(&self, now: Millis, keys: &mut Keys);

    /// Does it. May be called again on another page, where transactions collide.
    ///
    /// # Errors
    ///
    /// Where it cannot be done. Then it changed nothing, and the rest of its batch goes on.
    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError>;
}

/// An operation could not be done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OperationError {
    /// The page has not what it needs.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The same idempotency key came with another request.
    #[error(
        "this idempotency key was used for another request, by somebody else or under another policy: use a new one"
    )]
    IdempotencyConflict,
    /// The engine did not answer every effect.
    #[error("the engine answered with the wrong number of charges: please report this")]
    Charges,
    /// The entry could not be written.
    #[error("the entry could not be written")]
    Record,
    /// There is no such thing, or it is not the caller's.
    #[error("{what} is not known")]
    Unknown {
        /// What was asked for.
        what: String,
    },
    /// Somebody else has to do it.
    #[error("{why}")]
    NotYours {
        /// Why.
        why: String,
    },
    /// Another policy governs than the one that a change was made from.
    #[error("the policy was changed meanwhile: look at the one that governs, and make the change anew")]
    PolicyChanged {
        /// The one that governs, if one does.
        governing: Option<record::PolicyReference>,
    },
    /// It is in a state in which this cannot be done.
    #[error("{why}")]
    Conflict {
        /// Why not.
        why: String,
    },
}

/// The daemon's state. Shared by everything that answers.
pub struct App {
    /// What it was told.
    pub config: Config,
    /// The engine.
    pub pool: Arc<Pool>,
    /// Policies.
    pub catalog: Catalog,
    /// API keys.
    pub keys: KeyRing,
    /// Who is logged in, and who is no more.
    pub logins: Logins,
    /// Everything that changes state.
    pub committer: Committer,
    /// Everything that only looks.
    pub readers: Readers,
    /// Says who is asking.
    pub authenticator: Authenticator,
    /// Takes secrets out of what is recorded.
    pub redactor: Redactor,
    /// Makes digests of what was redacted.
    pub digest_key: [u8; 32],
    /// Signs the ledger.
    pub signer: Signer,
    /// Size of the ledger, told to whoever follows it.
    pub size: watch::Sender<u64>,
    /// Whether the last batch could be committed.
    pub is_store_well: Arc<AtomicBool>,
    /// Documents in the definitions directory that do not govern, and why.
    pub problems: RwLock<Vec<Problem>>,
    /// The document of each agent in the definitions directory.
    pub documents: RwLock<BTreeMap<String, PathBuf>>,
    /// Held from the commit of a policy until the directory shows it, and while the directory is read: a file
    /// that is behind would undo the commit.
    pub directory: Arc<tokio::sync::Mutex<()>>,
    /// How far the ledger is published; `None` where it is not to be.
    pub published: std::sync::RwLock<Option<publish::Published>>,
    /// Questions that were asked here of late.
    pub filed: channels::Filed,
}

impl App {
    /// Whether anybody but this subject can answer a question about an agent: somebody who holds the
    /// role, or a channel that reaches people.
    pub fn can_ask(&self, requester: &str, agent: &str) -> bool {
        let now = u64::try_from(clock::now().seconds()).unwrap_or_default();
        self.config.channels.is_some()
            || self.authenticator.may_others(requester)
            || self.keys.may_others(Role::Approve, requester, agent, now)
    }
}

/// Starts a thread without which nothing goes on in order. Should it panic, the process ends, and
/// whoever watches it starts it again: what was answered is durable.
fn vital<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<std::thread::JoinHandle<T>> {
    struct Watch;
    impl Drop for Watch {
        fn drop(&mut self) {
            if std::thread::panicking() {
                std::process::abort();
            }
        }
    }
    std::thread::Builder::new().name(name.to_owned()).spawn(|| {
        let _watch = Watch;
        body()
    })
}

impl From<OperationError> for StoreError {
    fn from(error: OperationError) -> Self {
        Self::Failed { reason: error.to_string() }
    }
}
