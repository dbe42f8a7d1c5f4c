//! One binary that drives the real server: each test starts a box of its own on a loopback port
//! and talks to it as senders, programs and browsers do.

#![recursion_limit = "256"]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

mod fakes;
mod harness;

mod abuse;
mod access;
mod agents;
mod alerts;
mod api;
mod audit;
mod bans;
mod browser;
mod cli;
mod crash;
mod csrf;
mod dashboard;
mod defects;
mod disk;
mod export;
mod fixture;
mod general;
mod headers;
mod hostile;
mod keys;
mod live;
mod notify;
mod people;
mod plates;
mod rules;
mod search;
mod second_factor;
mod secrets;
mod sessions;
mod tls;
mod users;
mod watches;
mod webhook;
