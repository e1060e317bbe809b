//! How much memory a worker has for a filter, and how large the modules are.

use std::fs;
use std::path::Path;
use std::time::Duration;

use sentinel_envoy_tests::bootstrap::Bootstrap;
use sentinel_envoy_tests::{Envoy, module, wasm};
use serde_json::{Value, json};

use crate::load::{Load, Wrk};
use crate::{LOAD_CPU, chains, process};

/// Many, so that what the process has once does not count.
const WORKERS: u32 = 8;

/// How long all workers are loaded before anybody looks.
const LOADED: Duration = Duration::from_secs(3);

pub(crate) fn run(peers_only: bool) {
    let origin = Envoy::options(&chains::origin().build()).cpu(LOAD_CPU).start();
    println!("\nmemory of one worker for its filter, and size of the module");
    let none = per_worker(&Bootstrap::new(origin.port()));
    println!("{:<22} {:>8.1} MB", "router only", megabytes(none));
    let show = |name: &str, module: &Path, filter: Value| {
        let own = per_worker(&Bootstrap::new(origin.port()).filter(filter));
        let size = fs::metadata(module).expect("a module").len();
        println!("{name:<22} {:>8.1} MB {:>8.1} MB of module", megabytes(own), size as f64 / 1e6);
        own
    };
    let empty = show("+ empty wasm", module::empty(), wasm(module::empty(), &json!({})));
    if !peers_only {
        let module = chains::sentinel_module();
        let ours = show("+ sentinel, 100 rules", &module, chains::sentinel(&module));
        println!("sentinel: {:.1} MB a worker above the empty filter (aim 16)", megabytes(ours - empty));
    }
}

/// What each further worker adds to the process, under load, in bytes.
fn per_worker(bootstrap: &Bootstrap) -> f64 {
    let config = bootstrap.build();
    let resident = |workers: u32| -> f64 {
        let envoy = Envoy::options(&config).workers(workers).start();
        let wrk = Wrk::new();
        for load in [Load::Headers, Load::LargeCall] {
            wrk.send(load, envoy.port(), 16 * workers, LOADED);
        }
        process::resident(envoy.pid()) as f64
    };
    (resident(1 + WORKERS) - resident(1)) / f64::from(WORKERS)
}

fn megabytes(bytes: f64) -> f64 {
    bytes / 1e6
}
