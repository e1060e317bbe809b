//! Glob arguments of tools (P8): `Glob {pattern: "src/**/*.rs"}` names a set of files.
//!
//! Allowed if an allow pattern covers the whole set; refused if it reaches for a denied name.
//! A generic glob that overlaps a deny by wildcards alone is no worse than listing its directory,
//! and every tool that then opens one of the files is asked for that file.

use std::borrow::Cow;

use super::pattern::{Anchor, PathPattern, Segment, expand_braces};
use super::segment::{Overlap, overlap};
use super::set::{PathSet, Sense, fold};
use super::{Path, PathError, Roots};

/// A glob argument, resolved to segments below the file system's root or the workspace.
#[derive(Debug)]
pub(crate) struct GlobArgument {
    alternatives: Vec<(Path<'static>, Vec<Segment>)>,
}

/// Why a text is no glob that can be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GlobError {
    Path(PathError),
    /// Not a glob of the documented dialect, or `..` behind a wildcard.
    Unclear,
}

impl GlobArgument {
    /// The literal head of a glob as a path, and the pattern that hangs below it.
    pub(crate) fn split(text: &str, root: Option<&str>) -> (String, String) {
        let parts: Vec<&str> = text.split('/').collect();
        let is_wild = |part: &&str| part.contains(['*', '?', '[', ']', '{', '}']);
        let wild = parts.iter().position(is_wild).unwrap_or(parts.len());
        let (head, tail) = parts.split_at(wild);
        let mut head = head.join("/");
        if head.is_empty() && text.starts_with('/') {
            "/".clone_into(&mut head);
        }
        let head = match root {
            Some(root) if !head.starts_with(['/', '~']) => format!("{root}/{head}"),
            Some(_) | None if head.is_empty() => ".".to_owned(),
            Some(_) | None => head,
        };
        (head, tail.join("/"))
    }

    /// Reads a glob that is relative to `root`, a path as the tool was given it.
    pub(crate) fn parse(text: &str, root: Option<&str>, roots: Roots<'_>) -> Result<Self, GlobError> {
        let texts = expand_braces(text).map_err(|_| GlobError::Unclear)?;
        let mut alternatives = Vec::new();
        for text in texts {
            // The literal head is a path like any other; the wildcards hang below it.
            let (base, tail) = Self::split(&text, root);
            let base = Path::parse(&base, roots).map_err(GlobError::Path)?.into_owned();
            let tail: Vec<&str> = tail.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
            let pattern = if tail.is_empty() {
                Vec::new()
            } else {
                let pattern = PathPattern::parse(&tail.join("/")).map_err(|_| GlobError::Unclear)?;
                match (pattern.anchor, pattern.alternatives.into_iter().next()) {
                    (Anchor::Workspace, Some(segments)) => segments,
                    (Anchor::Workspace | Anchor::Root | Anchor::Home, _) => return Err(GlobError::Unclear),
                }
            };
            alternatives.push((base, pattern));
        }
        Ok(Self { alternatives })
    }

    /// The first deny pattern that the glob reaches for.
    pub(crate) fn reaches(&self, denied: &PathSet) -> Option<usize> {
        let mut first = None;
        for (base, tail) in &self.alternatives {
            let globs = Anchored::new(&base.folded(), tail, Sense::Deny);
            let found = denied.patterns().iter().position(|pattern| {
                globs
                    .below(pattern.anchor)
                    .is_some_and(|glob| pattern.alternatives.iter().any(|own| reaches(glob, own)))
            });
            first = found.into_iter().chain(first).min();
        }
        first
    }

    /// The first allow pattern that covers everything the glob can match.
    pub(crate) fn covered(&self, allowed: &PathSet) -> Option<usize> {
        let mut first = None;
        for (base, tail) in &self.alternatives {
            let globs = Anchored::new(base, tail, Sense::Allow);
            let found = allowed.patterns().iter().position(|pattern| {
                globs
                    .below(pattern.anchor)
                    .is_some_and(|glob| pattern.alternatives.iter().any(|own| covers(own, glob)))
            })?;
            first = first.or(Some(found));
        }
        first
    }
}

/// A glob as seen from each of the places where patterns are anchored.
struct Anchored {
    workspace: Option<Vec<Segment>>,
    root: Option<Vec<Segment>>,
    home: Option<Vec<Segment>>,
}

impl Anchored {
    fn new(base: &Path<'_>, tail: &[Segment], sense: Sense) -> Self {
        let join = |segments: Option<&[Cow<'_, str>]>| {
            let head = segments?.iter().map(|segment| Segment::Literal(segment.to_string()));
            Some(head.chain(tail.iter().map(|segment| fold(segment, sense))).collect())
        };
        Self { workspace: join(base.in_workspace()), root: join(base.absolute()), home: join(base.in_home()) }
    }

