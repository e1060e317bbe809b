//! In front of a program: messages are lines, both ways. What is no line of a bearable length is not
//! passed on.
//!
//! The program ends with its client, in steps: its input is closed, then it is asked to end, then it is
//! ended; and what it has started ends with it.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::gate::{Gate, Passage};
use crate::limits::{MCP_GRACE, MCP_MESSAGE_BYTES_MAX};

/// What a shell adds to the number of a signal.
const SIGNALLED: i32 = 128;

const TOO_LONG: &str =
    r#"{"jsonrpc":"2.0","error":{"code":-32600,"message":"message is too long: it was not passed on"}}"#;
/// Some readers of lines end a line there, and would see another message than we do.
const CARRIAGE_RETURN: &str = r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"message holds a carriage return: it was not passed on"}}"#;

/// Starts the program, passes on what may pass until one side ends, and says how the program ended, in
/// the words of a shell.
///
/// # Errors
///
/// Where it cannot be started or waited for.
pub async fn run(gate: &Arc<Gate>, program: Command, stop: impl Future<Output = ()>) -> io::Result<u8> {
    let (mut child, server) = start(program)?;
    let (Some(to_server), Some(from_server)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("the server has no input or output"));
    };
    let out = Mutex::new(tokio::io::stdout());
    let from_client = BufReader::new(tokio::io::stdin());
    let mut up = Box::pin(requests(gate, from_client, to_server, &out));
    let mut down = Box::pin(answers(gate, BufReader::new(from_server), &out));
    let (mut status, mut is_silent) = (None, false);
    tokio::select! {
        ended = child.wait() => status = Some(ended?),
        _ = &mut up => {}
        _ = &mut down => is_silent = true,
        () = stop => {}
    }
    // With this its input closes.
    drop(up);
    for signal in [None, Some(Signal::TERM), Some(Signal::KILL)] {
        if status.is_some() {
            break;
        }
        if let Some(signal) = signal {
            server.send(signal);
        }
        status = ended(&mut child, MCP_GRACE, &mut down, &mut is_silent).await?;
    }
    if !is_silent {
        // What it still had to say; somebody it started may keep the other end open.
        let _ = timeout(MCP_GRACE, &mut down).await;
    }
    server.send(Signal::KILL);
    Ok(status.map_or(1, code))
}

/// The group of processes that the server is the first of.
struct Group(Option<Pid>);

impl Group {
    fn send(&self, signal: Signal) {
        if let Some(id) = self.0 {
            // Nobody may be left.
            let _ = kill_process_group(id, signal);
        }
    }
}

/// If we end without having ended them, they end as well.
impl Drop for Group {
    fn drop(&mut self) {
        self.send(Signal::KILL);
    }
}

fn start(mut program: Command) -> io::Result<(Child, Group)> {
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
    program.process_group(0);
    let child = program.spawn()?;
    let id = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    Ok((child, Group(id)))
}

/// Waits for its end for a while, and listens to it meanwhile.
async fn ended(
    child: &mut Child,
    patience: Duration,
    down: &mut (impl Future<Output = io::Result<()>> + Unpin),
    is_silent: &mut bool,
) -> io::Result<Option<ExitStatus>> {
    let waiting = async {
        loop {
            tokio::select! {
                status = child.wait() => return status,
                _ = &mut *down, if !*is_silent => *is_silent = true,
            }
        }
    };
    timeout(patience, waiting).await.ok().transpose()
}

