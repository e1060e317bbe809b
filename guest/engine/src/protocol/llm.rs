//! Answers of model APIs: the tool calls in them are decided before the agent sees them.
//!
//! A state machine that bytes go into and come out of. Text passes at once; what belongs to a tool
//! call is kept back until the call is complete and somebody has ruled on it. A permitted call goes
//! on as it came, byte for byte; in the place of a denied one the agent reads why.
//!
//! ```text
//! push(bytes) ─▶ asked() ─▶ the caller decides ─▶ answer(ruling) ─▶ asked() … ─▶ take()
//! ```
//!
//! Decided is what the *agent* would execute. What the provider executes on its own side (web
//! search, its code interpreter, remote MCP servers) has happened already, and passes.
//!
//! Closed by default: what has a shape, a kind of item or a kind of event that is not known here ends
//! the answer with [`Refused`], and nothing that is kept back is ever let go. A call whose arguments
//! are not one JSON object, or that the answer breaks off in, is denied without being asked about.
//!
//! Only answers with a status of success are read so; errors have no tool calls.
//!
//! - `openai_chat`, `openai_responses`, `anthropic`: one API each, streamed and not.
//! - `calls`: what was asked and ruled. `stream`: order and holding back.

mod anthropic;
mod calls;
mod edits;
mod items;
mod openai_chat;
mod openai_responses;
mod stream;
mod whole;

use calls::Calls;
use stream::Stream;
use whole::Whole;

use super::fields::{self, Ambiguous};
use crate::syntax::{Node, SyntaxTree};
use crate::wire::excerpt;

/// A model API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Chat Completions of OpenAI, and of all that imitate it.
    OpenAiChat,
    /// Responses of OpenAI.
    OpenAiResponses,
    /// Messages of Anthropic.
    AnthropicMessages,
}

impl Api {
    /// The API that a request with this method to this path, in canonical form, speaks to. Prefixes differ
    /// between providers and gateways.
    pub fn of_request(method: &str, path: &str) -> Option<Self> {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let path = path.strip_suffix('/').unwrap_or(path);
        // What was made in the background or kept is fetched later, with the same calls in it.
        let path = match method {
            "POST" => match path.strip_suffix("/cancel").and_then(|own| own.rsplit_once('/')) {
                Some((path, _)) if path.ends_with("/responses") => path,
                Some(_) | None => path,
            },
            "GET" => match path.rsplit_once('/') {
                Some((path, _)) if !path.ends_with("/messages") => path,
                Some(_) | None => return None,
            },
            _ => return None,
        };
        if path.ends_with("/chat/completions") {
            Some(Self::OpenAiChat)
        } else if path.ends_with("/responses") {
            Some(Self::OpenAiResponses)
        } else if path.ends_with("/messages") {
            Some(Self::AnthropicMessages)
        } else {
            None
        }
    }
}

/// Why an answer cannot go on. What is kept back is lost, and the agent must see an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Stable, kebab-case.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
}

/// A tool call that has to be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The tool.
    pub name: &'a str,
    /// One JSON object, without a key twice: the `toolInput` of a call.
    pub arguments: &'a str,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruling<'a> {
    /// Whether the agent may see the call.
    pub permitted: bool,
    /// What it reads instead if not.
    pub text: &'a str,
}

/// One answer on its way to the agent.
pub struct LlmAnswer {
    calls: Calls,
    body: Body,
    out: Vec<u8>,
    refused: Option<Refused>,
}

enum Body {
    Whole(Whole),
    Stream(Stream),
}

impl LlmAnswer {
    /// Of an answer with these headers, each as it stands there. The error is that it cannot be read.
    pub fn new(
        api: Api,
        content_type: Option<&str>,
        content_encoding: Option<&str>,
    ) -> Result<Self, Refused> {
        let encoding = content_encoding.map_or("", str::trim);
        if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
            return refuse(
                "llm-encoded",
                format!("Answer of the model is encoded as \"{}\".", excerpt(encoding)),
            );
        }
        let body = match media_type(content_type.unwrap_or_default()).as_deref() {
            Some("application/json") => Body::Whole(Whole::new(api)),
            Some("text/event-stream") => Body::Stream(Stream::new(api)),
            Some(_) | None => {
                let written = excerpt(content_type.unwrap_or_default()).into_owned();
                return refuse(
                    "llm-content-type",
                    format!("Answer of the model is of the type \"{written}\"."),
                );
            }
        };
        Ok(Self { calls: Calls::default(), body, out: Vec::new(), refused: None })
    }

    /// Takes the next bytes; `end` with the last of them.
    pub fn push(&mut self, bytes: &[u8], end: bool) -> Result<(), Refused> {
        self.step(|body, calls, out| match body {
            Body::Whole(whole) => whole.push(bytes, end, calls, out),
            Body::Stream(stream) => stream.push(bytes, end, calls, out),
        })
    }

    /// The next tool call that has to be decided, until it is.
    pub fn asked(&self) -> Option<Asked<'_>> {
        if self.refused.is_some() { None } else { self.calls.asked() }
    }

    /// Rules on the call that is [asked](Self::asked) about.
    pub fn answer(&mut self, ruling: Ruling<'_>) -> Result<(), Refused> {
        self.calls.answer(ruling);
        self.step(|body, calls, out| match body {
            Body::Whole(whole) => whole.release(calls, out),
            Body::Stream(stream) => stream.release(calls, out),
        })
    }

    /// The bytes that may go to the agent now.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Whether something was replaced, so that the length is no longer what the headers say.
    pub fn is_changed(&self) -> bool {
        self.calls.any_denied()
    }

    /// An answer that was refused once stays refused.
    fn step(
        &mut self,
        run: impl FnOnce(&mut Body, &mut Calls, &mut Vec<u8>) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let result = run(&mut self.body, &mut self.calls, &mut self.out);
        self.refused = result.as_ref().err().cloned();
        result
    }
}

