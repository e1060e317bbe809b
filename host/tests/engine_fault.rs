//! What happens when the engine itself fails: a guest that traps, loops, or wants all memory.
//!
//! The guests are written by hand against the same world, so that they can do what the real one
//! never does. A call of a single byte makes them behave.

#![expect(clippy::unwrap_used, unsafe_code, reason = "tests; the machine code is compiled right here")]

use std::time::{Duration, Instant};

use sentinel::engine::{
    Circumstances, Engine, FAULT_CODE, FAULT_REASON, Format, Layer, LoadError, Mode, OVERSIZE_CODE, Outcome,
    Session, config, unmetered,
};
use sentinel::limits::CALL_BYTES_MAX;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// An instance whose `decide` runs this body, unless it has been told to behave.
///
/// Zeroed memory is a decision to allow with no reasons, and a verdict to allow with no text.
fn engine(decide: &str) -> Engine {
    const EXPORT: &str = "sentinel:policy/engine@0.1.0";
    let getter = |name: &str| {
        format!(r#"(func (export "{EXPORT}#[method]policy.{name}") (param i32) (result i32) i32.const 4096)"#)
    };
    let core = format!(
        r#"(module
            (import "[export]{EXPORT}" "[resource-new]policy" (func $new (param i32) (result i32)))
            (import "[export]{EXPORT}" "[resource-new]pending" (func $wait (param i32) (result i32)))
            (import "[export]{EXPORT}" "[resource-new]mcp-answer" (func $begin (param i32) (result i32)))
            (memory (export "memory") 2)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 8192)
            (func (export "{EXPORT}#[static]policy.compile") (param i32 i32 i32) (result i32)
                (i32.store offset=4 (i32.const 1024) (call $new (i32.const 7)))
                i32.const 1024)
            (func $body {decide})
            (func (export "{EXPORT}#[method]policy.decide") (param i32 i32 i32) (result i32)
                ;; A call of one byte is answered.
                (if (i32.gt_u (local.get 2) (i32.const 1)) (then (call $body)))
                (i32.store offset=40 (i32.const 2048) (call $wait (i32.const 7)))
                i32.const 2048)
            (func (export "{EXPORT}#[method]pending.decision") (param i32) (result i32) i32.const 4096)
            (func (export "{EXPORT}#[method]pending.conclude") (param i32 i32 i32 i32 i32 i32 i64 i32 i64) (result i32) i32.const 4096)
            (func (export "{EXPORT}#[method]policy.risk-status") (param i32 i64) (result i32) i32.const 4096)
            (func (export "{EXPORT}#[method]policy.mode") (param i32) (result i32) i32.const 0)
            {}
            (func (export "{EXPORT}#tally") (param i32 i32 i32 i32 i64 i32 i32 i32 i32 i32 i32 i32) (result i32) i32.const 4096)
            (func (export "{EXPORT}#[method]policy.mcp-answer") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (call $begin (i32.const 7)))
            (func (export "{EXPORT}#[method]mcp-answer.push") (param i32 i32 i32 i32) (result i32) i32.const 4096)
            (func (export "{EXPORT}#read-mcp") (param i32 i32 i32 i32 i32 i32 i32) (result i32) i32.const 4096)
            (func (export "{EXPORT}#refuse-mcp") (param i32) (result i32) i32.const 4096)
            (func (export "{EXPORT}#learn") (param i32 i32 i32 i32) (result i32) i32.const 4096)
            (func (export "{EXPORT}#convert") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) i32.const 4096)
            (func (export "{EXPORT}#schema") (result i32) i32.const 4096)
        )"#,
        ["agent-id", "version", "digest", "risk-max", "describe", "warnings"].map(getter).concat()
    );
    let mut module = wat::parse_str(&core).unwrap();
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../wit")).unwrap();
    let world = resolve.select_world(&[package], Some("policy-engine")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    let component = ComponentEncoder::default().validate(true).module(&module).unwrap().encode().unwrap();
    let compiler = wasmtime::Engine::new(&config::runtime()).unwrap();
    let machine_code = compiler.precompile_component(&component).unwrap();
    // SAFETY: compiled two lines above.
    unsafe { Engine::from_machine_code(&machine_code) }.unwrap()
}

