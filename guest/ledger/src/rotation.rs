//! Key rotation: an entry in which the old key names the new one. Whether the old key was trusted is
//! the [`crate::Auditor`]'s question.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;
use serde::Serialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::checkpoint::{CheckpointError, check_origin};
use crate::key::{SigningKey, VerifyingKey};

/// The value of `kind` in the entry.
const KIND: &str = "key-rotation";
/// An entry without these bytes is no rotation. That is part of the format, and makes an audit fast.
const MARK: &[u8] = br#""kind":"key-rotation""#;
/// First line of the statement: no checkpoint has five lines, so a signature of one is none of the other.
const STATEMENT: &str = "sentinel-key-rotation/v1";

/// The record of a rotation, as the JSON of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rotation {
    kind: &'static str,
    new_key: String,
    old_key: String,
    signature: String,
    size: u64,
}

/// What an old key signs to hand over to a new one: five lines, each ended, none empty.
///
/// `size` is the size of the tree before the entry that records it.
pub fn rotation_statement(
    origin: &str,
    size: u64,
    old: &VerifyingKey,
    new: &VerifyingKey,
) -> Result<Vec<u8>, CheckpointError> {
    check_origin(origin)?;
    Ok(format!("{STATEMENT}\n{origin}\n{size}\n{old}\n{new}\n").into_bytes())
}

impl SigningKey {
    /// Signs that `new` follows this key in the log with this origin, from this size on.
    pub fn sign_rotation(
        &self,
        origin: &str,
        size: u64,
        new: &VerifyingKey,
    ) -> Result<String, CheckpointError> {
        let statement = rotation_statement(origin, size, &self.verifying_key(), new)?;
        Ok(STANDARD.encode(self.signature(&statement)))
    }
}

impl VerifyingKey {
    /// Whether this key signed that `new` follows it.
    pub fn verify_rotation(&self, origin: &str, size: u64, new: &Self, signature: &str) -> bool {
        let statement = rotation_statement(origin, size, self, new);
        let signature = STANDARD.decode(signature);
        matches!((statement, signature), (Ok(statement), Ok(signature)) if self.verifies(&statement, &signature))
    }
}

impl Rotation {
    /// The record by which `old` hands over to `new`; it has to be the entry at index `size`.
    pub fn new(
        origin: &str,
        size: u64,
        old: &SigningKey,
        new: &VerifyingKey,
    ) -> Result<Self, CheckpointError> {
        Ok(Self {
            kind: KIND,
            new_key: new.encode(),
            old_key: old.verifying_key().encode(),
            signature: old.sign_rotation(origin, size, new)?,
            size,
        })
    }

    /// The entry: JSON, one line, keys in order.
    pub fn to_json(&self) -> String {
        // Strings and numbers always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The rotation that an entry records, if it does. An entry that says it does and cannot be read
    /// is an error, with what is wrong.
    pub(crate) fn find(entry: &[u8]) -> Result<Option<Self>, &'static str> {
        if memmem::find(entry, MARK).is_none() {
            return Ok(None);
        }
        let mut json = serde_json::Deserializer::from_slice(entry);
        let found = json.deserialize_any(EntryVisitor).map_err(|_| "it is not an entry that can be read")?;
        json.end().map_err(|_| "something follows its end")?;
        // The mark may be deeper inside, in something that was recorded.
        if found.kind.as_ref().and_then(Value::as_str) != Some(KIND) {
            return Ok(None);
        }
        let text = |value: Option<Value>| match value {
            Some(Value::String(text)) => Some(text),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))
            | None => None,
        };
        Ok(Some(Self {
            kind: KIND,
            new_key: text(found.new_key).ok_or("it has no `newKey`")?,
            old_key: text(found.old_key).ok_or("it has no `oldKey`")?,
            signature: text(found.signature).ok_or("it has no `signature`")?,
            size: found.size.as_ref().and_then(Value::as_u64).ok_or("it has no `size`")?,
        }))
    }

    /// Both keys, if the old one signed this very rotation at this very place.
    pub(crate) fn check(
        &self,
        origin: &str,
        size: u64,
    ) -> Result<(VerifyingKey, VerifyingKey), &'static str> {
        let old = VerifyingKey::decode(&self.old_key).map_err(|_| "`oldKey` is not a key")?;
        let new = VerifyingKey::decode(&self.new_key).map_err(|_| "`newKey` is not a key")?;
        if self.size != size {
            return Err("it was made for another place in the log");
        }
        if old == new {
            return Err("the new key is the old one");
        }
        if !old.verify_rotation(origin, size, &new, &self.signature) {
            return Err("the old key did not sign it");
        }
        Ok((old, new))
    }
}

/// The fields of an entry that matter here; others are skipped, none of these may come twice.
#[derive(Default)]
struct Fields {
    kind: Option<Value>,
    new_key: Option<Value>,
    old_key: Option<Value>,
    signature: Option<Value>,
    size: Option<Value>,
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = map.next_key::<String>()? {
            let field = match name.as_str() {
                "kind" => &mut fields.kind,
                "newKey" => &mut fields.new_key,
                "oldKey" => &mut fields.old_key,
                "signature" => &mut fields.signature,
                "size" => &mut fields.size,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if field.replace(map.next_value()?).is_some() {
                return Err(A::Error::custom("a field comes twice"));
            }
        }
        Ok(fields)
    }
}
