//! What senders post: any bytes become documents or an error.
#![no_main]

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use openalpr_webhook::base::clock::Timestamp;
use openalpr_webhook::ingest::{self, Context, Packer};

thread_local! {
    static PACKER: Arc<Packer> = Arc::default();
}

fuzz_target!(|bytes: &[u8]| {
    let received_at = Timestamp(1_770_000_000_000);
    PACKER.with(|packer| {
        let context =
            Context { received_at, peer: IpAddr::V4(Ipv4Addr::LOCALHOST), packer: packer.clone() };
        let _ = ingest::parse_body(bytes, &context, |_| Ok::<(), Infallible>(()));
    });
});
