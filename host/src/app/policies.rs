//! Deploying, removing and rolling back policies. Whatever the way, a document is checked by the
//! engine first ([`check`]), joins the history of its agent, and is on record.

mod versions;

use std::cmp::Ordering;
use std::sync::Arc;

use serde::Serialize;

use super::record::{self, PolicyReference, json};
use super::{App, CommitError, Operation, OperationError, clock, definitions};
use crate::config::StoreConfig;
use crate::engine::{Diagnostic, Facts, Format, LoadError};
use crate::settings::mode_word;
use crate::state::{EntryKind, Keys, Millis, NewEntry, Page, PolicyRevision, PolicyState};

/// How a deployment by a file is signed, before the name of the file.
pub(super) const BY_FILE: &str = "file:";

/// A document that the engine accepts, and what it says of itself.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The document.
    pub document: String,
    /// Its notation.
    pub format: Format,
    /// What it says.
    pub facts: Facts,
}

/// Where a document comes from, which decides how old it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Deployed by somebody: its version has to be newer than the one that governs.
    Request,
    /// A file that was edited: its version must not be older.
    File,
    /// An earlier revision, wanted back by an administrator.
    Rollback,
}

/// A policy is deployed.
pub struct Deploy {
    /// The document.
    pub policy: Checked,
    /// How it comes.
    pub source: Source,
    /// Who deploys it: a subject, or `file:` and a name.
    pub by: String,
    /// The digest of the policy that the document was made from, `Some(None)` where none governed:
    /// if another one governs by now, nothing is deployed. `None` where nobody said.
    pub base: Option<Option<String>>,
    /// What governs now.
    pub revision: Option<PolicyRevision>,
    /// Whether the same document governed already.
    pub is_same: bool,
    /// Name of its file in the definitions directory, once it is there.
    pub path: Option<String>,
}

/// A policy is removed: its agent is denied everything.
pub struct Remove {
    /// The agent.
    pub agent: String,
    /// Who removes it.
    pub by: String,
    /// The revision that says so; `None` where nothing governed.
    pub revision: Option<PolicyRevision>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyEntry<'a> {
    agent_id: &'a str,
    at: String,
    digest: &'a str,
    id: String,
    kind: &'static str,
    mode: &'static str,
    revision: u64,
    source: &'static str,
    subject: &'a str,
    version: &'a str,
}

/// Checks a document, as `validate` and `deploy` both do.
///
/// # Errors
///
/// Every finding, where it is refused.
pub fn check(app: &App, document: String, format: Format) -> Result<Checked, LoadError> {
    let facts = app.pool.check(&document, format)?;
    Ok(Checked { document, format, facts })
}

/// Warnings of a document.
pub fn warnings(checked: &Checked) -> &[Diagnostic] {
    &checked.facts.warnings
}

/// Deploys, and lets it govern here at once.
///
/// # Errors
///
/// Where it was not committed.
pub async fn deploy(app: &Arc<App>, deploy: Deploy) -> Result<Deploy, CommitError> {
    let own = Arc::clone(app);
    whole(async move {
        let _directory = own.directory.lock().await;
        let mut done = own.committer.commit(deploy).await?;
        govern(&own, done.revision.as_ref());
        if let Some(revision) = done.revision.clone() {
            done.path = in_directory(&own, move |app| definitions::write(app, &revision)).await;
        }
        Ok(done)
    })
    .await
}

/// Goes on where the request is cut off: the directory would be behind what was committed.
async fn whole<T: Send + 'static>(
    change: impl Future<Output = Result<T, CommitError>> + Send + 'static,
) -> Result<T, CommitError> {
    // Without an end of its own it ended with the runtime.
    tokio::spawn(change).await.unwrap_or(Err(CommitError::Stopping))
}

/// Lets the definitions directory show what governs. Daemons that share a database have one each,
/// so there the database alone says it.
async fn in_directory<T: Send + 'static>(
    app: &Arc<App>,
    change: impl FnOnce(&App) -> std::io::Result<T> + Send + 'static,
) -> Option<T> {
    if matches!(app.config.store, StoreConfig::Postgres(_)) {
        return None;
    }
    let own = Arc::clone(app);
    match tokio::task::spawn_blocking(move || change(&own)).await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the definitions directory does not show what governs");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "the definitions directory does not show what governs");
            None
        }
    }
}

/// Deploys many in one transaction; each succeeds or fails on its own.
pub(super) fn deploy_all_blocking(
    app: &App,
    deploys: Vec<Deploy>,
) -> Result<Vec<Result<(), OperationError>>, CommitError> {
    let many = Many { each: deploys.into_iter().map(|deploy| (deploy, Ok(()))).collect() };
    let done = app.committer.commit_blocking(many)?;
    Ok(done
        .each
        .into_iter()
        .map(|(deploy, result)| {
            if result.is_ok() && !deploy.is_same {
                govern(app, deploy.revision.as_ref());
                let facts = &deploy.policy.facts;
                tracing::info!(
                    agent = facts.agent_id,
                    version = facts.version,
                    by = deploy.by,
                    "policy deployed"
                );
            }
            result
        })
        .collect())
}

/// Removes, here at once.
///
/// # Errors
///
/// Where it was not committed.
pub async fn remove(app: &Arc<App>, remove: Remove) -> Result<Remove, CommitError> {
    let own = Arc::clone(app);
    whole(async move {
        let _directory = own.directory.lock().await;
        let done = own.committer.commit(remove).await?;
        govern(&own, done.revision.as_ref());
        let agent = done.agent.clone();
        in_directory(&own, move |app| definitions::retire(app, &agent)).await;
        Ok(done)
    })
    .await
}

