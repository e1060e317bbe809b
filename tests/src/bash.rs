//! The real bash in a box: an empty directory, and a `PATH` of programs that only write down that
//! they ran.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Programs that only record their name.
pub const STUBS: &[&str] = &["p1", "p2", "p3", "p4", "p5", "p6", "git", "rm", "curl"];

/// Real programs that run others, so that what they run is recorded too.
const REAL: &[&str] = &["bash", "env", "nice", "nohup", "sh", "timeout", "xargs"];

/// Places to run command lines in.
#[derive(Debug)]
pub struct Bash {
    stubs: TempDir,
    bash: PathBuf,
    timeout: PathBuf,
}

impl Bash {
    /// Prepares the programs. A machine without bash fails here, with what to do.
    pub fn new() -> Self {
        let stubs = tempfile::tempdir().expect("a temporary directory");
        for name in STUBS {
            let path = stubs.path().join(name);
            // The log lies beside the link under which the stub was called.
            fs::write(&path, format!("#!/bin/sh\necho {name} >> \"${{0%/*}}/../log\"\n")).expect("a stub");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("an executable stub");
        }
        for name in REAL {
            symlink(find(name), stubs.path().join(name)).expect("a link to a real program");
        }
        Self { stubs, bash: find("bash"), timeout: find("timeout") }
    }

    /// Runs a command line in a place of its own, and returns the stubs that ran. What it left in
    /// the background is waited for: it holds the pipe open.
    pub fn run(&self, line: &str) -> BTreeSet<String> {
        let place = tempfile::tempdir().expect("a temporary directory");
        let (bin, work) = (place.path().join("bin"), place.path().join("work"));
        fs::create_dir(&bin).expect("a directory for programs");
        fs::create_dir(&work).expect("an empty directory");
        for name in STUBS.iter().chain(REAL) {
            symlink(self.stubs.path().join(name), bin.join(name)).expect("a link to a program");
        }
        let output = Command::new(&self.timeout)
            .args(["--kill-after=1", "3"])
            .arg(&self.bash)
            .args(["--noprofile", "--norc", "-c", line])
            .env_clear()
            .env("PATH", &bin)
            .env("HOME", &work)
            .current_dir(&work)
            .stdin(Stdio::null())
            .output();
        output.expect("bash runs");
        fs::read_to_string(place.path().join("log")).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

impl Default for Bash {
    fn default() -> Self {
        Self::new()
    }
}

fn find(name: &str) -> PathBuf {
    let found = ["/usr/bin", "/bin"]
        .iter()
        .map(|directory| Path::new(directory).join(name))
        .find(|path| path.exists());
    found.unwrap_or_else(|| {
        panic!("{name} is missing; install it with: apt-get install bash coreutils findutils")
    })
}
