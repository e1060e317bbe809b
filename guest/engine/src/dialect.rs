//! Policies of other products, converted to ours: `rules.json` of agentic-sentinel,
//! `callguard.yaml` of agentsentinel-sdk, the configuration of x402 Sentinel.
//!
//! A conversion is text to text, and nothing else reads these formats: what decides afterwards is
//! the document that came out, which people can read and change. What cannot be carried over is a
//! mistake or a note with its place in the source, never silence; where a reading is uncertain,
//! the stricter one is taken.
//!
//! One file per product; [`draft`] is what they write to, [`leaves`] what they read with.

mod callguard;
mod draft;
mod fnmatch;
mod json;
mod leaves;
mod names;
mod recognise;
mod regex;
mod rule;
mod rules_json;
mod x402;

use crate::Format;
use crate::check::{check, duplicates, parse};
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::document::leaves::AgentId;
use crate::document::shape::{Reading, list};
use draft::Draft;

pub(crate) use recognise::hint;

/// A policy format of another product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// `rules.json` of agentic-sentinel.
    RulesJson,
    /// `callguard.yaml` of agentsentinel-sdk.
    Callguard,
    /// The configuration or the budget policy of x402 Sentinel.
    X402,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::RulesJson, Self::Callguard, Self::X402];

    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RulesJson => "rules-json",
            Self::Callguard => "callguard",
            Self::X402 => "x402",
        }
    }

    /// The dialect that this word means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == word)
    }

    /// What a document of it is called in messages.
    const fn noun(self) -> &'static str {
        match self {
            Self::RulesJson => "a rules file of agentic-sentinel",
            Self::Callguard => "a callguard file of agentsentinel-sdk",
            Self::X402 => "a configuration of x402 Sentinel",
        }
    }
}

/// What a source does not say and our document needs.
#[derive(Clone, Copy, Debug)]
pub struct ConvertOptions<'a> {
    /// The agent that the policy will govern. Empty: the one that the source names.
    pub agent_id: &'a str,
    /// Version of the new document.
    pub version: &'a str,
    /// Environments in which the agent may act; `development`, `staging` and `production` if empty.
    pub environments: &'a [&'a str],
}

/// A policy of ours, and what its author has to know about the way there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// The document, as JSON for people: two blanks for each level, a line break at the end.
    pub document: String,
    /// What could not be carried over or is stricter here. The places are those of the source.
    pub notes: Vec<Diagnostic>,
}

/// Converts a policy of another product. Without a dialect, it is recognised. The error lists every
/// mistake of the source, in its own words, and the notes with them.
pub fn convert(
    text: &str,
    format: Format,
    dialect: Option<Dialect>,
    options: &ConvertOptions<'_>,
) -> Result<Conversion, Vec<Diagnostic>> {
    let tree = parse(text, format)?;
    let Some(dialect) = dialect.or_else(|| recognise::recognise(&tree.root)) else {
        let mut cx = Reading::of(&tree, "a policy");
        recognise::refuse(&tree.root, &mut cx);
        return Err(cx.finish());
    };
    let mut cx = Reading::of(&tree, dialect.noun());
    duplicates(&tree, &mut cx);
    let mut draft = Draft::new(&mut cx);
    match dialect {
        Dialect::RulesJson => rules_json::convert(&tree.root, &mut draft),
        Dialect::Callguard => callguard::convert(&tree.root, &mut draft),
        Dialect::X402 => x402::convert(&tree.root, options.agent_id, &mut draft),
    }
    let own = draft.agent_id.clone();
    let document = draft.finish(own.as_deref().unwrap_or(options.agent_id), options);
    // The agent of the source was checked where it stands.
    check_options(own.is_none(), options, &mut cx);
    if !cx.has_errors() {
        check_document(&document, &mut cx);
    }
    let has_errors = cx.has_errors();
    let findings = cx.finish();
    if has_errors { Err(findings) } else { Ok(Conversion { document, notes: findings }) }
}

/// What comes out has to load: a bound of ours that the source exceeds is a mistake of the source
/// as far as we are concerned, and nobody gets a document that is refused later.
fn check_document(document: &str, cx: &mut Reading<'_>) {
    let found = parse(document, Format::Json).and_then(|tree| check(&tree).map(|_| ()));
    for one in found.err().into_iter().flatten().filter(|one| one.severity == Severity::Error) {
        let message = format!("what comes out is refused at {}: {}", one.pointer, one.message);
        cx.report(Severity::Error, one.code, Span::default(), String::new(), message, "", one.help);
    }
}

/// What the caller adds has to be as right as what the source says.
fn check_options(names_agent: bool, options: &ConvertOptions<'_>, cx: &mut Reading<'_>) {
    let mut error = |code: &'static str, message: String, help: &str| {
        let (span, help) = (Span::default(), Some(help.to_owned()));
        cx.report(Severity::Error, code, span, String::new(), message, "", help);
    };
    let agent_id = options.agent_id;
    if names_agent && agent_id.is_empty() {
        let message = "nothing says which agent the policy is for".to_owned();
        error("missing-agent", message, "name the agent: `sentinel convert FILE --agent ID`");
    } else if names_agent && !AgentId::is_valid(agent_id) {
        let message = format!("`{}` is not an agent id", agent_id.escape_debug());
        let help =
            "use 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit, without `..`";
        error("bad-agent-id", message, help);
    }
    for text in options.environments.iter().chain([&options.version]) {
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            let message = format!("`{}` is not a version or an environment", text.escape_debug());
            error("bad-option", message, "write one line of printable text");
        }
    }
}

/// The words of all dialects.
fn words() -> String {
    list(&Dialect::ALL.map(Dialect::as_str))
}
