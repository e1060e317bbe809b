//! `sentinel approvals watch`: a line for everything that happens to questions, as it happens.
//!
//! It looks every second. A question that came and went between two looks is not seen here; the
//! ledger has it.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;

use super::client::{Client, Failure, Wanted};
use super::question::{Question, Status};
use super::text;
use crate::cli::page::{self, Tone};
use crate::cli::{Context, Exit};

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// Time between two looks at a daemon that does not answer.
const EVERY_FAILED: Duration = Duration::from_secs(3);
/// Questions of one look: as many as the daemon lists at once.
const LIMIT: u32 = 200;

/// Print a line for everything that happens: asked, answered, ended
///
/// Ends with the daemon's refusal, or when it is told to. A daemon that does not answer is asked again.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print JSON Lines: {"event", "approval"}
    #[arg(long)]
    json: bool,
}

/// What happened to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Asked,
    Answered,
    Ended,
}

pub(super) async fn run(args: &Args, client: &Client, context: &Context) -> anyhow::Result<Exit> {
    let wanted = Wanted { limit: Some(LIMIT), ..Wanted::default() };
    let mut known: BTreeMap<String, Mark> = BTreeMap::new();
    let mut is_lost = None;
    let printer = Printer { json: args.json, context };
    loop {
        let looked = tokio::select! {
            looked = look(client, &wanted, &mut known) => looked,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted.context("the signal cannot be waited for")?;
                return Ok(Exit::Ok);
            }
        };
        match looked {
            Ok(news) => {
                if is_lost.replace(false) == Some(true) {
                    page::note(&format!("`{}` answers again", client.name()));
                }
                for (event, question, at) in news {
                    printer.print(event, &question, at)?;
                }
            }
            // What is so at the start is a mistake; later it may be a restart.
            Err(failure) if is_lost.is_none() || !failure.is_passing() => return Err(failure.into()),
            Err(failure) => {
                if is_lost.replace(true) == Some(false) {
                    page::note(&format!("warning: {failure}"));
                }
            }
        }
        let pause = if is_lost == Some(true) { EVERY_FAILED } else { EVERY };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            interrupted = tokio::signal::ctrl_c() => {
                interrupted.context("the signal cannot be waited for")?;
                return Ok(Exit::Ok);
            }
        }
    }
}

/// How far a question was seen.
type Mark = (Status, usize);

type News = Vec<(Event, Question, Timestamp)>;

/// Looks once, and says what is new. Nothing is forgotten before it was told.
async fn look(client: &Client, wanted: &Wanted, known: &mut BTreeMap<String, Mark>) -> Result<News, Failure> {
    let reply = client.list(wanted).await?;
    let now = reply.at.unwrap_or_else(Timestamp::now);
    let mut gone = known.clone();
    let mut marks = BTreeMap::new();
    let mut news = Vec::new();
    for own in reply.value {
        let mark = (own.status, own.answers.len());
        marks.insert(own.id.clone(), mark);
        match gone.remove(&own.id) {
            None => news.push((Event::Asked, own, now)),
            Some(before) if before != mark => news.push((Event::Answered, own, now)),
            Some(_) => {}
        }
    }
    for id in gone.into_keys() {
        match client.one(&id).await {
            Ok(reply) => news.push((Event::Ended, reply.value, now)),
            Err(failure) if failure.is_unknown() => {}
            Err(failure) => return Err(failure),
        }
    }
    *known = marks;
    Ok(news)
}

struct Printer<'a> {
    json: bool,
    context: &'a Context,
}

impl Event {
    const fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Answered => "answered",
            Self::Ended => "ended",
        }
    }
}

impl Printer<'_> {
    /// Flushed at once: somebody may be waiting at the other end of a pipe.
    fn print(&self, event: Event, own: &Question, now: Timestamp) -> io::Result<()> {
        let page = self.context.page;
        let mut out = page.out();
        if self.json {
            // In the daemon's own words, on one line: outside of strings JSON needs no line breaks.
            let approval = text::json(own.source.get()).replace('\n', " ");
            let event = event.word();
            writeln!(out, "{{\"event\":\"{event}\",\"at\":\"{now}\",\"approval\":{approval}}}")?;
        } else {
            let tone = match event {
                Event::Asked => Tone::Caution,
                Event::Answered | Event::Ended => Tone::Strong,
            };
            let value = own.value().map_or(String::new(), |value| format!(" {}", text::line(&value, 40)));
            writeln!(
                out,
                "{} {} {} {} {}{value}  {}",
                page.paint(Tone::Faint, &now.strftime("%H:%M:%SZ").to_string()),
                page.paint(tone, &format!("{:<8}", event.word())),
                text::line(&own.id, 80),
                text::line(&own.agent_id, 60),
                text::line(&own.tool_name, 60),
                text::line(&own.standing(now), 80),
            )?;
        }
        out.flush()
    }
}
