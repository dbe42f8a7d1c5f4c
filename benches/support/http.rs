//! The smallest HTTP/1.1 client that keeps a connection alive.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::Failure;

/// One connection, opened when needed and again when the other side closed it.
pub(crate) struct Client {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

/// An answer.
pub(crate) struct Answer {
    /// Status.
    pub(crate) status: u16,
    /// Header lines.
    pub(crate) headers: Vec<String>,
    /// Body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The value of the first header `name` (lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Client {
    /// A client of `address`; connects with the first request.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// Sends a request; `headers` are lines that end with CR LF.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Result<Answer, Failure> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let answer = self.exchange(head.as_bytes(), body);
        if answer.is_err() {
            self.stream = None;
        }
        answer
    }

    fn exchange(&mut self, head: &[u8], body: &[u8]) -> Result<Answer, Failure> {
        let mut stream = if let Some(stream) = self.stream.take() {
            stream
        } else {
            let stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(5))?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(Duration::from_secs(60)))?;
            BufReader::with_capacity(16 * 1024, stream)
        };
        stream.get_mut().write_all(head)?;
        stream.get_mut().write_all(body)?;
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Err("the connection was closed".into());
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            lines.push(line.to_owned());
        }
        let status = lines.first().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let mut answer =
            Answer { status: status.ok_or("no status")?, headers: lines, body: Vec::new() };
        if answer.header("transfer-encoding").is_some_and(|coding| coding == "chunked") {
            read_chunks(&mut stream, &mut answer.body)?;
        } else {
            let length = answer.header("content-length").map_or(Ok(0), str::parse)?;
            answer.body.resize(length, 0);
            stream.read_exact(&mut answer.body)?;
        }
        if answer.header("connection").is_none_or(|value| !value.eq_ignore_ascii_case("close")) {
            self.stream = Some(stream);
        }
        Ok(answer)
    }
}

fn read_chunks(stream: &mut BufReader<TcpStream>, body: &mut Vec<u8>) -> Result<(), Failure> {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16)?;
        let start = body.len();
        body.resize(start + length, 0);
        stream.read_exact(&mut body[start..])?;
        stream.read_line(&mut line)?;
        if length == 0 {
            return Ok(());
        }
    }
}
