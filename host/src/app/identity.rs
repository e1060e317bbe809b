//! The key that signs the ledger: a file, made on the first start, readable by its owner only.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sentinel_ledger::{SigningKey, VerifyingKey};
use thiserror::Error;

use crate::auth::pass::SealKey;
use crate::state::{Page, PageError};

/// Most bytes of a key file.
const KEY_FILE_BYTES_MAX: u64 = 4096;

/// The signing key cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SignerError {
    /// The file cannot be read or written.
    #[error("the key file `{}` cannot be used", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file holds no key.
    #[error("the key file `{}` holds no signing key: restore it, the ledger cannot be continued without it", path.display())]
    NoKey {
        /// Which file.
        path: PathBuf,
    },
    /// Others may read the file.
    #[error("the key file `{}` can be read by others: `chmod 600` it", path.display())]
    Readable {
        /// Which file.
        path: PathBuf,
    },
    /// The operating system gave no randomness.
    #[error("no randomness for a new key")]
    Randomness,
}

/// Signs checkpoints. Cheap to clone.
#[derive(Clone)]
pub struct Signer {
    key: Arc<SigningKey>,
    origin: Arc<str>,
}

impl Signer {
    /// The key in a file; a new one where there is no file and `may_create` says so.
    ///
    /// A key that was prepared and taken into the ledger, but not yet put in its place when the
    /// program ended, is put there now: `signs` is the key that signs the ledger.
    ///
    /// # Errors
    ///
    /// Where there is no key to use.
    pub fn open(path: &Path, origin: &str, signs: &str, may_create: bool) -> Result<Self, SignerError> {
        let key = match read(path) {
            Ok(key) if signs.is_empty() || key.verifying_key().encode() == signs => key,
            Ok(key) => match read(&next_path(path)) {
                Ok(next) if next.verifying_key().encode() == signs => {
                    promote(path)?;
                    next
                }
                // The first commit says whose key is wrong.
                Ok(_) | Err(_) => key,
            },
            Err(SignerError::File { source, .. })
                if source.kind() == io::ErrorKind::NotFound && may_create && signs.is_empty() =>
            {
                let key = generate(origin)?;
                write(path, &key)?;
                key
            }
            Err(error) => return Err(error),
        };
        Ok(Self { key: Arc::new(key), origin: origin.into() })
    }

    /// Name of the ledger in its checkpoints.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// A key for digests of what is redacted. It follows from the signing key, so that daemons
    /// that share a ledger make the same digests.
    pub fn digest_key(&self) -> [u8; 32] {
        let text = format!("sentinel digest key\n{}", self.key.encode());
        *sentinel_ledger::leaf_hash(text.as_bytes()).as_bytes()
    }

    /// The key of logins and tickets. It follows the same way, so that a login at one daemon is one
    /// at all that share a ledger.
    pub fn seal_key(&self) -> SealKey {
        let text = format!("sentinel seal key\n{}", self.key.encode());
        SealKey::new(*sentinel_ledger::leaf_hash(text.as_bytes()).as_bytes())
    }

    /// What verifies its signatures.
    pub fn verifying_key(&self) -> VerifyingKey {
        self.key.verifying_key()
    }

    /// Signs what was appended to a page.
    ///
    /// # Errors
    ///
    /// Where another key signs this ledger.
    pub fn seal(&self, page: &mut Page) -> Result<(), PageError> {
        page.seal(&self.key, &self.origin)
    }
}

/// A new key, on disk beside the current one. It takes over with [`promote`], after the ledger
/// says so.
///
/// # Errors
///
/// Where it cannot be written.
pub fn prepare(path: &Path, origin: &str) -> Result<SigningKey, SignerError> {
    let next = generate(origin)?;
    write(&next_path(path), &next)?;
    Ok(next)
}

/// The prepared key takes the place of the current one, which stays beside it as `.old`.
///
/// # Errors
///
/// Where the files cannot be renamed.
pub fn promote(path: &Path) -> Result<(), SignerError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| SignerError::File { path, source }
    };
    let old = path.with_extension("old");
    fs::copy(path, &old).map_err(failed(&old))?;
    fs::rename(next_path(path), path).map_err(failed(path))
}

fn next_path(path: &Path) -> PathBuf {
    path.with_extension("next")
}

fn generate(name: &str) -> Result<SigningKey, SignerError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| SignerError::Randomness)?;
    SigningKey::from_seed(name, seed).map_err(|_| SignerError::Randomness)
}

fn read(path: &Path) -> Result<SigningKey, SignerError> {
    let failed = |source| SignerError::File { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(failed)?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(SignerError::Readable { path: path.to_owned() });
    }
    if metadata.len() > KEY_FILE_BYTES_MAX {
        return Err(SignerError::NoKey { path: path.to_owned() });
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    SigningKey::decode(text.trim()).map_err(|_| SignerError::NoKey { path: path.to_owned() })
}

fn write(path: &Path, key: &SigningKey) -> Result<(), SignerError> {
    let failed = |source| SignerError::File { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    writeln!(file, "{}", key.encode()).and_then(|()| file.sync_all()).map_err(failed)
}
