//! The daemon's HTTP API: what can be asked ([`ROUTES`]), by whom, and in which words it is answered.
//!
//! In reading order: this table; `front`, what every request passes; `caller`, who may do what, and
//! `browser`, what a browser's word is worth;
//! `input` and `answer`, the two directions; `problem`, every error as a status; then one file for
//! each noun; `serve`, the socket.
//!
//! A handler takes its input, calls the use case of [`app`](crate::app), and renders. It can reach
//! the daemon's state only through a permission that `caller` gives, so none can forget to ask.

mod activity;
mod answer;
mod attempts;
mod browser;
mod caller;
mod front;
mod input;
mod metrics;
mod money;
mod problem;
mod serve;
mod shared;

mod agents;
mod approvals;
mod approve_page;
mod dashboard;
mod evaluate;
mod events;
mod exports;
mod health;
mod hooks;
mod ledger;
mod login;
mod openapi;
mod outcomes;
mod pages;
mod policies;
mod records;
mod sessions;
mod simulate;
mod statistics;

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodFilter, MethodRouter, on};

pub use serve::serve;
#[doc(hidden)]
pub use serve::serve_constant;

use crate::app::App;
use front::{FrontLayer, Refusal};
use shared::Shared;

/// Something that can be asked.
pub struct Route {
    /// Method, in capitals.
    pub method: &'static str,
    /// Path, with its parameters in braces.
    pub path: &'static str,
    /// Parameters that may stand in the query. All others are refused.
    pub query: &'static [&'static str],
    refusal: Refusal,
    handler: fn() -> MethodRouter<Arc<Shared>>,
}

macro_rules! routes {
    ($($method:ident $path:literal [$($query:literal)*] $refusal:ident $handler:path;)*) => {
        /// All of them, in the order of the documentation.
        pub static ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            query: &[$($query),*],
            refusal: Refusal::$refusal,
            handler: || on(MethodFilter::$method, $handler),
        }),*];
    };
}

routes! {
    POST "/v1/evaluate" [] Denial evaluate::evaluate;
    POST "/v1/simulate" [] Problem simulate::simulate;
    POST "/v1/validate" [] Problem policies::validate;
    POST "/v1/deploy" [] Problem policies::deploy;
    POST "/v1/audit" [] Problem outcomes::report;
    POST "/v1/records" [] Problem records::record;
    GET "/v1/health" [] Problem health::health;
    GET "/v1/agents" ["q" "page" "limit"] Problem agents::list;
    GET "/v1/agents/{id}/risk" ["sessionId"] Problem agents::risk;
    GET "/v1/agents/{id}/budgets" [] Problem agents::budgets;
    GET "/v1/agents/{id}/audit" ["limit" "before" "kind" "decision"] Problem agents::audit;
    GET "/v1/agents/{id}/stats" [] Problem statistics::stats;
    GET "/v1/agents/{id}/export/csv" ["from" "to" "decision" "tag" "team" "limit"] Problem exports::csv;
    GET "/v1/agents/{id}/export/jsonl" ["from" "to" "decision" "tag" "team" "limit"] Problem exports::jsonl;
    GET "/v1/agents/{id}/policy" [] Problem policies::policy;
    DELETE "/v1/agents/{id}/policy" [] Problem policies::remove;
    GET "/v1/agents/{id}/policy/history" ["limit"] Problem policies::history;
    GET "/v1/agents/{id}/policy/history/{revision}" [] Problem policies::revision;
    POST "/v1/agents/{id}/rollback" [] Problem policies::rollback;
    POST "/v1/agents/{id}/reset" [] Problem sessions::reset;
    GET "/v1/approvals" ["status" "agent" "after" "limit"] Problem approvals::list;
    GET "/v1/approvals/{id}" ["wait"] Problem approvals::one;
    POST "/v1/approvals/{id}/approve" [] Problem approvals::approve;
    POST "/v1/approvals/{id}/deny" [] Problem approvals::deny;
    POST "/v1/approvals/{id}/cancel" [] Problem approvals::cancel;
    POST "/v1/sessions" [] Problem sessions::start;
    GET "/v1/sessions/{id}" [] Problem sessions::session;
    DELETE "/v1/sessions/{id}" [] Problem sessions::end;
    GET "/v1/dashboard" ["limit" "agents"] Problem dashboard::dashboard;
    GET "/v1/events/stream" ["agent" "decision" "lastEventId" "ticket"] Problem events::stream;
    POST "/v1/events/ticket" [] Problem events::ticket;
    POST "/v1/login" [] Problem login::log_in;
    GET "/v1/login" [] Problem login::whoami;
    DELETE "/v1/login" [] Problem login::log_out;
    POST "/v1/hooks/claude-code" ["agent" "workspace" "home"] Hook hooks::claude_code;
    GET "/v1/ledger/checkpoint" [] Problem ledger::checkpoint;
    GET "/v1/ledger/key" [] Problem ledger::key;
    GET "/v1/ledger/keys" [] Problem ledger::keys;
    GET "/v1/ledger/entries" ["from" "limit" "agent" "kind" "decision"] Problem ledger::entries;
    GET "/v1/ledger/entries/{index}" [] Problem ledger::entry;
    GET "/v1/ledger/entries/{index}/receipt" [] Problem ledger::receipt;
    GET "/v1/ledger/consistency" ["old" "new"] Problem ledger::consistency;
    GET "/v1/ledger/tile/{*path}" [] Problem ledger::tile;
    GET "/approve/{token}" [] Problem approve_page::show;
    POST "/approve/{token}" [] Problem approve_page::respond;
    GET "/" [] Problem pages::forward;
    GET "/dashboard" [] Problem pages::forward;
    GET "/dashboard/" [] Problem pages::file;
    GET "/dashboard/{*path}" [] Problem pages::file;
    GET "/openapi.json" [] Problem openapi::document;
    GET "/metrics" [] Problem metrics::metrics;
}

/// Answers every route.
pub fn router(app: Arc<App>) -> Router {
    with(&Shared::new(app))
}

fn with(shared: &Arc<Shared>) -> Router {
    with_routes(shared, ROUTES.iter().map(|route| (route, (route.handler)())))
}

/// The first route with a constant answer, behind all that the real one is behind.
fn constant(shared: &Arc<Shared>) -> Router {
    let handler = || on(MethodFilter::POST, evaluate::constant);
    with_routes(shared, ROUTES.iter().take(1).map(|route| (route, handler())))
}

fn with_routes(
    shared: &Arc<Shared>,
    routes: impl Iterator<Item = (&'static Route, MethodRouter<Arc<Shared>>)>,
) -> Router {
    let mut router = Router::new();
    for (route, handler) in routes {
        let handler = handler.route_layer(FrontLayer::new(shared, route));
        router = router.route(route.path, handler);
    }
    let router = router
        .fallback(front::not_found)
        .method_not_allowed_fallback(front::method_not_allowed)
        .with_state(Arc::clone(shared));
    match front::cors(&shared.app().config.cors_origins) {
        Some(layer) => router.layer(layer),
        None => router,
    }
}
