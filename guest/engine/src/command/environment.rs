//! Environment variables that a command line sets (SH12, 15.4).

use crate::data::environment::{DANGEROUS, SAFE};

/// What to think of an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Built in as safe, or allowed by the policy.
    Safe,
    /// It decides what runs; no policy can allow it.
    Dangerous,
    /// Neither.
    Unknown,
}

/// Variables that a policy allows besides the built-in ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct AllowedEnv {
    names: Vec<String>,
}

impl AllowedEnv {
    pub(crate) fn new(names: Vec<String>) -> Self {
        Self { names }
    }

    /// What to think of setting this variable.
    pub(crate) fn standing(&self, name: &str) -> Standing {
        if is_dangerous(name) {
            Standing::Dangerous
        } else if SAFE.iter().any(|own| fits(own, name)) || self.names.iter().any(|own| fits(own, name)) {
            Standing::Safe
        } else {
            Standing::Unknown
        }
    }
}

/// Whether a name, or any name of a pattern that ends in `*`, is in the dangerous list.
pub(crate) fn is_dangerous(name: &str) -> bool {
    DANGEROUS.iter().any(|own| match name.strip_suffix('*') {
        None => fits(own, name),
        Some(prefix) => own.trim_end_matches('*').starts_with(prefix) || fits(own, prefix),
    })
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}

/// Whether programs that run later see the variables which this builtin sets.
pub(crate) fn exports(program: &str) -> bool {
    matches!(program, "export" | "declare" | "typeset" | "readonly" | "local")
}

/// Builtins whose arguments set variables, with how to find the names in them.
pub(crate) fn names_set<'w>(program: &str, arguments: &[&'w str]) -> Vec<&'w str> {
    let operand = |word: &&'w str| !word.starts_with(['-', '+']);
    match program {
        "export" | "declare" | "typeset" | "readonly" | "local" | "mapfile" | "readarray" | "unset"
        | "let" => arguments.iter().copied().filter(operand).map(identifier).collect(),
        "read" => {
            // `-aNAME`: the name may be attached to its option.
            let attached = arguments
                .iter()
                .filter_map(|word| word.strip_prefix('-')?.split_once('a').map(|(_, name)| name));
            let operands = arguments.iter().copied().filter(operand);
            attached.filter(|name| !name.is_empty()).chain(operands).map(identifier).collect()
        }
        "getopts" => arguments
            .iter()
            .copied()
            .filter(|word| *word != "--")
            .nth(1)
            .map(identifier)
            .into_iter()
            .collect(),
        "printf" => arguments
            .windows(2)
            .find_map(|pair| if let ["-v", target] = pair { Some(*target) } else { None })
            .or_else(|| {
                arguments.iter().find_map(|word| word.strip_prefix("-v")).filter(|rest| !rest.is_empty())
            })
            .map(identifier)
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

/// The name that a word like `x=1`, `x[0]`, `x += 1` begins with.
fn identifier(word: &str) -> &str {
    let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && !c.is_control());
    end.and_then(|end| word.get(..end)).unwrap_or(word)
}
