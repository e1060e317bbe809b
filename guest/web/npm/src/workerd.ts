/** For workerd: the module is imported as one, and ready when the import is. */

import { engineIsReady } from "./engine.js";
import type { ModuleSource } from "./load.js";
import { initSync } from "./sentinel_web.js";
import module from "./sentinel_web_bg.wasm";

export * from "./api.js";
export type { ModuleSource } from "./load.js";

initSync({ module });
engineIsReady();

/** Nothing is left to do here; it is there so that one program runs everywhere. */
export function init(_source?: ModuleSource): Promise<void> {
  return Promise.resolve();
}
