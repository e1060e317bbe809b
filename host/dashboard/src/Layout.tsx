/** Navigation, who is signed in, the daemon's absence, news. At phone width the navigation is a bar at the bottom. */
import type { ComponentChildren, JSX } from "preact";
import { daemon } from "./api/client";
import { askAgain, may, onlyLooks, signOut, who } from "./api/session";
import { Button } from "./components/Button";
import { Icon, type IconName } from "./components/icons";
import { Text } from "./components/Text";
import { toast, Toasts } from "./components/Toast";
import type { Route } from "./lib/route";
import { route } from "./lib/router";
import { choose, theme, type Theme } from "./lib/theme";
import { badge } from "./lib/title";
import { news, useWaiting } from "./pages/approvals/waiting";

interface Item {
  name: string;
  icon: IconName;
  href: string;
  pages: Route["page"][];
}

const items: Item[] = [
  { name: "Live", icon: "live", href: "#/live", pages: ["live"] },
  { name: "Agents", icon: "agents", href: "#/agents", pages: ["agents", "agent"] },
  { name: "Approvals", icon: "approvals", href: "#/approvals", pages: ["approvals", "approval"] },
  { name: "Policy", icon: "policy", href: "#/policy", pages: ["policy"] },
  { name: "Ledger", icon: "ledger", href: "#/ledger", pages: ["ledger", "entry"] },
];

export function Layout({ children }: { children: ComponentChildren }): JSX.Element {
  useWaiting(may("approve") || may("audit"));
  return (
    <div class="layout">
      <a class="skip" href="#page-title" onClick={skip}>
        Skip to content
      </a>
      <header class="side">
        <a class="brand" href="#/live">
          <Mark />
          <span>Sentinel</span>
        </a>
        <nav class="nav" aria-label="Main">
          <ul>
            {items.map((item) => (
              <li key={item.name}>
                <NavLink item={item} />
              </li>
            ))}
          </ul>
        </nav>
        <div class="side-foot">
          <a class="side-link" href="./playground/">
            <Icon name="playground" />
            <span>Playground</span>
          </a>
          <ThemeSwitch />
          <Account />
        </div>
      </header>
      <main class="main" id="main">
        {daemon.value === "gone" && <Gone />}
        {onlyLooks.value && <OnlyLooks />}
        {children}
      </main>
      <p class="visually-hidden" role="status">
        {news.value}
      </p>
      <Toasts />
    </div>
  );
}

function NavLink({ item }: { item: Item }): JSX.Element {
  const here = item.pages.includes(route.value.page);
  const waiting = item.name === "Approvals" ? badge.value : 0;
  return (
    <a class="nav-link" href={item.href} aria-current={here ? "page" : undefined}>
      <Icon name={item.icon} size={18} />
      <span>{item.name}</span>
      {waiting > 0 && (
        <span class="nav-count num" title={`${waiting} waiting`}>
          {waiting > 99 ? "99+" : waiting}
          <span class="visually-hidden"> waiting</span>
        </span>
      )}
    </a>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("page-title")?.focus();
}

/** The banner stays where it is while the page goes on with what it has. */
function Gone(): JSX.Element {
  return (
    <div class="gone" role="alert">
      <Icon name="hand" />
      <span>
        <strong>The daemon does not answer.</strong> What you see may be old; it goes on by itself when the daemon is back.
      </span>
    </div>
  );
}

/** The cookie of a login is here, its secret is not: storage was cleared, or the login came from elsewhere. */
function OnlyLooks(): JSX.Element {
  return (
    <div class="only-looks note note-escalate" role="status">
      <Icon name="hand" />
      <span class="grow">
        <strong>Sign in again to change anything.</strong> This browser no longer has what changes need besides its cookie, so you can only look, or sign out.
      </span>
      <Button onClick={askAgain}>Sign in again</Button>
    </div>
  );
}

export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true" focusable="false">
      <path class="mark-shield" d="M16 2 28 6v9c0 7.4-5 12.8-12 15C9 27.8 4 22.4 4 15V6z" />
      <path class="mark-check" d="m10.5 16.2 3.8 3.8 7.4-8" />
    </svg>
  );
}

const themes: { theme: Theme; name: string; icon: IconName; next: Theme }[] = [
  { theme: "system", name: "as the system", icon: "system", next: "light" },
  { theme: "light", name: "light", icon: "sun", next: "dark" },
  { theme: "dark", name: "dark", icon: "moon", next: "system" },
];

/** One button that goes round: system, light, dark. */
export function ThemeSwitch(): JSX.Element | null {
  const current = themes.find((one) => one.theme === theme.value);
  if (current === undefined) return null;
  return (
    <button type="button" class="side-link" onClick={() => choose(current.next)} title={`Colours: ${current.name}. Click for ${current.next === "system" ? "as the system" : current.next}.`}>
      <Icon name={current.icon} />
      <span>
        <span class="visually-hidden">Colours: </span>
        {current.theme === "system" ? "System" : current.theme === "light" ? "Light" : "Dark"}
      </span>
    </button>
  );
}

function Account(): JSX.Element | null {
  const known = who.value;
  if (known === null) return null;
  if (known.authentication === "disabled") {
    return (
      <p class="account xs" title="SOE_AUTH_DISABLED: everybody who reaches the daemon may do everything">
        <Icon name="person" size={14} />
        <span>No authentication</span>
      </p>
    );
  }
  return (
    <div class="account">
      <Icon name="person" size={14} />
      <span class="grow cut" title={`Roles: ${known.roles.join(", ")}. Agents: ${known.agents.join(", ")}.`}>
        <Text of={known.subject} most={40} />
        <span class="account-roles xs muted">{known.roles.includes("admin") ? "admin" : known.roles.join(", ")}</span>
      </span>
      <Button kind="quiet" icon="out" label="Sign out" onClick={() => void out()} />
    </div>
  );
}

/** Who is still signed in must not believe otherwise. */
async function out(): Promise<void> {
  const answer = await signOut();
  if (!answer.ok && answer.problem.kind !== "signed-out") toast(`You are still signed in. ${answer.problem.title}.`, "deny");
}
