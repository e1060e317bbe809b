//! The head of a request, read once: for what it needs of the body, and for the decision.

use super::call::{self, Actor, Hiding, HttpRequest, Resolved};
use crate::call::{Call, HTTP_TOOL};
use crate::decide::network::{Said, Understood, body_wanted, decide_understood, refused, understand_with};
use crate::http::{BodyWanted, Fault, HttpHead, Request};
use crate::policy::Policy;

/// The head of a request as it was read.
#[derive(Debug)]
pub struct Opened<'a> {
    head: HttpHead<'a>,
    /// Those that are decided.
    headers: Vec<(&'a str, &'a str)>,
    understood: Result<Understood<'a>, Fault>,
}

impl<'a> Opened<'a> {
    /// Reads a head.
    pub fn new(head: HttpHead<'a>) -> Self {
        let headers = call::of_request(head.headers);
        let understood = understand_with(&head, &headers);
        Self { head, headers, understood }
    }

    /// How much of the body of the request the decision about it needs, by what is known before the body
    /// has come. Whoever asks waits for the whole body, or denies. [`super::Exchange::body_awaited`] says
    /// whether more is needed than this.
    pub fn body_wanted(&self, policy: &Policy) -> BodyWanted {
        self.understood.as_ref().map_or(BodyWanted::None, |read| body_wanted(policy, read, &self.headers))
    }

    /// The whole request.
    pub(super) fn request(&self, body: Option<&'a [u8]>, resolved: Resolved<'a>) -> HttpRequest<'a> {
        HttpRequest { head: self.head, body, resolved }
    }

    /// The call of the request, and what the network says of it.
    pub(super) fn decide<'p>(
        &mut self,
        policy: &'p Policy,
        actor: &Actor<'a>,
        request: &HttpRequest<'a>,
    ) -> (Call<'a>, Result<Request<'a>, Fault>, Said<'p>) {
        // Most policies do not look into requests in this form, and it costs more than the decision.
        let input = if policy.reads_requests { call::input(request, None) } else { Vec::new() };
        let headers = std::mem::take(&mut self.headers);
        let read = Request::of(&self.head, headers, request.body, request.resolved, Hiding::of(actor));
        let said = match &read {
            Ok(read) => decide_understood(policy, read, &self.understood),
            Err(fault) => refused(fault),
        };
        (Call::of_input(actor, HTTP_TOOL, input), read, said)
    }
}

impl Policy {
    /// How much of the body of a request with this head the decision about it needs:
    /// [`Opened::body_wanted`].
    pub fn body_wanted(&self, head: &HttpHead<'_>) -> BodyWanted {
        Opened::new(*head).body_wanted(self)
    }
}
