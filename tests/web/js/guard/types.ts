/** Uses what guardFetch exports as its types say. It is compiled, and not run. */

import {
  ApiStorage, type ApiStorageOptions, type ApprovalAnswer, type ApprovalQuestion, type ApproveHandler, AuditLog, type AuditOptions,
  type AuditQuery, type AuditRecord, type AuditStorage, type AuditSummary, type BudgetPolicy, COLUMNS, compile, conservativePolicy,
  customPolicy, type DaemonOptions, type Evaluation, type Evidence, exportCSV, exportJSON, type FromBudgetOptions, GuardError, guardFetch,
  type GuardedFetch, type GuardHooks, type GuardOptions, IndexedDbStorage, type IndexedDbOptions, liberalPolicy, MemoryStorage,
  type PaymentContext, policyFromBudget, type PresetName, type RecordOutcome, type RefusedRecord, select, Session, type SessionStore, standardPolicy,
  summarize, type TagRule, Tee, unlimitedPolicy,
} from "@sentinel/policy";
import { FileSession, FileStorage } from "@sentinel/policy/node-storage";

const told: ApiStorageOptions = { baseUrl: "http://127.0.0.1:3100", apiKey: "k", point: "p", onError: (error, where) => console.warn(where, error) };
const unknown: readonly RefusedRecord[] = new ApiStorage(told).acknowledge();
const page: IndexedDbOptions = { name: "n" };
const own: AuditStorage = { write: async (record: AuditRecord, evidence?: Evidence) => console.log(record.id, evidence?.call) };
const storage: AuditStorage = new Tee(new MemoryStorage(5), new FileStorage("x", { batch: 3 }), new FileStorage("y", 3), new IndexedDbStorage(page), new ApiStorage(told), own);
const approve: ApproveHandler = async ({ amount, signal }: ApprovalQuestion): Promise<ApprovalAnswer> => (signal.aborted ? false : amount === null || { by: "x", note: "y" });
const rule: TagRule = { pattern: /x/, tags: ["a"] };
const audit: AuditOptions = { storage, required: true, enrichment: { staticTags: ["s"], tagRules: [rule] }, redactFields: ["f"] };
const hooks: GuardHooks = {
  beforePayment: (payment: PaymentContext) => payment.amount !== "1.000000",
  afterPayment: async (record) => void record.tx_hash,
  onBudgetExceeded: (error) => void error.help,
  onDenied: (error, record) => void [error.code, record.reason],
  onAnomaly: (verdict) => void verdict.reason,
};
const persist: SessionStore = new FileSession("s");
const daemon: DaemonOptions = { url: "http://127.0.0.1:3100", token: "t" };
const options: GuardOptions = { approve, audit, hooks, persist, onDenied: "response", unsettled: "spent", resolve: async (host) => [host], pin: () => ({}) };
const preset: PresetName = "standard";
const naming: FromBudgetOptions = { agentId: "a", allowHosts: ["h.example"] };
const budget: BudgetPolicy = customPolicy({ maxTotal: "1.00", requireApproval: { above: "0.50" } });
const policy = compile(policyFromBudget(budget, naming));
for (const other of [conservativePolicy(), standardPolicy(), liberalPolicy(), unlimitedPolicy(), preset]) compile(policyFromBudget(other, naming));
const guarded: GuardedFetch = guardFetch(fetch, policy, options);
const asFetch: typeof fetch = guarded;
guardFetch(asFetch, new Session(policy), { daemon });
const log: AuditLog = guarded.audit;
const status: Evaluation[] = ["allowed"];
const query: AuditQuery = { status, orderBy: "amount" };
const summary: AuditSummary = await log.summary(query);
const outcomes: RecordOutcome[] = (await log.query(query)).map((record) => record.outcome);
try {
  await guarded("https://h.example/");
} catch (error) {
  if (error instanceof GuardError) {
    const no: false = error.permitted;
    console.log(no, error.toResponse().status, error.approvalId);
  }
}
console.log(summary.total_spend, unknown.length, outcomes, COLUMNS[0], exportCSV([]), exportJSON([]), summarize(select([])));
await guarded.close();
