//! A server behind the proxy that remembers every request it got, so that a test can prove that one
//! did not get there.

use std::io::{self, BufReader, Read as _, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::wire::{self, Headers};

/// How long the other side has to close a connection that was ended.
const LINGER: Duration = Duration::from_secs(2);

/// How long a stream waits at a gate: shorter than the patience of clients, so that they see it break.
const GATE: Duration = Duration::from_secs(30);

/// Something that a stream waits for before it goes on. Closed at first.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Opens or closes it.
    pub fn set(&self, is_open: bool) {
        let (own, changed) = &*self.0;
        *own.lock().unwrap_or_else(PoisonError::into_inner) = is_open;
        changed.notify_all();
    }

    /// Waits until it is open. An error where nobody opens it: the connection ends then.
    fn pass(&self) -> io::Result<()> {
        let (own, changed) = &*self.0;
        let own = own.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(own, GATE, |is_open| !*is_open);
        let (is_open, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if *is_open { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) }
    }
}

/// What the server got.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The target, as it stood in the request line.
    pub target: String,
    /// Names in lower case, values as they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What came of the body.
    pub body: Vec<u8>,
    /// Headers after the body.
    pub trailers: Vec<(String, Vec<u8>)>,
    /// Whether the body came to its end. A request is remembered as soon as its headers are there.
    pub complete: bool,
}

impl Request {
    /// The first header with this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<String> {
        wire::value(&self.headers, name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What the server says.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Says,
    delay: Duration,
}

#[derive(Clone, Debug)]
enum Says {
    Whole(Vec<u8>),
    Chunks {
        chunks: Vec<Vec<u8>>,
        gap: Duration,
        gate: Option<(usize, Gate)>,
        trailers: Vec<(String, String)>,
    },
    Echo,
    Raw(Vec<u8>),
    Nothing,
}

impl Answer {
    /// A body with its length.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: Says::Whole(body.into()), delay: Duration::ZERO }
    }

    /// JSON with status 200.
    pub fn json(body: &serde_json::Value) -> Self {
        Self::new(200, "application/json", body.to_string())
    }

    /// A body in chunks, each written by itself, with a pause in between.
    pub fn stream(content_type: &str, chunks: &[&str], gap: Duration) -> Self {
        let chunks = chunks.iter().map(|chunk| chunk.as_bytes().to_vec()).collect();
        let mut own = Self::new(200, content_type, "");
        own.body = Says::Chunks { chunks, gap, gate: None, trailers: Vec::new() };
        own
    }

