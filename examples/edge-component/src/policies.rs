//! Documents from a directory, one file for each agent. An instance lives for one request, so one file is
//! read, and what was changed governs from the next request on.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use sentinel_engine::{Format, Policy};

/// Largest document, in bytes; the engine takes no larger one.
const DOCUMENT_BYTES_MAX: u64 = 4 << 20;

/// What a directory says of an agent.
#[derive(Debug)]
pub(crate) enum Found {
    /// This governs it.
    Policy(Box<Policy>),
    /// Nothing does.
    Nothing,
    /// There is something that governs nobody, and why.
    Broken(String),
}

/// The policy of an agent, whose id was checked: it names one file.
pub(crate) fn find(directory: &Path, agent: &str) -> Found {
    for (ending, format) in [("json", Format::Json), ("yaml", Format::Yaml), ("yml", Format::Yaml)] {
        let name = format!("{agent}.soe.{ending}");
        match read(&directory.join(&name)) {
            Ok(text) => return load(&text, format, agent, &name),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Found::Broken(format!("`{name}` cannot be read: {error}")),
        }
    }
    Found::Nothing
}

fn load(text: &str, format: Format, agent: &str, name: &str) -> Found {
    match Policy::load(text, format) {
        Ok(policy) if policy.agent_id() == agent => Found::Policy(Box::new(policy)),
        Ok(policy) => Found::Broken(format!("`{name}` is the policy of `{}`", policy.agent_id())),
        Err(found) => {
            let first = found.first().map_or("", |own| own.message.as_str());
            Found::Broken(format!("`{name}` has a mistake: {first}"))
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let size = File::open(path)?.take(DOCUMENT_BYTES_MAX + 1).read_to_string(&mut text)?;
    if size as u64 > DOCUMENT_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 4 MiB"));
    }
    Ok(text)
}
