//! Numbers for Prometheus. What is counted often is looked up once, and nothing that a caller makes
//! up becomes a label without bound (U6).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TEXT_FORMAT, TextEncoder,
};

use super::activity::Activity;
use super::answer::{self, Reply};
use super::caller::{Anyone, Auditor, Caller};
use super::problem::Problem;
use crate::app::clock;
use crate::auth::principal::TENANT;
use crate::engine::Outcome;

/// Agents that have counters of their own. All others share one.
const AGENT_LABELS_MAX: usize = 200;

/// The label of what is not listed.
const OTHER: &str = "other";

/// Upper bounds in seconds: from what a commit takes at best to what somebody notices.
const DURATION_BUCKETS: [f64; 15] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// What is counted.
pub(super) struct Metrics {
    /// The last ten minutes, for the dashboard.
    pub(super) activity: Activity,
    registry: Registry,
    evaluations: IntCounterVec,
    agents: RwLock<HashMap<String, Arc<Decided>>>,
    other_agents: Arc<Decided>,
    duration: Histogram,
    requests: IntCounterVec,
    errors: IntCounterVec,
    records: IntCounter,
    records_differing: IntCounter,
    entries: IntGauge,
    policies: IntGauge,
    streams: IntGauge,
}

/// Counters of one agent.
struct Decided {
    allowed: IntCounter,
    denied: IntCounter,
    escalated: IntCounter,
}

impl Decided {
    fn new(evaluations: &IntCounterVec, agent: &str) -> Self {
        let of = |decision| evaluations.with_label_values(&[decision, agent, TENANT]);
        Self { allowed: of("allow"), denied: of("deny"), escalated: of("escalate") }
    }

    fn count(&self, decision: Outcome) {
        match decision {
            Outcome::Allow => self.allowed.inc(),
            Outcome::Deny => self.denied.inc(),
            Outcome::Escalate => self.escalated.inc(),
        }
    }
}

impl Metrics {
    /// Everything at nought.
    pub(super) fn new() -> Self {
        Self::try_new().unwrap_or_else(|error| unusable(&error))
    }

    fn try_new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| -> Result<IntCounter, prometheus::Error> {
            let own = IntCounter::new(name, help)?;
            registry.register(Box::new(own.clone()))?;
            Ok(own)
        };
        let counters =
            |name: &str, help: &str, labels: &[&str]| -> Result<IntCounterVec, prometheus::Error> {
                let own = IntCounterVec::new(Opts::new(name, help), labels)?;
                registry.register(Box::new(own.clone()))?;
                Ok(own)
            };
        let gauge = |name: &str, help: &str| -> Result<IntGauge, prometheus::Error> {
            let own = IntGauge::new(name, help)?;
            registry.register(Box::new(own.clone()))?;
            Ok(own)
        };
        let evaluations = counters(
            "soe_evaluations_total",
            "Calls that were decided and recorded.",
            &["decision", "agent", "tenant"],
        )?;
        let duration = Histogram::with_opts(
            HistogramOpts::new(
                "soe_evaluation_duration_seconds",
                "Time from a call that was read to its recorded verdict.",
            )
            .buckets(DURATION_BUCKETS.to_vec()),
        )?;
        registry.register(Box::new(duration.clone()))?;
        for (name, help) in [
            ("soe_guard_requests_total", "Content that guardrails looked at; there are none yet."),
            ("soe_guard_blocked_total", "Content that guardrails held back; there are none yet."),
        ] {
            counter(name, help)?;
        }
        let errors =
            counters("soe_api_errors_total", "Requests that were answered with an error.", &["code"])?;
        // A family without a member would not be shown at all.
        errors.with_label_values(&["internal"]);
        Ok(Self {
            activity: Activity::default(),
            other_agents: Arc::new(Decided::new(&evaluations, OTHER)),
            agents: RwLock::default(),
            evaluations,
            duration,
            requests: counters("soe_api_requests_total", "Requests to the API.", &["method", "path"])?,
            errors,
            records: counter(
                "sentinel_records_total",
                "Calls that an enforcement point decided, and that were recorded here.",
            )?,
            records_differing: counter(
                "sentinel_records_differing_total",
                "Of these, calls that are decided otherwise here, or by another policy.",
            )?,
            entries: gauge("sentinel_ledger_entries", "Entries of the ledger.")?,
            policies: gauge("sentinel_policies", "Policies that govern.")?,
            streams: gauge("sentinel_sse_streams", "Event streams and exports that are open.")?,
            registry,
        })
    }

    /// The counter of a route. The path is the route's own.
    pub(super) fn requests(&self, method: &str, path: &str) -> IntCounter {
        self.requests.with_label_values(&[method, path])
    }

    /// A request was answered with an error.
    pub(super) fn error(&self, code: &str) {
        self.errors.with_label_values(&[code]).inc();
    }

    /// A call was decided.
    pub(super) fn evaluated(&self, agent: &str, decision: Outcome, since: Instant) {
        let took = since.elapsed();
        self.duration.observe(took.as_secs_f64());
        self.activity.count(decision, Some(took), clock::now());
        self.of_agent(agent).count(decision);
    }

    /// A call that was decided elsewhere was recorded.
    pub(super) fn recorded(&self, agent: &str, decision: Outcome, differs: bool) {
        self.of_agent(agent).count(decision);
        self.activity.count(decision, None, clock::now());
        self.records.inc();
        if differs {
            self.records_differing.inc();
        }
    }

    fn of_agent(&self, agent: &str) -> Arc<Decided> {
        if let Some(own) = self.agents.read().unwrap_or_else(PoisonError::into_inner).get(agent) {
            return Arc::clone(own);
        }
        let mut agents = self.agents.write().unwrap_or_else(PoisonError::into_inner);
        if agents.len() >= AGENT_LABELS_MAX {
            return Arc::clone(agents.get(agent).unwrap_or(&self.other_agents));
        }
        let new = || Arc::new(Decided::new(&self.evaluations, agent));
        Arc::clone(agents.entry(agent.to_owned()).or_insert_with(new))
    }
}

