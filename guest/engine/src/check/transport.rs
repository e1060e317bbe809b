//! What `transport` opens: TLS that is passed on as it is, which no other part of a policy looks at.

use super::network::note;
use crate::document::network::{HostEntry, Transport};
use crate::document::shape::Reading;
use crate::network::{Fate, HostPattern, fate};

/// What is legal and probably not meant, beside what `network` and `transport` deny.
pub(super) fn warn(transport: &Transport, denied: &[HostEntry], cx: &mut Reading<'_>) {
    let patterns: Vec<HostPattern> = denied.iter().map(|own| own.pattern.clone().denying()).collect();
    for entry in transport.tls_passthrough.iter().flatten() {
        let name = &entry.text.value;
        let (code, message, help) = match fate(&entry.pattern, &patterns) {
            Fate::NoName => (
                "dead-rule",
                format!("`{name}` is no name with a dot, and its TLS is refused"),
                "list names, without a port, as `a.example` or `*.a.example`",
            ),
            Fate::Withheld(number) => {
                let denial = denied.get(number).map_or("*", |own| own.text.value.as_str());
                (
                    "unreachable",
                    format!("TLS to `{name}` is refused, because `{denial}` is denied"),
                    "list the names that are meant, without those that are denied",
                )
            }
            Fate::Passed => (
                "tls-unseen",
                format!("TLS to `{name}` is passed on unseen: no other part of this policy looks at it"),
                "say `http://` to a proxy with `tls-origination`, or list names whose servers are theirs alone",
            ),
        };
        note(cx, &entry.text, code, message, help);
    }
}
