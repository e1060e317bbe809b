//! A session as text, and back: three lines, of which the second is a digest over the third. A text
//! that was damaged, or is another agent's, is refused. Whoever can write where it is kept can write
//! another one: it is for a page that trusts its own storage.

use std::collections::BTreeMap;
use std::rc::Rc;

use sentinel_engine::{Digest, Mode, Policy};

use super::limits::{BASELINES_MAX, HOLDS_MAX, METERS_MAX, QUESTIONS_KEPT, SAVED_BYTES_MAX};
use super::meters::Key;
use super::{Approver, Kept, Session};

/// The first line.
const FORMAT: &str = "sentinel-session/v1";

impl Session {
    /// The session as text.
    pub(crate) fn save(&self) -> String {
        // Texts, numbers and lists of them always have a JSON form.
        let body = serde_json::to_string(&self.kept).unwrap_or_default();
        let text = format!("{FORMAT}\n{}\n{body}", Digest::of(body.as_bytes()));
        self.saved_bytes.set(text.len());
        text
    }

    /// Goes on from a text. The policy may be a newer one of the same agent.
    pub(crate) fn restore(
        policy: Rc<Policy>,
        saved: &str,
        mode: Option<Mode>,
        approver: Approver,
        environment: Option<String>,
    ) -> Result<Self, String> {
        if saved.len() > SAVED_BYTES_MAX {
            return Err(format!("the saved session is larger than {SAVED_BYTES_MAX} bytes"));
        }
        let mut lines = saved.splitn(3, '\n');
        let (Some(FORMAT), Some(digest), Some(body)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(format!("this is not a saved session: its first line is not `{FORMAT}`"));
        };
        if Digest::of(body.as_bytes()).to_string() != digest {
            return Err("the saved session is damaged: its digest is another one".to_owned());
        }
        let kept: Kept = serde_json::from_str(body)
            .map_err(|error| format!("the saved session cannot be read: {error}"))?;
        if kept.agent_id != policy.agent_id() {
            return Err(format!(
                "the saved session is of the agent `{}`, the policy of `{}`",
                sentinel_engine::visible(&kept.agent_id),
                policy.agent_id()
            ));
        }
        kept.check()?;
        let own = Self::of(policy, mode, approver, environment, kept);
        own.saved_bytes.set(saved.len());
        Ok(own)
    }
}

impl Kept {
    /// What must hold of a session whatever it went through.
    fn check(&self) -> Result<(), String> {
        // The last call that found room may have begun several meters.
        let is_bounded = self.meters.len() < 2 * METERS_MAX
            && self.holds.len() <= HOLDS_MAX
            && self.questions.len() <= QUESTIONS_KEPT
            && self.baselines.len() <= BASELINES_MAX;
        let is_numbered = self.holds.all().all(|(number, _)| (1..=self.verdicts).contains(&number))
            && self.questions.all().iter().all(|(_, row)| (1..=self.questions.asked()).contains(&row.number));
        let mut held: BTreeMap<&Key, u64> = BTreeMap::new();
        for charge in self.holds.all().flat_map(|(_, hold)| &hold.charges).filter(|own| own.amount > 0) {
            let sum = held.entry(&charge.meter).or_default();
            *sum = sum.saturating_add(charge.amount);
        }
        if !is_bounded || !is_numbered || !self.meters.held().eq(held) {
            return Err("the saved session contradicts itself".to_owned());
        }
        Ok(())
    }
}

/// Maps whose keys are no texts, as a list of pairs.
pub(super) mod pairs {
    use std::collections::BTreeMap;

    use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
    use serde::ser::{Serialize, Serializer};

    pub(in crate::session) fn serialize<S: Serializer, K: Serialize, V: Serialize>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(in crate::session) fn deserialize<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        D: Deserializer<'de>,
        K: DeserializeOwned + Ord,
        V: DeserializeOwned,
    {
        let pairs: Vec<(K, V)> = Vec::deserialize(deserializer)?;
        let count = pairs.len();
        let map: BTreeMap<K, V> = pairs.into_iter().collect();
        if map.len() == count { Ok(map) } else { Err(D::Error::custom("a key stands there twice")) }
    }
}

/// Bytes as base64.
pub(super) mod base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::{Deserialize, Deserializer, Error as _};
    use serde::ser::Serializer;

    pub(in crate::session) fn serialize<S: Serializer>(
        bytes: &Vec<u8>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(in crate::session) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(|_| D::Error::custom("not base64"))
    }
}

/// Bytes by name.
pub(super) mod bytes {
    use std::collections::BTreeMap;

    use serde::de::{Deserialize, Deserializer};
    use serde::ser::{Serialize, Serializer};

    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(transparent)]
    struct Bytes(#[serde(with = "super::base64")] Vec<u8>);

    pub(in crate::session) fn serialize<S: Serializer>(
        map: &BTreeMap<String, Vec<u8>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let map: BTreeMap<&str, Bytes> = map.iter().map(|(key, own)| (&**key, Bytes(own.clone()))).collect();
        map.serialize(serializer)
    }

    pub(in crate::session) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, Vec<u8>>, D::Error> {
        let map: BTreeMap<String, Bytes> = BTreeMap::deserialize(deserializer)?;
        Ok(map.into_iter().map(|(key, own)| (key, own.0)).collect())
    }
}
