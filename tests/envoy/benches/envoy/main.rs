//! What a filter costs in a real Envoy: ours, Envoy's own, and none, in one run.
//!
//! The proxy has one worker and one processor for itself; who loads it and who answers behind it share
//! another. The chains take turns, so that a machine whose speed drifts favours none, and what is said
//! is the median of the rounds. Prints a table and ratios; nothing is asserted but that every request
//! is let through.
//!
//! ```text
//! cargo bench --package sentinel-envoy-tests --bench envoy -- table [--rounds N] [--seconds N] [--peers]
//! cargo bench --package sentinel-envoy-tests --bench envoy -- memory
//! ```
//!
//! `--peers` leaves ours out.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints, and stops if it cannot be set up"
)]

mod chains;
mod load;
mod memory;
mod process;
mod table;

/// The processor of the proxy that is measured.
const PROXY_CPU: usize = 0;

/// The processor of everything else.
const LOAD_CPU: usize = 1;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test` runs benches as tests; they are none.
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    let number = |name: &str, otherwise: u64| -> u64 {
        let place = arguments.iter().position(|argument| argument == name);
        let given = place.and_then(|place| arguments.get(place + 1));
        given.map_or(otherwise, |given| {
            given.parse().unwrap_or_else(|_| panic!("{name}: `{given}` is no number"))
        })
    };
    let peers_only = arguments.iter().any(|argument| argument == "--peers");
    let only = arguments.iter().find(|argument| matches!(argument.as_str(), "table" | "memory"));
    let wants = |name: &str| only.is_none_or(|only| only == name);
    if wants("table") {
        table::run(number("--rounds", 5), number("--seconds", 2), peers_only);
    }
    if wants("memory") {
        memory::run(peers_only);
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
