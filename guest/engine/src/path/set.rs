//! Many path patterns as one: a trie over segments, with the wildcards of each node indexed.
//!
//! Matching walks the path's segments once with the set of trie nodes that are still possible,
//! so the cost follows the path and the patterns that agree with it, not their number.

use std::borrow::Cow;

use super::fold::fold_segment;
use super::pattern::{Anchor, PathPattern, Segment};
use super::segment::{Atom, SegmentGlob};
use super::{Path, Roots};
use crate::prefix_index::PrefixIndex;

/// How a list of patterns is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sense {
    /// Exact, case-sensitive, and only the path itself.
    Allow,
    /// Folded, and everything below what matches.
    Deny,
    /// Exact and case-sensitive, and everything below what matches.
    Below,
}

/// The patterns of one list.
#[derive(Debug)]
pub(crate) struct PathSet {
    sense: Sense,
    workspace: Trie,
    root: Trie,
    home: Trie,
    patterns: Vec<PathPattern>,
}

impl PathSet {
    pub(crate) fn new(sense: Sense, mut patterns: Vec<PathPattern>) -> Self {
        for segment in patterns.iter_mut().flat_map(|pattern| pattern.alternatives.iter_mut().flatten()) {
            *segment = fold(segment, sense);
        }
        let trie = |anchor| {
            let mut building = vec![Building::default()];
            for (rule, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| pattern.anchor == anchor)
            {
                for alternative in &pattern.alternatives {
                    insert(&mut building, alternative, rule);
                }
            }
            Trie::new(building)
        };
        let (workspace, root, home) = (trie(Anchor::Workspace), trie(Anchor::Root), trie(Anchor::Home));
        Self { sense, workspace, root, home, patterns }
    }

    pub(crate) fn patterns(&self) -> &[PathPattern] {
        &self.patterns
    }

