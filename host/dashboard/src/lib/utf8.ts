/** Places of the daemon are bytes of UTF-8; places of a page are UTF-16 code units. */
export function unitsOf(text: string, byte: number): number {
  let bytes = 0;
  let units = 0;
  for (const character of text) {
    if (bytes >= byte) break;
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
    units += character.length;
  }
  return units;
}
