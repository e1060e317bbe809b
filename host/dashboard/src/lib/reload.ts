/**
 * Loading the pages anew where a file of theirs is gone: once for each, so that a file which is missing for good leads to
 * a message and not round in circles.
 */
const NAME = "sentinel.reloaded";
const FORGOTTEN_MS = 60_000;

/** Whether the page is about to be loaded anew. */
export function reloadOnce(file: string): boolean {
  try {
    const before: unknown = JSON.parse(sessionStorage.getItem(NAME) ?? "null");
    if (Array.isArray(before) && before[0] === file && typeof before[1] === "number" && Date.now() - before[1] < FORGOTTEN_MS) return false;
    sessionStorage.setItem(NAME, JSON.stringify([file, Date.now()]));
  } catch {
    // It could go round in circles.
    return false;
  }
  location.reload();
  return true;
}