/// The type without parameters, in small letters; `None` if the text is not UTF-8 then.
fn media_type(written: &str) -> Option<String> {
    let mut parts = written.split(';').map(str::trim);
    let media = parts.next()?.to_ascii_lowercase();
    let is_utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        Some(_) | None => true,
    };
    parts.all(is_utf8).then_some(media)
}

fn refuse<T>(code: &'static str, message: impl Into<String>) -> Result<T, Refused> {
    Err(Refused { code, message: message.into() })
}

/// Something that is not where it belongs, or not of its type.
fn misshapen<T>(what: &str) -> Result<T, Refused> {
    refuse("llm-shape", format!("Answer of the model has no readable {what}."))
}

impl From<Ambiguous> for Refused {
    fn from(Ambiguous(key): Ambiguous) -> Self {
        let message =
            format!("Answer of the model has the key \"{}\", which some read as another one.", excerpt(&key));
        Self { code: "llm-ambiguous", message }
    }
}

/// JSON of which every reader sees the same.
fn read_json(text: &str) -> Result<SyntaxTree<'_>, Refused> {
    let tree = match crate::syntax::read(text, crate::Format::Json) {
        Ok(tree) => tree,
        Err(found) => {
            return refuse("llm-not-json", format!("Answer of the model is not JSON: {}.", found.message));
        }
    };
    if let Some(twice) = tree.duplicates.first() {
        let message =
            format!("Answer of the model has the key \"{}\" twice in one object.", excerpt(&twice.key));
        return refuse("llm-duplicate-key", message);
    }
    if tree.root.as_object().is_none() {
        return misshapen("object");
    }
    Ok(tree)
}

/// A member that is there and not null.
fn given<'n, 'a>(node: &'n Node<'a>, name: &str) -> Result<Option<&'n Node<'a>>, Refused> {
    Ok(fields::get(node, name)?.filter(|node| !matches!(node.value, crate::syntax::Value::Null)))
}

/// A text that has to be there.
fn text<'n>(node: &'n Node<'_>, name: &'static str) -> Result<&'n str, Refused> {
    match given(node, name)?.and_then(Node::as_str) {
        Some(text) => Ok(text),
        None => misshapen(name),
    }
}

/// A text that may be missing.
fn optional_text<'n>(node: &'n Node<'_>, name: &'static str) -> Result<Option<&'n str>, Refused> {
    match given(node, name)? {
        None => Ok(None),
        Some(found) => found.as_str().map_or_else(|| misshapen(name), |text| Ok(Some(text))),
    }
}

/// A list that may be missing.
fn list<'n, 'a>(node: &'n Node<'a>, name: &'static str) -> Result<&'n [Node<'a>], Refused> {
    match given(node, name)? {
        None => Ok(&[]),
        Some(found) => found.as_array().map_or_else(|| misshapen(name), Ok),
    }
}

/// A whole number that may be missing.
fn optional_index(node: &Node<'_>, name: &'static str) -> Result<Option<u64>, Refused> {
    match given(node, name)? {
        None => Ok(None),
        Some(found) => match found.as_number().and_then(crate::money::digits) {
            Some(index) => Ok(Some(index)),
            None => misshapen(name),
        },
    }
}

/// A whole number that has to be there.
fn index(node: &Node<'_>, name: &'static str) -> Result<u64, Refused> {
    match optional_index(node, name)? {
        Some(index) => Ok(index),
        None => misshapen(name),
    }
}

/// What stands at a node, as it was written.
fn written<'t>(data: &'t str, node: &Node<'_>) -> &'t str {
    data.get(node.span.start..node.span.end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
