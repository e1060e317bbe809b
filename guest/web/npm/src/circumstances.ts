/** Circumstances as the numbers that the engine's shell takes. A word of nobody is the caller's mistake. */

import type { Circumstances, Mode } from "./types.js";

const MODES: Readonly<Record<Mode, number>> = { "dry-run": 1, shadow: 2, audit: 3, enforce: 4 };

/** The number of a mode, 0 where nothing is said. */
export function modeNumber(mode: Mode | undefined): number {
  if (mode === undefined) return 0;
  if (!Object.hasOwn(MODES, mode)) throw new TypeError(`\`${String(mode)}\` is no mode`);
  return MODES[mode];
}

/** Whether somebody can be asked. */
export function canAsk(approval: Circumstances["approval"]): boolean {
  if (approval === undefined || approval === "possible") return true;
  if (approval === "nobody") return false;
  throw new TypeError(`\`${String(approval)}\` is not \`nobody\` or \`possible\``);
}
