//! Every bound in the program, with its unit and its reason. Nothing grows without a line here.

use std::time::Duration;

mod agents;
mod outbox;
mod watches;

pub use agents::*;
pub use outbox::*;
pub use watches::*;

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
/// Connections at once; each costs a thread with a small stack: idle ones 17 KiB, with TLS 27.
pub const CONNECTIONS_MAX: usize = 512;
/// Connections at once from one address (IPv6: one /64); a browser opens 6, an agent 2-8.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 32;
/// A connection that has kept its thread waiting this long may lose its place to a new one at a
/// cap: many times a round trip in a local network.
pub const EVICT_AFTER: Duration = Duration::from_millis(50);
/// Requests served on one connection before it is closed, so that no peer holds one for ever.
pub const REQUESTS_PER_CONNECTION_MAX: u32 = 10_000;
/// Stack of a connection thread, bytes: handler, parser and TLS fit in half of it.
pub const CONNECTION_STACK_BYTES: usize = 256 * 1024;
/// TLS sessions kept for resumption, about 1 KB each: every browser of a household or a guard's
/// office, and the agents.
pub const TLS_SESSIONS_MAX: usize = 128;
/// Before this the clock is not set, as there is no battery behind it; milliseconds since 1970:
/// the first day of 2024.
pub const CLOCK_SET_MS: i64 = 1_704_067_200_000;
/// Life of the box's own authority, milliseconds: ten years, as people trust it by hand.
pub const AUTHORITY_LIFE_MS: i64 = 3653 * 86_400_000;
/// Life of a certificate it issues, milliseconds: a year, the most in Mozilla's profile.
pub const CERTIFICATE_LIFE_MS: i64 = 365 * 86_400_000;
/// How long before its end a certificate is renewed, milliseconds.
pub const CERTIFICATE_RENEW_MS: i64 = 30 * 86_400_000;
/// Names of one certificate.
pub const CERTIFICATE_NAMES_MAX: usize = 48;
/// Certificates of a chain that is brought; public ones have two to four.
pub const CHAIN_LENGTH_MAX: usize = 8;
/// Addresses of the machine that are looked at.
pub const MACHINE_ADDRESSES_MAX: usize = 16;
/// Domains of the resolver that are looked at, as many as it takes itself.
pub const MACHINE_DOMAINS_MAX: usize = 6;
/// Longest list of further host names, bytes.
pub const HOST_NAMES_BYTES_MAX: usize = 512;
/// Bytes of one TLS connection that may wait to be encrypted or sent: one full record.
pub const TLS_BUFFER_BYTES_MAX: usize = 16 * 1024;
/// How long the goodbye of a TLS connection may take to leave.
pub const TLS_CLOSE_DEADLINE: Duration = Duration::from_millis(250);
/// Largest webhook body after decompression, bytes; real ones are below 150 KB.
pub const WEBHOOK_BODY_MAX: u64 = 16 * 1024 * 1024;
/// Largest ordinary form body, bytes.
pub const FORM_BODY_MAX: u64 = 64 * 1024;
/// A body up to this size never counts against [`BODIES_MEMORY_MAX`], bytes; it is also the most
/// that is read and thrown away to keep a connection whose handler did not want the body.
pub const BODY_SMALL_BYTES: usize = 64 * 1024;
/// Trailer section of a chunked body, bytes; it is read and thrown away.
pub const TRAILER_BYTES_MAX: usize = 4 * 1024;
/// How long a connection lingers after its last answer, so that a client that is still sending
/// sees it.
pub const LINGER: Duration = Duration::from_secs(1);
/// Pause after a failed accept (no descriptor, no memory).
pub const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);
/// Connections the kernel may hold before we accept them.
pub const LISTEN_BACKLOG: i32 = 1024;
/// Head of one part of a form with files, bytes; browsers write 150 and the name of the file.
pub const PART_HEAD_BYTES_MAX: usize = 1024;
/// Pairs of one form or query string.
pub const FORM_PAIRS_MAX: usize = 200;
/// Memory that bodies being read may hold together, bytes; beyond it a large body gets 503.
pub const BODIES_MEMORY_MAX: u64 = 24 * 1024 * 1024;
/// Live streams at once: every screen of a large site, and 4 MiB when all of them lag.
pub const LIVE_STREAMS_MAX: usize = 64;
/// Bytes that wait for one live stream before it is closed; a read takes about 1 KB.
pub const LIVE_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Silence on a live stream after which a comment is sent, so that proxies keep it open.
pub const LIVE_HEARTBEAT: Duration = Duration::from_secs(15);
/// How often it is asked whether a live stream's session still stands.
pub const LIVE_CHECK: Duration = Duration::from_secs(20);
/// How long a live stream may take nothing while something waits for it.
pub const LIVE_STALL: Duration = Duration::from_secs(30);
/// Shortest time between two rounds of news: a flood of reads is told in batches.
pub const LIVE_ROUND: Duration = Duration::from_millis(100);
/// Reads a live page shows, and the most it holds as new ones come.
pub const LIVE_ROWS: usize = 30;
/// Reads kept in memory for live streams that come back, and the most that are told at once.
pub const LIVE_LOG_MAX: usize = 256;

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
/// Values of one JSON document, about 60 bytes of memory each; a group of 500 frames has 9,000.
pub const JSON_VALUES_MAX: usize = 100_000;
/// Longest key looked for in a body, characters.
pub const KEY_CHARS_MAX: usize = 256;
/// Shortest bare `user_data` that may be a key, characters; shorter ones are just texts.
pub const BARE_KEY_CHARS_MIN: usize = 16;
/// Notes kept of one payload.
pub const NOTES_MAX: usize = 20;
/// Vehicle traits kept of one read; agents send 8.
pub const TRAITS_MAX: usize = 32;
/// Guesses kept of one trait; agents send 5.
pub const GUESSES_MAX: usize = 20;
/// Longest vehicle signature kept, characters; agents send 1,027.
pub const SIGNATURE_CHARS_MAX: usize = 4096;
/// Video streams kept of one heartbeat.
pub const STREAMS_MAX: usize = 256;
/// Longest name kept of a payload kind nobody knows, characters.
pub const KIND_CHARS_MAX: usize = 40;
/// Payload kinds nobody knows that are counted by name.
pub const UNKNOWN_KINDS_MAX: usize = 50;
/// Largest payload text kept without its images, bytes; 500 frames make 60 KB.
pub const RAW_BYTES_MAX: usize = 1024 * 1024;
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
/// Widest or highest picture of a payload, pixels; 4K is 3840.
pub const JPEG_SIDE_MAX: usize = 16_384;
/// No read is older than this, milliseconds since 1970: the first day of 2000.
pub const CAPTURED_MIN_MS: i64 = 946_684_800_000;
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
/// Page cache of an image partition of the earlier form, bytes: a few images.
pub const SEALED_CACHE_BYTES: usize = 512 * 1024;
/// Closed image partitions that are open for reading.
pub const SEALED_OPEN_MAX: usize = 4;
/// Size at which an image segment is closed, bytes: what retention frees at once and what damage
/// can cost at most.
pub const PARTITION_BYTES_MAX: u32 = 64 * 1024 * 1024;
/// Bytes of the journal that are recorded but not durably yet: what a start after a crash has to
/// record again, a fraction of a second. At full speed a durable commit every 600 reads.
pub const JOURNAL_AHEAD_BYTES: u64 = 32 * 1024 * 1024;
/// How long records may wait for a durable commit. Each rewrites some hundred KiB however few the
/// reads are, which at one read a second would wear the disk more than the reads themselves.
pub const JOURNAL_AHEAD_TIME: Duration = Duration::from_secs(30);
/// Reads of one commit while the journal is recorded again after a crash.
pub const REPLAY_BATCH: usize = 256;
/// How long to wait for the last user of a database handle before its file is opened again.
pub const HANDLE_WAIT: Duration = Duration::from_secs(3);
/// Pause between two looks at it.
pub const HANDLE_WAIT_STEP: Duration = Duration::from_millis(2);
/// Shortest key of the secrets at rest, bytes of text: 32 random bytes make 43 in base64, and a
/// credential of 32 raw ones is good too.
pub const SECRET_KEY_BYTES_MIN: usize = 32;
/// Largest file taken for such a key, bytes.
pub const SECRET_KEY_BYTES_MAX: usize = 4096;
/// Captures of one search block: the universe of one bitmap container.
pub const BLOCK_CAPTURES: u32 = 65_536;
/// Index entries held in memory before they are written out, captures.
pub const MEMTABLE_CAPTURES: u32 = 16_384;
/// Captures of one chunk of a block, the grain at which time ranges are known.
pub const CHUNK_CAPTURES: u32 = 256;
/// Blocks whose chunks are kept in memory, 8 KiB each: enough for 16 million captures.
pub const CHUNK_MAPS_MAX: usize = 256;
/// New plates that are looked through one by one before they are indexed, plates.
pub const PLATES_UNINDEXED_MAX: u32 = 1024;
/// Distinct plates of one pattern that are followed plate by plate; beyond it captures are walked.
pub const PLATE_HITS_MAX: usize = 4000;
/// Ingest stops below this much free space, bytes, so that the store never hits a full disk.
pub const DISK_FLOOR_BYTES: u64 = 64 * 1024 * 1024;
/// Ingest goes on again at this much free space, bytes, so that it does not stop and go.
pub const DISK_RESUME_BYTES: u64 = 80 * 1024 * 1024;
/// Counters gathered in memory while a store is counted anew, about 60 bytes each.
pub const COUNTERS_STAGED_MAX: usize = 50_000;
/// How long a look at the free space is believed, milliseconds.
pub const SPACE_GRAIN_MS: i64 = 1000;

