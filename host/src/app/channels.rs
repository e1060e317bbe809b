//! Tells people of questions, beside the API: a webhook and Slack-compatible messages.
//!
//! A thread beside the calls, with a list of its own: which open question is to be told where, and
//! which answer is to be asked for. It learns of questions from the store, so it works for every
//! daemon on it, and a question that is marked as told is done. Two daemons may tell the same
//! question at the same time; whoever gets it twice sees the same id. A channel never changes a
//! decision: what it brings back is an answer like any other, and the engine says whether it counts.
//!
//! In reading order: this list; `delivery`, one step of one line of it; `message`, `webhook` and
//! `slack`, the words; `signature` and `links`, the codes; `target`, the wire; `notify`, the record.

mod delivery;
pub mod links;
mod message;
mod notify;
mod signature;
mod slack;
mod target;
mod webhook;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use std::{io, thread};

use futures_util::FutureExt as _;
use thiserror::Error;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::App;
use super::approvals::{self, context};
use crate::state::{ApprovalState, Millis};
use crate::store::ApprovalFilter;

use delivery::{Channel, Next, Stage, Step};
pub use message::{visible, visible_up_to};
pub use target::TargetError;

/// Least time between two looks at the open questions.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Open questions that are looked at, oldest first. Others wait until some of these end.
const QUESTIONS_MAX: u32 = 1_000;

/// Steps of one channel at the same time: a slow service holds up nobody else's.
const STEPS_MAX: usize = 8;

/// Longest wait before a question is told by the daemon that was asked.
const OWN_DELAY_MAX: Duration = Duration::from_millis(200);

/// What others wait, at least: by then it is most often told.
const OTHERS_DELAY: Duration = Duration::from_secs(2);

/// Questions that this daemon remembers as its own.
const FILED_MAX: usize = 4_096;

/// Where nothing is due.
const IDLE: Duration = Duration::from_secs(60);

/// The thread did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChannelError {
    /// The client.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The thread or its runtime.
    #[error("a thread could not be started: raise the limit on threads (`ulimit -u`)")]
    Thread(#[source] io::Error),
}

/// Questions that were asked through this daemon of late, by their keys. It tells them first.
#[derive(Debug, Default)]
pub struct Filed(Mutex<VecDeque<String>>);

impl Filed {
    /// Remembers one.
    pub fn note(&self, key: &str) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.truncate(FILED_MAX - 1);
        keys.push_front(key.to_owned());
    }

    fn has(&self, id: &str) -> bool {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        approvals::parse(id).is_some_and(|(key, _)| keys.contains(&key))
    }
}

