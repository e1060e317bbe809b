//! Makes a module fail in one of its callbacks, without a line of its source changed: the export then
//! names a new function, and that one does nothing but trap.

use std::fs;
use std::path::{Path, PathBuf};

use wasmparser::{ExternalKind, Parser, Payload, TypeRef};

const FUNCTION_SECTION: u8 = 3;
const EXPORT_SECTION: u8 = 7;
const CODE_SECTION: u8 = 10;

/// No locals, `unreachable`, `end`.
const TRAP: [u8; 4] = [3, 0, 0x00, 0x0b];

/// Callbacks in which the proxy enters a filter. A module exports all of them.
pub const CALLBACKS: [&str; 14] = [
    "proxy_on_vm_start",
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_request_headers",
    "proxy_on_request_body",
    "proxy_on_request_trailers",
    "proxy_on_response_headers",
    "proxy_on_response_body",
    "proxy_on_response_trailers",
    "proxy_on_http_call_response",
    "proxy_on_tick",
    "proxy_on_log",
    "proxy_on_done",
    "proxy_on_delete",
];

/// Writes a copy of a module that traps in this callback into a directory. It panics where the module
/// has no such callback.
pub fn trapping(module: &Path, callback: &str, directory: &Path) -> PathBuf {
    let bytes = fs::read(module).expect("a module");
    let path = directory.join(format!("{callback}.wasm"));
    fs::write(&path, rewritten(&bytes, callback)).expect("a module");
    path
}

/// What of the module is needed to write it anew.
#[derive(Default)]
struct Shape {
    imported: u32,
    /// Type of each function of its own.
    types: Vec<u32>,
    exports: Vec<(String, u8, u32)>,
}

fn rewritten(bytes: &[u8], callback: &str) -> Vec<u8> {
    let shape = Shape::read(bytes);
    let found = shape.exports.iter().find(|(name, ..)| name == callback);
    let (_, _, old) = found.unwrap_or_else(|| panic!("the module has no `{callback}`"));
    let type_index = shape.types[(old - shape.imported) as usize];
    let new = shape.imported + shape.types.len() as u32;
    let mut out = bytes[..8].to_vec();
    let mut rest = &bytes[8..];
    while let [id, after @ ..] = rest {
        let (size, after) = read_u32(after);
        let (section, after) = after.split_at(size as usize);
        let section = match *id {
            FUNCTION_SECTION => appended(section, &leb(type_index)),
            CODE_SECTION => appended(section, &TRAP),
            EXPORT_SECTION => shape.exports_with(callback, new),
            _ => section.to_vec(),
        };
        out.push(*id);
        out.extend(leb(section.len() as u32));
        out.extend(section);
        rest = after;
    }
    out
}

impl Shape {
    fn read(bytes: &[u8]) -> Self {
        let mut own = Self::default();
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.expect("a module");
            if let Payload::ImportSection(section) = payload {
                let imports = section.into_imports().map(|import| import.expect("an import"));
                own.imported = imports.filter(|import| matches!(import.ty, TypeRef::Func(_))).count() as u32;
            } else if let Payload::FunctionSection(section) = payload {
                own.types = section.into_iter().map(|index| index.expect("a type")).collect();
            } else if let Payload::ExportSection(section) = payload {
                let exports = section.into_iter().map(|export| export.expect("an export"));
                let plain = exports.map(|export| (export.name.to_owned(), kind(export.kind), export.index));
                own.exports = plain.collect();
            }
        }
        own
    }

    fn exports_with(&self, callback: &str, new: u32) -> Vec<u8> {
        let mut section = leb(self.exports.len() as u32);
        for (name, kind, index) in &self.exports {
            section.extend(leb(name.len() as u32));
            section.extend(name.as_bytes());
            section.push(*kind);
            section.extend(leb(if name == callback { new } else { *index }));
        }
        section
    }
}

fn kind(kind: ExternalKind) -> u8 {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => 0,
        ExternalKind::Table => 1,
        ExternalKind::Memory => 2,
        ExternalKind::Global => 3,
        ExternalKind::Tag => 4,
    }
}

/// A list with one more entry.
fn appended(section: &[u8], entry: &[u8]) -> Vec<u8> {
    let (count, entries) = read_u32(section);
    [&leb(count + 1), entries, entry].concat()
}

fn read_u32(bytes: &[u8]) -> (u32, &[u8]) {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate() {
        value |= u32::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return (value, &bytes[place + 1..]);
        }
    }
    panic!("a number that does not end")
}

fn leb(mut value: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}
