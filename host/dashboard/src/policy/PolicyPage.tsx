import type { JSX } from "preact";
import type { Route } from "../lib/route";
import { PageHead } from "../components/Panel";

export default function Page(_: { route: Route }): JSX.Element {
  return <PageHead title="Policy" />;
}
