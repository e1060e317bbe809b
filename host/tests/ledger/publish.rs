//! The daemon publishes to a real S3 server, and what is there verifies without the daemon.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ObjectStore as _, ObjectStoreExt as _};

use crate::s3::{KEY, S3};
use crate::store::{ORIGIN, Store, ledger};

const BUCKET: &str = "sentinel-ledger";

/// How long anything here may take. It takes seconds, and more on a busy machine.
const DEADLINE: Duration = Duration::from_secs(90);

/// A daemon on a store, publishing.
struct Daemon {
    child: Child,
    log: std::path::PathBuf,
}

impl Daemon {
    fn start(store: &Store, s3: &S3) -> Self {
        let log = store.path("daemon.log");
        let definitions = store.path("definitions");
        fs::create_dir_all(&definitions).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_sentinel"))
            .args(["serve", "--port", "0", "--storage", "s3", "--bucket", BUCKET, "--bucket-prefix", "audit"])
            .args(["--ledger-origin", ORIGIN, "--home"])
            .arg(store.home())
            .arg("--definitions-dir")
            .arg(definitions)
            .env_clear()
            .env("SOE_API_KEY", "a-key-of-more-than-sixteen-characters")
            .envs(s3.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut own = Self { child, log };
        // It publishes before it listens, and is asked to end in order only from then on.
        wait(&mut own, |own| own.said().contains("listens on http://"));
        own
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Asks it to end, and waits until it did.
    fn stop(mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let ended = self.child.wait().unwrap();
        assert!(ended.success(), "{}", self.said());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has ended where the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_the_daemon_publishes_verifies() {
    let store = Store::of(600);
    let key = store.keep_key("kept.key");
    let mut s3 = S3::start(BUCKET);
    let mut daemon = Daemon::start(&store, &s3);
    wait(&mut daemon, |_| names(&s3).contains(&"audit/checkpoint".to_owned()));
    daemon.stop();

    // The end of the daemon itself is in it.
    let kept = store.keep_checkpoint("kept.checkpoint");
    download(&s3, &store.path("copy"));
    let args = ["verify", "--tiles", "copy/audit", "--key", &key, "--checkpoint", &kept, "--json"];
    let first = ledger(&store.path(""), &args).ok().json();
    assert_eq!(first["size"].as_u64(), Some(602));

    // It goes on where it was, as soon as the bucket can be reached.
    s3.stop();
    let mut daemon = Daemon::start(&store, &s3);
    wait(&mut daemon, |daemon| daemon.said().contains("the ledger was not published"));
    s3.resume();
    let before = first["size"].as_u64().unwrap();
    wait(&mut daemon, |_| published_size(&s3) > before);
    daemon.stop();
    let kept = store.keep_checkpoint("kept.again");
    download(&s3, &store.path("copy"));
    let args = ["verify", "--tiles", "copy/audit", "--key", &key, "--checkpoint", &kept];
    ledger(&store.path(""), &args).ok();
}

#[test]
fn another_ledger_in_the_bucket_is_not_overwritten() {
    let (store, other) = (Store::of(300), Store::of(500));
    let s3 = S3::start(BUCKET);
    let mut daemon = Daemon::start(&store, &s3);
    wait(&mut daemon, |_| names(&s3).contains(&"audit/checkpoint".to_owned()));
    daemon.stop();
    download(&s3, &store.path("before"));

    let mut daemon = Daemon::start(&other, &s3);
    wait(&mut daemon, |daemon| {
        daemon.said().contains("holds another ledger: its first 302 entries are not ours")
    });
    daemon.stop();
    download(&s3, &store.path("after"));
    for name in names(&s3) {
        let read = |copy: &str| fs::read(store.path(copy).join(&name)).unwrap();
        assert_eq!(read("before"), read("after"), "{name}");
    }
}

fn wait(daemon: &mut Daemon, is_done: impl Fn(&Daemon) -> bool) {
    let started = Instant::now();
    while !is_done(daemon) {
        let runs = daemon.child.try_wait().unwrap().is_none();
        assert!(runs && started.elapsed() < DEADLINE, "{}", daemon.said());
        thread::sleep(Duration::from_millis(100));
    }
}

fn client(s3: &S3) -> AmazonS3 {
    // Needed even without TLS; another test may have been faster.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = AmazonS3Builder::new().with_endpoint(s3.endpoint()).with_allow_http(true);
    let builder = builder.with_bucket_name(BUCKET).with_region("us-east-1");
    builder.with_access_key_id(KEY).with_secret_access_key(KEY).build().unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Names of everything in the bucket.
fn names(s3: &S3) -> Vec<String> {
    let found: Vec<_> = run(client(s3).list(None).try_collect()).unwrap();
    found.into_iter().map(|object| object.location.to_string()).collect()
}

/// The server cuts an answer short whose file is replaced meanwhile, as it is at each checkpoint.
fn read(s3: &S3, name: &str) -> Vec<u8> {
    let client = client(s3);
    let get = async || client.get(&name.into()).await?.bytes().await;
    let mut tries = 0;
    loop {
        match run(get()) {
            Ok(bytes) => return bytes.to_vec(),
            Err(_) if tries < 20 => tries += 1,
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

/// How many entries the published checkpoint covers.
fn published_size(s3: &S3) -> u64 {
    let note = String::from_utf8(read(s3, "audit/checkpoint")).unwrap();
    note.lines().nth(1).unwrap().parse().unwrap()
}

fn download(s3: &S3, directory: &Path) {
    for name in names(s3) {
        let path = directory.join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, read(s3, &name)).unwrap();
    }
}
