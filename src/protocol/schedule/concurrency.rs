//! How many clients are at work at a time, said once for schedules of any kind.

use std::fmt;

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, IntoDeserializer, Unexpected, Visitor},
};

use super::cohort::Everyone;
use crate::invalid::Invalid;

/// Clients at work at a time: `"all"`, or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Concurrency {
    /// Everyone who is available: `"all"`.
    All(Everyone),
    /// This many, fewer where fewer are available.
    Count(usize),
}

impl Concurrency {
    /// Checks the number against a fleet of `clients`.
    ///
    /// # Errors
    /// [`Invalid`] at `concurrency` for nobody, or for more than there are.
    pub fn validate(self, clients: usize) -> Result<(), Invalid> {
        match self {
            Self::Count(0) => Err(Invalid::at("concurrency", "`0` is out of range: expected at least one client at work")),
            Self::Count(many) if many > clients => {
                Err(Invalid::at("concurrency", format!("`{many}` clients at work are more than the {clients} of the fleet"))
                    .help("lower `concurrency` or raise `fleet.clients`"))
            }
            _ => Ok(()),
        }
    }

    /// The number; `None` for everyone.
    pub fn count(self) -> Option<usize> {
        if let Self::Count(count) = self { Some(count) } else { None }
    }
}

impl<'de> Deserialize<'de> for Concurrency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConcurrencyVisitor)
    }
}

struct ConcurrencyVisitor;

impl Visitor<'_> for ConcurrencyVisitor {
    type Value = Concurrency;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"all\", or a number of clients")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Concurrency, E> {
        Everyone::deserialize(text.into_deserializer()).map(Concurrency::All)
    }

    fn visit_i64<E: Error>(self, count: i64) -> Result<Concurrency, E> {
        usize::try_from(count).map(Concurrency::Count).map_err(|_| E::invalid_value(Unexpected::Signed(count), &self))
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<Concurrency, E> {
        usize::try_from(count).map(Concurrency::Count).map_err(|_| E::invalid_value(Unexpected::Unsigned(count), &self))
    }
}
