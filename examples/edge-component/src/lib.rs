//! Decisions over HTTP as a component: any host that runs `wasi:http/proxy` serves them, `wasmtime serve`
//! among them.
//!
//! ```text
//! request ─ wire ─▶ Request ─ serve ─▶ Reply ─ wire ─▶ response
//!                                │
//!        evaluate, authzen       │ what is asked, and the words of the answer
//!        decide                  │ the engine, or whoever keeps state
//! ```
//!
//! It links the engine, as the Envoy filter does, and adds no word of policy. It keeps nothing: a host
//! makes a new instance for each request. So what needs memory is asked of a daemon, or denied.

mod authzen;
mod body;
mod call;
mod credential;
mod daemon;
mod decide;
mod evaluate;
mod policies;
mod problem;
mod serve;
mod settings;
mod wire;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

/// Carries the export; there is no state beside it.
struct Component;

impl Guest for Component {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        wire::handle(&request, out);
    }
}

wasip2::http::proxy::export!(Component);
