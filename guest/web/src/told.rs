//! The call that a request stands for, in place of the request: for whoever keeps meters, answers of people
//! and records. Nothing is decided here.

use sentinel_engine::{Exchange, Outcome};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::policy::WebPolicy;

#[wasm_bindgen]
impl WebPolicy {
    /// The call without what differs whenever the same is sent again: ids of messages, signatures of payments.
    /// It is decided as the given one is. Nothing where the policy denies that on its own, for then it has to
    /// be decided as it came.
    #[must_use]
    pub fn told(&self, call: &[u8]) -> Option<String> {
        let exchange = Exchange::open(&self.policy, call.to_vec());
        if exchange.decision().outcome == Outcome::Deny {
            return None;
        }
        String::from_utf8(exchange.call()?.to_vec()).ok()
    }
}