// --- search --------------------------------------------------------------------------------------

/// Plates one search can leave out, and readings it can ask for: each costs a look at every block.
pub const PLATES_LEFT_OUT_MAX: usize = 8;
/// Longest query text, characters.
pub const QUERY_CHARS_MAX: usize = 512;
/// Most rows of one page.
pub const PAGE_ROWS_MAX: usize = 200;
/// Rows of a page when nobody says otherwise.
pub const PAGE_ROWS: usize = 50;
/// Captures a walk through a whole result reads at a time: about a megabyte.
pub const SCAN_ROWS: usize = 1000;
/// A step of such a walk is stopped after this long: nobody waits in front of a page for it.
pub const SCAN_DEADLINE: Duration = Duration::from_secs(60);
/// Pages below this many bytes go as they are: they fit one packet.
pub const COMPRESSED_BYTES_MIN: usize = 1400;
/// Searches one person may save: a menu of them is still read from top to bottom.
pub const SAVED_SEARCHES_MAX: usize = 50;
/// Longest name of a saved search, characters: it stands in a menu.
pub const SAVED_NAME_CHARS_MAX: usize = 80;
/// Longest saved search, bytes: the longest query with every character escaped.
pub const SAVED_QUERY_BYTES_MAX: usize = 12 * QUERY_CHARS_MAX + 1024;
/// A search is stopped after this long.
pub const SEARCH_DEADLINE: Duration = Duration::from_secs(2);

