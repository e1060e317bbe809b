//! The TypeScript layer, and the files that make a package of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use sentinel_artifacts::workspace;

use super::tools;
use super::{make, read, write};
use crate::run::run;

/// The sources of the layer.
const SOURCES: &str = "guest/web/npm";

/// What goes into the package as it is.
const AS_IT_IS: &[(&str, &str)] = &[
    ("guest/web/npm/package.json", "package.json"),
    ("guest/web/npm/README.md", "README.md"),
    ("LICENSE", "LICENSE"),
];

/// What the package has of the glue.
const GLUE: &[&str] =
    &["sentinel_web.js", "sentinel_web.d.ts", "sentinel_web_bg.wasm", "sentinel_web_bg.wasm.d.ts"];

/// Where it is noted what the last build was made from.
const MADE_FROM: &str = "layer.txt";

/// Makes the package, and says whether it is new.
pub(super) fn build(scratch: &Path, package: &Path) -> Result<bool> {
    let sources = sources(&workspace().join(SOURCES))?;
    let glue = scratch.join("glue");
    let mut inputs = Vec::new();
    let glued = GLUE.iter().map(|name| glue.join(name));
    for path in sources.iter().cloned().chain(glued).chain([workspace().join("LICENSE")]) {
        inputs.extend_from_slice(path.display().to_string().as_bytes());
        inputs.push(0);
        inputs.extend(read(&path)?);
        inputs.push(0);
    }
    let made_from = scratch.join(MADE_FROM);
    if fs::read(&made_from).is_ok_and(|old| old == inputs) && package.join("index.js").exists() {
        return Ok(false);
    }
    let _ = fs::remove_file(&made_from);
    // tsc deletes nothing: what a source was called before would stay.
    let fresh = scratch.join("package");
    let _ = fs::remove_dir_all(&fresh);
    make(&fresh)?;
    let options = ["--project", "guest/web/npm/tsconfig.json", "--outDir"];
    run(tools::script("typescript/bin/tsc").args(options).arg(&fresh))?;
    for name in GLUE {
        fs::copy(glue.join(name), fresh.join(name)).with_context(|| format!("`{name}` cannot be copied"))?;
    }
    for (from, to) in AS_IT_IS {
        write(&fresh.join(to), &read(&workspace().join(from))?)?;
    }
    replace(&fresh, package)?;
    write(&made_from, &inputs)?;
    Ok(true)
}

/// Every file of the layer, in order.
fn sources(directory: &Path) -> Result<Vec<PathBuf>> {
    let (mut found, mut work) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(directory) = work.pop() {
        let listed = fs::read_dir(&directory);
        for entry in listed.with_context(|| format!("`{}` cannot be listed", directory.display()))? {
            let path = entry?.path();
            if path.is_dir() { work.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    ensure!(!found.is_empty(), "`{}` has no sources", directory.display());
    Ok(found)
}

/// Makes the package hold what the fresh one holds, and nothing else.
fn replace(fresh: &Path, package: &Path) -> Result<()> {
    let names = |directory: &Path| -> Result<Vec<PathBuf>> {
        let files = sources(directory).unwrap_or_default();
        files.iter().map(|path| Ok(path.strip_prefix(directory)?.to_owned())).collect()
    };
    let wanted = names(fresh)?;
    for old in names(package)?.iter().filter(|old| !wanted.contains(old)) {
        fs::remove_file(package.join(old))?;
    }
    for name in &wanted {
        let to = package.join(name);
        make(to.parent().unwrap_or(package))?;
        write(&to, &read(&fresh.join(name))?)?;
    }
    Ok(())
}
