//! What the engine reads of the Model Context Protocol: messages of clients, and answers of servers.

use wasmtime::component::ResourceAny;

use super::{McpFault, McpHeader, McpReply, McpRequest, McpShown, McpTold, McpWaiting, Mode, Session};

/// An answer on its way, kept in the instance that began to read it.
#[derive(Debug)]
pub struct Passing {
    answer: ResourceAny,
    generation: u64,
}

/// Headers of a request, as names and values; `None` where the transport has none.
type Headers<'a> = Option<&'a [McpHeader]>;

impl Session {
    /// What a client sends to the server of this name; `None` where the engine failed.
    pub fn read_mcp(&mut self, server: &str, message: &[u8], headers: Headers<'_>) -> Option<McpRequest> {
        self.ask(message, |live| live.worker.read_mcp(server, message, headers)).ok()
    }

    /// What the client of such a message is told instead; `None` where the engine failed.
    pub fn refuse_mcp(
        &mut self,
        message: &[u8],
        headers: Headers<'_>,
        told: &McpTold,
        waiting: Option<&McpWaiting>,
    ) -> Option<McpReply> {
        self.ask(message, |live| live.worker.refuse_mcp(message, headers, told, waiting)).ok()
    }

    /// Begins to read an answer of the server of this name; `None` where the engine failed.
    pub fn mcp_answer(
        &mut self,
        content_type: &str,
        server: &str,
        environment: Option<&str>,
        mode: Option<Mode>,
    ) -> Option<Passing> {
        let begun = self
            .ask(&[], |live| live.worker.mcp_answer(live.policy, content_type, server, environment, mode));
        Some(Passing { answer: begun.ok()?, generation: self.generation })
    }

    /// What of the answer may go on; `None` where the engine failed, now or since it began.
    pub fn push(&mut self, own: &Passing, bytes: &[u8], end: bool) -> Option<Result<McpShown, McpFault>> {
        if !self.has(own) {
            return None;
        }
        self.ask(&[], |live| live.worker.push(own.answer, bytes, end)).ok()
    }

    /// Gives back its memory.
    pub fn forget(&mut self, own: &Passing) {
        if self.has(own) {
            // An instance that failed took it along.
            let _ = self.ask(&[], |live| live.worker.forget(own.answer));
        }
    }

    fn has(&self, own: &Passing) -> bool {
        self.live.is_some() && self.generation == own.generation
    }
}
