/** The engine, and the policies that it has here. The one file that knows the package. */

import { compile } from "@sentinel/policy";

import documents from "./policies.js";

/** @typedef {import("@sentinel/policy").Policy} Policy */

/** Compiled while the worker starts: a document with a mistake does not start. */
const POLICIES = new Map(documents.map((text) => compile(text)).map((policy) => [policy.agentId, policy]));

if (POLICIES.size !== documents.length) throw new Error("two documents are for one agent");

/**
 * What governs an agent.
 * @param {string} agent
 */
export function policyOf(agent) {
  return POLICIES.get(agent);
}

/** It governs nobody. The engine's reader of calls can be asked with it what is wrong with a text. */
const READER = compile(
  JSON.stringify({
    agentId: "nobody",
    version: "1",
    identity: { authorityLevel: "read-only", environmentScope: ["development"] },
  }),
);

const FLAWS = new Set(["call-duplicate-key", "call-not-json", "call-not-utf8"]);

/**
 * What is wrong with a text as JSON; null if nothing is. A key that stands twice is: who reads the text after
 * us may take the other one, and `JSON.parse` tells nobody.
 * @param {Uint8Array} bytes
 */
export function flaw(bytes) {
  const { code, reason } = READER.decide(bytes);
  return FLAWS.has(code) ? reason.replace("Call", "The request") : null;
}
