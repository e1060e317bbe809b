/** What a page shows when it has nothing to show: on its way, nothing there, an error, not for this credential. */
import type { ComponentChildren, JSX } from "preact";
import type { Problem } from "../api/problem";
import type { Query } from "../api/query";
import { Button } from "./Button";
import { Text } from "./Text";

export function Empty({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty">
      <p class="strong">{title}</p>
      {children !== undefined && <div class="muted small">{children}</div>}
    </div>
  );
}

/** Keeps the place of what comes, so that nothing moves when it is there. */
export function Loading({ rows = 3, label = "Loading" }: { rows?: number; label?: string }): JSX.Element {
  return (
    <div class="loading" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} class="loading-row" />
      ))}
    </div>
  );
}

export function ErrorBox({ problem, retry }: { problem: Problem; retry?: () => void }): JSX.Element {
  return (
    <div class={`error-box${problem.kind === "forbidden" ? " error-box-quiet" : ""}`} role="alert">
      <p class="strong">{problem.title}</p>
      {problem.detail !== "" && (
        <p>
          <Text of={problem.detail} most={1_000} />
        </p>
      )}
      {problem.errors.length > 0 && (
        <ul class="error-list">
          {problem.errors.slice(0, 20).map((line) => (
            <li key={line}>
              <Text of={line} most={500} />
            </li>
          ))}
        </ul>
      )}
      <p class="muted small">{problem.next}</p>
      {retry !== undefined && problem.kind !== "forbidden" && (
        <p>
          <Button onClick={retry}>Try again</Button>
        </p>
      )}
    </div>
  );
}

/** Data, or what stands in its place. Old data stays beside a newer error; the banner says that the daemon is gone. */
export function Loaded<T>({
  query,
  rows,
  children,
}: {
  query: Query<T>;
  rows?: number;
  children: (data: T) => ComponentChildren;
}): JSX.Element {
  const { data, problem } = query;
  if (data === null && problem === null) return <Loading {...(rows === undefined ? {} : { rows })} />;
  return (
    <>
      {problem !== null && (data === null || problem.kind !== "gone") && <ErrorBox problem={problem} retry={query.refresh} />}
      {data !== null && children(data)}
    </>
  );
}
