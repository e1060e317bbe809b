/** The text of a checkpoint, a signed note: name of the ledger, size, root, then signatures. Reading is not verifying. */
export interface Checkpoint {
  origin: string;
  size: number;
  /** Base64. */
  root: string;
}

export function readCheckpoint(note: string): Checkpoint | null {
  const [origin, size, root] = note.split("\n");
  if (origin === undefined || origin === "" || size === undefined || root === undefined) return null;
  if (!/^(0|[1-9]\d{0,15})$/.test(size) || !/^[A-Za-z0-9+/]{43}=$/.test(root)) return null;
  const number = Number(size);
  return Number.isSafeInteger(number) ? { origin, size: number, root } : null;
}
