//! The definitions directory: documents in files, deployed when they change.
//!
//! A file is one way to deploy, with the same checks and the same record. A document that is
//! refused leaves the last good one in force, and is a [`Problem`] that health shows. A file that
//! goes away takes its policy with it: its agent is denied everything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};

use super::policies::{self, BY_FILE, Checked, Deploy, Remove, Source};
use super::{App, record};
use crate::config::StoreConfig;
use crate::policy_file::PolicyFile;
use crate::state::{PolicyRevision, PolicyState};

/// Ends of the names of documents.
const ENDINGS: [&str; 3] = [".soe.json", ".soe.yaml", ".soe.yml"];

/// How often the directory is read even where nobody said that it changed: networks and overlays
/// do not always say so.
const POLL: Duration = Duration::from_secs(2);

/// Revisions of an agent's policy that a document at the start is compared with.
const HISTORY_MAX: u32 = 1_000;

/// Documents that are deployed in one transaction.
const DEPLOYED_TOGETHER_MAX: usize = 500;

/// How long a directory has to be quiet after a change.
const SETTLE: Duration = Duration::from_millis(50);

/// A document that does not govern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Name of the file.
    pub file: String,
    /// Why not, one line.
    pub message: String,
}

/// What is known of a file: how it looked when it was read, and what came of it.
struct Known {
    look: Look,
    agent: Option<String>,
    problem: Option<Problem>,
}

/// What is in a file that is in order.
enum Found {
    /// The document that governs this agent.
    Governing(String),
    /// Another one.
    New(Box<Deploy>),
}

impl Found {
    fn agent(&self) -> &str {
        match self {
            Self::Governing(agent) => agent,
            Self::New(deploy) => &deploy.policy.facts.agent_id,
        }
    }
}

/// How a file looks from outside, to see that it changed.
type Look = (Option<std::time::SystemTime>, u64, u64);

/// The directory, and what was found in it.
pub(super) struct Definitions {
    directory: PathBuf,
    files: BTreeMap<PathBuf, Known>,
    /// Agents whose policy has to be removed, and could not be yet.
    owed: BTreeSet<String>,
    is_read: bool,
}

