//! Paths of model APIs whose answers have no tool calls in them.

/// How such a path ends.
const ENDINGS: &[&str] = &[
    "/audio/speech",
    "/audio/transcriptions",
    "/audio/translations",
    "/count_tokens",
    "/embeddings",
    "/files",
    "/images/edits",
    "/images/generations",
    "/images/variations",
    "/input_tokens",
    "/moderations",
    "/rerank",
    "/tokenize",
    "/uploads",
];

/// Whether an answer at this path is no place for a tool call.
pub(crate) fn is_without_tools(path: &str) -> bool {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let path = path.strip_suffix('/').unwrap_or(path);
    ENDINGS.iter().any(|ending| path.ends_with(ending))
}
