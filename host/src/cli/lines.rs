//! Lines of bounded length from a file or from standard input.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Stdin};
use std::path::Path;

use anyhow::Context as _;
use sentinel::limits::LINE_BYTES_MAX;
use sentinel::policy_file::STDIN;

/// Bytes read at one time.
const BUFFER_BYTES: usize = 256 << 10;

/// One line of input, without its end.
pub(crate) enum Line<'a> {
    /// As it came; it may not be text.
    Bytes(&'a [u8]),
    /// It was longer than a line may be, and has been skipped.
    TooLong,
}

/// Reads lines. They are numbered from 1.
pub(crate) struct Lines {
    reader: BufReader<Source>,
    line: Vec<u8>,
    /// Number of the line read last.
    pub(crate) number: u64,
    /// Bytes of the file, where it is one.
    pub(crate) bytes: Option<u64>,
    /// Bytes read so far.
    pub(crate) bytes_read: u64,
}

enum Source {
    File(File),
    Stdin(Stdin),
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Stdin(stdin) => stdin.read(buffer),
        }
    }
}

impl Lines {
    /// Opens a file; no file or `-` means standard input.
    pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let (source, bytes) = match path.filter(|path| *path != Path::new(STDIN)) {
            None => (Source::Stdin(io::stdin()), None),
            Some(path) => {
                let file =
                    File::open(path).with_context(|| format!("`{}` could not be read", path.display()))?;
                let bytes = file.metadata().ok().filter(std::fs::Metadata::is_file).map(|data| data.len());
                (Source::File(file), bytes)
            }
        };
        let reader = BufReader::with_capacity(BUFFER_BYTES, source);
        Ok(Self { reader, line: Vec::new(), number: 0, bytes, bytes_read: 0 })
    }

    /// The next line.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let read = self.reader.by_ref().take(LINE_BYTES_MAX + 1).read_until(b'\n', &mut self.line)? as u64;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        self.bytes_read += read;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if read > LINE_BYTES_MAX {
            self.bytes_read += self.reader.skip_until(b'\n')? as u64;
            return Ok(Some(Line::TooLong));
        }
        Ok(Some(Line::Bytes(&self.line)))
    }

    /// Whether reading on may wait for somebody to write: then answers so far are due.
    pub(crate) fn may_wait(&self) -> bool {
        self.reader.buffer().is_empty()
    }
}

/// Whether there is nothing on a line.
pub(crate) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}