/// The thread.
pub(super) struct Deliverer {
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Deliverer {
    /// Ends it. What it was sending may have arrived, and will be sent again.
    pub(super) fn finish(self) {
        // Where the task is gone, it has nothing left to do.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

/// Starts the thread, where there are channels.
pub(super) fn start(app: &Arc<App>) -> Result<Option<Deliverer>, ChannelError> {
    let Some(config) = &app.config.channels else { return Ok(None) };
    let channels = delivery::channels(config)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ChannelError::Thread)?;
    let (stop, stopped) = oneshot::channel();
    let list = List {
        app: Arc::downgrade(app),
        size: app.size.subscribe(),
        channels,
        lines: BTreeMap::new(),
        steps: JoinSet::new(),
        is_stale: true,
        look_at: Instant::now(),
    };
    let thread = thread::Builder::new().name("sentinel-channels".to_owned()).spawn(move || {
        runtime.block_on(list.run(stopped));
        // A name that is being looked up may take its time.
        runtime.shutdown_background();
    });
    Ok(Some(Deliverer { stop, thread: thread.map_err(ChannelError::Thread)? }))
}

/// A question and the place of a channel.
type Key = (String, usize);

/// What is to be done about one question on one channel.
struct Line {
    stage: Stage,
    due: Instant,
    ends_at: Millis,
    is_running: bool,
    /// Whether it waited for the daemon that was asked.
    has_waited: bool,
    /// Whether nobody waits for an answer any more.
    is_settled: bool,
}

struct List {
    app: Weak<App>,
    size: watch::Receiver<u64>,
    channels: Vec<Arc<Channel>>,
    lines: BTreeMap<Key, Line>,
    steps: JoinSet<(Key, Next)>,
    /// Whether something was committed since the last look.
    is_stale: bool,
    look_at: Instant,
}

impl List {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        loop {
            let wake = self.wake();
            tokio::select! {
                _ = &mut stopped => return,
                changed = self.size.changed(), if !self.is_stale => match changed {
                    Ok(()) => self.is_stale = true,
                    Err(_) => return,
                },
                Some(done) = self.steps.join_next() => match done {
                    Ok((key, next)) => self.settle(&key, next),
                    Err(error) => tracing::error!(%error, "a step of a channel failed"),
                },
                () = sleep_until(wake) => {}
            }
            let Some(app) = self.app.upgrade() else { return };
            if self.is_stale && Instant::now() >= self.look_at {
                self.look(&app).await;
            }
            self.begin(&app);
        }
    }

    /// When there is something to do.
    fn wake(&self) -> Instant {
        let free = self.free();
        let may_begin =
            |(_, place): &Key, line: &Line| line.is_idle() && free.get(*place).is_some_and(|own| *own > 0);
        let due = self.lines.iter().filter(|(key, line)| may_begin(key, line)).map(|(_, line)| line.due);
        let look = self.is_stale.then_some(self.look_at);
        due.chain(look).min().unwrap_or_else(|| Instant::now() + IDLE)
    }

    /// Steps that each channel may begin.
    fn free(&self) -> Vec<usize> {
        let mut free = vec![STEPS_MAX; self.channels.len()];
        for ((_, place), _) in self.lines.iter().filter(|(_, line)| line.is_running) {
            if let Some(own) = free.get_mut(*place) {
                *own = own.saturating_sub(1);
            }
        }
        free
    }

    /// Looks which questions wait for an answer.
    async fn look(&mut self, app: &App) {
        self.look_at = Instant::now() + LOOK_EVERY;
        let wanted = ApprovalFilter { agent: None, open: true, past: None, limit: QUESTIONS_MAX };
        let open = match context::list(app, wanted).await {
            Ok(open) => open,
            Err(error) => {
                tracing::warn!(%error, "open questions could not be read");
                return;
            }
        };
        self.is_stale = false;
        if u32::try_from(open.len()).is_ok_and(|count| count >= QUESTIONS_MAX) {
            tracing::warn!(open = QUESTIONS_MAX, "too many questions are open: the newest wait to be told");
        }
        let waiting = open.iter().filter(|own| own.row.state == ApprovalState::Pending);
        let waiting: BTreeSet<&str> = waiting.map(|own| own.id.as_str()).collect();
        self.lines.retain(|(id, _), line| {
            line.is_settled = !waiting.contains(id.as_str());
            !line.is_settled || line.is_left()
        });
        for own in open.iter().filter(|own| waiting.contains(own.id.as_str())) {
            for (place, channel) in self.channels.iter().enumerate() {
                self.lines.entry((own.id.clone(), place)).or_insert_with(|| {
                    let stage = channel.stage(&own.row);
                    let delay = delivery::jitter(OWN_DELAY_MAX);
                    let ends_at = own.row.ends_at;
                    Line {
                        stage,
                        due: Instant::now() + delay,
                        ends_at,
                        is_running: false,
                        has_waited: false,
                        is_settled: false,
                    }
                });
            }
        }
    }

    /// Takes the steps that are due.
    fn begin(&mut self, app: &Arc<App>) {
        let now = Instant::now();
        let mut free = self.free();
        for (key, line) in self.lines.iter_mut().filter(|(_, line)| line.is_idle() && line.due <= now) {
            let (Some(free), Some(channel)) = (free.get_mut(key.1), self.channels.get(key.1)) else {
                continue;
            };
            let is_first = matches!(line.stage, Stage::Send { attempts: 0 });
            if is_first && !line.has_waited && !app.filed.has(&key.0) {
                // Somebody else was asked, and is about to tell it.
                line.has_waited = true;
                line.due = now + OTHERS_DELAY + delivery::jitter(OTHERS_DELAY);
                continue;
            }
            if *free == 0 {
                continue;
            }
            *free -= 1;
            line.is_running = true;
            let step = Step {
                app: Weak::clone(&self.app),
                channel: Arc::clone(channel),
                id: key.0.clone(),
                stage: line.stage.clone(),
                ends_at: line.ends_at,
            };
            let key = key.clone();
            self.steps.spawn(async move {
                // The panic was printed where it happened.
                let next = AssertUnwindSafe(step.take()).catch_unwind().await;
                (key, next.unwrap_or(Next { stage: Stage::Over, wait: Duration::ZERO }))
            });
        }
    }

    fn settle(&mut self, key: &Key, next: Next) {
        let Some(line) = self.lines.get_mut(key) else { return };
        line.is_running = false;
        line.stage = next.stage;
        line.due = Instant::now() + next.wait;
        if line.is_settled && !line.is_left() {
            self.lines.remove(key);
        }
    }
}

impl Line {
    const fn is_idle(&self) -> bool {
        !self.is_running && !matches!(self.stage, Stage::Over)
    }

    /// Whether there is something to do although the question is settled. What was tried and did
    /// not arrive goes on record.
    fn is_left(&mut self) -> bool {
        if let Stage::Send { attempts: attempts @ 1.. } = self.stage
            && !self.is_running
        {
            self.stage = Stage::Fail { attempts };
            self.due = Instant::now();
        }
        self.is_running || matches!(self.stage, Stage::Mark { .. } | Stage::Fail { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_questions_are_remembered() {
        let filed = Filed::default();
        let key = |number: usize| format!("{number:032x}");
        for number in 0..FILED_MAX + 1 {
            filed.note(&key(number));
        }
        assert!(!filed.has(&approvals::id(&key(0), 1)) && filed.has(&approvals::id(&key(1), 1)));
        assert!(filed.has(&approvals::id(&key(FILED_MAX), 7)) && !filed.has("apr_x"));
    }
}
