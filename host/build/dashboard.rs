//! Makes a table of the dashboard's files, each as it is and compressed, for `http::pages`.
//!
//! What was compressed before is not compressed again: results are kept under the digest of what
//! they were made of. A dashboard that was not built is a page that says so.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;

/// The only page, where there is no dashboard.
const ABSENT: &str = r#"<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Sentinel</title><meta name="viewport" content="width=device-width"></head>
<body><h1>No dashboard</h1><p>This program was built without it. Run <code>cargo xtask dashboard</code>, then
build again.</p><p>The API is here: <a href="/openapi.json">openapi.json</a></p></body>
</html>
"#;

/// Types of files by what their names end with, and whether compressing them is of use.
const TYPES: [(&str, &str, bool); 16] = [
    ("css", "text/css; charset=utf-8", true),
    ("html", "text/html; charset=utf-8", true),
    ("ico", "image/x-icon", false),
    ("jpg", "image/jpeg", false),
    ("js", "text/javascript; charset=utf-8", true),
    ("json", "application/json", true),
    ("mjs", "text/javascript; charset=utf-8", true),
    ("mp3", "audio/mpeg", false),
    ("png", "image/png", false),
    ("svg", "image/svg+xml", true),
    ("txt", "text/plain; charset=utf-8", true),
    ("wasm", "application/wasm", true),
    ("webmanifest", "application/manifest+json", true),
    ("webp", "image/webp", false),
    ("woff2", "font/woff2", false),
    ("yaml", "text/plain; charset=utf-8", true),
];

/// What is smaller by less than this part is sent as it is.
const GAIN_MIN: usize = 20;

/// Quality and window of brotli: the best there is, since it is done once.
const BROTLI: (i32, i32) = (11, 22);

/// Writes `dashboard.rs` and what it includes.
pub(super) fn embed(directory: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=CARGO_TARGET_DIR");
    // A directory that is not there would count as changed at every build.
    fs::create_dir_all(directory)?;
    println!("cargo::rerun-if-changed={}", directory.display());

    let mut files = BTreeMap::new();
    collect(directory, "", &mut files)?;
    if !files.contains_key("index.html") {
        files = BTreeMap::from([("index.html".to_owned(), ABSENT.as_bytes().to_vec())]);
    }
    let kept = out.join("dashboard");
    fs::create_dir_all(&kept)?;
    let mut table = "static FILES: &[File] = &[\n".to_owned();
    for (path, bytes) in &files {
        push(&mut table, path, bytes, &kept)?;
    }
    table.push_str("];\n");
    Ok(fs::write(out.join("dashboard.rs"), table)?)
}

/// Everything below a directory but maps of sources, by path.
fn collect(directory: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else if !name.starts_with('.') && !name.ends_with(".map") {
            files.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}

fn push(table: &mut String, path: &str, bytes: &[u8], kept: &Path) -> Result<(), Box<dyn Error>> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    if !path.bytes().all(allowed) {
        return Err(format!("dashboard: `{path}` cannot stand in an address as it is: rename it").into());
    }
    let end = path.rsplit('.').next().unwrap_or_default();
    let kind = TYPES.iter().find(|(own, ..)| *own == end);
    let (_, content_type, is_loose) =
        kind.ok_or_else(|| format!("dashboard: nobody knows the type of `{path}`: add it in {}", file!()))?;
    let digest = super::digest(bytes);
    fs::write(kept.join(&digest), bytes)?;
    let form = |end: &str, compress: fn(&[u8]) -> io::Result<Vec<u8>>| -> io::Result<String> {
        let name = format!("{digest}.{end}");
        let file = kept.join(&name);
        if !file.exists() {
            // A build that is stopped leaves no half of it.
            let half = kept.join(format!("{name}.new"));
            fs::write(&half, compress(bytes)?)?;
            fs::rename(half, &file)?;
        }
        let is_smaller = fs::metadata(&file)?.len() < (bytes.len() - bytes.len() / GAIN_MIN) as u64;
        Ok(if is_smaller { format!("Some({})", include(&name)) } else { "None".to_owned() })
    };
    let (brotli, gzip) = if *is_loose {
        (form("br", brotli)?, form("gz", gzip)?)
    } else {
        ("None".to_owned(), "None".to_owned())
    };
    writeln!(
        table,
        "    File {{ path: {path:?}, content_type: {content_type:?}, digest: {:?}, is_hashed: {}, plain: {}, brotli: {brotli}, gzip: {gzip} }},",
        digest.get(..32).unwrap_or(&digest),
        is_hashed(path),
        include(&digest),
    )?;
    Ok(())
}

fn include(name: &str) -> String {
    format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/dashboard/{name}\"))")
}

/// Whether a name stands for its content, as the bundler makes them: `assets/index-B3xk_9Qf.js`.
/// Eight small letters may be a word.
fn is_hashed(path: &str) -> bool {
    let Some(name) = path.strip_prefix("assets/") else { return false };
    let stem = name.split('.').next().unwrap_or_default();
    let Some((before, hash)) = stem.len().checked_sub(8).and_then(|place| stem.split_at_checked(place))
    else {
        return false;
    };
    before.len() > 1 && before.ends_with('-') && !hash.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: BROTLI.0,
        lgwin: BROTLI.1,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut io::Cursor::new(bytes), &mut out, &parameters)?;
    Ok(out)
}

/// Without a time in its head, so that the same file is the same bytes.
fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    io::Write::write_all(&mut encoder, bytes)?;
    encoder.finish()
}
