//! Verdicts that the filter reached on its own, on their way to the ledger: batched, bounded, sent
//! again until the daemon has them.
//!
//! A batch keeps the names of its records, so that one which arrived although its answer was lost
//! is recorded once. What the daemon does not take stays, behind what came later.

use std::collections::{BTreeSet, VecDeque};

use serde::Deserialize;
use serde_json::value::RawValue;

/// Most records that wait. Beyond it a request that has to be recorded is refused.
const WAITING_MAX: usize = 4_096;
/// Most bytes that wait.
const WAITING_BYTES_MAX: usize = 8 << 20;
/// Most records of one batch; the daemon takes no more.
const BATCH_MAX: usize = 256;
/// Most bytes of one batch of several, below what the daemon takes.
const BATCH_BYTES_MAX: usize = 2 << 20;
/// Most bytes of one record. The daemon takes no request beyond 4 MiB, and a record that it never takes
/// would keep all others back.
const RECORD_BYTES_MAX: usize = (4 << 20) - (4 << 10);

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
    permitted: bool,
    code: &'a str,
    policy_digest: &'a str,
    decided_at: &'a str,
}

/// What [`Record::new`] is told.
pub(crate) struct Told<'a> {
    pub(crate) id: &'a str,
    pub(crate) call: &'a [u8],
    pub(crate) decision: &'static str,
    pub(crate) permitted: bool,
    pub(crate) code: &'a str,
    pub(crate) policy_digest: &'a str,
    pub(crate) decided_at: &'a str,
}

impl Record {
    /// `None` if the call is no JSON, which the engine's own calls always are.
    pub(crate) fn new(told: &Told<'_>) -> Option<Self> {
        let call = serde_json::from_slice::<&RawValue>(told.call).ok()?;
        let Told { id, decision, permitted, code, policy_digest, decided_at, .. } = *told;
        let fields = Fields { id, call, decision, permitted, code, policy_digest, decided_at };
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
    /// How many there was no room for, since somebody last asked.
    dropped: usize,
}

/// What the daemon says about a batch.
#[derive(Deserialize)]
struct Answer {
    recorded: usize,
    errors: Vec<Refused>,
}

/// A record that it does not take.
#[derive(Deserialize)]
struct Refused {
    index: usize,
    code: String,
    detail: String,
}

/// What became of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) recorded: usize,
    /// Those that wait again.
    pub(crate) refused: usize,
    /// Why the first of them was refused.
    pub(crate) why: Option<String>,
}

