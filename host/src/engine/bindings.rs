//! Types and calls of the world in `wit/`, generated.

#![expect(missing_docs, reason = "generated: the documentation is in wit/")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "policy-engine",
});