// --- plates --------------------------------------------------------------------------------------

/// Plates people have written something about; a text filter reads all of them in milliseconds.
pub const KNOWN_PLATES_MAX: u64 = 20_000;
/// Longest name of a known plate, characters: it stands beside the plate in lists.
pub const KNOWN_NAME_CHARS_MAX: usize = 80;
/// Longest notes about a plate, characters: a page of text.
pub const KNOWN_NOTES_CHARS_MAX: usize = 4000;
/// Tags of one known plate.
pub const KNOWN_TAGS_MAX: usize = 20;
/// Longest tag, characters.
pub const TAG_CHARS_MAX: usize = 40;
/// Changes kept of one corrected read, besides what the agent read; the oldest go first.
pub const CORRECTION_CHANGES_MAX: usize = 20;
/// Longest code of a region that is typed in, characters; agents send at most 7 (`mx-jal`).
pub const REGION_CHARS_MAX: usize = 12;
/// Newest reads of a plate that its page is made from: months of a daily car, and each is a look-up
/// of a few microseconds.
pub const PORTRAIT_READS_MAX: usize = 500;
/// Reads of a plate at most this far apart are one visit, milliseconds: longer than the way from
/// the gate to a bay and back, shorter than most stays.
pub const VISIT_GAP_MS: i64 = 30 * 60 * 1000;
/// Points of the line that shows the way of a vehicle; more cannot be told apart.
pub const PATH_POINTS_MAX: usize = 100;
/// Captures looked at on either side for the next one of the same camera, captures: two
/// milliseconds at worst.
pub const NEIGHBOURS_MAX: usize = 2000;
/// Tags offered to choose from; more do not help anybody choose.
pub const TAGS_OFFERED_MAX: usize = 200;

