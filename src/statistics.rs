//! Statistics of samples over seeds: intervals, exact tests, Bayes factors, and times to a target that some runs never reach.
//!
//! Two methods of one scenario meet the same worlds under the same seeds, so they are compared by their *paired differences*; see
//! [`paired`]. [`survival`] is for quantities that have no value in some runs, of which a mean over the others would be biased.
//!
//! Nothing depends on the order of the seeds, and what is drawn comes from streams of its own, so that the same samples always give the
//! same figures.

pub mod bootstrap;
mod holm;
pub mod paired;
mod profile;
pub mod survival;

pub use holm::holm;
pub use profile::Profile;

/// A value and the ends of its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Of the samples as they are.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether `value` lies in the interval, its ends included.
    pub fn includes(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The arithmetic mean of `values`; NaN of none.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The sample variance of `values`, two at least, about their `mean`.
pub fn variance(values: &[f64], mean: f64) -> f64 {
    values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (values.len() as f64 - 1.0)
}
