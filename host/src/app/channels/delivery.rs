//! One step about one question on one channel: sending it, putting that on record, asking for the
//! answer.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::message::Message;
use super::notify::{Notify, told};
use super::target::{SendError, Target};
use super::webhook::{self, Polled};
use super::{TargetError, slack};
use crate::app::approvals::answer::Answer;
use crate::app::approvals::context::{self, Seen};
use crate::app::evaluate::cut;
use crate::app::reads::ReadError;
use crate::app::{App, CommitError, Operation, clock};
use crate::auth::principal::is_subject;
use crate::config::{Channels, Slack, Webhook};
use crate::state::{Approval, ApprovalState, Millis};

/// Attempts after the first one.
const RETRIES_MAX: u32 = 6;

/// The wait before the first of them. It doubles.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The wait where our own store did not answer.
const STORE_RETRY_AFTER: Duration = Duration::from_secs(2);

/// Who answered, where a service does not say.
const UNNAMED: &str = "unnamed";

/// Where questions are told.
pub(super) struct Channel {
    kind: Kind,
    target: Target,
}

enum Kind {
    Webhook(Webhook),
    Slack(Slack),
}

/// What is next about a question.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// It is to be sent.
    Send { attempts: u32 },
    /// It was sent, which is not yet on record.
    Mark { attempts: u32, reference: Option<String> },
    /// It could not be sent, which is not yet on record.
    Fail { attempts: u32 },
    /// Its answer is to be asked for.
    Poll { reference: Option<String> },
    /// Nothing.
    Over,
}

/// A stage, and when.
pub(super) struct Next {
    pub(super) stage: Stage,
    pub(super) wait: Duration,
}

/// What is about to be done.
pub(super) struct Step {
    pub(super) app: Weak<App>,
    pub(super) channel: Arc<Channel>,
    pub(super) id: String,
    pub(super) stage: Stage,
    pub(super) ends_at: Millis,
}

/// Something between nothing and this much.
pub(super) fn jitter(most: Duration) -> Duration {
    let mut bytes = [0; 4];
    // Without randomness everybody waits equally long, which harms nobody.
    let _ = getrandom::fill(&mut bytes);
    most.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}

pub(super) fn channels(config: &Channels) -> Result<Vec<Arc<Channel>>, TargetError> {
    let target = Target::new(config.allow_private)?;
    let kinds = [config.webhook.clone().map(Kind::Webhook), config.slack.clone().map(Kind::Slack)];
    Ok(kinds.into_iter().flatten().map(|kind| Arc::new(Channel { kind, target: target.clone() })).collect())
}

impl Channel {
    /// What it is called in records.
    const fn name(&self) -> &'static str {
        match self.kind {
            Kind::Webhook(_) => "webhook",
            Kind::Slack(_) => "slack",
        }
    }

    /// What is to be done about a question that was found in the store.
    pub(super) fn stage(&self, row: &Approval) -> Stage {
        match told(row, self.name()) {
            None => Stage::Send { attempts: 0 },
            Some(reference) => self.after(reference.map(str::to_owned)),
        }
    }

    /// What is to be done once it is told.
    fn after(&self, reference: Option<String>) -> Stage {
        if self.poll_every().is_some() { Stage::Poll { reference } } else { Stage::Over }
    }

    fn poll_every(&self) -> Option<Duration> {
        match &self.kind {
            Kind::Webhook(own) => webhook::poll_every(own.format),
            Kind::Slack(_) => None,
        }
    }

    async fn send(&self, message: &Message) -> Result<Option<String>, SendError> {
        let now = clock::now();
        match &self.kind {
            Kind::Webhook(own) => {
                let webhook::Outgoing { headers, body } = webhook::request(own, message, now)?;
                let wants_body = webhook::gives_reference(own.format);
                let reply = self.target.post(&own.url, headers, body, wants_body).await?;
                webhook::accepted(own.format, &reply)
            }
            Kind::Slack(own) => {
                let webhook::Outgoing { headers, body } = slack::request(own, message, now)?;
                slack::accepted(&self.target.post(own.url.expose(), headers, body, false).await?)?;
                Ok(None)
            }
        }
    }

    async fn ask(&self, id: &str, reference: Option<&str>) -> Result<Polled, SendError> {
        let Kind::Webhook(own) = &self.kind else { return Ok(Polled::Ended) };
        let Some(url) = webhook::status_url(own, id, reference) else { return Ok(Polled::Ended) };
        let reply = self.target.get(&url, webhook::credentials(own, id)?).await?;
        Ok(webhook::polled(own.format, &reply))
    }
}

impl Next {
    const fn now(stage: Stage) -> Self {
        Self { stage, wait: Duration::ZERO }
    }
}

impl Step {
    pub(super) async fn take(self) -> Next {
        match self.stage.clone() {
            Stage::Send { attempts } => self.send(attempts).await,
            Stage::Mark { attempts, reference } => self.mark(attempts, reference).await,
            Stage::Fail { attempts } => self.fail(attempts).await,
            Stage::Poll { reference } => self.poll(reference).await,
            Stage::Over => Next::now(Stage::Over),
        }
    }

