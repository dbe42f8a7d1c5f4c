//! Every table and its key layout, in one place. Values are versioned records (see `codec`).

use redb::TableDefinition;

use super::{StoreError, WriteTx};

/// Schema number and other facts about the store itself: name -> bytes.
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Settings: `section.name` -> text.
pub(super) const SETTINGS: TableDefinition<'_, &str, &str> = TableDefinition::new("settings");
/// Secrets that can be read back: name -> sealed record, see `vault`.
pub(super) const SECRETS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("secrets");
/// Small files people gave the box: name -> record.
pub(super) const FILES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("files");
/// Accounts: user id -> record.
pub(super) const USERS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("users");
/// Account names: user name -> user id.
pub(super) const USERNAMES: TableDefinition<'_, &str, u32> = TableDefinition::new("usernames");
/// API keys: SHA-256 -> record.
pub(super) const API_KEYS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("api_keys");
/// Sessions: SHA-256 of the token -> record.
pub(super) const SESSIONS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("sessions");
/// What was fetched from elsewhere: name -> record.
pub(super) const CACHES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("caches");
/// Bans: range of addresses -> record.
pub(super) const BANS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("bans");
/// Links to set a password with: SHA-256 of the token -> record.
pub(super) const RESET_LINKS: TableDefinition<'_, &[u8; 32], &[u8]> =
    TableDefinition::new("reset_links");
/// Second factors that are on: user id -> record.
pub(super) const SECOND_FACTORS: TableDefinition<'_, u32, &[u8]> =
    TableDefinition::new("second_factors");
/// Temporary passwords: user id -> ms until which it works.
pub(super) const PASSWORD_ENDS: TableDefinition<'_, u32, i64> =
    TableDefinition::new("password_ends");
/// Audit log: number -> record with the hash of the one before, see `audit`.
pub(super) const AUDIT: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("audit");
/// Which capture a uuid became: (agent, kind, uuid without the agent's id) -> capture key.
pub(super) const IDENTITIES: TableDefinition<'_, (&str, u8, &str), u64> =
    TableDefinition::new("identities");
/// Previews that wait for their final group: (agent, uuid) -> capture key.
pub(super) const PREVIEWS: TableDefinition<'_, (&str, &str), u64> =
    TableDefinition::new("previews");
/// Replaced previews: old capture key -> new capture key.
pub(super) const SUPERSEDED: TableDefinition<'_, u64, u64> = TableDefinition::new("superseded");
/// Visits of parked cars: (agent, camera, plate) -> (capture key, last seen ms).
pub(super) const PARKED: TableDefinition<'_, (&str, i64, &str), (u64, i64)> =
    TableDefinition::new("parked");
/// Agents: uid -> record.
pub(super) const AGENTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("agents");
/// Ways to agents' own web servers: uid -> record.
pub(super) const AGENT_LINKS: TableDefinition<'_, &str, &[u8]> =
    TableDefinition::new("agent_links");
/// Cameras: (agent uid, camera id) -> record.
pub(super) const CAMERAS: TableDefinition<'_, (&str, i64), &[u8]> = TableDefinition::new("cameras");
/// Rekor alerts: key (time-ordered, as a capture's) -> record.
pub(super) const REKOR_ALERTS: TableDefinition<'_, u64, &[u8]> =
    TableDefinition::new("rekor_alerts");
/// Rekor alerts of a plate: (plate in normal form, `""` without one, alert key) -> capture key. One
/// row an alert.
pub(super) const REKOR_BY_PLATE: TableDefinition<'_, (&str, u64), u64> =
    TableDefinition::new("rekor_by_plate");
/// Rekor alerts of a list: (name, kind, alert key) -> nothing.
pub(super) const REKOR_BY_LIST: TableDefinition<'_, (&str, u8, u64), ()> =
    TableDefinition::new("rekor_by_list");
/// Rekor alerts about a capture: (capture key, alert key) -> nothing.
pub(super) const REKOR_BY_CAPTURE: TableDefinition<'_, (u64, u64), ()> =
    TableDefinition::new("rekor_by_capture");
