//! Every bound of the engine: its name, its unit, and why it is where it is.
//!
//! Over a limit is a deny, or a refused document; never a shortened look.

/// Longest policy document in bytes. The largest published policy has 9 KiB.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 4 << 20;
/// Longest call in bytes. A `Write` carries a whole file.
pub(crate) const CALL_BYTES_MAX: usize = 16 << 20;
/// Deepest nesting of a document or a call.
pub(crate) const JSON_DEPTH_MAX: usize = 128;
/// Most values in a document or a call.
pub(crate) const JSON_NODES_MAX: usize = 1_000_000;

/// Most patterns in one list of a policy.
pub(crate) const LIST_ENTRIES_MAX: usize = 20_000;
/// Longest pattern in bytes. Matching costs pattern × input at worst.
pub(crate) const PATTERN_BYTES_MAX: usize = 1_024;
/// Most pairs of path patterns that are compared to warn of rules which never apply. Longer lists
/// are written by machines, and 10,000 × 10,000 comparisons take seconds.
pub(crate) const PATTERN_PAIRS_MAX: usize = 250_000;
/// Most alternatives that the braces of one path pattern may spell out.
pub(crate) const BRACE_ALTERNATIVES_MAX: usize = 64;

/// Most entries of `budgets`, and of `rateLimits.windows`. Each may be a row that is read and
/// locked for one call.
pub(crate) const METERS_MAX: usize = 64;
/// Most tools that one of them lists. Each is compared with the name of every call's tool.
pub(crate) const METER_TOOLS_MAX: usize = 256;
/// Longest text that a meter is kept apart by, in bytes. A longer one goes by its digest.
pub(crate) const METER_KEY_BYTES_MAX: usize = 1_024;
/// Largest limit of a budget that is a number: the largest whole number that every reader of JSON
/// keeps. Money is text.
pub(crate) const BUDGET_LIMIT_MAX: u64 = (1 << 53) - 1;
/// Longest window of a rate limit in seconds: a year of 366 days.
pub(crate) const WINDOW_SECONDS_MAX: u64 = 366 * 86_400;

/// Most arguments of a call that can be compared with past calls. A call with more is denied.
pub(crate) const COMPARED_ARGUMENTS_MAX: usize = 256;
/// A text of so many characters and more is not one of a few values.
pub(crate) const COMPARED_TEXT_CHARS: usize = 200;
/// Larger numbers are compared as this one, so that no sum of squares becomes infinite.
pub(crate) const COMPARED_NUMBER_MAX: f64 = 1e100;
/// Most arguments that a baseline remembers, the first that it meets. With the two below, a baseline
/// is smaller than 4 KiB.
pub(crate) const BASELINE_ARGUMENTS_MAX: usize = 32;
/// Most values that it remembers of one argument. One with more is free text.
pub(crate) const BASELINE_ARGUMENT_TEXTS_MAX: usize = 64;
/// Most values that it remembers of all arguments.
pub(crate) const BASELINE_TEXTS_MAX: usize = 256;

