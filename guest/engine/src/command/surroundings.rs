//! What stands around a command: the variables that it sets (SH12), the files that it redirects
//! to and from (SH8).

use super::cwd::Places;
use super::environment::Standing;
use super::evaluate::Evaluation;
use crate::decision::{Outcome, Part};
use crate::limits::PATHS_MAX;
use crate::shell::{Direction, Redirect};
use crate::wire::excerpt;

impl Evaluation<'_, '_> {
    /// A variable that is set; `exported` if programs may see it.
    pub(super) fn assignment(&mut self, name: &str, exported: bool, part: &Part) {
        match self.bash.env.standing(name) {
            Standing::Dangerous => {
                let message =
                    format!("Bash command sets {}, which decides what other programs run.", excerpt(name));
                self.deny("bash-dangerous-variable", message, part);
            }
            Standing::Unknown if exported => {
                let message = format!(
                    "Bash command sets {}, which no list knows; `allowEnv` can allow it.",
                    excerpt(name)
                );
                self.escalate("bash-unknown-variable", message, part);
            }
            Standing::Safe | Standing::Unknown => {}
        }
    }

    pub(super) fn redirects(&mut self, redirects: &[Redirect<'_>], places: &Places, part: &Part) {
        if redirects.len() > PATHS_MAX {
            self.deny("bash-limit", format!("Bash command has more than {PATHS_MAX} redirections."), part);
            return;
        }
        for redirect in redirects {
            let (read, write) = match redirect.direction {
                Direction::Heredoc | Direction::HereString | Direction::Duplicate => continue,
                Direction::Read => (true, false),
                Direction::Write => (false, true),
                Direction::ReadWrite => (true, true),
            };
            let target = &redirect.target;
            if target.process {
                // Its commands are decided on their own.
                continue;
            }
            if target.has_holes {
                self.escalate(
                    "bash-dynamic-redirect",
                    "Bash command redirects to or from a file that is only known at run time.".to_owned(),
                    part,
                );
                continue;
            }
            let path = target.text.as_ref();
            if matches!(path, "/dev/null" | "/dev/stdout" | "/dev/stderr") {
                continue;
            }
            let network = path.split('/').filter(|segment| !matches!(*segment, "" | ".")).collect::<Vec<_>>();
            if matches!(network.as_slice(), ["dev", "tcp" | "udp", ..]) {
                self.deny(
                    "bash-network-redirect",
                    "Bash command opens a network connection by a redirection.".to_owned(),
                    part,
                );
                continue;
            }
            // A quoted tilde is a plain character.
            let path =
                if path.starts_with('~') && !target.tilde { format!("./{path}") } else { path.to_owned() };
            match places.resolve(&path) {
                Some(paths) => {
                    let worst = paths.iter().map(|path| self.files.redirect(path, read, write)).max_by_key(|reason| reason.outcome);
                    if let Some(mut reason) = worst.filter(|reason| reason.outcome > Outcome::Allow) {
                        reason.part = Some(part.clone());
                        self.reasons.push(reason);
                    } else if let Some(mut reason) = paths.first().map(|path| self.files.redirect(path, read, write)) {
                        reason.part = Some(part.clone());
                        self.reasons.push(reason);
                    }
                }
                None => self.escalate(
                    "bash-unknown-directory",
                    "Bash command redirects to a relative path after changing to a directory that is not known.".to_owned(),
                    part,
                ),
            }
        }
    }
}
