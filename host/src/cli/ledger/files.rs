//! Keys and checkpoints that somebody kept elsewhere, read from files.

use std::io::Read as _;
use std::path::Path;
use std::{fs, io};

use anyhow::{Context as _, bail, ensure};
use sentinel::policy_file::STDIN;
use sentinel_ledger::{NOTE_BYTES_MAX, RECEIPT_BYTES_MAX, VerifyingKey};

/// Bytes of a file of public keys.
const KEYS_BYTES_MAX: usize = 64 << 10;

/// Public keys: each one itself, or a file with one on each line.
pub(super) fn keys(arguments: &[String]) -> anyhow::Result<Vec<VerifyingKey>> {
    let mut keys = Vec::new();
    for argument in arguments {
        match VerifyingKey::decode(argument.trim()) {
            Ok(key) => keys.push(key),
            Err(_) if Path::new(argument).exists() => keys.extend(keys_in(Path::new(argument))?),
            // The argument may be a private key, so it is not repeated.
            Err(error) => bail!("--key is neither a file nor a public key: {error}"),
        }
    }
    Ok(keys)
}

fn keys_in(path: &Path) -> anyhow::Result<Vec<VerifyingKey>> {
    let text = text(path, KEYS_BYTES_MAX)?;
    let mut keys = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        ensure!(
            !line.starts_with("PRIVATE+KEY+"),
            "`{}` holds a private key: verifying needs the public one, which `sentinel ledger key` prints",
            path.display()
        );
        keys.push(VerifyingKey::decode(line).with_context(|| format!("`{}`", path.display()))?);
    }
    ensure!(!keys.is_empty(), "`{}` holds no key", path.display());
    Ok(keys)
}

/// A signed checkpoint, as it is.
pub(super) fn note(path: &Path) -> anyhow::Result<String> {
    text(path, NOTE_BYTES_MAX)
}

/// A receipt, as it is.
pub(super) fn receipt(path: &Path) -> anyhow::Result<String> {
    text(path, RECEIPT_BYTES_MAX)
}

/// A text that is not too long; `-` is standard input.
fn text(path: &Path, bytes_max: usize) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let limit = bytes_max as u64 + 1;
    let read = if path == Path::new(STDIN) {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("`{}` could not be read", path.display()))?;
    ensure!(bytes.len() <= bytes_max, "`{}` is larger than {bytes_max} bytes", path.display());
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("`{}` is not text", path.display()))
}
