/** What the storages use of Node: no more is declared, so no more is used by accident. */

declare module "node:fs/promises" {
  export interface FileHandle extends AsyncIterable<never> {
    appendFile(data: string): Promise<void>;
    writeFile(data: string): Promise<void>;
    datasync(): Promise<void>;
    sync(): Promise<void>;
    truncate(length: number): Promise<void>;
    stat(): Promise<{ size: number }>;
    read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
    createReadStream(options: { start: number; end: number; encoding: "utf8"; autoClose: boolean }): AsyncIterable<string>;
    close(): Promise<void>;
  }
  export function open(path: string, flags: string, mode?: number): Promise<FileHandle>;
  export function mkdir(path: string, options: { recursive: true }): Promise<unknown>;
  export function rename(from: string, to: string): Promise<void>;
  export function rm(path: string, options: { force: true }): Promise<void>;
  export function readFile(path: string, encoding: "utf8"): Promise<string>;
}

declare module "node:path" {
  export function dirname(path: string): string;
}
