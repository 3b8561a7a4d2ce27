//! How many clients are at work at a time, said once for schedules of any kind.

use schemars::JsonSchema;
use serde::Serialize;

use super::cohort::Everyone;
use crate::{invalid::Invalid, toml::decode::forms};

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

forms! {
    Concurrency, "\"all\", or a number of clients",
    word(Everyone) => Concurrency::All,
    number(usize) => Concurrency::Count,
}
