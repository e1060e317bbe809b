/** A task: how long decisions take, in microseconds: the fastest of the rounds. */

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
    let fastest = Infinity;
    for (let round = 0; round < rounds; round += 1) {
      const started = performance.now();
      for (let count = 0; count < callsPerRound; count += 1) ask();
      fastest = Math.min(fastest, ((performance.now() - started) * 1000) / callsPerRound);
    }
    return fastest;
  };
  const found = {};
  for (const [name, way] of Object.entries(WAYS)) found[name] = calls.map((call) => measure(way(own, bytesOf(call))));
  return found;
}
