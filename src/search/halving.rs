//! Successive halving (Jamieson and Talwalkar, 2016; Li et al., "Hyperband", JMLR 2018): all arms run a part of the way, the best of them
//! go on from there.

use super::{Pull, Score, Search, order_of};

/// A rung: how many arms reach it, and how far they run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rung {
    /// Number of arms.
    pub arms: usize,
    /// The place to which each runs.
    pub until: f64,
}

/// How rungs follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steps {
    /// One arm in so many goes on to the next rung.
    pub eta: usize,
    /// The next rung is as many times as long.
    pub growth: f64,
    /// Most rungs.
    pub rungs: usize,
    /// The shortest rung.
    pub least: f64,
}

/// The rungs for `arms` arms, the longest of which is `most`. At least two arms are left to compare on each.
pub fn ladder(arms: usize, Steps { eta, growth, rungs, least }: Steps, most: f64) -> Vec<Rung> {
    let mut sizes = vec![arms];
    while let Some(&size) = sizes.last().filter(|&&size| size.div_ceil(eta) > 1 && sizes.len() < rungs) {
        sizes.push(size.div_ceil(eta));
    }
    let place = |below: usize| most / growth.powi(below as i32);
    while sizes.len() > 1 && place(sizes.len() - 1) < least {
        let _ = sizes.pop();
    }
    let top = sizes.len() - 1;
    sizes.into_iter().enumerate().map(|(rung, arms)| Rung { arms, until: place(top - rung) }).collect()
}

/// The rungs of Jamieson and Talwalkar for a `budget`, where one arm of two goes on: on each, all arms together spend
/// `budget / ⌈log₂ arms⌉`, in whole `unit`s an arm. Nothing where the budget is too small for one unit of each arm.
pub fn budgeted(arms: usize, budget: f64, unit: f64) -> Vec<Rung> {
    let phases = arms.next_power_of_two().trailing_zeros();
    let (mut rungs, mut left, mut until) = (Vec::new(), arms, 0.0);
    for _ in 0..phases {
        let each = (budget / (left as f64 * f64::from(phases)) / unit).floor() * unit;
        until += each;
        rungs.push(Rung { arms: left, until });
        left = left.div_ceil(2);
    }
    if rungs.first().is_some_and(|rung| rung.until > 0.0) { rungs } else { Vec::new() }
}

/// A bracket of Hyperband: `arms` arms of which one in `eta` goes on, from rungs of `least` up to those of `most = least ηˢ`.
pub fn bracket(arms: usize, eta: usize, least: f64, rungs: u32) -> Vec<Rung> {
    let rung = |i: u32| Rung { arms: arms / eta.pow(i), until: least * (eta as f64).powi(i as i32) };
    (0..=rungs).map(rung).take_while(|rung| rung.arms > 0).collect()
}

/// What the arms of `rungs` run through altogether, where each goes on from the rung before.
pub fn resumed(rungs: &[Rung]) -> f64 {
    let before = |at: usize| if at == 0 { 0.0 } else { rungs[at - 1].until };
    rungs.iter().enumerate().map(|(at, rung)| rung.arms as f64 * (rung.until - before(at))).sum()
}

/// The same where each arm starts again on every rung.
pub fn restarted(rungs: &[Rung]) -> f64 {
    rungs.iter().map(|rung| rung.arms as f64 * rung.until).sum()
}

/// Successive halving among some arms along given rungs.
#[derive(Debug)]
pub struct Halving {
    rungs: Vec<Rung>,
    seeds: usize,
    /// The rung that comes next.
    next: usize,
    /// The arms that are left, the best of the latest rung first.
    left: Vec<usize>,
    /// The score of the first of them on its latest rung.
    best: Score,
}

impl Halving {
    /// The search among `arms`, each on `seeds` seeds.
    pub fn new(arms: Vec<usize>, rungs: Vec<Rung>, seeds: usize) -> Self {
        Self { rungs, seeds, next: 0, left: arms, best: Score::WORST }
    }

    /// The score of the kept arm, with the place that it was reached at.
    pub fn best(&self) -> (Score, f64) {
        (self.best, self.next.checked_sub(1).map_or(0.0, |rung| self.rungs[rung].until))
    }
}

impl Search for Halving {
    fn ask(&mut self) -> Vec<Pull> {
        let Some(&Rung { arms, until }) = self.rungs.get(self.next) else { return Vec::new() };
        self.left.truncate(arms);
        self.next += 1;
        let pull = |&arm: &usize| Pull { arm, seeds: 0..self.seeds, until: Some(until), rung: self.next };
        self.left.iter().map(pull).collect()
    }

