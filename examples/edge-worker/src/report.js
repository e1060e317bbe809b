/**
 * What was decided here, on its way to the daemon's ledger: batched, bounded, sent again until the daemon has
 * it. A batch keeps the names of its records, so one that arrived although its answer was lost is recorded once.
 *
 * The queue is the memory of this isolate. Where that is not enough, `REQUIRED_RECORDS` lets a call go ahead only
 * once the daemon has its record.
 */

import { environmentOf, post } from "./daemon.js";
import { Problem } from "./http.js";

/** Most records that wait. Later ones are lost, and the log says how many. */
const WAITING_MAX = 4_096;
/** Most characters that wait. */
const WAITING_CHARS_MAX = 8 * 1024 * 1024;
/** Most records of one batch; the daemon takes no more. */
const BATCH_MAX = 256;
/** Most characters of one batch of several, well below what the daemon takes. */
const BATCH_CHARS_MAX = 1024 * 1024;
/** Most characters of one record. The daemon takes no request beyond 4 MiB. */
const RECORD_CHARS_MAX = 1024 * 1024;
/** How long a batch is on its way at most; then whoever sent it is taken for dead. */
const LEASE_MS = 70_000;
/** Waits before attempts, in milliseconds. After the last one the next call tries again, but not at once. */
const PAUSES = [0, 250, 1_000, 4_000];
/** For how long nobody tries after that. */
const REST_MS = 5_000;

/**
 * @typedef {import("./worker.js").Place} Place
 * @typedef {{ id: string, call: Uint8Array, decision: string, code: string, policyDigest: string, decidedAt: Date }} Decided
 */

/** @type {string[]} Oldest first. */
let waiting = [];
let chars = 0;
let dropped = 0;
/** Until when somebody sends, or nobody should. */
let leasedUntil = 0;

/** The environment that the daemon was found to have, and its address. */
let found = "";

/** Unique among isolates, so that the names of records are. Made late: nothing random exists while a worker starts. */
let isolate = "";
let counted = 0;

/**
 * A name for a verdict, which its record has as well.
 * @param {string} point
 */
export function nextId(point) {
  isolate ||= crypto.randomUUID().replaceAll("-", "");
  counted += 1;
  return `${point}-${isolate}-${counted}`;
}

/**
 * Reports a decision. Where records are required it throws unless the daemon has this one.
 * @param {Decided} decided
 * @param {boolean} permitted
 * @param {Place} place
 */
export async function report(decided, permitted, place) {
  const { daemon, requiresRecords } = place.settings;
  const isRequired = requiresRecords && permitted;
  if (daemon === null) {
    if (isRequired) throw unrecorded("no daemon is configured");
    return;
  }
  const record = written(decided);
  if (isRequired) {
    // Alone: what becomes of others is not this caller's to wait for. If it fails it is not sent again, for
    // nothing went ahead.
    const refused = record.length > RECORD_CHARS_MAX ? "refused" : await send([record], place);
    if (refused.length > 0) throw unrecorded("the daemon did not take its record");
    return;
  }
  push(record);
  place.waitUntil(flush(place));
}

/** @param {string} why */
function unrecorded(why) {
  return new Problem("store-unavailable", `the call has to be recorded, so it is not permitted: ${why}`);
}

/** @param {Decided} decided */
function written({ id, call, decision, code, policyDigest, decidedAt }) {
  // The call as it was decided, byte for byte: it was read as JSON, so it can stand in JSON.
  const rest = JSON.stringify({ id, decision, code, policyDigest, decidedAt: decidedAt.toISOString() });
  return `${rest.slice(0, -1)},"call":${new TextDecoder("utf-8", { ignoreBOM: true }).decode(call)}}`;
}

/** @param {string} record */
function push(record) {
  const fits = waiting.length < WAITING_MAX && chars + record.length <= WAITING_CHARS_MAX;
  if (!fits || record.length > RECORD_CHARS_MAX) {
    dropped += 1;
    console.error(`no room for a record: ${dropped} lost so far`);
    return;
  }
  waiting.push(record);
  chars += record.length;
}

/**
 * Sends what waits. One sends for all, and waits where it has to; the others find it at work and leave.
 * @param {Place} place
 */