    /// The first pattern that speaks of these segments below the root.
    pub(crate) fn find_segments(&self, segments: &[Cow<'_, str>]) -> Option<usize> {
        self.root.find(segments, self.sense != Sense::Allow)
    }

    /// The first pattern that speaks of the path. A deny wants it folded.
    pub(crate) fn find(&self, path: &Path<'_>, roots: Roots<'_>) -> Option<usize> {
        let below = self.sense == Sense::Deny;
        let mut best = None;
        let mut try_on = |trie: &Trie, segments: Option<&[Cow<'_, str>]>| {
            if let Some(segments) = segments {
                best = trie.find(segments, below).into_iter().chain(best).min();
            }
        };
        try_on(&self.workspace, path.in_workspace());
        try_on(&self.root, path.absolute());
        try_on(&self.home, path.in_home());
        if below && path.lacks_workspace(roots) {
            // The workspace may be any directory above the file.
            let segments = path.absolute().unwrap_or_default();
            for from in 0..segments.len() {
                try_on(&self.workspace, segments.get(from..));
            }
        }
        if below && roots.home.is_none() && !self.home.is_empty() {
            for segments in conventional_homes(path) {
                try_on(&self.home, Some(segments));
            }
        }
        best
    }
}

/// What lies below the home directory if it is where home directories usually are.
fn conventional_homes<'p>(path: &'p Path<'_>) -> impl Iterator<Item = &'p [Cow<'p, str>]> {
    let segments = path.absolute().unwrap_or_default();
    let depth = match segments.first().map(Cow::as_ref) {
        Some("root") => Some(1),
        Some("home" | "users" | "Users") => Some(2),
        Some(_) | None => None,
    };
    depth.and_then(|depth| segments.get(depth..)).into_iter()
}

/// A node while the trie grows.
#[derive(Default)]
struct Building {
    literals: Vec<(String, usize)>,
    globs: Vec<(SegmentGlob, usize)>,
    globstar: Option<usize>,
    rule: Option<usize>,
}

fn insert(nodes: &mut Vec<Building>, pattern: &[Segment], rule: usize) {
    let mut at = 0;
    for segment in pattern {
        let next = nodes.len();
        let Some(node) = nodes.get_mut(at) else { return };
        let known = match segment {
            Segment::Globstar => *node.globstar.get_or_insert(next),
            Segment::Literal(text) => match node.literals.binary_search_by(|(own, _)| own.cmp(text)) {
                Ok(found) => node.literals.get(found).map_or(next, |(_, child)| *child),
                Err(place) => {
                    node.literals.insert(place, (text.clone(), next));
                    next
                }
            },
            Segment::Glob(glob) => {
                // Equal globs may stand twice; they only cost a little time.
                node.globs.push((glob.clone(), next));
                next
            }
        };
        if known == next {
            nodes.push(Building::default());
        }
        at = known;
    }
    if let Some(node) = nodes.get_mut(at) {
        node.rule.get_or_insert(rule);
    }
}

/// The segment as a deny compares it.
pub(super) fn fold(segment: &Segment, sense: Sense) -> Segment {
    match (segment, sense) {
        (_, Sense::Allow | Sense::Below) | (Segment::Globstar, Sense::Deny) => segment.clone(),
        (Segment::Literal(text), Sense::Deny) => Segment::Literal(fold_segment(text).into_owned()),
        (Segment::Glob(glob), Sense::Deny) => Segment::Glob(SegmentGlob::new(fold_atoms(glob.atoms()))),
    }
}

fn fold_atoms(atoms: &[Atom]) -> Vec<Atom> {
    let mut folded = Vec::new();
    for atom in atoms {
        match atom {
            // Trailing dots and blanks are part of a pattern's text, so each character goes alone.
            Atom::Char(c @ ('.' | ' ' | ':')) => folded.push(Atom::Char(*c)),
            Atom::Char(c) => folded.extend(fold_segment(&c.to_string()).chars().map(Atom::Char)),
            Atom::Class { negated, ranges } => {
                let mut ranges = ranges.clone();
                let lower: Vec<(char, char)> = ranges
                    .iter()
                    .filter(|(low, high)| low.is_ascii_uppercase() && high.is_ascii_uppercase())
                    .map(|(low, high)| (low.to_ascii_lowercase(), high.to_ascii_lowercase()))
                    .collect();
                // A negated class keeps out fewer characters if its upper-case ranges stay as they
                // are, and denies more.
                if !negated {
                    ranges.extend(lower);
                }
                folded.push(Atom::Class { negated: *negated, ranges });
            }
            Atom::One | Atom::Star => folded.push(atom.clone()),
        }
    }
    folded
}

/// The finished trie.
#[derive(Debug)]
struct Trie {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    literals: Vec<(String, usize)>,
    /// Globs that start with text.
    by_prefix: PrefixIndex<(SegmentGlob, usize)>,
    /// Globs that do not, but end with text; the index holds it reversed.
    by_suffix: PrefixIndex<(SegmentGlob, usize)>,
    /// Globs with a wildcard at both ends.
    others: Vec<(SegmentGlob, usize)>,
    globstar: Option<usize>,
    /// A globstar node keeps itself alive.
    is_globstar: bool,
    rule: Option<usize>,
}

impl Trie {
    fn new(building: Vec<Building>) -> Self {
        let globstars: std::collections::BTreeSet<usize> =
            building.iter().filter_map(|node| node.globstar).collect();
        let nodes = building
            .into_iter()
            .enumerate()
            .map(|(index, node)| {
                let (mut by_prefix, mut by_suffix, mut others) = (Vec::new(), Vec::new(), Vec::new());
                for (glob, child) in node.globs {
                    let (prefix, suffix) = (glob.prefix(), glob.suffix());
                    if !prefix.is_empty() {
                        by_prefix.push((prefix.into_bytes(), (glob, child)));
                    } else if !suffix.is_empty() {
                        by_suffix.push((suffix.bytes().rev().collect(), (glob, child)));
                    } else {
                        others.push((glob, child));
                    }
                }
                Node {
                    literals: node.literals,
                    by_prefix: PrefixIndex::new(by_prefix),
                    by_suffix: PrefixIndex::new(by_suffix),
                    others,
                    globstar: node.globstar,
                    is_globstar: globstars.contains(&index),
                    rule: node.rule,
                }
            })
            .collect();
        Self { nodes }
    }

