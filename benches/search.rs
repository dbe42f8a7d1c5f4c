//! Bench search.
fn main() {}
