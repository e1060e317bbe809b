//! Where everything is, from the size of the terminal. Pure, so that `update` knows how far a page is.

use ratatui::layout::{Constraint, Layout, Rect};

use super::details;
use super::model::{Link, Mode, Model};

/// Below this, a call cannot be read.
pub(super) const WIDTH_MIN: u16 = 40;
pub(super) const HEIGHT_MIN: u16 = 10;

/// From here on the list stands beside the details.
const WIDTH_WIDE: u16 = 100;
/// Columns of the list there.
const WIDTH_LIST: u16 = 40;
/// Rows of the list above the details.
const ROWS_ABOVE: u16 = 5;
/// Lines of a message.
const NOTICE_LINES: usize = 3;

/// Places on the page.
pub(super) struct Areas {
    pub(super) title: Rect,
    /// Empty unless the daemon is silent.
    pub(super) banner: Rect,
    pub(super) list: Rect,
    /// Between list and details.
    pub(super) rule: Rect,
    /// The question, the amount and the time: never scrolled away.
    pub(super) head: Rect,
    pub(super) details: Rect,
    /// Which part of the details is shown.
    pub(super) footer: Rect,
    /// What is asked or said.
    pub(super) panel: Rect,
    pub(super) keys: Rect,
}

pub(super) const fn is_too_small(size: (u16, u16)) -> bool {
    size.0 < WIDTH_MIN || size.1 < HEIGHT_MIN
}

pub(super) fn areas(model: &Model) -> Areas {
    let (width, height) = model.size;
    let banner = u16::from(matches!(model.link, Link::Down { .. }));
    let [title, banner, body, panel, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(banner),
        Constraint::Min(3),
        Constraint::Length(panel_height(model)),
        Constraint::Length(1),
    ])
    .areas(Rect::new(0, 0, width, height));
    let (list, rule, about) = if width >= WIDTH_WIDE {
        let [list, rule, about] =
            Layout::horizontal([Constraint::Length(WIDTH_LIST), Constraint::Length(1), Constraint::Min(1)])
                .areas(body);
        (list, rule, about)
    } else {
        let rows = u16::try_from(model.listing().rows.len()).unwrap_or(u16::MAX);
        let rows = rows.clamp(1, ROWS_ABOVE).min((body.height / 4).max(1));
        let [list, rule, about] =
            Layout::vertical([Constraint::Length(rows), Constraint::Length(1), Constraint::Min(1)])
                .areas(body);
        (list, rule, about)
    };
    let head =
        model.selected().map_or(0, |row| details::head_height(&row.question, about.width, about.height));
    let [head, details, footer] =
        Layout::vertical([Constraint::Length(head), Constraint::Min(0), Constraint::Length(1)]).areas(about);
    Areas { title, banner, list, rule, head, details, footer, panel, keys }
}

fn panel_height(model: &Model) -> u16 {
    match &model.mode {
        Mode::Confirm { .. } => 3,
        Mode::Note { .. } => 2,
        Mode::Browse | Mode::Help | Mode::Notices => {
            let lines = model.notice().map_or(0, |notice| details::wrapped(&notice.text, model.size.0).len());
            u16::try_from(lines.min(NOTICE_LINES)).unwrap_or(1)
        }
    }
}
