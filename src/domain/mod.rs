//! The verbs of the product. No HTTP and no threads: each takes a transaction, the time and
//! values, and refuses by rule before anything is written.

pub mod agents;
pub mod api_keys;
pub mod audit;
pub mod bans;
pub mod box_names;
pub mod captures;
pub mod certificates;
pub mod channels;
pub mod channels_file;
pub mod corrections;
pub mod export;
pub mod finding;
pub mod guard_settings;
pub mod import;
pub mod known_plates;
pub mod logo;
pub mod messages;
pub mod nuisance;
pub mod outbox;
pub mod period;
pub mod person;
pub mod picture;
pub mod portrait;
pub mod pulls;
pub mod report;
pub mod retention;
pub mod rhythm;
pub mod saved_searches;
pub mod settings;
pub mod settings_file;
pub mod setup;
pub mod stats;
pub mod toml_file;
pub mod users;
pub mod watches;

#[cfg(test)]
mod power_cut_tests;
