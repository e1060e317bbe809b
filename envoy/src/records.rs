//! Verdicts that the filter reached on its own, on their way to the ledger: batched, bounded, sent
//! again until the daemon has them.
//!
//! A batch keeps the names of its records, so that one which arrived although its answer was lost
//! is recorded once.

use std::collections::VecDeque;

use serde_json::value::RawValue;

/// Most records that wait. Beyond it a request that has to be recorded is refused.
const WAITING_MAX: usize = 4_096;
/// Most bytes that wait.
const WAITING_BYTES_MAX: usize = 8 << 20;
/// Most bytes of one record. The daemon refuses a batch that is larger, and one that it refuses is sent
/// again for ever, with all records behind it.
const RECORD_BYTES_MAX: usize = (4 << 20) - 1_024;
/// Most records of one batch; the daemon takes no more.
const BATCH_MAX: usize = 256;
/// Most bytes of one batch, below what the daemon takes.
const BATCH_BYTES_MAX: usize = 2 << 20;

/// One verdict, as the daemon wants it.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    json: String,
}

/// What is told of one verdict.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    id: &'a str,
    call: &'a RawValue,
    decision: &'static str,
    code: &'a str,
    policy_digest: &'a str,
    decided_at: &'a str,
}

/// What [`Record::new`] is told.
pub(crate) struct Told<'a> {
    pub(crate) id: &'a str,
    pub(crate) call: &'a [u8],
    pub(crate) decision: &'static str,
    pub(crate) code: &'a str,
    pub(crate) policy_digest: &'a str,
    pub(crate) decided_at: &'a str,
}

impl Record {
    /// `None` if the call is no JSON, which the engine's own calls always are.
    pub(crate) fn new(told: &Told<'_>) -> Option<Self> {
        let call = serde_json::from_slice::<&RawValue>(told.call).ok()?;
        let Told { id, decision, code, policy_digest, decided_at, .. } = *told;
        let fields = Fields { id, call, decision, code, policy_digest, decided_at };
        Some(Self { json: serde_json::to_string(&fields).ok()? })
    }
}

/// Records that wait, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Record>,
    bytes: usize,
    /// How many of the first were sent and not answered.
    in_flight: usize,
}

impl Queue {
    /// Whether there is room; what does not fit is given back.
    pub(crate) fn push(&mut self, record: Record) -> Result<(), Record> {
        if record.json.len() > RECORD_BYTES_MAX
            || self.waiting.len() >= WAITING_MAX
            || self.bytes + record.json.len() > WAITING_BYTES_MAX
        {
            return Err(record);
        }
        self.bytes += record.json.len();
        self.waiting.push_back(record);
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether a whole batch waits.
    pub(crate) fn is_full_batch(&self) -> bool {
        self.in_flight == 0 && self.waiting.len() >= BATCH_MAX
    }

    /// The next batch, unless one is on its way.
    pub(crate) fn batch(&mut self, point: &str) -> Option<String> {
        if self.in_flight > 0 || self.waiting.is_empty() {
            return None;
        }
        let mut records = String::new();
        for record in self.waiting.iter().take(BATCH_MAX) {
            if self.in_flight > 0 && records.len() + record.json.len() > BATCH_BYTES_MAX {
                break;
            }
            if self.in_flight > 0 {
                records.push(',');
            }
            records.push_str(&record.json);
            self.in_flight += 1;
        }
        let point = serde_json::to_string(point).ok()?;
        Some(format!(r#"{{"point":{point},"records":[{records}]}}"#))
    }

    /// The daemon has the batch.
    pub(crate) fn sent(&mut self) -> usize {
        let count = std::mem::take(&mut self.in_flight);
        for record in self.waiting.drain(..count.min(self.waiting.len())) {
            self.bytes = self.bytes.saturating_sub(record.json.len());
        }
        count
    }

    /// The daemon may or may not have it: it is sent again.
    pub(crate) fn failed(&mut self) {
        self.in_flight = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH_MAX, Queue, RECORD_BYTES_MAX, Record, Told, WAITING_MAX};

    fn record(id: &str) -> Record {
        let told = Told {
            id,
            call: br#"{"agentId":"a"}"#,
            decision: "allow",
            code: "host-allowed",
            policy_digest: "sha256:0",
            decided_at: "2026-01-01T00:00:00Z",
        };
        Record::new(&told).unwrap()
    }

    #[test]
    fn a_batch_that_failed_is_sent_again() {
        let mut queue = Queue::default();
        queue.push(record("1")).unwrap();
        let first = queue.batch("envoy/x").unwrap();
        assert!(first.contains(r#""id":"1""#) && first.contains(r#""call":{"agentId":"a"}"#), "{first}");
        assert!(queue.batch("envoy/x").is_none(), "one at a time");
        queue.failed();
        assert_eq!(queue.batch("envoy/x").unwrap(), first);
        queue.push(record("2")).unwrap();
        assert_eq!(queue.sent(), 1);
        assert_eq!(queue.len(), 1, "what came later is still there");
    }

    #[test]
    fn a_record_that_the_daemon_would_never_take_is_not_kept() {
        let mut queue = Queue::default();
        let mut large = record("large");
        large.json = "x".repeat(RECORD_BYTES_MAX);
        assert!(queue.push(large.clone()).is_ok());
        assert!(queue.batch(&"p".repeat(128)).is_some_and(|batch| batch.len() <= 4 << 20));
        large.json.push('x');
        assert!(queue.push(large).is_err());
    }

    #[test]
    fn a_full_queue_takes_nothing() {
        let mut queue = Queue::default();
        for number in 0..WAITING_MAX {
            queue.push(record(&number.to_string())).unwrap();
        }
        assert!(queue.push(record("more")).is_err());
        queue.batch("p").unwrap();
        assert_eq!(queue.sent(), BATCH_MAX);
        assert!(queue.push(record("more")).is_ok());
    }

    #[test]
    fn what_is_no_call_is_no_record() {
        let told = Told { id: "", call: b"{", decision: "", code: "", policy_digest: "", decided_at: "" };
        assert!(Record::new(&told).is_none());
    }
}
