//! A policy of ours while it is being written, and the notes that go with it.

use std::collections::BTreeSet;

use super::ConvertOptions;
use super::json::Json;
use super::leaves::Place;
use super::names::Names;
use super::regex::{Flavour, Sense, translate};
use super::rule::{Action, NewRule};
use crate::condition::Pattern;
use crate::data::tools;
use crate::diagnostic::Severity;
use crate::document::shape::{Reading, list};
use crate::limits::{METER_TOOLS_MAX, METERS_MAX, PATTERN_BYTES_MAX, RULE_MESSAGE_BYTES_MAX, RULES_MAX};
use crate::meters::ToolPattern;

/// Environments of an agent where the source knows none.
const ENVIRONMENTS: &[&str] = &["development", "staging", "production"];

/// The word of an action.
const fn word(action: Action) -> &'static str {
    match action {
        Action::Allow => "allow",
        Action::Block => "block",
        Action::RequireApproval => "require_approval",
    }
}

/// The document, section by section.
pub(super) struct Draft<'c, 't> {
    pub(super) cx: &'c mut Reading<'t>,
    /// The agent, where the source names one that counts.
    pub(super) agent_id: Option<String>,
    rules: Vec<Json>,
    rule_names: Names,
    pub(super) tags: Vec<Json>,
    pub(super) metadata: Vec<(String, Json)>,
    pub(super) redact: Vec<String>,
    budgets: Vec<Json>,
    budget_names: Names,
    windows: Vec<Json>,
    window_names: Names,
    pub(super) approvals: Vec<(String, Json)>,
    pub(super) anomaly: Vec<(String, Json)>,
    said: BTreeSet<&'static str>,
}

impl<'c, 't> Draft<'c, 't> {
    pub(super) fn new(cx: &'c mut Reading<'t>) -> Self {
        let mut window_names = Names::default();
        for taken in [crate::check::CALLS_PER_MINUTE, crate::check::DENIALS_PER_MINUTE] {
            window_names.take(taken);
        }
        Self {
            cx,
            agent_id: None,
            rules: Vec::new(),
            rule_names: Names::default(),
            tags: Vec::new(),
            metadata: Vec::new(),
            redact: Vec::new(),
            budgets: Vec::new(),
            budget_names: Names::default(),
            windows: Vec::new(),
            window_names,
            approvals: Vec::new(),
            anomaly: Vec::new(),
            said: BTreeSet::new(),
        }
    }

    /// Keeps a name for a rule of our own.
    pub(super) fn reserve(&mut self, name: &str) {
        self.rule_names.take(name);
    }

    /// A name for a rule, and a note if it is not the author's own.
    pub(super) fn rename(&mut self, wanted: &str, place: &Place) -> String {
        let name = self.rule_names.take(wanted);
        if name != wanted {
            let message = format!("the rule is called `{name}` here");
            let help = "names are unique, 1 to 64 letters, digits, `.`, `_` or `-`; records show the new one";
            self.note(place, "renamed", message, help);
        }
        name
    }

    /// Writes a rule under the name that it has. Long lists of tools become several rules.
    pub(super) fn push_rule(&mut self, rule: &NewRule) {
        for (index, tools) in rule.tools.chunks(METER_TOOLS_MAX).enumerate() {
            let name = if index == 0 { rule.name.clone() } else { self.rule_names.take(&rule.name) };
            let mut members =
                vec![("name".to_owned(), name.into()), ("tools".to_owned(), Json::texts(tools))];
            let mut add = |key: &str, value: Json| members.push((key.to_owned(), value));
            if let Some(when) = &rule.when {
                add("when", when.clone());
            }
            add("action", word(rule.action).into());
            if let Some(message) = &rule.message {
                add("message", cut(message).into());
            }
            if let Some(word) = rule.on_missing {
                add("onMissing", word.into());
            }
            if let Some(word) = rule.on_mismatch {
                add("onMismatch", word.into());
            }
            if !rule.enabled {
                add("enabled", Json::Bool(false));
            }
            self.rules.push(Json::Object(members));
        }
    }

