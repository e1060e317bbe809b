/** Sizes of the package's files that a page loads, together: raw, gzip, brotli. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import { input, output, PACKAGE } from "./lib.mjs";

await input();
const sum = { raw: 0, gzip: 0, brotli: 0 };
for (const name of readdirSync(PACKAGE).filter((name) => name.endsWith(".js") || name.endsWith(".wasm"))) {
  const bytes = readFileSync(join(PACKAGE, name));
  sum.raw += bytes.length;
  sum.gzip += gzipSync(bytes, { level: 9 }).length;
  sum.brotli += brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
}
output(sum);
