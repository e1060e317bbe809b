/** How many approvals wait, as the title of the window and the navigation show it. */
import { signal } from "@preact/signals";

export const badge = signal(0);
