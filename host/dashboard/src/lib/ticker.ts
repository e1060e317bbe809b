/// <reference lib="webworker" />
/** A clock in a worker: browsers slow the timers of pages that nobody looks at down to once a minute, and not these. */
const EVERY_MS = 3_000;
setInterval(() => postMessage(0), EVERY_MS);
