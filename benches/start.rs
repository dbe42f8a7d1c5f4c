//! Bench start.
fn main() {}
