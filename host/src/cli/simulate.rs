//! `sentinel simulate`: what would become of a sequence of calls, in the SOE API's own request and
//! response.
//!
//! The calls share one session: each is decided with what those before it charged. Time does not
//! pass between them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use sentinel::call;
use sentinel::engine::{Effect, EffectOutcome, Engine, Outcome, RISK_METER, Scope, Session, Verdict};
use sentinel::limits::SIMULATION_BYTES_MAX;
use sentinel::policy_file::STDIN;
use sentinel::settings::SOE_MAX_SIMULATE_CALLS;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::approver::Approver;
use super::page::{Page, Tone, outcome_word, printable};
use super::{Context, Exit};

/// Characters of a tool's name that are worth a column.
const TOOL_CHARS_MAX: usize = 40;

/// Decide a sequence of calls, with a running risk budget
///
/// Reads `{"agentId": …, "calls": [{"toolName": …, "toolInput": {…}}, …]}`. Prints a table on a
/// terminal and JSON otherwise.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Policy document
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// What would become of a call that needs a person
    #[arg(long, value_name = "ANSWER", value_enum, default_value_t)]
    approver: Approver,
    /// The request; `-` is standard input
    #[arg(value_name = "CALLS")]
    calls: PathBuf,
    /// Print JSON on a terminal as well
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    agent_id: Option<String>,
    calls: Vec<Box<RawValue>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    agent_id: String,
    results: Vec<Line>,
    summary: Summary,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    decision: &'static str,
    tool_name: String,
    reason: String,
    #[serde(skip)]
    outcome: Outcome,
    #[serde(skip)]
    risk_points: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    total: usize,
    allowed: usize,
    denied: usize,
    escalated: usize,
    risk_used: u64,
    risk_max: Option<u64>,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let request = read(&args.calls)?;
    let (count, count_max) = (request.calls.len(), context.settings.simulate_calls_max);
    ensure!(
        count <= count_max,
        "the request has {count} calls and may have {count_max}: split it, or set {SOE_MAX_SIMULATE_CALLS}"
    );
    let engine = Engine::embedded()?;
    let mut session = context.session(&engine, &args.policy)?;
    let response = simulate(&mut session, request, args.approver, context);
    let mut out = context.page.out();
    if args.json || !context.page.is_terminal {
        serde_json::to_writer_pretty(&mut out, &response)?;
        writeln!(out)?;
    } else {
        print(&response, context.page, &mut out)?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}

fn read(path: &Path) -> anyhow::Result<Request> {
    let source: Box<dyn Read> = if path == Path::new(STDIN) {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).with_context(|| format!("`{}` could not be read", path.display()))?)
    };
    let mut bytes = Vec::new();
    source.take(SIMULATION_BYTES_MAX + 1).read_to_end(&mut bytes).context("the calls could not be read")?;
    if bytes.len() as u64 > SIMULATION_BYTES_MAX {
        bail!("the calls are larger than {SIMULATION_BYTES_MAX} bytes: split them");
    }
    serde_json::from_slice(&bytes).with_context(|| {
        format!(
            "`{}` is not a simulate request (`{{\"calls\": [{{\"toolName\", \"toolInput\"}}]}}`)",
            path.display()
        )
    })
}

fn simulate(session: &mut Session, request: Request, approver: Approver, context: &Context) -> Response {
    let agent_id = request.agent_id.unwrap_or_else(|| session.agent_id().to_owned());
    let risk_max = session.risk_max();
    let mut tally = Tally::default();
    let mut results = Vec::with_capacity(request.calls.len());
    for call in &request.calls {
        let call = call::complete(call.get(), &agent_id, &context.settings.environment);
        let circumstances = approver.circumstances(context);
        let settle = |effects: &[Effect]| tally.settle(None, effects);
        let mut evaluation = session.explain(call.as_bytes(), circumstances, settle);
        tally.charge(&evaluation.verdict);
        if let Some(circumstances) = approver.again(&evaluation.verdict, context) {
            let asked = evaluation.verdict.risk_points;
            let settle = |effects: &[Effect]| tally.settle(None, effects);
            evaluation = session.explain(call.as_bytes(), circumstances, settle);
            tally.charge(&evaluation.verdict);
            evaluation.verdict.risk_points += asked;
        }
        tally.learn(&evaluation.verdict, session);
        results.push(Line::new(evaluation.decision.tool_name, evaluation.verdict));
    }
    let risk_used = tally.risk_used(None);
    let count = |outcome| results.iter().filter(|line| line.outcome == outcome).count();
    let summary = Summary {
        total: results.len(),
        allowed: count(Outcome::Allow),
        denied: count(Outcome::Deny),
        escalated: count(Outcome::Escalate),
        risk_used,
        risk_max,
    };
    Response { agent_id, results, summary }
}

