//! What people and services are told of a question: texts that show what they are, and cuts that
//! say how much is missing.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::app::approvals::context::{Context, Seen, Shown, amount_text};
use crate::app::{App, clock, reads, record};
use crate::state::{Approval, Millis};

/// What a channel is told: all that is known of a question.
pub(super) struct Message {
    pub(super) seen: Seen,
    /// The rule that asked, or the code where none did.
    pub(super) rule: String,
    context: Context,
}

impl Message {
    pub(super) async fn new(app: &App, seen: Seen) -> Result<Self, reads::ReadError> {
        let context = crate::app::approvals::context::context(app, &seen.row).await?;
        let rule = rule(app, &seen.row).await?.unwrap_or_else(|| seen.row.code.clone());
        Ok(Self { seen, rule, context })
    }

    pub(super) const fn row(&self) -> &Approval {
        &self.seen.row
    }

    /// The same for every attempt: whoever gets it twice can tell.
    pub(super) fn event_id(&self) -> String {
        format!("evt_{}", self.seen.id)
    }

    /// The question as the API shows it.
    pub(super) fn shown(&self, now: Millis) -> Shown<'_> {
        Shown::new(&self.seen, now, true, Some(self.context.clone()))
    }

    /// The seconds that the question is open for.
    pub(super) fn seconds(&self) -> i64 {
        self.row().ends_at.seconds().saturating_sub(self.row().asked_at.seconds())
    }

    /// Dollars at stake.
    pub(super) fn value(&self) -> Option<String> {
        self.row().value.map(|value| amount_text("usd", value))
    }

    /// What the tool is to be called with, as the call has it.
    pub(super) fn tool_input(&self) -> Option<Box<RawValue>> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Call {
            tool_input: Box<RawValue>,
        }
        let call = self.row().call.as_deref()?;
        Some(serde_json::from_str::<Call>(call).ok()?.tool_input)
    }
}

/// Where in the policy the rule stands that asked, as the ledger has it.
async fn rule(app: &App, row: &Approval) -> Result<Option<String>, reads::ReadError> {
    #[derive(serde::Deserialize)]
    struct Recorded {
        rule: Option<Rule>,
    }
    #[derive(serde::Deserialize)]
    struct Rule {
        pointer: String,
    }
    let Some(place) = record::seq(&row.verdict_id) else { return Ok(None) };
    let entry = reads::entry(app, place).await?;
    let recorded = serde_json::from_str::<Recorded>(&entry.entry.body).ok();
    Ok(recorded.and_then(|own| own.rule).map(|own| own.pointer).filter(|own| !own.is_empty()))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    r#type: &'static str,
    id: String,
    created_at: String,
    approval: Shown<'a>,
}

/// The body of our own format.
pub(super) fn event(message: &Message, now: Millis) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Event {
        r#type: "approval.requested",
        id: message.event_id(),
        created_at: clock::text(message.row().asked_at),
        approval: message.shown(now),
    })
}

/// Letters that no eye sees, and that count as letters nevertheless.
const BLANK_LETTERS: [char; 7] =
    ['\u{115f}', '\u{1160}', '\u{17b4}', '\u{17b5}', '\u{2800}', '\u{3164}', '\u{ffa0}'];

/// A text in which everything can be seen: line breaks, controls, what turns lines around, what has
/// no width, and what these characters of its own mean.
pub fn visible(text: &str, further: &[char]) -> String {
    let mut shown = String::with_capacity(text.len());
    text.chars().for_each(|c| push_visible(&mut shown, c, further));
    shown
}

fn push_visible(shown: &mut String, c: char, further: &[char]) {
    if BLANK_LETTERS.contains(&c) || further.contains(&c) {
        // Writing to a string cannot fail.
        let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
    } else if matches!(c, '"' | '\'' | '\\') {
        shown.push(c);
    } else {
        shown.extend(c.escape_debug());
    }
}

/// The same, cut at its end to so many characters where it has more, with a mark that counts what
/// is missing of the text.
pub fn visible_up_to(text: &str, chars_max: usize, further: &[char]) -> String {
    let (mut shown, mut length) = (String::new(), 0_usize);
    for (place, c) in text.chars().enumerate() {
        let begin = shown.len();
        push_visible(&mut shown, c, further);
        length += shown.get(begin..).unwrap_or_default().chars().count();
        if length > chars_max {
            shown.truncate(begin);
            let missing = text.chars().count().saturating_sub(place);
            let _ = write!(shown, " [… {missing} more characters are not shown]");
            break;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_can_be_seen() {
        let hostile =
            "a\u{202e}b\u{200b}c\u{0}d\u{1b}[2Je\nf\tg\u{2028}h\u{feff}i\u{3164}j\u{e0041}k\u{301}\u{ad}";
        assert_eq!(
            visible(hostile, &[]),
            r"a\u{202e}b\u{200b}c\0d\u{1b}[2Je\nf\tg\u{2028}h\u{feff}i\u{3164}j\u{e0041}k\u{301}\u{ad}"
        );
        assert_eq!(visible(r#"{"a":"x\\y 'z' äöü 漢字 🔒"}"#, &[]), r#"{"a":"x\\y 'z' äöü 漢字 🔒"}"#);
        assert_eq!(visible("```", &['`']), r"\u{60}\u{60}\u{60}");
    }

    #[test]
    fn a_cut_says_how_much_is_missing() {
        assert_eq!(visible_up_to("abcdef", 6, &[]), "abcdef");
        assert_eq!(visible_up_to("abcdef", 5, &[]), "abcde [… 1 more characters are not shown]");
        // What is shown of a character is whole or not there.
        assert_eq!(visible_up_to("ab\u{202e}c", 5, &[]), "ab [… 2 more characters are not shown]");
        assert_eq!(visible_up_to("äöü", 1, &[]), "ä [… 2 more characters are not shown]");
    }
}
