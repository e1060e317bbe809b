//! Findings drawn by miette: file, line, column, the text underlined, label, help.

use std::fmt;
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode, SourceSpan,
    ThemeCharacters, ThemeStyles,
};
use sentinel::engine::{Diagnostic, Severity};

use crate::cli::Page;

/// All findings of one document, in the order given.
pub(in crate::cli) fn findings(
    page: Page,
    name: &str,
    text: &str,
    findings: &[Diagnostic],
) -> Result<String, fmt::Error> {
    let styles = if page.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let theme = GraphicalTheme { characters: ThemeCharacters::unicode(), styles };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_links(false).with_width(usize::from(page.width));
    let source = Arc::new(NamedSource::new(name, text.to_owned()));
    let mut drawn = String::new();
    for finding in findings {
        handler.render_report(&mut drawn, &Drawn { finding, source: &source })?;
        drawn.push('\n');
    }
    Ok(drawn)
}

/// A finding as miette wants it.
struct Drawn<'a> {
    finding: &'a Diagnostic,
    source: &'a Arc<NamedSource<String>>,
}

impl miette::Diagnostic for Drawn<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.finding.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.finding.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (start, end) = (self.finding.start as usize, self.finding.end as usize);
        let span = SourceSpan::new(start.into(), end.saturating_sub(start));
        let label = Some(self.finding.label.clone()).filter(|label| !label.is_empty());
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(label, span))))
    }
}

impl std::error::Error for Drawn<'_> {}

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.finding.message)
    }
}

impl fmt::Debug for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.finding, f)
    }
}
