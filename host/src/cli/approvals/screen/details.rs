//! One question in lines that fit: first what decides, then everything else. Pure.
//!
//! Nothing is left out in the middle. What does not fit on a line goes on in the next one, behind a
//! mark, and what does not fit on the page can be scrolled to.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::question::{Question, Surroundings};
use super::super::text::{self, Unit};
use super::layout::{self, Areas};
use super::model::{Model, Row};
use super::view::Theme;
use crate::cli::page::Tone;

/// Goes before what is still the line above.
const GOES_ON: &str = "↳ ";

/// Lines of the question itself, the mark of a cut included.
const HEAD_LINES: usize = 4;

/// From here on, time is shown as what is most urgent.
const URGENT_SECONDS: i64 = 15;

/// Columns of the names of facts.
const NAME_COLUMNS: usize = 9;

/// What somebody has to see first, in so many lines. Where there is only one, it is the time.
pub(super) fn head(
    question: &Question,
    model: &Model,
    theme: Theme,
    (width, height): (u16, u16),
) -> Vec<Line<'static>> {
    let mut lines = wrap(&title(question), width, theme.style(Tone::Strong), theme);
    let room = usize::from(height).saturating_sub(1).min(HEAD_LINES);
    if lines.len() > room {
        let rest = lines.len() - room.saturating_sub(1);
        lines.truncate(room.saturating_sub(1));
        let mark = format!("… {rest} more lines of this name below");
        lines.extend((room > 0).then(|| Line::styled(mark, theme.style(Tone::Bad))));
    }
    let is_open = question.is_open(model.now);
    let is_urgent = is_open && question.seconds_left(model.now) <= URGENT_SECONDS;
    let standing = if is_urgent {
        Tone::Bad
    } else if is_open {
        Tone::Caution
    } else {
        Tone::Faint
    };
    let mut spans = Vec::new();
    if let Some(value) = question.value() {
        spans.push(Span::styled(text::fit(&value, 24), theme.style(Tone::Strong)));
        spans.push(Span::raw("  "));
    }
    spans.push(Span::styled(text::fit(&question.standing(model.now), 40), theme.style(standing)));
    spans.push(Span::raw(format!("  {} of {} yes", question.approvals, question.quorum)));
    lines.push(Line::from(spans));
    lines
}

/// Lines that [`head`] takes, of so many that there are.
pub(super) fn head_height(question: &Question, width: u16, height: u16) -> u16 {
    let lines = wrapped(&title(question), width).len().min(HEAD_LINES) + 1;
    u16::try_from(lines).unwrap_or(u16::MAX).min(height.saturating_sub(1).max(1))
}

fn title(question: &Question) -> String {
    format!("{} wants to run `{}`", question.agent_id, question.tool_name)
}

/// Everything, in the order in which it helps to decide.
pub(super) fn lines(
    row: &Row,
    context: Option<&Surroundings>,
    theme: Theme,
    width: u16,
) -> Vec<Line<'static>> {
    let question = Question { context: context.cloned(), ..row.question.clone() };
    let mut lines = Vec::new();
    let (first, rest): (Vec<_>, Vec<_>) = question
        .facts()
        .into_iter()
        .partition(|(name, _)| matches!(*name, "why" | "void" | "said" | "meter"));
    lines.extend(first.iter().flat_map(|fact| self::fact(fact, theme, width)));
    if wrapped(&title(&question), width).len() > HEAD_LINES {
        lines.extend(fact(&("agent", question.agent_id.clone()), theme, width));
        lines.extend(fact(&("tool", question.tool_name.clone()), theme, width));
    }
    if let Some(call) = &question.call {
        lines.push(Line::styled("the exact call", theme.style(Tone::Faint)));
        lines.extend(self::call(call.get(), theme, width));
    } else {
        lines.push(Line::styled("the call is not shown any more", theme.style(Tone::Faint)));
    }
    lines.extend(rest.iter().flat_map(|fact| self::fact(fact, theme, width)));
    lines
}

fn fact((name, value): &(&'static str, String), theme: Theme, width: u16) -> Vec<Line<'static>> {
    let width = usize::from(width).saturating_sub(NAME_COLUMNS);
    let mut lines = wrap(value, u16::try_from(width).unwrap_or(u16::MAX), Style::new(), theme);
    for (number, line) in lines.iter_mut().enumerate() {
        let name = if number == 0 { format!("{name:<NAME_COLUMNS$}") } else { " ".repeat(NAME_COLUMNS) };
        line.spans.insert(0, Span::styled(name, theme.style(Tone::Faint)));
    }
    lines
}

fn call(json: &str, theme: Theme, width: u16) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (depth, line) in text::indent(json) {
        // However deep it is, half of the line is left for the text.
        let indent = (depth * 2).min(usize::from(width) / 2);
        let room = u16::try_from(usize::from(width).saturating_sub(indent)).unwrap_or(u16::MAX);
        for mut line in wrap(&line, room, Style::new(), theme) {
            line.spans.insert(0, Span::raw(" ".repeat(indent)));
            lines.push(line);
        }
    }
    lines
}

/// A text in lines of this width. Codes are not broken, and look different from letters.
fn wrap(text: &str, width: u16, style: Style, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = vec![];
    let (mut spans, mut plain, mut used) = (Vec::new(), String::new(), 0);
    let width = usize::from(width).max(1);
    let finish = |spans: &mut Vec<Span<'static>>, plain: &mut String| {
        if !plain.is_empty() {
            spans.push(Span::styled(std::mem::take(plain), style));
        }
    };
    for unit in text::units(text) {
        if used + unit.width() > width && used > 0 {
            finish(&mut spans, &mut plain);
            lines.push(Line::from(std::mem::take(&mut spans)));
            spans.push(Span::styled(GOES_ON, theme.style(Tone::Faint)));
            used = GOES_ON.chars().count();
        }
        used += unit.width();
        match unit {
            Unit::Plain(c, _) => plain.push(c),
            Unit::Code(code) => {
                finish(&mut spans, &mut plain);
                spans.push(Span::styled(code, theme.code()));
            }
        }
    }
    finish(&mut spans, &mut plain);
    lines.push(Line::from(spans));
    lines
}

/// The same without colours.
pub(super) fn wrapped(text: &str, width: u16) -> Vec<Line<'static>> {
    wrap(text, width, Style::new(), Theme { color: false })
}

/// Lines of the question that is looked at.
pub(super) fn of(model: &Model, areas: &Areas, theme: Theme) -> Vec<Line<'static>> {
    let Some(row) = model.selected() else { return Vec::new() };
    lines(row, model.context_of(&row.question.id), theme, areas.details.width)
}

/// The last line that can be the first.
pub(super) fn scroll_max(model: &Model) -> usize {
    let areas = layout::areas(model);
    of(model, &areas, Theme { color: false }).len().saturating_sub(usize::from(areas.details.height))
}

/// Lines of a page: one stays, so that the eye finds its place.
pub(super) fn page(model: &Model) -> isize {
    let height = layout::areas(model).details.height;
    isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1)
}
