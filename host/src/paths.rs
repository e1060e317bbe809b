//! Where paths really lead: links resolved, for files that exist and for files that do not yet.
//!
//! The engine cannot look at a disk, so it is told (P7): for each path of a call as
//! given, the absolute path without links. It checks both. What happens between this look and
//! the tool's own is out of reach here; `docs/limits.md` says so.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use thiserror::Error;

use crate::limits::LINKS_MAX;

/// A path whose target nobody can name.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PathError {
    /// Links lead in a circle, or nearly.
    #[error("`{}` goes through more than {LINKS_MAX} links: name the file itself", path.display())]
    TooManyLinks {
        /// The path.
        path: PathBuf,
    },
    /// The target's name is not text, so no pattern can speak of it.
    #[error("`{}` leads to a name that is not UTF-8: rename it", path.display())]
    NotText {
        /// The path.
        path: PathBuf,
    },
}

/// Paths as given, each with where it really leads.
///
/// # Errors
///
/// Where one of them leads nowhere that can be named.
pub fn resolve_all(
    given: &[String],
    cwd: &Path,
    home: Option<&Path>,
) -> Result<BTreeMap<String, String>, PathError> {
    given.iter().map(|path| Ok((path.clone(), text(&resolve(&absolute(path, cwd, home))?)?))).collect()
}

/// An absolute path without links. Parts that do not exist yet stay as they are.
///
/// # Errors
///
/// Where links lead in a circle.
pub fn resolve(path: &Path) -> Result<PathBuf, PathError> {
    let mut real = PathBuf::new();
    let mut rest: VecDeque<OsString> = parts(path).collect();
    let mut links = 0;
    while let Some(part) = rest.pop_front() {
        match Path::new(&part).components().next() {
            Some(Component::ParentDir) => {
                // Above the root is the root.
                real.pop();
                continue;
            }
            Some(Component::RootDir | Component::Prefix(_)) => {
                real.push(&part);
                continue;
            }
            Some(Component::CurDir) | None => continue,
            Some(Component::Normal(_)) => real.push(&part),
        }
        let Some(target) = link_target(&real) else { continue };
        links += 1;
        if links > LINKS_MAX {
            return Err(PathError::TooManyLinks { path: path.to_owned() });
        }
        // The target is read from the directory of the link, or from the root.
        real.pop();
        if target.is_absolute() {
            real.clear();
        }
        for part in parts(&target).collect::<Vec<_>>().into_iter().rev() {
            rest.push_front(part);
        }
    }
    Ok(real)
}

/// The path as text.
///
/// # Errors
///
/// Where it is not UTF-8: a replacement character would name another file.
pub fn text(path: &Path) -> Result<String, PathError> {
    path.to_str().map(str::to_owned).ok_or_else(|| PathError::NotText { path: path.to_owned() })
}

fn parts(path: &Path) -> impl Iterator<Item = OsString> + '_ {
    path.components().map(|component| component.as_os_str().to_owned())
}

/// `None` for whatever is not a link, is not there, or cannot be seen: a directory that this
/// user may not enter is one that the agent's tool may not enter either.
fn link_target(path: &Path) -> Option<PathBuf> {
    fs::read_link(path).ok().filter(|_| is_link(path).unwrap_or(false))
}

fn is_link(path: &Path) -> io::Result<bool> {
    Ok(fs::symlink_metadata(path)?.file_type().is_symlink())
}

fn absolute(path: &str, cwd: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_owned(),
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => cwd.join(path),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory with: `real/file`, `link -> real`, `leaf -> real/file`, `up -> ..`,
    /// `dangling -> nowhere/x`, `loop -> loop`.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        fs::create_dir(root.join("real")).unwrap();
        fs::write(root.join("real/file"), "").unwrap();
        for (name, target) in [
            ("link", "real"),
            ("leaf", "real/file"),
            ("up", ".."),
            ("dangling", "nowhere/x"),
            ("loop", "loop"),
        ] {
            symlink(target, root.join(name)).unwrap();
        }
        (dir, root)
    }

    #[test]
    fn links_in_every_place_are_followed() {
        let (_dir, root) = tree();
        for (given, real) in [
            ("real/file", "real/file"),
            ("link/file", "real/file"),
            ("leaf", "real/file"),
            ("link/../leaf", "real/file"),
            ("link/new/deep", "real/new/deep"),
            ("dangling", "nowhere/x"),
            ("dangling/y", "nowhere/x/y"),
            ("not/there/../yet", "not/yet"),
            ("./real/./file", "real/file"),
        ] {
            assert_eq!(resolve(&root.join(given)).unwrap(), root.join(real), "{given}");
        }
        assert_eq!(resolve(&root.join("up")).unwrap(), root.parent().unwrap());
        assert_eq!(resolve(Path::new("/../../etc")).unwrap(), Path::new("/etc"));
    }

    #[test]
    fn a_parent_is_taken_after_the_link_not_before() {
        let (_dir, root) = tree();
        fs::create_dir(root.join("other")).unwrap();
        symlink(root.join("real"), root.join("other/away")).unwrap();
        assert_eq!(resolve(&root.join("other/away/../leaf")).unwrap(), root.join("real/file"));
    }

    #[test]
    fn a_circle_is_an_error() {
        let (_dir, root) = tree();
        assert!(matches!(resolve(&root.join("loop")), Err(PathError::TooManyLinks { .. })));
    }

    #[test]
    fn paths_are_resolved_as_they_are_given() {
        let (_dir, root) = tree();
        let home = root.join("link");
        let given = ["link/file", "leaf", "~/x"].map(str::to_owned);
        let real = resolve_all(&given, &root, Some(&home)).unwrap();
        let at = |name: &str| root.join(name).to_str().unwrap().to_owned();
        let expect = [("leaf", at("real/file")), ("link/file", at("real/file")), ("~/x", at("real/x"))];
        assert_eq!(real, expect.map(|(given, real)| (given.to_owned(), real)).into());
    }
}
