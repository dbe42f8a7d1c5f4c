//! What senders post: any bytes become documents or an error.
#![no_main]

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use openalpr_webhook::base::clock::Timestamp;
use openalpr_webhook::ingest::{self, Context};

fuzz_target!(|bytes: &[u8]| {
    let received_at = Timestamp(1_770_000_000_000);
    let context = Context { received_at, peer: IpAddr::V4(Ipv4Addr::LOCALHOST) };
    let _ = ingest::parse_body(bytes, &context, |_| Ok::<(), Infallible>(()));
});