fn code(status: ExitStatus) -> u8 {
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    let code = status.code().or(signal.map(|signal| SIGNALLED + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

/// From the client to the server, until one of them is gone.
async fn requests(
    gate: &Gate,
    mut from: impl AsyncBufRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    out: &Mutex<impl AsyncWrite + Unpin>,
) -> io::Result<()> {
    loop {
        let answer = match line(&mut from).await? {
            Line::End => return Ok(()),
            Line::TooLong => TOO_LONG.to_owned(),
            Line::Whole(line) if line.is_empty() => continue,
            Line::Whole(line) if line.contains(&b'\r') => CARRIAGE_RETURN.to_owned(),
            Line::Whole(line) => match gate.client(&line, None).await {
                Passage::Pass(message) => {
                    send(&mut to, message).await?;
                    continue;
                }
                Passage::Answer(reply) if reply.body.is_empty() => continue,
                Passage::Answer(reply) => reply.body,
            },
        };
        send(&mut *out.lock().await, answer.into_bytes()).await?;
    }
}

/// From the server to the client.
async fn answers(
    gate: &Arc<Gate>,
    mut from: impl AsyncBufRead + Unpin,
    out: &Mutex<impl AsyncWrite + Unpin>,
) -> io::Result<()> {
    loop {
        let shown = match line(&mut from).await? {
            Line::End => return Ok(()),
            Line::TooLong => {
                gate.refused("mcp-answer-too-large", "the server sent a line that is too long");
                continue;
            }
            Line::Whole(line) if line.is_empty() => continue,
            Line::Whole(line) if line.contains(&b'\r') => {
                gate.refused("mcp-answer-unreadable", "the server sent a line with a carriage return");
                continue;
            }
            Line::Whole(line) => match gate.answer("application/json").push(&line, true) {
                Ok(shown) => shown,
                Err(why) => {
                    gate.refused("mcp-answer-unreadable", &why);
                    continue;
                }
            },
        };
        if !shown.is_empty() {
            send(&mut *out.lock().await, shown).await?;
        }
    }
}

async fn send(to: &mut (impl AsyncWrite + Unpin), mut message: Vec<u8>) -> io::Result<()> {
    message.push(b'\n');
    to.write_all(&message).await?;
    to.flush().await
}

/// A line without its end.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Whole(Vec<u8>),
    /// Longer than any message. Nothing of it is kept.
    TooLong,
    End,
}

async fn line(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Line> {
    let (mut held, mut is_too_long, mut is_begun) = (Vec::new(), false, false);
    loop {
        let found = from.fill_buf().await?;
        if found.is_empty() && !is_begun {
            return Ok(Line::End);
        }
        let end = found.iter().position(|byte| *byte == b'\n');
        let (piece, _) = found.split_at(end.unwrap_or(found.len()));
        is_too_long |= held.len() + piece.len() > MCP_MESSAGE_BYTES_MAX;
        if is_too_long {
            held = Vec::new();
        } else {
            held.extend_from_slice(piece);
        }
        is_begun = true;
        let (taken, is_over) = (piece.len() + usize::from(end.is_some()), end.is_some() || found.is_empty());
        from.consume(taken);
        if is_over {
            break;
        }
    }
    if held.last() == Some(&b'\r') {
        held.pop();
    }
    Ok(if is_too_long { Line::TooLong } else { Line::Whole(held) })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(input: &[u8]) -> Vec<Line> {
        // As small as reads can be.
        let mut from = BufReader::with_capacity(1, input);
        let mut found = Vec::new();
        loop {
            match line(&mut from).await.unwrap() {
                Line::End => return found,
                own @ (Line::Whole(_) | Line::TooLong) => found.push(own),
            }
        }
    }

    #[tokio::test]
    async fn lines_are_whole_however_they_arrive() {
        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        assert_eq!(lines(b"").await, []);
        assert_eq!(lines(b"a\nbc\r\n\nd").await, [whole("a"), whole("bc"), whole(""), whole("d")]);
        assert_eq!(lines(b"a\rb\n").await, [whole("a\rb")]);
    }

    #[tokio::test]
    async fn a_line_without_end_takes_no_memory() {
        let mut input = vec![b'x'; MCP_MESSAGE_BYTES_MAX + 1];
        input.extend_from_slice(b"\nnext\n");
        let mut from = BufReader::new(&*input);
        assert_eq!(line(&mut from).await.unwrap(), Line::TooLong);
        assert_eq!(line(&mut from).await.unwrap(), Line::Whole(b"next".to_vec()));
    }
}
