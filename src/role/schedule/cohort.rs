//! Who is called in a round.

use std::collections::BTreeSet;

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Roster;
use crate::engine::NodeId;

/// How many clients a round calls, or exactly which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CohortSpec {
    /// Everyone who is available.
    All,
    /// This many, fewer where fewer are available.
    #[serde(untagged)]
    Count(usize),
    /// Exactly these, round by round; the list starts again when it ends.
    #[serde(untagged)]
    Trace {
        /// Client numbers of each round.
        trace: Vec<Vec<NodeId>>,
    },
}

/// Draws that are tried for each client wanted before the whole fleet is looked through.
const TRIES: usize = 16;

/// The most clients for which a draw looks through the whole fleet from the start.
const SMALL_FLEET: usize = 256;

/// Draws up to `count` available clients uniformly without replacement, in ascending order.
///
/// In a large fleet candidates are drawn at random and kept if available, so that a round costs as much as its cohort;
/// where that finds too few, the whole fleet is looked through.
pub fn draw_uniform(count: usize, round: u64, call: u64, roster: &mut Roster<'_>) -> Vec<NodeId> {
    let mut rng = roster.cohort_rng(call);
    if roster.clients > SMALL_FLEET && count * 4 < roster.clients {
        let mut chosen = BTreeSet::new();
        for _ in 0..count * TRIES {
            if chosen.len() == count {
                break;
            }
            let client = rng.random_range(0..roster.clients);
            if !chosen.contains(&client) && roster.is_available(client, round) {
                let _ = chosen.insert(client);
            }
        }
        if chosen.len() == count {
            return chosen.into_iter().collect();
        }
    }
    let mut available: Vec<NodeId> = (0..roster.clients).filter(|&client| roster.is_available(client, round)).collect();
    let count = count.min(available.len());
    for place in 0..count {
        let other = rng.random_range(place..available.len());
        available.swap(place, other);
    }
    available.truncate(count);
    available.sort_unstable();
    available
}

/// The cohort of a round, ascending.
pub fn draw(spec: &CohortSpec, over_selection: f64, round: u64, roster: &mut Roster<'_>) -> Vec<NodeId> {
    match spec {
        CohortSpec::All => (0..roster.clients).filter(|&client| roster.is_available(client, round)).collect(),
        CohortSpec::Count(count) => {
            let called = (*count as f64 * over_selection).ceil() as usize;
            draw_uniform(called.min(roster.clients), round, round, roster)
        }
        CohortSpec::Trace { trace } => trace[round as usize % trace.len()].clone(),
    }
}
