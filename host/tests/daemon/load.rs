//! Clients that ask all the time, and keep what they were answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use crate::client::{Client, Reply};
use crate::harness::{KEY, call, cent};

/// What one client saw.
#[derive(Default)]
pub(crate) struct Seen {
    /// Verdicts that were answered.
    pub(crate) verdicts: Vec<Value>,
    /// Answers that were none.
    pub(crate) problems: Vec<Reply>,
    /// Requests that were not answered at all.
    pub(crate) lost: usize,
}

/// Clients in the background.
pub(crate) struct Load {
    is_over: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Seen>>,
}

impl Load {
    /// Starts clients. Each searches, pays, and says now and then what became of a payment. One that
    /// is not answered ends, unless it is patient.
    pub(crate) fn start(address: SocketAddr, agent: &str, count: usize) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicUsize::new(0));
        let clients = (0..count).map(|number| {
            let (is_over, answered, agent) = (Arc::clone(&is_over), Arc::clone(&answered), agent.to_owned());
            thread::spawn(move || ask(&is_over, &answered, address, &agent, number))
        });
        let clients = clients.collect();
        Self { is_over, answered, clients }
    }

    /// Verdicts so far.
    pub(crate) fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    /// Ends it, and says what was seen by all of them.
    pub(crate) fn end(self) -> Seen {
        self.is_over.store(true, Ordering::Relaxed);
        self.gather()
    }

    /// Waits until everybody was cut off.
    pub(crate) fn gather(self) -> Seen {
        let mut all = Seen::default();
        for client in self.clients {
            let own = client.join().unwrap();
            all.verdicts.extend(own.verdicts);
            all.problems.extend(own.problems);
            all.lost += own.lost;
        }
        all
    }
}

fn ask(
    is_over: &AtomicBool,
    answered: &AtomicUsize,
    address: SocketAddr,
    agent: &str,
    number: usize,
) -> Seen {
    let mut seen = Seen::default();
    let mut client = Client::new(address, Some(KEY));
    let mut round = number;
    while !is_over.load(Ordering::Relaxed) {
        round += 1;
        let body = if round.is_multiple_of(3) { call(agent, "search") } else { cent(agent) };
        let Ok(reply) = client.try_send("POST", "/v1/evaluate", &[], Some(&body.to_string())) else {
            seen.lost += 1;
            return seen;
        };
        if reply.status != 200 {
            seen.problems.push(reply);
            continue;
        }
        let verdict = reply.json();
        let id = verdict["verdictId"].clone();
        seen.verdicts.push(verdict);
        answered.fetch_add(1, Ordering::SeqCst);
        if round.is_multiple_of(4) {
            let report = report(agent, &id, round);
            match client.try_send("POST", "/v1/audit", &[], Some(&report.to_string())) {
                Ok(reply) if reply.status == 200 => {}
                Ok(reply) => seen.problems.push(reply),
                Err(_) => {
                    seen.lost += 1;
                    return seen;
                }
            }
        }
    }
    seen
}

/// What became of a call: it cost less, it cost what was said, or it did not happen.
fn report(agent: &str, verdict: &Value, round: usize) -> Value {
    let (outcome, cost) = match round % 3 {
        0 => ("executed", json!({ "usd": "0.004" })),
        1 => ("failed", json!({})),
        _ => ("not-executed", json!({})),
    };
    json!({ "agentId": agent, "toolName": "pay", "verdictId": verdict, "outcome": outcome, "cost": cost })
}
