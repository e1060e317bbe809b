//! Patterns of one segment: `*`, `?`, `[a-z]`, and text.

/// One element of a segment pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Atom {
    /// This character.
    Char(char),
    /// Any one character: `?`.
    One,
    /// Any text without a separator: `*`.
    Star,
    /// One character of these ranges, or none of them: `[a-z]`, `[!a-z]`.
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Atom {
    /// Whether a single character may stand for this atom. `Star` takes any number of them.
    pub(crate) fn takes(&self, c: char) -> bool {
        match self {
            Self::Char(own) => *own == c,
            Self::One | Self::Star => true,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
        }
    }
}

/// A pattern of one segment that is not plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentGlob {
    atoms: Vec<Atom>,
}

impl SegmentGlob {
    pub(crate) fn new(atoms: Vec<Atom>) -> Self {
        Self { atoms }
    }

    pub(crate) fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// The text that every match starts with.
    pub(crate) fn prefix(&self) -> String {
        self.atoms.iter().map_while(literal).collect()
    }

    /// The text that every match ends with.
    pub(crate) fn suffix(&self) -> String {
        let reversed: Vec<char> = self.atoms.iter().rev().map_while(literal).collect();
        reversed.into_iter().rev().collect()
    }

    /// Matches in time O(pattern × text), by going back to the last star only.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let mut rest = text.chars();
        let mut at = 0;
        // Where to continue if the current attempt fails: after the last star, one character on.
        let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            let mut ahead = rest.clone();
            match (self.atoms.get(at), ahead.next()) {
                (Some(Atom::Star), _) => {
                    retry = Some((at + 1, rest.clone()));
                    at += 1;
                    continue;
                }
                (Some(atom), Some(c)) if atom.takes(c) => {
                    rest = ahead;
                    at += 1;
                    continue;
                }
                (None, None) => return true,
                (Some(_), Some(_) | None) | (None, Some(_)) => {}
            }
            let Some((star, mut from)) = retry.take() else { return false };
            if from.next().is_none() {
                return false;
            }
            rest = from.clone();
            at = star;
            retry = Some((star, from));
        }
    }

    /// Whether every text of `other` is one of this pattern's. May say no where the answer is
    /// yes; never the other way round.
    pub(crate) fn covers(&self, other: &[Atom]) -> bool {
        if self.atoms == [Atom::Star] || self.atoms == other {
            return true;
        }
        // One star covers whatever has the same ends.
        let (prefix, suffix) = (self.prefix(), self.suffix());
        let one_star = self.atoms.iter().filter(|atom| literal(atom).is_none()).count() == 1
            && self.atoms.contains(&Atom::Star);
        let other = Self::new(other.to_vec());
        one_star
            && other.prefix().starts_with(&prefix)
            && other.suffix().ends_with(&suffix)
            && other.atoms.len() >= prefix.chars().count() + suffix.chars().count()
    }
}

fn literal(atom: &Atom) -> Option<char> {
    match atom {
        Atom::Char(c) => Some(*c),
        Atom::One | Atom::Star | Atom::Class { .. } => None,
    }
}

/// Whether two segment patterns share a text, and whether a specific part of the first one meets
/// text of the second: `cred*` reaches for `credentials*`, `*.ts` only happens to overlap it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Overlap {
    /// No text belongs to both.
    None,
    /// Some text belongs to both, by wildcards alone.
    Chance,
    /// Some text belongs to both, and the first names part of the second.
    Reach,
}

/// How `glob` and `target` overlap. Dynamic programming over both; neither is long.
pub(crate) fn overlap(glob: &[Atom], target: &[Atom]) -> Overlap {
    let width = target.len() + 1;
    let mut table = vec![Overlap::None; (glob.len() + 1) * width];
    let raise = |table: &mut Vec<Overlap>, i: usize, j: usize, value: Overlap| {
        if let Some(cell) = table.get_mut(i * width + j) {
            *cell = (*cell).max(value);
        }
    };
    raise(&mut table, 0, 0, Overlap::Chance);
    for i in 0..=glob.len() {
        for j in 0..=target.len() {
            let here = table.get(i * width + j).copied().unwrap_or(Overlap::None);
            if here == Overlap::None {
                continue;
            }
            let (left, right) = (glob.get(i), target.get(j));
            if matches!(left, Some(Atom::Star)) {
                raise(&mut table, i + 1, j, here);
            }
            if matches!(right, Some(Atom::Star)) {
                raise(&mut table, i, j + 1, here);
            }
            let (Some(left), Some(right)) = (left, right) else { continue };
            let Some(meeting) = meet(left, right) else { continue };
            let value = here.max(meeting);
            let next_i = if *left == Atom::Star { i } else { i + 1 };
            let next_j = if *right == Atom::Star { j } else { j + 1 };
            if (next_i, next_j) != (i, j) {
                raise(&mut table, next_i, next_j, value);
            }
        }
    }
    table.last().copied().unwrap_or(Overlap::None)
}

/// Whether one character can stand for both atoms, and whether it is a named one on both sides.
fn meet(left: &Atom, right: &Atom) -> Option<Overlap> {
    match (left, right) {
        (Atom::Char(a), Atom::Char(b)) => (a == b).then_some(Overlap::Reach),
        (Atom::Class { .. }, Atom::Char(c)) => left.takes(*c).then_some(Overlap::Reach),
        (Atom::Char(c), Atom::Class { .. }) => right.takes(*c).then_some(Overlap::Reach),
        (Atom::One | Atom::Star, _)
        | (_, Atom::One | Atom::Star)
        | (Atom::Class { .. }, Atom::Class { .. }) => Some(Overlap::Chance),
    }
}
