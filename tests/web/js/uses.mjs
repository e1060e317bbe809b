/** A task: what has no suite of its own. Policies, words, and what is freed. */

export default function uses(policy, { document }) {
  const { compile, EngineError, PolicyError, redact, redactJson, schema, Session, simulate, validate, visible } = policy;
  const thrown = (work) => {
    try {
      work();
      return null;
    } catch (error) {
      return { name: error.name, message: error.message, diagnostics: error.diagnostics?.length };
    }
  };
  const own = compile(document);
  const freed = compile(document);
  const session = new Session(freed);
  freed.free();
  freed.free();
  const call = { agentId: "a", toolName: "look", toolInput: {} };
  const stepped = session.step(call).verdict.permitted;
  session.free();
  const yaml = "agentId: é\nversion: 1\n";
  const odd = "\ufeff{\n \"agentId\": \"😀\",\n \"agentId\": 3 }";
  return {
    digest: own.digest,
    described: own.describe().agentId,
    warnings: own.warnings.length,
    status: [0, 99, 100, 1e300, NaN].map((used) => own.riskStatus(used)),
    mistakes: validate(yaml).map(({ code, range }) => [code, yaml.slice(range.start, range.end), range.line]),
    odd: validate(odd).length,
    fine: validate(document).filter((found) => found.severity === "error").length,
    policyError: thrown(() => compile("{}")),
    isPolicyError: (() => { try { compile("{}"); } catch (error) { return error instanceof PolicyError; } })(),
    schema: schema().type,
    freed: thrown(() => freed.decide(call)).name,
    freedSession: thrown(() => session.step(call)).name,
    isEngineError: (() => { try { freed.decide(call); } catch (error) { return error instanceof EngineError; } })(),
    stepped,
    mode: thrown(() => own.decide(call, { mode: "off" })).name,
    approval: thrown(() => own.decide(call, { approval: "yes" })).name,
    modes: ["enforce", "audit", "shadow", "dry-run"].map((mode) => own.decide({ ...call, toolName: "no" }, { mode }).permitted),
    nobody: own.decide({ ...call, toolName: "ask" }, { approval: "nobody" }).permitted,
    visible: visible("a\u202eb\u0007\u00e9\n"),
    redacted: redact({ password: "x", note: "y", keep: 1 }, ["note"]),
    redactedText: redactJson('{"b":10000000000000000001,"token":"x","a":1.50}'),
    notRedacted: thrown(() => redactJson("{")).name,
    simulated: ["nobody", "possible", "yes", "no"].map((approver) =>
      simulate(own, [{ ...call, toolName: "ask" }, call], { approver, now: 0 }).steps.map((step) => step.verdict.code),
    ),
    afterwards: own.decide(call).permitted,
  };
}
