//! Arms whose scores are known.

use rand_distr::{Distribution, StandardNormal};

use super::{Pull, Score, Search};
use crate::random::{Purpose, Rng, Streams};

/// Runs a search to its end where a pull has the `loss`, and returns the pulls.
pub fn run(search: &mut impl Search, loss: impl Fn(&Pull) -> f64) -> Vec<Pull> {
    let mut all = Vec::new();
    loop {
        let pulls = search.ask();
        if pulls.is_empty() {
            return all;
        }
        let scores: Vec<Score> = pulls.iter().map(|pull| Score { first: loss(pull), then: 0.0 }).collect();
        search.tell(&scores);
        all.extend(pulls);
    }
}

/// Arms of known means, larger ones better, with normal noise of standard deviation 1.
pub struct Bandit {
    means: Vec<f64>,
    rng: Rng,
}

impl Bandit {
    pub fn new(means: Vec<f64>, task: usize) -> Self {
        Self { means, rng: Streams::new(1).stream(Purpose::Search, task, 2) }
    }

    /// The regret of a search: by how much the arm that it keeps is worse than the best. With `reuse`, pulls from seed 0 on include those
    /// made before.
    pub fn play(&mut self, search: &mut impl Search, reuse: bool) -> f64 {
        // Pulls of each arm with their sum.
        let mut known = vec![(0_usize, 0.0); self.means.len()];
        loop {
            let pulls = search.ask();
            if pulls.is_empty() {
                break;
            }
            let mut scores = Vec::with_capacity(pulls.len());
            for pull in pulls {
                let (count, sum) = if reuse { known[pull.arm] } else { (0, 0.0) };
                let new = pull.seeds.len() - count.min(pull.seeds.len());
                // The sum of m pulls has m times the mean, and the deviation √m.
                let noise: f64 = StandardNormal.sample(&mut self.rng);
                let sum = sum + new as f64 * self.means[pull.arm] + (new as f64).sqrt() * noise;
                known[pull.arm] = (count + new, sum);
                scores.push(Score { first: -sum / (count + new) as f64, then: 0.0 });
            }
            search.tell(&scores);
        }
        let best = self.means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        best - self.means[search.kept()]
    }
}
