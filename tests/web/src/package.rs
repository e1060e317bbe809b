//! The package, made anew where something changed, and the programs that setup installs.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::repository;

/// The folder of the built package. It is never a stale one: xtask is asked, and it knows.
pub fn package() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .current_dir(repository(""))
            .args(["run", "--quiet", "--package", "xtask", "--", "web"])
            // No test installs anything.
            .env("SENTINEL_IS_READY", "1")
            .output()
            .expect("cargo starts");
        assert!(
            output.status.success(),
            "`cargo xtask web` fails:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        repository("target/web")
    });
    built.clone()
}

/// npm's folder with the programs for this package.
pub fn tools() -> PathBuf {
    installed("target/tools/web/node_modules").parent().expect("a folder").to_owned()
}

/// Node.
pub fn node() -> PathBuf {
    installed("target/tools/node/node")
}

fn installed(path: &str) -> PathBuf {
    let path = repository(path);
    assert!(path.exists(), "`{}` is missing: run `cargo xtask setup`", path.display());
    path
}
