//! HTTP meaning: what a path answers, who may ask, and how it looks. Knows the domain, never the
//! store's tables or a socket.

pub mod access;
pub mod api;
pub mod assets;
pub mod chart;
pub mod compress;
pub mod ctx;
mod door;
pub mod doorman;
pub mod error;
pub mod exports;
pub mod files;
pub mod format;
pub mod headers;
pub mod health;
pub mod heat;
pub mod live;
pub mod pages;
pub mod paths;
pub mod pipeline;
pub mod qr;
pub mod regions;
pub mod render;
pub mod reply;
pub mod routes;
pub mod site;
pub mod tiles;
pub mod views;
pub mod webhook;

#[cfg(test)]
mod preview;
