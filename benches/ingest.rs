//! Bench ingest.
fn main() {}
