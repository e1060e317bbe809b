/** What {@link init} takes, in every runtime. */

/** Where the module comes from, or the module. */
export type ModuleSource = BufferSource | WebAssembly.Module | Response | URL | string;

/** How a runtime loads the engine; done once. */
export type Init = (source?: ModuleSource) => Promise<void>;