impl Definitions {
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            files: BTreeMap::new(),
            owed: BTreeSet::new(),
            is_read: false,
        }
    }

    /// Reads what changed since the last time, and deploys it.
    pub(super) fn scan(&mut self, app: &App) {
        let _own = app.directory.blocking_lock();
        let seen = match self.look() {
            Ok(seen) => seen,
            // What is in force stays in force: nobody took anything away.
            Err(error) => {
                let directory = self.directory.display();
                tracing::error!(%error, "the definitions directory `{directory}` could not be read");
                return;
            }
        };
        let gone: Vec<PathBuf> =
            self.files.keys().filter(|path| !seen.contains_key(*path)).cloned().collect();
        let changed: Vec<(PathBuf, Look)> = seen
            .into_iter()
            .filter(|(path, look)| self.files.get(path).is_none_or(|known| known.look != *look))
            .collect();
        if self.is_read && gone.is_empty() && changed.is_empty() && self.owed.is_empty() {
            return;
        }
        let mut missing = std::mem::take(&mut self.owed);
        for path in gone {
            missing.extend(self.files.remove(&path).and_then(|known| known.agent));
        }
        // A file may come to speak of another agent.
        missing.extend(changed.iter().filter_map(|(path, _)| self.files.get(path)?.agent.clone()));
        for some in changed.chunks(DEPLOYED_TOGETHER_MAX) {
            self.take(app, some);
        }
        // Of several daemons each has a directory of its own, and speaks only of what it has seen.
        if !self.is_read && !matches!(app.config.store, StoreConfig::Postgres(_)) {
            missing.extend(self.left_behind(app));
        }
        self.is_read = true;
        missing.retain(|agent| self.files.values().all(|known| known.agent.as_ref() != Some(agent)));
        for agent in missing {
            if !remove(app, &agent) {
                self.owed.insert(agent);
            }
        }
        let problems = self.files.values().filter_map(|known| known.problem.clone()).collect();
        *app.problems.write().unwrap_or_else(PoisonError::into_inner) = problems;
        let documents =
            self.files.iter().filter_map(|(path, known)| Some((known.agent.clone()?, path.clone())));
        *app.documents.write().unwrap_or_else(PoisonError::into_inner) = documents.collect();
    }

    fn look(&self) -> io::Result<BTreeMap<PathBuf, Look>> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries.collect::<io::Result<Vec<_>>>()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let paths = entries.iter().map(fs::DirEntry::path).filter(|path| is_document(path));
        let found = paths
            .filter_map(|path| {
                let metadata = fs::metadata(&path).ok()?;
                #[cfg(unix)]
                let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
                #[cfg(not(unix))]
                let inode = 0;
                Some((path, (metadata.modified().ok(), metadata.len(), inode)))
            })
            .collect();
        Ok(found)
    }

    /// Deploys some files together. Where the store failed they are taken for changed again.
    fn take(&mut self, app: &App, some: &[(PathBuf, Look)]) {
        let mut deploys = Vec::with_capacity(some.len());
        let governing = app.catalog.all();
        let governing: BTreeMap<&str, &str> =
            governing.iter().map(|own| (own.reference.digest.as_str(), own.agent.as_str())).collect();
        let mut speakers: BTreeMap<String, PathBuf> = self
            .files
            .iter()
            .filter_map(|(path, known)| Some((known.agent.clone()?, path.clone())))
            .collect();
        for (path, look) in some {
            let found = self.check(app, path, &governing).and_then(|found| {
                let speaker = speakers.entry(found.agent().to_owned()).or_insert_with(|| path.clone());
                let own = (&*speaker == path).then_some(found);
                own.ok_or_else(|| format!("`{}` speaks of the same agent", name(speaker)))
            });
            let (agent, problem) = match found {
                Ok(found) => {
                    let agent = found.agent().to_owned();
                    if let Found::New(deploy) = found {
                        deploys.push((path.clone(), *deploy));
                    }
                    (Some(agent), None)
                }
                // The last good document stays in force, and this file still speaks of its agent.
                Err(message) => {
                    let before = self.files.get(path).and_then(|known| known.agent.clone());
                    (before, Some(problem(path, message)))
                }
            };
            self.files.insert(path.clone(), Known { look: *look, agent, problem });
        }
        let (paths, deploys): (Vec<_>, Vec<_>) = deploys.into_iter().unzip();
        match policies::deploy_all_blocking(app, deploys) {
            Ok(results) => {
                for (path, result) in paths.iter().zip(results) {
                    if let (Err(error), Some(known)) = (result, self.files.get_mut(path)) {
                        known.problem = Some(problem(path, error.to_string()));
                    }
                }
            }
            Err(error) => {
                tracing::error!(%error, "the definitions could not be stored");
                for path in &paths {
                    self.files.remove(path);
                }
            }
        }
    }

    /// What is in a file. What governs already, as `governing` says by digest, needs no second
    /// look.
    fn check(&self, app: &App, path: &Path, governing: &BTreeMap<&str, &str>) -> Result<Found, String> {
        if leads_away(&self.directory, path) {
            return Err("it is a link that leads out of the definitions directory".to_owned());
        }
        let read = PolicyFile::read(path).map_err(|error| error.to_string())?;
        if let Some(agent) = governing.get(record::digest(read.text.as_bytes()).as_str()) {
            return Ok(Found::Governing((*agent).to_owned()));
        }
        let policy = policies::check(app, read.text, read.format).map_err(|error| error.to_string())?;
        if !self.is_read {
            self.is_news(app, &policy)?;
        }
        Ok(Found::New(Box::new(Deploy::new(policy, Source::File, format!("{BY_FILE}{}", name(path))))))
    }

    /// A start undoes nothing: a document that governed before, and was removed or rolled back by
    /// somebody since, is no news.
    fn is_news(&self, app: &App, policy: &Checked) -> Result<(), String> {
        let agent = &policy.facts.agent_id;
        let history = app
            .readers
            .read_blocking(|reader| Ok(reader.policy_history(agent, HISTORY_MAX)?))
            .map_err(|error| error.to_string())?;
        let newest = history.first();
        let is_put_back = newest
            .is_some_and(|own| own.state == PolicyState::Removed && own.deployed_by.starts_with(BY_FILE));
        if is_put_back || history.iter().all(|own| own.digest != policy.facts.digest) {
            return Ok(());
        }
        Err("it was deployed before, and removed or replaced since: raise its version to deploy it again"
            .to_owned())
    }

    /// Agents whose policy came from a file that went away while no daemon ran.
    fn left_behind(&self, app: &App) -> Vec<String> {
        let all = app.catalog.all();
        let left = all.iter().filter(|own| {
            let file = own.deployed_by.strip_prefix(BY_FILE);
            file.is_some_and(|file| !self.files.contains_key(&self.directory.join(file)))
        });
        left.map(|own| own.agent.clone()).collect()
    }

    /// Scans whenever something changes, until the daemon stops.
    pub(super) fn watch(mut self, app: &std::sync::Weak<App>) {
        let (changed, changes) = mpsc::channel();
        let mut watcher = notify::recommended_watcher(move |_: notify::Result<notify::Event>| {
            // Whoever listened has stopped.
            let _ = changed.send(());
        })
        .ok();
        let mut is_watched = false;
        loop {
            if let (false, Some(watcher)) = (is_watched, &mut watcher) {
                is_watched = watcher.watch(&self.directory, RecursiveMode::NonRecursive).is_ok();
            }
            match changes.recv_timeout(POLL) {
                Ok(()) => {
                    // An editor makes several changes of one.
                    while changes.recv_timeout(SETTLE).is_ok() {}
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(POLL),
            }
            let Some(app) = app.upgrade() else { return };
            self.scan(&app);
        }
    }
}

