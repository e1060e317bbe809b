//! Text that goes to standard output, or to a file that appears whole or not at all.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;

use super::Context;

/// Writes it. A file is its owner's alone: it may hold a key.
pub(super) fn write(path: Option<&Path>, text: &str, context: &Context) -> anyhow::Result<()> {
    let Some(path) = path else {
        let mut out = context.page.out();
        out.write_all(text.as_bytes())?;
        return Ok(out.flush()?);
    };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = || -> anyhow::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(text.as_bytes())?;
        file.persist(path)?;
        Ok(())
    };
    written().with_context(|| format!("`{}` cannot be written", path.display()))
}
