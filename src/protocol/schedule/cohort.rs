//! Who is called in a round.

use std::{
    collections::BTreeSet,
    ops::Deref,
    path::{Path, PathBuf},
};

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Clients;
use crate::{
    engine::NodeId,
    invalid::Invalid,
    table::{self, Source},
    toml::decode::forms,
};

/// How many clients a round calls, or exactly which.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum CohortSpec {
    /// Everyone who is available: `"all"`.
    All(Everyone),
    /// This many, fewer where fewer are available.
    Count(usize),
    /// Exactly these, round by round; the list starts again when it ends.
    Trace(TraceSpec),
}

/// The word `"all"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Everyone {
    /// Everyone.
    All,
}

/// Cohorts written out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TraceSpec {
    /// Client numbers of each round: a list of lists, or a text file with lines `round, client`, both from 0.
    pub trace: Trace,
}

/// Client numbers of each round, and the file that they come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Source<Vec<NodeId>>", into = "Source<Vec<NodeId>>")]
pub struct Trace {
    rounds: Vec<Vec<NodeId>>,
    file: Option<PathBuf>,
}

impl Trace {
    /// Reads the file, where there is one, from the folder of the scenario; nothing can be said of the rounds before.
    ///
    /// # Errors
    /// [`Invalid`] at the line that cannot be read.
    pub fn load(&mut self, folder: &Path, clients: usize) -> Result<(), Invalid> {
        if let Some(file) = &self.file {
            self.rounds = table::rounds(&folder.join(file), clients, false)?;
        }
        Ok(())
    }

    /// Whether a file has no client in round 0 and some in round 1, as one that counts rounds from 1 has.
    pub fn seems_to_count_from_1(&self) -> bool {
        self.file.is_some() && self.rounds.len() > 1 && self.rounds[0].is_empty() && !self.rounds[1].is_empty()
    }
}

impl Deref for Trace {
    type Target = [Vec<NodeId>];

    fn deref(&self) -> &[Vec<NodeId>] {
        &self.rounds
    }
}

impl From<Source<Vec<NodeId>>> for Trace {
    fn from(source: Source<Vec<NodeId>>) -> Self {
        match source {
            Source::File(file) => Self { rounds: Vec::new(), file: Some(file) },
            Source::Inline(rounds) => Self { rounds, file: None },
        }
    }
}

impl From<Trace> for Source<Vec<NodeId>> {
    fn from(trace: Trace) -> Self {
        trace.file.map_or(Self::Inline(trace.rounds), Self::File)
    }
}

impl CohortSpec {
    /// Everyone who is available.
    pub const ALL: Self = Self::All(Everyone::All);

    /// The most clients that a round waits for, in a fleet of `clients`.
    pub fn largest(&self, clients: usize) -> usize {
        match self {
            Self::All(_) => clients,
            Self::Count(count) => *count,
            Self::Trace(spec) => spec.trace.iter().map(Vec::len).max().unwrap_or(0),
        }
    }

    /// Whether there are rounds that call nobody.
    pub fn is_ever_empty(&self) -> bool {
        if let Self::Trace(spec) = self { spec.trace.iter().any(Vec::is_empty) } else { false }
    }
}

forms! {
    CohortSpec, "\"all\", a number of clients, or `{ trace = [[0, 1], [2]] }`",
    word(Everyone) => CohortSpec::All,
    number(usize) => CohortSpec::Count,
    table(TraceSpec) => CohortSpec::Trace,
}

/// Draws that are tried for each client wanted before the whole fleet is looked through.
const TRIES: usize = 16;

/// The most clients for which a draw looks through the whole fleet from the start.
const SMALL_FLEET: usize = 256;

/// Draws up to `count` available clients uniformly without replacement, in ascending order.
///
/// In a large fleet candidates are drawn at random and kept if available, so that a round costs as much as its cohort;
/// where that finds too few, the whole fleet is looked through.
pub fn draw_uniform(count: usize, round: u64, call: u64, clients: &mut Clients<'_>) -> Vec<NodeId> {
    let mut rng = clients.cohort_rng(call);
    if clients.clients > SMALL_FLEET && count * 4 < clients.clients {
        let mut chosen = BTreeSet::new();
        for _ in 0..count * TRIES {
            if chosen.len() == count {
                break;
            }
            let client = rng.random_range(0..clients.clients);
            if !chosen.contains(&client) && clients.is_available(client, round) {
                let _ = chosen.insert(client);
            }
        }
        if chosen.len() == count {
            return chosen.into_iter().collect();
        }
    }
    let mut available: Vec<NodeId> = (0..clients.clients).filter(|&client| clients.is_available(client, round)).collect();
    let count = count.min(available.len());
    for place in 0..count {
        let other = rng.random_range(place..available.len());
        available.swap(place, other);
    }
    available.truncate(count);
    available.sort_unstable();
    available
}
