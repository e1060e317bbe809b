/** What runtimes have and the types of browsers do not: one function of Node, and modules of workerd. */

declare module "node:fs" {
  export function readFileSync(path: URL): Uint8Array<ArrayBuffer>;
}

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