fn session(decide: &str) -> Session {
    Session::open(&engine(decide), "any".to_owned(), Format::Json).unwrap()
}

fn nothing_known() -> Circumstances {
    Circumstances::default()
}

/// Denied with the fault's reason, and the next call gets an instance that works.
fn assert_denied_and_recovered(session: &mut Session) {
    for _ in 0..3 {
        let verdict = session.evaluate(b"fault", nothing_known(), unmetered);
        assert_eq!(
            (verdict.decision, verdict.layer, verdict.mode),
            (Outcome::Deny, Layer::Engine, Mode::Enforce)
        );
        assert_eq!((verdict.code.as_str(), verdict.reason.as_str()), (FAULT_CODE, FAULT_REASON));
        assert!(verdict.enforced && !verdict.permitted);
        assert!(
            verdict.json.starts_with("{\"decision\":\"deny\",\"reason\":\"engine fault\""),
            "{}",
            verdict.json
        );
        let verdict = session.evaluate(b"1", nothing_known(), unmetered);
        assert_eq!((verdict.decision, verdict.code.as_str()), (Outcome::Allow, ""));
    }
}

#[test]
fn a_trap_is_a_denial() {
    assert_denied_and_recovered(&mut session("unreachable"));
}

#[test]
fn an_endless_loop_is_a_denial_within_its_deadline() {
    let started = Instant::now();
    assert_denied_and_recovered(&mut session("(loop $again br $again)"));
    assert!(started.elapsed() < Duration::from_secs(120));
}

#[test]
fn an_endless_recursion_is_a_denial() {
    assert_denied_and_recovered(&mut session("call $body"));
}

#[test]
fn memory_over_the_limit_is_refused() {
    // 256 MiB more than it has: the guest traps if that is refused, and is answered if not.
    let grow = |pages: u32| {
        format!("(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable))")
    };
    assert_denied_and_recovered(&mut session(&grow(4096)));
    let verdict = session(&grow(16)).evaluate(b"grow a little", nothing_known(), unmetered);
    assert_eq!(verdict.decision, Outcome::Allow);
}

#[test]
fn a_call_over_the_limit_never_reaches_the_guest() {
    let mut session = session("unreachable");
    let verdict = session.evaluate(&vec![b' '; CALL_BYTES_MAX + 1], nothing_known(), unmetered);
    assert_eq!((verdict.decision, verdict.code.as_str()), (Outcome::Deny, OVERSIZE_CODE));
    assert!(verdict.enforced && !verdict.permitted);
}

#[test]
fn faulty_instances_are_given_back() {
    let engine = engine("unreachable");
    let mut session = Session::open(&engine, String::new(), Format::Json).unwrap();
    // Several times as many as the pool holds.
    for _ in 0..200 {
        assert_eq!(session.evaluate(b"fault", nothing_known(), unmetered).decision, Outcome::Deny);
    }
}

#[test]
fn the_pool_has_an_end_and_it_is_an_error() {
    let engine = engine("unreachable");
    let sessions: Vec<_> = (0..config::INSTANCES_MAX)
        .map(|_| Session::open(&engine, String::new(), Format::Json).unwrap())
        .collect();
    assert!(matches!(Session::open(&engine, String::new(), Format::Json), Err(LoadError::Engine(_))));
    drop(sessions);
    assert!(Session::open(&engine, String::new(), Format::Json).is_ok());
}

#[test]
fn the_embedded_engine_imports_nothing() {
    assert_eq!(Engine::embedded().unwrap().imports(), 0);
}
