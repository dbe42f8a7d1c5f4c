//! Bounds of what is fetched from agents. Each with its unit and its reason.

use std::time::Duration;

use super::outbox::JOBS_MAX;

/// Jobs beyond which no further full frames are queued: a silent agent must leave room for notices.
pub const PULLS_MAX: u64 = 15_000;
/// Frames of one read that are asked for.
pub const PULL_UUIDS_MAX: usize = 6;
/// Threads that fetch full frames, for all agents together.
pub const PULL_THREADS: usize = 8;
/// Fetches at once from one agent, which is busy reading plates.
pub const PULL_LANES: usize = 2;
/// Patience with a connection to an agent.
pub const PULL_CONNECT_WAIT: Duration = Duration::from_secs(3);
/// Patience with a whole frame.
pub const PULL_WAIT: Duration = Duration::from_secs(20);
/// Largest full frame, bytes.
pub const PULL_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Part of a full frame, bytes, that every thread may hold; of larger ones one at a time.
pub const PULL_BYTES_EACH: usize = 2 * 1024 * 1024;
/// Waits before a frame that the agent does not have yet is asked for again, milliseconds: it may be
/// written after its read was sent.
pub const PULL_WAITS_MS: [i64; 6] = [500, 2_000, 10_000, 60_000, 300_000, 1_800_000];
/// First wait after an agent could not be reached, milliseconds; it doubles up to the longest.
pub const PULL_SILENCE_MS: i64 = 5_000;
/// Longest wait between two looks at an agent that cannot be reached, milliseconds.
pub const PULL_SILENCE_MAX_MS: i64 = 300_000;
/// Silence after which administrators are told, once, milliseconds.
pub const PULL_NOTICE_MS: i64 = 600_000;
/// Age at which a full frame is given up, milliseconds: an agent keeps frames for days.
pub const PULL_AGE_MAX_MS: i64 = 7 * 86_400_000;
/// Most an agent may answer to a test of the connection, bytes.
pub const AGENT_ANSWER_BYTES_MAX: u64 = 256 * 1024;
/// Patience with a test of the connection to an agent.
pub const AGENT_TEST_WAIT: Duration = Duration::from_secs(5);

const _: () = assert!(PULLS_MAX < JOBS_MAX);