/// Meters in memory: numbers that are added to, and time that stands still.
#[derive(Default)]
pub(super) struct Tally {
    used: BTreeMap<MeterKey, u64>,
    /// What was learned of calls that went ahead.
    learned: BTreeMap<String, Vec<u8>>,
    /// The meters of the call that is being decided, in the order of its effects.
    asked: Vec<Option<MeterKey>>,
}

/// A session, where the meter is one of a session; a meter; and what it is kept apart by.
type MeterKey = (Option<String>, String, String);

impl Tally {
    /// Answers the effects of a call of this session.
    pub(super) fn settle(&mut self, session: Option<&str>, effects: &[Effect]) -> Vec<EffectOutcome> {
        self.asked = effects.iter().map(|effect| meter_key(session, effect)).collect();
        let reading =
            |key: &MeterKey| EffectOutcome::Reading(self.used.get(key).copied().unwrap_or_default());
        let answer = |(effect, key): (&Effect, &Option<MeterKey>)| match (effect, key) {
            (Effect::Baseline(key), _) => {
                EffectOutcome::Baseline(self.learned.get(key).cloned().unwrap_or_default())
            }
            (Effect::Debit(_), Some(key)) => reading(key),
            (Effect::Debit(_), None) => EffectOutcome::Unmetered,
        };
        effects.iter().zip(&self.asked).map(answer).collect()
    }

    /// Learns from a call that goes ahead, as if it were executed.
    pub(super) fn learn(&mut self, verdict: &Verdict, session: &mut Session) {
        for own in &verdict.observations {
            let known = self.learned.remove(&own.key).unwrap_or_default();
            let learned = session.learn(&known, &own.bytes).unwrap_or(known);
            self.learned.insert(own.key.clone(), learned);
        }
    }

    /// Adds what the call costs. A call that the engine failed on charges nothing.
    pub(super) fn charge(&mut self, verdict: &Verdict) {
        for (key, charge) in self.asked.drain(..).zip(&verdict.charges) {
            let Some(key) = key else { continue };
            let used = self.used.entry(key).or_default();
            *used = used.saturating_add(*charge);
        }
    }

    /// Points that the session has used.
    fn risk_used(&self, session: Option<&str>) -> u64 {
        let key = (session.map(str::to_owned), RISK_METER.to_owned(), String::new());
        self.used.get(&key).copied().unwrap_or_default()
    }
}

/// The meter of an effect that charges one.
fn meter_key(session: Option<&str>, effect: &Effect) -> Option<MeterKey> {
    let Effect::Debit(debit) = effect else { return None };
    let owner = match debit.scope {
        Scope::Session | Scope::Run => session.map(str::to_owned),
        Scope::Agent => None,
    };
    Some((owner, debit.meter.clone(), debit.key.clone()))
}

impl Line {
    fn new(tool_name: String, verdict: Verdict) -> Self {
        Self {
            decision: outcome_word(verdict.decision),
            tool_name,
            reason: verdict.reason,
            outcome: verdict.decision,
            risk_points: verdict.risk_points,
        }
    }
}

fn print(response: &Response, page: Page, out: &mut impl Write) -> io::Result<()> {
    let mut table = page.table(&["#", "tool", "decision", "risk", "reason"]);
    for (number, line) in (1..).zip(&response.results) {
        table.add_row(vec![
            format!("{number}"),
            printable(&line.tool_name, TOOL_CHARS_MAX),
            page.outcome(line.outcome),
            line.risk_points.to_string(),
            line.reason.clone(),
        ]);
    }
    writeln!(out, "{table}\n")?;
    let summary = &response.summary;
    let of = summary.risk_max.map_or(String::new(), |max| format!(" of {max}"));
    let line = format!(
        "{} calls: {} allowed, {} denied, {} escalated; {}{of} risk points used",
        summary.total, summary.allowed, summary.denied, summary.escalated, summary.risk_used
    );
    writeln!(out, "{}", page.paint(Tone::Strong, &line))
}
