//! Logins and tickets: passes that this daemon, or another with its key, gave out.
//!
//! A pass is checked without the store. What the store knows is which of them are good no more: a
//! copy of that is in memory, renewed when the store says that something changed, so that a login
//! that was ended at one daemon ends at all of them, and stays ended over restarts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use http::HeaderMap;
use thiserror::Error;

use super::{App, clock};
use crate::auth::pass::{Holder, Pass, Purpose, SealKey};
use crate::auth::{AuthError, Identified, Principal};
use crate::store::{Backend, Spent, StoreError, Writer};

/// How far clocks of daemons may be apart, in seconds: what is spent is remembered for that much
/// longer.
const SKEW_SECONDS: u64 = 120;

/// There is no pass.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoginError {
    /// For somebody without a good credential.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// Because it would be a name that could be guessed.
    #[error("the operating system gave no randomness")]
    Randomness,
}

/// Gives passes out, and knows which are spent.
pub struct Logins {
    key: SealKey,
    backend: Arc<dyn Backend>,
    /// A connection of their own, made when it is needed first.
    writer: Arc<Mutex<Option<Box<dyn Writer>>>>,
    spent: RwLock<HashMap<String, u64>>,
}

impl Logins {
    /// With the key that follows from that of the ledger.
    pub fn new(key: SealKey, backend: Arc<dyn Backend>) -> Self {
        Self { key, backend, writer: Arc::default(), spent: RwLock::default() }
    }

    /// What makes and checks passes.
    pub const fn key(&self) -> &SealKey {
        &self.key
    }

    /// Takes over what others spent.
    pub(super) fn renew(&self, spent: Vec<(String, u64)>) {
        self.remember(spent);
    }

    /// What is known stays known: it may be newer than what was read.
    fn remember(&self, spent: Vec<(String, u64)>) {
        let now = seconds();
        let mut own = self.spent.write().unwrap_or_else(PoisonError::into_inner);
        own.retain(|_, until| now < *until);
        own.extend(spent);
    }

    fn is_spent(&self, id: &str) -> bool {
        self.spent.read().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }

    /// Notes that a pass is good no more. Says whether that is news.
    async fn spend(&self, pass: &Pass, is_announced: bool) -> Result<bool, StoreError> {
        let until = pass.ends_at().saturating_add(SKEW_SECONDS);
        let spent = Spent { id: pass.id().to_owned(), until, is_announced };
        let (backend, writer) = (Arc::clone(&self.backend), Arc::clone(&self.writer));
        let writing = tokio::task::spawn_blocking(move || {
            let mut held = writer.lock().unwrap_or_else(PoisonError::into_inner);
            // It comes back if all went well.
            let mut own = match held.take() {
                Some(own) => own,
                None => backend.writer()?,
            };
            let is_news = own.spend(&spent, clock::now())?;
            *held = Some(own);
            Ok::<bool, StoreError>(is_news)
        });
        let lost = |_| StoreError::Failed { reason: "the thread that wrote is gone".to_owned() };
        let is_news = writing.await.map_err(lost)??;
        self.remember(vec![(pass.id().to_owned(), until)]);
        Ok(is_news)
    }
}

impl App {
    /// A login for whoever holds a credential.
    ///
    /// # Errors
    ///
    /// Where the credential is not good.
    pub fn log_in(&self, credential: &str, is_secure: bool) -> Result<Pass, LoginError> {
        let now = seconds();
        let Identified { principal, proof, ends_at } =
            self.authenticator.identify_holder(credential, now, &self.keys)?;
        // Taken within the tolerance for clocks, it would end before it begins.
        if let Some(expired_at) = ends_at.filter(|end| now >= *end) {
            return Err(AuthError::TokenExpired { expired_at, now }.into());
        }
        let holder = Holder { principal, proof, ends_at, login: None, is_secure };
        self.logins.key.login(holder, now).map_err(|_| LoginError::Randomness)
    }

    /// Reads a pass, and asks whether everything behind it is still good.
    ///
    /// # Errors
    ///
    /// Where it is not.
    pub fn open_pass(&self, text: &str, purpose: Purpose) -> Result<(Pass, Principal), AuthError> {
        let pass = self.logins.key.open(text, purpose, seconds())?;
        let principal = self.recheck_pass(&pass)?;
        Ok((pass, principal))
    }

    /// Who holds a pass, if what was begun with it may go on.
    ///
    /// # Errors
    ///
    /// Where it may not: somebody logged out, a key was revoked, the time is over.
    pub fn recheck_pass(&self, pass: &Pass) -> Result<Principal, AuthError> {
        let now = seconds();
        if pass.login_id().is_some_and(|id| self.logins.is_spent(id)) {
            return Err(AuthError::PassEnded("login"));
        }
        if !pass.lasts(now) {
            return Err(AuthError::PassExpired("login"));
        }
        self.authenticator.recheck(pass, &self.logins.key, now, &self.keys)
    }

    /// Ends a login, here and at every daemon that shares the store.
    ///
    /// # Errors
    ///
    /// Where that could not be noted: then it goes on.
    pub async fn log_out(&self, pass: &Pass) -> Result<(), StoreError> {
        self.logins.spend(pass, true).await.map(drop)
    }

    /// Uses a ticket. Of all who use it at once, at whichever daemon, one is let in.
    ///
    /// # Errors
    ///
    /// Where that could not be noted: then nobody is.
    pub async fn redeem(&self, ticket: &Pass) -> Result<bool, StoreError> {
        if self.logins.is_spent(ticket.id()) {
            return Ok(false);
        }
        self.logins.spend(ticket, false).await
    }

    /// A ticket for whoever is logged in.
    ///
    /// # Errors
    ///
    /// Where the operating system has no randomness.
    pub fn ticket_of(&self, login: &Pass) -> Result<Pass, LoginError> {
        self.logins.key.ticket_of(login, seconds()).map_err(|_| LoginError::Randomness)
    }

    /// A ticket for whoever sent a request with these headers.
    ///
    /// # Errors
    ///
    /// Where nobody with a good credential did.
    pub fn ticket(&self, headers: &HeaderMap) -> Result<Pass, LoginError> {
        let now = seconds();
        let Identified { principal, proof, ends_at } =
            self.authenticator.identify(headers, now, &self.keys)?;
        let holder = Holder { principal, proof, ends_at, login: None, is_secure: false };
        self.logins.key.ticket(holder, now).map_err(|_| LoginError::Randomness)
    }
}

fn seconds() -> u64 {
    u64::try_from(clock::now().seconds()).unwrap_or_default()
}
