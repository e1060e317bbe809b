//! A server that ends with its test.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A running program, whose words are in a file.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it, and waits until a line of what it says has the port that it listens at.
    pub(crate) fn start(
        command: &mut Command,
        log: &Path,
        patience: Duration,
        port: impl Fn(&str) -> Option<u16>,
    ) -> (Self, u16) {
        let file = File::create(log).expect("a log");
        let again = file.try_clone().expect("a log");
        let child = command.stdin(Stdio::null()).stdout(file).stderr(again).spawn();
        let child = child.unwrap_or_else(|error| panic!("{command:?}: {error}: run `cargo xtask setup`"));
        let mut own = Self { child, log: log.to_owned() };
        let until = Instant::now() + patience;
        loop {
            let words = own.words();
            let whole = words.rsplit_once('\n').map_or("", |(lines, _)| lines);
            if let Some(port) = whole.lines().find_map(&port) {
                return (own, port);
            }
            let ended = own.child.try_wait().expect("a child");
            assert!(ended.is_none() && Instant::now() < until, "it does not start ({ended:?}):\n{words}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// What it said.
    pub(crate) fn words(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            let _ = writeln!(std::io::stderr(), "{}", self.words());
        }
    }
}
