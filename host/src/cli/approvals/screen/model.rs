//! What the page knows. It neither draws nor asks.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::answer::Word;
use super::super::question::{Question, Surroundings};
use crate::cli::page::Tone;

/// Most open questions: as many as the daemon lists at once.
pub(super) const OPEN_MAX: u32 = 200;
/// How long a question that was settled stays where it was, so that somebody sees what became of it.
pub(super) const GONE_STAYS: Duration = Duration::from_secs(5);
/// How long good news stays.
pub(super) const NEWS_STAYS: Duration = Duration::from_secs(8);
/// Messages that can be read again.
const NOTICES_MAX: usize = 50;
/// A difference between two clocks that may be the way to the daemon and back.
const SKEW_MIN: SignedDuration = SignedDuration::from_secs(2);

/// Everything that is on the page.
pub(super) struct Model {
    pub(super) server: String,
    /// Columns and lines.
    pub(super) size: (u16, u16),
    /// The daemon's time, as far as it is known.
    pub(super) now: Timestamp,
    /// How far the daemon's clock is ahead.
    pub(super) skew: SignedDuration,
    /// Time since the page was opened, which nobody sets back.
    pub(super) elapsed: Duration,
    pub(super) tab: Tab,
    pub(super) open: Listing,
    pub(super) history: Listing,
    /// What is known beside the call that is looked at.
    pub(super) context: Option<(String, Surroundings)>,
    /// When it was asked for last, and for which question.
    pub(super) looked: Option<(String, Duration)>,
    pub(super) link: Link,
    pub(super) mode: Mode,
    /// First line of the details that is shown.
    pub(super) scroll: usize,
    /// The answer that is on its way.
    pub(super) sending: Option<(String, Word)>,
    /// What to say with an answer, by question.
    pub(super) notes: BTreeMap<String, String>,
    /// What was said to the person, oldest first.
    pub(super) notices: VecDeque<Notice>,
    /// Whether the newest one was put away.
    pub(super) is_read: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    Open,
    History,
}

/// Questions in the order in which they are shown.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) rows: Vec<Row>,
    /// Which one is looked at.
    pub(super) selected: Option<String>,
    pub(super) is_loaded: bool,
    pub(super) is_loading: bool,
    /// When to ask again.
    pub(super) due: Duration,
}

pub(super) struct Row {
    pub(super) question: Question,
    /// Since when it is not open any more.
    pub(super) gone: Option<Duration>,
}

/// Whether the daemon answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Up,
    Down {
        why: String,
        /// Attempts so far.
        attempts: u32,
    },
}

/// What the keys mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Browse,
    /// Enter sends this answer.
    Confirm {
        id: String,
        word: Word,
    },
    /// Letters are a note. Afterwards, the answer that was about to be confirmed.
    Note {
        id: String,
        text: String,
        then: Option<Word>,
    },
    Help,
    Notices,
}

/// Something that was said to the person.
pub(super) struct Notice {
    pub(super) tone: Tone,
    pub(super) text: String,
    pub(super) since: Duration,
}

impl Model {
    pub(super) fn new(server: &str, size: (u16, u16), now: Timestamp) -> Self {
        Self {
            server: server.to_owned(),
            size,
            now,
            skew: SignedDuration::ZERO,
            elapsed: Duration::ZERO,
            tab: Tab::Open,
            open: Listing::default(),
            history: Listing::default(),
            context: None,
            looked: None,
            link: Link::Up,
            mode: Mode::Browse,
            scroll: 0,
            sending: None,
            notes: BTreeMap::new(),
            notices: VecDeque::new(),
            is_read: true,
        }
    }

    pub(super) const fn listing(&self) -> &Listing {
        match self.tab {
            Tab::Open => &self.open,
            Tab::History => &self.history,
        }
    }

    pub(super) const fn listing_of(&mut self, tab: Tab) -> &mut Listing {
        match tab {
            Tab::Open => &mut self.open,
            Tab::History => &mut self.history,
        }
    }

    /// The question that is looked at.
    pub(super) fn selected(&self) -> Option<&Row> {
        self.listing().selected()
    }

    /// What is known beside the call of a question.
    pub(super) fn context_of(&self, id: &str) -> Option<&Surroundings> {
        self.context.as_ref().filter(|(own, _)| own == id).map(|(_, context)| context)
    }

    /// Questions that can still be answered.
    pub(super) fn waiting(&self) -> usize {
        self.open.rows.iter().filter(|row| row.gone.is_none() && row.question.is_open(self.now)).count()
    }

    /// The message at the bottom.
    pub(super) fn notice(&self) -> Option<&Notice> {
        let newest = self.notices.back().filter(|_| !self.is_read)?;
        // What went wrong stays until somebody has put it away.
        let is_news = matches!(newest.tone, Tone::Bad) || self.elapsed < newest.since + NEWS_STAYS;
        is_news.then_some(newest)
    }

    pub(super) fn say(&mut self, tone: Tone, text: impl Into<String>) {
        if self.notices.len() == NOTICES_MAX {
            self.notices.pop_front();
        }
        self.notices.push_back(Notice { tone, text: text.into(), since: self.elapsed });
        self.is_read = false;
    }

    /// Learns the daemon's time from an answer.
    pub(super) fn set_clock(&mut self, at: Option<Timestamp>) {
        let Some(at) = at else { return };
        let local = self.now.saturating_sub(self.skew).unwrap_or(self.now);
        let skew = at.duration_since(local);
        self.skew = if skew.abs() > SKEW_MIN { skew } else { SignedDuration::ZERO };
        self.now = local.saturating_add(self.skew).unwrap_or(local);
    }
}

impl Listing {
    pub(super) fn position(&self) -> Option<usize> {
        let id = self.selected.as_deref()?;
        self.rows.iter().position(|row| row.question.id == id)
    }

    pub(super) fn selected(&self) -> Option<&Row> {
        self.position().and_then(|at| self.rows.get(at))
    }

    pub(super) fn find(&mut self, id: &str) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.question.id == id)
    }

    /// Looks at the row that is so many below; whether that is another one.
    pub(super) fn step(&mut self, by: isize) -> bool {
        let last = self.rows.len().saturating_sub(1);
        let to = self.position().map_or(0, |at| at.saturating_add_signed(by).min(last));
        let id = self.rows.get(to).map(|row| row.question.id.clone());
        let is_other = id != self.selected;
        self.selected = id;
        is_other
    }
}
