//! Makes sure that the standard library of a target is installed.

use std::env;
use std::ffi::OsString;
use std::process::Command;

use crate::{ArtifactError, workspace};

/// Adds a rust target where it is missing, and says so on stderr.
///
/// # Errors
///
/// Where the target is missing and rustup is absent or refuses.
pub fn ensure_target(target: &str) -> Result<(), ArtifactError> {
    if is_installed(target)? {
        return Ok(());
    }
    note(&format!("adding the rust target `{target}`: rustup target add {target}"));
    let added = Command::new("rustup").current_dir(workspace()).args(["target", "add", target]).output();
    match added {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(missing(target, String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(missing(target, &format!("rustup could not be started: {error}"))),
    }
}

/// Asks the compiler where the target's libraries would be: that works for toolchains which
/// rustup knows nothing of.
fn is_installed(target: &str) -> Result<bool, ArtifactError> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let output = Command::new(&rustc)
        .current_dir(workspace())
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .map_err(|source| ArtifactError::Start { program: rustc.to_string_lossy().into_owned(), source })?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let has_std = std::fs::read_dir(path).is_ok_and(|mut entries| {
        entries
            .any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")))
    });
    Ok(output.status.success() && has_std)
}

fn missing(target: &str, reason: &str) -> ArtifactError {
    ArtifactError::Target { target: target.to_owned(), reason: reason.to_owned() }
}

#[expect(clippy::print_stderr, reason = "whoever builds wants to know what was installed")]
fn note(text: &str) {
    eprintln!("sentinel-artifacts: {text}");
}
