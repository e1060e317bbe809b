//! A published copy of a ledger, as something to be audited: `checkpoint` and `tile/…` in a
//! directory, as C2SP tlog-tiles names them.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sentinel::app::publish::tiles::CHECKPOINT;
use sentinel_ledger::tiles::{TileKind, TilePath, decode_bundle, width};
use sentinel_ledger::{ENTRY_BYTES_MAX, HASH_BYTES, Hash, TILE_WIDTH};

use super::super::files;
use super::audit::{Chunk, Source};
use super::failure::{Failure, Trouble};

/// Bytes of the largest file: a full bundle of the longest entries.
const FILE_BYTES_MAX: u64 = TILE_WIDTH as u64 * (ENTRY_BYTES_MAX as u64 + 2);

/// Reads a directory.
pub(super) struct Tiles {
    directory: PathBuf,
    /// Entries that its checkpoint claims: names follow from it.
    size: u64,
}

impl Tiles {
    /// The directory, and the signed head in it.
    pub(super) fn open(directory: &Path) -> anyhow::Result<(Self, String)> {
        let note = files::note(&directory.join(CHECKPOINT))
            .with_context(|| format!("`{}` holds no published ledger", directory.display()))?;
        // What it says is checked when it is compared.
        let size = note.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0);
        Ok((Self { directory: directory.to_owned(), size }, note))
    }

    /// The bytes of a tile or bundle. A partial one may have been replaced by the full one.
    fn read(&self, kind: TileKind, index: u64) -> Result<Option<Vec<u8>>, Trouble> {
        let level = match kind {
            TileKind::Hashes(level) => level,
            TileKind::Entries => 0,
        };
        let widths = [width(level, index, self.size), 256];
        for path in widths.into_iter().filter_map(|width| TilePath::new(kind, index, width).ok()) {
            let place =
                path.to_string().split('/').fold(self.directory.clone(), |place, part| place.join(part));
            match bounded(&place) {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let error =
                        anyhow::Error::new(error).context(format!("`{}` could not be read", place.display()));
                    return Err(Trouble::Error(error));
                }
            }
        }
        Ok(None)
    }

    fn hashes(&self, level: u8, start: u64, count: u32) -> Result<Vec<Hash>, Trouble> {
        self.within_tiles(start, count, |index| {
            let bytes = self.read(TileKind::Hashes(level), index)?.unwrap_or_default();
            Ok(bytes.chunks_exact(HASH_BYTES).filter_map(Hash::from_slice).collect())
        })
    }

    fn entries(&self, start: u64, count: u32) -> Result<Vec<Vec<u8>>, Trouble> {
        self.within_tiles(start, count, |index| {
            let bytes = self.read(TileKind::Entries, index)?.unwrap_or_default();
            let entries = decode_bundle(&bytes).map_err(|error| Failure::Unreadable {
                index: index.saturating_mul(u64::from(TILE_WIDTH)),
                reason: error.to_string(),
            })?;
            Ok(entries.into_iter().map(<[u8]>::to_vec).collect())
        })
    }

    /// Rows from `start` on, out of the tiles that hold them; fewer where one is short.
    fn within_tiles<T>(
        &self,
        start: u64,
        count: u32,
        tile: impl Fn(u64) -> Result<Vec<T>, Trouble>,
    ) -> Result<Vec<T>, Trouble> {
        let (mut rows, end) = (Vec::new(), start.saturating_add(count.into()));
        let mut at = start;
        while at < end {
            let (index, skip) = (at / u64::from(TILE_WIDTH), at % u64::from(TILE_WIDTH));
            let wanted = (end - at).min(u64::from(TILE_WIDTH) - skip);
            let found = tile(index)?.into_iter().skip(usize::try_from(skip).unwrap_or(usize::MAX));
            let before = rows.len();
            rows.extend(found.take(usize::try_from(wanted).unwrap_or(usize::MAX)));
            at += wanted;
            if ((rows.len() - before) as u64) < wanted {
                break;
            }
        }
        Ok(rows)
    }
}

impl Source for Tiles {
    fn chunk(&mut self, from: u64, count: u32) -> Result<Chunk, Trouble> {
        let mut entries = self.entries(from, count)?;
        let mut leaves = self.hashes(0, from, count)?;
        let complete = entries.len().min(leaves.len());
        entries.truncate(complete);
        leaves.truncate(complete);
        Ok(Chunk { entries, leaves })
    }

    fn nodes(&mut self, level: u8, start: u64, count: u32) -> Result<Vec<Hash>, Trouble> {
        self.hashes(level, start, count)
    }
}

fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other("it is larger than any file of a ledger"));
    }
    Ok(bytes)
}