// --- alerts --------------------------------------------------------------------------------------

/// Rekor alerts counted one by one for a total; beyond it the page says "or more".
pub const ALERTS_COUNTED_MAX: usize = 10_000;
/// Rekor alerts looked at for one page when a plate's alerts are filtered further.
pub const ALERTS_EXAMINED_MAX: usize = 5_000;
/// Plates followed for a plate's beginning in the alerts.
pub const ALERT_PLATES_MAX: usize = 500;

// --- export --------------------------------------------------------------------------------------

/// Rows of an export that are read in one snapshot and written in one piece.
pub const EXPORT_BATCH: usize = 500;
/// Rows of one ZIP archive. Each of its images (up to four a row) costs 64 bytes of memory until the
/// directory at its end is written: 13 MB together.
pub const EXPORT_ZIP_ROWS_MAX: u64 = 50_000;
/// Longest case note on a printed page, characters: four lines.
pub const PRINT_NOTE_CHARS_MAX: usize = 400;
/// Exports at once, so that they do not take the box from those who look at it.
pub const EXPORTS_AT_ONCE: usize = 2;

// --- accounts ------------------------------------------------------------------------------------

/// Shortest password, characters.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The same for an account with a second factor, where the password is half of it.
pub const PASSWORD_CHARS_MIN_WITH_FACTOR: usize = 8;
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
/// Longest wait between two sign-in tries of one address at one account, milliseconds.
pub const THROTTLE_WAIT_MAX_MS: i64 = 3600 * 1000;
/// Failed tries of an account within a day, after which only addresses that have not failed there
/// yet, or signed in before, may try.
pub const TRIES_PER_DAY_MAX: u32 = 40;
/// First tries of further addresses within that day. Together with [`TRIES_PER_DAY_MAX`] below
/// the 100 that NIST SP 800-63B allows.
pub const FIRST_TRIES_PER_DAY_MAX: u32 = 50;
/// Largest picture of a person, bytes; shown 32 to 64 pixels wide, on every page.
pub const AVATAR_BYTES_MAX: usize = 256 * 1024;
/// Its longest side, pixels: what a browser has to unpack.
pub const AVATAR_SIDE_MAX: usize = 2000;
/// Longest address of a person's web site, bytes.
pub const WEBSITE_BYTES_MAX: usize = 200;
/// Accounts, so that lists and scans over them stay short.
pub const USERS_MAX: usize = 500;
/// API keys of one account: one for each sender and script, still read as a list.
pub const KEYS_PER_USER_MAX: usize = 20;
/// Longest name of an API key, characters: it stands in a list.
pub const KEY_NAME_CHARS_MAX: usize = 40;
/// Sessions of one account; the oldest ends when another is made.
pub const SESSIONS_PER_USER_MAX: usize = 20;
/// Memory of one argon2id hash we make, KiB (OWASP's minimum).
pub const PASSWORD_MEMORY_KIB: u32 = 19 * 1024;
/// Passes of one argon2id hash we make.
pub const PASSWORD_PASSES: u32 = 2;
/// Most memory of a hash from a file that is still accepted, KiB.
pub const PASSWORD_MEMORY_KIB_MAX: u32 = 64 * 1024;
/// Most passes of a hash from a file that is still accepted.
pub const PASSWORD_PASSES_MAX: u32 = 10;
/// Longest name of the box, characters.
pub const BOX_NAME_CHARS_MAX: usize = 64;
/// Longest address of the box, bytes.
pub const PUBLIC_URL_BYTES_MAX: usize = 256;
/// Mistakes of one file that are listed; whoever has more begins at the top.
pub const PROBLEMS_MAX: usize = 100;
/// Largest logo, bytes: it is read with every printed page.
pub const LOGO_BYTES_MAX: usize = 256 * 1024;
/// Widest or highest logo, pixels: ten times what paper shows of it.
pub const LOGO_SIDE_MAX: usize = 2000;
/// Parts of an SVG logo; real ones have a few hundred.
pub const LOGO_NODES_MAX: u32 = 10_000;
/// How deep the parts of an SVG logo may lie in each other; deeper ones are left out.
pub const LOGO_DEPTH_MAX: usize = 24;
/// Longest name of an organisation, characters: two lines on paper.
pub const ORGANISATION_CHARS_MAX: usize = 100;
/// Largest settings file, bytes; a real one is below 100 KB.
pub const SETTINGS_FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Recovery codes of a second factor, each for one use.
pub const RECOVERY_CODES: usize = 10;
/// Codes of an authenticator app that are remembered as used, 30 s each; three count at a time.
pub const USED_STEPS_MAX: usize = 16;
/// How long a right password waits for its code, milliseconds.
pub const SECOND_STEP_MS: i64 = 5 * 60 * 1000;
/// How long a new second factor waits to be confirmed, milliseconds: an app may have to be installed.
pub const ENROLMENT_MS: i64 = 30 * 60 * 1000;
/// Sign-ins that wait for their code, and new factors that wait to be confirmed, about 300 bytes each.
pub const BRIEF_ENTRIES_MAX: usize = 256;
/// How long a temporary password works, milliseconds: over a weekend.
pub const TEMPORARY_PASSWORD_MS: i64 = 72 * 3600 * 1000;
/// How long a link to set a password with is valid, milliseconds.
pub const RESET_LINK_MS: i64 = 24 * 3600 * 1000;

