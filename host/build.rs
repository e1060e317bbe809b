//! Compiles the policy component into this crate: source to component to machine code. And puts the
//! dashboard's files into it, as `cargo xtask dashboard` left them.
//!
//! What runs later is exactly this code. There is no compiler in the binary and no artifact
//! is read from a disk, because loading machine code means trusting whoever wrote it.

#[expect(unreachable_pub, reason = "the library exports these, a build script has nobody to export to")]
#[path = "src/engine/config.rs"]
mod config;
#[path = "build/dashboard.rs"]
mod dashboard;

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use sha2::{Digest, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/engine/config.rs");
    for source in sentinel_artifacts::sources() {
        println!("cargo::rerun-if-changed={}", source.display());
    }

    let component = sentinel_artifacts::component()?;
    let mut config = config::runtime();
    // Without a target, the compiler would use whatever this machine's processor can do.
    config.target(&env::var("TARGET")?)?;
    let machine_code = wasmtime::Engine::new(&config)?.precompile_component(&component.bytes)?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    dashboard::embed(&sentinel_artifacts::target_dir().join("dashboard"), &out)?;
    fs::write(out.join("component.cwasm"), machine_code)?;
    println!("cargo::rustc-env=SENTINEL_COMPONENT_DIGEST=sha256:{}", digest(&component.bytes));
    Ok(())
}

/// SHA-256 as text.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