/// Largest multiple of the mean that an amount may be limited to.
pub(crate) const SPIKE_TIMES_MAX: u64 = 1_000_000;
/// Most subjects that `approvals.approvers` names.
pub(crate) const APPROVERS_MAX: usize = 64;
/// Most people that have to say yes to one call.
pub(crate) const QUORUM_MAX: u64 = 10;
/// Shortest life of a question in seconds: nobody reads one faster.
pub(crate) const APPROVAL_SECONDS_MIN: u64 = 10;
/// Longest life of a question in seconds: a week. What was decided then is no decision about now.
pub(crate) const APPROVAL_SECONDS_MAX: u64 = 7 * 86_400;
/// Most entries of `rules`. They are found by the name of the tool.
pub(crate) const RULES_MAX: usize = 10_000;
/// Most entries of `tags`, and most labels of one entry and of one call.
pub(crate) const TAG_RULES_MAX: usize = 1_000;
pub(crate) const TAGS_MAX: usize = 64;
/// Most entries of `metadata` and of `redact`.
pub(crate) const METADATA_MAX: usize = 64;
pub(crate) const REDACT_MAX: usize = 256;
/// Longest label, key or name of an argument, in bytes.
pub(crate) const LABEL_BYTES_MAX: usize = 128;
/// Longest message of a rule, and value of `metadata`, in bytes.
pub(crate) const RULE_MESSAGE_BYTES_MAX: usize = 1_024;
/// Deepest nesting of a condition, and most tests in one. A condition is asked by recursion.
pub(crate) const CONDITION_DEPTH_MAX: usize = 16;
pub(crate) const CONDITION_TESTS_MAX: usize = 256;
/// Most steps of a path to an argument.
pub(crate) const PATH_STEPS_MAX: usize = 64;
/// Deepest nesting of a regular expression; its parser is recursive.
pub(crate) const REGEX_NEST_MAX: u32 = 50;
/// Largest program of one regular expression, in states and ranges, at most 40 bytes each.
pub(crate) const REGEX_WEIGHT_MAX: u64 = 4_096;
/// Largest sum of them in one policy, which is some 20 MB.
pub(crate) const RULE_PROGRAMS_MAX: u64 = 1_000_000;
/// Steps that the rules may take for one call, and its labels again as many. A step is a state of
/// a regular expression for one byte, or a few bytes of any other look: a few nanoseconds.
pub(crate) const RULE_STEPS_MAX: u64 = 1 << 20;
/// Steps of one test, beside what it looks at.
pub(crate) const LEAF_STEPS: u64 = 8;
/// Steps of comparing a tool's name with one pattern, beside one for each 8 bytes of the name.
pub(crate) const TOOL_PATTERN_STEPS: u64 = 8;
/// Most reasons that rules without an answer give; of more, only worse ones are kept.
pub(crate) const RULE_REASONS_MAX: usize = 32;

/// Longest command in bytes (SH1).
pub(crate) const COMMAND_BYTES_MAX: usize = 64 << 10;
/// Deepest nesting of one command, wrappers and inner shells included (SH1).
pub(crate) const COMMAND_DEPTH_MAX: usize = 64;
/// Most simple commands in one command line (SH1).
pub(crate) const COMMANDS_MAX: usize = 1_000;
/// Most of a command that is outlined for people: more than anybody reads.
pub(crate) const OUTLINE_NODES_MAX: usize = 4_000;
pub(crate) const OUTLINE_BYTES_MAX: usize = 1 << 20;
/// Most pieces of one pipeline that a `a | b` pattern is tried on.
pub(crate) const STAGES_MAX: usize = 256;
/// Most words of a launcher's arguments that are tried as the start of what it runs, and most of
/// what it runs that is looked at.
pub(crate) const TAILS_MAX: usize = 64;
/// Longest path in bytes: `PATH_MAX` of Linux.
pub(crate) const PATH_BYTES_MAX: usize = 4_096;
/// Most paths in one call.
pub(crate) const PATHS_MAX: usize = 1_000;

/// Longest answer of an MCP server that is held to be read, and longest event of a stream, in bytes.
/// Results carry images and files as text.
pub(crate) const ANSWER_BYTES_MAX: usize = 8 << 20;
/// Most tools of one list of a server. Each is decided by its name, and the list comes from anybody.
pub(crate) const LISTED_TOOLS_MAX: usize = 4_096;
/// Most `Mcp-Param-*` headers of one request. A tool has a few arguments that are mirrored.
pub(crate) const PARAM_HEADERS_MAX: usize = 64;
/// Longest value of an `Mcp-*` header in bytes. Servers refuse longer headers by themselves.
pub(crate) const MCP_HEADER_BYTES_MAX: usize = 16 << 10;

