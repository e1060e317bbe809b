//! What can go wrong while an artifact is built, and what to do next.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// An artifact could not be built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// The target's standard library is absent and could not be added.
    #[error(
        "the rust target `{target}` is missing: run `rustup target add {target}` and try again ({reason})"
    )]
    Target {
        /// The target.
        target: String,
        /// What rustup said.
        reason: String,
    },
    /// A program could not be started.
    #[error("`{program}` could not be started")]
    Start {
        /// Its name or path.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// Cargo built nothing.
    #[error("`{package}` does not build for `{target}`: see cargo's messages above")]
    Build {
        /// Which crate.
        package: String,
        /// For which target.
        target: String,
    },
    /// The module could not be read.
    #[error("`{}` could not be read", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The component could not be written.
    #[error("`{}` could not be written", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The module does not fit the world.
    #[error("the module does not fit the world in wit/: {reason}")]
    Encode {
        /// What the encoder said.
        reason: String,
    },
}
