//! Draws the model. It changes nothing and knows no terminal.

#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Clear, Paragraph};

use super::super::answer::Word;
use super::super::text;
use super::details;
use super::layout::{self, Areas, HEIGHT_MIN, WIDTH_MIN};
use super::model::{Link, Mode, Model, OPEN_MAX, Row, Tab};
use crate::cli::page::Tone;

const HELP: &str = "\
↑ ↓  k j        another question
y               approve: asks once, Enter sends
n               deny: asks once, Enter sends
m               a note that goes with the answer
PgDn PgUp Space through the question
← →  h l        one line of it
g G             its start, its end
Tab             history, and back
r               ask the daemon now
e               all messages of this page
Esc             put a message away, cancel
q  Ctrl-C       leave; nothing is answered

\\u{202e}: a character that cannot be seen, as its code
↳: goes on from the line above

any key goes back";

/// How something looks that means something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    pub(super) color: bool,
}

impl Theme {
    /// Without colours there are bold and faint letters.
    pub(super) const fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        match (tone, self.color) {
            (Tone::Good, true) => style.fg(Color::Green),
            (Tone::Caution, true) => style.fg(Color::Yellow),
            (Tone::Bad, true) => style.fg(Color::Red).add_modifier(Modifier::BOLD),
            (Tone::Strong, _) | (Tone::Caution | Tone::Bad, false) => style.add_modifier(Modifier::BOLD),
            (Tone::Faint, _) => style.add_modifier(Modifier::DIM),
            (Tone::Good, false) => style,
        }
    }

    /// A code in place of a character.
    pub(super) const fn code(self) -> Style {
        if self.color {
            Style::new().fg(Color::Magenta)
        } else {
            Style::new().add_modifier(Modifier::UNDERLINED)
        }
    }
}

pub(super) fn draw(frame: &mut Frame<'_>, model: &Model, theme: Theme) {
    // A terminal may have changed since it last said so.
    let all = frame.area();
    if layout::is_too_small((all.width, all.height)) || layout::is_too_small(model.size) {
        let line = format!("{}x{} is too small: {WIDTH_MIN}x{HEIGHT_MIN} is needed", all.width, all.height);
        frame.render_widget(Paragraph::new(Text::from(details::wrapped(&line, all.width))), all);
        return;
    }
    let areas = layout::areas(model);
    put(frame, areas.title, vec![title(model, theme, areas.title.width)]);
    if let Link::Down { why, .. } = &model.link {
        let line = text::fit(&format!("no answer, trying again: {why}"), usize::from(areas.banner.width));
        put(
            frame,
            areas.banner,
            vec![Line::styled(line, theme.style(Tone::Bad).add_modifier(Modifier::REVERSED))],
        );
    }
    list(frame, model, theme, &areas);
    about(frame, model, theme, &areas);
    put(frame, areas.panel, panel(model, theme, &areas));
    put(frame, areas.keys, vec![keys(model, theme)]);
    match model.mode {
        Mode::Help => over(frame, &areas, details_of(HELP)),
        Mode::Notices => over(frame, &areas, notices(model, theme, all.width)),
        Mode::Browse | Mode::Confirm { .. } | Mode::Note { .. } => {}
    }
}

/// Lines in a place; what is outside of the terminal is left out.
fn put(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'_>>) {
    frame.render_widget(Paragraph::new(lines), area.intersection(frame.area()));
}

fn title(model: &Model, theme: Theme, width: u16) -> Line<'static> {
    let tab = |tab: Tab, name: String| {
        let style = theme.style(if model.tab == tab { Tone::Strong } else { Tone::Faint });
        Span::styled(if model.tab == tab { format!("[{name}]") } else { format!(" {name} ") }, style)
    };
    // The daemon may have more than it was asked for.
    let more = if model.open.rows.len() >= OPEN_MAX as usize { "+" } else { "" };
    let open = tab(Tab::Open, format!("open {}{more}", model.waiting()));
    let history = tab(Tab::History, "history".to_owned());
    let room = usize::from(width).saturating_sub(open.width() + history.width() + 2);
    let server = text::fit(&model.server, room);
    Line::from(vec![open, history, Span::raw("  "), Span::styled(server, theme.style(Tone::Faint))])
}

