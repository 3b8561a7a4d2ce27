//! Scores of every client: the keys that ask for them, and the tables `clients.csv` and `reliability.csv`.

mod groups;
mod plan;
pub mod table;

pub use groups::Groups;
pub(crate) use plan::columns;
pub use plan::{ClientPlan, ClientWorld};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::{Invalid, require},
    problem::predictions::{Score, Share},
    toml::decode::forms,
};

/// `[record.clients]`: the score of every client on its own held-out samples, in `clients.csv`: a row a client, with the sweep keys,
/// method, seed, round and time, its group, its numbers of training and of held-out samples, and each score of the model of the run (without a
/// server, of the client's own node), then, where they are asked for, of its personalised model and of the mixture of both. With classes,
/// `reliability.csv` has the bins of confidence over all clients.
///
/// The held-out samples are those that the partition gives the client: set `own-test` in `[problem]`, or see there which data say so
/// themselves. A score that is not defined is empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ClientsSpec {
    /// Instants of the rows.
    pub at: Instants,
    /// The scores; all that suit the targets by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<Vec<Score>>,
    /// Numbers of the clients, from 0, that are scored, here and in metrics over clients; all by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Vec<usize>>,
    /// The column of the data that puts clients into groups, by the value that most of a client's training samples have: a column that is
    /// no feature, or `target` for classes. `fleet` stands for the groups of `[fleet]`. Statistics `worst-group` need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// The rows of the tables of clients.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// Their instants.
    pub at: Instants,
    /// Their scores.
    pub scores: Vec<Score>,
}

/// Instants of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "Written")]
#[schemars(from = "Written")]
pub enum Instants {
    /// The end of the run.
    #[default]
    End,
    /// Every sample of the curves.
    Samples,
    /// The first samples at or after these rounds.
    Rounds(Vec<u64>),
}

/// The end of the run, "end", every sample of the curves, "samples", or the first samples at or after these rounds.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum Written {
    Word(Word),
    Rounds(Vec<u64>),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Word {
    End,
    Samples,
}

impl From<Instants> for Written {
    fn from(instants: Instants) -> Self {
        match instants {
            Instants::End => Self::Word(Word::End),
            Instants::Samples => Self::Word(Word::Samples),
            Instants::Rounds(rounds) => Self::Rounds(rounds),
        }
    }
}

forms! {
    Instants, "\"end\", \"samples\", or a list of rounds",
    word(Word) => |word| match word {
        Word::End => Instants::End,
        Word::Samples => Instants::Samples,
    },
    list(Vec<u64>) => Instants::Rounds,
}

impl Instants {
    /// Whether a sample at `round` is one of them, when the sample before it was at the round `before`.
    pub fn include(&self, before: Option<u64>, round: u64) -> bool {
        match self {
            Self::End => false,
            Self::Samples => true,
            Self::Rounds(rounds) => rounds.iter().any(|&at| at <= round && before.is_none_or(|before| before < at)),
        }
    }
}

/// `record.mix`: the share of the personalised model in predictions that mix it with the model of the run,
/// `(1 − share) p + share q` of probabilities or values.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(into = "WrittenMix")]
#[schemars(from = "WrittenMix")]
pub enum MixSpec {
    /// The same for all clients.
    Fixed(f64),
    /// Several: a row and a column for each.
    Several(Vec<f64>),
    /// The share with the least loss for each client.
    Fitted,
}

/// A share in [0, 1], a list of them, or "fit" for the share with the least loss for each client: one half of its held-out samples is
/// scored with the share that fits the other half, and the table has the mean of both.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
enum WrittenMix {
    Fit(Fit),
    Fixed(f64),
    Several(Vec<f64>),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Fit {
    Fit,
}

impl From<MixSpec> for WrittenMix {
    fn from(mix: MixSpec) -> Self {
        match mix {
            MixSpec::Fixed(share) => Self::Fixed(share),
            MixSpec::Several(shares) => Self::Several(shares),
            MixSpec::Fitted => Self::Fit(Fit::Fit),
        }
    }
}

forms! {
    MixSpec, "a share from 0 to 1, a list of shares, or \"fit\"",
    word(Fit) => |_| MixSpec::Fitted,
    number(f64) => MixSpec::Fixed,
    list(Vec<f64>) => MixSpec::Several,
}

impl MixSpec {
    /// The shares, in order.
    pub fn shares(&self) -> Vec<Share> {
        match self {
            Self::Fixed(share) => vec![Share::Fixed(*share)],
            Self::Several(shares) => shares.iter().copied().map(Share::Fixed).collect(),
            Self::Fitted => vec![Share::Fitted],
        }
    }

    /// The shares where there are several.
    pub fn several(&self) -> &[f64] {
        if let Self::Several(shares) = self { shares } else { &[] }
    }

    /// Checks the values; the path is relative to `record`.
    ///
    /// # Errors
    /// [`Invalid`] for a share outside of [0, 1], and an empty or repeating list.
    pub fn validate(&self) -> Result<(), Invalid> {
        let check = |key: &str, share: f64| require((0.0..=1.0).contains(&share), key, share, "a share from 0 to 1");
        match self {
            Self::Fixed(share) => check("mix", *share),
            Self::Several(shares) => {
                require(!shares.is_empty(), "mix", "[]", "at least one share")?;
                shares.iter().enumerate().try_for_each(|(i, share)| {
                    check(&format!("mix.{i}"), *share)?;
                    require(!shares[..i].contains(share), &format!("mix.{i}"), share, "every share once")
                })
            }
            Self::Fitted => Ok(()),
        }
    }
}

impl ClientsSpec {
    /// Checks the values; the path is relative to `record.clients`.
    ///
    /// # Errors
    /// [`Invalid`] for empty lists, and what a list names twice.
    pub fn validate(&self) -> Result<(), Invalid> {
        fn distinct<T: PartialEq + std::fmt::Debug>(key: &str, list: &[T]) -> Result<(), Invalid> {
            let help = format!("leave `{key}` out for the default");
            if list.is_empty() {
                return Err(Invalid::at(key, "the list is empty: expected at least one entry").help(help));
            }
            let twice = (0..list.len()).find(|&i| list[..i].contains(&list[i]));
            twice.map_or(Ok(()), |i| Err(Invalid::at(&format!("{key}.{i}"), format!("{:?} is named twice", list[i]))))
        }
        if let Instants::Rounds(rounds) = &self.at {
            distinct("at", rounds)?;
        }
        self.scores.as_deref().map_or(Ok(()), |scores| distinct("scores", scores))?;
        self.only.as_deref().map_or(Ok(()), |only| distinct("only", only))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_the_first_samples_at_or_after_their_rounds() {
        let at = Instants::Rounds(vec![0, 10, 11]);
        let samples = [0, 5, 10, 20, 30];
        let before = std::iter::once(None).chain(samples.iter().copied().map(Some));
        let found: Vec<u64> =
            samples.iter().zip(before).filter(|&(&round, before)| at.include(before, round)).map(|(r, _)| *r).collect();
        assert_eq!(found, [0, 10, 20], "round 11 has no sample of its own");
    }
}