    /// These bytes and nothing else, then the end of the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        let mut own = Self::new(200, "", "");
        own.body = Says::Raw(bytes.into());
        own
    }

    /// Changes to another protocol, and says back what comes.
    pub fn echo() -> Self {
        let mut own = Self::new(101, "", "");
        own.headers = [("connection", "upgrade"), ("upgrade", "websocket")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        own.body = Says::Echo;
        own
    }

    /// No answer at all: the connection stays open until the proxy closes it.
    pub fn silence() -> Self {
        let mut own = Self::new(200, "", "");
        own.body = Says::Nothing;
        own
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a header after the body of a stream.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        if let Says::Chunks { trailers, .. } = &mut self.body {
            trailers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// What follows the first so many chunks of a stream waits at this gate.
    #[must_use]
    pub fn gated(mut self, after: usize, own: &Gate) -> Self {
        if let Says::Chunks { gate, .. } = &mut self.body {
            *gate = Some((after, own.clone()));
        }
        self
    }

    /// Waits before it answers.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Whether the connection goes on.
    fn write(&self, output: &mut TcpStream) -> io::Result<bool> {
        thread::sleep(self.delay);
        let mut head = format!("HTTP/1.1 {} Said\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        match &self.body {
            Says::Whole(body) => {
                head += &format!("content-length: {}\r\n\r\n", body.len());
                output.write_all(&[head.as_bytes(), body].concat())?;
                Ok(true)
            }
            Says::Chunks { chunks, gap, gate, trailers } => {
                head += "transfer-encoding: chunked\r\n\r\n";
                output.write_all(head.as_bytes())?;
                for (number, chunk) in chunks.iter().enumerate() {
                    if let Some((_, gate)) = gate.as_ref().filter(|(after, _)| *after == number) {
                        gate.pass()?;
                    }
                    let size = format!("{:x}\r\n", chunk.len());
                    output.write_all(&[size.as_bytes(), chunk, b"\r\n"].concat())?;
                    thread::sleep(*gap);
                }
                let end: String =
                    trailers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                output.write_all(format!("0\r\n{end}\r\n").as_bytes())?;
                Ok(true)
            }
            Says::Raw(bytes) => {
                output.write_all(bytes)?;
                output.shutdown(Shutdown::Write)?;
                // Closing with something unread resets the connection, and the proxy may lose the answer.
                output.set_read_timeout(Some(LINGER))?;
                let _ = io::copy(output, &mut io::sink());
                Ok(false)
            }
            Says::Echo => {
                output.write_all(format!("{head}\r\n").as_bytes())?;
                io::copy(&mut output.try_clone()?, output).map(|_| false)
            }
            Says::Nothing => output.read_to_end(&mut Vec::new()).map(|_| false),
        }
    }
}

type Answers = dyn Fn(&Request) -> Answer + Send + Sync;

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
}

impl Seen {
    fn requests(&self) -> MutexGuard<'_, Vec<Request>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server of its own, on a free port.
pub struct Upstream {
    port: u16,
    seen: Arc<Seen>,
}

impl Upstream {
    /// Answers everything with 200 and `upstream`.
    pub fn start() -> Self {
        Self::answering(|_| Answer::new(200, "text/plain", "upstream"))
    }

    /// Answers as told.
    pub fn answering(answers: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (seen, answers) =
            (Arc::new(Seen::default()), Arc::<Answers>::from(Box::new(answers) as Box<Answers>));
        let own = Self { port, seen: Arc::clone(&seen) };
        // It ends with the process: a test that is done has no more use for it.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let (seen, answers) = (Arc::clone(&seen), Arc::clone(&answers));
                // Whoever closes a connection early does so on purpose.
                thread::spawn(move || drop(serve(stream, &seen, &*answers)));
            }
        });
        own
    }

    /// Where it listens, at 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it got so far.
    pub fn requests(&self) -> Vec<Request> {
        self.seen.requests().clone()
    }

    /// The only request so far.
    pub fn only_request(&self) -> Request {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "one request reached the upstream: {requests:#?}");
        requests[0].clone()
    }

    /// How often somebody connected.
    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Nobody ever connected, so nothing can have been sent.
    pub fn assert_untouched(&self) {
        let requests = self.requests();
        assert!(
            requests.is_empty() && self.connections() == 0,
            "nothing reaches the upstream, and {} connections did: {requests:#?}",
            self.connections()
        );
    }

    /// Waits for this many requests.
    pub fn wait_for(&self, count: usize, deadline: Duration) -> Vec<Request> {
        let started = Instant::now();
        while self.seen.requests().len() < count && started.elapsed() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        let requests = self.requests();
        assert!(requests.len() >= count, "{count} requests reach the upstream: {requests:#?}");
        requests
    }

    /// Forgets what it got. Connections that are open stay counted from here on as none.
    pub fn forget(&self) {
        self.seen.requests().clear();
        self.seen.connections.store(0, Ordering::SeqCst);
    }
}

fn serve(stream: TcpStream, seen: &Seen, answers: &Answers) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut output = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    while let Some(head) = wire::read_head(&mut input)? {
        let mut words = head.first.split(' ').map(str::to_owned);
        let mut request = Request {
            method: words.next().unwrap_or_default(),
            target: words.next().unwrap_or_default(),
            headers: head.headers,
            ..Request::default()
        };
        // Remembered before its body is there: headers that leave too early are seen as well.
        let index = {
            let mut requests = seen.requests();
            requests.push(request.clone());
            requests.len() - 1
        };
        fill(&mut request, &mut input);
        if let Some(remembered) = seen.requests().get_mut(index) {
            *remembered = request.clone();
        }
        if !request.complete || !answers(&request).write(&mut output)? {
            break;
        }
    }
    Ok(())
}

fn fill(request: &mut Request, input: &mut BufReader<TcpStream>) {
    let headers: &Headers = &request.headers;
    let body = wire::read_request_body(input, headers);
    (request.body, request.trailers, request.complete) = (body.bytes, body.trailers, body.complete);
}
