/** For browsers and bundlers: the module is fetched, so `await init()` comes first. */

import { engineIsReady, isEngineReady } from "./engine.js";
import type { ModuleSource } from "./load.js";
import load from "./sentinel_web.js";

export * from "./api.js";
export type { ModuleSource } from "./load.js";

let loading: Promise<void> | null = null;

/**
 * Loads the engine. Without a source it is fetched from beside this file. Again is once: what was loaded stays.
 */
export function init(source?: ModuleSource): Promise<void> {
  if (isEngineReady()) return Promise.resolve();
  loading ??= fetched(source).catch((error: unknown) => {
    // A fetch that failed may be tried again.
    loading = null;
    throw error;
  });
  return loading;
}

async function fetched(source: ModuleSource | undefined): Promise<void> {
  // A literal, so that bundlers find the file.
  await load({ module_or_path: source ?? new URL("sentinel_web_bg.wasm", import.meta.url) });
  engineIsReady();
}
