//! Paths of model APIs: whose answers have no tool calls in them, and what gives out many at once.

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

/// How a path ends where a GET lists what was said before, tool calls included, in a shape that nobody
/// reads.
const LISTS: &[&str] =
    &["/chat/completions", "/input_items", "/items", "/messages", "/responses", "/results", "/steps"];

/// What stands in the path of such a list, or of one entry of it.
const BELOW: &[&str] = &["/conversations/", "/threads/"];

fn plain(path: &str) -> &str {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    path.strip_suffix('/').unwrap_or(path)
}

/// Whether a GET of this path answers with tool calls in a shape that is not read.
pub(crate) fn is_list_with_tools(path: &str) -> bool {
    let path = plain(path);
    LISTS.iter().any(|ending| path.ends_with(ending))
        || BELOW.iter().any(|word| path.split_once(word).is_some_and(|(_, rest)| rest.contains('/')))
}

/// Whether an answer at this path is no place for a tool call.
pub(crate) fn is_without_tools(path: &str) -> bool {
    let path = plain(path);
    ENDINGS.iter().any(|ending| path.ends_with(ending))
}
