//! The ground: time, randomness, bounds, hashes, the machine, logging, stopping, secrets. Knows nothing of plates,
//! HTTP or the store, and uses hardly more than the standard library.

pub mod clock;
pub mod csv;
pub mod hash;
pub mod host;
pub mod limits;
pub mod log;
pub mod network;
pub mod random;
pub mod secret;
pub mod stop;
