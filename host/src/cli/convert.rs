//! `sentinel convert`: a policy of another product as one of ours.
//!
//! What it means is the engine's to say, and what it could not carry over, too. This reads, writes,
//! and loads the result before anybody relies on it.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use sentinel::engine::{
    Conversion, ConvertOptions, Diagnostic, Dialect, Engine, Format, LoadError, Session, Severity,
};
use sentinel::policy_file::PolicyFile;
use serde_json::value::RawValue;
use tempfile::NamedTempFile;

use super::json::Finding;
use super::page::{self, Page};
use super::validate::draw;
use super::{Context, Exit};

const AFTER_HELP: &str = "\
Examples:
  sentinel convert --from rules-json --agent buyer rules.json -o buyer.soe.json
  sentinel convert --from callguard --agent coder callguard.yaml > coder.soe.json
  sentinel convert --from x402 --agent payer --environment production policy.json --json

The policy goes to standard output, the notes about it to standard error: what could not be carried
over, and what is stricter here. Read them; then `sentinel validate` and `sentinel explain`.";

/// Write a policy of another product as one of ours
///
/// The notation follows the extension (.json, .yaml, .yml); without one, a document that starts with
/// `{` is JSON. Exits with 1, and writes nothing, where the document is refused.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Whose policy it is [default: what it looks like]
    #[arg(long, value_enum, value_name = "DIALECT")]
    from: Option<Source>,
    /// The agent that it is for [default: the one that the document names]
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// Version of the new document
    #[arg(long, value_name = "VERSION", default_value = "1.0.0")]
    doc_version: String,
    /// Where the agent may work; several times for several [default: development, staging, production]
    #[arg(long, value_name = "NAME")]
    environment: Vec<String>,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long, requires = "output")]
    force: bool,
    /// Print JSON: {"document", "notes"}, or {"errors", "notes"}
    #[arg(long)]
    json: bool,
    /// The document; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Whose documents can be read.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Source {
    /// Rules of agentic-sentinel, rules.json
    RulesJson,
    /// Policy of agentsentinel-sdk, callguard.yaml
    Callguard,
    /// Budget policy of x402 Sentinel
    X402,
}

impl Source {
    const fn dialect(self) -> Dialect {
        match self {
            Self::RulesJson => Dialect::RulesJson,
            Self::Callguard => Dialect::Callguard,
            Self::X402 => Dialect::X402,
        }
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let engine = Engine::embedded()?;
    let file = PolicyFile::read(&args.file)?;
    let options = ConvertOptions {
        agent_id: args.agent.clone().unwrap_or_default(),
        version: args.doc_version.clone(),
        environments: args.environment.clone(),
    };
    let dialect = args.from.map(Source::dialect);
    match engine.convert(&file.text, file.format, dialect, &options)? {
        Ok(conversion) => accept(args, context, &engine, &file, &conversion),
        Err(errors) => refuse(args, context, &file, &errors),
    }
}

fn accept(
    args: &Args,
    context: &Context,
    engine: &Engine,
    file: &PolicyFile,
    conversion: &Conversion,
) -> anyhow::Result<Exit> {
    let document = &conversion.document;
    // The engine wrote it, and reads it once more as anybody's: nobody finds out later.
    let warnings = match Session::open(engine, document.clone(), Format::Json) {
        Ok(session) => session.warnings().to_vec(),
        Err(LoadError::Refused(errors)) => {
            draw_notes(context, "the new policy", document, &errors)?;
            bail!("the new policy does not load, and was not written: the mistakes above are in it");
        }
        Err(error) => return Err(error).context("the new policy could not be loaded"),
    };
    let notes = &conversion.notes;
    if !args.json || args.output.is_some() {
        draw_notes(context, &file.name, &file.text, notes)?;
        draw_notes(context, "the new policy", document, &warnings)?;
    }
    let text = format!("{}\n", document.trim_end());
    if let Some(path) = &args.output {
        write(path, &text, args.force)?;
        let count = notes.len();
        let word = if count == 1 { "note" } else { "notes" };
        page::note(&format!(
            "`{}` is written, with {count} {word}: run `sentinel validate` on it",
            path.display()
        ));
    }
    let mut out = context.page.out();
    if args.json {
        let document: &RawValue = serde_json::from_str(document).context("the new policy is no JSON")?;
        serde_json::to_writer_pretty(
            &mut out,
            &serde_json::json!({ "document": document, "notes": shown(notes) }),
        )?;
        writeln!(out)?;
    } else if args.output.is_none() {
        out.write_all(text.as_bytes())?;
    }
    out.flush()?;
    Ok(Exit::Ok)
}

fn refuse(
    args: &Args,
    context: &Context,
    file: &PolicyFile,
    findings: &[Diagnostic],
) -> anyhow::Result<Exit> {
    let (errors, notes): (Vec<_>, Vec<_>) =
        findings.iter().partition(|finding| finding.severity == Severity::Error);
    let count = errors.len();
    if args.json {
        let mut out = context.page.out();
        let report = serde_json::json!({ "errors": shown(errors), "notes": shown(notes) });
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
        out.flush()?;
    } else {
        draw_notes(context, &file.name, &file.text, findings)?;
    }
    let word = if count == 1 { "mistake" } else { "mistakes" };
    page::note(&format!("error: `{}` is not converted: {count} {word}, and nothing was written", file.name));
    Ok(Exit::Error)
}

fn shown<'a>(findings: impl IntoIterator<Item = &'a Diagnostic>) -> Vec<Finding<'a>> {
    findings.into_iter().map(Finding::from).collect()
}

/// Beside the document, so that it can go into a file or a pipe.
fn draw_notes(context: &Context, name: &str, text: &str, notes: &[Diagnostic]) -> anyhow::Result<()> {
    let page = Page { color: context.page.color && io::stderr().is_terminal(), ..context.page };
    let drawn = draw::findings(page, name, text, notes)?;
    io::stderr().write_all(drawn.as_bytes())?;
    Ok(())
}

/// All of it or nothing, and over nobody's work.
fn write(path: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let failed = || format!("`{}` could not be written", path.display());
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(directory).with_context(failed)?;
    file.write_all(text.as_bytes()).with_context(failed)?;
    readable(&file).with_context(failed)?;
    let done = if force { file.persist(path) } else { file.persist_noclobber(path) };
    match done {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            bail!("`{}` is there already: choose another name, or replace it with --force", path.display())
        }
        Err(error) => Err(error.error).with_context(failed),
    }
}

/// A temporary file is for its owner only; a policy is read by the daemon, too.
#[cfg(unix)]
fn readable(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &NamedTempFile) -> io::Result<()> {
    Ok(())
}
