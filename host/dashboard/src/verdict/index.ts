/** What pages show decisions with. */
export { VerdictView, VerdictLine, type RulePlace } from "./VerdictView";
export { CommandTree } from "./CommandTree";
export { Bars, MeterBar, type Bar, type Threshold } from "./Bars";
export { Outcome, OutcomeSign } from "./Outcome";
export { Marked, Visible } from "./Marked";
export { Layers } from "./Layers";
