//! Who watches while runs go on.

use super::{id::RunId, plan::Plan};
use crate::record::Progress;

/// Shows how runs get on.
pub trait Progressing: Sync {
    /// These runs are about to begin or to go on.
    fn planned(&self, plan: &Plan, runs: &[RunId]) {
        let _ = (plan, runs);
    }

    /// Something that the user did not ask for, and wants to know.
    fn note(&self, note: &str) {
        let _ = note;
    }

    /// A run begins.
    fn run(&self, plan: &Plan, run: RunId) -> Box<dyn RunProgress>;
}

/// Shows how one run gets on. Dropped when the run ends.
pub trait RunProgress: Send {
    /// A sample was taken; `headline` is its first metric.
    fn sampled(&mut self, progress: &Progress, headline: Option<f64>);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progressing for Silent {
    fn run(&self, _: &Plan, _: RunId) -> Box<dyn RunProgress> {
        Box::new(Self)
    }
}

impl RunProgress for Silent {
    fn sampled(&mut self, _: &Progress, _: Option<f64>) {}
}
