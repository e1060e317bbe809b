//! Programs whose operands are files. The path rules cannot allow a command, but what they deny
//! stays denied when a command names it.

/// What a program does with its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operands {
    /// It reads them.
    Read,
    /// It reads them, behind a first one that is a pattern or a script.
    ReadBehindPattern,
    /// It writes, moves or removes them.
    Write,
    /// It writes them, behind a first one that is a mode or an owner.
    WriteBehindMode,
    /// It reads all but the last one, which it writes.
    CopyTo,
}

use Operands::{CopyTo, Read, ReadBehindPattern, Write, WriteBehindMode};

/// Sorted by name.
pub(crate) const FILE_PROGRAMS: &[(&str, Operands)] = &[
    (".", Read),
    ("awk", ReadBehindPattern),
    ("base32", Read),
    ("base64", Read),
    ("bat", Read),
    ("cat", Read),
    ("chgrp", WriteBehindMode),
    ("chmod", WriteBehindMode),
    ("chown", WriteBehindMode),
    ("cmp", Read),
    ("comm", Read),
    ("cp", CopyTo),
    ("cut", Read),
    ("diff", Read),
    ("egrep", ReadBehindPattern),
    ("fgrep", ReadBehindPattern),
    ("grep", ReadBehindPattern),
    ("head", Read),
    ("hexdump", Read),
    ("install", CopyTo),
    ("jq", ReadBehindPattern),
    ("less", Read),
    ("ln", CopyTo),
    ("md5sum", Read),
    ("mkdir", Write),
    ("more", Read),
    ("mv", Write),
    ("nl", Read),
    ("od", Read),
    ("paste", Read),
    ("rev", Read),
    ("rg", ReadBehindPattern),
    ("rm", Write),
    ("rmdir", Write),
    ("sed", ReadBehindPattern),
    ("sha1sum", Read),
    ("sha256sum", Read),
    ("sha512sum", Read),
    ("shred", Write),
    ("sort", Read),
    ("source", Read),
    ("strings", Read),
    ("tac", Read),
    ("tail", Read),
    ("tee", Write),
    ("touch", Write),
    ("truncate", Write),
    ("uniq", Read),
    ("unlink", Write),
    ("wc", Read),
    ("xxd", Read),
    ("zcat", Read),
];
