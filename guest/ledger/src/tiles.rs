//! The static files of a published log, as C2SP tlog-tiles names and fills them. It only makes and
//! reads names and bytes.

use std::fmt::{self, Display};
use std::str::FromStr;

use crate::limits::{ENTRY_BYTES_MAX, TILE_LEVEL_MAX, TILE_WIDTH};
use crate::tree::TILE_HEIGHT;

/// What a file below `tile/` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TileKind {
    /// Hashes of this level; level 0 are the leaves.
    Hashes(u8),
    /// Entries, as a bundle.
    Entries,
}

/// The name of a tile or bundle: `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TilePath {
    kind: TileKind,
    index: u64,
    // INVARIANT: from 1 to 256; less than 256 is partial.
    width: u16,
}

/// Why a path names no tile, or bytes are no bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileError {
    /// Not of the form that tlog-tiles defines.
    #[error("this is not the path of a tile; write it as `tile/0/x001/234` or `tile/entries/000.p/17`")]
    Path,
    /// A tile has between 1 and 256 hashes and a level up to 63.
    #[error("there is no tile of width {width}; a width is between 1 and 256, a level at most 63")]
    Width {
        /// The width that was asked for.
        width: u32,
    },
    /// An entry does not fit its length prefix.
    #[error("an entry of {bytes} bytes does not fit into a bundle; at most {ENTRY_BYTES_MAX} do")]
    EntryTooLong {
        /// Its length.
        bytes: usize,
    },
    /// A bundle has at most 256 entries.
    #[error("a bundle has at most 256 entries; split it")]
    TooManyEntries,
    /// The bytes end within an entry.
    #[error("the bundle ends within entry {at}; fetch it again")]
    Truncated {
        /// The entry, counted from the start of the bundle.
        at: usize,
    },
}

impl TilePath {
    /// The tile or bundle with this index; a width of 256 is a full one.
    pub fn new(kind: TileKind, index: u64, width: u16) -> Result<Self, TileError> {
        let level = match kind {
            TileKind::Hashes(level) => level,
            TileKind::Entries => 0,
        };
        if width == 0 || u32::from(width) > TILE_WIDTH || level > TILE_LEVEL_MAX {
            return Err(TileError::Width { width: width.into() });
        }
        Ok(Self { kind, index, width })
    }

    /// What it holds.
    pub const fn kind(&self) -> TileKind {
        self.kind
    }

    /// Its place within its level.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds.
    pub const fn width(&self) -> u16 {
        self.width
    }
}

impl Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
            TileKind::Entries => write!(f, "tile/entries/")?,
        }
        // Groups of three digits, all but the last one marked, so that no file is also a directory.
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (left, group) in groups.iter().enumerate().rev() {
            if left > 0 {
                write!(f, "x{group:03}/")?;
            } else {
                write!(f, "{group:03}")?;
            }
        }
        if u32::from(self.width) < TILE_WIDTH {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

impl FromStr for TilePath {
    type Err = TileError;

    fn from_str(text: &str) -> Result<Self, TileError> {
        let (kind, rest) =
            text.strip_prefix("tile/").and_then(|rest| rest.split_once('/')).ok_or(TileError::Path)?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => TileKind::Hashes(level.parse().map_err(|_| TileError::Path)?),
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse().map_err(|_| TileError::Path)?),
            None => (rest, 256),
        };
        let mut number = 0u64;
        for group in index.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            let value: u64 = digits.parse().map_err(|_| TileError::Path)?;
            number =
                number.checked_mul(1000).and_then(|high| high.checked_add(value)).ok_or(TileError::Path)?;
        }
        let path = Self::new(kind, number, width)?;
        // There is one spelling; comparing with it refuses every other.
        if path.to_string() == text { Ok(path) } else { Err(TileError::Path) }
    }
}

/// The path of a tile of hashes.
pub fn tile_path(level: u8, index: u64, width: u16) -> Result<String, TileError> {
    TilePath::new(TileKind::Hashes(level), index, width).map(|path| path.to_string())
}

/// The path of a bundle of entries.
pub fn entries_path(index: u64, width: u16) -> Result<String, TileError> {
    TilePath::new(TileKind::Entries, index, width).map(|path| path.to_string())
}

/// How many hashes a tile has in a tree of `size` leaves: 256 if it is full, 0 if it is not there.
/// Bundles are as wide as the tiles of level 0.
pub fn width(level: u8, index: u64, size: u64) -> u16 {
    let hashes = size.checked_shr(TILE_HEIGHT * u32::from(level)).unwrap_or(0);
    let before = index.saturating_mul(u64::from(TILE_WIDTH));
    let width = hashes.saturating_sub(before).min(u64::from(TILE_WIDTH));
    u16::try_from(width).unwrap_or(0)
}

