/** Opens a folder of static files in Chromium, and answers what its page sets as the title. */

import { input, output, serve, withPage } from "./lib.mjs";

const { folder } = await input();
const site = await serve({ "/": { folder } });
try {
  const title = await withPage(async (page) => {
    await page.goto(`${site.address}/index.html`);
    await page.waitForFunction(() => document.title !== "");
    return page.title();
  });
  output(title);
} finally {
  site.stop();
}
