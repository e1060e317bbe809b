//! An answer that comes in one piece: kept until it is whole and every call in it is ruled on.

use super::calls::{CallId, Calls};
use super::edits::Edits;
use super::{Api, Refused, anthropic, given, misshapen, openai_chat, openai_responses, read_json, refuse};
use crate::limits::LLM_ANSWER_BYTES_MAX;

pub(super) struct Whole {
    api: Api,
    bytes: Vec<u8>,
    /// Once it is whole: its calls, in document order.
    calls: Option<Vec<CallId>>,
}

impl Whole {
    pub(super) const fn new(api: Api) -> Self {
        Self { api, bytes: Vec::new(), calls: None }
    }

    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        end: bool,
        calls: &mut Calls,
        out: &mut Vec<u8>,
    ) -> Result<(), Refused> {
        if self.calls.is_some() {
            return if bytes.is_empty() {
                Ok(())
            } else {
                refuse("llm-shape", "Answer of the model goes on after its end.")
            };
        }
        if self.bytes.len() + bytes.len() > LLM_ANSWER_BYTES_MAX {
            return refuse(
                "llm-too-large",
                format!("Answer of the model is larger than {LLM_ANSWER_BYTES_MAX} bytes."),
            );
        }
        self.bytes.extend_from_slice(bytes);
        if !end {
            return Ok(());
        }
        if self.bytes.is_empty() {
            self.calls = Some(Vec::new());
            return Ok(());
        }
        let text = utf8(&self.bytes)?;
        let tree = read_json(text)?;
        // What is of no shape of this API may be of another one, whose calls are elsewhere.
        let place = match self.api {
            Api::OpenAiChat => "choices",
            Api::OpenAiResponses => "output",
            Api::AnthropicMessages => "content",
        };
        if given(&tree.root, place)?.is_none() && given(&tree.root, "error")?.is_none() {
            return misshapen(place);
        }
        self.calls = Some(match self.api {
            Api::OpenAiChat => openai_chat::calls(&tree.root, calls)?,
            Api::OpenAiResponses => openai_responses::calls(&tree.root, text, calls)?,
            Api::AnthropicMessages => anthropic::calls(&tree.root, text, calls)?,
        });
        self.release(calls, out)
    }

    /// Lets the answer go, if all of its calls are ruled on.
    pub(super) fn release(&mut self, calls: &Calls, out: &mut Vec<u8>) -> Result<(), Refused> {
        let Some(own) = &self.calls else { return Ok(()) };
        if !own.iter().all(|id| calls.is_ruled(*id)) {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.bytes);
        if bytes.is_empty() || own.iter().all(|id| calls.is_permitted(*id)) {
            out.extend(bytes);
            return Ok(());
        }
        let text = utf8(&bytes)?;
        let tree = read_json(text)?;
        let mut edits = Edits::default();
        match self.api {
            Api::OpenAiChat => openai_chat::replace(&tree.root, own, calls, &mut edits)?,
            Api::OpenAiResponses => openai_responses::replace(&tree.root, text, own, calls, &mut edits)?,
            Api::AnthropicMessages => anthropic::replace(&tree.root, own, calls, &mut edits)?,
        }
        out.extend(edits.apply(text).into_bytes());
        Ok(())
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Refused> {
    std::str::from_utf8(bytes).or_else(|_| refuse("llm-not-json", "Answer of the model is not valid UTF-8."))
}
