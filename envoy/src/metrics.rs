//! Envoy's own counters: what the filter did, for whoever scrapes the proxy.

use proxy_wasm::hostcalls::{define_metric, increment_metric, record_metric};
use proxy_wasm::types::MetricType;

/// Handles of the metrics; one that could not be defined counts nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metrics {
    allowed: Option<u32>,
    denied: Option<u32>,
    escalated: Option<u32>,
    daemon_calls: Option<u32>,
    daemon_failures: Option<u32>,
    records_sent: Option<u32>,
    records_dropped: Option<u32>,
    records_waiting: Option<u32>,
    policy_loaded: Option<u32>,
    policy_age: Option<u32>,
}

impl Metrics {
    /// Defines them. The names start with `wasmcustom.` in Envoy's statistics.
    pub(crate) fn define() -> Self {
        let counter = |name| define_metric(MetricType::Counter, name).ok();
        let gauge = |name| define_metric(MetricType::Gauge, name).ok();
        Self {
            allowed: counter("sentinel.requests.allow"),
            denied: counter("sentinel.requests.deny"),
            escalated: counter("sentinel.requests.escalate"),
            daemon_calls: counter("sentinel.daemon.calls"),
            daemon_failures: counter("sentinel.daemon.failures"),
            records_sent: counter("sentinel.records.sent"),
            records_dropped: counter("sentinel.records.dropped"),
            records_waiting: gauge("sentinel.records.waiting"),
            policy_loaded: gauge("sentinel.policy.loaded"),
            policy_age: gauge("sentinel.policy.age_seconds"),
        }
    }

    pub(crate) fn decided(self, decision: &str) {
        count(
            match decision {
                "allow" => self.allowed,
                "escalate" => self.escalated,
                _ => self.denied,
            },
            1,
        );
    }

    pub(crate) fn daemon_called(self) {
        count(self.daemon_calls, 1);
    }

    pub(crate) fn daemon_failed(self) {
        count(self.daemon_failures, 1);
    }

    pub(crate) fn records(self, sent: usize, waiting: usize) {
        count(self.records_sent, sent);
        set(self.records_waiting, waiting);
    }

    /// There was no room for so many.
    pub(crate) fn dropped(self, records: usize) {
        count(self.records_dropped, records);
    }

    pub(crate) fn policy(self, is_loaded: bool) {
        set(self.policy_loaded, usize::from(is_loaded));
    }

    /// So many seconds ago the daemon last said what governs.
    pub(crate) fn policy_age(self, seconds: u64) {
        set(self.policy_age, usize::try_from(seconds).unwrap_or(usize::MAX));
    }
}

fn count(metric: Option<u32>, by: usize) {
    if let (Some(metric), Ok(by)) = (metric, i64::try_from(by))
        && by > 0
    {
        // A metric that does not count is no reason to refuse a request.
        let _ = increment_metric(metric, by);
    }
}

fn set(metric: Option<u32>, value: usize) {
    if let (Some(metric), Ok(value)) = (metric, u64::try_from(value)) {
        let _ = record_metric(metric, value);
    }
}
