//! `seeds`: how often every method runs, each time in another world.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{invalid::Invalid, toml::decode::forms};

/// The seeds of a scenario: every method meets the same worlds, one for each seed.
///
/// Written as a count `n`, for the seeds `0, …, n − 1`, or as a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Seeds {
    /// The seeds `0, …, n − 1`.
    Count(#[schemars(range(min = 1))] u64),
    /// These seeds.
    List(#[schemars(length(min = 1), extend("uniqueItems" = true))] Vec<u64>),
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

    /// Checks that there is at least one seed, at most a million, and none twice.
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
                Some(again) => Err(Invalid::at(&again.to_string(), format!("the seed {} occurs twice", seeds[again]))),
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

forms! {
    Seeds, "how many seeds, such as `5`, or a list of them, such as `[0, 7]`",
    number(u64) => Seeds::Count,
    list(Vec<u64>) => Seeds::List,
}