fn list(frame: &mut Frame<'_>, model: &Model, theme: Theme, areas: &Areas) {
    let listing = model.listing();
    let at = listing.position().unwrap_or_default();
    let height = usize::from(areas.list.height).max(1);
    let first = (at + 1).saturating_sub(height);
    let is_stale = matches!(model.link, Link::Down { .. });
    let lines: Vec<_> = listing
        .rows
        .iter()
        .enumerate()
        .skip(first)
        .take(height)
        .map(|(number, row)| item(row, model, number == at, is_stale, theme, areas.list.width))
        .collect();
    let lines = if lines.is_empty() {
        let none = match (listing.is_loaded, model.tab) {
            (false, _) => "asking the daemon…",
            (true, Tab::Open) => "nothing is open: nobody waits for you",
            (true, Tab::History) => "nobody was ever asked",
        };
        vec![Line::styled(none, theme.style(Tone::Faint))]
    } else {
        lines
    };
    put(frame, areas.list, lines);
    let style = theme.style(Tone::Faint);
    if areas.rule.width == 1 {
        put(frame, areas.rule, vec![Line::styled("│", style); usize::from(areas.rule.height)]);
    } else {
        let count = listing.rows.len();
        let place = if count > height { format!("─ {} of {count} ", at + 1) } else { String::new() };
        let width = usize::from(areas.rule.width);
        put(frame, areas.rule, vec![Line::styled(format!("{place:─<width$}"), style)]);
    }
}

/// One row: what stands where is the same in every row, and the right end says how it stands.
fn item(
    row: &Row,
    model: &Model,
    is_selected: bool,
    is_stale: bool,
    theme: Theme,
    width: u16,
) -> Line<'static> {
    let question = &row.question;
    let is_open = row.gone.is_none() && question.is_open(model.now);
    let standing = match &model.sending {
        Some((id, word)) if *id == question.id => format!("sending {}", word.route()),
        _ if row.gone.is_some() && question.is_open(model.now) => "settled".to_owned(),
        _ => question.standing(model.now),
    };
    let width = usize::from(width);
    let right = text::fit(&standing, (width / 2).max(12));
    let value = question.value().map_or(String::new(), |value| format!(" {}", text::fit(&value, 12)));
    let room = width.saturating_sub(2 + right.chars().count() + 2 + value.chars().count());
    let name = text::fit(&format!("{}  {}", question.tool_name, question.agent_id), room);
    let gap = " ".repeat(room.saturating_sub(Span::raw(name.as_str()).width()));
    let tone = if is_stale || !is_open { Tone::Faint } else { Tone::Caution };
    let mark = if is_selected { "> " } else { "  " };
    let body = if is_stale || !is_open { theme.style(Tone::Faint) } else { Style::new() };
    let line = Line::from(vec![
        Span::raw(mark),
        Span::styled(name, body),
        Span::raw(gap),
        Span::styled(value, body),
        Span::raw("  "),
        Span::styled(right, theme.style(tone)),
    ]);
    if is_selected { line.style(Style::new().add_modifier(Modifier::REVERSED)) } else { line }
}

fn about(frame: &mut Frame<'_>, model: &Model, theme: Theme, areas: &Areas) {
    let Some(row) = model.selected() else { return };
    put(frame, areas.head, details::head(&row.question, model, theme, (areas.head.width, areas.head.height)));
    let lines = details::of(model, areas, theme);
    let (count, height) = (lines.len(), usize::from(areas.details.height));
    let first = model.scroll.min(count.saturating_sub(height));
    put(frame, areas.details, lines.into_iter().skip(first).take(height).collect());
    let last = (first + height).min(count);
    let (above, below) = (first, count - last);
    if above > 0 || below > 0 {
        let line = format!("── {above} lines above, {below} below: PgUp PgDn ");
        let width = usize::from(areas.footer.width);
        let line = text::fit(&format!("{line:─<width$}"), width);
        put(frame, areas.footer, vec![Line::styled(line, theme.style(Tone::Caution))]);
    }
}

/// Lines of the details that are not on the page.
fn below(model: &Model, areas: &Areas, theme: Theme) -> usize {
    details::of(model, areas, theme).len().saturating_sub(model.scroll + usize::from(areas.details.height))
}

