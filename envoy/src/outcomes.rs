//! What became of payments that went out, on its way to the daemon, which holds their money until it knows.
//!
//! That it was settled is the server's to say, with the transaction. That it was not is not: who has a signed
//! payment can settle it later, and one that says no each time would empty a wallet past its budget. So nothing
//! else is reported, and the daemon counts what it holds as spent. So does it where a report is lost.

use std::collections::{BTreeMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// Most reports that wait. Those beyond it are dropped: their money counts as spent.
const WAITING_MAX: usize = 1_024;
/// Most reports on their way at once.
const IN_FLIGHT_MAX: usize = 16;
/// Longest receipt that is read, in bytes.
const RECEIPT_BYTES_MAX: usize = 16 << 10;
/// Longest name of a transaction.
const TRANSACTION_BYTES_MAX: usize = 256;

/// A payment that went out by a verdict of the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) verdict_id: String,
    pub(crate) tool: String,
}

/// What became of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    /// It was settled, by this transaction if the server says so.
    Settled { transaction: Option<String> },
    /// It never left the proxy.
    Kept,
}

#[derive(Deserialize)]
struct Receipt {
    success: Option<bool>,
    transaction: Option<String>,
}

/// By the receipts of the answer, which stand in headers. `None`: nobody says that it was settled.
pub(crate) fn settled(receipts: &[&str]) -> Option<Became> {
    let read = |text: &&str| -> Option<Receipt> {
        let bytes = STANDARD.decode(text.trim()).ok().filter(|_| text.len() <= RECEIPT_BYTES_MAX)?;
        serde_json::from_slice(&bytes).ok()
    };
    // Of several, one that says that money went counts.
    let paid = receipts.iter().filter_map(read).find(|own| own.success == Some(true));
    let transaction = paid?.transaction.filter(|own| own.len() <= TRANSACTION_BYTES_MAX);
    Some(Became::Settled { transaction })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    agent_id: &'a str,
    tool_name: &'a str,
    verdict_id: &'a str,
    outcome: &'static str,
    tool_output: Output<'a>,
}

/// Names that exports have columns for.
#[derive(Serialize)]
struct Output<'a> {
    status_code: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<&'a str>,
}

/// The body of `POST /v1/audit`.
pub(crate) fn report(agent_id: &str, payment: &Payment, status: u16, became: &Became) -> Option<String> {
    let (outcome, transaction) = match became {
        Became::Settled { transaction } => ("executed", transaction.as_deref()),
        Became::Kept => ("not-executed", None),
    };
    let Payment { verdict_id, tool } = payment;
    let tool_output = Output { status_code: status, transaction };
    serde_json::to_string(&Report { agent_id, tool_name: tool, verdict_id, outcome, tool_output }).ok()
}

/// Reports that wait, oldest first, and those that are on their way.
#[derive(Debug, Default)]
pub(crate) struct Outcomes {
    waiting: VecDeque<String>,
    in_flight: BTreeMap<u32, String>,
}

impl Outcomes {
    /// Whether there was room.
    pub(crate) fn push(&mut self, report: String) -> bool {
        let has_room = self.waiting.len() < WAITING_MAX;
        if has_room {
            self.waiting.push_back(report);
        }
        has_room
    }

    /// Sends what may be sent now. What cannot be sent waits.
    pub(crate) fn send(&mut self, mut ask: impl FnMut(&str) -> Option<u32>) {
        while self.in_flight.len() < IN_FLIGHT_MAX
            && let Some(report) = self.waiting.pop_front()
        {
            let Some(token) = ask(&report) else {
                self.waiting.push_front(report);
                return;
            };
            self.in_flight.insert(token, report);
        }
    }

    /// Whether this answer is one to a report. `is_over`: there is no use in sending it again.
    pub(crate) fn answered(&mut self, token: u32, is_over: bool) -> bool {
        let Some(report) = self.in_flight.remove(&token) else { return false };
        if !is_over {
            self.push(report);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{Became, IN_FLIGHT_MAX, Outcomes, Payment, WAITING_MAX, report, settled};

    #[test]
    fn only_a_plain_word_settles_a_payment() {
        let said = |text: &str| STANDARD.encode(text);
        let yes = said(r#"{"success":true,"transaction":"0xab","network":"eip155:8453"}"#);
        let bare = said(r#"{"success":true}"#);
        let no = said(r#"{"success":false,"errorReason":"insufficient_funds"}"#);
        let odd = said(r#"{"success":"true"}"#);
        let by =
            |transaction: Option<&str>| Some(Became::Settled { transaction: transaction.map(str::to_owned) });
        for (receipts, expected) in [
            (vec![&yes], by(Some("0xab"))),
            (vec![&bare], by(None)),
            (vec![&no, &yes], by(Some("0xab"))),
            (vec![&odd, &bare], by(None)),
            // Whoever has the payment can settle it later, whatever they say.
            (vec![&no], None),
            (vec![], None),
            (vec![&odd], None),
            (vec![&no, &odd], None),
            (vec![&"%".to_owned()], None),
        ] {
            let receipts: Vec<&str> = receipts.into_iter().map(String::as_str).collect();
            assert_eq!(settled(&receipts), expected, "{receipts:?}");
        }
    }

    #[test]
    fn a_report_is_what_the_daemon_reads() {
        let payment = Payment { verdict_id: "main-7".to_owned(), tool: "http".to_owned() };
        let paid = Became::Settled { transaction: Some("0xab".to_owned()) };
        assert_eq!(
            report("a", &payment, 200, &paid).unwrap(),
            r#"{"agentId":"a","toolName":"http","verdictId":"main-7","outcome":"executed","toolOutput":{"status_code":200,"transaction":"0xab"}}"#
        );
        assert_eq!(
            report("a", &payment, 403, &Became::Kept).unwrap(),
            r#"{"agentId":"a","toolName":"http","verdictId":"main-7","outcome":"not-executed","toolOutput":{"status_code":403}}"#
        );
    }

    #[test]
    fn what_is_not_answered_is_sent_again() {
        let mut outcomes = Outcomes::default();
        assert!((0..WAITING_MAX).all(|number| outcomes.push(number.to_string())));
        assert!(!outcomes.push("more".to_owned()));
        let mut sent = Vec::new();
        outcomes.send(|report| {
            sent.push(report.to_owned());
            u32::try_from(sent.len()).ok()
        });
        assert_eq!(sent.len(), IN_FLIGHT_MAX, "{sent:?}");
        assert_eq!(sent.first().map(String::as_str), Some("0"));
        assert!(!outcomes.answered(99, true));
        assert!(outcomes.answered(1, true) && outcomes.answered(2, false));
        assert!(!outcomes.answered(1, true), "once");
        let mut again = Vec::new();
        outcomes.send(|report| {
            again.push(report.to_owned());
            None
        });
        assert_eq!(again, ["16"], "what cannot be sent stays in its place");
        assert_eq!(outcomes.waiting.back().map(String::as_str), Some("1"), "behind what came later");
    }
}
