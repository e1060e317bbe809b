//! Runs cargo inside cargo: its own target directory, and none of the outer build's settings.
//!
//! A build script that starts cargo inherits everything that the outer cargo told it:
//! flags, wrappers, the outer target, the outer profile. Each of those would change what is
//! built or wait for a lock that the outer cargo holds.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use crate::{ArtifactError, workspace};

/// Settings of the network and of the place where cargo keeps things. The jobserver is among
/// them: the inner build takes its turns from the outer one and never runs more jobs.
const KEPT: [&str; 7] = [
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_MAKEFLAGS",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
];

/// Beginnings of names that cargo sets for build scripts, or that change how it compiles.
const DROPPED: [&str; 6] = ["CARGO_", "CLIPPY_", "RUSTC", "RUSTDOC", "RUSTFLAGS", "DEP_"];

/// Names that cargo sets for build scripts and that other tools read as well.
const DROPPED_EXACTLY: [&str; 9] =
    ["DEBUG", "HOST", "LD_LIBRARY_PATH", "NUM_JOBS", "OPT_LEVEL", "OUT_DIR", "PROFILE", "TARGET", "CARGO"];

/// Builds a crate for a target; answers the path of what was linked.
pub(crate) fn build(package: &str, target: &str) -> Result<PathBuf, ArtifactError> {
    let target_dir = workspace().join("target").join("guest");
    let mut command = cargo();
    command
        .current_dir(workspace())
        .args(["build", "--package", package, "--lib", "--profile", "guest"])
        .args(["--target", target, "--target-dir"])
        .arg(&target_dir);
    // Build scripts speak to cargo through stdout, so the inner cargo must not.
    command.stdout(std::process::Stdio::null());
    let status =
        command.status().map_err(|source| ArtifactError::Start { program: "cargo".to_owned(), source })?;
    if !status.success() {
        return Err(ArtifactError::Build { package: package.to_owned(), target: target.to_owned() });
    }
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(target_dir.join(target).join("guest").join(file))
}

/// Cargo with the environment of a fresh terminal.
fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_dropped) {
            command.env_remove(&name);
        }
    }
    command
}

fn is_dropped(name: &str) -> bool {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    DROPPED_EXACTLY.contains(&name) || (starts(&DROPPED) && !starts(&KEPT))
}

#[cfg(test)]
mod tests {
    use super::is_dropped;

    #[test]
    fn settings_of_the_outer_build_are_dropped() {
        for name in [
            "CARGO_BUILD_TARGET",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_FEATURE_X",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_TARGET_DIR",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTFLAGS",
            "TARGET",
        ] {
            assert!(is_dropped(name), "{name}");
        }
    }

    #[test]
    fn settings_of_the_machine_are_kept() {
        for name in ["CARGO_HOME", "CARGO_HTTP_PROXY", "CARGO_MAKEFLAGS", "HOME", "PATH", "RUSTUP_TOOLCHAIN"]
        {
            assert!(!is_dropped(name), "{name}");
        }
    }
}
