//! One file per page. A handler parses, makes one call into the domain, fills the page's view and
//! renders it.

pub mod alerts;
pub mod audit;
pub mod bans;
pub mod captures;
pub mod certificate;
pub mod dashboard;
pub mod errors;
pub mod export;
pub mod general;
pub mod images;
pub mod live;
pub mod login;
pub mod names;
pub mod plate;
pub mod plates;
pub mod profile;
pub mod reset;
pub mod search;
pub mod searches;
pub mod settings;
pub mod setup;
pub mod shell;
pub mod theme;
pub mod trust;
pub mod users;
