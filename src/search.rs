//! The search for the best arm of a tuned method: which arms are run on which seeds, and what decides among them.
//!
//! Nothing here runs anything. A [`Search`] asks for [pulls](Pull) and is told their [scores](Score), so that it can be tested against
//! arms whose scores are known.

pub mod asha;
pub mod bracketing;
pub mod criterion;
pub mod grid;
pub mod halving;
pub mod hyperband;
pub mod sequential;
pub mod spec;
pub mod strategy;

use std::{cmp::Ordering, ops::Range};

use crate::record::spread::median;

pub use criterion::Criterion;
pub use grid::Grid;
pub use spec::TuneSpec;

/// An arm that is to be run, from where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Pull {
    /// The number of the arm.
    pub arm: usize,
    /// The numbers of the tuning seeds.
    pub seeds: Range<usize>,
    /// The place to which it runs, on the axis of the search; `None` for the whole run.
    pub until: Option<f64>,
    /// The rung or phase, from 1.
    pub rung: usize,
}

/// How good an arm is: less is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// What decides; infinite for an arm that diverged, or that did not reach its target.
    pub first: f64,
    /// What decides among arms that are equal by that.
    pub then: f64,
}

impl Score {
    /// The score of an arm of which nothing is known: no other is worse.
    pub const WORST: Self = Self { first: f64::INFINITY, then: f64::INFINITY };

    /// The median of the scores of several seeds, of each part by itself; the worst without any.
    pub fn median(scores: &[Self]) -> Self {
        let of = |part: fn(&Self) -> f64| median(&mut scores.iter().map(part).collect::<Vec<_>>()).unwrap_or(f64::INFINITY);
        Self { first: of(|score| score.first), then: of(|score| score.then) }
    }

    /// The mean of the scores of several pulls.
    pub fn mean(scores: &[Self]) -> Self {
        let of = |part: fn(&Self) -> f64| scores.iter().map(part).sum::<f64>() / scores.len() as f64;
        Self { first: of(|score| score.first), then: of(|score| score.then) }
    }

    /// The order of two scores, the better one first.
    pub fn order(&self, other: &Self) -> Ordering {
        self.first.total_cmp(&other.first).then(self.then.total_cmp(&other.then))
    }
}

/// A strategy that spends pulls on the arms of one method.
pub trait Search {
    /// The next pulls, which may be computed together; none once the search is over.
    fn ask(&mut self) -> Vec<Pull>;

    /// Takes the scores of the latest pulls, in the order in which they were asked for.
    fn tell(&mut self, scores: &[Score]);

    /// The arm that is kept by what is known so far.
    fn kept(&self) -> usize;
}

/// The places of `scores`, the best first; equals in their order.
fn order_of(scores: &[Score]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..scores.len()).collect();
    places.sort_by(|&a, &b| scores[a].order(&scores[b]));
    places
}

#[cfg(test)]
mod tests;
