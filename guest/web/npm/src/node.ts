/** For Node: the module is read from beside this file, and ready when the import is. */

import { readFileSync } from "node:fs";

import { engineIsReady } from "./engine.js";
import type { ModuleSource } from "./load.js";
import { initSync } from "./sentinel_web.js";

export * from "./api.js";
export type { ModuleSource } from "./load.js";

initSync({ module: readFileSync(new URL("sentinel_web_bg.wasm", import.meta.url)) });
engineIsReady();

/** Nothing is left to do here; it is there so that one program runs everywhere. */
export function init(_source?: ModuleSource): Promise<void> {
  return Promise.resolve();
}
