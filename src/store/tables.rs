//! Every table and its key layout, in one place. Values are versioned records (see `codec`).

use redb::TableDefinition;

use super::{StoreError, WriteTx};

/// Schema number and other facts about the store itself: name -> bytes.
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Settings: `section.name` -> text.
pub(super) const SETTINGS: TableDefinition<'_, &str, &str> = TableDefinition::new("settings");
/// Accounts: user id -> record.
pub(super) const USERS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("users");
/// Account names: user name -> user id.
pub(super) const USERNAMES: TableDefinition<'_, &str, u32> = TableDefinition::new("usernames");
/// API keys: SHA-256 -> record.
pub(super) const API_KEYS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("api_keys");
/// Sessions: SHA-256 of the token -> record.
pub(super) const SESSIONS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("sessions");

/// Creates what is missing, so that readers never meet an absent table.
pub(super) fn create_all(tx: &WriteTx) -> Result<(), StoreError> {
    tx.table(META)?;
    tx.table(SETTINGS)?;
    tx.table(USERS)?;
    tx.table(USERNAMES)?;
    tx.table(API_KEYS)?;
    tx.table(SESSIONS)?;
    Ok(())
}
