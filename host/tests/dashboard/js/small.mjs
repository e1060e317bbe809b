// A picture of a page in fewer bytes: its colours in a table of 256, which is all that a page in two tones of
// each colour has, but for the edges of letters. Reads what Chromium writes, 8 bits, not interlaced, and no more.

import { crc32, deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MOST = 256;

/** The same picture with at most 256 colours. */
export function small(png) {
  const { width, height, pixels } = read(png);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const table = chosen(counts);
  const indices = new Map(table.map((colour, index) => [colour, index]));
  for (const colour of counts.keys()) if (!indices.has(colour)) indices.set(colour, nearest(table, colour));
  const lines = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) lines[y * (width + 1) + 1 + x] = indices.get(pixels[y * width + x]);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const palette = Buffer.from(table.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([SIGNATURE, chunk("IHDR", head), chunk("PLTE", palette), chunk("IDAT", deflateSync(lines, { level: 9, memLevel: 9 })), chunk("IEND", Buffer.alloc(0))]);
}

/** The most frequent ones, and none beside one that is as good. */
function chosen(counts) {
  const sorted = [...counts].sort((one, other) => other[1] - one[1] || one[0] - other[0]);
  const table = [];
  // Small differences first count as none, then as some, until the table is full.
  for (const least of [24, 12, 6, 0]) {
    for (const [colour] of sorted) {
      if (table.length === MOST) return table;
      if (table.every((own) => distance(own, colour) > least * least)) table.push(colour);
    }
  }
  return table;
}

function nearest(table, colour) {
  let [best, least] = [0, Infinity];
  table.forEach((own, index) => {
    const far = distance(own, colour);
    if (far < least) [best, least] = [index, far];
  });
  return best;
}

function distance(one, other) {
  const [red, green, blue] = [(one >> 16) - (other >> 16), ((one >> 8) & 255) - ((other >> 8) & 255), (one & 255) - (other & 255)];
  return 2 * red * red + 4 * green * green + 3 * blue * blue;
}

function read(png) {
  if (!png.subarray(0, 8).equals(SIGNATURE)) throw new Error("no PNG");
  const parts = [];
  let head = null;
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const kind = png.toString("latin1", at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    if (kind === "IHDR") head = data;
    if (kind === "IDAT") parts.push(data);
    at += 12 + length;
  }
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)];
  const channels = { 2: 3, 6: 4 }[head[9]];
  if (head[8] !== 8 || channels === undefined || head[12] !== 0) throw new Error("a PNG of another kind");
  const raw = inflateSync(Buffer.concat(parts));
  const stride = width * channels;
  const pixels = new Uint32Array(width * height);
  let before = new Uint8Array(stride);
  for (let y = 0; y < height; y += 1) {
    const line = unfiltered(raw, y * (stride + 1), stride, channels, before);
    for (let x = 0; x < width; x += 1) pixels[y * width + x] = (line[x * channels] << 16) | (line[x * channels + 1] << 8) | line[x * channels + 2];
    before = line;
  }
  return { width, height, pixels };
}

function unfiltered(raw, start, stride, channels, above) {
  const filter = raw[start];
  const line = new Uint8Array(stride);
  for (let x = 0; x < stride; x += 1) {
    const left = x < channels ? 0 : line[x - channels];
    const corner = x < channels ? 0 : above[x - channels];
    line[x] = raw[start + 1 + x] + [0, left, above[x], (left + above[x]) >> 1, paeth(left, above[x], corner)][filter];
  }
  return line;
}

function paeth(left, above, corner) {
  const guess = left + above - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const all = Buffer.alloc(body.length + 8);
  all.writeUInt32BE(data.length, 0);
  body.copy(all, 4);
  all.writeUInt32BE(crc32(body), body.length + 4);
  return all;
}
