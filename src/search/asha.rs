//! ASHA (Li et al., MLSys 2020): successive halving in which no worker waits for a rung to be full, on simulated workers.
//!
//! Workers, their speeds and the order in which jobs end are simulated, so that the outcome depends on nothing else. A job lasts the
//! length that it adds to its run, divided by the speed of its worker.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pull, Score, Search, order_of};

/// What becomes of an arm that has reached a rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "AshaVariant")]
pub enum Variant {
    /// It waits until it is among the best of its rung, and a free worker takes it further.
    #[default]
    Promotion,
    /// It goes on at once if it is among the best that have reached the rung so far, and never later. Of fewer than `eta`, the best alone.
    Stopping,
}

/// A job of a worker.
#[derive(Debug, Clone, Copy)]
struct Job {
    arm: usize,
    rung: usize,
    worker: usize,
    ends: f64,
    score: Option<Score>,
}

/// An arm on a rung.
#[derive(Debug, Clone, Copy)]
struct Entry {
    arm: usize,
    score: Score,
    promoted: bool,
}

/// Asynchronous successive halving.
#[derive(Debug)]
pub struct Asha {
    eta: usize,
    variant: Variant,
    /// The place of each rung.
    rungs: Vec<f64>,
    seeds: usize,
    arms: usize,
    /// The arms that have been started.
    started: usize,
    /// Speeds of the workers.
    speeds: Vec<f64>,
    free: Vec<usize>,
    jobs: Vec<Job>,
    /// The arms that have reached each rung, in that order.
    reached: Vec<Vec<Entry>>,
    now: f64,
    /// The lengths that may still be run; no job begins once none is left.
    left: f64,
}

impl Asha {
    /// The search among `arms` arms, each on `seeds` seeds, along `rungs` by workers of these `speeds`.
    pub fn new(arms: usize, eta: usize, rungs: Vec<f64>, speeds: Vec<f64>, seeds: usize) -> Self {
        let (free, reached, mut speeds) = ((0..speeds.len()).collect(), vec![Vec::new(); rungs.len()], speeds);
        // The fastest free worker takes the next job.
        speeds.sort_by(|a, b| b.total_cmp(a));
        let variant = Variant::default();
        Self {
            eta,
            variant,
            rungs,
            seeds,
            arms,
            started: 0,
            speeds,
            free,
            jobs: Vec::new(),
            reached,
            now: 0.0,
            left: f64::INFINITY,
        }
    }

    /// The same with another rule, and with a `budget` of lengths.
    #[must_use]
    pub fn with(self, variant: Variant, budget: f64) -> Self {
        Self { variant, left: budget, ..self }
    }

    /// The simulated time so far, in lengths of a run by a worker of speed 1.
    pub fn time(&self) -> f64 {
        self.now
    }

    /// The arm and the rung that a free worker takes.
    fn next(&mut self) -> Option<(usize, usize)> {
        if self.variant == Variant::Promotion {
            for rung in (0..self.rungs.len().saturating_sub(1)).rev() {
                let scores: Vec<Score> = self.reached[rung].iter().map(|entry| entry.score).collect();
                let best = order_of(&scores).into_iter().take(scores.len() / self.eta);
                let found = best.into_iter().find(|&at| !self.reached[rung][at].promoted);
                if let Some(at) = found {
                    self.reached[rung][at].promoted = true;
                    return Some((self.reached[rung][at].arm, rung + 1));
                }
            }
        }
        (self.started < self.arms).then(|| {
            self.started += 1;
            (self.started - 1, 0)
        })
    }

    /// Begins the job of a worker.
    fn begin(&mut self, worker: usize, (arm, rung): (usize, usize)) -> Pull {
        let from = if rung == 0 { 0.0 } else { self.rungs[rung - 1] };
        let length = self.rungs[rung] - from;
        self.left -= length;
        self.jobs.push(Job { arm, rung, worker, ends: self.now + length / self.speeds[worker], score: None });
        Pull { arm, seeds: 0..self.seeds, until: Some(self.rungs[rung]), rung: rung + 1 }
    }

    /// Ends all jobs that end next, in the order of their arms; those that go on at once begin their next jobs.
    fn end_next(&mut self) -> Vec<Pull> {
        let Some(next) = self.jobs.iter().map(|job| job.ends).min_by(f64::total_cmp) else { return Vec::new() };
        self.now = next;
        let (mut ended, jobs): (Vec<Job>, Vec<Job>) = self.jobs.drain(..).partition(|job| job.ends == next);
        self.jobs = jobs;
        ended.sort_by_key(|job| job.arm);
        let mut pulls = Vec::new();
        for Job { arm, rung, worker, score, .. } in ended {
            let score = score.unwrap_or(Score::WORST);
            self.reached[rung].push(Entry { arm, score, promoted: false });
            if self.variant == Variant::Stopping && rung + 1 < self.rungs.len() && self.left > 0.0 && self.goes_on(rung, score) {
                pulls.push(self.begin(worker, (arm, rung + 1)));
            } else {
                self.free.push(worker);
            }
        }
        self.free.sort_unstable();
        pulls
    }

    /// Whether a score is among the best `1 / eta` of those on its rung.
    fn goes_on(&self, rung: usize, score: Score) -> bool {
        let better = self.reached[rung].iter().filter(|entry| entry.score.order(&score).is_lt()).count();
        better * self.eta <= self.reached[rung].len()
    }
}

