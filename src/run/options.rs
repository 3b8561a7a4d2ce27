//! The options of a call, and the display of its progress.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{done::RunId, plan::Plan};
use crate::record::Progress;

/// Options of a call of [`execute`](super::execute()).
#[derive(Debug, Clone)]
pub struct Options {
    /// Threads; all processors when `None`.
    pub threads: Option<usize>,
    /// Whether there must be interrupted runs to continue. They are continued in any case.
    pub resume: bool,
    /// Whether to start again in a folder that holds results, and to replace them.
    pub overwrite: bool,
    /// Time between checkpoints of a run.
    pub checkpoint_every: Duration,
    /// Whether the state in which each run ends is kept, so that a later `stop` goes on from it instead of starting the run again.
    pub keep_checkpoints: bool,
    /// Once set, runs are saved and left where they are.
    pub interrupt: Arc<AtomicBool>,
}

impl Options {
    /// Whether runs should stop where they are.
    pub fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: None,
            resume: false,
            overwrite: false,
            checkpoint_every: Duration::from_secs(10),
            keep_checkpoints: false,
            interrupt: Arc::default(),
        }
    }
}

/// Shows how runs get on.
pub trait Progressing: Sync {
    /// These runs are about to begin or to go on.
    fn planned(&self, plan: &Plan, runs: &[RunId]) {
        let _ = (plan, runs);
    }

    /// A note for the user.
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
