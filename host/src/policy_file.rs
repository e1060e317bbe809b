//! Reads a policy document from a file or from standard input. What it says is for the engine.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use thiserror::Error;

use crate::engine::{Engine, Format, LoadError, Session};
use crate::limits::POLICY_BYTES_MAX;

/// Name of standard input on the command line.
pub const STDIN: &str = "-";

/// The text of a document, and how it is to be read.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// Name for messages.
    pub name: String,
    /// The text.
    pub text: String,
    /// Its notation.
    pub format: Format,
}

/// A policy file could not be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PolicyFileError {
    /// It could not be read.
    #[error("the policy `{name}` could not be read")]
    Read {
        /// Which file.
        name: String,
        /// Why not.
        source: io::Error,
    },
    /// It is too large.
    #[error("the policy `{name}` is larger than {POLICY_BYTES_MAX} bytes: split it by agent")]
    TooLarge {
        /// Which file.
        name: String,
    },
    /// It is not text.
    #[error("the policy `{name}` is not UTF-8: save it as UTF-8")]
    NotText {
        /// Which file.
        name: String,
    },
    /// The engine does not take it.
    #[error("the policy `{name}` cannot be used: run `sentinel validate {name}`")]
    Load {
        /// Which file.
        name: String,
        /// Why not.
        source: LoadError,
    },
}

impl PolicyFile {
    /// Reads a document; [`STDIN`] names standard input.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, is too large, or is not text.
    pub fn read(path: &Path) -> Result<Self, PolicyFileError> {
        let name = path.display().to_string();
        let bytes =
            if name == STDIN { bounded(io::stdin().lock()) } else { File::open(path).and_then(bounded) };
        let bytes = match bytes {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(PolicyFileError::TooLarge { name }),
            Err(source) => return Err(PolicyFileError::Read { name, source }),
        };
        let Ok(text) = String::from_utf8(bytes) else {
            return Err(PolicyFileError::NotText { name });
        };
        let format = format_of(path, &text);
        Ok(Self { name, text, format })
    }

    /// Compiles it.
    ///
    /// # Errors
    ///
    /// Where the document is refused.
    pub fn open(self, engine: &Engine) -> Result<Session, PolicyFileError> {
        Session::open(engine, self.text, self.format)
            .map_err(|source| PolicyFileError::Load { name: self.name, source })
    }
}

/// Everything, or `None` where there is more than a policy may have.
fn bounded(reader: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let read = reader.take(POLICY_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok((read as u64 <= POLICY_BYTES_MAX).then_some(bytes))
}

/// The extension says it; without one, an opening brace does.
fn format_of(path: &Path, text: &str) -> Format {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Format::Json,
        Some("yaml" | "yml") => Format::Yaml,
        _ if text.trim_start_matches('\u{feff}').trim_start().starts_with('{') => Format::Json,
        _ => Format::Yaml,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_comes_before_the_text() {
        let format = |name: &str, text| format_of(Path::new(name), text);
        assert_eq!(format("a.soe.json", "agentId: x"), Format::Json);
        assert_eq!(format("a.yaml", "{}"), Format::Yaml);
        assert_eq!(format("a.yml", "{}"), Format::Yaml);
        assert_eq!(format("-", "\n  {}"), Format::Json);
        assert_eq!(format("-", "agentId: x"), Format::Yaml);
    }
}