/// GET /metrics
pub(super) async fn metrics(anyone: Anyone, auditor: Result<Caller<Auditor>, Problem>) -> Reply {
    let shared = anyone.public();
    let app = shared.app();
    if !app.config.metrics_public {
        auditor?.checking();
    }
    let own = &shared.metrics;
    own.entries.set(i64::try_from(*app.size.borrow()).unwrap_or(i64::MAX));
    own.policies.set(i64::try_from(app.catalog.count()).unwrap_or(i64::MAX));
    own.streams.set(i64::try_from(shared.stream_count()).unwrap_or(i64::MAX));
    match TextEncoder::new().encode_to_string(&own.registry.gather()) {
        Ok(text) => Ok(answer::typed(TEXT_FORMAT, text)),
        Err(error) => Err(Problem::internal(&error)),
    }
}

/// INVARIANT: names and labels above are constants that Prometheus accepts; a test makes them.
#[expect(clippy::panic, reason = "constants that a test checks; there is nothing a caller can do")]
fn unusable(error: &prometheus::Error) -> Metrics {
    panic!("the metrics are not usable: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_share_a_label_when_there_are_many() {
        let metrics = Metrics::new();
        for number in 0..AGENT_LABELS_MAX + 50 {
            metrics.evaluated(&format!("agent-{number}"), Outcome::Deny, Instant::now());
        }
        metrics.evaluated("agent-0", Outcome::Allow, Instant::now());
        let text = TextEncoder::new().encode_to_string(&metrics.registry.gather()).unwrap();
        let is_own = |agent: usize| text.contains(&format!("agent=\"agent-{agent}\""));
        assert!(is_own(0) && is_own(AGENT_LABELS_MAX - 1) && !is_own(AGENT_LABELS_MAX));
        assert!(
            text.contains("soe_evaluations_total{agent=\"other\",decision=\"deny\",tenant=\"default\"} 50")
        );
        assert!(
            text.contains("soe_evaluations_total{agent=\"agent-0\",decision=\"allow\",tenant=\"default\"} 1")
        );
    }

    #[test]
    fn every_family_is_shown_from_the_start() {
        let metrics = Metrics::new();
        metrics.requests("GET", "/metrics");
        let text = TextEncoder::new().encode_to_string(&metrics.registry.gather()).unwrap();
        for name in [
            "soe_evaluations_total",
            "soe_evaluation_duration_seconds",
            "soe_api_requests_total",
            "soe_api_errors_total",
            "soe_guard_requests_total",
            "soe_guard_blocked_total",
            "sentinel_records_total",
            "sentinel_records_differing_total",
            "sentinel_ledger_entries",
            "sentinel_policies",
            "sentinel_sse_streams",
        ] {
            assert!(text.contains(&format!("# HELP {name} ")), "{name}");
            assert!(text.contains(&format!("# TYPE {name} ")), "{name}");
        }
    }
}
