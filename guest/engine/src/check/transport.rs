//! What `transport` opens: TLS that is passed on as it is, which no other part of a policy looks at.

use super::network::{as_deny, note};
use crate::document::network::{HostEntry, Transport};
use crate::document::shape::Reading;
use crate::network::{Covered, HostPattern, PortPattern};

/// The port of what is passed on.
const HTTPS: u16 = 443;

/// What is legal and probably not meant, beside what `network` and `transport` deny.
pub(super) fn warn(transport: &Transport, denied: &[HostEntry], cx: &mut Reading<'_>) {
    for entry in transport.tls_passthrough.iter().flatten() {
        let text = &entry.text;
        if !is_name(entry) {
            let message = format!("`{}` is no name with a dot, and its TLS is refused", text.value);
            note(
                cx,
                text,
                "dead-rule",
                message,
                "list names, without a port, as `a.example` or `*.a.example`",
            );
        } else if let Some(denial) = denied.iter().find(|own| overlap(&entry.pattern, &as_deny(&own.pattern)))
        {
            let message =
                format!("TLS to `{}` is refused, because `{}` is denied", text.value, denial.text.value);
            note(
                cx,
                text,
                "unreachable",
                message,
                "list the names that are meant, without those that are denied",
            );
        } else {
            let message = format!(
                "TLS to `{}` is passed on unseen: no other part of this policy looks at it",
                text.value
            );
            let help = "say `http://` to a proxy with `tls-origination`, or list names whose servers are theirs alone";
            note(cx, text, "tls-unseen", message, help);
        }
    }
}

/// Whether a proxy can be told of it: a name with a dot, or whatever is below one, and no port.
fn is_name(entry: &HostEntry) -> bool {
    let named = match &entry.pattern.covered {
        Covered::Name(name) | Covered::Below(name) => name.contains('.'),
        Covered::Every | Covered::Net { .. } => false,
    };
    named && entry.pattern.port == PortPattern::Default
}

/// Whether some name is meant by both.
fn overlap(passed: &HostPattern, denied: &HostPattern) -> bool {
    if !matches!(denied.port, PortPattern::Every | PortPattern::One(HTTPS)) {
        return false;
    }
    let below = |name: &str, of: &str| name.strip_suffix(of).is_some_and(|front| front.ends_with('.'));
    match (&passed.covered, &denied.covered) {
        (_, Covered::Every) => true,
        (Covered::Name(own), Covered::Name(other)) => own == other,
        (Covered::Name(own), Covered::Below(other)) => below(own, other),
        (Covered::Below(own), Covered::Name(other)) => below(other, own),
        (Covered::Below(own), Covered::Below(other)) => {
            own == other || below(own, other) || below(other, own)
        }
        (Covered::Every | Covered::Net { .. }, _) | (_, Covered::Net { .. }) => false,
    }
}
