//! The compiled policy: immutable, indexed, and the only thing a decision looks at.

use std::collections::BTreeMap;

use crate::anomaly::Anomaly;
use crate::approval::ApprovalRules;
use crate::call::Call;
use crate::command::{AllowedEnv, CommandSet};
use crate::condition::{Condition, Spent, Work};
use crate::data::tools::{self, Use};
use crate::decision::{self, Digest, Mode};
use crate::diagnostic::Diagnostic;
use crate::literal_index::LiteralIndex;
use crate::meters::Meter;
use crate::network::{Network, Passthrough};
use crate::path::PathSet;
use crate::tool_index::ToolIndex;
use crate::{Format, compile};

/// A checked and compiled policy document.
#[derive(Debug)]
pub struct Policy {
    pub(crate) agent_id: String,
    pub(crate) version: String,
    pub(crate) mode: Mode,
    pub(crate) digest: Digest,
    /// `None`: the document says nothing, so nothing is granted.
    pub(crate) authority: Option<Authority>,
    pub(crate) environments: Vec<String>,
    pub(crate) files: Option<FileRules>,
    /// Named tools, with the index of their entry.
    pub(crate) allowed: NameRules,
    pub(crate) denied: NameRules,
    pub(crate) bash: Option<BashRules>,
    pub(crate) tool_map: BTreeMap<String, Vec<(String, Use)>>,
    /// `None`: no host may be reached.
    pub(crate) network: Option<Network>,
    /// For proxies: no request is decided by it.
    pub(crate) passthrough: Passthrough,
    pub(crate) points: PointRules,
    pub(crate) budget: Option<Budget>,
    /// Budgets in document order, then rate limits.
    pub(crate) meters: Vec<Meter>,
    pub(crate) anomaly: Option<Anomaly>,
    pub(crate) approvals: ApprovalRules,
    pub(crate) rules: RuleBook,
    pub(crate) tags: TagBook,
    /// In document order.
    pub(crate) metadata: Vec<(String, String)>,
    /// Names of arguments that records hide, as they are written.
    pub(crate) redact: Vec<String>,
    /// Whether something in it may look at the input of the tool `http`, beside `network`.
    pub(crate) reads_requests: bool,
    pub(crate) looks: RequestLooks,
    pub(crate) about: About,
    pub(crate) warnings: Vec<Diagnostic>,
}

impl Policy {
    /// Whether something in it may look at the arguments of a tool by their names, or at how many there are.
    pub(crate) fn looks_at(&self, tool: &str) -> bool {
        let rules = self.rules.of(tool, &mut Work::new()).map(|mut rules| rules.next().is_some());
        let tags = self.tags.of(tool, &mut Work::new()).map(|mut tags| tags.next().is_some());
        let by_name = self.tool_map.contains_key(tool) || tools::find(tool).is_some();
        by_name
            || rules.unwrap_or(true)
            || tags.unwrap_or(true)
            || self.anomaly.is_some()
            || !self.meters.is_empty()
    }
}

impl Policy {
    /// Whether the agent's authority lets only some methods through.
    pub(crate) fn judges_methods(&self) -> bool {
        self.authority.is_none_or(|own| own < Authority::Execute)
    }
}

/// What `rules` look at in a request over HTTP, beside `network`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestLooks {
    pub(crate) method: bool,
    pub(crate) path: bool,
    pub(crate) body: bool,
}

/// What the four authority levels come down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Authority {
    /// `read-only`
    Read,
    /// `advisory-only`
    Write,
    /// `limited-ops`, `full-ops`, and every label that we do not know (15.16)
    Execute,
}

/// One list of patterns: the set that finds one, and what the author wrote.
#[derive(Debug)]
pub(crate) struct Rules<S> {
    pub(crate) set: S,
    pub(crate) written: Vec<decision::Rule>,
}

impl<S> Rules<S> {
    /// The rule of this number as its author wrote it.
    pub(crate) fn written(&self, rule: usize) -> Option<&decision::Rule> {
        self.written.get(rule)
    }
}

/// `dataAccess`
#[derive(Debug)]
pub(crate) struct FileRules {
    pub(crate) read_allow: Rules<PathSet>,
    pub(crate) read_deny: Rules<PathSet>,
    pub(crate) write_allow: Rules<PathSet>,
    pub(crate) write_deny: Rules<PathSet>,
}

/// `toolActions.bash`
#[derive(Debug)]
pub(crate) struct BashRules {
    pub(crate) allow: Rules<CommandSet>,
    pub(crate) deny: Rules<CommandSet>,
    pub(crate) env: AllowedEnv,
}

/// Exact names and where they stand.
#[derive(Debug, Default)]
pub(crate) struct NameRules {
    pub(crate) names: BTreeMap<String, decision::Rule>,
}

