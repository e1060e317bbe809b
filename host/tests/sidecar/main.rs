//! What puts an agent behind a proxy, held against those who read it: Envoy itself, the schemas of
//! Compose, Kubernetes and Istio, and a kernel with its firewall.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a suite fails loudly: that is its job")]

mod bootstrap;
mod compose;
mod doctor;
mod kube;
mod lists;
mod namespace;
mod support;