    /// Writes a rule of our own, under a name like this.
    pub(super) fn add_rule(&mut self, rule: NewRule) {
        let name = self.rule_names.take(&rule.name);
        self.push_rule(&NewRule { name, ..rule });
    }

    /// Writes a budget in dollars.
    pub(super) fn push_budget(&mut self, name: &str, limit: &str, per: &str, tools: Option<&str>) {
        let name = self.budget_names.take(name);
        let mut members = vec![
            ("name".to_owned(), name.into()),
            ("limit".to_owned(), limit.into()),
            ("per".to_owned(), per.into()),
        ];
        members.extend(tools.map(|tools| ("tools".to_owned(), Json::texts(&[tools]))));
        self.budgets.push(Json::Object(members));
    }

    /// Writes a rate limit of one tool.
    pub(super) fn push_window(&mut self, name: &str, calls: u64, seconds: u64, tool: &str) {
        let name = self.window_names.take(name);
        self.windows.push(Json::object([
            ("name", name.into()),
            ("maxCalls", calls.into()),
            ("seconds", seconds.into()),
            ("tools", Json::texts(&[tool])),
        ]));
    }

    /// A finding that does not stop the conversion.
    pub(super) fn note(&mut self, place: &Place, code: &'static str, message: impl Into<String>, help: &str) {
        let Place { span, pointer } = place.clone();
        self.cx.report(
            Severity::Warning,
            code,
            span,
            pointer,
            message.into(),
            "this entry",
            Some(help.to_owned()),
        );
    }

    /// The same, at the first place that gives cause for it.
    pub(super) fn note_once(&mut self, place: &Place, code: &'static str, message: &str, help: &str) {
        if self.said.insert(code) {
            self.note(place, code, message, help);
        }
    }

    /// Says that a message is too long to be carried over whole.
    pub(super) fn note_message(&mut self, message: &str, place: &Place) {
        if cut(message).len() < message.len() {
            let message = format!("the message is cut after {RULE_MESSAGE_BYTES_MAX} bytes");
            self.note(place, "shortened", message, "say it in fewer words");
        }
    }

    /// A finding that does.
    pub(super) fn error(
        &mut self,
        place: &Place,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let Place { span, pointer } = place.clone();
        self.cx.report(Severity::Error, code, span, pointer, message.into(), "this entry", Some(help.into()));
    }

    /// An expression in our notation, `before` and `after` around it; `None` if it was reported as
    /// a mistake.
    pub(super) fn regex(
        &mut self,
        text: &str,
        (flavour, sense): (Flavour, Sense),
        (before, after): (&str, &str),
        place: &Place,
    ) -> Option<String> {
        if text.len() > PATTERN_BYTES_MAX {
            let message = format!("the expression is longer than {PATTERN_BYTES_MAX} bytes");
            self.error(place, "bad-regex", message, "write several conditions, or rules");
            return None;
        }
        let own = match translate(text, flavour, sense) {
            Ok(own) => own,
            Err(unlike) => {
                self.error(place, "unlike-regex", unlike.message, unlike.help);
                return None;
            }
        };
        if own.is_ascii_here {
            let message = "`\\w`, `\\d`, `\\s`, `\\b` and `(?i)` know the letters of ASCII here";
            self.note_once(
                place,
                "ascii-classes",
                message,
                "list other letters in a class where they matter",
            );
        }
        // First alone, so that it cannot close what is put around it.
        let pattern = format!("{before}{}{after}", own.pattern);
        match Pattern::parse(&own.pattern).and_then(|_| Pattern::parse(&pattern)) {
            Ok(_) => Some(pattern),
            Err(help) => {
                let message =
                    format!("`{}` is not a regular expression that is supported", text.escape_debug());
                self.error(place, "bad-regex", message, help);
                None
            }
        }
    }