    async fn send(self, attempts: u32) -> Next {
        let message = match self.message().await {
            Ok(Some(message)) => message,
            Ok(None) if attempts == 0 => return Next::now(Stage::Over),
            Ok(None) => return Next::now(Stage::Fail { attempts }),
            Err(error) => {
                tracing::warn!(%error, "a question could not be read");
                return Next { stage: Stage::Send { attempts }, wait: STORE_RETRY_AFTER };
            }
        };
        if let Some(reference) = told(message.row(), self.channel.name()) {
            return Next::now(self.channel.after(reference.map(str::to_owned)));
        }
        let attempts = attempts.saturating_add(1);
        match self.channel.send(&message).await {
            Ok(reference) => self.mark(attempts, reference).await,
            Err(error) => {
                let channel = self.channel.name();
                tracing::warn!(channel, approval = self.id, attempts, %error, "a question was not told");
                if attempts > RETRIES_MAX {
                    return Next::now(Stage::Fail { attempts });
                }
                let wait = RETRY_AFTER.saturating_mul(1 << (attempts - 1));
                Next { stage: Stage::Send { attempts }, wait: wait + jitter(wait / 4) }
            }
        }
    }

    /// What is to be told; `None` where nobody waits for an answer any more.
    async fn message(&self) -> Result<Option<Message>, ReadError> {
        let Some(app) = self.app.upgrade() else { return Ok(None) };
        let seen: Seen = match context::find(&app, &self.id).await {
            Ok(seen) => seen,
            Err(ReadError::Unknown { .. } | ReadError::Unproven { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if seen.status(clock::now()) != ApprovalState::Pending {
            return Ok(None);
        }
        Message::new(&app, seen).await.map(Some)
    }

    async fn mark(self, attempts: u32, reference: Option<String>) -> Next {
        match self.record(attempts, reference.clone(), false).await {
            Ok(()) => {
                let wait = self.channel.poll_every().unwrap_or_default();
                Next { stage: self.channel.after(reference), wait }
            }
            Err(error) if may_pass(&error) => {
                Next { stage: Stage::Mark { attempts, reference }, wait: STORE_RETRY_AFTER }
            }
            Err(error) => {
                tracing::warn!(approval = self.id, %error, "that a question was told is not on record");
                Next::now(self.channel.after(reference))
            }
        }
    }

    async fn fail(self, attempts: u32) -> Next {
        match self.record(attempts, None, true).await {
            Err(error) if may_pass(&error) => {
                Next { stage: Stage::Fail { attempts }, wait: STORE_RETRY_AFTER }
            }
            Err(error) => {
                tracing::warn!(approval = self.id, %error, "that a question was not told is not on record");
                Next::now(Stage::Over)
            }
            Ok(()) => Next::now(Stage::Over),
        }
    }

    async fn record(
        &self,
        attempts: u32,
        reference: Option<String>,
        failed: bool,
    ) -> Result<(), CommitError> {
        let (id, channel) = (self.id.clone(), self.channel.name());
        let notify =
            |app: &App| Notify { id, channel, reference, attempts, failed, digest_key: app.digest_key };
        commit(&self.app, notify).await.map(drop)
    }

    async fn poll(self, reference: Option<String>) -> Next {
        let wait = self.channel.poll_every().unwrap_or_default();
        let again = |reference| Next { stage: Stage::Poll { reference }, wait };
        if clock::now() >= self.ends_at {
            return Next::now(Stage::Over);
        }
        match self.channel.ask(&self.id, reference.as_deref()).await {
            Ok(Polled::Waiting) => again(reference),
            Ok(Polled::Ended) => {
                tracing::info!(
                    approval = self.id,
                    "the service of the webhook ended a question without an answer"
                );
                Next::now(Stage::Over)
            }
            Ok(Polled::Answered { is_yes, by, note }) => match self.answer(is_yes, by, note).await {
                Err(error) if may_pass(&error) => again(reference),
                Err(error) => {
                    tracing::warn!(approval = self.id, %error, "an answer of the webhook does not count");
                    Next::now(Stage::Over)
                }
                Ok(()) => Next::now(Stage::Over),
            },
            Err(error) => {
                tracing::debug!(approval = self.id, %error, "the webhook said nothing of a question");
                again(reference)
            }
        }
    }

    async fn answer(
        &self,
        is_yes: bool,
        by: Option<String>,
        note: Option<String>,
    ) -> Result<(), CommitError> {
        let Some(app) = self.app.upgrade() else { return Err(CommitError::Stopping) };
        let by = by.as_deref().map(str::trim).unwrap_or_default();
        let subject = Some(format!("webhook:{by}")).filter(|own| !by.is_empty() && is_subject(own));
        let answer = Answer {
            id: self.id.clone(),
            subject: subject.unwrap_or_else(|| format!("webhook:{UNNAMED}")),
            is_yes,
            note: note.map(|note| cut(&app.redactor.redact_text(&note).text)).filter(|note| !note.is_empty()),
            channel: self.channel.name(),
            pool: Arc::clone(&app.pool),
            digest_key: app.digest_key,
            row: None,
        };
        drop(app);
        commit(&self.app, |_| answer).await.map(drop)
    }
}

/// Commits from a thread that may block. Whoever else waits for the same batch must not wait for
/// this runtime.
async fn commit<O: Operation + 'static>(
    app: &Weak<App>,
    operation: impl FnOnce(&App) -> O,
) -> Result<O, CommitError> {
    let app = app.upgrade().ok_or(CommitError::Stopping)?;
    let operation = operation(&app);
    let committer = app.committer.clone();
    drop(app);
    let committing = tokio::task::spawn_blocking(move || committer.commit_blocking(operation));
    committing.await.map_err(|_| CommitError::Stopping)?
}

/// Whether it may go well another time.
const fn may_pass(error: &CommitError) -> bool {
    match error {
        CommitError::Busy | CommitError::Stopping | CommitError::Store(_) => true,
        CommitError::Operation(_) => false,
    }
}
