//! The root of one worker: reads the configuration, keeps the policy fresh, sends the records.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{BufferType, ContextType, LogLevel, MapType};

use crate::config::{Config, Daemon};
use crate::daemon::{self, ANSWER_BYTES_MAX, POLICY_BYTES_MAX};
use crate::faults;
use crate::governor::{Governor, Untaken};
use crate::host;
use crate::metrics::Metrics;
use crate::records::Sent;
use crate::stream::Stream;

/// How often the root looks whether there is something to send or to fetch.
const TICK: Duration = Duration::from_millis(200);
/// Longest wait between two tries for a first policy.
const FIRST_POLICY: u64 = 400;
/// Shortest wait for the answer to what no request waits for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where workers of one process count themselves.
const WORKERS: &str = "sentinel.workers";

/// What the root and the streams of one worker share.
pub(crate) struct Worker {
    pub(crate) governor: Governor,
    pub(crate) metrics: Metrics,
}

/// The root context.
#[derive(Default)]
pub(crate) struct Root {
    worker: Option<Rc<RefCell<Worker>>>,
    /// Token of the policy that was asked for, and of the batch that was sent.
    fetching: Option<u32>,
    sending: Option<u32>,
    /// When the next batch may be sent, in milliseconds since the epoch.
    send_from: u64,
    /// When the policy was last asked for, in milliseconds since the epoch.
    fetched: u64,
    /// When the daemon last said what governs, or that it still does; at first, when the filter started.
    confirmed: u64,
    tag: Option<String>,
    /// Whether the worker ends as soon as its last batch was answered.
    is_ending: bool,
}

impl Context for Root {
    fn on_http_call_response(&mut self, token: u32, _headers: usize, body: usize, _trailers: usize) {
        faults::at("root call response");
        let status = host::header(MapType::HttpCallResponseHeaders, ":status").unwrap_or_default();
        if self.fetching == Some(token) {
            self.fetching = None;
            self.policy_came(&status, body);
        } else if self.sending == Some(token) {
            self.sending = None;
            self.batch_came(&status, body);
        } else {
            self.outcome_came(token, &status);
        }
    }

    /// The worker ends: what waits is sent once more, if it can be.
    fn on_done(&mut self) -> bool {
        faults::at("root done");
        self.send();
        self.is_ending = self.sending.is_some();
        !self.is_ending
    }
}

impl RootContext for Root {
    fn on_configure(&mut self, size: usize) -> bool {
        let bytes = if size == 0 {
            Vec::new()
        } else {
            host::buffer(BufferType::PluginConfiguration, 0, size).unwrap_or_default()
        };
        match Config::parse(&bytes) {
            Ok(config) => {
                self.start(config);
                true
            }
            Err(error) => {
                host::log(LogLevel::Critical, &format!("sentinel: {error}"));
                false
            }
        }
    }

    fn on_tick(&mut self) {
        faults::at("tick");
        self.expire();
        self.fetch();
        if host::now() >= self.send_from {
            self.send();
        }
        self.tell_outcomes();
        if let Some(worker) = &self.worker {
            let mut worker = worker.borrow_mut();
            let dropped = worker.governor.queue.take_dropped();
            worker.metrics.dropped(dropped);
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        faults::at("create");
        Some(Box::new(Stream::new(self.worker.clone())))
    }
}

impl Root {
    fn start(&mut self, config: Config) {
        #[cfg(feature = "faults")]
        faults::arm(config.fault.clone());
        faults::at("configure");
        let metrics = Metrics::define();
        if config.daemon.is_some() {
            host::tick_every(TICK);
        }
        let governor = Governor::new(config, name(), host::now);
        metrics.policy(governor.policy().is_some());
        self.confirmed = host::now();
        self.worker = Some(Rc::new(RefCell::new(Worker { governor, metrics })));
    }

