//! One path against `dataAccess` (P1 to P9): the choke point of every tool and every redirection.

use std::sync::LazyLock;

use crate::call::Call;
use crate::data::protected::PROTECTED;
use crate::decision::{Layer, Outcome, Part, Reason, Rule};
use crate::path::{GlobArgument, Path, PathError, PathPattern, PathSet, Roots, Sense, suspicion};
use crate::policy::{FileRules, Policy, Rules};
use crate::wire::excerpt;

/// What is done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Reading,
    Writing,
}

/// What the agent must not write whatever its policy says, below any directory.
static SELF: LazyLock<PathSet> = LazyLock::new(|| {
    let texts = PROTECTED
        .iter()
        .flat_map(|name| [format!("**/{name}"), format!("/**/{name}"), format!("~/**/{name}")]);
    PathSet::new(Sense::Deny, texts.filter_map(|text| PathPattern::parse(&text).ok()).collect())
});

/// Decides a path as the caller spelled it, and the real path behind it (P7): both must pass.
pub(super) fn decide(policy: &Policy, call: &Call<'_>, text: &str, doing: Doing) -> Reason {
    let given = decide_one(policy, text, call.roots(), doing);
    match call.resolved(text) {
        Some(real) => {
            let real = decide_one(policy, real, Roots { cwd: None, ..call.roots() }, doing);
            if real.outcome > given.outcome {
                Reason { message: format!("The path is a link: {}", real.message), ..real }
            } else {
                given
            }
        }
        None => given,
    }
}

fn decide_one(policy: &Policy, text: &str, roots: Roots<'_>, doing: Doing) -> Reason {
    let path = match Path::parse(text, roots) {
        Ok(path) => path,
        Err(error) => return refused(error, text),
    };
    let part = || Some(Part { text: excerpt(&path.display()).into_owned(), start: 0, end: 0 });
    let say = |outcome, code: &'static str, message: String, rule: Option<&Rule>| Reason {
        outcome,
        layer: Layer::Deterministic,
        code: code.into(),
        message,
        rule: rule.cloned(),
        part: part(),
    };
    let folded = path.folded();
    if doing == Doing::Writing && SELF.find(&folded, roots).is_some() {
        let message = "File path belongs to what governs the agent and is never written.".to_owned();
        return say(Outcome::Deny, "path-protected", message, None);
    }
    let Some(files) = &policy.files else {
        return say(
            Outcome::Deny,
            "no-data-access",
            "Policy has no dataAccess section, so no file is allowed.".to_owned(),
            None,
        );
    };
    for (rules, list) in denies(files, doing) {
        if let Some(rule) = rules.set.find(&folded, roots).and_then(|rule| rules.written(rule)) {
            let message = format!("File path matches {list} pattern \"{}\".", excerpt(&rule.pattern));
            return say(Outcome::Deny, "path-deny", message, Some(rule));
        }
    }
    let (rules, list) = allows(files, doing);
    match rules.set.find(&path, roots).and_then(|rule| rules.written(rule)) {
        Some(rule) => {
            if let Some(why) = suspicion(text) {
                return say(Outcome::Escalate, "path-suspicious", why.to_owned(), Some(rule));
            }
            let message = format!("File path matches {list} pattern \"{}\".", excerpt(&rule.pattern));
            say(Outcome::Allow, "path-allow", message, Some(rule))
        }
        None => say(Outcome::Deny, "path-no-match", format!("File path matches no {list} pattern."), None),
    }
}

/// Decides a glob argument: all that it can match has to be allowed, and it must not reach for
/// what is denied.
pub(super) fn decide_glob(policy: &Policy, call: &Call<'_>, text: &str, root: Option<&str>) -> Reason {
    let say = |outcome, code: &'static str, message: String, rule: Option<&Rule>| Reason {
        outcome,
        layer: Layer::Deterministic,
        code: code.into(),
        message,
        rule: rule.cloned(),
        part: Some(Part { text: excerpt(text).into_owned(), start: 0, end: 0 }),
    };
    let Some(files) = &policy.files else {
        return say(
            Outcome::Deny,
            "no-data-access",
            "Policy has no dataAccess section, so no file is allowed.".to_owned(),
            None,
        );
    };
    if text.is_empty() || text.chars().any(char::is_control) {
        return say(
            Outcome::Deny,
            "path-control-character",
            "File pattern is empty or contains a control character.".to_owned(),
            None,
        );
    }
    let glob = match GlobArgument::parse(text, root, call.roots()) {
        Ok(glob) => glob,
        Err(_) => {
            return say(
                Outcome::Escalate,
                "glob-unclear",
                "File pattern is not one that can be compared with a policy.".to_owned(),
                None,
            );
        }
    };
    if let Some(rule) = glob.reaches(&files.read_deny.set).and_then(|rule| files.read_deny.written(rule)) {
        let message =
            format!("File pattern reaches for what read deny pattern \"{}\" denies.", excerpt(&rule.pattern));
        return say(Outcome::Deny, "glob-deny", message, Some(rule));
    }
    match glob.covered(&files.read_allow.set).and_then(|rule| files.read_allow.written(rule)) {
        Some(rule) => {
            if let Some(why) = suspicion(text) {
                return say(Outcome::Escalate, "path-suspicious", why.to_owned(), Some(rule));
            }
            let message =
                format!("File pattern is covered by read allow pattern \"{}\".", excerpt(&rule.pattern));
            say(Outcome::Allow, "glob-allow", message, Some(rule))
        }
        None => say(
            Outcome::Deny,
            "glob-no-match",
            "File pattern is covered by no read allow pattern.".to_owned(),
            None,
        ),
    }
}

/// Deny lists in the order of P4.
fn denies(files: &FileRules, doing: Doing) -> impl Iterator<Item = (&Rules<PathSet>, &'static str)> {
    let write = (doing == Doing::Writing).then_some((&files.write_deny, "write deny"));
    std::iter::once((&files.read_deny, "read deny")).chain(write)
}

fn allows(files: &FileRules, doing: Doing) -> (&Rules<PathSet>, &'static str) {
    match doing {
        Doing::Reading => (&files.read_allow, "read allow"),
        Doing::Writing => (&files.write_allow, "write allow"),
    }
}

fn refused(error: PathError, text: &str) -> Reason {
    Reason {
        outcome: Outcome::Deny,
        layer: Layer::Deterministic,
        code: error.code().into(),
        message: error.message().to_owned(),
        rule: None,
        part: Some(Part { text: excerpt(text).into_owned(), start: 0, end: 0 }),
    }
}