    fn tell(&mut self, scores: &[Score]) {
        let order = order_of(scores);
        self.left = order.iter().map(|&at| self.left[at]).collect();
        self.best = scores[order[0]];
    }

    fn kept(&self) -> usize {
        self.left[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::tests::run;

    const STEPS: Steps = Steps { eta: 3, growth: 3.0, rungs: 9, least: 0.0 };

    fn sizes(rungs: &[Rung]) -> Vec<(usize, f64)> {
        rungs.iter().map(|rung| (rung.arms, rung.until)).collect()
    }

    #[test]
    fn ladders_end_where_two_arms_or_more_are_compared() {
        let steps = |eta: usize, least: f64| Steps { eta, growth: eta as f64, rungs: 9, least };
        assert_eq!(sizes(&ladder(9, steps(3, 0.0), 90.0)), [(9, 30.0), (3, 90.0)]);
        assert_eq!(sizes(&ladder(5, steps(2, 0.0), 100.0)), [(5, 25.0), (3, 50.0), (2, 100.0)]);
        // A rung of 25 is too short: all eight start at 50.
        assert_eq!(sizes(&ladder(8, steps(2, 40.0), 100.0)), [(8, 50.0), (4, 100.0)]);
        assert_eq!(sizes(&ladder(2, steps(3, 0.0), 100.0)), [(2, 100.0)]);
        assert_eq!(sizes(&ladder(5, Steps { growth: 4.0, rungs: 2, ..steps(2, 0.0) }, 100.0)), [(5, 25.0), (3, 100.0)]);
    }

    #[test]
    fn a_budget_is_shared_evenly_by_the_rungs() {
        // n = 8, B = 32 over three phases: ⌊32 / (8 · 3)⌋ = 1, ⌊32 / (4 · 3)⌋ = 2 and ⌊32 / (2 · 3)⌋ = 5 more an arm: 8 + 8 + 10 = 26.
        let rungs = budgeted(8, 32.0, 1.0);
        assert_eq!(sizes(&rungs), [(8, 1.0), (4, 3.0), (2, 8.0)]);
        assert_eq!(resumed(&rungs), 26.0);
        assert!(budgeted(8, 23.0, 1.0).is_empty(), "eight arms in three phases take 24 at least");
    }

    #[test]
    fn brackets_of_hyperband_cost_what_they_should() {
        // R = 81, η = 3: 81 / 27 / 9 / 3 / 1 arms up to 1, 3, 9, 27, 81, each rung 81: 405. Going on from the rung before: 81 · 1 + 27 · 2
        // + 9 · 6 + 3 · 18 + 1 · 54 = 297. The next, of 34: 34 · 3 + 11 · 9 + 3 · 27 + 1 · 81 = 363, or 34 · 3 + 11 · 6 + 3 · 18 + 54 = 276.
        for (arms, rungs, expected) in [(81, 4, (405.0, 297.0)), (34, 3, (363.0, 276.0)), (15, 2, (351.0, 279.0))] {
            let rungs = bracket(arms, 3, 81.0 / 3.0_f64.powi(rungs as i32), rungs);
            assert_eq!((restarted(&rungs), resumed(&rungs)), expected, "{rungs:?}");
        }
        assert_eq!(sizes(&bracket(34, 3, 3.0, 3)), [(34, 3.0), (11, 9.0), (3, 27.0), (1, 81.0)]);
    }

    #[test]
    fn curves_that_never_cross_leave_the_best_and_those_that_are_not_finite_the_first() {
        // The loss of arm a falls as (1 + |a − 5|) / t.
        let mut search = Halving::new((0..9).collect(), ladder(9, STEPS, 9.0), 1);
        let pulls = run(&mut search, |pull| (1.0 + (pull.arm as f64 - 5.0).abs()) / pull.until.unwrap());
        assert_eq!((search.kept(), pulls.len()), (5, 9 + 3));
        assert_eq!(search.best(), (Score { first: 1.0 / 9.0, then: 0.0 }, 9.0));
        let mut search = Halving::new(vec![3, 1], ladder(2, STEPS, 9.0), 1);
        let _ = run(&mut search, |pull| if pull.arm == 3 { f64::NAN } else { 7.0 });
        assert_eq!(search.kept(), 1);
    }
}
