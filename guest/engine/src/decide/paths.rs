//! One path against `dataAccess` (P1 to P9): the choke point of every tool and every redirection.

use std::cell::RefCell;
use std::sync::LazyLock;

use crate::call::Call;
use crate::data::protected::{PROTECTED, PROTECTED_PARENTS};
use crate::decision::{Layer, Outcome, Part, Reason, Rule};
use crate::limits::PATHS_MAX;
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

/// The paths of one call: decides each, and keeps a list of them for whoever can resolve links.
pub(super) struct Paths<'d> {
    pub(super) policy: &'d Policy,
    pub(super) call: &'d Call<'d>,
    asked: RefCell<Vec<String>>,
}

impl<'d> Paths<'d> {
    pub(super) fn new(policy: &'d Policy, call: &'d Call<'d>) -> Self {
        Self { policy, call, asked: RefCell::new(Vec::new()) }
    }

    /// Every path that was decided, as the call spells it, each once.
    pub(super) fn into_asked(self) -> Vec<String> {
        self.asked.into_inner()
    }

    fn note(&self, text: &str) {
        let mut asked = self.asked.borrow_mut();
        if asked.len() < PATHS_MAX && asked.iter().all(|own| own != text) {
            asked.push(text.to_owned());
        }
    }

    /// Decides a path as the caller spelled it, and the real path behind it (P7): both must pass.
    pub(super) fn decide(&self, text: &str, doing: Doing) -> Reason {
        self.note(text);
        let given = decide_one(self.policy, self.call, text, self.call.roots(), doing);
        let Some(real) = self.call.resolved(text) else { return given };
        let roots = Roots { cwd: None, ..self.call.roots() };
        as_link(given, decide_one(self.policy, self.call, real, roots, doing))
    }

    /// What a deny pattern says of a path, if one speaks of it. Nothing else is looked at.
    pub(super) fn denies(&self, text: &str, doing: Doing) -> Option<Reason> {
        self.note(text);
        let denied = |text: &str, roots: Roots<'_>| {
            let folded = Path::parse(text, roots).ok()?.folded();
            let files = self.policy.files.as_ref();
            let protected = doing == Doing::Writing
                && (SELF.find(&folded, roots).is_some() || is_protected(self.call, &folded, roots));
            let found = files.is_some_and(|files| {
                denies(files, doing).any(|(rules, _)| rules.set.find(&folded, roots).is_some())
            });
            // The words are the same as for any path.
            (protected || found).then(|| decide_one(self.policy, self.call, text, roots, doing))
        };
        let real =
            self.call.resolved(text).and_then(|real| denied(real, Roots { cwd: None, ..self.call.roots() }));
        denied(text, self.call.roots()).or(real)
    }

    /// Decides a glob argument below `root`: all that it can match has to be allowed, and it must
    /// not reach for what is denied.
    pub(super) fn decide_glob(&self, text: &str, root: Option<&str>) -> Reason {
        let given = decide_glob(self.policy, text, root, self.call.roots());
        let (head, tail) = GlobArgument::split(text, root);
        self.note(&head);
        let Some(real) = self.call.resolved(&head) else { return given };
        let roots = Roots { cwd: None, ..self.call.roots() };
        as_link(given, decide_glob(self.policy, &tail, Some(real), roots))
    }
}

/// The worse of what is said of a path as given and of the real one.
fn as_link(given: Reason, real: Reason) -> Reason {
    if real.outcome <= given.outcome {
        return given;
    }
    Reason { message: format!("The path is a link: {}", real.message), ..real }
}

fn decide_one(policy: &Policy, call: &Call<'_>, text: &str, roots: Roots<'_>, doing: Doing) -> Reason {
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
    if doing == Doing::Writing
        && (SELF.find(&folded, roots).is_some()
            || folded.ends_with(PROTECTED_PARENTS)
            || is_protected(call, &folded, roots))
    {
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

fn decide_glob(policy: &Policy, text: &str, root: Option<&str>, roots: Roots<'_>) -> Reason {
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
    let glob = match GlobArgument::parse(text, root, roots) {
        // `@(a|b)` is a pattern for some tools.
        Ok(glob) if !text.contains('(') => glob,
        Ok(_) | Err(_) => {
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

/// Whether the path is, or lies below, something that the caller declared as the engine's own.
fn is_protected(call: &Call<'_>, folded: &Path<'_>, roots: Roots<'_>) -> bool {
    let Some(segments) = folded.absolute() else { return false };
    call.protected_paths.iter().any(|own| {
        Path::parse(own, roots)
            .is_ok_and(|own| own.folded().absolute().is_some_and(|own| segments.starts_with(own)))
    })
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
