//! Policies of other products, converted and then asked: the samples of their documents, every key,
//! every operator, every preset and every mistake, and what their authors meant.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

mod dialects {
    pub(crate) mod support;

    mod callguard;
    mod defects;
    mod properties;
    mod recognise;
    mod rules_json;
    mod x402;
}