fn problem(path: &Path, message: String) -> Problem {
    let file = name(path);
    tracing::error!(file, problem = message, "a policy was not taken over");
    Problem { file, message }
}

/// Says whether it was done.
fn remove(app: &App, agent: &str) -> bool {
    let remove = Remove { agent: agent.to_owned(), by: format!("{BY_FILE}removed"), revision: None };
    match policies::remove_blocking(app, remove) {
        Ok(_) => {
            tracing::warn!(agent, "policy removed with its file: its agent is denied everything");
            true
        }
        Err(error) => {
            tracing::error!(%error, agent, "a policy could not be removed yet");
            false
        }
    }
}

/// Writes a document that was deployed by a request, so that the directory shows what governs.
///
/// # Errors
///
/// Where it cannot be written; what was deployed governs all the same.
pub(super) fn write(app: &App, revision: &PolicyRevision) -> io::Result<String> {
    let ending = match revision.format {
        crate::engine::Format::Json => "json",
        crate::engine::Format::Yaml => "yaml",
    };
    let directory = &app.config.definitions_dir;
    let known = document(app, &revision.agent);
    // The file that spoke of this agent goes on doing so, under its own name if that can be.
    let path = match &known {
        Some(path) if path.extension().is_some_and(|own| own == ending) => path.clone(),
        _ => directory.join(format!("{}.soe.{ending}", revision.agent)),
    };
    fs::create_dir_all(directory)?;
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    temporary.write_all(revision.document.as_bytes())?;
    temporary.as_file().sync_all()?;
    temporary.persist(&path).map_err(|error| error.error)?;
    if let Some(other) = known.filter(|other| *other != path) {
        set_aside(&other)?;
    }
    let mut documents = app.documents.write().unwrap_or_else(PoisonError::into_inner);
    documents.insert(revision.agent.clone(), path.clone());
    Ok(name(&path))
}

/// The document of an agent whose policy was removed is set aside, or the next start would deploy
/// it again.
///
/// # Errors
///
/// Where it cannot be renamed.
pub(super) fn retire(app: &App, agent: &str) -> io::Result<()> {
    document(app, agent).map_or(Ok(()), |path| set_aside(&path))
}

fn document(app: &App, agent: &str) -> Option<PathBuf> {
    app.documents.read().unwrap_or_else(PoisonError::into_inner).get(agent).cloned()
}

fn set_aside(path: &Path) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".removed");
    match fs::rename(path, aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        renamed => renamed,
    }
}

fn is_document(path: &Path) -> bool {
    let name = name(path);
    !name.starts_with('.') && ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether the file really is somewhere else. Links inside of the directory are how some
/// orchestrators replace many files at once.
fn leads_away(directory: &Path, path: &Path) -> bool {
    match (fs::canonicalize(directory), fs::canonicalize(path)) {
        (Ok(directory), Ok(real)) => !real.starts_with(directory),
        // It went away in the meantime; reading it will say so.
        _ => false,
    }
}
