//! A terminal with a program in it, and somebody who reads and types. It is tmux, with a server of
//! its own; `cargo xtask setup` installs it.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longer than anything takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Pane {
    directory: TempDir,
}

impl Pane {
    /// Runs a line of shell in a terminal of this size. The terminal stays when it ends.
    pub(crate) fn run(line: &str, width: u16, height: u16) -> Self {
        let own = Self { directory: tempfile::tempdir().unwrap() };
        let (width, height) = (width.to_string(), height.to_string());
        let line = format!("{line}; exec sleep 1000");
        own.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &width, "-y", &height, &line]);
        own
    }

    pub(crate) fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"] as &[&str], keys].concat());
    }

    pub(crate) fn paste(&self, text: &str) {
        self.tmux(&["set-buffer", text]);
        // In brackets, as terminals do where the program asked for it.
        self.tmux(&["paste-buffer", "-p"]);
    }

    pub(crate) fn resize(&self, width: u16, height: u16) {
        self.tmux(&["resize-window", "-x", &width.to_string(), "-y", &height.to_string()]);
    }

    /// What is on the screen.
    pub(crate) fn seen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Whether the page of a program is there instead of lines, and whether the cursor can be seen.
    pub(crate) fn modes(&self) -> (bool, bool) {
        let flags = self.tmux(&["display-message", "-p", "#{alternate_on}#{cursor_flag}"]);
        (flags.starts_with('1'), flags.trim().ends_with('1'))
    }

    /// Waits until this is on the screen.
    #[track_caller]
    pub(crate) fn until(&self, text: &str) -> String {
        self.until_it(text, |seen| seen.contains(text))
    }

    #[track_caller]
    pub(crate) fn until_gone(&self, text: &str) -> String {
        self.until_it(text, |seen| !seen.contains(text))
    }

    #[track_caller]
    fn until_it(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = self.seen();
            if is_so(&seen) {
                return seen;
            }
            assert!(Instant::now() < end, "`{what}`: not within {PATIENCE:?}:\n{seen}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("tmux")
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux")
            .arg("-u")
            .arg("-S")
            .arg(self.socket())
            .args(arguments)
            .env_remove("TMUX")
            .env("TERM", "xterm-256color")
            .output()
            .expect("tmux is there: run `cargo xtask setup`");
        assert!(output.status.success(), "tmux {arguments:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        // It may have ended.
        let _ = Command::new("tmux").arg("-S").arg(self.socket()).arg("kill-server").output();
    }
}
