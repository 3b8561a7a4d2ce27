//! What a federated run has come to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Arrived, ServerState, compressors::Downlinks, masked::MaskedSum, shards::Shards};
use crate::{
    engine::{NodeId, shared, sparse_map::SparseMap},
    num::Real,
    protocol::{Memory, Participant, Payload},
};

/// What changes during a run, besides the method's server half and the schedule.
#[derive(Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub(super) struct State<R> {
    pub version: u64,
    /// What clients are sent: `x` first. One `Arc` a version.
    #[serde(with = "shared")]
    pub model: Arc<Payload<R>>,
    pub calls: u64,
    /// The call each busy client answers to.
    pub called: SparseMap<u64>,
    pub memories: SparseMap<Arc<Memory<R>>>,
    pub downlinks: Downlinks<R>,
    pub collected: Vec<Arrived<R>>,
    /// What is known of the vectors collected, where single ones are hidden.
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

    /// Takes up what a visit to the samples of `shard` leaves in memory, if anything.
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
