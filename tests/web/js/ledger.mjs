/** A task: the golden log and its receipt, whole and with each byte changed. Answers what was believed. */

const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const text = new TextDecoder("utf-8", { fatal: true });

/** The same with one bit of one byte turned, for each byte. */
function* changed(whole) {
  for (let at = 0; at < whole.length; at += 1) {
    const copy = whole.slice();
    copy[at] ^= 1;
    yield copy;
  }
}

export default function ledger(policy, { origin, key, receipt, checkpoint, earlier, entries, proof }) {
  const { verifyCheckpoint, verifyConsistency, verifyLedger, verifyReceipt } = policy;
  const log = entries.map(bytes);
  // The key was changed on the way: the audit proves the new one.
  const { key: newer } = verifyLedger({ origin, checkpoint, entries: log, keys: [key] });
  const keys = [key, newer];
  const believed = [];
  const audit = (more) => verifyLedger({ origin, checkpoint, entries: log, keys: [key], trusted: [earlier], ...more });

  for (const own of changed(bytes(receipt))) {
    let altered;
    try {
      altered = text.decode(own);
    } catch {
      continue;
    }
    if (verifyReceipt(altered, keys).ok) believed.push(`receipt ${altered}`);
  }
  for (const number of [0, 137, 200, 299]) {
    for (const own of changed(log[number])) {
      const found = audit({ entries: log.map((entry, index) => (index === number ? own : entry)) });
      if (found.ok) believed.push(`entry ${number}`);
    }
  }
  const notes = (note) => [...changed(new TextEncoder().encode(note))].map((own) => new TextDecoder().decode(own));
  for (const own of notes(checkpoint)) {
    if (audit({ checkpoint: own }).ok) believed.push(`checkpoint ${own}`);
    if (verifyCheckpoint(own, keys).ok) believed.push(`alone ${own}`);
  }
  for (const own of notes(earlier)) {
    if (audit({ trusted: [own] }).ok) believed.push(`trusted ${own}`);
    if (verifyConsistency({ old: own, checkpoint, proof, keys }).ok) believed.push(`old ${own}`);
  }
  for (const number of proof.keys()) {
    for (const own of notes(proof[number])) {
      const altered = proof.map((hash, index) => (index === number ? own : hash));
      if (verifyConsistency({ old: earlier, checkpoint, proof: altered, keys }).ok) believed.push(`proof ${own}`);
    }
  }
  for (const entries of [log.slice(1), log.slice(0, -1), [...log, log[0]], [log[1], log[0], ...log.slice(2)], []]) {
    if (audit({ entries }).ok) believed.push(`${entries.length} entries`);
  }
  return {
    receipt: verifyReceipt(text.decode(bytes(receipt)), keys),
    object: verifyReceipt(JSON.parse(text.decode(bytes(receipt))), keys).ok,
    audit: audit({}),
    streamed: audit({ entries: (function* () { yield* log; })() }),
    earlier: verifyCheckpoint(earlier, keys),
    grown: verifyConsistency({ old: earlier, checkpoint, proof, keys }),
    errors: [
      verifyReceipt("{}", keys),
      verifyReceipt(text.decode(bytes(receipt)), []),
      verifyReceipt(text.decode(bytes(receipt)), ["x"]),
      audit({ origin: "another" }),
      audit({ keys: [] }),
    ].map((own) => own.error ?? own),
    believed,
  };
}
