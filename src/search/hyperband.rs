//! Hyperband (Li et al., JMLR 2018): successive halving from several lengths, since nobody knows how early arms can be told apart.

use std::cmp::Ordering;

use rand::seq::index;

use super::{
    Pull, Score, Search,
    halving::{Halving, Rung, bracket},
};
use crate::random::{Purpose, Streams};

/// The numbers of arms of the brackets for runs of `most` units, of which one arm in `eta` goes on; the bracket that begins with the
/// shortest runs comes first. Bracket `s` has `⌈(s_max + 1) ηˢ / (s + 1)⌉` arms, which begin with `most / ηˢ`.
pub fn brackets(most: u64, eta: u64) -> Vec<(u32, u64)> {
    // In whole numbers: a logarithm of 243 to the base 3 rounds to less than 5.
    let s_max = (0..).take_while(|&s| eta.checked_pow(s).is_some_and(|power| power <= most)).last().unwrap_or(0);
    (0..=s_max).rev().map(|s| (s, (u64::from(s_max + 1) * eta.pow(s)).div_ceil(u64::from(s + 1)))).collect()
}

/// Hyperband among a finite number of arms: each bracket draws its own, without repeats, and all where it has room for more.
#[derive(Debug)]
pub struct Hyperband {
    brackets: Vec<Halving>,
    /// The bracket that goes on.
    at: usize,
}

impl Hyperband {
    /// The search among `arms` arms, each on `seeds` seeds, for runs up to `most` of which the shortest is `least`.
    pub fn new(arms: usize, eta: usize, (least, most): (f64, f64), seeds: usize) -> Self {
        // The ends of the rungs may be rounded.
        let units = ((most / least) * (1.0 + 1e-9)).floor().max(1.0) as u64;
        let of_bracket = |(at, (s, count)): (usize, (u32, u64))| {
            let count = usize::try_from(count).unwrap_or(usize::MAX).min(arms);
            let mut rng = Streams::new(0).stream(Purpose::Search, at, 0);
            let drawn = index::sample(&mut rng, arms, count).into_vec();
            Halving::new(drawn, finite(count, eta, (most, s)), seeds)
        };
        Self { brackets: brackets(units, eta as u64).into_iter().enumerate().map(of_bracket).collect(), at: 0 }
    }
}

/// The rungs of bracket `s` with `arms` arms. The last has one arm at least, which runs to the end.
fn finite(arms: usize, eta: usize, (most, s): (f64, u32)) -> Vec<Rung> {
    let mut rungs = bracket(arms, eta, most / (eta as f64).powi(s as i32), s);
    if rungs.last().is_none_or(|rung| rung.until < most * (1.0 - 1e-9)) {
        rungs.push(Rung { arms: 1, until: most });
    }
    rungs
}

impl Search for Hyperband {
    fn ask(&mut self) -> Vec<Pull> {
        while let Some(bracket) = self.brackets.get_mut(self.at) {
            let pulls = bracket.ask();
            if !pulls.is_empty() {
                return pulls;
            }
            self.at += 1;
        }
        Vec::new()
    }

    fn tell(&mut self, scores: &[Score]) {
        self.brackets[self.at].tell(scores);
    }

    fn kept(&self) -> usize {
        // Brackets end with whole runs; one that goes on has seen less.
        let better = |a: &Halving, b: &Halving| {
            let ((a, a_place), (b, b_place)) = (a.best(), b.best());
            b_place.total_cmp(&a_place).then(a.order(&b)) == Ordering::Less
        };
        let best = self.brackets.iter().reduce(|best, other| if better(other, best) { other } else { best });
        best.map_or(0, Halving::kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::{
        halving::{restarted, resumed},
        tests::run,
    };

    #[test]
    fn brackets_follow_the_formula_in_whole_numbers() {
        let arms = |most, eta| brackets(most, eta).into_iter().map(|(_, arms)| arms).collect::<Vec<_>>();
        // R = 81, η = 3: s_max = 4; ⌈5 · 81 / 5⌉, ⌈5 · 27 / 4⌉ = ⌈33.75⌉, 5 · 9 / 3, ⌈5 · 3 / 2⌉, 5.
        assert_eq!(arms(81, 3), [81, 34, 15, 8, 5]);
        assert_eq!(arms(27, 3), [27, 12, 6, 4]);
        assert_eq!(arms(16, 2), [16, 10, 7, 5, 5]);
        assert_eq!((arms(1, 3), arms(243, 3).len()), (vec![1], 6));
        let rungs = |(s, arms): (u32, u64)| bracket(arms as usize, 3, 81.0 / 3.0_f64.powi(s as i32), s);
        let all: Vec<Vec<Rung>> = brackets(81, 3).into_iter().map(rungs).collect();
        // 405 + 363 + 351 + 378 + 405, and 297 + 276 + 279 + 324 + 405.
        assert_eq!(all.iter().map(|rungs| restarted(rungs)).sum::<f64>(), 1902.0);
        assert_eq!(all.iter().map(|rungs| resumed(rungs)).sum::<f64>(), 1581.0);
    }

    #[test]
    fn a_bracket_draws_no_arm_twice_and_slow_starters_are_found() {
        // Arm 0 is behind for two thirds of a run and ahead at its end: only a bracket of whole runs can tell.
        let loss = |pull: &Pull| if pull.arm == 0 && pull.until < Some(27.0) { 2.0 } else { pull.arm as f64 / 10.0 };
        let mut search = Hyperband::new(6, 3, (1.0, 27.0), 1);
        let pulls = run(&mut search, loss);
        let firsts: Vec<usize> = pulls.iter().filter(|pull| pull.rung == 1).map(|pull| pull.arm).collect();
        // Of 27, 12, 6 and 4 arms, but there are only six.
        let mut at = 0;
        for size in [6, 6, 6, 4] {
            let mut drawn = firsts[at..at + size].to_vec();
            drawn.sort_unstable();
            drawn.dedup();
            assert_eq!(drawn.len(), size);
            at += size;
        }
        assert_eq!(firsts.len(), at);
        let whole: Vec<usize> = firsts[18..].to_vec();
        assert_eq!(search.kept() == 0, whole.contains(&0), "{whole:?}");
        assert!(pulls.iter().filter(|pull| pull.until == Some(27.0)).count() >= 4);
    }
}
