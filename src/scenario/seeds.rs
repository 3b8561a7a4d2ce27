//! `seeds`: how often every method runs, each time in another world.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::invalid::Invalid;

/// The seeds of a scenario: every method meets the same worlds, one for each seed.
///
/// Written as a count `n`, for the seeds `0, …, n − 1`, or as a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seeds {
    /// The seeds `0, …, n − 1`.
    Count(u64),
    /// These seeds.
    List(Vec<u64>),
}

impl Seeds {
    /// These seeds, as a count where they are `0, …, n − 1`.
    pub fn of(seeds: &[u64]) -> Self {
        let count = seeds.len() as u64;
        if seeds.iter().copied().eq(0..count) { Self::Count(count) } else { Self::List(seeds.to_vec()) }
    }

    /// The seeds in order.
    pub fn list(&self) -> Vec<u64> {
        match self {
            Self::Count(count) => (0..*count).collect(),
            Self::List(seeds) => seeds.clone(),
        }
    }

    /// Refuses no seed at all, more than a million, and the same seed twice.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `seeds`.
    pub fn check(&self) -> Result<(), Invalid> {
        match self {
            Self::Count(count) if !(1..=1_000_000).contains(count) => {
                Err(Invalid::at("", format!("`{count}` is out of range: expected from 1 to 1,000,000 seeds")))
            }
            Self::List(seeds) if seeds.is_empty() => Err(Invalid::at("", "the list of seeds is empty").help("write `seeds = 3`")),
            Self::List(seeds) => match (1..seeds.len()).find(|&i| seeds[..i].contains(&seeds[i])) {
                Some(again) => Err(Invalid::at(&again.to_string(), format!("the seed {} stands twice", seeds[again]))),
                None => Ok(()),
            },
            Self::Count(_) => Ok(()),
        }
    }
}

impl Default for Seeds {
    fn default() -> Self {
        Self::Count(1)
    }
}

impl Serialize for Seeds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => count.serialize(serializer),
            Self::List(seeds) => seeds.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountOrList)
    }
}

struct CountOrList;

impl<'de> de::Visitor<'de> for CountOrList {
    type Value = Seeds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("how many seeds, such as `5`, or a list of them, such as `[0, 7]`")
    }

    fn visit_i64<E: de::Error>(self, count: i64) -> Result<Seeds, E> {
        u64::try_from(count).map(Seeds::Count).map_err(|_| E::invalid_value(de::Unexpected::Signed(count), &self))
    }

    fn visit_u64<E: de::Error>(self, count: u64) -> Result<Seeds, E> {
        Ok(Seeds::Count(count))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Seeds, A::Error> {
        let mut seeds = Vec::new();
        while let Some(seed) = items.next_element()? {
            seeds.push(seed);
        }
        Ok(Seeds::List(seeds))
    }
}

impl JsonSchema for Seeds {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seeds".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "How many seeds, or a list of them: every method meets the same worlds, one for each seed.",
            "anyOf": [
                { "type": "integer", "minimum": 1 },
                { "type": "array", "items": { "type": "integer", "minimum": 0 }, "minItems": 1, "uniqueItems": true },
            ],
        })
    }
}
