//! The daemon's clock, and how it writes time.

use jiff::Timestamp;

use crate::state::Millis;

/// Now.
pub fn now() -> Millis {
    Millis(Timestamp::now().as_millisecond())
}

/// RFC 3339 in UTC with milliseconds: `2026-03-09T10:15:30.000Z`.
pub fn text(at: Millis) -> String {
    // A time that no calendar has is the first of all.
    let timestamp = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    format!("{timestamp:.3}")
}

/// The time that an RFC 3339 text means.
pub fn parse(text: &str) -> Option<Millis> {
    text.parse::<Timestamp>().ok().map(|timestamp| Millis(timestamp.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_has_milliseconds_and_a_z() {
        assert_eq!(text(Millis(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(text(Millis(1_773_051_330_007)), "2026-03-09T10:15:30.007Z");
        assert_eq!(text(Millis(i64::MAX)), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_time_needs_its_offset() {
        assert_eq!(parse("2026-03-09T10:15:30.007Z"), Some(Millis(1_773_051_330_007)));
        assert_eq!(parse("2026-03-09T11:15:30.007+01:00"), Some(Millis(1_773_051_330_007)));
        for wrong in ["", "2026-03-09", "2026-03-09T10:15:30", "1773051330"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
