//! Which group a client belongs to: exact sizes, constant time, no table.

use rand::RngExt;

use super::spec::Assign;
use crate::random::{POPULATION, Purpose, Streams};

/// Splits `n` clients into groups of exact sizes.
#[derive(Debug, Clone)]
pub(super) struct Assignment {
    /// Where each group ends in the order of positions; the last is `n`.
    ends: Vec<usize>,
    shuffle: Option<Permutation>,
}

impl Assignment {
    /// Groups of the given shares: the sizes differ from `share · n` by less than 1 and sum to `n`.
    pub fn new(shares: impl Iterator<Item = f64>, clients: usize, assign: Assign, streams: Streams) -> Self {
        let mut total = 0.0;
        let mut ends: Vec<usize> = shares
            .map(|share| {
                total += share;
                ((total * clients as f64).round() as usize).min(clients)
            })
            .collect();
        if let Some(last) = ends.last_mut() {
            *last = clients;
        }
        let shuffle = (assign == Assign::Shuffled && ends.len() > 1).then(|| Permutation::new(clients, streams));
        Self { ends, shuffle }
    }

    /// The group of `client`, from 0.
    pub fn group(&self, client: usize) -> usize {
        let position = self.shuffle.as_ref().map_or(client, |shuffle| shuffle.position(client));
        self.ends.partition_point(|&end| end <= position).min(self.ends.len().saturating_sub(1))
    }

    /// Number of clients in `group`.
    pub fn size(&self, group: usize) -> usize {
        self.ends[group] - if group == 0 { 0 } else { self.ends[group - 1] }
    }
}

/// A random permutation of `0..n` that is computed, not stored: a Feistel network on the next power of 4, walked until it
/// falls below `n` (Black and Rogaway, Ciphers with arbitrary finite domains, CT-RSA 2002).
#[derive(Debug, Clone)]
struct Permutation {
    clients: u64,
    half: u32,
    keys: [u64; 8],
}

impl Permutation {
    fn new(clients: usize, streams: Streams) -> Self {
        let bits = usize::BITS - clients.saturating_sub(1).leading_zeros();
        let mut rng = streams.stream(Purpose::Trait, POPULATION, 0);
        // Halves of at least 4 bits keep the network well mixed for the smallest fleets.
        Self { clients: clients as u64, half: bits.div_ceil(2).max(4), keys: std::array::from_fn(|_| rng.random()) }
    }

    fn position(&self, client: usize) -> usize {
        let mask = (1_u64 << self.half) - 1;
        let mut value = client as u64;
        loop {
            let (mut left, mut right) = (value >> self.half, value & mask);
            for key in self.keys {
                (left, right) = (right, left ^ (crate::random::mix(right ^ key) & mask));
            }
            value = (left << self.half) | right;
            if value < self.clients {
                return value as usize;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_exact_in_either_order() {
        for (clients, shares) in [(100, vec![0.7, 0.3]), (7, vec![0.5, 0.25, 0.25]), (1, vec![0.4, 0.6]), (1000, vec![1.0])] {
            for assign in [Assign::Shuffled, Assign::Blocks] {
                let groups = Assignment::new(shares.iter().copied(), clients, assign, Streams::new(2));
                let mut counts = vec![0; shares.len()];
                (0..clients).for_each(|client| counts[groups.group(client)] += 1);
                for (group, share) in shares.iter().enumerate() {
                    assert_eq!(counts[group], groups.size(group));
                    assert!((counts[group] as f64 - share * clients as f64).abs() < 1.0);
                }
            }
        }
    }

    #[test]
    fn the_permutation_is_one_and_depends_on_the_seed() {
        for clients in [1, 2, 3, 4, 15, 16, 17, 1000, 4097] {
            let order = |seed| -> Vec<usize> {
                let permutation = Permutation::new(clients, Streams::new(seed));
                (0..clients).map(|client| permutation.position(client)).collect()
            };
            let mut sorted = order(0);
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..clients));
            assert!(clients < 15 || order(0) != order(1));
        }
    }

    #[test]
    fn every_client_is_equally_likely_in_a_group() {
        let seeds = 4000;
        for client in 0..5 {
            let hits = (0..seeds)
                .filter(|&seed| {
                    Assignment::new([0.4, 0.6].into_iter(), 5, Assign::Shuffled, Streams::new(seed)).group(client) == 0
                })
                .count();
            let deviation = (hits as f64 / seeds as f64 - 0.4).abs();
            assert!(deviation < 5.0 * (0.24_f64 / seeds as f64).sqrt(), "client {client}: {hits}");
        }
    }
}