    /// Nothing goes out by a policy that the daemon did not confirm for too long: what it took back
    /// meanwhile nobody here knows.
    fn expire(&mut self) {
        let Some(worker) = &self.worker else { return };
        let mut worker = worker.borrow_mut();
        let Some(daemon) = &worker.governor.config.daemon else { return };
        let now = host::now();
        // A clock that was set back does not make a policy last longer than that.
        self.confirmed = self.confirmed.min(now);
        let since = now.saturating_sub(self.confirmed);
        worker.metrics.policy_age(since / 1_000);
        if daemon.max_stale.is_none_or(|limit| since <= millis(limit)) {
            return;
        }
        self.tag = None;
        if worker.governor.policy().is_some() {
            host::log(
                LogLevel::Error,
                "sentinel: the daemon did not confirm the policy in time, so none governs",
            );
            worker.governor.drop_policy();
            worker.metrics.policy(false);
        }
    }

    /// Asks for the policy, if it is time to.
    fn fetch(&mut self) {
        let Some(worker) = self.worker.as_ref().filter(|_| self.fetching.is_none()) else { return };
        let worker = worker.borrow();
        let Some(daemon) = &worker.governor.config.daemon else { return };
        let has_policy = self.tag.is_some();
        let pause = if has_policy { millis(daemon.refresh) } else { FIRST_POLICY };
        let now = host::now();
        if !is_due(self.fetched, now, pause) {
            return;
        }
        self.fetched = now;
        let path = format!("/v1/agents/{}/policy", worker.governor.config.agent_id);
        worker.metrics.daemon_called();
        self.fetching = host::ask(daemon, "GET", &path, None, self.tag.as_deref(), patience(daemon));
        if self.fetching.is_none() {
            worker.metrics.daemon_failed();
        }
    }

    fn policy_came(&mut self, status: &[u8], size: usize) {
        let Some(worker) = &self.worker else { return };
        let mut worker = worker.borrow_mut();
        match status {
            b"304" => self.confirmed = host::now(),
            b"200" if size > POLICY_BYTES_MAX => {
                worker.metrics.daemon_failed();
                let message = format!("sentinel: the daemon's policy is not taken: it has {size} bytes");
                host::log(LogLevel::Error, &message);
            }
            b"200" => {
                let body = host::buffer(BufferType::HttpCallResponseBody, 0, size).unwrap_or_default();
                match worker.governor.take(&body) {
                    Ok(()) => {
                        self.confirmed = host::now();
                        let tag = host::header(MapType::HttpCallResponseHeaders, "etag");
                        self.tag = tag.and_then(|tag| String::from_utf8(tag).ok()).or(Some(String::new()));
                        worker.metrics.policy(true);
                        let digest = worker.governor.digest().unwrap_or_default();
                        host::log(LogLevel::Info, &format!("sentinel: policy {digest} governs"));
                    }
                    Err(Untaken::Removed) => {
                        self.tag = None;
                        removed(&mut worker);
                    }
                    Err(why) => {
                        worker.metrics.daemon_failed();
                        let message = format!("sentinel: the daemon's policy is not taken: {why:?}");
                        host::log(LogLevel::Error, &message);
                    }
                }
            }
            // The agent's policy was removed: from now on nothing goes out.
            b"404" => {
                self.tag = None;
                removed(&mut worker);
            }
            _ => {
                worker.metrics.daemon_failed();
                if let Err(fault) = daemon::status(status) {
                    let message = format!("sentinel: the policy could not be fetched: {}", fault.code());
                    host::log(LogLevel::Warn, &message);
                }
            }
        }
    }

    /// Sends the next batch, if one waits.
    fn send(&mut self) {
        let Some(worker) = self.worker.as_ref().filter(|_| self.sending.is_none()) else { return };
        let mut worker = worker.borrow_mut();
        let point = format!("envoy/{}", worker.governor.name());
        let Some(batch) = worker.governor.queue.batch(&point) else { return };
        worker.metrics.daemon_called();
        let daemon = worker.governor.config.daemon.as_ref();
        let body = Some(batch.as_bytes());
        self.sending =
            daemon.and_then(|daemon| host::ask(daemon, "POST", "/v1/records", body, None, patience(daemon)));
        if self.sending.is_none() {
            worker.governor.queue.failed();
            worker.metrics.daemon_failed();
        }
    }

    /// Tells the daemon what became of payments.
    fn tell_outcomes(&self) {
        let Some(worker) = &self.worker else { return };
        let worker = &mut *worker.borrow_mut();
        let Governor { config, outcomes, .. } = &mut worker.governor;
        let Some(daemon) = &config.daemon else { return };
        outcomes.send(|report| {
            worker.metrics.daemon_called();
            host::ask(daemon, "POST", "/v1/audit", Some(report.as_bytes()), None, patience(daemon))
        });
    }

