//! How a plan is run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Options of a call of [`execute`](super::execute()).
#[derive(Debug, Clone)]
pub struct Options {
    /// Threads; all processors when `None`.
    pub threads: Option<usize>,
    /// Whether there must be runs to take up where an earlier call left them. They are taken up in any case.
    pub resume: bool,
    /// Whether to begin anew in a folder that holds results, and to replace them, whatever they are.
    pub overwrite: bool,
    /// Time between checkpoints of a run.
    pub checkpoint_every: Duration,
    /// Once set, runs are saved and left where they are.
    pub interrupt: Arc<AtomicBool>,
}

impl Options {
    /// Whether runs are to be left where they are.
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
            interrupt: Arc::default(),
        }
    }
}