impl Queue {
    /// Whether there is room; what does not fit is given back.
    pub(crate) fn push(&mut self, record: Record) -> Result<(), Record> {
        let size = record.json.len();
        let has_room = self.waiting.len() < WAITING_MAX && self.bytes + size <= WAITING_BYTES_MAX;
        if !has_room || size > RECORD_BYTES_MAX {
            self.dropped += 1;
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

    /// The daemon answered with this. `None` if that is no answer to the batch, which is sent again then.
    pub(crate) fn answered(&mut self, body: &[u8]) -> Option<Sent> {
        let count = std::mem::take(&mut self.in_flight).min(self.waiting.len());
        let answer: Answer = serde_json::from_slice(body).ok()?;
        let refused: BTreeSet<usize> = answer.errors.iter().map(|own| own.index).collect();
        let is_ours = answer.recorded.checked_add(refused.len()) == Some(count)
            && refused.len() == answer.errors.len()
            && refused.last().is_none_or(|last| *last < count);
        if !is_ours {
            return None;
        }
        let batch: Vec<Record> = self.waiting.drain(..count).collect();
        for (index, record) in batch.into_iter().enumerate() {
            if refused.contains(&index) {
                self.waiting.push_back(record);
            } else {
                self.bytes = self.bytes.saturating_sub(record.json.len());
            }
        }
        let why = answer.errors.first().map(|own| format!("{}: {}", own.code, own.detail));
        Some(Sent { recorded: answer.recorded, refused: refused.len(), why })
    }

    /// How many were dropped since the last time.
    pub(crate) fn take_dropped(&mut self) -> usize {
        std::mem::take(&mut self.dropped)
    }

    /// The daemon may or may not have it: it is sent again.
    pub(crate) fn failed(&mut self) {
        self.in_flight = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH_MAX, Queue, RECORD_BYTES_MAX, Record, Sent, Told, WAITING_MAX};

    fn record(id: &str) -> Record {
        let told = Told {
            id,
            call: br#"{"agentId":"a"}"#,
            decision: "allow",
            permitted: true,
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
        assert_eq!(queue.answered(br#"{"recorded":1,"errors":[]}"#).map(|sent| sent.recorded), Some(1));
        assert_eq!(queue.len(), 1, "what came later is still there");
    }

    #[test]
    fn what_is_refused_stays_behind_what_came_later() {
        let mut queue = Queue::default();
        for id in ["1", "2", "3"] {
            queue.push(record(id)).unwrap();
        }
        let bytes = queue.bytes;
        queue.batch("p").unwrap();
        queue.push(record("4")).unwrap();
        let sent = queue
            .answered(br#"{"recorded":2,"repeated":0,"errors":[{"index":1,"code":"c","detail":"d"}]}"#)
            .unwrap();
        assert_eq!(sent, Sent { recorded: 2, refused: 1, why: Some("c: d".to_owned()) });
        assert_eq!(queue.bytes * 2, bytes / 3 * 4);
        let next = queue.batch("p").unwrap();
        assert!(next.find(r#""id":"4""#) < next.find(r#""id":"2""#), "{next}");
    }

    #[test]
    fn an_answer_to_something_else_is_none() {
        for body in [
            "",
            "{}",
            r#"{"recorded":1,"errors":[]}"#,
            r#"{"recorded":3,"errors":[]}"#,
            r#"{"recorded":1,"errors":[{"index":2,"code":"c","detail":"d"}]}"#,
            r#"{"recorded":0,"errors":[{"index":1,"code":"c","detail":"d"},{"index":1,"code":"c","detail":"d"}]}"#,
            r#"{"recorded":18446744073709551615,"errors":[{"index":1,"code":"c","detail":"d"}]}"#,
        ] {
            let mut queue = Queue::default();
            queue.push(record("1")).unwrap();
            queue.push(record("2")).unwrap();
            let first = queue.batch("p").unwrap();
            assert_eq!(queue.answered(body.as_bytes()), None, "{body}");
            assert_eq!(queue.batch("p").unwrap(), first, "{body}");
        }
    }

    #[test]
    fn a_record_that_the_daemon_never_takes_is_not_queued() {
        let mut queue = Queue::default();
        let call = format!(r#"{{"agentId":"{}"}}"#, "a".repeat(RECORD_BYTES_MAX));
        let told = Told {
            id: "1",
            call: call.as_bytes(),
            decision: "allow",
            permitted: true,
            code: "c",
            policy_digest: "",
            decided_at: "",
        };
        assert!(queue.push(Record::new(&told).unwrap()).is_err());
        assert!(queue.push(record("2")).is_ok());
        assert_eq!((queue.take_dropped(), queue.take_dropped()), (1, 0));
    }

    #[test]
    fn a_full_queue_takes_nothing() {
        let mut queue = Queue::default();
        for number in 0..WAITING_MAX {
            queue.push(record(&number.to_string())).unwrap();
        }
        assert!(queue.push(record("more")).is_err());
        queue.batch("p").unwrap();
        let all = format!(r#"{{"recorded":{BATCH_MAX},"errors":[]}}"#);
        assert!(queue.answered(all.as_bytes()).is_some());
        assert!(queue.push(record("more")).is_ok());
    }

    #[test]
    fn what_is_no_call_is_no_record() {
        let told = Told {
            id: "",
            call: b"{",
            decision: "",
            permitted: false,
            code: "",
            policy_digest: "",
            decided_at: "",
        };
        assert!(Record::new(&told).is_none());
    }
}