// --- bans ----------------------------------------------------------------------------------------

/// Addresses whose offences are counted, about 100 bytes each.
pub const SUSPECTS_MAX: usize = 8192;
/// Addresses that are banned or remembered for having been, about 200 bytes each.
pub const BANS_MAX: usize = 8192;
/// Banned ranges; each request is compared with all of them.
pub const BAN_RANGES_MAX: usize = 512;
/// Entries of the allow list, and of the list of trusted proxies.
pub const BAN_LIST_MAX: usize = 100;
/// Addresses taken from a list of the internet's offenders; the free list has as many.
pub const BAN_LISTED_MAX: usize = 10_000;
/// Addresses of agents that are remembered, so that a ban never stops their posts.
pub const BAN_AGENTS_MAX: usize = 4096;
/// How long a ban that is over makes the next one longer, milliseconds.
pub const BAN_MEMORY_MS: i64 = 30 * 86_400_000;
/// How often the first length each further ban lasts.
pub const BAN_ESCALATION: [i64; 7] = [1, 2, 4, 8, 16, 32, 64];
/// Most points at which an address is banned.
pub const BAN_COUNT_MAX: u32 = 1000;
/// Longest first ban, seconds: a year.
pub const BAN_SECONDS_MAX: u32 = 31_536_000;
/// Longest window in which offences are counted, seconds: a week.
pub const BAN_FIND_SECONDS_MAX: u32 = 604_800;

