/**
 * Signing in with a token or an API key. It is sent once and kept nowhere: the browser gets a cookie that scripts cannot
 * read, and the secret that changes need besides.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { signIn } from "../api/session";
import type { Problem } from "../api/problem";
import { Button } from "../components/Button";
import { ErrorBox } from "../components/states";
import { Mark, ThemeSwitch } from "../Layout";

/** It breaks between an option and the next, nowhere else. */
const COMMAND = ["sentinel token key create", "--role approve", "--agent '*'", "--subject you"];

export function Login({ lost }: { lost: boolean }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = "Sign in · Sentinel";
    field.current?.focus();
  }, []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const input = field.current;
    const token = input?.value.trim() ?? "";
    if (input === null || token === "" || busy) return;
    setBusy(true);
    const answer = await signIn(token);
    setBusy(false);
    if (answer.ok) return;
    setProblem(answer.problem);
    input.select();
  };

  return (
    <main class="alone">
      <form class="login" onSubmit={(event) => void submit(event)}>
        <div class="login-brand">
          <Mark />
          <h1 id="page-title">Sign in to Sentinel</h1>
        </div>
        {lost && problem === null && (
          <p class="note" role="status">
            Your session has ended. Sign in again to go on where you were.
          </p>
        )}
        <label class="field">
          <span>Token or API key</span>
          <input ref={field} class="mono" type="password" name="token" autocomplete="current-password" spellcheck={false} autocapitalize="off" required />
        </label>
        {problem !== null && <ErrorBox problem={worded(problem)} />}
        <Button kind="primary" type="submit" busy={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </Button>
        <p class="muted small">
          Make one where the daemon runs: <code>{COMMAND.map((words) => <><span class="nowrap">{words}</span> </>)}</code>
        </p>
        <div class="login-foot">
          <a href="./playground/">Playground, without signing in</a>
          <ThemeSwitch />
        </div>
      </form>
    </main>
  );
}

function worded(problem: Problem): Problem {
  if (problem.kind !== "signed-out") return problem;
  return { ...problem, title: "That credential is not accepted", next: "Check that all of it was copied, and that it has not expired." };
}
