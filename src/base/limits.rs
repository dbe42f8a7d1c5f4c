//! Every bound in the program, with its unit and its reason. Nothing grows without a line here.

use std::time::Duration;

// --- gate: what a stranger may cost us ---------------------------------------------------------

/// Largest request head (request line and headers), bytes; real browsers stay below 4 KiB.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Most headers of a request.
pub const HEADERS_MAX: usize = 64;
/// Time from the first byte of a request to the end of its head.
pub const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// Time for a whole request body.
pub const BODY_DEADLINE: Duration = Duration::from_secs(60);
/// Slowest body that is still read after a grace period, bytes per second.
pub const BODY_RATE_MIN: u64 = 1024;
/// How long a body may be slower than [`BODY_RATE_MIN`] at its start.
pub const BODY_RATE_GRACE: Duration = Duration::from_secs(5);
/// Longest time without progress while a response is written.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// How long a kept-alive connection may be silent.
pub const IDLE_DEADLINE: Duration = Duration::from_secs(15);
/// Connections at once; each costs a thread with a small stack.
pub const CONNECTIONS_MAX: usize = 512;
/// Connections at once from one address (IPv6: one /64); a browser opens 6, an agent 2-8.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 32;
/// Requests served on one connection before it is closed, so that no peer holds one for ever.
pub const REQUESTS_PER_CONNECTION_MAX: u32 = 10_000;
/// Stack of a connection thread, bytes: handler, parser and TLS fit in half of it.
pub const CONNECTION_STACK_BYTES: usize = 256 * 1024;
/// Largest webhook body after decompression, bytes; real ones are below 150 KB.
pub const WEBHOOK_BODY_MAX: u64 = 16 * 1024 * 1024;
/// Largest ordinary form body, bytes.
pub const FORM_BODY_MAX: u64 = 64 * 1024;
/// Memory that bodies being read may hold together, bytes; beyond it a large body gets 503.
pub const BODIES_MEMORY_MAX: u64 = 24 * 1024 * 1024;

// --- ingest --------------------------------------------------------------------------------------

/// Reads that wait for the ingest thread; beyond it the sender gets 503 and comes again.
pub const INGEST_QUEUE_MAX: usize = 128;
/// Most reads of one commit.
pub const INGEST_BATCH_MAX: usize = 64;
/// How long a request waits for its read to be durable before it gets 503.
pub const INGEST_WAIT: Duration = Duration::from_secs(30);
/// Payloads in one body (JSON array or NDJSON).
pub const PAYLOADS_PER_BODY_MAX: usize = 1000;
/// Depth of nested JSON; agents use 5.
pub const JSON_DEPTH_MAX: usize = 32;
/// Longest text kept of any one payload field, characters.
pub const TEXT_CHARS_MAX: usize = 256;
/// Longest plate kept, characters; real ones end at 12.
pub const PLATE_CHARS_MAX: usize = 32;
/// Most candidates kept of one read.
pub const CANDIDATES_MAX: usize = 50;
/// Most frame uuids of one group, as the agent's own default.
pub const UUIDS_MAX: usize = 500;
/// Largest JPEG of a payload, bytes.
pub const JPEG_BYTES_MAX: usize = 8 * 1024 * 1024;
/// A read that arrives this much after it was captured is marked late, milliseconds.
pub const LATE_AFTER_MS: i64 = 10 * 60 * 1000;
/// An agent clock may run ahead of ours by this much before its time is not believed, ms.
pub const CLOCK_AHEAD_MAX_MS: i64 = 5 * 60 * 1000;
/// Parked repeats of a plate at a camera within this time are one visit, milliseconds.
pub const PARKED_VISIT_MS: i64 = 30 * 60 * 1000;
/// How far around a preview its final group may lie, milliseconds.
pub const PREVIEW_WINDOW_MS: i64 = 60 * 1000;

// --- store ---------------------------------------------------------------------------------------

/// Page cache of records.redb, bytes.
pub const RECORDS_CACHE_BYTES: usize = 16 * 1024 * 1024;
/// Page cache of one open image partition, bytes.
pub const IMAGES_CACHE_BYTES: usize = 4 * 1024 * 1024;
/// Size at which an image partition is sealed, bytes.
pub const PARTITION_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of one image chunk: with its key it fills one 4 KiB page of redb.
pub const IMAGE_CHUNK_BYTES: usize = 4020;
/// Captures of one search block: the universe of one bitmap container.
pub const BLOCK_CAPTURES: u32 = 65_536;
/// Index entries held in memory before they are written out, captures.
pub const MEMTABLE_CAPTURES: u32 = 16_384;
/// Ingest stops below this much free space, bytes, so that the store never hits a full disk.
pub const DISK_FLOOR_BYTES: u64 = 64 * 1024 * 1024;

// --- search --------------------------------------------------------------------------------------

/// Longest query text, characters.
pub const QUERY_CHARS_MAX: usize = 512;
/// Most rows of one page.
pub const PAGE_ROWS_MAX: usize = 200;
/// Rows of a page when nobody says otherwise.
pub const PAGE_ROWS: usize = 50;
/// A search is stopped after this long.
pub const SEARCH_DEADLINE: Duration = Duration::from_secs(2);

// --- accounts ------------------------------------------------------------------------------------

/// Shortest password, characters.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Longest password, bytes; nothing is cut off silently.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// A session ends after this long without a request, milliseconds.
pub const SESSION_IDLE_MS: i64 = 8 * 3600 * 1000;
/// A session ends this long after sign-in, milliseconds.
pub const SESSION_LIFE_MS: i64 = 24 * 3600 * 1000;
/// The last use of a session or key is written at most this often, milliseconds.
pub const LAST_USED_GRAIN_MS: i64 = 60 * 1000;
/// Sign-in counters kept in memory (accounts and addresses).
pub const THROTTLE_ENTRIES_MAX: usize = 8192;

const _: () = assert!(WEBHOOK_BODY_MAX < BODIES_MEMORY_MAX);
const _: () = assert!(INGEST_BATCH_MAX <= INGEST_QUEUE_MAX);
const _: () = assert!(MEMTABLE_CAPTURES <= BLOCK_CAPTURES);
