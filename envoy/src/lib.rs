//! The policy engine as an Envoy filter.
//!
//! This is a shell: it turns what the proxy holds into calls, has the engine of
//! `guest/engine` decide them, and does what the verdict says. What a request means, and
//! whether it may go ahead, is nowhere decided here.
//!
//! ```text
//! Envoy ── bytes ──▶ stream.rs ── Head, body ──▶ flow.rs ── call ──▶ engine ── Verdict ─┐
//!   ▲                 hostcalls                   phases                                │
//!   │                                              │ needs state? daemon.rs ◀──▶ daemon │
//!   └───────────── Step: wait, pass, refuse ◀──────┴────────────────────────────────────┘
//! ```
//!
//! Everything but `host.rs`, `root.rs`, `stream.rs` and `metrics.rs` is pure and tested without a proxy.

mod answers;
mod config;
mod daemon;
mod faults;
mod flow;
mod governor;
mod head;
mod outcomes;
mod pairs;
mod records;
mod reply;

mod host;
mod metrics;
mod root;
mod stream;

/// Where the proxy enters.
#[expect(unsafe_code, reason = "the ABI asks for an exported function of this very name")]
#[unsafe(no_mangle)]
pub extern "C" fn _initialize() {
    // The log level also installs the hook that writes panics to the proxy's log.
    proxy_wasm::set_log_level(proxy_wasm::types::LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(root::Root::default()));
}
