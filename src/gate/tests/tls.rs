//! TLS beside plain HTTP on one port, with a real client and with hostile ones.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, RootCertStore};

use super::{Watcher, connect, eventually, exchange, quick, read_to_end, start, start_tls};
use crate::gate::{Gate, GateLimits, Tls};

/// A certificate of its own authority for `localhost`, and its key.
pub(super) fn identity() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn serve(limits: GateLimits) -> (Gate, SocketAddr, Tls, Arc<ClientConfig>) {
    let (chain, key) = identity();
    let tls = Tls::new(&chain, &key).unwrap();
    let (gate, address) = start_tls(limits, Arc::new(Watcher::default()), Some(tls.clone()));
    (gate, address, tls, trusting(&chain, rustls::DEFAULT_VERSIONS))
}

pub(super) fn trusting(
    chain: &str,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(chain.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

pub(super) type Client = rustls::StreamOwned<ClientConnection, TcpStream>;

pub(super) fn client(address: SocketAddr, config: &Arc<ClientConfig>) -> Client {
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::clone(config), name).unwrap();
    rustls::StreamOwned::new(session, connect(address))
}

fn get(client: &mut Client, path: &str) -> String {
    write!(client, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut out = Vec::new();
    let mut part = [0; 4096];
    while !out.ends_with(b"]") {
        match client.read(&mut part).unwrap() {
            0 => break,
            count => out.extend_from_slice(&part[..count]),
        }
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn both_tongues_on_one_port() {
    let (gate, address, _, config) = serve(quick());
    let mut client = client(address, &config);
    assert!(get(&mut client, "/a").contains("GET /a 0 []"));
    assert!(get(&mut client, "/b").contains("GET /b 0 []"), "kept alive");
    assert_eq!(client.conn.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    let plain = exchange(address, b"GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(plain.contains("GET /c 0 []"), "{plain}");
    gate.stop(Duration::from_secs(2));
}

#[test]
fn old_and_new_versions_resume() {
    let (chain, key) = identity();
    let tls = Tls::new(&chain, &key).unwrap();
    let (_gate, address) = start_tls(quick(), Arc::new(Watcher::default()), Some(tls));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut config = ClientConfig::clone(&trusting(&chain, &[version]));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let config = Arc::new(config);
        for expected in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut client = client(address, &config);
            assert!(get(&mut client, "/").contains("GET / 0 []"));
            assert_eq!(client.conn.handshake_kind(), Some(expected), "{version:?}");
            assert_eq!(client.conn.alpn_protocol(), Some(b"http/1.1".as_slice()));
        }
    }
}

#[test]
fn large_bodies_pass_both_ways() {
    let (_gate, address, _, config) = serve(quick());
    let mut client = client(address, &config);
    let body = vec![b'y'; 900_000];
    write!(client, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len())
        .unwrap();
    client.write_all(&body).unwrap();
    client.write_all(b"GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut out = Vec::new();
    client.read_to_end(&mut out).unwrap();
    assert!(out.len() > 32 * 1024 * 1024 && out.ends_with(b"xxx"), "{}", out.len());
    assert!(String::from_utf8_lossy(&out[..400]).contains("POST /p 900000 [yyy"));
}

#[test]
fn a_new_certificate_is_presented_without_a_restart() {
    let (_gate, address, tls, config) = serve(quick());
    let mut kept = client(address, &config);
    assert!(get(&mut kept, "/").contains("200"));
    let (chain, key) = identity();
    let (_, other_key) = identity();
    assert!(tls.present(&chain, &other_key).is_err(), "a key that does not fit");
    assert!(tls.present("", &key).is_err() && tls.present(&chain, "").is_err());
    assert!(get(&mut client(address, &config), "/").contains("200"), "still the old one");
    tls.present(&chain, &key).unwrap();
    assert!(get(&mut kept, "/").contains("200"), "open connections go on");
    let newer = trusting(&chain, rustls::DEFAULT_VERSIONS);
    assert!(get(&mut client(address, &newer), "/").contains("200"));
}

#[test]
fn slow_and_silent_handshakes_end() {
    let (gate, address, _, config) = serve(quick());
    let start = Instant::now();
    let mut silent = connect(address);
    silent.write_all(&[0x16, 3, 1]).unwrap();
    assert_eq!(read_to_end(&mut silent), "");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    // One that sends its hello byte by byte is not given more time.
    let name = ServerName::try_from("localhost").unwrap();
    let mut session = ClientConnection::new(config, name).unwrap();
    let mut hello = Vec::new();
    session.write_tls(&mut hello).unwrap();
    let start = Instant::now();
    let mut slow = connect(address);
    for byte in &hello {
        if slow.write_all(&[*byte]).is_err() {
            break;
        }
        thread::sleep(Duration::from_millis(15));
    }
    assert!(start.elapsed() < Duration::from_millis(15 * hello.len() as u64), "cut off");
    assert_eq!(
        exchange(address, b"GET / HTTP/1.0\r\n\r\n").lines().next(),
        Some("HTTP/1.1 200 OK")
    );
    gate.stop(Duration::from_secs(2));
}

#[test]
fn a_request_that_drips_through_tls_is_cut_off_too() {
    let (_gate, address, _, config) = serve(quick());
    let mut client = client(address, &config);
    client.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let start = Instant::now();
    while client.write_all(b"X").and_then(|()| client.flush()).is_ok() {
        thread::sleep(Duration::from_millis(50));
        assert!(start.elapsed() < Duration::from_secs(5), "the head deadline does not hold");
        if start.elapsed() > Duration::from_millis(900) {
            let mut out = Vec::new();
            let _ = client.read_to_end(&mut out);
            assert!(String::from_utf8_lossy(&out).contains("408"));
            return;
        }
    }
}

#[test]
fn garbage_behind_the_first_byte_ends_the_connection() {
    let (gate, address, _, _) = serve(quick());
    for bytes in [
        b"\x16\x03\x01\x00\x00".as_slice(),
        b"\x16\x03\x01\xff\xff",
        b"\x16GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x00\x00\x05\x01\x00\x00\x01\x00",
        &vec![0x16; 70_000],
    ] {
        let start = Instant::now();
        let answer = exchange(address, bytes);
        assert!(!answer.contains("HTTP/"), "{answer:?}");
        assert!(start.elapsed() < Duration::from_secs(3));
    }
    // Not a handshake: HTTP says no.
    for bytes in [b"\x15\x03\x01\x00\x02\x01\x00".as_slice(), b"\x80\x2e\x01\x00\x02"] {
        assert!(exchange(address, bytes).starts_with("HTTP/1.1 400"));
    }
    eventually("all are gone", || gate.connections() == 0);
}

#[test]
fn without_a_certificate_there_is_no_tls() {
    let (_gate, address) = start(quick());
    assert!(exchange(address, b"\x16\x03\x01\x00\x05hello").starts_with("HTTP/1.1 400"));
}

/// What an idle TLS connection costs, beside a plain one.
#[test]
#[ignore = "measures; run alone with --ignored --nocapture"]
fn memory_of_idle_connections() {
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap().to_owned();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let limits = GateLimits { connections_per_address_max: 400, ..GateLimits::default() };
    let (_gate, address, _, config) = serve(limits);
    let _warm = get(&mut client(address, &config), "/");
    let before = resident();
    let mut plain: Vec<TcpStream> = (0..150).map(|_| connect(address)).collect();
    for stream in &mut plain {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let _ = stream.read(&mut [0; 512]).unwrap();
    }
    let middle = resident();
    let mut clients: Vec<Client> = (0..150).map(|_| client(address, &config)).collect();
    for client in &mut clients {
        get(client, "/");
    }
    let after = resident();
    println!(
        "plain {} KiB, TLS {} KiB a connection (client's half included)",
        (middle - before) / 150,
        (after - middle) / 150
    );
}
