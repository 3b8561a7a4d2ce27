//! Whose samples a called client works on.

use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use crate::{
    engine::{NodeId, sparse_map::SparseMap},
    protocol::spec::ShardRule,
    random::{Purpose, Streams},
};

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
