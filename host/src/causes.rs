//! An error with everything that led to it, as one line: for logs and for people at a terminal.

/// An error and its causes, the outermost first.
pub fn in_one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::fmt::Error);

    #[test]
    fn every_cause_is_said() {
        let inner = std::fmt::Error;
        assert_eq!(in_one_line(&inner), inner.to_string());
        assert_eq!(in_one_line(&Outer(inner)), format!("outer: {inner}"));
    }
}