/// Reports to AbuseIPDB that wait; further ones are left out.
pub const ABUSE_QUEUE_MAX: usize = 64;
/// Longest wait for an answer of AbuseIPDB.
pub const ABUSE_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the test of its key: one other call may be under way.
pub const ABUSE_ANSWER_WAIT: Duration = Duration::from_secs(22);
/// Pause between two looks at whether its list is due.
pub const ABUSE_ROUND: Duration = Duration::from_secs(600);
/// Largest list taken from it, bytes: 10,000 addresses have 400 KB.
pub const ABUSE_LIST_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// How often its list is fetched, milliseconds; five a day are free.
pub const ABUSE_LIST_EVERY_MS: i64 = 12 * 3600 * 1000;
/// When a failed fetch is tried again, milliseconds: four a day.
pub const ABUSE_LIST_RETRY_MS: i64 = 6 * 3600 * 1000;
/// An address is reported at most this often, milliseconds; the service takes no more.
pub const ABUSE_REPORT_EVERY_MS: i64 = 15 * 60 * 1000;
/// Reports a day; 1,000 are free.
pub const ABUSE_REPORTS_PER_DAY: u32 = 900;
/// Longest pause the service may ask for, milliseconds.
pub const ABUSE_PAUSE_MAX_MS: i64 = 86_400_000;

// --- audit log -----------------------------------------------------------------------------------

/// Longest text of one field of the audit log, characters; the longest query fits.
pub const AUDIT_TEXT_CHARS_MAX: usize = 512;
/// Changed fields kept of one entry.
pub const AUDIT_CHANGES_MAX: usize = 40;
/// Entries of reads (searches, views, failed sign-ins) that wait in memory for the next commit.
pub const AUDIT_PENDING_MAX: usize = 256;
/// Longest time such an entry waits in memory: what a power cut may cost the log.
pub const AUDIT_FLUSH: Duration = Duration::from_secs(5);
/// Entries of the audit log, about 200 bytes each; beyond it the oldest go first.
pub const AUDIT_ENTRIES_MAX: u64 = 200_000;
/// Age at which entries are removed unless a setting says otherwise, days.
pub const AUDIT_DAYS: u32 = 365;
/// The shortest such setting, days: nobody wipes out traces by a setting at once.
pub const AUDIT_DAYS_MIN: u32 = 30;
/// The longest, days: ten years.
pub const AUDIT_DAYS_MAX: u32 = 3650;
/// Entries removed in one transaction.
pub const AUDIT_TRIM_MAX: usize = 5_000;
/// Entries looked through for one page of the log; the page says where to go on.
pub const AUDIT_SCAN_MAX: usize = 50_000;

const _: () = assert!(QUERY_CHARS_MAX <= AUDIT_TEXT_CHARS_MAX);
const _: () = assert!(CERTIFICATE_RENEW_MS < CERTIFICATE_LIFE_MS);
const _: () = assert!(CERTIFICATE_LIFE_MS < AUTHORITY_LIFE_MS);
const _: () = assert!(CONNECTIONS_PER_ADDRESS_MAX <= CONNECTIONS_MAX);
const _: () = assert!(TRIES_PER_DAY_MAX + FIRST_TRIES_PER_DAY_MAX <= 100);
const _: () = assert!(PASSWORD_MEMORY_KIB <= PASSWORD_MEMORY_KIB_MAX);
// --- simulation ----------------------------------------------------------------------------------

/// Captures of one transaction of `fill`; with pictures an eighth of it, to bound memory.
pub const FILL_BATCH: usize = 1000;

const _: () = assert!(WEBHOOK_BODY_MAX < BODIES_MEMORY_MAX);
const _: () = assert!(INGEST_BATCH_MAX <= INGEST_QUEUE_MAX);
const _: () = assert!(DISK_FLOOR_BYTES < DISK_RESUME_BYTES);
const _: () = assert!(MEMTABLE_CAPTURES <= BLOCK_CAPTURES);
