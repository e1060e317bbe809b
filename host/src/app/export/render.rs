//! Rows as bytes: RFC 4180, or lines of JSON.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::columns::COLUMNS;
use super::row::{Row, unreadable};
use crate::app::reads::ReadError;

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A table for spreadsheets (RFC 4180).
    Csv,
    /// One JSON object on each line, with the metadata of the policy.
    Jsonl,
}

impl Form {
    /// What comes before the first row.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn begin(self, out: &mut Vec<u8>) -> Result<(), ReadError> {
        match self {
            Self::Csv => record(COLUMNS.iter().map(|own| own.name), out).map_err(|_| unreadable(0)),
            Self::Jsonl => Ok(()),
        }
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn push(self, row: &Row, out: &mut Vec<u8>) -> Result<(), ReadError> {
        let unwritable = || unreadable(row.index);
        match self {
            Self::Csv => {
                let cells = COLUMNS.iter().map(|own| own.of(row).table().into_owned());
                record(cells, out).map_err(|_| unwritable())
            }
            Self::Jsonl => {
                serde_json::to_writer(&mut *out, &Line(row)).map_err(|_| unwritable())?;
                out.push(b'\n');
                Ok(())
            }
        }
    }
}

/// One record, with the line end of RFC 4180.
fn record<T: AsRef<[u8]>>(cells: impl Iterator<Item = T>, out: &mut Vec<u8>) -> csv::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    writer.write_record(cells)?;
    Ok(writer.flush()?)
}

/// A row as one object.
struct Line<'a>(&'a Row);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for column in COLUMNS {
            let value = column.of(self.0).json().map_err(serde::ser::Error::custom)?;
            map.serialize_entry(column.name, &value)?;
        }
        map.serialize_entry("metadata", &self.0.verdict.metadata)?;
        map.end()
    }
}
