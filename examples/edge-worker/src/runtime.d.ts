/** What the runtime has and the types of browsers do not know. */

declare module "*.soe.json" {
  const text: string;
  export default text;
}

declare module "*.soe.yaml" {
  const text: string;
  export default text;
}

interface SubtleCrypto {
  timingSafeEqual(a: BufferSource, b: BufferSource): boolean;
}

interface JSON {
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
  parse(text: string, reviver: (key: string, value: unknown, context: { source: string }) => unknown): any;
}