async function flush(place) {
  if (leasedUntil > Date.now()) return;
  for (const pause of PAUSES) {
    leasedUntil = Date.now() + LEASE_MS;
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    if (await sendAll(place)) {
      leasedUntil = 0;
      return;
    }
  }
  leasedUntil = Date.now() + REST_MS;
}

/**
 * Whether nothing waits any more.
 * @param {Place} place
 */
async function sendAll(place) {
  // A record that spoils its batch spoils nothing when it is alone.
  let most = BATCH_MAX;
  while (waiting.length > 0) {
    leasedUntil = Date.now() + LEASE_MS;
    const batch = nextBatch(most);
    const refused = await send(batch, place);
    if (refused === "away") return false;
    if (refused === "refused" && batch.length > 1) most = Math.ceil(batch.length / 2);
    else settle(batch, refused === "refused" ? [0] : refused);
  }
  return true;
}

/** @param {number} most */
function nextBatch(most) {
  let [count, size] = [0, 0];
  for (const record of waiting.slice(0, most)) {
    size += record.length;
    if (count > 0 && size > BATCH_CHARS_MAX) break;
    count += 1;
  }
  return waiting.slice(0, count);
}

/**
 * Takes a batch from the queue. What the daemon refuses of it by itself it would refuse again, so that is lost:
 * kept, it would keep others out.
 * @param {string[]} batch
 * @param {number[]} refused
 */
function settle(batch, refused) {
  const sent = new Set(batch);
  waiting = waiting.filter((record) => !sent.has(record));
  chars = waiting.reduce((sum, record) => sum + record.length, 0);
  if (refused.length > 0) console.error(`the daemon refused ${refused.length} records, which are lost`);
}

/**
 * Sends a batch. The places of what the daemon refused of it; `refused`, if that is the batch as a whole, and for
 * good; `away`, if nobody knows whether it has any.
 * @param {string[]} batch
 * @param {Place} place
 * @returns {Promise<number[] | "refused" | "away">}
 */
async function send(batch, { settings: { daemon, point, environment } }) {
  if (daemon === null) return "away";
  const body = `{"point":${JSON.stringify(`edge/${point}`)},"records":[${batch.join(",")}]}`;
  try {
    if (!(await isOfHere(daemon, environment))) return "away";
    const { status, text } = await post(daemon, "/v1/records", body);
    if (status === 200) return refusals(JSON.parse(text), batch.length) ?? "away";
    console.error(`the daemon answered ${status} to ${batch.length} records`);
    return status === 400 || status === 413 ? "refused" : "away";
  } catch (error) {
    console.error(`the daemon took no records: ${error instanceof Problem ? error.message : "no JSON came back"}`);
    return "away";
  }
}

/**
 * Whether the daemon decides for the environment of this place. Another one would refuse each record for good.
 * @param {import("./settings.js").Daemon} daemon
 * @param {string | null} environment
 */
async function isOfHere(daemon, environment) {
  const wanted = `${environment} ${daemon.url}`;
  if (environment === null || found === wanted) return true;
  const theirs = await environmentOf(daemon);
  if (theirs === environment) {
    found = wanted;
    return true;
  }
  const other = theirs === null ? "does not say its environment" : `decides for the environment \`${theirs}\``;
  console.error(`records wait: the daemon ${other}, and this place has \`${environment}\`: set EDGE_ENVIRONMENT to its SOE_ENVIRONMENT`);
  return false;
}

/**
 * Places of refused records, from an answer to a batch of so many; null if it is no answer to it.
 * @param {any} answer
 * @param {number} count
 * @returns {number[] | null}
 */
function refusals(answer, count) {
  if (!Number.isInteger(answer?.recorded) || !Array.isArray(answer.errors)) return null;
  const places = new Set(answer.errors.map((/** @type {any} */ own) => own?.index));
  const isPlace = (/** @type {any} */ place) => Number.isInteger(place) && place >= 0 && place < count;
  const isOurs = answer.recorded + places.size === count && places.size === answer.errors.length;
  return isOurs && [...places].every(isPlace) ? [...places] : null;
}