/// The same, for threads that may block.
pub(super) fn remove_blocking(app: &App, remove: Remove) -> Result<Remove, CommitError> {
    let done = app.committer.commit_blocking(remove)?;
    govern(app, done.revision.as_ref());
    Ok(done)
}

fn govern(app: &App, revision: Option<&PolicyRevision>) {
    if let Some(revision) = revision {
        app.catalog.take(revision.clone());
    }
}

/// Several deployments, each of which may fail alone.
struct Many {
    each: Vec<(Deploy, Result<(), OperationError>)>,
}

impl Operation for Many {
    fn keys(&self, now: Millis, keys: &mut Keys) {
        for (deploy, _) in &self.each {
            deploy.keys(now, keys);
        }
    }

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        for (deploy, result) in &mut self.each {
            *result = deploy.apply(page);
        }
        Ok(())
    }
}

impl Deploy {
    /// A deployment that did not happen yet.
    pub const fn new(policy: Checked, source: Source, by: String) -> Self {
        Self { policy, source, by, base: None, revision: None, is_same: false, path: None }
    }

    /// The same, as a change of this policy and of no other.
    pub fn made_from(self, base: Option<Option<String>>) -> Self {
        Self { base, ..self }
    }
}

impl Operation for Deploy {
    fn keys(&self, _now: Millis, keys: &mut Keys) {
        keys.policies.insert(self.policy.facts.agent_id.clone());
    }

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        let facts = &self.policy.facts;
        let current = page.policies.get(&facts.agent_id)?;
        let governing = current.filter(|own| own.state == PolicyState::Active);
        let is_base = |base: &Option<String>| base.as_deref() == governing.map(|own| own.digest.as_str());
        if !self.base.as_ref().is_none_or(is_base) {
            let governing = governing.map(|own| PolicyReference {
                digest: own.digest.clone(),
                revision: own.revision,
                version: own.version.clone(),
            });
            return Err(OperationError::PolicyChanged { governing });
        }
        if let Some(own) = governing {
            if own.digest == facts.digest && self.source != Source::Request {
                self.revision = Some(own.clone());
                self.is_same = true;
                return Ok(());
            }
            let order = versions::compare(&facts.version, &own.version);
            let is_too_old = match self.source {
                Source::Request => order != Ordering::Greater,
                Source::File => order == Ordering::Less,
                Source::Rollback => false,
            };
            if is_too_old {
                let why = format!(
                    "version `{}` is not newer than `{}`, which governs: raise the version, or roll back",
                    facts.version.escape_debug(),
                    own.version.escape_debug()
                );
                return Err(OperationError::Conflict { why });
            }
        }
        // What somebody took away does not come back with a file that was there before.
        if let (Source::File, Some(own)) = (self.source, current)
            && own.state == PolicyState::Removed
            && !own.deployed_by.starts_with(BY_FILE)
            && versions::compare(&facts.version, &own.version) != Ordering::Greater
        {
            let why = format!(
                "the policy was removed by `{}`: raise the version above `{}` to deploy it again",
                own.deployed_by.escape_debug(),
                own.version.escape_debug()
            );
            return Err(OperationError::Conflict { why });
        }
        let revision = PolicyRevision {
            agent: facts.agent_id.clone(),
            revision: current.map_or(1, |own| own.revision + 1),
            version: facts.version.clone(),
            digest: facts.digest.clone(),
            format: self.policy.format,
            document: self.policy.document.clone(),
            deployed_by: self.by.clone(),
            deployed_at: page.now,
            state: PolicyState::Active,
        };
        let source = match self.source {
            Source::Request => "request",
            Source::File => "file",
            Source::Rollback => "rollback",
        };
        append(page, EntryKind::PolicyDeploy, &revision, mode_word(facts.mode), source)?;
        page.revise(revision.clone());
        self.revision = Some(revision);
        self.is_same = false;
        Ok(())
    }
}

impl Operation for Remove {
    fn keys(&self, _now: Millis, keys: &mut Keys) {
        keys.policies.insert(self.agent.clone());
    }

    fn apply(&mut self, page: &mut Page) -> Result<(), OperationError> {
        let current = page.policies.get(&self.agent)?;
        let Some(own) = current.filter(|own| own.state == PolicyState::Active) else {
            self.revision = None;
            return Ok(());
        };
        let revision = PolicyRevision {
            revision: own.revision + 1,
            deployed_by: self.by.clone(),
            deployed_at: page.now,
            state: PolicyState::Removed,
            ..own.clone()
        };
        let source = if self.by.starts_with(BY_FILE) { "file" } else { "request" };
        append(page, EntryKind::PolicyRemove, &revision, "enforce", source)?;
        page.revise(revision.clone());
        self.revision = Some(revision);
        Ok(())
    }
}

fn append(
    page: &mut Page,
    kind: EntryKind,
    own: &PolicyRevision,
    mode: &'static str,
    source: &'static str,
) -> Result<(), OperationError> {
    let body = json(&PolicyEntry {
        agent_id: &own.agent,
        at: clock::text(page.now),
        digest: &own.digest,
        id: record::id(page.next_seq()),
        kind: kind.as_str(),
        mode,
        revision: own.revision,
        source,
        subject: &own.deployed_by,
        version: &own.version,
    })?;
    page.append(NewEntry { kind, agent: own.agent.clone(), decision: "", body })?;
    Ok(())
}
