//! The daemon under load, held against the same server with a constant answer.
//!
//! Each server is a process of its own: this program started again with the name of a role. The
//! load comes from 64 connections that are kept open, on the same machine. Prints figures and
//! ratios; nothing is asserted. `cargo xtask bench` runs it; `--calls N` says how many.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench prints, and stops if it cannot be set up"
)]

mod generator;
mod ledger;
mod server;

use std::time::Duration;

use mimalloc::MiMalloc;

use generator::{Load, Measured};
use server::{Role, Server};

/// As the daemon itself has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Connections that are kept open.
const CONNECTIONS: usize = 64;

/// Rounds in which the servers take turns, so that a machine whose speed drifts favours none.
const ROUNDS: usize = 5;

/// How long each round loads each server.
const ROUND: Duration = Duration::from_secs(4);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test` runs benches as tests; they are none.
    if arguments.iter().any(|argument| argument == "--test") {
        return;
    }
    if let Some(role) = arguments.iter().find_map(|argument| Role::from_argument(argument)) {
        server::run(role, &arguments);
        return;
    }
    let only = arguments.iter().find(|argument| !argument.starts_with("--")).map(String::as_str);
    let wants = |name: &str| only.is_none_or(|only| only == name);
    if wants("evaluate") {
        evaluate();
    }
    if wants("postgres") {
        postgres();
    }
    if wants("memory") {
        memory();
    }
    if wants("policies") {
        policies();
    }
    if wants("ledger") {
        ledger::run();
    }
}

fn evaluate() {
    println!("POST /v1/evaluate, {CONNECTIONS} connections, embedded store, every answer durable");
    let constant = Server::start(&Role::Constant);
    let daemon = Server::start(&Role::Embedded);
    let (mut held, mut real): (Vec<Measured>, Vec<Measured>) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        held.push(Load::new(&constant, CONNECTIONS).run(ROUND));
        real.push(Load::new(&daemon, CONNECTIONS).run(ROUND));
    }
    line("constant answer", &held);
    line("decided and durable", &real);
    let ratios = real.iter().zip(&held).map(|(real, held)| real.per_second() / held.per_second());
    println!("throughput ratio {:.2} (aim 0.6)", median(ratios.collect()));
    let tails = real.iter().map(|own| own.quantile(0.99) / own.quantile(0.5));
    println!("p99 / p50        {:.1} (aim 10)\n", median(tails.collect()));
}

fn postgres() {
    println!("POST /v1/evaluate, {CONNECTIONS} connections, PostgreSQL on the same machine, fsync on");
    let cluster = sentinel_tests::postgres::Postgres::start();
    let daemon = Server::start(&Role::Postgres(cluster.url()));
    let measured: Vec<Measured> = (0..ROUNDS).map(|_| Load::new(&daemon, CONNECTIONS).run(ROUND)).collect();
    line("decided and durable", &measured);
    println!();
}

fn memory() {
    println!("memory of a daemon, resident");
    let daemon = Server::start(&Role::Embedded);
    Load::new(&daemon, CONNECTIONS).calls(20_000);
    println!("after    20,000 calls {:>7} KiB", daemon.resident_kib());
    for calls in [500_000, 1_000_000] {
        Load::new(&daemon, CONNECTIONS).calls(500_000);
        println!("after {calls:>9} calls {:>7} KiB", daemon.resident_kib());
    }
    println!();
}

fn policies() {
    println!("10,000 policies in the definitions directory");
    let daemon = Server::start(&Role::Policies(10_000));
    println!("first start   {:>6.2} s, {} KiB resident", daemon.start_seconds, daemon.resident_kib());
    let again = daemon.restart();
    println!("later start   {:>6.2} s, {} KiB resident\n", again.start_seconds, again.resident_kib());
}

fn line(name: &str, measured: &[Measured]) {
    let of = |read: fn(&Measured) -> f64| median(measured.iter().map(read).collect());
    println!(
        "{name:<20} {:>8.0}/s   p50 {:>6.2} ms   p99 {:>6.2} ms   max {:>6.2} ms",
        of(Measured::per_second),
        of(|own| own.quantile(0.5)) * 1000.0,
        of(|own| own.quantile(0.99)) * 1000.0,
        of(|own| own.quantile(1.0)) * 1000.0
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
