//! Any text as a policy, in both notations: it loads or is refused with findings that lie within
//! it, and what loads decides a call.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sentinel_engine::{Format, Policy, decide_bytes};

const CALLS: [&[u8]; 2] = [
    br#"{"agentId":"a","toolName":"Bash","toolInput":{"command":"env A=b git log | head > out/x && rm -rf \"$y\""},"workspace":"/w"}"#,
    br#"{"agentId":"a","toolName":"Edit","toolInput":{"file_path":"src/../a/.env"},"workspace":"/w"}"#,
];

fuzz_target!(|text: &str| {
    for format in [Format::Json, Format::Yaml] {
        match Policy::load(text, format) {
            Ok(policy) => {
                for call in CALLS {
                    assert!(!decide_bytes(&policy, call).reasons.is_empty(), "a decision without a reason");
                }
            }
            Err(found) => {
                assert!(!found.is_empty(), "refused without a finding");
                for one in found {
                    assert!(text.get(one.span.start..one.span.end).is_some(), "{one:?}");
                }
            }
        }
    }
});
