//! The page of the terminal: a list of questions, the one that is looked at, and two keys.
//!
//! What is shown is a function of the [`Model`](model::Model) (`view`), and the model changes in one
//! function (`update`), which says what is to be done as [`Effect`]s. Only this file does it: it asks
//! the daemon, reads the keyboard, and waits.

mod details;
mod layout;
mod model;
mod terminal;
mod update;
mod view;

use std::io::{self, IsTerminal as _};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use ratatui::crossterm::event;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::client::{Client, Wanted};
use crate::cli::{Context, Exit};
use model::{Model, OPEN_MAX, Tab};
use terminal::Screen;
use update::{Effect, Event, update};
use view::Theme;

/// Time between two looks at the clock: a countdown in seconds must not skip one.
const TICK: Duration = Duration::from_millis(250);

/// Most questions of the history.
const HISTORY: u32 = 100;

pub(super) async fn run(client: Client, context: &Context) -> anyhow::Result<Exit> {
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() || is_dumb {
        bail!("this is no terminal for a page: use `sentinel approvals list`, or `watch`");
    }
    // What cannot work is better said on a plain line than on a page.
    let first = client.list(&wanted(Tab::Open)).await?;
    let mut signals = Signals::new()?;
    let (sender, mut events) = mpsc::unbounded_channel();
    let mut screen = Screen::open().context("the terminal could not be taken")?;
    let mut model = Model::new(client.name(), screen.size()?, Timestamp::now());
    let theme = Theme { color: context.page.color };
    read_keys(sender.clone());
    let started = Instant::now();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut effects =
        update(&mut model, Event::Listed { tab: Tab::Open, questions: first.value, at: first.at });
    loop {
        for effect in effects {
            if matches!(effect, Effect::Quit) {
                return Ok(Exit::Ok);
            }
            perform(effect, &client, &sender);
        }
        screen.draw(|frame| view::draw(frame, &model, theme)).context("the terminal is gone")?;
        let event = tokio::select! {
            Some(event) = events.recv() => event,
            _ = tick.tick() => Event::Tick { now: Timestamp::now(), elapsed: started.elapsed() },
            () = signals.next() => return Ok(Exit::Ok),
        };
        effects = update(&mut model, event);
    }
}

const fn wanted(tab: Tab) -> Wanted {
    match tab {
        Tab::Open => Wanted { all: false, after: None, limit: Some(OPEN_MAX) },
        Tab::History => Wanted { all: true, after: None, limit: Some(HISTORY) },
    }
}

/// Does what the model asks for, and reports what became of it.
fn perform(effect: Effect, client: &Client, sender: &mpsc::UnboundedSender<Event>) {
    let (client, sender) = (client.clone(), sender.clone());
    tokio::spawn(async move {
        let event = match effect {
            Effect::List(tab) => match client.list(&wanted(tab)).await {
                Ok(reply) => Event::Listed { tab, questions: reply.value, at: reply.at },
                Err(failure) => Event::NotListed { tab, failure },
            },
            Effect::Look(id) => Event::Looked { result: client.one(&id).await.map(|reply| reply.value), id },
            Effect::Send { id, word, note } => {
                let result = client.answer(&id, word, note.as_deref()).await.map(|reply| reply.value);
                Event::Answered { id, word, result }
            }
            Effect::Quit => return,
        };
        // Nobody listens any more when the page is closed.
        let _ = sender.send(event);
    });
}

/// Reads the keyboard on a thread of its own, because that blocks. It ends with the program.
fn read_keys(sender: mpsc::UnboundedSender<Event>) {
    thread::spawn(move || {
        loop {
            let (event, is_last) = match event::read() {
                Ok(event::Event::Key(key)) => (Event::Key(key), false),
                Ok(event::Event::Paste(text)) => (Event::Paste(text), false),
                Ok(event::Event::Resize(width, height)) => (Event::Resize(width, height), false),
                Ok(event::Event::FocusGained | event::Event::FocusLost | event::Event::Mouse(_)) => continue,
                Err(_) => (Event::KeyboardLost, true),
            };
            if sender.send(event).is_err() || is_last {
                return;
            }
        }
    });
}

/// What ends the page from outside.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let wait = |kind| signal(kind).context("signals cannot be waited for");
        Ok(Self {
            terminate: wait(SignalKind::terminate())?,
            interrupt: wait(SignalKind::interrupt())?,
            hang_up: wait(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
