//! What is remembered of executed calls.

/// A baseline that has learned one more executed call.
pub fn learn(_: &[u8], observation: &[u8]) -> Vec<u8> {
    observation.to_vec()
}
