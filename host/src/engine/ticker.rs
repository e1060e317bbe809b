//! The clock that stops a guest: a thread that counts while the engine lives.

use std::thread;

use wasmtime::Engine;

use super::EngineError;
use crate::limits::TICK;

/// Starts it. The thread holds no engine, only the way to ask for one, and ends with the last.
pub(super) fn start(engine: &Engine) -> Result<(), EngineError> {
    let engine = engine.weak();
    thread::Builder::new()
        .name("sentinel-ticker".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        })
        .map(drop)
        .map_err(EngineError::Ticker)
}
