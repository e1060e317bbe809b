//! The files of a published ledger, as C2SP tlog-tiles has them: which there are, and what is in
//! them. Where they go is not known here.

use sentinel_ledger::tiles::{TileKind, TilePath, encode_bundle, width};
use sentinel_ledger::{TILE_LEVEL_MAX, TILE_WIDTH};

use crate::app::reads::ReadError;
use crate::store::{EntryFilter, Order, Reader};

/// The file with the signed end.
pub const CHECKPOINT: &str = "checkpoint";

/// Files that a ledger of `to` entries has, and one of `from` has not or not as full.
pub fn added(from: u64, to: u64) -> impl Iterator<Item = TilePath> {
    let bundles = wider(TileKind::Entries, 0, from, to);
    let levels = (0..=TILE_LEVEL_MAX).take_while(move |level| width(*level, 0, to) > 0);
    bundles.chain(levels.flat_map(move |level| wider(TileKind::Hashes(level), level, from, to)))
}

fn wider(kind: TileKind, level: u8, from: u64, to: u64) -> impl Iterator<Item = TilePath> {
    let nodes = |size: u64| size.checked_shr(8 * u32::from(level)).unwrap_or(0);
    let first = nodes(from) / u64::from(TILE_WIDTH);
    let end = nodes(to).div_ceil(u64::from(TILE_WIDTH));
    (first..end).filter_map(move |index| {
        let (before, now) = (width(level, index, from), width(level, index, to));
        // A width that is not between 1 and 256 names nothing, and there is none.
        (before != now).then(|| TilePath::new(kind, index, now).ok())?
    })
}

/// What is in a file.
///
/// # Errors
///
/// Where the store fails, or has not all of it.
pub fn content(reader: &mut dyn Reader, path: TilePath) -> Result<Vec<u8>, ReadError> {
    let start = path.index().saturating_mul(u64::from(TILE_WIDTH));
    let count = path.width();
    let missing =
        |found: usize| ReadError::Unproven { reason: format!("it has {found} of {count} in `{path}`") };
    match path.kind() {
        TileKind::Hashes(level) => {
            let hashes = reader.hashes(level, start, u32::from(count))?;
            if hashes.len() != usize::from(count) {
                return Err(missing(hashes.len()));
            }
            Ok(hashes.iter().flat_map(|hash| *hash.as_bytes()).collect())
        }
        TileKind::Entries => {
            let entries =
                reader.entries(start, Order::OldestFirst, &EntryFilter::default(), u32::from(count))?;
            let in_place = (start..).zip(&entries).take_while(|(place, entry)| *place == entry.seq).count();
            if in_place != usize::from(count) {
                return Err(missing(in_place));
            }
            encode_bundle(entries.iter().map(|entry| entry.entry.body.as_bytes()))
                .map_err(|error| ReadError::Unproven { reason: error.to_string() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(from: u64, to: u64) -> Vec<String> {
        added(from, to).map(|path| path.to_string()).collect()
    }

    #[test]
    fn only_what_grew_is_named() {
        assert!(names(0, 0).is_empty() && names(300, 300).is_empty());
        assert_eq!(names(0, 1), ["tile/entries/000.p/1", "tile/0/000.p/1"]);
        assert_eq!(names(1, 256), ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
        assert_eq!(
            names(255, 258),
            ["tile/entries/000", "tile/entries/001.p/2", "tile/0/000", "tile/0/001.p/2", "tile/1/000.p/1"]
        );
        assert_eq!(names(256, 257), ["tile/entries/001.p/1", "tile/0/001.p/1"]);
    }

    #[test]
    fn steps_name_every_full_file_once() {
        let to = 70_000;
        let mut all: Vec<String> =
            (0..to).step_by(7_000).flat_map(|from| names(from, from + 7_000)).collect();
        all.retain(|name| !name.contains(".p/"));
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
        let mut whole = names(0, to);
        whole.retain(|name| !name.contains(".p/"));
        whole.sort();
        assert_eq!(all, whole);
        assert!(names(0, to).contains(&"tile/2/000.p/1".to_owned()));
    }
}
