/**
 * The one instance of the engine: whether it is there, and whether it can still be trusted. It does not know
 * how a runtime finds the module.
 */

/** The engine is not there, or it failed. Nothing is permitted then. */
export class EngineError extends Error {
  override readonly name = "EngineError";
}

let state: "waiting" | "ready" | "failed" = "waiting";

/** Called once by whatever loaded the module. */
export function engineIsReady(): void {
  if (state === "waiting") state = "ready";
}

export function isEngineReady(): boolean {
  return state === "ready";
}

/**
 * Runs one call of the engine. The engine throws texts where it refuses something; whatever else comes out
 * is a fault in it, and its memory is worth nothing afterwards.
 */
export function engine<T>(work: () => T): T {
  if (state !== "ready") throw notReady();
  try {
    return work();
  } catch (error) {
    if (typeof error === "string") throw error;
    state = "failed";
    throw new EngineError("the engine failed; nothing is decided any more: load it anew", { cause: error });
  }
}

function notReady(): EngineError {
  return state === "waiting"
    ? new EngineError("the engine is not loaded: `await init()` first")
    : new EngineError("the engine failed before; nothing is decided any more: load it anew");
}