/// Lists that raised Rekor alerts: (name, kind) -> how many.
pub(super) const REKOR_LISTS: TableDefinition<'_, (&str, u8), u64> =
    TableDefinition::new("rekor_lists");

/// Captures: key -> head record (what lists show), see `captures`.
pub(super) const CAPTURES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("captures");
/// Captures: key -> detail record (the rest).
pub(super) const DETAILS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("details");
/// Search: (block, ordinal) -> capture key. Ordinals count arrivals within a block.
pub(super) const SLOTS: TableDefinition<'_, (u32, u16), u64> = TableDefinition::new("slots");
/// Search: block -> its header, see `index::blocks`.
pub(super) const HEADERS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("headers");
/// Search: (block, part) -> range of keys of chunk `part`. Stores of before there was [`HEADERS`]
/// have the header as the last part.
pub(super) const BLOCKS: TableDefinition<'_, (u32, u16), &[u8]> = TableDefinition::new("blocks");
/// Search: space, block, term (see `index::bitmaps`) -> compressed bitmap of ordinals.
pub(super) const BITMAPS: TableDefinition<'_, &[u8; 14], &[u8]> = TableDefinition::new("bitmaps");
/// Distinct plates: plate id -> record.
pub(super) const PLATES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("plates");
/// Distinct plates: normal form -> plate id.
pub(super) const PLATE_IDS: TableDefinition<'_, &str, u32> = TableDefinition::new("plate_ids");
/// Captures of a plate: (plate id, capture key) -> block << 16 | ordinal.
pub(super) const POSTINGS: TableDefinition<'_, (u32, u64), u64> = TableDefinition::new("postings");
/// Attribute values: (attribute, text) -> value id.
pub(super) const VALUES: TableDefinition<'_, (u8, &str), u32> = TableDefinition::new("values");
/// Attribute values: (attribute, value id) -> text.
pub(super) const VALUE_NAMES: TableDefinition<'_, (u8, u32), &str> =
    TableDefinition::new("value_names");
/// Counters until schema 1: (dimension, grain, hour or day since 1970, value id) -> count.
pub(super) const HOURS_AND_DAYS: TableDefinition<'_, (u8, u8, u32, u32), u64> =
    TableDefinition::new("counters");
/// Captures and alerts counted: (dimension, day since 1970, value id) -> total and quarters of an
/// hour, see `counters`.
pub(super) const DAYS: TableDefinition<'_, (u8, u32, u32), &[u8]> = TableDefinition::new("days");
/// Events counted by free name -> count.
pub(super) const TALLIES: TableDefinition<'_, &str, u64> = TableDefinition::new("tallies");
/// Images: (capture key, kind) -> place in a partition; kind 255 -> places of all that came with the
/// read, see `images::place`.
pub(super) const IMAGE_PLACES: TableDefinition<'_, (u64, u8), &[u8]> =
    TableDefinition::new("image_places");

/// Known plates: plate in normal form -> record.
pub(super) const KNOWN_PLATES: TableDefinition<'_, &str, &[u8]> =
    TableDefinition::new("known_plates");
/// Tags of known plates: (tag, plate) -> nothing.
pub(super) const PLATE_TAGS: TableDefinition<'_, (&str, &str), ()> =
    TableDefinition::new("plate_tags");

/// Corrections of misread plates: capture key -> record.
pub(super) const CORRECTIONS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("corrections");
/// Corrections by plate: (plate as it was read or as it stands now, capture key) -> nothing.
pub(super) const CORRECTED: TableDefinition<'_, (&str, u64), ()> =
    TableDefinition::new("corrected");

/// Saved searches: (user id, number among the user's) -> record.
pub(super) const SAVED_SEARCHES: TableDefinition<'_, (u32, u32), &[u8]> =
    TableDefinition::new("saved_searches");

/// Jobs: number -> record.
pub(super) const JOBS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("jobs");
/// Jobs that wait: (queue, due ms, number) -> nothing.
pub(super) const JOBS_DUE: TableDefinition<'_, (&str, i64, u64), ()> =
    TableDefinition::new("jobs_due");
