//! `seeds`: how often every method runs, each time in another world.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{invalid::Invalid, toml::decode::forms};

/// The seeds of a scenario: every method meets the same worlds, one for each seed.
///
/// Written as a count `n`, for the seeds `0, …, n − 1`, as a list, or as `{ until = "decided", max = 40 }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Seeds {
    /// The seeds `0, …, n − 1`.
    Count(#[schemars(range(min = 1))] u64),
    /// These seeds.
    List(#[schemars(length(min = 1), extend("uniqueItems" = true))] Vec<u64>),
    /// As many as the claims need.
    Until(Sequential),
}

/// Seeds that are added until every claim is decided.
///
/// Claims are judged at stated numbers of seeds, each one and a half times the one before. Looking repeatedly at 95 % intervals would miss
/// the effect more often than in 5 % of the cases, so each of `k` looks has intervals of 1 − 0.05 / k: by Bonferroni's inequality all
/// of them contain the effect with a probability of 95 %, however they depend on each other. This spends the error evenly, as one of
/// the rules of Lan and DeMets (1983) does, and is conservative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sequential {
    /// The condition that ends it.
    pub until: Until,
    /// Number of seeds at the first look.
    #[serde(default = "eight")]
    #[schemars(range(min = 3))]
    pub first: u64,
    /// Most seeds.
    #[schemars(range(min = 3))]
    pub max: u64,
}

fn eight() -> u64 {
    8
}

/// The condition that ends the addition of seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Until {
    /// Every claim holds or is refuted.
    Decided,
}

/// The probability with which an interval, or one of those of several looks, misses the effect.
const ERROR: f64 = 0.05;

impl Sequential {
    /// The numbers of seeds at which claims are judged.
    pub fn looks(&self) -> Vec<u64> {
        let next = |&seeds: &u64| (seeds < self.max).then(|| (seeds + seeds.div_ceil(2)).min(self.max));
        std::iter::successors(Some(self.first), next).collect()
    }

    /// The number of seeds at the look after that with so many; `None` after the last one.
    pub fn next(&self, seeds: u64) -> Option<u64> {
        self.looks().into_iter().find(|&look| look > seeds)
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.first < 3 {
            return Err(Invalid::at("first", format!("{} seeds do not show a spread: expected 3 or more", self.first)));
        }
        if self.max < self.first || self.max > 1_000_000 {
            let message = format!("`{}` is out of range: expected from {} (`first`) to 1,000,000 seeds", self.max, self.first);
            return Err(Invalid::at("max", message));
        }
        Ok(())
    }
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
            Self::Until(Sequential { max, .. }) => (0..*max).collect(),
        }
    }

    /// The seeds that run at first, in order.
    pub fn first(&self) -> Vec<u64> {
        if let Self::Until(Sequential { first, .. }) = self { (0..*first).collect() } else { self.list() }
    }

    /// The probability that an interval contains the effect, so that those of all looks do with 95 %.
    pub fn level(&self) -> f64 {
        let looks = if let Self::Until(sequential) = self { sequential.looks().len() } else { 1 };
        1.0 - ERROR / looks as f64
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
            Self::Until(sequential) => sequential.check(),
        }
    }
}

impl Default for Seeds {
    fn default() -> Self {
        Self::Count(1)
    }
}

forms! {
    Seeds, "how many seeds, such as `5`, a list of them, such as `[0, 7]`, or `{ until = \"decided\", max = 40 }`",
    number(u64) => Seeds::Count,
    list(Vec<u64>) => Seeds::List,
    table(Sequential) => Seeds::Until,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_grow_by_a_half_up_to_the_most() {
        let seeds = Sequential { until: Until::Decided, first: 8, max: 40 };
        assert_eq!(seeds.looks(), [8, 12, 18, 27, 40]);
        assert_eq!((seeds.next(8), seeds.next(39), seeds.next(40)), (Some(12), Some(40), None));
        assert_eq!(Seeds::Until(seeds).first().len(), 8);
        // Five looks share an error of a twentieth.
        approx::assert_relative_eq!(Seeds::Until(seeds).level(), 0.99, max_relative = 1e-12);
        approx::assert_relative_eq!(Seeds::Count(5).level(), 0.95, max_relative = 1e-12);
        assert_eq!(Sequential { first: 5, max: 5, ..seeds }.looks(), [5]);
    }

    #[test]
    fn the_most_seeds_are_at_least_the_first() {
        let seeds = Sequential { until: Until::Decided, first: 8, max: 7 };
        assert_eq!(seeds.check().unwrap_err().path, ["max"]);
        assert_eq!(Sequential { first: 2, ..seeds }.check().unwrap_err().path, ["first"]);
    }
}
