//! Calls to services of others. Knows no service by name: each call has a deadline and a cap, goes
//! where it was sent and nowhere else, and a failure says how far it got.

pub mod http;
pub mod multipart;
pub mod tcp;
pub mod tls;
