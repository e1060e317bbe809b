/** Something to be done every few seconds also while the page is in the background, such as asking what waits. */
export function whileUnseen(act: () => void): () => void {
  let worker: Worker | null = null;
  try {
    worker = new Worker(new URL("./ticker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", () => {
      if (document.hidden) act();
    });
  } catch {
    // Without workers it is asked when the page is looked at again.
  }
  return () => worker?.terminate();
}
