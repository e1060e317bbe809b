//! The policy document, as types.
//!
//! Each type below says three things at once: what a document may hold, how it is read with
//! every mistake reported, and what the JSON Schema says of it ([`shape`]). The doc comments are
//! the descriptions that editors show.

pub(crate) mod anomaly;
pub(crate) mod approvals;
pub(crate) mod condition;
pub(crate) mod leaves;
pub(crate) mod meters;
pub(crate) mod rules;
pub(crate) mod shape;
pub(crate) mod x402;

use crate::decision::Mode;
use anomaly::Anomaly;
use approvals::Approvals;
use leaves::{AgentId, CommandRule, PathRule, Points, Text, VariableRule};
use meters::{BudgetList, DayPoints, RateLimits};
use rules::{Metadata, Redact, RuleList, TagList};
use shape::{Map, shape_enum, shape_struct};

shape_struct! {
    /// A Sentinel policy: who an agent is, what data it may touch, what it may do.
    pub(crate) struct Document {
        /// JSON Schema of this document, for editors.
        schema: Option<Text> = "$schema",
        /// The agent that this policy governs.
        agent_id: AgentId = "agentId",
        /// Version of this document, for people and for deployment order.
        version: Text = "version",
        /// Version of the document format, for people.
        schema_version: Option<Text> = "schemaVersion",
        /// What the agent is for.
        description: Option<Text> = "description",
        /// Frameworks that this policy helps with, such as `soc2`.
        compliance_frameworks: Option<Vec<Text>> = "complianceFrameworks",
        /// Regulatory classification, for records.
        classification: Option<Classification> = "classification",
        /// How far the policy is rolled out; `enforce` if absent.
        mode: Option<Mode> = "mode",
        /// Who the agent is and where it may operate.
        identity: Identity = "identity",
        /// Files that the agent may read and write. Without it, no file.
        data_access: Option<DataAccess> = "dataAccess",
        /// Tools and commands that the agent may use. Without it, none.
        tool_actions: Option<ToolActions> = "toolActions",
        /// Risk points that a session may use.
        risk_budget: Option<RiskBudget> = "riskBudget",
        /// Money, tokens, calls or points that the agent may use.
        budgets: Option<BudgetList> = "budgets",
        /// How often something may happen in a stretch of time.
        rate_limits: Option<RateLimits> = "rateLimits",
        /// What to do about calls that are unusual beside the agent's earlier ones.
        anomaly: Option<Anomaly> = "anomaly",
        /// What a person has to be asked about, and who that is.
        approvals: Option<Approvals> = "approvals",
        /// What happens to calls by what they are called with: the first rule that holds decides.
        rules: Option<RuleList> = "rules",
        /// Labels for the records of calls.
        tags: Option<TagList> = "tags",
        /// What people want to know of the agent, for records: text to text.
        metadata: Option<Metadata> = "metadata",
        /// Names of arguments that records hide, at any depth, letter case ignored.
        redact: Option<Redact> = "redact",
    }
}

shape_struct! {
    /// Regulatory classification, for records; nothing is decided by it.
    pub(crate) struct Classification {
        /// Risk class of the EU AI Act.
        eu_ai_act: Option<Text> = "euAiAct",
        /// Annex of that act.
        annex: Option<Text> = "annex",
        /// Articles of that act.
        articles: Option<Vec<Text>> = "articles",
        /// Function of the NIST AI Risk Management Framework.
        nist_ai_rmf: Option<Text> = "nistAiRmf",
    }
}

shape_struct! {
    /// Who the agent is and where it may operate.
    pub(crate) struct Identity {
        /// A label for the agent's function.
        role: Option<Text> = "role",
        /// What the agent may do at most: `read-only`, `advisory-only` (reads and writes),
        /// `limited-ops` or `full-ops` (commands as well). Any other label means `limited-ops`.
        /// Without it, nothing.
        authority_level: Option<Text> = "authorityLevel",
        /// Environments in which the agent may act at all. Without it, none.
        environment_scope: Option<Vec<Text>> = "environmentScope",
        /// Sensitivity of the data that the agent handles.
        data_classification: Option<DataClassification> = "dataClassification",
        /// Personas that may use the agent, for records.
        allowed_personas: Option<Vec<Text>> = "allowedPersonas",
        /// Regulation that applies, for records.
        regulatory_context: Option<Text> = "regulatoryContext",
        /// Owner of the agent, for records.
        team_id: Option<Text> = "teamId",
    }
}