/// Puts up to 256 entries into a bundle: each with its length before it, 16 bits, big-endian.
pub fn encode_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, TileError> {
    let mut bundle = Vec::new();
    for (at, entry) in entries.into_iter().enumerate() {
        if at >= TILE_WIDTH as usize {
            return Err(TileError::TooManyEntries);
        }
        let length =
            u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong { bytes: entry.len() })?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// Takes a bundle apart; every byte must belong to an entry.
pub fn decode_bundle(bundle: &[u8]) -> Result<Vec<&[u8]>, TileError> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let at = entries.len();
        if at >= TILE_WIDTH as usize {
            return Err(TileError::TooManyEntries);
        }
        let (length, after) = rest.split_first_chunk().ok_or(TileError::Truncated { at })?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(TileError::Truncated { at })?;
        entries.push(entry);
        rest = after;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        for (level, index, width, path) in [
            (0, 0, 256, "tile/0/000"),
            (0, 999, 256, "tile/0/999"),
            (0, 1000, 256, "tile/0/x001/000"),
            (1, 1_234_067, 256, "tile/1/x001/x234/067"),
            (63, 273, 112, "tile/63/273.p/112"),
            (2, u64::MAX, 1, "tile/2/x018/x446/x744/x073/x709/x551/615.p/1"),
        ] {
            assert_eq!(tile_path(level, index, width).unwrap(), path);
            let read: TilePath = path.parse().unwrap();
            assert_eq!((read.kind(), read.index(), read.width()), (TileKind::Hashes(level), index, width));
        }
        assert_eq!(entries_path(1_234_067, 17).unwrap(), "tile/entries/x001/x234/067.p/17");
        let read: TilePath = "tile/entries/x001/x234/067.p/17".parse().unwrap();
        assert_eq!((read.kind(), read.index(), read.width()), (TileKind::Entries, 1_234_067, 17));
    }

    #[test]
    fn other_spellings_are_refused() {
        for path in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/00/000",
            "tile/+1/000",
            "tile/64/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001",
            "tile/0/x001/x000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/0/000.p/1/",
            "/tile/0/000",
            "tile/0/+01",
            "tile/a/000",
            "tile/entries/..",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/256/000",
            "tile/0/../000",
        ] {
            assert!(path.parse::<TilePath>().is_err(), "{path}");
        }
        assert!(tile_path(0, 0, 0).is_err() && tile_path(0, 0, 257).is_err() && tile_path(64, 0, 1).is_err());
    }

    #[test]
    fn widths_are_those_of_the_specification() {
        assert_eq!([width(0, 272, 70_000), width(0, 273, 70_000), width(0, 274, 70_000)], [256, 112, 0]);
        assert_eq!([width(1, 0, 70_000), width(1, 1, 70_000), width(2, 0, 70_000)], [256, 17, 1]);
        assert_eq!([width(3, 0, 70_000), width(0, 0, 256), width(1, 0, 256)], [0, 256, 1]);
        assert_eq!([width(8, 0, u64::MAX), width(200, 0, u64::MAX), width(0, u64::MAX, u64::MAX)], [0, 0, 0]);
    }

    #[test]
    fn bundles_round_trip_and_are_strict() {
        let longest = vec![7; ENTRY_BYTES_MAX];
        let entries: Vec<&[u8]> = vec![b"", b"a", b"two", &longest];
        let bundle = encode_bundle(entries.iter().copied()).unwrap();
        assert_eq!(&bundle[..9], b"\0\0\0\x01a\0\x03tw");
        assert_eq!(decode_bundle(&bundle).unwrap(), entries);
        assert_eq!(decode_bundle(&bundle[..bundle.len() - 1]), Err(TileError::Truncated { at: 3 }));
        assert_eq!(decode_bundle(b"\0"), Err(TileError::Truncated { at: 0 }));
        let long = vec![0; ENTRY_BYTES_MAX + 1];
        assert_eq!(encode_bundle([&long[..]]), Err(TileError::EntryTooLong { bytes: long.len() }));
        assert_eq!(encode_bundle(std::iter::repeat_n(&b""[..], 257)), Err(TileError::TooManyEntries));
        assert_eq!(decode_bundle(&[0; 2 * 257]), Err(TileError::TooManyEntries));
        assert_eq!(decode_bundle(&[0; 2 * 256]).unwrap().len(), 256);
    }
}
