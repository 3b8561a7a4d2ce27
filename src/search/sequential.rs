//! Sequential halving (Karnin, Koren and Somekh, ICML 2013): a pull is a whole run of an arm on one more seed, and the better half of the
//! arms gets twice as many.

use super::{Pull, Score, Search, order_of};

/// A phase: how many arms are pulled, and how often each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase {
    /// Number of arms.
    pub arms: usize,
    /// Pulls of each.
    pub pulls: usize,
}

/// The phases in which `budget` pulls are spent on `arms` arms: `⌈log₂ arms⌉` with `⌊budget / (left · phases)⌋` pulls each. What is left
/// over is not spent. `None` where the budget is too small for one pull of each arm in the first phase.
pub fn phases(arms: usize, budget: usize) -> Option<Vec<Phase>> {
    let count = arms.next_power_of_two().trailing_zeros() as usize;
    let mut left = arms;
    let phase = |_| {
        let phase = Phase { arms: left, pulls: budget / (left * count) };
        left = left.div_ceil(2);
        phase
    };
    let phases: Vec<Phase> = (0..count).map(phase).collect();
    phases.first().is_none_or(|phase| phase.pulls > 0).then_some(phases)
}

/// The fewest pulls that sequential halving can spend on `arms` arms.
pub fn fewest(arms: usize) -> usize {
    arms * arms.next_power_of_two().trailing_zeros() as usize
}

/// Sequential halving among some arms.
#[derive(Debug)]
pub struct Sequential {
    phases: Vec<Phase>,
    /// Whether the pulls of earlier phases count too.
    reuse: bool,
    next: usize,
    /// Pulls of each arm that is left.
    pulled: usize,
    left: Vec<usize>,
}

impl Sequential {
    /// The search among `arms` in given phases; with `reuse`, arms are ranked by all their pulls, not by those of the latest phase.
    pub fn new(arms: Vec<usize>, phases: Vec<Phase>, reuse: bool) -> Self {
        Self { phases, reuse, next: 0, pulled: 0, left: arms }
    }
}

impl Search for Sequential {
    fn ask(&mut self) -> Vec<Pull> {
        let Some(&Phase { arms, pulls }) = self.phases.get(self.next) else { return Vec::new() };
        self.left.truncate(arms);
        self.next += 1;
        let from = if self.reuse { 0 } else { self.pulled };
        self.pulled += pulls;
        let seeds = from..self.pulled;
        let pull = |&arm: &usize| Pull { arm, seeds: seeds.clone(), until: None, rung: self.next };
        self.left.iter().map(pull).collect()
    }

    fn tell(&mut self, scores: &[Score]) {
        self.left = order_of(scores).iter().map(|&at| self.left[at]).collect();
    }

    fn kept(&self) -> usize {
        self.left[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::tests::{Bandit, run};

    fn counted(arms: usize, budget: usize) -> Option<(Vec<usize>, Vec<usize>, usize)> {
        let phases = phases(arms, budget)?;
        let total = phases.iter().map(|phase| phase.arms * phase.pulls).sum();
        Some((phases.iter().map(|phase| phase.arms).collect(), phases.iter().map(|phase| phase.pulls).collect(), total))
    }

    #[test]
    fn pulls_double_as_arms_halve() {
        let sixteen = vec![16, 8, 4, 2];
        // T = 64 over four phases are 16 pulls a phase.
        assert_eq!(counted(16, 64), Some((sixteen.clone(), vec![1, 2, 4, 8], 64)));
        assert_eq!(counted(16, 128), Some((sixteen.clone(), vec![2, 4, 8, 16], 128)));
        // 50 a phase: ⌊50 / 16⌋, ⌊50 / 8⌋, ⌊50 / 4⌋, 25; 48 + 48 + 48 + 50.
        assert_eq!(counted(16, 200), Some((sixteen.clone(), vec![3, 6, 12, 25], 194)));
        assert_eq!(counted(16, 256), Some((sixteen, vec![4, 8, 16, 32], 256)));
        assert_eq!(counted(16, 63), None);
        assert_eq!(fewest(16), 64);
        // 40 / 3 a phase: 2 · 5 + 4 · 3 + 6 · 2.
        assert_eq!(counted(5, 40), Some((vec![5, 3, 2], vec![2, 4, 6], 34)));
        assert_eq!(counted(27, 300).unwrap().0, [27, 14, 7, 4, 2]);
        assert_eq!(counted(27, 300).unwrap().2, 286);
        assert_eq!(counted(1, 0), Some((vec![], vec![], 0)));
    }

    #[test]
    fn without_noise_the_best_is_kept_and_seeds_are_fresh_or_shared() {
        for reuse in [false, true] {
            let mut search = Sequential::new((0..16).collect(), phases(16, 64).unwrap(), reuse);
            let pulls = run(&mut search, |pull| (pull.arm as f64 - 11.0).abs());
            assert_eq!(search.kept(), 11);
            let seeds: Vec<_> = [0, 16, 24, 28].map(|at: usize| pulls[at].seeds.clone()).to_vec();
            assert_eq!(seeds, if reuse { [0..1, 0..3, 0..7, 0..15] } else { [0..1, 1..3, 3..7, 7..15] });
        }
    }

    /// Means from 1 down to 0, noise of standard deviation 1; 2000 repetitions, whose standard error is at most 0.25 / √2000 = 0.006, as
    /// the regret has a standard deviation of at most 0.25. The references are of 4000 repetitions or so: within four joint errors,
    /// 0.02 for the shortest budgets and, where the spread is much smaller, 0.01 for the longer ones.
    #[test]
    fn regret_falls_as_simulated_elsewhere() {
        let regret = |budget: usize, reuse: bool, task: usize| {
            let mut bandit = Bandit::new((0..16).map(|arm| 1.0 - arm as f64 / 15.0).collect(), task);
            let repeat = |_| {
                let mut search = Sequential::new((0..16).collect(), phases(16, budget).unwrap(), reuse);
                bandit.play(&mut search, reuse)
            };
            (0..2000).map(repeat).sum::<f64>() / 2000.0
        };
        let rows = [(false, [0.176, 0.079, 0.034, 0.0105]), (true, [0.157, 0.069, 0.025, 0.0056])];
        for (task, (reuse, expected)) in rows.into_iter().enumerate() {
            let found = [64, 256, 1024, 4096].map(|budget| regret(budget, reuse, task));
            for ((found, expected), most) in found.iter().zip(expected).zip([0.02, 0.01, 0.008, 0.005]) {
                assert!((found - expected).abs() < most, "{reuse}: {found} {expected}");
            }
            assert!(found.windows(2).all(|pair| pair[0] > 2.0 * pair[1]), "four times the budget halves the regret: {found:?}");
        }
    }
}