shape_struct! {
    /// Path patterns. Deny wins; what no pattern allows is denied.
    pub(crate) struct DataAccess {
        /// Files that may be read.
        read_allow: Option<Vec<PathRule>> = "readAllow",
        /// Files that may be neither read nor written.
        read_deny: Option<Vec<PathRule>> = "readDeny",
        /// Files that may be written.
        write_allow: Option<Vec<PathRule>> = "writeAllow",
        /// Files that may not be written.
        write_deny: Option<Vec<PathRule>> = "writeDeny",
    }
}

shape_struct! {
    /// Tools by exact name, and shell commands by pattern.
    pub(crate) struct ToolActions {
        /// Named tools that may be used.
        allowed: Option<Vec<Text>> = "allowed",
        /// Named tools that may not be used, whatever else is said.
        denied: Option<Vec<Text>> = "denied",
        /// Shell commands.
        bash: Option<Bash> = "bash",
        /// Further tools whose arguments are paths or commands.
        tool_map: Option<Map<ToolFields>> = "toolMap",
    }
}

shape_struct! {
    /// Command patterns: `*` stands for any text inside one command, `|` joins a pipeline.
    pub(crate) struct Bash {
        /// Commands that may run. Every command of a line has to match one.
        allow: Option<Vec<CommandRule>> = "allow",
        /// Commands that may not run, however they are spelled.
        deny: Option<Vec<CommandRule>> = "deny",
        /// Further environment variables that a command line may set, `*` at the end allowed.
        allow_env: Option<Vec<VariableRule>> = "allowEnv",
    }
}

shape_struct! {
    /// Which arguments of a tool are paths or a command.
    pub(crate) struct ToolFields {
        /// Arguments that name files to be read.
        read: Option<Vec<Text>> = "read",
        /// Arguments that name files to be written.
        write: Option<Vec<Text>> = "write",
        /// The argument that holds a bash command.
        command: Option<Text> = "command",
    }
}

shape_struct! {
    /// Risk points that a session may use, and what happens on the way.
    pub(crate) struct RiskBudget {
        /// Most points of a session.
        max_per_session: Points = "maxPerSession",
        /// Most points of the agent in the last 24 hours, across its sessions; 24 times
        /// `maxPerSession` if absent.
        max_per_day: Option<DayPoints> = "maxPerDay",
        /// Most points of one call. One that costs more is denied.
        max_per_call: Option<Points> = "maxPerCall",
        /// Where the session is slowed down; each defaults to the next one, `exhausted` to the maximum.
        thresholds: Option<Thresholds> = "thresholds",
        /// What a call costs, where it should differ from the built-in table.
        points: Option<PointTable> = "points",
    }
}

shape_struct! {
    /// Points at which a session changes: 0 ≤ warn ≤ throttle ≤ critical ≤ exhausted ≤ maxPerSession.
    pub(crate) struct Thresholds {
        /// The session is marked.
        warn: Option<Points> = "warn",
        /// Writes and commands of 5 points and more need a person.
        throttle: Option<Points> = "throttle",
        /// Only reads.
        critical: Option<Points> = "critical",
        /// Nothing.
        exhausted: Option<Points> = "exhausted",
    }
}

shape_struct! {
    /// Points by kind of call.
    pub(crate) struct PointTable {
        /// Reading one file or listing a directory.
        read: Option<Points> = "read",
        /// Searching many files.
        search: Option<Points> = "search",
        /// Changing a file.
        edit: Option<Points> = "edit",
        /// Writing or moving a whole file.
        write: Option<Points> = "write",
        /// A named tool.
        tool: Option<Points> = "tool",
        /// A denied attempt, whatever was attempted.
        denied: Option<Points> = "denied",
        /// Commands by program name, `*` for all others.
        bash: Option<Map<Points>> = "bash",
    }
}

shape_enum! {
    /// How far a policy is rolled out.
    Mode {
        "enforce" => Self::Enforce,
        "audit" => Self::Audit,
        "shadow" => Self::Shadow,
        "dry-run" => Self::DryRun,
    }
}

/// Sensitivity of data, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataClassification {
    Public,
    Internal,
    Confidential,
    Restricted,
}

impl DataClassification {
    /// The word used in documents.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
        }
    }
}

shape_enum! {
    /// Sensitivity of the data that the agent handles.
    DataClassification {
        "public" => Self::Public,
        "internal" => Self::Internal,
        "confidential" => Self::Confidential,
        "restricted" => Self::Restricted,
    }
}

/// The JSON Schema of the policy document, draft 2020-12.
pub fn schema() -> String {
    use shape::Shape as _;
    let body = Document::schema();
    let body = body.strip_prefix('{').unwrap_or(&body);
    format!(
        r#"{{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Sentinel policy","$defs":{{"condition":{}}},{body}"#,
        condition::condition_schema()
    )
}