impl Search for Asha {
    fn ask(&mut self) -> Vec<Pull> {
        let mut pulls = Vec::new();
        loop {
            while self.left > 0.0
                && let Some(&worker) = self.free.first()
                && let Some(job) = self.next()
            {
                let _ = self.free.remove(0);
                pulls.push(self.begin(worker, job));
            }
            if !pulls.is_empty() || self.jobs.is_empty() {
                return pulls;
            }
            pulls = self.end_next();
        }
    }

    fn tell(&mut self, scores: &[Score]) {
        let waiting = self.jobs.iter_mut().filter(|job| job.score.is_none());
        waiting.zip(scores).for_each(|(job, &score)| job.score = Some(score));
    }

    fn kept(&self) -> usize {
        let furthest = self.reached.iter().rev().find(|rung| !rung.is_empty());
        let best = furthest.map(|rung| rung[order_of(&rung.iter().map(|entry| entry.score).collect::<Vec<_>>())[0]]);
        best.map_or(0, |entry| entry.arm)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand::RngExt as _;

    use super::*;
    use crate::{
        random::{Purpose, Streams},
        search::tests::run,
    };

    fn on(search: &Asha, rung: usize) -> BTreeSet<usize> {
        search.reached[rung].iter().map(|entry| entry.arm).collect()
    }

    #[test]
    fn with_a_worker_for_every_arm_it_is_successive_halving() {
        let mut search = Asha::new(9, 3, vec![1.0, 3.0, 9.0], vec![1.0; 9], 1);
        let _ = run(&mut search, |pull| (pull.arm as f64 - 4.2).abs());
        assert_eq!((on(&search, 1), on(&search, 2), search.kept()), (BTreeSet::from([4, 5, 3]), BTreeSet::from([4]), 4));
        // Rungs of 1, 2 and 6 more, one after the other.
        assert_eq!(search.time(), 9.0);
    }

    #[test]
    fn where_nobody_goes_on_it_is_a_random_search_on_the_first_rung() {
        let mut search = Asha::new(9, 1000, vec![1.0, 3.0], vec![1.0, 0.5], 1);
        let pulls = run(&mut search, |pull| (pull.arm as f64 - 4.0).abs());
        assert_eq!((pulls.len(), search.kept(), on(&search, 1).len()), (9, 4, 0));
        // Nine jobs: six for the fast worker in 6, three for the slow one in 6.
        assert_eq!(search.time(), 6.0);
    }

    #[test]
    fn no_worker_waits_for_a_slow_one() {
        // The slow worker has arm 1 until 100. The fast one runs arms 0, 2 and 3 until 3, then takes the best of three to the second rung, and
        // so on: in successive halving it would wait.
        let mut search = Asha::new(7, 3, vec![1.0, 3.0], vec![0.01, 1.0], 1);
        let pulls = run(&mut search, |pull| pull.arm as f64);
        let order: Vec<(usize, usize)> = pulls.iter().map(|pull| (pull.arm, pull.rung)).collect();
        assert_eq!(order[..5], [(0, 1), (1, 1), (2, 1), (3, 1), (0, 2)]);
        // At 100 arm 1 is the second of seven, and the fast worker takes it further.
        assert_eq!((search.time(), search.kept()), (102.0, 0));
    }

    #[test]
    fn an_arm_that_falls_behind_stops_for_good() {
        // η = 3. Arm 0 is the first, and goes on; 1 is the second of two, 3 · 1 > 2, and stops; 2 is the best of three.
        let mut search = Asha::new(3, 3, vec![1.0, 3.0], vec![1.0], 1).with(Variant::Stopping, f64::INFINITY);
        let losses = [5.0, 6.0, 4.0];
        let _ = run(&mut search, |pull| losses[pull.arm]);
        assert_eq!((on(&search, 1), search.kept()), (BTreeSet::from([0, 2]), 2));
        let mut short = Asha::new(3, 3, vec![1.0, 3.0], vec![1.0], 1).with(Variant::Stopping, 2.5);
        assert_eq!(run(&mut short, |pull| losses[pull.arm]).len(), 2, "1 + 2 are spent");
    }

    /// Arms whose scores are in random order are promoted before better ones come: about 0.45 √K of K that the third of all would not
    /// hold. The references 4.1, 7.5 and 17.6 have a standard error of about a tenth. The count has a standard deviation of about two thirds
    /// of its mean, so that of 200, 100 or 60 repetitions has an error of 5, 7 or 9 %: 0.3 of the reference is more than two joint errors.
    #[test]
    fn premature_promotions_grow_as_the_square_root() {
        for (arms, expected, repetitions) in [(100, 4.1, 200), (300, 7.5, 100), (1000, 17.6, 60)] {
            let count = |repetition| {
                let mut rng = Streams::new(3).stream(Purpose::Search, arms, repetition);
                let losses: Vec<f64> = (0..arms).map(|_| rng.random()).collect();
                let mut search = Asha::new(arms, 3, vec![1.0, 1.0 + 1e-9], vec![1.0], 1);
                let _ = run(&mut search, |pull| losses[pull.arm]);
                let mut sorted = losses.clone();
                sorted.sort_by(f64::total_cmp);
                let bound = sorted[arms / 3 - 1];
                on(&search, 1).into_iter().filter(|&arm| losses[arm] > bound).count() as f64
            };
            let mean = (0..repetitions).map(count).sum::<f64>() / repetitions as f64;
            assert!((mean / expected - 1.0).abs() < 0.3, "{arms}: {mean} {expected}");
        }
    }
}
