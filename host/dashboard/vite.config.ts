/**
 * How the dashboard and the playground become static files. Two pages, relative addresses (so that they
 * work below any path), nothing inline (so that the content security policy can be strict).
 *
 * `@sentinel/policy` is not from a registry: `cargo xtask dashboard` links `target/web` into node_modules.
 */
import { fileURLToPath } from "node:url";
import { defineConfig, type HtmlTagDescriptor, type Plugin, type ProxyOptions } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const enginePackage = process.env["SENTINEL_WEB_PACKAGE"];

/** The daemon sends the same as a header; the page says it too, for static servers that send none. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Only in what is built: the development server needs its inline scripts. */
function contentSecurityPolicy(): Plugin {
  return {
    name: "content-security-policy",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: POLICY },
        injectTo: "head-prepend",
      },
    ],
  };
}

/**
 * The playground needs the engine at once, and the editor a moment later: both are fetched beside the first scripts
 * and not behind them.
 */
function playgroundPreload(): Plugin {
  return {
    name: "playground-preload",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle, path }) => {
        if (bundle === undefined || !path.endsWith("/playground/index.html")) return [];
        const link = (attrs: Record<string, string>): HtmlTagDescriptor => ({ tag: "link", attrs, injectTo: "head" });
        const engine = Object.keys(bundle).filter((name) => name.endsWith(".wasm"));
        const editor = Object.values(bundle).flatMap((file) =>
          file.type === "chunk" && file.moduleIds.some((id) => id.endsWith("/editor/PolicyEditor.tsx")) ? [file.fileName, ...file.imports] : [],
        );
        return [
          ...engine.map((name) => link({ rel: "preload", as: "fetch", type: "application/wasm", crossorigin: "anonymous", href: `../${name}` })),
          ...editor.filter((name) => !html.includes(name)).map((name) => link({ rel: "modulepreload", crossorigin: "", href: `../${name}` })),
        ];
      },
    },
  };
}

/** For development: `SENTINEL_URL` is a running daemon, which sees requests as its own page's. */
function daemon(): Record<string, ProxyOptions> {
  const target = process.env["SENTINEL_URL"] ?? "http://127.0.0.1:3100";
  const ours: ProxyOptions = {
    target,
    changeOrigin: true,
    configure: (proxy) => {
      proxy.on("proxyReq", (request) => {
        if (request.hasHeader("origin")) request.setHeader("origin", target);
      });
    },
  };
  return { "/v1": ours, "/openapi.json": ours };
}

export default defineConfig({
  root: here("."),
  base: "./",
  cacheDir: here("../../target/dashboard-npm/.vite"),
  plugins: [contentSecurityPolicy(), playgroundPreload()],
  resolve: {
    alias: enginePackage === undefined ? [] : [{ find: "@sentinel/policy", replacement: enginePackage }],
    dedupe: ["preact", "@codemirror/state", "@codemirror/view"],
  },
  optimizeDeps: { exclude: ["@sentinel/policy"] },
  worker: { format: "es" },
  build: {
    outDir: here("../../target/dashboard"),
    emptyOutDir: true,
    target: "es2022",
    cssTarget: "chrome123",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: { index: here("index.html"), playground: here("playground/index.html") },
    },
  },
  server: { proxy: daemon(), fs: { allow: [here("../.."), ...(enginePackage === undefined ? [] : [enginePackage])] } },
  preview: { proxy: daemon() },
});
