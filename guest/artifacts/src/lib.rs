//! Builds the policy component and the Envoy filter from source, for whoever needs their bytes: the
//! build script of `host`, the tests, and xtask.
//!
//! There is no cache of ours to go stale. Cargo is asked every time, and cargo decides
//! whether anything has to be compiled. The target is `wasm32-unknown-unknown`, because the
//! standard library of the WASI targets imports clocks and streams whether they are used or
//! not; [`component`] then wraps the module as a component that imports nothing.

mod cargo;
mod error;
mod toolchain;

use std::fs;
use std::path::{Path, PathBuf};

use wit_component::ComponentEncoder;

pub use error::ArtifactError;
pub use toolchain::ensure_target;

/// Target of the artifact that ships.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// Target that must build as well, for hosts that want to link the component themselves.
pub const TARGET_WASI: &str = "wasm32-wasip2";

/// The crate of the component.
const COMPONENT: &str = "sentinel-component";

/// The crate of the Envoy filter.
const FILTER: &str = "sentinel-envoy";

/// The crate of the example that serves decisions over HTTP.
const EDGE: &str = "sentinel-edge-component";

/// The crate of the browser shell.
const WEB: &str = "sentinel-web";

/// A built component.
#[derive(Clone, Debug)]
pub struct Artifact {
    /// The component, as binary.
    pub bytes: Vec<u8>,
    /// Where the same bytes were written.
    pub path: PathBuf,
}

/// The root of this workspace.
pub fn workspace() -> PathBuf {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_dir.ancestors().nth(2).unwrap_or(crate_dir).to_owned()
}

/// Where cargo puts what it builds, and the tasks of this repository what they build.
pub fn target_dir() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").filter(|name| !name.is_empty()).map(PathBuf::from);
    // A path that is not absolute counts from where cargo was started, which is here.
    named.map_or_else(|| workspace().join("target"), |named| workspace().join(named))
}

/// Files and directories that the component is made of, for `rerun-if-changed`.
pub fn sources() -> Vec<PathBuf> {
    let workspace = workspace();
    [
        "Cargo.lock",
        "Cargo.toml",
        "guest/component/Cargo.toml",
        "guest/component/src",
        "guest/engine/Cargo.toml",
        "guest/engine/src",
        "wit",
    ]
    .into_iter()
    .map(|name| workspace.join(name))
    .collect()
}

/// Builds the component and encodes it.
///
/// # Errors
///
/// Where the target cannot be added, the engine does not compile, or the module does not fit
/// the world in `wit/`.
pub fn component() -> Result<Artifact, ArtifactError> {
    ensure_target(TARGET)?;
    let module = cargo::build(COMPONENT, TARGET)?;
    let bytes = fs::read(&module).map_err(|source| ArtifactError::Read { path: module.clone(), source })?;
    let bytes = ComponentEncoder::default()
        .validate(true)
        .module(&bytes)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| ArtifactError::Encode { reason: format!("{error:#}") })?;
    let path = module.with_file_name("sentinel_policy.component.wasm");
    write_if_changed(&path, &bytes)?;
    Ok(Artifact { bytes, path })
}

/// Builds the component for `wasm32-wasip2`, whose linker encodes it, and says where it is.
///
/// # Errors
///
/// Where the target cannot be added or the engine does not compile for it.
pub fn component_wasi() -> Result<PathBuf, ArtifactError> {
    ensure_target(TARGET_WASI)?;
    cargo::build(COMPONENT, TARGET_WASI)
}

/// Builds the Envoy filter, and says where it is.
///
/// # Errors
///
/// Where the target cannot be added or the filter does not compile.
pub fn envoy_filter() -> Result<PathBuf, ArtifactError> {
    ensure_target(TARGET)?;
    cargo::build(FILTER, TARGET)
}

/// Builds the example that serves decisions as a component of `wasi:http`, and says where it is.
///
/// # Errors
///
/// Where the target cannot be added or the example does not compile.
pub fn edge_component() -> Result<PathBuf, ArtifactError> {
    ensure_target(TARGET_WASI)?;
    cargo::build(EDGE, TARGET_WASI)
}

/// Builds the module of the browser shell, and says where it is. It is nothing that a browser can load:
/// wasm-bindgen has to read it first.
///
/// # Errors
///
/// Where the target cannot be added or the shell does not compile.
pub fn web_module() -> Result<PathBuf, ArtifactError> {
    ensure_target(TARGET)?;
    cargo::build(WEB, TARGET)
}

/// Leaves the file and its time alone where it already holds these bytes, and replaces it in
/// one step where it does not: a build in the next terminal may be reading it.
fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<(), ArtifactError> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let part = path.with_extension(format!("{}.part", std::process::id()));
    fs::write(&part, bytes)
        .and_then(|()| fs::rename(&part, path))
        .map_err(|source| ArtifactError::Write { path: path.to_owned(), source })
}

/// Builds the filter that decides nothing, which benchmarks compare with, and says where it is.
///
/// # Errors
///
/// Where the target cannot be added or the filter does not compile.
pub fn empty_filter() -> Result<PathBuf, ArtifactError> {
    ensure_target(TARGET)?;
    cargo::build("sentinel-envoy-empty", TARGET)
}

/// Builds our filter with traps that can be asked for, which tests run, and says where it is.
///
/// # Errors
///
/// Where the target cannot be added or the filter does not compile.
pub fn faulty_filter() -> Result<PathBuf, ArtifactError> {
    ensure_target(TARGET)?;
    cargo::build("sentinel-envoy-faults", TARGET)
}
