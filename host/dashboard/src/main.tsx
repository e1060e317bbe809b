/** Where the dashboard begins. */
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/components.css";
import "./styles/pages.css";
import { render } from "preact";
import { resume } from "./api/session";
import { App } from "./App";

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
void resume();
