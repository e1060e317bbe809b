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
    let identifier = |word: &&'w str| !word.starts_with(['-', '+']);
    let name = |word: &'w str| word.split(['=', '[', '+']).next().unwrap_or(word);
    match program {
        "export" | "declare" | "typeset" | "readonly" | "local" => arguments
            .iter()
            .copied()
            .filter(|word| identifier(word) && (word.contains('=') || program != "export"))
            .map(name)
            .collect(),
        "read" | "mapfile" | "readarray" | "let" | "unset" => {
            arguments.iter().copied().filter(identifier).map(name).collect()
        }
        "getopts" => arguments.get(1).copied().into_iter().collect(),
        "printf" => arguments
            .windows(2)
            .find_map(|pair| if let ["-v", target] = pair { Some(name(target)) } else { None })
            .or_else(|| {
                arguments.iter().find_map(|word| word.strip_prefix("-v")).filter(|rest| !rest.is_empty())
            })
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}
