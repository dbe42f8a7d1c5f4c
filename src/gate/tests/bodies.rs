//! Bodies on real sockets: size, coding, pace, memory.

use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::{
    BODY_MAX, connect, eventually, exchange, quick, read_to_end, read_until, start, status,
};
use crate::gate::{Body, BodyError, GateLimits, Headers};

fn post(lines: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "POST /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{lines}Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[test]
fn codings() {
    let (_gate, address) = start(quick());
    let text = b"plate ".repeat(20_000);
    for (coding, body) in [
        ("gzip", gzip(&text)),
        ("GZIP", gzip(&text)),
        ("x-gzip", gzip(&text)),
        ("deflate", zlib(&text)),
        ("identity", text.clone()),
    ] {
        let answer = exchange(address, &post(&format!("Content-Encoding: {coding}\r\n"), &body));
        assert!(answer.contains("POST /p 120000 [plate plate"), "{coding}: {answer}");
    }
    for coding in ["br", "gzip, gzip", "gzip\r\nContent-Encoding: gzip", "zstd", "chunked"] {
        let answer = exchange(address, &post(&format!("Content-Encoding: {coding}\r\n"), b"abc"));
        assert_eq!(status(&answer), 415, "{coding}: {answer}");
    }
}

#[test]
fn broken_compression() {
    let packed = gzip(&b"0123456789".repeat(100));
    let deflated = zlib(&b"0123456789".repeat(100));
    let mut damaged = packed.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    let mut wrong_sum = packed.clone();
    let sum = wrong_sum.len() - 6;
    wrong_sum[sum] ^= 1;
    let check = |coding: &str, body: Vec<u8>, expected: Result<usize, BodyError>| {
        let headers = Headers::from_pairs([("content-encoding", coding)]);
        let result = Body::from_bytes(body, &headers).read_all(5000);
        assert_eq!(result.map(|bytes| bytes.len()), expected, "{coding}");
    };
    check("gzip", packed.clone(), Ok(1000));
    check("deflate", deflated.clone(), Ok(1000));
    check("gzip", packed[..packed.len() - 1].to_vec(), Err(BodyError::Malformed));
    check("gzip", packed[..5].to_vec(), Err(BodyError::Malformed));
    check("deflate", deflated[..deflated.len() - 3].to_vec(), Err(BodyError::Malformed));
    check("gzip", damaged, Err(BodyError::Malformed));
    check("gzip", wrong_sum, Err(BodyError::Malformed));
    check("gzip", [packed.clone(), packed.clone()].concat(), Err(BodyError::Malformed));
    check("gzip", [packed, b"x".to_vec()].concat(), Err(BodyError::Malformed));
    check("deflate", [deflated, b"x".to_vec()].concat(), Err(BodyError::Malformed));
    check("gzip", b"not gzip at all".to_vec(), Err(BodyError::Malformed));
    check("gzip", Vec::new(), Ok(0));
}

#[test]
fn sizes_at_the_bound() {
    for coding in ["identity", "gzip", "deflate"] {
        for (length, max, fits) in [(0, 0, true), (1, 0, false), (1, 1, true), (2, 1, false)]
            .into_iter()
            .chain([(8192, 8192, true), (8193, 8192, false), (100_000, 99_999, false)])
            .chain([(100_000, 100_000, true), (100_000, u64::MAX, true)])
        {
            let plain = vec![b'x'; length];
            let sent = match coding {
                "gzip" => gzip(&plain),
                "deflate" => zlib(&plain),
                _ => plain,
            };
            if coding != "identity" && sent.len() as u64 > max {
                continue;
            }
            let headers = Headers::from_pairs([("content-encoding", coding)]);
            let result = Body::from_bytes(sent, &headers).read_all(max);
            let expected = if fits { Ok(length) } else { Err(BodyError::TooLarge) };
            assert_eq!(result.map(|bytes| bytes.len()), expected, "{coding} {length} of {max}");
        }
    }
}

#[test]
fn a_bomb_costs_no_more_than_the_cap() {
    let (gate, address) = start(quick());
    let bomb = gzip(&vec![0; 64 * 1024 * 1024]);
    assert!(bomb.len() < 100_000);
    let answer = exchange(address, &post("Content-Encoding: gzip\r\n", &bomb));
    assert_eq!(status(&answer), 413, "{answer}");
    eventually("memory given back", || gate.body_memory() == 0);
}

#[test]
fn announced_sizes_are_refused_before_a_byte() {
    let (_gate, address) = start(quick());
    for length in ["1048577", "100000000000000", "9223372036854775808", "18446744073709551615"] {
        for expect in ["", "Expect: 100-continue\r\n"] {
            let begin = Instant::now();
            let answer = exchange(
                address,
                format!("POST / HTTP/1.1\r\nHost: h\r\n{expect}Content-Length: {length}\r\n\r\n")
                    .as_bytes(),
            );
            assert_eq!(status(&answer), 413, "{length}: {answer}");
            assert!(answer.contains("Connection: close") && !answer.contains("100 Continue"));
            assert!(begin.elapsed() < Duration::from_secs(2));
        }
    }
}

#[test]
fn a_413_is_seen_by_a_client_that_keeps_sending() {
    let (_gate, address) = start(quick());
    let mut stream = connect(address);
    stream.write_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n").unwrap();
    // Sends all of it before it looks at the answer, as simple clients do.
    for _ in 0..300 {
        stream.write_all(&[b'x'; 10_000]).unwrap();
    }
    let answer = read_to_end(&mut stream);
    assert_eq!(status(&answer), 413, "{answer}");
}

#[test]
fn a_chunked_body_is_capped_too() {
    let (_gate, address) = start(quick());
    let mut stream = connect(address);
    stream.write_all(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let chunk = [b"2000\r\n".as_slice(), &[b'x'; 0x2000], b"\r\n"].concat();
    for _ in 0..=BODY_MAX / 0x2000 {
        stream.write_all(&chunk).unwrap();
    }
    let answer = read_to_end(&mut stream);
    assert_eq!(status(&answer), 413, "{answer}");
}

#[test]
fn a_body_that_is_sent_in_crumbs_arrives_whole() {
    let (_gate, address) = start(GateLimits { body_rate_min: 1, ..quick() });
    let request = b"POST /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\
        Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    let mut stream = connect(address);
    for byte in request {
        stream.write_all(&[*byte]).unwrap();
    }
    assert!(read_to_end(&mut stream).ends_with("POST /c 11 [hello world]"));
}

#[test]
fn continue_is_sent_when_the_body_is_wanted() {
    let (_gate, address) = start(quick());
    let mut stream = connect(address);
    let head = b"POST /e HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n";
    stream.write_all(head).unwrap();
    assert_eq!(read_until(&mut stream, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").unwrap();
    assert!(read_until(&mut stream, "]").contains("200 OK"));
    // The connection goes on; a client that does not wait gets no interim answer.
    stream.write_all(&[head.as_slice(), b"again"].concat()).unwrap();
    let answer = read_until(&mut stream, "]");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("[again]"), "{answer}");
    // A handler that does not want the body answers at once and closes.
    stream
        .write_all(
            b"POST /ignore HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        )
        .unwrap();
    let answer = read_to_end(&mut stream);
    assert!(answer.contains("Connection: close") && !answer.contains(" 100 "), "{answer}");
    // HTTP/1.0 knows no 100.
    let answer = exchange(
        address,
        b"POST /e HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    );
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn an_unread_body_is_drained_when_small() {
    let (_gate, address) = start(quick());
    for body in [
        "Content-Length: 50000\r\n\r\n".to_owned() + &"x".repeat(50_000),
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".to_owned(),
    ] {
        let requests = format!(
            "POST /ignore HTTP/1.1\r\nHost: h\r\n{body}\
             GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        );
        let answer = exchange(address, requests.as_bytes());
        assert!(answer.contains("ignored") && answer.ends_with("GET /next 0 []"), "{answer}");
    }
    let answer =
        exchange(address, b"POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n");
    assert!(answer.contains("Connection: close") && answer.ends_with("ignored"), "{answer}");
    // Announced as small but never sent: cut after the linger time, not held.
    let begin = Instant::now();
    exchange(address, b"POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 70\r\n\r\n");
    assert!(begin.elapsed() < Duration::from_secs(4));
}

#[test]
fn slow_bodies_are_cut() {
    // One gate minds the pace, the other the whole.
    let (paced, address) = start(GateLimits { body_deadline: Duration::from_secs(60), ..quick() });
    let (timed, timed_address) = start(quick());
    let head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n";
    // Silent: cut at the end of the grace.
    let begin = Instant::now();
    assert_eq!(status(&exchange(address, head)), 408);
    let took = begin.elapsed();
    assert!(took >= Duration::from_millis(350) && took < Duration::from_secs(8), "{took:?}");
    // Dripping below the least rate, and fast enough but endless: both end.
    for (address, bytes, pause) in [(address, 1, 20), (timed_address, 600, 20)] {
        let begin = Instant::now();
        let mut stream = connect(address);
        stream.write_all(head).unwrap();
        let mut writer = stream.try_clone().unwrap();
        let drip = thread::spawn(move || {
            for _ in 0..250 {
                if writer.write_all(&vec![b'x'; bytes]).is_err() {
                    break;
                }
                thread::sleep(Duration::from_millis(pause));
            }
        });
        let answer = read_to_end(&mut stream);
        assert_eq!(status(&answer), 408, "{answer}");
        assert!(begin.elapsed() < Duration::from_millis(4500), "{:?}", begin.elapsed());
        drop(stream);
        drip.join().unwrap();
    }
    eventually("connections gone", || paced.connections() + timed.connections() == 0);
}

#[test]
fn memory_of_bodies_is_one_budget() {
    let (gate, address) = start(GateLimits {
        bodies_memory_max: 600_000,
        body_deadline: Duration::from_secs(8),
        body_rate_grace: Duration::from_secs(8),
        ..quick()
    });
    // One body takes most of the budget and stalls.
    let mut holder = connect(address);
    holder.write_all(b"POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n").unwrap();
    holder.write_all(&vec![b'x'; 499_999]).unwrap();
    eventually("budget held", || gate.body_memory() > 400_000);
    let large = exchange(address, &post("", &vec![b'y'; 400_000]));
    assert_eq!(status(&large), 503, "{large}");
    let small = exchange(address, &post("", &vec![b'y'; 60_000]));
    assert_eq!(status(&small), 200, "small bodies never wait: {small}");
    holder.write_all(b"x").unwrap();
    assert!(read_until(&mut holder, "]").contains("POST /hold 500000"));
    eventually("budget given back", || gate.body_memory() == 0);
    assert_eq!(status(&exchange(address, &post("", &vec![b'y'; 400_000]))), 200);
}
