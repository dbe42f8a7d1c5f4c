//! Who is asking: passwords, sessions, keys, and how often somebody may guess. Takes plain texts
//! and knows no HTTP; what a caller may do with a plate is decided elsewhere.

pub mod brief;
pub mod caller;
pub mod csrf;
pub mod password;
pub mod policy;
pub mod readable;
pub mod reset;
pub mod second_factor;
pub mod second_step;
pub mod session;
pub mod setup;
pub mod sign_in;
pub mod throttle;
pub mod token;
pub mod totp;

#[cfg(test)]
pub(crate) mod fixtures;
