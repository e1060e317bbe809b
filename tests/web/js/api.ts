/** Uses every export of the package as its types say. It is compiled, and it is run. */

import {
  callDigest, compile, decide, EngineError, explain, init, Policy, PolicyError, redact, redactJson, schema, Session,
  simulate, validate, verifyCheckpoint, verifyConsistency, verifyLedger, verifyReceipt, visible,
} from "@sentinel/policy";
import type {
  CallInput, Charge, CheckpointResult, Circumstances, CommandNode, ConsistencyInput, ConsistencyResult, Cost, Diagnostic,
  DocumentOptions, Explanation, Format, Json, LedgerInput, LedgerResult, MeterState, Mode, ModuleSource, Outcome, Question,
  Range, Reason, ReceiptResult, RiskState, SessionOptions, SimulateOptions, Simulation, Step, StepOptions, Unit, Verdict,
} from "@sentinel/policy";

const source: ModuleSource | undefined = undefined;
await init(source);

const format: Format = "yaml";
const options: DocumentOptions = { format };
const document = `
agentId: demo
version: "1"
identity: { authorityLevel: limited-ops, environmentScope: [development] }
toolActions: { allowed: [pay], bash: { allow: ["git *"], deny: ["rm *"] } }
riskBudget: { maxPerSession: 100 }
budgets: [{ name: day, limit: "1.00", per: day }]
approvals: { above: "0.50" }
`;
const findings: Diagnostic[] = validate(document, options);
const first: Range | undefined = findings[0]?.range;
const policy: Policy = compile(document, options);

const mode: Mode = policy.mode;
const circumstances: Circumstances = { mode, approval: "nobody", now: 0 };
const call: CallInput = { agentId: policy.agentId, toolName: "Bash", toolInput: { command: "git log && rm x" } };
const verdict: Verdict = decide(policy, call, circumstances);
const outcome: Outcome = verdict.decision;
const found: Explanation = explain(policy, JSON.stringify(call));
const reasons: Reason[] = found.reasons;
const commands: CommandNode[] | null = found.commands;
const text: string = policy.decideText(new TextEncoder().encode(JSON.stringify(call)));
const about: Json = policy.describe();
const status: "normal" | "warn" | "throttle" | "critical" | "exhausted" = policy.riskStatus(50);

const sessionOptions: SessionOptions = { environment: "development", mode: "enforce", approval: "possible" };
const session: Session = new Session(policy, sessionOptions);
const stepOptions: StepOptions = { now: 1, runId: "r" };
const pay = (usd: string): CallInput => ({ agentId: "demo", toolName: "pay", toolInput: {}, cost: { usd } });
const asked: Step = session.step(pay("0.60"), stepOptions);
const questions: Question[] = session.questions;
session.approve(asked.approvalId ?? "", "alice");
const paid: Step = session.step(pay("0.60"), { ...stepOptions, approvalId: asked.approvalId ?? undefined });
const charges: Charge[] = paid.charges;
const unit: Unit | undefined = charges[0]?.unit;
const cost: Cost = { usd: "0.25", tokens: 3 };
session.settle(paid.verdictId, "executed", cost);
const other = session.step(pay("0.70"), stepOptions);
session.deny(other.approvalId ?? "");
const meters: MeterState[] = session.meters;
const risk: RiskState = session.risk;
const again: Session = Session.restore(policy, session.save(), sessionOptions);
const same: boolean = again.save() === session.save();
const simulateOptions: SimulateOptions = { approver: "yes", now: 0 };
const simulation: Simulation = simulate(policy, [pay("0.60"), pay("0.60")], simulateOptions);

const receipt: ReceiptResult = verifyReceipt("{}", ["key"]);
const ledgerInput: LedgerInput = { origin: "o", checkpoint: "c", entries: ["{}", new Uint8Array()], keys: ["k"], trusted: [] };
const ledger: LedgerResult = verifyLedger(ledgerInput);
const checkpoint: CheckpointResult = verifyCheckpoint("c", ["k"]);
const grown: ConsistencyInput = { old: "a", checkpoint: "b", proof: [], keys: ["k"] };
const consistency: ConsistencyResult = verifyConsistency(grown);
const redacted: Json = redact({ password: "x" }, ["note"]);
const redactedText: string = redactJson('{"a":1}');

let error: PolicyError | null = null;
try {
  compile("{}");
} catch (thrown) {
  if (thrown instanceof PolicyError) error = thrown;
}
const isError: boolean = new EngineError("x") instanceof Error;

export const result = {
  first: first ?? null, outcome, reasons: reasons.length, commands: commands?.map((node) => node.program) ?? null,
  isText: text.length > 0, about: about !== null, status, questions: questions.length, unit: unit ?? null,
  code: paid.verdict.code, meters: meters.length, risk: risk.used, same, simulated: simulation.steps.length,
  receipt: receipt.ok, ledger: ledger.ok, checkpoint: checkpoint.ok, consistency: consistency.ok, redacted, redactedText,
  mistakes: error?.diagnostics.length ?? 0, isError, visible: visible("\u202e"), digest: callDigest("{}"),
  schema: typeof schema(),
};
{
  using last = compile(document, options);
  last.riskStatus(0);
}
again.free();
session.free();
policy.free();
