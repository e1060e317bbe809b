//! Throughput, latency and time on the processor of every chain.

use std::time::Duration;

use sentinel_envoy_tests::Envoy;

use crate::chains::{Chain, Row, rows};
use crate::load::{Load, Sent, Wrk};
use crate::{LOAD_CPU, PROXY_CPU, chains, median, process};

/// Enough that the proxy always has something to do.
const CONNECTIONS: u32 = 8;

/// A chain that is being measured.
struct Measured {
    row: Row,
    envoy: Envoy,
    rounds: Vec<Round>,
}

struct Round {
    busy: Sent,
    cpu: Duration,
    /// One connection: how long an answer takes where nobody waits for anybody.
    alone: Sent,
}

/// The medians.
struct Medians {
    per_second: f64,
    p50: f64,
    p99: f64,
    cpu_micros: f64,
    alone_p50: f64,
}

impl Measured {
    fn start(row: Row, origin: u16) -> Self {
        let config = row.chain.bootstrap(row.load, origin).pooled().build();
        Self { row, envoy: Envoy::options(&config).cpu(PROXY_CPU).start(), rounds: Vec::new() }
    }

    fn round(&mut self, wrk: &Wrk, duration: Duration) {
        let (load, port, pid) = (self.row.load, self.envoy.port(), self.envoy.pid());
        let before = process::cpu(pid);
        let busy = wrk.send(load, port, CONNECTIONS, duration);
        let cpu = process::cpu(pid) - before;
        let alone = wrk.send(load, port, 1, duration / 2);
        self.rounds.push(Round { busy, cpu, alone });
    }

    fn medians(&self) -> Medians {
        let of = |value: &dyn Fn(&Round) -> f64| median(self.rounds.iter().map(value).collect());
        let micros = |duration: Duration| duration.as_secs_f64() * 1e6;
        Medians {
            per_second: of(&|round| round.busy.per_second()),
            p50: of(&|round| micros(round.busy.p50)),
            p99: of(&|round| micros(round.busy.p99)),
            cpu_micros: of(&|round| micros(round.cpu) / round.busy.requests as f64),
            alone_p50: of(&|round| micros(round.alone.p50)),
        }
    }
}

pub(crate) fn run(rounds: u64, seconds: u64, peers_only: bool) {
    let duration = Duration::from_secs(seconds);
    let origin = Envoy::options(&chains::origin().build()).cpu(LOAD_CPU).start();
    let rows = rows().into_iter().filter(|row| !peers_only || row.chain != Chain::Sentinel);
    let mut all: Vec<Measured> = rows.map(|row| Measured::start(row, origin.port())).collect();
    let wrk = Wrk::new();
    for measured in &all {
        wrk.send(measured.row.load, measured.envoy.port(), CONNECTIONS, Duration::from_secs(1));
    }
    for _ in 0..rounds {
        for measured in &mut all {
            measured.round(&wrk, duration);
        }
    }
    println!(
        "one worker, {CONNECTIONS} connections; alone: one connection; {rounds} rounds of {seconds} s, medians"
    );
    for load in [Load::Headers, Load::Call, Load::LargeCall] {
        print(load, &all);
    }
}

fn print(load: Load, all: &[Measured]) {
    let these: Vec<(Chain, Medians)> = all
        .iter()
        .filter(|measured| measured.row.load == load)
        .map(|measured| (measured.row.chain, measured.medians()))
        .collect();
    let Some((_, router)) = these.iter().find(|(chain, _)| *chain == Chain::Router) else { return };
    println!("\n{}", load.name());
    println!(
        "{:<22} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>10}",
        "", "req/s", "p50 µs", "p99 µs", "CPU µs", "CPU ratio", "alone µs", "added µs"
    );
    for (chain, own) in &these {
        println!(
            "{:<22} {:>8.0} {:>9.0} {:>9.0} {:>9.1} {:>9.2} {:>9.0} {:>10.0}",
            chain.name(),
            own.per_second,
            own.p50,
            own.p99,
            own.cpu_micros,
            router.cpu_micros / own.cpu_micros,
            own.alone_p50,
            own.alone_p50 - router.alone_p50,
        );
    }
    compare(&these, router);
}

/// What the aims are about.
fn compare(these: &[(Chain, Medians)], router: &Medians) {
    let of = |wanted: Chain| these.iter().find(|(chain, _)| *chain == wanted).map(|(_, medians)| medians);
    let Some(ours) = of(Chain::Sentinel) else { return };
    println!("sentinel: CPU ratio to the router {:.2}", router.cpu_micros / ours.cpu_micros);
    if let Some(empty) = of(Chain::Empty) {
        println!("sentinel: {:.0} µs of CPU above the empty filter", ours.cpu_micros - empty.cpu_micros);
    }
    if let Some(native) = of(Chain::McpRbac) {
        println!("sentinel: throughput {:.2} of Envoy's mcp + rbac", ours.per_second / native.per_second);
    }
    if let Some(authorizer) = of(Chain::ExtAuthz) {
        let (theirs, own) = (authorizer.alone_p50 - router.alone_p50, ours.alone_p50 - router.alone_p50);
        println!("sentinel: ext_authz adds {:.1} times as much latency", theirs / own);
    }
}
