/** A task: calls that are none. Answers the verdict about each, or what was thrown. */

export default function malformed({ compile, Session }, { policy }) {
  const own = compile(policy);
  const cyclic = {};
  cyclic.self = cyclic;
  const calls = {
    empty: "",
    noObject: "[]",
    number: "1",
    halfObject: "{",
    twice: '{"agentId":"a","agentId":"a","toolName":"look","toolInput":{}}',
    unknownField: '{"agentId":"a","toolName":"look","toolInput":{},"x":1}',
    missing: "{}",
    loneSurrogate: '{"agentId":"a","toolName":"look","toolInput":{"x":"\ud800"}}',
    noUtf8: Uint8Array.of(0x7b, 0xff, 0x7d),
    noBytes: new Uint8Array(),
    deep: "[".repeat(1_000_000),
    long: `{"agentId":"a","toolName":"look","toolInput":{"x":"${"y".repeat(17_000_000)}"}}`,
    cyclic,
    bigint: { agentId: "a", toolName: "look", toolInput: { x: 1n } },
    throwing: { toJSON() { throw new Error("no"); } },
    proxy: new Proxy({}, { ownKeys() { throw new Error("no"); } }),
    nothing: { toJSON() { return undefined; } },
    undefined: undefined,
    null: null,
    function: () => 1,
    symbol: Symbol("x"),
    numeral: 7,
    map: new Map([["agentId", "a"]]),
    buffer: new ArrayBuffer(3),
    view: new DataView(new ArrayBuffer(3)),
    words: new Uint16Array(3),
    agent: { agentId: "other", toolName: "look", toolInput: {} },
    proto: '{"__proto__":{"agentId":"a"},"toolName":"look","toolInput":{}}',
  };
  const session = new Session(own);
  return Object.entries(calls).flatMap(([name, call]) => {
    const asks = { decide: () => own.decide(call), explain: () => own.explain(call).verdict, step: () => session.step(call).verdict };
    return Object.entries(asks).map(([way, ask]) => {
      try {
        const { decision, permitted, code } = ask();
        return { name: `${name} ${way}`, decision, permitted, code };
      } catch (error) {
        return { name: `${name} ${way}`, thrown: String(error) };
      }
    });
  });
}
