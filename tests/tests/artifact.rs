//! The component that ships can reach nothing: shown on the artifact, not on its source.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test, of a format with many sections"
)]

use sentinel_artifacts::{component, component_wasi};
use wasmparser::{Encoding, Parser, Payload};

/// Names of the imports of the component itself; modules inside it import from each other.
fn imports(bytes: &[u8]) -> Vec<String> {
    let mut depth = 0_u32;
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.unwrap() {
            Payload::Version { encoding, .. } => {
                assert!(depth > 0 || encoding == Encoding::Component, "not a component");
                depth += 1;
            }
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(reader) if depth == 1 => {
                found.extend(reader.into_iter().map(|import| import.unwrap().name.name.to_owned()));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn the_component_imports_nothing() {
    let artifact = component().unwrap();
    assert_eq!(imports(&artifact.bytes), Vec::<String>::new());
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
        .validate_all(&artifact.bytes)
        .unwrap();
}

#[test]
fn the_component_is_built_from_the_same_bytes_twice() {
    assert_eq!(component().unwrap().bytes, component().unwrap().bytes);
}

#[test]
fn the_component_builds_for_wasip2() {
    let path = component_wasi().unwrap();
    let bytes = std::fs::read(path).unwrap();
    assert!(Parser::is_component(&bytes));
}
