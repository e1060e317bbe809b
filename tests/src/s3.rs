//! A real S3 server for tests: npm's `s3rver` on a free port, with one bucket, gone when the test
//! ends.
//!
//! It knows nothing of Sentinel. Suites of other crates take this file and `port.rs` by their paths,
//! so it needs nothing but the standard library and `tempfile`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::port::Port;

/// The only pair of keys that it takes.
pub const KEY: &str = "S3RVER";

/// How long it may take to start. It takes a second, and several on a busy machine.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// A server with one bucket.
#[derive(Debug)]
pub struct S3 {
    directory: TempDir,
    bucket: String,
    port: Port,
    server: Option<Child>,
}

impl S3 {
    /// Starts a server with an empty bucket. A machine without node fails here, with what to do.
    pub fn start(bucket: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("sentinel-s3-").tempdir().expect("a directory");
        let mut own = Self { directory, bucket: bucket.to_owned(), port: Port::take(), server: None };
        own.resume();
        own
    }

    /// Where it listens.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number())
    }

    /// The variables that clients of S3 look for.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", KEY.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
    }

    /// Stops the server. What is in the bucket stays.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // It may have ended by itself.
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// Starts the server again, where it was.
    pub fn resume(&mut self) {
        self.stop();
        let log = self.directory.path().join("log");
        let output = File::create(&log).expect("a log");
        let data = self.directory.path().join("data");
        fs::create_dir_all(&data).expect("a directory for objects");
        let server = Command::new(installed("node/node"))
            .arg(installed("s3rver/node_modules/s3rver/bin/s3rver.js"))
            .args(["--address", "127.0.0.1", "--port", &self.port.number().to_string(), "--directory"])
            .arg(data)
            .args(["--configure-bucket", &self.bucket])
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("the log"))
            .stderr(output)
            .spawn();
        self.server = Some(server.expect("node runs"));
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port.number())).is_err() {
            let ended = self.server.as_mut().and_then(|server| server.try_wait().ok().flatten());
            assert!(
                ended.is_none() && started.elapsed() < START_DEADLINE,
                "s3rver did not start:\n{}",
                fs::read_to_string(&log).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.stop();
        if thread::panicking() {
            let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            // Nobody is left to tell where that fails.
            let _ = writeln!(io::stderr(), "s3rver said:\n{log}");
        }
    }
}

/// Something that `cargo xtask setup` installs.
fn installed(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools").join(path);
    assert!(path.exists(), "`{}` is missing: run `cargo xtask setup`", path.display());
    path
}
