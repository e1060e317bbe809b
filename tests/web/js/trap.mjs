/** A task: a real trap in the engine, and whatever is asked of it afterwards. */

/** Says that it is longer than any memory, so that the engine cannot take it. */
class Endless extends Uint8Array {
  get length() {
    return 0xffff_0000;
  }
}

export default function trap(policy, { policy: document }) {
  const { compile, decide, explain, EngineError, init, redact, schema, Session, simulate, validate } = policy;
  const { callDigest, verifyReceipt, visible } = policy;
  const own = compile(document);
  const session = new Session(own);
  const call = { agentId: "a", toolName: "look", toolInput: {} };
  const before = own.decide(call).permitted;
  const name = (work) => {
    try {
      work();
      return "answered";
    } catch (error) {
      return error instanceof EngineError ? "EngineError" : String(error);
    }
  };
  const trapped = name(() => own.decide(new Endless(1)));
  void init();
  const after = {
    decide: () => decide(own, call),
    decideText: () => own.decideText(call),
    explain: () => explain(own, call),
    step: () => session.step(call),
    simulate: () => simulate(own, [call]),
    compile: () => compile(document),
    validate: () => validate(document),
    schema: () => schema(),
    describe: () => own.describe(),
    session: () => new Session(own),
    save: () => session.save(),
    meters: () => session.meters,
    digest: () => callDigest(call),
    receipt: () => verifyReceipt("{}", ["x"]),
    redact: () => redact({}),
    visible: () => visible("x"),
  };
  return { before, trapped, after: Object.fromEntries(Object.entries(after).map(([key, work]) => [key, name(work)])) };
}
