//! The columns of an export, in their order: those of x402 Sentinel with their names, then ours.
//! Where each comes from is in `docs/exports.md`, which a test compares with this table.

use super::cell::Cell;
use super::row::Row;
use crate::app::outcome::NOT_EXECUTED;

/// A column.
#[derive(Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    of: fn(&Row) -> Cell<'_>,
}

impl Column {
    /// What a row says in it.
    pub fn of<'a>(&self, row: &'a Row) -> Cell<'a> {
        (self.of)(row)
    }
}

macro_rules! columns {
    ($($name:literal $of:expr;)*) => {
        /// All of them.
        pub static COLUMNS: &[Column] = &[$(Column { name: $name, of: $of }),*];
    };
}

columns! {
    "id" |row| Cell::Text(&row.verdict.id);
    "agent_id" |row| Cell::Text(&row.verdict.agent_id);
    "team" |row| Cell::text(row.metadata("team"));
    "human_sponsor" |row| Cell::text(row.metadata("humanSponsor"));
    "amount" |row| row.usd_micros().map_or(Cell::Empty, Cell::Money);
    "amount_raw" |row| Cell::text(row.fact("amount_raw"));
    "asset" |row| Cell::text(row.fact("asset"));
    "network" |row| Cell::text(row.fact("network"));
    "scheme" |row| Cell::text(row.fact("scheme"));
    "tx_hash" |row| Cell::text(row.fact("tx_hash"));
    "payer_address" |row| Cell::text(row.fact("payer_address"));
    "payee_address" |row| Cell::text(row.verdict.payee.as_deref().or_else(|| row.fact("payee_address")));
    "facilitator" |row| Cell::text(row.fact("facilitator"));
    "endpoint" |row| Cell::text(row.verdict.endpoint.as_deref().or_else(|| row.fact("endpoint")));
    "method" |row| Cell::text(row.fact("method"));
    "status_code" |row| Cell::text(row.fact("status_code"));
    "response_time_ms" |row| number(row.reported.as_ref().and_then(|own| own.duration_ms));
    "policy_id" policy_digest;
    "policy_evaluation" |row| Cell::Text(evaluation(&row.verdict.decision));
    // What a budget had left is not recorded with a call.
    "budget_remaining" |_| Cell::Empty;
    "task_id" |row| Cell::text(row.fact("task_id").or_else(|| row.metadata("taskId")));
    "session_id" session;
    "created_at" |row| Cell::Text(&row.verdict.at);
    "settled_at" settled_at;
    "decision" |row| Cell::Text(&row.verdict.decision);
    "enforced" |row| flag(row.verdict.enforced);
    "permitted" |row| flag(row.verdict.permitted);
    "code" |row| Cell::text(row.verdict.code.as_deref());
    "reason" |row| Cell::text(row.verdict.reason.as_deref());
    "layer" |row| Cell::text(row.verdict.layer.as_deref());
    "mode" |row| Cell::text(row.verdict.mode.as_deref());
    "tool_name" |row| Cell::text(row.verdict.tool_name.as_deref());
    "run_id" |row| Cell::text(row.verdict.run_id.as_deref());
    "subject" |row| Cell::text(row.verdict.subject.as_deref());
    "risk_points" |row| number(row.verdict.risk_points);
    "approval_id" |row| Cell::text(row.verdict.approval_id.as_deref());
    "approved_by" |row| Cell::List(&row.approvers, "; ");
    "outcome" |row| Cell::text(row.reported.as_ref().map(|own| own.outcome.as_str()));
    "error" |row| Cell::text(row.reported.as_ref().and_then(|own| own.error.as_deref()));
    "tags" |row| Cell::List(&row.verdict.tags, " ");
    "cost_center" |row| Cell::text(row.metadata("costCenter"));
    "policy_version" |row| Cell::text(row.verdict.policy.as_ref().map(|own| own.version.as_str()));
    "policy_digest" policy_digest;
    "call_digest" |row| Cell::text(row.verdict.call_digest.as_deref());
    "ledger_index" |row| Cell::Number(row.index);
    "leaf" |row| Cell::Text(&row.leaf_text);
    "tool_input" |row| row.tool_input.as_deref().map_or(Cell::Empty, Cell::Json);
}

fn number<'a>(number: Option<u64>) -> Cell<'a> {
    number.map_or(Cell::Empty, Cell::Number)
}

fn flag<'a>(is_so: Option<bool>) -> Cell<'a> {
    is_so.map_or(Cell::Empty, Cell::Flag)
}

fn policy_digest(row: &Row) -> Cell<'_> {
    Cell::text(row.verdict.policy.as_ref().map(|own| own.digest.as_str()))
}

/// The word that x402 Sentinel has for a decision.
fn evaluation(decision: &str) -> &str {
    match decision {
        "allow" => "allowed",
        "escalate" => "flagged",
        "deny" => "blocked",
        other => other,
    }
}

/// Our session, else the one that a harness named.
fn session(row: &Row) -> Cell<'_> {
    Cell::text(row.verdict.session_id.as_deref().or(row.verdict.external_session.as_deref()))
}

/// When it was reported, if it happened.
fn settled_at(row: &Row) -> Cell<'_> {
    let happened = row.reported.as_ref().filter(|own| own.outcome != NOT_EXECUTED);
    Cell::text(happened.map(|own| own.at.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_those_of_the_other_program() {
        let theirs = "id,agent_id,team,human_sponsor,amount,amount_raw,asset,network,scheme,tx_hash,payer_address,payee_address,facilitator,endpoint,method,status_code,response_time_ms,policy_id,policy_evaluation,budget_remaining,task_id,session_id,created_at,settled_at";
        let names: Vec<_> = COLUMNS.iter().map(|own| own.name).collect();
        assert_eq!(names.get(..24).unwrap().join(","), theirs);
        let different: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(different.len(), names.len());
    }

    #[test]
    fn the_documentation_has_every_column_in_its_order() {
        let page = include_str!("../../../../docs/exports.md");
        let (_, columns) = page.split_once("\n## Columns\n").unwrap();
        let documented: Vec<_> = columns
            .lines()
            .filter_map(|line| Some(line.strip_prefix("| `")?.split_once("` | ")?.0))
            .collect();
        let names: Vec<_> = COLUMNS.iter().map(|own| own.name).collect();
        assert_eq!(documented, names);
    }
}
