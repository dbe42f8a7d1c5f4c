//! Who is asking: passwords, sessions, keys, and how often somebody may guess. Takes plain texts
//! and knows no HTTP; what a caller may do with a plate is decided elsewhere.

pub mod caller;
pub mod csrf;
pub mod password;
pub mod policy;
pub mod reset;
pub mod session;
pub mod setup;
pub mod sign_in;
pub mod throttle;
pub mod token;

#[cfg(test)]
pub(crate) mod fixtures;