/// Bytes of text that one decision may compare with patterns. Ordinary calls need a few
/// thousand; the most that fits in 10 ms on a slow machine is far above this.
pub(crate) const STEPS_MAX: u64 = 16 << 20;

/// Steps that a word of a command counts for at each layer that is peeled off.
pub(crate) const WORD_STEPS: u64 = 128;

/// Longest excerpt of a call in a reason, in characters. What is cut is marked.
pub(crate) const EXCERPT_CHARS_MAX: usize = 160;

/// Longest name of a host in bytes, and longest label of one (RFC 1035).
pub(crate) const HOST_BYTES_MAX: usize = 253;
pub(crate) const HOST_LABEL_BYTES_MAX: usize = 63;
/// Longest path of a request, and longest path with its query, in bytes. Servers stop at 8 KiB for both.
pub(crate) const HTTP_PATH_BYTES_MAX: usize = 16 << 10;
pub(crate) const HTTP_TARGET_BYTES_MAX: usize = 64 << 10;
/// Most segments of a path that patterns are compared with: each may keep every `**` going.
pub(crate) const HTTP_SEGMENTS_MAX: usize = 256;
/// Longest method in bytes: the registered ones have 17 at most.
pub(crate) const HTTP_METHOD_BYTES_MAX: usize = 64;
/// Most headers of a request. Proxies stop at 100.
pub(crate) const HTTP_HEADERS_MAX: usize = 1_000;
/// Most addresses that a name leads to: more do not fit into an answer of DNS over UDP.
pub(crate) const RESOLVED_IPS_MAX: usize = 256;
/// Longest body in bytes that is read where a policy wants one read and does not say how long it may be.
pub(crate) const HTTP_BODY_BYTES_MAX: u64 = 1 << 20;
/// Largest bound of a body that a policy may set, in bytes: a call carries the body.
pub(crate) const HTTP_BODY_BOUND_MAX: u64 = CALL_BYTES_MAX as u64;
/// Most entries of `network.rules`. They are found by host.
pub(crate) const NETWORK_RULES_MAX: usize = 10_000;
/// Most methods of one list.
pub(crate) const METHODS_MAX: usize = 64;
/// Most tools in one list of `mcp`. A name is compared with each that has a star.
pub(crate) const MCP_TOOLS_MAX: usize = 1_024;
/// Longest name of an MCP server in bytes.
pub(crate) const MCP_SERVER_BYTES_MAX: usize = 128;
/// Longest name and arguments of an MCP tool in bytes that are decided as they were read. Longer ones are
/// written as a call and read again, so that the bounds of calls hold for them.
pub(crate) const INNER_BYTES_MAX: usize = 256 << 10;
/// Longest payment or challenge header in bytes, encoded. A payment has about 1 KiB, and no server
/// takes headers of more than this.
pub(crate) const PAYMENT_BYTES_MAX: usize = 64 << 10;
/// Most offers of one challenge that are looked at. Servers make one per network.
pub(crate) const OFFERS_MAX: usize = 64;
/// Longest address of a payee or an asset in bytes.
pub(crate) const ADDRESS_BYTES_MAX: usize = 128;
/// Most decimals of an asset: ten to this power still fits in 128 bits.
pub(crate) const ASSET_DECIMALS_MAX: u64 = 36;
/// Most assets that one `x402` section adds.
pub(crate) const ASSETS_MAX: usize = 256;

/// Longest answer of a model API that is not streamed, and longest event of one that is, in bytes.
/// The longest answers are generated images.
pub(crate) const LLM_ANSWER_BYTES_MAX: usize = 16 << 20;
/// Most bytes of a streamed answer that are kept back until a tool call is decided. Arguments are as
/// long as a file that is written, and each few characters of them are an event of some 200 bytes.
pub(crate) const LLM_HELD_BYTES_MAX: usize = 16 << 20;
/// Most tool calls of one answer. Models make a few at a time.
pub(crate) const LLM_CALLS_MAX: usize = 256;
