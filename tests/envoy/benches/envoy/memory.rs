//! How much memory a worker has for a filter, and how large the modules are.

use std::fs;
use std::path::Path;
use std::time::Duration;

use sentinel_envoy_tests::bootstrap::Bootstrap;
use sentinel_envoy_tests::{Envoy, module, wasm};
use serde_json::{Value, json};

use crate::load::{Load, Wrk};
use crate::{LOAD_CPU, chains, median, process};

/// Many, so that what the process has once does not count.
const WORKERS: u32 = 16;

/// How often the proxy is started: allocators keep more or less, as it happens.
const STARTS: usize = 3;

/// How long all workers are loaded before anybody looks.
const LOADED: Duration = Duration::from_secs(2);

pub(crate) fn run(peers_only: bool) {
    let origin = Envoy::options(&chains::origin().build()).cpu(LOAD_CPU).start();
    println!("\nmemory under load, and size of the module");
    let none = measure(&Bootstrap::new(origin.port()).pooled());
    println!("{:<22} {:>10} {:>14} {:>10}", "in MB", "one worker", "further worker", "module");
    line("router only", &none, 0.0);
    let show = |name: &str, module: &Path, filter: Value| {
        let own = measure(&Bootstrap::new(origin.port()).pooled().filter(filter));
        line(name, &own, fs::metadata(module).expect("a module").len() as f64);
        own
    };
    let empty = show("+ empty wasm", module::empty(), wasm(module::empty(), &json!({})));
    if !peers_only {
        let module = chains::sentinel_module();
        let ours = show("+ sentinel, 100 rules", &module, chains::sentinel(&module));
        println!(
            "sentinel: {:.1} MB a further worker above the empty filter, {:.1} MB the first (aim 16)",
            megabytes(ours.more - empty.more),
            megabytes(ours.one - empty.one)
        );
    }
}

/// Under load, in bytes.
struct Memory {
    /// A process with one worker.
    one: f64,
    /// What each further worker adds to it.
    more: f64,
}

fn measure(bootstrap: &Bootstrap) -> Memory {
    let config = bootstrap.build();
    let once = |workers: u32| -> f64 {
        let envoy = Envoy::options(&config).workers(workers).start();
        let wrk = Wrk::new();
        for load in [Load::Headers, Load::LargeCall] {
            wrk.send(load, envoy.port(), 16 * workers, LOADED);
        }
        process::resident(envoy.pid()) as f64
    };
    let resident = |workers: u32| median((0..STARTS).map(|_| once(workers)).collect());
    let one = resident(1);
    Memory { one, more: (resident(1 + WORKERS) - one) / f64::from(WORKERS) }
}

fn line(name: &str, own: &Memory, module: f64) {
    let (one, more, module) = (megabytes(own.one), megabytes(own.more), megabytes(module));
    println!("{name:<22} {one:>10.1} {more:>14.1} {module:>10.1}");
}

fn megabytes(bytes: f64) -> f64 {
    bytes / 1e6
}
