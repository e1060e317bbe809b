/** A task: how long decisions take, in microseconds, as the median of rounds. */

export const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

/** The two ways to ask: bytes to text, and an object to an object. */
export const WAYS = {
  text: (policy, bytes) => () => policy.decideText(bytes, { now: 0 }),
  object: (policy, bytes) => {
    const call = JSON.parse(new TextDecoder().decode(bytes));
    return () => policy.decide(call, { now: 0 });
  },
};

export default function bench({ compile }, { policy, calls, rounds, callsPerRound }) {
  const own = compile(policy);
  const measure = (ask) => {
    const times = [];
    for (let round = 0; round <= rounds; round += 1) {
      const started = performance.now();
      for (let count = 0; count < callsPerRound; count += 1) ask();
      times.push(((performance.now() - started) * 1000) / callsPerRound);
    }
    // The first is for the compiler.
    return times.slice(1).sort((a, b) => a - b)[rounds >> 1];
  };
  const found = {};
  for (const [name, way] of Object.entries(WAYS)) found[name] = calls.map((call) => measure(way(own, bytesOf(call))));
  return found;
}
