//! The state of a federated run.

use std::sync::Arc;

use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use super::{Arrived, ServerState, compressors::Downlinks, secure::MaskedSum};
use crate::{
    engine::{NodeId, shared, sparse_map::SparseMap},
    num::Real,
    protocol::{Memory, Participant, Payload, spec::ShardRule},
    random::{Purpose, Streams},
};

/// The state of a run besides the method's server half and the schedule.
#[derive(Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub(super) struct State<R> {
    pub version: u64,
    /// The message that clients receive: `x` first. One `Arc` a version.
    #[serde(with = "shared")]
    pub model: Arc<Payload<R>>,
    pub calls: u64,
    /// The call each busy client answers to.
    pub called: SparseMap<u64>,
    pub memories: SparseMap<Arc<Memory<R>>>,
    pub downlinks: Downlinks<R>,
    pub collected: Vec<Arrived<R>>,
    /// The sum of the collected vectors, under secure aggregation.
    pub masked: MaskedSum,
    pub parts: ServerState<R>,
    pub participation: Participation,
    /// Uploads accepted by their staleness.
    pub staleness_counts: Vec<u64>,
    pub shards: Shards,
    /// Mean local step size of the latest batch, where local steps count.
    pub mean_lr: f64,
    /// Who took part in the server steps of the latest event that led to any; a recorder has written it before a checkpoint.
    #[serde(skip)]
    pub participants: Vec<Participant>,
}

impl<R: Real> State<R> {
    /// Before the first call.
    pub fn new(model: Payload<R>) -> Self {
        Self {
            version: 0,
            model: Arc::new(model),
            calls: 0,
            called: SparseMap::default(),
            memories: SparseMap::default(),
            downlinks: Downlinks::default(),
            collected: Vec::new(),
            masked: MaskedSum::default(),
            parts: ServerState { optimiser: Vec::new() },
            participation: Participation::default(),
            staleness_counts: Vec::new(),
            shards: Shards::default(),
            mean_lr: 0.0,
            participants: Vec::new(),
        }
    }

    /// Keeps the memory that a visit to the samples of `shard` leaves, if any.
    pub fn remember(&mut self, shard: NodeId, memory: Option<Memory<R>>) {
        if let Some(memory) = memory {
            let _ = self.memories.insert(shard, Arc::new(memory));
        }
    }

    /// Counts an accepted upload.
    pub fn count(&mut self, staleness: u64) {
        self.participation.updates += 1;
        self.participation.staleness += staleness;
        let place = staleness as usize;
        if self.staleness_counts.len() <= place {
            self.staleness_counts.resize(place + 1, 0);
        }
        self.staleness_counts[place] += 1;
    }
}

/// Participation and staleness so far, for the recorder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Participation {
    /// Uploads accepted.
    pub updates: u64,
    /// Sum of their staleness.
    pub staleness: u64,
    /// Uploads accepted since the previous server step that was applied.
    pub last_batch: usize,
}

/// The samples that clients work on, one shard a client of the fleet.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Shards {
    /// Shards that have been visited once less than the others.
    waiting: Vec<NodeId>,
    /// Visits assigned.
    assigned: u64,
    /// Local steps begun on each shard, where they are counted.
    steps: SparseMap<u64>,
}

impl Shards {
    /// The shard of the next visit of `client`, which is its number `visit`, and the number of that visit for the shard.
    pub(super) fn assign(
        &mut self,
        rule: ShardRule,
        (client, visit): (NodeId, u64),
        clients: usize,
        streams: Streams,
    ) -> (NodeId, u64) {
        if rule == ShardRule::Own {
            return (client, visit);
        }
        if self.waiting.is_empty() {
            self.waiting = (0..clients).collect();
        }
        let drawn = streams.stream(Purpose::Route, 0, self.assigned).random_range(0..self.waiting.len());
        let pass = self.assigned / clients as u64;
        self.assigned += 1;
        (self.waiting.swap_remove(drawn), pass)
    }

    /// Counts `steps` more on `shard`, and returns those before.
    pub(super) fn count(&mut self, shard: NodeId, steps: usize) -> u64 {
        let total = self.steps.entry(shard);
        *total += steps as u64;
        *total - steps as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_shard_is_ever_two_visits_ahead() {
        let mut shards = Shards::default();
        let mut visits = [0_u64; 5];
        for call in 0..103 {
            let (shard, visit) = shards.assign(ShardRule::LeastVisited, (call % 2, 0), 5, Streams::new(3));
            assert_eq!(visit, visits[shard]);
            visits[shard] += 1;
            assert!(visits.iter().max().unwrap() - visits.iter().min().unwrap() <= 1, "{visits:?}");
        }
        let own = shards.assign(ShardRule::Own, (1, 7), 5, Streams::new(3));
        assert_eq!(own, (1, 7));
    }

    #[test]
    fn steps_are_counted_by_shard() {
        let mut shards = Shards::default();
        assert_eq!([shards.count(2, 5), shards.count(0, 1), shards.count(2, 3), shards.count(2, 1)], [0, 0, 5, 8]);
    }
}