/// Jobs that failed for good: number -> nothing.
pub(super) const JOBS_DEAD: TableDefinition<'_, u64, ()> = TableDefinition::new("jobs_dead");
/// What the jobs are about: idempotency key -> number.
pub(super) const JOB_KEYS: TableDefinition<'_, &str, u64> = TableDefinition::new("job_keys");

/// By which ways people want to be told: user id -> record.
pub(super) const WAYS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("ways");

/// Watches: number -> record.
pub(super) const WATCHES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("watches");
/// Watches of a user: (user id, number) -> nothing.
pub(super) const WATCHES_OF: TableDefinition<'_, (u32, u32), ()> =
    TableDefinition::new("watches_of");
/// Matches of watches: number -> record.
pub(super) const MATCHES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("matches");
/// Alerts of a user: (user id, 1 while open, first capture key, watch) -> number of the match.
pub(super) const MATCHES_OF: TableDefinition<'_, (u32, u8, u64, u32), u64> =
    TableDefinition::new("matches_of");
/// All matches of a watch: (watch, first capture key) -> number of the match.
pub(super) const MATCHES_BY_WATCH: TableDefinition<'_, (u32, u64), u64> =
    TableDefinition::new("matches_by_watch");
/// All matches of a capture: (capture key, watch) -> number of the match.
pub(super) const MATCHES_BY_CAPTURE: TableDefinition<'_, (u64, u32), u64> =
    TableDefinition::new("matches_by_capture");
/// When somebody was last told: (watch, plate, camera) -> capture time in ms.
pub(super) const WATCH_TOLD: TableDefinition<'_, (u32, &str, &str), i64> =
    TableDefinition::new("watch_told");

/// Creates what is missing, so that readers never meet an absent table.
pub(super) fn create_all(tx: &WriteTx) -> Result<(), StoreError> {
    tx.table(META)?;
    tx.table(SETTINGS)?;
    tx.table(FILES)?;
    tx.table(SECRETS)?;
    tx.table(USERS)?;
    tx.table(USERNAMES)?;
    tx.table(API_KEYS)?;
    tx.table(SESSIONS)?;
    tx.table(CACHES)?;
    tx.table(BANS)?;
    tx.table(RESET_LINKS)?;
    tx.table(SECOND_FACTORS)?;
    tx.table(PASSWORD_ENDS)?;
    tx.table(AUDIT)?;
    tx.table(IDENTITIES)?;
    tx.table(PREVIEWS)?;
    tx.table(SUPERSEDED)?;
    tx.table(PARKED)?;
    tx.table(AGENTS)?;
    tx.table(CAMERAS)?;
    tx.table(AGENT_LINKS)?;
    tx.table(REKOR_ALERTS)?;
    tx.table(REKOR_BY_PLATE)?;
    tx.table(REKOR_BY_LIST)?;
    tx.table(REKOR_BY_CAPTURE)?;
    tx.table(REKOR_LISTS)?;
    tx.table(SAVED_SEARCHES)?;
    tx.table(CAPTURES)?;
    tx.table(DETAILS)?;
    tx.table(SLOTS)?;
    tx.table(HEADERS)?;
    tx.table(BLOCKS)?;
    tx.table(BITMAPS)?;
    tx.table(PLATES)?;
    tx.table(PLATE_IDS)?;
    tx.table(POSTINGS)?;
    tx.table(VALUES)?;
    tx.table(VALUE_NAMES)?;
    tx.table(DAYS)?;
    tx.table(TALLIES)?;
    tx.table(IMAGE_PLACES)?;
    tx.table(KNOWN_PLATES)?;
    tx.table(PLATE_TAGS)?;
    tx.table(CORRECTIONS)?;
    tx.table(CORRECTED)?;
    tx.table(WAYS)?;
    tx.table(JOBS)?;
    tx.table(JOBS_DUE)?;
    tx.table(JOBS_DEAD)?;
    tx.table(JOB_KEYS)?;
    tx.table(WATCHES)?;
    tx.table(WATCHES_OF)?;
    tx.table(MATCHES)?;
    tx.table(MATCHES_OF)?;
    tx.table(MATCHES_BY_WATCH)?;
    tx.table(MATCHES_BY_CAPTURE)?;
    tx.table(WATCH_TOLD)?;
    Ok(())
}
