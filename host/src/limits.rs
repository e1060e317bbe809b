//! Every bound of the host, with its unit in its name and its reason beside it.
//!
//! The bounds of one instance are in [`crate::engine`], because they are part of what the
//! component is compiled for; the bounds of policies and calls are the engine's own. What is
//! here keeps input from reaching it at all.

use std::time::Duration;

pub use crate::engine::config::{INSTANCE_MEMORY_BYTES_MAX, INSTANCES_MAX};

/// A call, in bytes of JSON. Whole files travel in `Write` calls, so it is generous; it keeps the
/// copy in the guest far below the guest's memory.
pub const CALL_BYTES_MAX: usize = 8 << 20;

/// A policy file, in bytes.
pub const POLICY_BYTES_MAX: u64 = 4 << 20;

/// What a harness may write to a hook, in bytes: a call and what is wrapped around it.
pub const EVENT_BYTES_MAX: u64 = 8 << 20;

/// A file of calls for `simulate`, in bytes.
pub const SIMULATION_BYTES_MAX: u64 = 64 << 20;

/// A line of `eval` or `replay`, in bytes: a call and, for `eval`, an inline policy.
pub const LINE_BYTES_MAX: u64 = 16 << 20;

/// Inline policies that `eval` keeps compiled. Each holds an instance of the pool, so it must
/// stay below [`INSTANCES_MAX`].
pub const INLINE_POLICIES_MAX: usize = 16;

/// Calls of one `simulate` request, unless `SOE_MAX_SIMULATE_CALLS` says otherwise.
pub const SIMULATE_CALLS_MAX: usize = 100;

/// Time between two ticks of the clock that stops guests. A decision takes microseconds.
pub const TICK: Duration = Duration::from_millis(100);

/// Ticks that one call of the guest may take: one second, a thousand times what the worst
/// known input needs, and well below the deadlines of hooks.
pub const TICKS_MAX: u64 = 10;

/// From the start of a hook to its answer. Harnesses wait for a minute and then go ahead with
/// the call, so ours has to come first.
pub const HOOK_DEADLINE: Duration = Duration::from_secs(5);

/// Stack of the thread that decides for a hook, in bytes: the guest's 512 KiB and ours.
pub const HOOK_STACK_BYTES: usize = 8 << 20;

/// Policies that one instance keeps compiled. More of them are compiled again when they are
/// needed, which takes about as long as a commit.
pub const COMPILED_POLICIES_MAX: usize = 2_000;

/// Operations that are committed together. Larger batches make nothing faster, and the first in a
/// batch waits for the last.
pub const BATCH_OPERATIONS_MAX: usize = 256;

/// Operations that wait for their batch. More are refused, and their calls denied.
pub const QUEUED_OPERATIONS_MAX: usize = 8_192;

/// Records of one request. A batch of commits is as large.
pub const RECORDS_MAX: usize = 256;

/// A request with records, in bytes. Whoever has more of them sends several.
pub const RECORDS_BYTES_MAX: usize = 4 << 20;

/// How long the answer of a request with an idempotency key is kept, in milliseconds: a day, in
/// which every sensible retry is over.
pub const ANSWERS_KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// How often older answers are dropped.
pub const FORGET_EVERY: Duration = Duration::from_secs(600);

/// Connections to the store that read at the same time.
pub const READERS_MAX: usize = 8;

/// What the ledger keeps of one field, in bytes. An entry may have 65,535 in all, and has two such
/// fields at most.
pub const RECORDED_BYTES_MAX: usize = 23 << 10;

/// What the ledger keeps of where a call would run and what it would cost, in bytes.
pub const RECORDED_CONTEXT_BYTES_MAX: usize = 2 << 10;

/// The name of a run, in bytes, as part of a meter's key. A longer one counts by its digest: an
/// index takes no more than about 2,700 bytes, and memory keeps keys.
pub const RUN_BYTES_MAX: usize = 128;

/// What a meter is kept apart by, in bytes, in the ledger; longer ones as their digest. A call may
/// charge dozens of meters, and all of them stand in its entry.
pub const RECORDED_KEY_BYTES_MAX: usize = 128;

/// Characters of a name in the ledger.
pub const RECORDED_NAME_CHARS_MAX: usize = 256;

/// A message of an MCP client or server, in bytes; the engine's own bound of a call.
pub const MCP_MESSAGE_BYTES_MAX: usize = CALL_BYTES_MAX;

/// Time for a daemon to answer about one call of a tool. An agent is waiting.
pub const MCP_DAEMON_TIMEOUT: Duration = Duration::from_secs(10);

/// From the end of a client to the first signal to its server, and from that to the last one.
pub const MCP_GRACE: Duration = Duration::from_secs(2);

/// Requests that the proxy of an MCP server works on at a time. Streams stay open for hours.
pub const MCP_REQUESTS_MAX: usize = 256;

/// Links followed while one path is resolved: what Linux allows.
pub const LINKS_MAX: usize = 40;

const _: () = assert!(INLINE_POLICIES_MAX < INSTANCES_MAX as usize);

/// Longest call that a person is asked about, in bytes. Nobody reads more in the time that there is,
/// and whoever cannot read it must not approve it.
pub const ASKED_CALL_BYTES_MAX: usize = 64 << 10;

/// Questions of one agent in an hour. People who are asked more often answer without reading.
pub const QUESTIONS_MAX: u64 = 120;
