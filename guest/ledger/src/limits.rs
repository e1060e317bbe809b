//! Every bound of this crate, with its reason.

/// Bytes of a hash: SHA-256.
pub const HASH_BYTES: usize = 32;

/// Longest entry, in bytes: bundles prefix entries with 16 bits.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Hashes in a full tile, entries in a full bundle: fixed by the tlog-tiles format.
pub const TILE_WIDTH: u32 = 256;

/// Highest level of a tile that a path may name: fixed by the tlog-tiles format.
pub const TILE_LEVEL_MAX: u8 = 63;

/// Most leaves that a stored tree may claim: a thousand years of a million a second, and far from
/// where arithmetic on sizes could overflow.
pub const TREE_SIZE_MAX: u64 = 1 << 56;

/// Most hashes in a proof: two for each bit of a size is more than either kind needs.
pub(crate) const PROOF_HASHES_MAX: usize = 128;

/// Longest key name or origin, in bytes: they are host names and paths.
pub const NAME_BYTES_MAX: usize = 255;

/// Longest signed note, in bytes: sixteen post-quantum signatures fit, as the format demands.
pub const NOTE_BYTES_MAX: usize = 256 * 1024;

/// Most signatures that are looked at in one note.
pub const SIGNATURES_MAX: usize = 64;

/// Longest receipt, in bytes: entry and proof in base64 and a long note, escaped.
pub const RECEIPT_BYTES_MAX: usize = 1024 * 1024;

/// Longest JSON text that is redacted, in bytes: larger than any call that the engine reads.
pub const REDACT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Deepest nesting that is redacted: an entry around it stays below what JSON readers refuse.
pub const REDACT_DEPTH_MAX: usize = 64;

/// Most values in a JSON text that is redacted: bounds memory, which is tens of bytes for each.
pub const REDACT_VALUES_MAX: usize = 1_000_000;

/// Longest string that is kept whole, in bytes; a [`crate::Redactor`] can be told another.
pub const STRING_BYTES_MAX: usize = 4 * 1024;
