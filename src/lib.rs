//! openalpr-webhook: a self-hosted licence-plate appliance.
//!
//! Modules are listed in reading order. Folders are layers: a module imports only from layers
//! above it in this list (`tests/tidy.rs` enforces it), so data flows one way.

pub mod base;

pub mod model;

pub mod gate;

pub mod store;

pub mod net;

pub mod ingest;

pub mod search;

pub mod sim;

pub mod notify;

pub mod domain;

pub mod auth;

pub mod worker;

pub mod web;

pub mod app;
pub mod cli;
