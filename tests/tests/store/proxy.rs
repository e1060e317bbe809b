//! A wire between a store and its database that can be cut at a commit.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Where to cut the wire, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The server never sees the commit.
    BeforeCommit,
    /// The server commits, and nobody hears of it.
    AfterCommit,
}

pub(crate) struct Proxy {
    port: u16,
    cut: Arc<Mutex<Option<Cut>>>,
}

impl Proxy {
    /// Stands before the server of this port. Its threads end with the process.
    pub(crate) fn start(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let cut = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&cut);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(("127.0.0.1", server)).expect("the server");
                let cut = Arc::clone(&shared);
                let (from, to) = (both(&client), both(&server));
                thread::spawn(move || requests(from, to, &cut));
                thread::spawn(move || answers(server, client));
            }
        });
        Self { port, cut }
    }

    /// The same address, through this wire.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replacen(&port_of(url).to_string(), &self.port.to_string(), 1)
    }

    /// Cuts the wire at the next commit.
    pub(crate) fn cut(&self, cut: Cut) {
        *self.cut.lock().unwrap_or_else(PoisonError::into_inner) = Some(cut);
    }

    /// Whether the wire was cut since.
    pub(crate) fn was_cut(&self) -> bool {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

/// The port in `postgres://postgres@127.0.0.1:PORT/NAME`.
pub(crate) fn port_of(url: &str) -> u16 {
    let (_, rest) = url.rsplit_once(':').expect("a port");
    rest.split('/').next().and_then(|port| port.parse().ok()).expect("a number")
}

fn both(stream: &TcpStream) -> TcpStream {
    stream.try_clone().expect("a second handle")
}

fn requests(mut client: TcpStream, mut server: TcpStream, cut: &Mutex<Option<Cut>>) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = client.read(&mut bytes) {
        let sent = &bytes[..count];
        // The end of a message; `READ COMMITTED` at its begin is none.
        let is_commit = sent.windows(7).any(|word| word == b"COMMIT\0");
        let now = if is_commit { cut.lock().unwrap_or_else(PoisonError::into_inner).take() } else { None };
        if now == Some(Cut::BeforeCommit) {
            break;
        }
        if now == Some(Cut::AfterCommit) {
            // The client is gone first, so that it cannot hear of it.
            let _ = client.shutdown(Shutdown::Both);
        }
        if server.write_all(sent).is_err() || now.is_some() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    // The server reads to the end before it sees that nobody is there.
    let _ = server.shutdown(Shutdown::Write);
}

fn answers(mut server: TcpStream, mut client: TcpStream) {
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(Shutdown::Both);
}
