/**
 * Whether one ledger is the beginning of another, by the proof of RFC 9162, 2.1.4.2. The same steps as
 * `verify_consistency` of guest/ledger. The hash is the caller's, so that the engine's can be used and tests need none.
 */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export interface Tree {
  size: number;
  /** Base64. */
  root: string;
}

export function extendsTree(old: Tree, next: Tree, proof: readonly string[], sha256: Sha256): boolean {
  const hashes = proof.map(bytesOf);
  const oldRoot = bytesOf(old.root);
  const nextRoot = bytesOf(next.root);
  if (oldRoot === null || nextRoot === null || hashes.some((hash) => hash === null)) return false;
  const rest = hashes.filter((hash) => hash !== null);
  if (old.size > next.size) return false;
  if (old.size === next.size) return rest.length === 0 && equal(oldRoot, nextRoot);
  if (old.size === 0) return rest.length === 0 && equal(oldRoot, sha256(new Uint8Array()));
  return walk(BigInt(old.size), BigInt(next.size), oldRoot, nextRoot, rest, sha256);
}

function walk(oldSize: bigint, nextSize: bigint, oldRoot: Uint8Array, nextRoot: Uint8Array, proof: Uint8Array[], sha256: Sha256): boolean {
  let at = oldSize - 1n;
  let last = nextSize - 1n;
  while ((at & 1n) === 1n) {
    at >>= 1n;
    last >>= 1n;
  }
  // An old tree that is one complete subtree is where the proof starts; it is not repeated in it.
  const complete = (oldSize & (oldSize - 1n)) === 0n;
  const start = complete ? oldRoot : proof[0];
  if (start === undefined) return false;
  let old = start;
  let next = start;
  for (const hash of complete ? proof : proof.slice(1)) {
    if (last === 0n) return false;
    if ((at & 1n) === 1n || at === last) {
      old = node(hash, old, sha256);
      next = node(hash, next, sha256);
      while ((at & 1n) === 0n && at !== 0n) {
        at >>= 1n;
        last >>= 1n;
      }
    } else {
      next = node(next, hash, sha256);
    }
    at >>= 1n;
    last >>= 1n;
  }
  return last === 0n && equal(old, oldRoot) && equal(next, nextRoot);
}

function node(left: Uint8Array, right: Uint8Array, sha256: Sha256): Uint8Array {
  const bytes = new Uint8Array(1 + left.length + right.length);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 1 + left.length);
  return sha256(bytes);
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, position) => byte === other[position]);
}

/** Null where it is no hash of 32 bytes. */
function bytesOf(base64: string): Uint8Array | null {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(base64)) return null;
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** A digest as the engine writes it, `sha256:` and hexadecimal. */
export function bytesOfDigest(digest: string): Uint8Array {
  const hex = digest.replace(/^sha256:/, "");
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
