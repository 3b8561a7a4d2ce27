//! Random streams: `(seed, purpose, node, count)` → generator.
//!
//! There is no generator that is passed around. Whoever needs random numbers opens the stream of its own key, so the
//! draws do not depend on the order of events, on the number of threads, or on which methods, metrics or clients exist
//! besides. Keys never name a method: every method meets the same world.

pub mod quantity;
pub mod sampler;

pub use quantity::Quantity;
pub use sampler::Sampler;
pub(crate) use sampler::{dirichlet, exponentials};

use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

use crate::invalid::{Invalid, require};

/// The node of streams that belong to the fleet as a whole and to no client.
pub const POPULATION: usize = u32::MAX as usize;

/// The generator behind every stream: small, fast and with a fixed, published algorithm.
pub type Rng = Xoshiro256PlusPlus;

/// The purpose of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u64)]
pub enum Purpose {
    /// Generated data sets, partitions, curvatures and centres.
    Data = 1,
    /// Initial models.
    Init = 2,
    /// Mini-batches and gradient noise; `count` is the visit of the client.
    Batch = 3,
    /// Seconds per local step and message delays.
    Delay = 4,
    /// When a client is up.
    Availability = 5,
    /// Which clients a server calls; `count` is the call.
    Cohort = 6,
    /// Which neighbour a node talks to, and topologies.
    Route = 7,
    /// Randomised compressors and low-precision rounding.
    Link = 8,
    /// Randomness of a server.
    Server = 9,
    /// Lost messages, dropouts, attacks.
    Fault = 10,
    /// Numbers of local steps.
    Steps = 11,
    /// Delays and losses of messages; `count` is the message of the node.
    Transit = 13,
    /// Compressed downloads; `count` is the call of the server.
    Downlink = 14,
    /// Times that are drawn to foresee how often clients deliver; no run meets them.
    Forecast = 15,
    /// Rounding of uploads under secure aggregation; `count` is the call of the server.
    Secure = 16,
    /// Recorded values drawn anew, for intervals; no run meets them.
    Resample = 17,
    /// Mini-batches of personalised models, which are scored and no run goes on from.
    Personal = 18,
    /// The arms that a search looks at; no run meets them.
    Search = 19,
    /// The fixed traits of a client: its speed, its probability of taking part, its group.
    Trait = 12,
}

/// All streams of one seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed these streams come from.
    #[inline]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A fresh generator at the start of the stream `(seed, purpose, node, count)`.
    #[inline]
    pub fn stream(&self, purpose: Purpose, node: usize, count: u64) -> Rng {
        let mut key = mix(self.seed ^ 0x6665_6466_6c65_6574);
        for word in [purpose as u64, node as u64, count] {
            key = mix(key.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ mix(word));
        }
        Rng::seed_from_u64(key)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): a bijection that scatters nearby keys.
#[inline]
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The largest fleet: what is looked at once for every client, such as who belongs to which group, takes seconds there. Client
/// numbers fit `u32` and stay apart from [`POPULATION`](super::POPULATION).
pub const MAX_CLIENTS: usize = 100_000_000;

/// The setting in which a part of the world is built.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The streams of the run's seed.
    pub streams: Streams,
    /// Number of clients `n`.
    pub clients: usize,
    /// The folder that relative paths of data files start from.
    pub folder: PathBuf,
}

impl Setting {
    /// Where the data file `path` is.
    pub fn locate(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// Refuses empty fleets and those whose client numbers do not fit.
pub(crate) fn check_clients(clients: usize) -> Result<(), Invalid> {
    require((1..=MAX_CLIENTS).contains(&clients), "clients", clients, "from 1 client to 100 million")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::RngExt;

    use super::*;

    #[test]
    fn keys_that_differ_anywhere_give_other_streams() {
        let mut firsts = BTreeSet::new();
        for seed in 0..4 {
            let streams = Streams::new(seed);
            for purpose in [Purpose::Data, Purpose::Batch] {
                for node in 0..16 {
                    for count in 0..16 {
                        let _ = firsts.insert(streams.stream(purpose, node, count).random::<u64>());
                    }
                }
            }
        }
        assert_eq!(firsts.len(), 4 * 2 * 16 * 16);
    }

    #[test]
    fn a_stream_can_be_opened_again() {
        let streams = Streams::new(7);
        let draw = |mut rng: Rng| (rng.random::<u64>(), rng.random::<u64>());
        let key = (Purpose::Delay, 3, 9);
        assert_eq!(draw(streams.stream(key.0, key.1, key.2)), draw(streams.stream(key.0, key.1, key.2)));
    }
}