    fn below(&self, anchor: Anchor) -> Option<&[Segment]> {
        match anchor {
            Anchor::Workspace => self.workspace.as_deref(),
            Anchor::Root => self.root.as_deref(),
            Anchor::Home => self.home.as_deref(),
        }
    }
}

/// Whether the ends alone show that `own` cannot cover the glob.
fn ends_differ(own: &[Segment], glob: &[Segment]) -> bool {
    match (own.last(), glob.last()) {
        (Some(Segment::Literal(_) | Segment::Glob(_)), Some(Segment::Globstar)) => true,
        (Some(Segment::Literal(a)), Some(Segment::Literal(b))) => a != b,
        (Some(Segment::Glob(a)), Some(Segment::Literal(b))) => !a.matches(b),
        (Some(_), Some(_)) | (None, _) | (_, None) => false,
    }
}

/// Whether two patterns begin with different plain names, so that they share nothing.
fn disjoint(own: &[Segment], glob: &[Segment]) -> bool {
    matches!((own.first(), glob.first()), (Some(Segment::Literal(a)), Some(Segment::Literal(b))) if a != b)
}

/// Whether every path of `glob` is one of `own`. Dynamic programming over segments.
fn covers(own: &[Segment], glob: &[Segment]) -> bool {
    if disjoint(own, glob) || ends_differ(own, glob) {
        return false;
    }
    let width = glob.len() + 1;
    let mut table = vec![false; (own.len() + 1) * width];
    for i in (0..=own.len()).rev() {
        for j in (0..=glob.len()).rev() {
            let get = |i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(false);
            let value = match (own.get(i), glob.get(j)) {
                (None, None) => true,
                (None, Some(_)) => false,
                (Some(Segment::Globstar), None) => get(i + 1, j),
                (Some(Segment::Globstar), Some(_)) => get(i + 1, j) || get(i, j + 1),
                (Some(Segment::Literal(_) | Segment::Glob(_)), None | Some(Segment::Globstar)) => false,
                (Some(Segment::Literal(a)), Some(Segment::Literal(b))) => a == b && get(i + 1, j + 1),
                (Some(Segment::Literal(_)), Some(Segment::Glob(_))) => false,
                (Some(Segment::Glob(a)), Some(Segment::Literal(b))) => a.matches(b) && get(i + 1, j + 1),
                (Some(Segment::Glob(a)), Some(Segment::Glob(b))) => a.covers(b.atoms()) && get(i + 1, j + 1),
            };
            if let Some(cell) = table.get_mut(i * width + j) {
                *cell = value;
            }
        }
    }
    table.first().copied().unwrap_or(false)
}

/// Whether some path of `glob` lies at or below a path of `target`, and the glob names part of
/// the name that the target is about: its last segment that is not `**`.
fn reaches(glob: &[Segment], target: &[Segment]) -> bool {
    if disjoint(target, glob) {
        return false;
    }
    let Some(last) = target.iter().rposition(|segment| *segment != Segment::Globstar) else {
        // `**` is about everything.
        return true;
    };
    let width = last + 2;
    let mut table = vec![Overlap::None; (glob.len() + 1) * width];
    if let Some(first) = table.first_mut() {
        *first = Overlap::Chance;
    }
    for i in 0..=glob.len() {
        for j in 0..=last + 1 {
            let here = table.get(i * width + j).copied().unwrap_or(Overlap::None);
            if here == Overlap::None {
                continue;
            }
            if j == last + 1 {
                // The target is met; what follows lies below it.
                if here == Overlap::Reach {
                    return true;
                }
                continue;
            }
            let mut raise = |i: usize, j: usize, value: Overlap| {
                if let Some(cell) = table.get_mut(i * width + j) {
                    *cell = (*cell).max(value);
                }
            };
            let (left, right) = (glob.get(i), target.get(j));
            if matches!(left, Some(Segment::Globstar)) {
                raise(i + 1, j, here);
            }
            if matches!(right, Some(Segment::Globstar)) {
                raise(i, j + 1, here);
            }
            let (Some(left), Some(right)) = (left, right) else { continue };
            match (left, right) {
                (Segment::Globstar, Segment::Globstar) => {}
                (Segment::Globstar, Segment::Literal(_) | Segment::Glob(_)) => raise(i, j + 1, here),
                (Segment::Literal(_) | Segment::Glob(_), Segment::Globstar) => raise(i + 1, j, here),
                (Segment::Literal(_) | Segment::Glob(_), Segment::Literal(_) | Segment::Glob(_)) => {
                    match overlap(&left.atoms(), &right.atoms()) {
                        Overlap::None => {}
                        found if j == last => raise(i + 1, j + 1, here.max(found)),
                        Overlap::Chance | Overlap::Reach => raise(i + 1, j + 1, here),
                    }
                }
            }
        }
    }
    false
}
