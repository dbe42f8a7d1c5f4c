//! The nouns of the product and their parsers. No I/O, no HTTP, no store: a value here is either
//! well formed or does not exist.

pub mod agent;
pub mod agent_link;
pub mod alert;
pub mod api_key;
pub mod audit;
pub mod ban;
pub mod capture;
pub mod certificate;
pub mod contact;
pub mod correction;
pub mod guard;
pub mod job;
pub mod known_plate;
pub mod notice;
pub mod password_hash;
pub mod plate;
pub mod query;
pub mod saved_search;
pub mod second_factor;
pub mod settings;
pub mod text;
pub mod user;
pub mod watch;
