//! Deploying, removing and rolling back policies. Whatever the way, a document is checked by the
//! engine first ([`check`]), joins the history of its agent, and is on record.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::Serialize;

use super::record::{self, json};
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
        Self { policy, source, by, revision: None, is_same: false, path: None }
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
        if let Some(own) = governing {
            if own.digest == facts.digest && self.source != Source::Request {
                self.revision = Some(own.clone());
                self.is_same = true;
                return Ok(());
            }
            let order = compare_versions(&facts.version, &own.version);
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
            && compare_versions(&facts.version, &own.version) != Ordering::Greater
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

/// Compares versions part by part: numbers as numbers, all else as text, a release after its own
/// pre-releases.
fn compare_versions(left: &str, right: &str) -> Ordering {
    // What follows a `+` names a build and orders nothing.
    let split = |text: &str| {
        let text = text.split('+').next().unwrap_or_default().to_owned();
        match text.split_once('-') {
            Some((release, pre)) => (release.to_owned(), Some(pre.to_owned())),
            None => (text, None),
        }
    };
    let ((left, left_pre), (right, right_pre)) = (split(left), split(right));
    compare_parts(&left, &right).then_with(|| match (left_pre, right_pre) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(left), Some(right)) => compare_parts(&left, &right),
    })
}

fn compare_parts(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (left.parse::<u64>(), right.parse::<u64>()) {
                (Ok(left), Ok(right)) => left.cmp(&right),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => left.cmp(right),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_people_order_them() {
        let ordered =
            ["0.9", "1.0.0-alpha", "1.0.0-alpha.2", "1.0.0-alpha.10", "1.0.0", "1.0.1", "1.2", "1.10", "2"];
        for (index, left) in ordered.iter().enumerate() {
            for (other, right) in ordered.iter().enumerate() {
                assert_eq!(compare_versions(left, right), index.cmp(&other), "{left} {right}");
            }
        }
        assert_eq!(compare_versions("1.0.0+a", "1.0.0+b"), Ordering::Equal);
        assert_eq!(compare_versions("v2", "v10"), Ordering::Greater);
    }
}
