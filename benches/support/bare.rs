//! The least a box could do: a server that receives the same posts, appends what has come in one
//! durable write, answers, and understands nothing.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::Failure;

/// Most bodies of one write, as of the box.
const BATCH_MAX: usize = 64;

/// A body, and where to say that it is durable.
type Post = (Vec<u8>, Sender<()>);

/// A running server; its threads end with the process.
pub(crate) struct Bare {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    path: PathBuf,
}

impl Bare {
    /// Starts it; what it receives goes to `path`.
    pub(crate) fn start(path: &Path) -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let file = File::create(path)?;
        let (posts, queue) = unbounded();
        std::thread::spawn(move || append(file, &queue));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let posts = posts.clone();
                std::thread::spawn(move || drop(serve(&stream, &posts)));
            }
        });
        Ok(Self { address, path: path.to_owned() })
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn append(mut file: File, queue: &Receiver<Post>) {
    while let Ok(first) = queue.recv() {
        let mut batch = vec![first];
        batch.extend(queue.try_iter().take(BATCH_MAX - 1));
        let mut written = batch.iter().map(|(body, _)| file.write_all(body));
        if written.any(|result| result.is_err()) || file.sync_data().is_err() {
            return;
        }
        for (_, done) in batch {
            let _ = done.send(());
        }
    }
}

fn serve(stream: &TcpStream, posts: &Sender<Post>) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    let (done, durable) = bounded(1);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.strip_prefix("Content-Length:") {
                length = value.trim().parse()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        posts.send((body, done.clone()))?;
        durable.recv()?;
        let mut stream = stream;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")?;
    }
}