    fn is_empty(&self) -> bool {
        self.nodes.len() <= 1
    }

    /// The lowest rule that matches all segments, or with `below` any leading part of them.
    fn find(&self, segments: &[Cow<'_, str>], below: bool) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        let mut best: Option<usize> = None;
        let (mut active, mut next) = (Active::default(), Active::default());
        self.enter(0, &mut active);
        for segment in segments {
            if below {
                best = self.lowest_rule(&active).into_iter().chain(best).min();
            }
            for at in &active.nodes {
                self.step(*at, segment, &mut next);
            }
            std::mem::swap(&mut active, &mut next);
            next.clear();
            if active.nodes.is_empty() {
                return best;
            }
        }
        self.lowest_rule(&active).into_iter().chain(best).min()
    }

    fn lowest_rule(&self, active: &Active) -> Option<usize> {
        active.nodes.iter().filter_map(|at| self.nodes.get(*at)?.rule).min()
    }

    /// Adds a node, and the globstar below it, which may match nothing.
    fn enter(&self, at: usize, active: &mut Active) {
        let mut at = Some(at);
        while let Some(index) = at {
            if !active.insert(index) {
                return;
            }
            at = self.nodes.get(index).and_then(|node| node.globstar);
        }
    }

    fn step(&self, at: usize, segment: &str, next: &mut Active) {
        let Some(node) = self.nodes.get(at) else { return };
        if node.is_globstar {
            self.enter(at, next);
        }
        if let Ok(found) = node.literals.binary_search_by(|(own, _)| own.as_str().cmp(segment))
            && let Some((_, child)) = node.literals.get(found)
        {
            self.enter(*child, next);
        }
        let mut visit = |(glob, child): &(SegmentGlob, usize)| {
            if glob.matches(segment) {
                self.enter(*child, next);
            }
            true
        };
        node.by_prefix.prefixes_of(segment.bytes(), &mut visit);
        node.by_suffix.prefixes_of(segment.bytes().rev(), &mut visit);
        for other in &node.others {
            visit(other);
        }
    }
}

/// Nodes that are still possible, each once.
#[derive(Default)]
struct Active {
    nodes: Vec<usize>,
    /// One bit for each node, once there are too many of them to look through.
    seen: Vec<u64>,
}

/// Most nodes that are looked through one by one. Ordinary patterns keep fewer alive.
const LOOKED_THROUGH_MAX: usize = 16;

impl Active {
    /// Whether the node is new.
    fn insert(&mut self, node: usize) -> bool {
        let is_new = if self.nodes.len() < LOOKED_THROUGH_MAX {
            !self.nodes.contains(&node)
        } else {
            if self.nodes.len() == LOOKED_THROUGH_MAX {
                // The first time, and each time that as many are there again: the bits of all of them.
                for index in 0..self.nodes.len() {
                    let known = self.nodes.get(index).copied();
                    known.map(|known| self.mark(known));
                }
            }
            self.mark(node)
        };
        if is_new {
            self.nodes.push(node);
        }
        is_new
    }

    /// Sets the bit of a node. Says whether it was not set.
    fn mark(&mut self, node: usize) -> bool {
        let (word, bit) = (node / 64, 1_u64 << (node % 64));
        if word >= self.seen.len() {
            self.seen.resize(word + 1, 0);
        }
        let Some(own) = self.seen.get_mut(word) else { return false };
        let is_new = *own & bit == 0;
        *own |= bit;
        is_new
    }

    fn clear(&mut self) {
        for node in &self.nodes {
            if let Some(word) = self.seen.get_mut(*node / 64) {
                *word = 0;
            }
        }
        self.nodes.clear();
    }
}
