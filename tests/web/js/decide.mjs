/** A task: decides calls, which come as base64 so that they are exactly their bytes; answers verdicts as text. */

export default function decide({ compile }, { policies, cases }) {
  const compiled = Object.fromEntries(policies.map(([name, text]) => [name, compile(text)]));
  return cases.map(([policy, call]) => {
    const bytes = Uint8Array.from(atob(call), (c) => c.charCodeAt(0));
    return compiled[policy].decideText(bytes, { now: 0 });
  });
}