    fn outcome_came(&self, token: u32, status: &[u8]) {
        let Some(worker) = &self.worker else { return };
        let mut worker = worker.borrow_mut();
        let is_taken = status == b"200";
        // What the daemon refuses it refuses again: what it holds counts as spent.
        let is_refused = status.first() == Some(&b'4');
        if worker.governor.outcomes.answered(token, is_taken || is_refused) && !is_taken {
            worker.metrics.daemon_failed();
            if is_refused {
                host::log(LogLevel::Error, "sentinel: the daemon does not take what became of a payment");
            }
        }
    }

    fn batch_came(&mut self, status: &[u8], size: usize) {
        if self.is_taken(status, size) {
            self.send();
        }
        if self.is_ending && self.sending.is_none() {
            // Whoever waits for the last batch need not wait any longer.
            self.is_ending = false;
            let _ = hostcalls::done();
        }
    }

    /// Notes what became of a batch; whether the next one goes at once.
    fn is_taken(&mut self, status: &[u8], size: usize) -> bool {
        let Some(worker) = &self.worker else { return false };
        let mut held = worker.borrow_mut();
        let is_answer = daemon::status(status).is_ok() && size <= ANSWER_BYTES_MAX;
        let sent = if is_answer {
            let body = host::buffer(BufferType::HttpCallResponseBody, 0, size).unwrap_or_default();
            held.governor.queue.answered(&body)
        } else {
            None
        };
        let Some(Sent { recorded, refused, why }) = sent else {
            held.governor.queue.failed();
            held.metrics.daemon_failed();
            return false;
        };
        held.metrics.records(recorded, held.governor.queue.len());
        if let Some(why) = why {
            held.metrics.daemon_failed();
            host::log(LogLevel::Error, &format!("sentinel: {refused} records were refused: {why}"));
            // It would say the same at once.
            let refresh = held.governor.config.daemon.as_ref().map(|daemon| millis(daemon.refresh));
            self.send_from = host::now().saturating_add(refresh.unwrap_or_default());
            return false;
        }
        let queue = &held.governor.queue;
        queue.is_full_batch() || self.is_ending && queue.len() > 0
    }
}

/// The agent has no policy any more: nothing goes out.
fn removed(worker: &mut Worker) {
    if worker.governor.policy().is_some() {
        host::log(LogLevel::Warn, "sentinel: the daemon has no policy for this agent");
    }
    worker.governor.drop_policy();
    worker.metrics.policy(false);
}

/// Whether it is time again. A clock that was set back is no reason to wait until it is as late again.
fn is_due(last: u64, now: u64, pause: u64) -> bool {
    last == 0 || now.checked_sub(last).is_none_or(|since| since >= pause)
}

/// How long the root waits. Nobody waits for it, so it may take longer than a request does.
fn patience(daemon: &Daemon) -> Duration {
    daemon.timeout.max(PATIENCE)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A name that no other worker has: which one of its process it is, and when it started.
fn name() -> String {
    let mut number = 0;
    // Another worker may count at the same moment: whoever lost looks again.
    for _ in 0..64 {
        let (counted, version) = hostcalls::get_shared_data(WORKERS).unwrap_or((None, None));
        number = counted.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes) + 1;
        if hostcalls::set_shared_data(WORKERS, Some(&number.to_le_bytes()), version).is_ok() {
            break;
        }
    }
    let node =
        host::property(&["node", "id"]).filter(|node| !node.is_empty()).unwrap_or_else(|| "node".to_owned());
    let node: String =
        node.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(40).collect();
    format!("{node}-{:x}-{number}", host::nanoseconds())
}

#[cfg(test)]
mod tests {
    use super::is_due;

    #[test]
    fn a_clock_that_is_set_back_does_not_stop_the_fetching() {
        assert!(is_due(0, 0, 400) && is_due(1_000, 1_400, 400));
        assert!(!is_due(1_000, 1_399, 400));
        assert!(is_due(1_000_000, 1_000, 400));
    }
}