fn panel(model: &Model, theme: Theme, areas: &Areas) -> Vec<Line<'static>> {
    let width = usize::from(areas.panel.width);
    match &model.mode {
        Mode::Confirm { id, word } => {
            let Some(row) = model.open.rows.iter().find(|row| row.question.id == *id) else {
                return Vec::new();
            };
            let question = &row.question;
            let (verb, tone) = match word {
                Word::Approve => ("Approve", Tone::Good),
                Word::Deny => ("Deny", Tone::Bad),
            };
            let value = question.value().map_or(String::new(), |value| format!(" {value}"));
            let asked = format!("{verb}{value} `{}` for {}?", question.tool_name, question.agent_id);
            let note = model.notes.get(id).filter(|note| !note.is_empty());
            let note = note.map_or_else(|| "no note".to_owned(), |note| format!("note: {note}"));
            let rest = below(model, areas, theme);
            let second = if rest > 0 { format!("{rest} lines not seen below: PgDn; {note}") } else { note };
            vec![
                Line::styled(text::fit(&asked, width), theme.style(tone).add_modifier(Modifier::BOLD)),
                Line::styled(
                    text::fit(&second, width),
                    theme.style(if rest > 0 { Tone::Caution } else { Tone::Faint }),
                ),
                Line::styled(
                    format!("{}  Enter sends  Esc cancels  m note", left(model, row)),
                    theme.style(Tone::Strong),
                ),
            ]
        }
        Mode::Note { text: note, .. } => {
            let room = width.saturating_sub(8);
            let skipped = note.chars().count().saturating_sub(room);
            let end: String = note.chars().skip(skipped).collect();
            let mark = if skipped > 0 { "…" } else { "" };
            vec![
                Line::from(vec![
                    Span::styled("note: ", theme.style(Tone::Strong)),
                    Span::raw(mark),
                    Span::raw(text::whole(&end)),
                    Span::raw("▏"),
                ]),
                Line::styled("Enter keeps it for your answer   Esc drops it", theme.style(Tone::Faint)),
            ]
        }
        Mode::Browse | Mode::Help | Mode::Notices => {
            let Some(notice) = model.notice() else { return Vec::new() };
            let style = theme.style(notice.tone);
            let mut lines = details::wrapped(&notice.text, areas.panel.width);
            for line in &mut lines {
                *line = std::mem::take(line).style(style);
            }
            lines
        }
    }
}

fn left(model: &Model, row: &Row) -> String {
    super::super::question::span(row.question.seconds_left(model.now))
}

fn keys(model: &Model, theme: Theme) -> Line<'static> {
    let wide = "y approve  n deny  m note  ↑↓ question  PgDn more  Tab history  ? help  q quit";
    let narrow = "y approve  n deny  m note  ? help  q";
    let keys = match (&model.mode, model.notice()) {
        (Mode::Browse, Some(notice)) if matches!(notice.tone, Tone::Bad) => {
            "Esc puts it away  e all messages  ? help  q"
        }
        (Mode::Confirm { .. } | Mode::Note { .. }, _) => "",
        (Mode::Help | Mode::Notices, _) => "any key goes back",
        (Mode::Browse, _) if usize::from(model.size.0) >= wide.chars().count() => wide,
        (Mode::Browse, _) => narrow,
    };
    Line::styled(keys, theme.style(Tone::Faint))
}

fn notices(model: &Model, theme: Theme, width: u16) -> Vec<Line<'static>> {
    if model.notices.is_empty() {
        return details_of("nothing was said yet");
    }
    let newest_first = model.notices.iter().rev();
    newest_first
        .flat_map(|notice| {
            let style = theme.style(notice.tone);
            details::wrapped(&format!("• {}", notice.text), width)
                .into_iter()
                .map(move |line| line.style(style))
        })
        .collect()
}

fn details_of(lines: &'static str) -> Vec<Line<'static>> {
    lines.lines().map(Line::raw).collect()
}

/// Lines over everything but the title and the keys.
fn over(frame: &mut Frame<'_>, areas: &Areas, lines: Vec<Line<'_>>) {
    let top = areas.title.bottom();
    let area = Rect::new(0, top, areas.title.width, areas.keys.top().saturating_sub(top));
    let area = area.intersection(frame.area());
    frame.render_widget(Clear, area);
    let height = usize::from(area.height);
    let rest = lines.len().saturating_sub(height);
    let mut lines = lines;
    if rest > 0 {
        lines.truncate(height.saturating_sub(1));
        lines.push(Line::raw(format!("… {} more lines: a larger terminal shows them", rest + 1)));
    }
    frame.render_widget(Paragraph::new(lines), area);
}
