//! Where output goes and how it looks there: terminal or not, colours or not, how wide.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table};
use sentinel::engine::Outcome;

use super::Color;

/// Columns where nobody says how wide the output is: a page in a log.
const WIDTH_DEFAULT: u16 = 140;

/// Standard output, as somebody will see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// Whether to use colours.
    pub(crate) color: bool,
    /// Whether a person is looking.
    pub(crate) is_terminal: bool,
    /// Columns.
    pub(crate) width: u16,
}

/// What something means, to be coloured accordingly.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tone {
    Good,
    Caution,
    Bad,
    Faint,
    Strong,
}

impl Page {
    pub(crate) fn new(color: Color) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let wanted = || {
            let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
            set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
        };
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && wanted(),
        };
        let size = terminal_size::terminal_size().filter(|_| is_terminal);
        let width = size.map_or(WIDTH_DEFAULT, |(width, _)| width.0.max(40));
        Self { color, is_terminal, width }
    }

    /// Standard output, to be flushed by whoever wrote.
    pub(crate) fn out(self) -> BufWriter<StdoutLock<'static>> {
        BufWriter::new(io::stdout().lock())
    }

    /// Text in its colour.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let style = match tone {
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Caution => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default().bold(),
            Tone::Faint => Style::new().dimmed(),
            Tone::Strong => Style::new().bold(),
        };
        format!("{style}{text}{style:#}")
    }

    /// The word of an outcome, in its colour.
    pub(crate) fn outcome(self, outcome: Outcome) -> String {
        let tone = match outcome {
            Outcome::Allow => Tone::Good,
            Outcome::Escalate => Tone::Caution,
            Outcome::Deny => Tone::Bad,
        };
        self.paint(tone, outcome_word(outcome))
    }

    /// An empty table that fits.
    pub(crate) fn table(self, header: &[&str]) -> Table {
        let mut table = Table::new();
        table
            .load_preset(comfy_table::presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(self.width)
            .set_header(header.iter().map(|name| self.paint(Tone::Faint, name)));
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table
    }
}

/// The word used on the wire.
pub(crate) const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "allow",
        Outcome::Escalate => "escalate",
        Outcome::Deny => "deny",
    }
}

/// Text from outside, safe to print: a recorded command must not move somebody's cursor.
pub(crate) fn printable(text: &str, chars_max: usize) -> String {
    let mut shown: String = text
        .chars()
        .take(chars_max)
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect();
    if text.chars().nth(chars_max).is_some() {
        shown.push('…');
    }
    shown
}

/// A line on standard error. Where that is gone too, there is nobody to tell.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn control_characters_are_shown_not_obeyed() {
        assert_eq!(printable("a\u{1b}[2Jb\nc", 80), "a\\u{1b}[2Jb\\nc");
        assert_eq!(printable("aäö", 2), "aä…");
    }
}
