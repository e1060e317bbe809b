/** The policy engine in the page: one promise for all who need it, and what was said when it could not start. */
import { init } from "@sentinel/policy";
import { signal } from "@preact/signals";

export const engine = signal<"idle" | "starting" | "ready" | "failed">("idle");
export const engineError = signal("");

let started: Promise<boolean> | null = null;

/** Resolves to whether it works. Never rejects: who needs the engine shows that it is not there. */
export function startEngine(): Promise<boolean> {
  started ??= (async () => {
    engine.value = "starting";
    try {
      await init();
      engine.value = "ready";
      return true;
    } catch (error) {
      engineError.value = error instanceof Error ? error.message : String(error);
      engine.value = "failed";
      started = null;
      return false;
    }
  })();
  return started;
}
