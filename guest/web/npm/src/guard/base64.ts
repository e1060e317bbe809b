/**
 * Base64 of bytes and of JSON, with what every runtime has.
 */

/** A piece small enough for the arguments of one call. */
const PIECE = 0x6000;

export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += PIECE) {
    text += btoa(String.fromCharCode(...bytes.subarray(start, start + PIECE)));
  }
  return text;
}

/** The object that base64 of JSON holds; null for everything else. */
export function decodeBase64Object(text: string): Record<string, unknown> | null {
  try {
    const binary = atob(text.trim());
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    return asObject(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    return null;
  }
}

export function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

/** A text of at most so many characters, none of them cut in half; null for everything else. */
export function asText(value: unknown, charsMax = 256): string | null {
  const isGood = typeof value === "string" && value.length > 0 && value.length <= charsMax && !/\p{Cs}/u.test(value);
  return isGood ? value : null;
}