/// The risk table after the policy's own entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PointRules {
    pub(crate) read: u64,
    pub(crate) search: u64,
    pub(crate) edit: u64,
    pub(crate) write: u64,
    pub(crate) tool: u64,
    pub(crate) denied: u64,
    /// For commands that neither table lists.
    pub(crate) command: u64,
    /// The policy's own.
    pub(crate) commands: BTreeMap<String, u64>,
}

/// `riskBudget`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) max: u64,
    pub(crate) warn: u64,
    pub(crate) throttle: u64,
    pub(crate) critical: u64,
    pub(crate) exhausted: u64,
    /// Of the agent, across its sessions.
    pub(crate) max_per_day: u64,
    pub(crate) max_per_call: Option<u64>,
}

/// `rules`, those that are enabled.
#[derive(Debug)]
pub(crate) struct RuleBook {
    pub(crate) index: ToolIndex,
    pub(crate) literals: LiteralIndex,
    pub(crate) rules: Vec<Rule>,
}

impl RuleBook {
    /// The rules that speak of a tool, in document order.
    pub(crate) fn of<'s>(
        &'s self,
        tool: &str,
        work: &mut Work,
    ) -> Result<impl Iterator<Item = &'s Rule> + use<'s>, Spent> {
        Ok(chosen(&self.rules, self.index.of(tool, work)?))
    }

    /// Those that speak of the tool of a call, but for some whose condition is false.
    pub(crate) fn asked<'s>(
        &'s self,
        call: &Call<'_>,
        work: &mut Work,
    ) -> Result<impl Iterator<Item = &'s Rule> + use<'s>, Spent> {
        let mut numbers = self.index.of(&call.tool_name, work)?;
        let seen = self.literals.look(call, work)?;
        numbers.retain(|number| !self.literals.excludes(*number, &seen));
        Ok(chosen(&self.rules, numbers))
    }
}

/// One rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// `None`: always.
    pub(crate) when: Option<Condition>,
    pub(crate) action: Action,
    pub(crate) message: Option<String>,
    pub(crate) on_missing: OnUnknown,
    pub(crate) on_mismatch: OnUnknown,
    /// Its name, and where it stands.
    pub(crate) written: decision::Rule,
}

/// `tags`
#[derive(Debug)]
pub(crate) struct TagBook {
    pub(crate) index: ToolIndex,
    pub(crate) tags: Vec<Tag>,
}

impl TagBook {
    /// The entries that speak of a tool, in document order.
    pub(crate) fn of<'s>(
        &'s self,
        tool: &str,
        work: &mut Work,
    ) -> Result<impl Iterator<Item = &'s Tag> + use<'s>, Spent> {
        Ok(chosen(&self.tags, self.index.of(tool, work)?))
    }
}

/// Labels, and the calls that get them.
#[derive(Debug)]
pub(crate) struct Tag {
    pub(crate) add: Vec<String>,
    /// `None`: always.
    pub(crate) when: Option<Condition>,
}

fn chosen<T>(all: &[T], numbers: Vec<u32>) -> impl Iterator<Item = &T> {
    numbers.into_iter().filter_map(|number| all.get(usize::try_from(number).ok()?))
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Allow,
    Block,
    RequireApproval,
}

/// What a rule does that cannot be answered, from loosest to strictest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OnUnknown {
    Skip,
    #[default]
    Escalate,
    Block,
}

/// What no decision depends on, and people want to know.
#[derive(Debug)]
pub(crate) struct About {
    pub(crate) role: Option<String>,
    /// The authority level as it is written.
    pub(crate) authority: Option<String>,
    pub(crate) data_classification: Option<&'static str>,
    pub(crate) compliance_frameworks: Vec<String>,
    pub(crate) description: Option<String>,
}

impl Policy {
    /// Parses, checks and compiles a document. The error lists every finding.
    pub fn load(text: &str, format: Format) -> Result<Self, Vec<Diagnostic>> {
        Ok(compile(crate::check(&crate::parse(text, format)?)?))
    }

    /// The same policy where the installation has a mode of its own: the stricter of the two counts.
    #[must_use]
    pub fn at_least(mut self, mode: Option<Mode>) -> Self {
        self.mode = mode.map_or(self.mode, |mode| mode.max(self.mode));
        self
    }

    /// The agent that this policy governs.
    pub fn agent_id(&self) -> &str {
        &self.agent_id
    }

    /// Version text of the document.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Rollout mode of the document.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Over the exact text of the document.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The most risk points of a session, where the document sets a budget.
    pub fn risk_max(&self) -> Option<u64> {
        self.budget.map(|budget| budget.max)
    }

    /// Findings that did not stop the document from loading.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }
}
