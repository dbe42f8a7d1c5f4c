//! Services of others, played on a loopback port, which also behave badly.

pub(crate) mod abuseipdb;
pub(crate) mod agent;
pub(crate) mod service;
