//! The revisions of the protocol, by their dates.

/// A revision of the Model Context Protocol, older before newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revision {
    /// The first, with a transport of two endpoints.
    V2024_11_05,
    /// Streamable HTTP, and batches.
    V2025_03_26,
    /// No batches, and a header that says the version.
    V2025_06_18,
    /// Tasks.
    V2025_11_25,
    /// Stateless: every request says what it is, in its body and in headers.
    V2026_07_28,
}

impl Revision {
    /// What a message that does not say is taken for, as the specification has it.
    pub const ASSUMED: Self = Self::V2025_03_26;

    /// Every revision, the newest first.
    pub const ALL: [Self; 5] =
        [Self::V2026_07_28, Self::V2025_11_25, Self::V2025_06_18, Self::V2025_03_26, Self::V2024_11_05];

    /// Its date.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// The revision of a date.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == text)
    }

    /// Whether each request stands for itself: headers are required, results have a `resultType`, and
    /// a server asks for input by a result.
    pub fn is_stateless(self) -> bool {
        self >= Self::V2026_07_28
    }
}