    /// Says which of the tools are decided by more than rules.
    pub(super) fn note_mapped(&mut self, tools: &str, place: &Place) {
        let names = mapped(tools);
        if !names.is_empty() {
            let message = format!("{} stay governed by `dataAccess` and `toolActions.bash`", list(&names));
            let help = "rules can only make those stricter; name there which files and commands are allowed";
            self.note(place, "file-tool", message, help);
        }
    }

    /// Writes the last rule: what happens where no other one says anything.
    pub(super) fn push_default(&mut self, action: Action, place: &Place) {
        self.push_rule(&NewRule::new("default", vec!["*".to_owned()], action));
        if action == Action::Allow {
            self.note_once(
                place,
                "default-allow",
                "every tool that no rule names is allowed, as there",
                "list in the last rule what the agent needs; tools on files and commands stay closed until \
                 `dataAccess` and `toolActions.bash` open them",
            );
        }
    }

    /// The text of the document.
    pub(super) fn finish(mut self, agent_id: &str, options: &ConvertOptions<'_>) -> String {
        for (count, max, what) in [
            (self.rules.len(), RULES_MAX, "rules"),
            (self.budgets.len(), METERS_MAX, "budgets"),
            (self.windows.len(), METERS_MAX, "rate limits"),
        ] {
            if count > max {
                let message = format!("{count} {what}; a policy holds at most {max}");
                self.error(&Place::default(), "too-many", message, "merge some, or use several agents");
            }
        }
        let environments = if options.environments.is_empty() { ENVIRONMENTS } else { options.environments };
        let identity = Json::object([
            ("authorityLevel", "limited-ops".into()),
            ("environmentScope", Json::texts(environments)),
        ]);
        let mut members = vec![
            ("agentId".to_owned(), agent_id.into()),
            ("version".to_owned(), options.version.into()),
            ("identity".to_owned(), identity),
        ];
        let windows = (!self.windows.is_empty()).then(|| ("windows".to_owned(), Json::List(self.windows)));
        for (name, section) in [
            ("rules", Json::List(self.rules)),
            ("tags", Json::List(self.tags)),
            ("metadata", Json::Object(self.metadata)),
            ("redact", Json::texts(&self.redact)),
            ("budgets", Json::List(self.budgets)),
            ("rateLimits", Json::Object(windows.into_iter().collect())),
            ("approvals", Json::Object(self.approvals)),
            ("anomaly", Json::Object(self.anomaly)),
        ] {
            if !matches!(&section, Json::List(items) if items.is_empty())
                && !matches!(&section, Json::Object(members) if members.is_empty())
            {
                members.push((name.to_owned(), section));
            }
        }
        Json::Object(members).pretty()
    }
}

/// As much of a message as a rule holds.
fn cut(message: &str) -> &str {
    message.get(..message.floor_char_boundary(RULE_MESSAGE_BYTES_MAX)).unwrap_or_default()
}

/// Tools of the built-in map that a pattern names, as long as it names any in particular.
fn mapped(tools: &str) -> Vec<&str> {
    const SHOWN: usize = 4;
    if !tools.contains('*') {
        return tools::find(tools).map(|_| tools).into_iter().collect();
    }
    if tools.bytes().all(|byte| byte == b'*') {
        return Vec::new();
    }
    let pattern = ToolPattern::new(tools);
    tools::TOOLS.iter().map(|tool| tool.name).filter(|name| pattern.matches(name)).take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_tools_are_found_by_name_and_by_pattern() {
        assert_eq!(mapped("Read"), ["Read"]);
        assert_eq!(mapped("mcp__filesystem__read_file"), ["mcp__filesystem__read_file"]);
        assert_eq!(mapped("write_*"), ["write_file"]);
        assert!(mapped("*").is_empty());
        assert!(mapped("transfer_*").is_empty());
    }
}
