/** What users of guardFetch see beside the function itself. */

export type { ApprovalAnswer, ApprovalQuestion, ApproveHandler } from "./approvals.js";
export { ApiStorage, type ApiStorageOptions, type RefusedRecord } from "./api-storage.js";
export { AuditLog, Tee } from "./audit.js";
export { conservativePolicy, customPolicy, liberalPolicy, policyFromBudget, standardPolicy, unlimitedPolicy, type BudgetPolicy, type FromBudgetOptions, type PresetName } from "./budget.js";
export { COLUMNS, exportCSV, exportJSON } from "./csv.js";
export type { DaemonOptions } from "./daemon.js";
export { GuardError } from "./error.js";
export { IndexedDbStorage, type IndexedDbOptions } from "./indexed-db.js";
export { MemoryStorage } from "./memory.js";
export type { GuardHooks, GuardOptions, PaymentContext, SessionStore } from "./options.js";
export { select, summarize, type AuditSummary } from "./query.js";
export type { AuditOptions, AuditQuery, AuditRecord, AuditStorage, Evaluation, Evidence, RecordOutcome, TagRule } from "./record.js";
