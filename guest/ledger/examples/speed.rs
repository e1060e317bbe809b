//! How fast a log grows and is audited: `cargo run --release -p sentinel-ledger --example speed`.

#![expect(clippy::print_stdout, reason = "a program for a terminal")]

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use sentinel_ledger::{Auditor, Checkpoint, Redactor, SigningKey, Tree, leaf_hash};

const ORIGIN: &str = "ledger.example/speed";
const ENTRIES: u32 = 1_000_000;
const ENTRY_BYTES: usize = 700;
const REDACTIONS: u32 = 20_000;

fn report(what: &str, count: u32, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    println!("{what}: {:.0} entries/s, {seconds:.2} s for {count}", f64::from(count) / seconds);
}

fn main() -> Result<(), Box<dyn Error>> {
    let entry = |seq: u32| {
        let mut entry = format!(r#"{{"kind":"verdict","seq":{seq},"input":""#).into_bytes();
        entry.resize(ENTRY_BYTES - 2, b'x');
        entry.extend_from_slice(b"\"}");
        entry
    };

    let start = Instant::now();
    let mut tree = Tree::new();
    let mut done = Vec::new();
    for seq in 0..ENTRIES {
        done.clear();
        tree.push(leaf_hash(&entry(seq)), &mut done);
        black_box(&done);
    }
    report("push", ENTRIES, start);

    let key = SigningKey::from_seed(ORIGIN, [1; 32])?;
    let head = Checkpoint::new(ORIGIN, tree.size(), tree.root())?.sign(&key);
    let start = Instant::now();
    let mut auditor = Auditor::new(ORIGIN, vec![key.verifying_key()]);
    for seq in 0..ENTRIES {
        auditor.push(&entry(seq))?;
    }
    auditor.finish(&head)?;
    report("audit", ENTRIES, start);

    let start = Instant::now();
    for _ in 0..REDACTIONS {
        black_box(Checkpoint::new(ORIGIN, tree.size(), tree.root())?.sign(&key));
    }
    report("sign", REDACTIONS, start);

    let input = format!(
        r#"{{"command":"cd /srv/app && git log --oneline -n 5 && TOKEN=abc123 ./deploy.sh --region eu","description":"{}"}}"#,
        "Deploys the application and shows what changed. ".repeat(10)
    );
    let redactor = Redactor::default();
    let start = Instant::now();
    for _ in 0..REDACTIONS {
        black_box(redactor.redact_json(&input)?);
    }
    report("redact", REDACTIONS, start);
    Ok(())
}
