//! `sentinel validate`: every mistake of a policy document, drawn where it stands.

pub(super) mod draw;

use std::io::Write;
use std::path::PathBuf;

use sentinel::engine::{Diagnostic, Engine, LoadError, Session, Severity};
use sentinel::policy_file::{PolicyFile, PolicyFileError};
use serde::Serialize;
use serde_json::{Value, json};

use super::json::Finding;
use super::page::Tone;
use super::{Context, Exit};

/// Check policy documents
///
/// The notation follows the extension (.json, .yaml, .yml); without one, a document that starts
/// with `{` is JSON. Exits with 1 if a document is refused.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Policy documents; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Let warnings fail as errors do
    #[arg(long)]
    strict: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What became of one document.
struct Report {
    name: String,
    /// Empty where it could not be read.
    text: String,
    findings: Vec<Diagnostic>,
    /// Why it could not even be looked at.
    unusable: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let engine = Engine::embedded()?;
    let reports: Vec<_> = args.files.iter().map(|path| check(&engine, path)).collect();
    let mut out = context.page.out();
    if args.json {
        let files: Vec<_> = reports.iter().map(Report::to_json).collect();
        serde_json::to_writer_pretty(&mut out, &files)?;
        writeln!(out)?;
    } else {
        for report in &reports {
            report.print(context, &mut out)?;
        }
        summary(&reports, context, &mut out)?;
    }
    out.flush()?;
    let failed = reports
        .iter()
        .any(|report| !report.is_valid() || (args.strict && report.warnings().next().is_some()));
    Ok(if failed { Exit::Error } else { Exit::Ok })
}

fn check(engine: &Engine, path: &std::path::Path) -> Report {
    let file = match PolicyFile::read(path) {
        Ok(file) => file,
        Err(error) => return Report::unusable(path.display().to_string(), &error),
    };
    let (findings, unusable) = match Session::open(engine, file.text.clone(), file.format) {
        Ok(session) => (session.warnings().to_vec(), None),
        Err(LoadError::Refused(findings)) => (findings, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    Report { name: file.name, text: file.text, findings, unusable }
}

impl Report {
    fn unusable(name: String, error: &PolicyFileError) -> Self {
        let source = std::error::Error::source(error).map_or(String::new(), |source| format!(": {source}"));
        Self { name, text: String::new(), findings: Vec::new(), unusable: Some(format!("{error}{source}")) }
    }

    fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Warning)
    }

    fn is_valid(&self) -> bool {
        self.unusable.is_none() && self.errors().next().is_none()
    }

    fn to_json(&self) -> Value {
        #[derive(Serialize)]
        struct File<'a> {
            file: &'a str,
            valid: bool,
            errors: Vec<Value>,
            warnings: Vec<Value>,
        }
        let values = |findings: &mut dyn Iterator<Item = &Diagnostic>| -> Vec<Value> {
            findings.map(|finding| json!(Finding::from(finding))).collect()
        };
        let mut errors = values(&mut self.errors());
        errors.extend(
            self.unusable.as_ref().map(|message| json!({ "code": "unreadable", "message": message })),
        );
        json!(File {
            file: &self.name,
            valid: self.is_valid(),
            errors,
            warnings: values(&mut self.warnings())
        })
    }

    fn print(&self, context: &Context, out: &mut impl Write) -> anyhow::Result<()> {
        let page = context.page;
        if let Some(reason) = &self.unusable {
            writeln!(out, "{} {reason}", page.paint(Tone::Bad, "error:"))?;
        }
        write!(out, "{}", draw::findings(page, &self.name, &self.text, &self.findings)?)?;
        if self.is_valid() {
            let word = page.paint(Tone::Good, "ok");
            let warnings = counted(self.warnings().count(), "warning");
            writeln!(out, "{word}  {}  {}", self.name, page.paint(Tone::Faint, &warnings))?;
        }
        Ok(())
    }
}

fn summary(reports: &[Report], context: &Context, out: &mut impl Write) -> anyhow::Result<()> {
    let refused = reports.iter().filter(|report| !report.is_valid()).count();
    let errors: usize =
        reports.iter().map(|report| report.errors().count() + usize::from(report.unusable.is_some())).sum();
    let warnings: usize = reports.iter().map(|report| report.warnings().count()).sum();
    let tone = if refused > 0 { Tone::Bad } else { Tone::Strong };
    let line = format!(
        "{}: {refused} refused, {}, {}",
        counted(reports.len(), "policy").replace("policys", "policies"),
        counted(errors, "error"),
        counted(warnings, "warning")
    );
    writeln!(out, "{}", context.page.paint(tone, &line))?;
    Ok(())
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
