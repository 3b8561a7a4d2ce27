//! The progress and the outcome of a run.

use serde::{Deserialize, Serialize};

use crate::{
    engine::{AtWork, Engine},
    num::Real,
    protocol::Recorded,
};

/// The outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It reached a limit.
    Finished,
    /// It reached its target.
    Reached,
    /// The metric of `stop.patience` no longer improved.
    StoppedEarly,
    /// Nothing was left to happen before a limit was reached.
    Idle,
    /// It was stopped because it would never have reached a limit: virtual time did not advance, or no more work was done.
    Stuck,
    /// Its model left the finite numbers.
    Diverged,
}

impl Outcome {
    const ALL: [Self; 6] = [Self::Finished, Self::Reached, Self::StoppedEarly, Self::Idle, Self::Stuck, Self::Diverged];

    /// The name in `runs.csv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Reached => "reached",
            Self::StoppedEarly => "stopped-early",
            Self::Idle => "idle",
            Self::Stuck => "stuck",
            Self::Diverged => "diverged",
        }
    }

    /// The outcome that `runs.csv` calls `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

/// Facts about a run that has ended, besides its curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// Outcome.
    pub outcome: Outcome,
    /// Clients at work.
    pub at_work: AtWork,
}

/// The place of a run on the axes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Rounds.
    pub round: u64,
    /// Virtual time [s].
    pub seconds: f64,
    /// Client updates.
    pub updates: u64,
    /// Stochastic gradients computed.
    pub gradients: u64,
    /// Bits sent by clients, counted as they leave [bit].
    pub uplink_bits: u64,
    /// Bits that have reached clients, or were lost on their way, counted as they arrive [bit].
    pub downlink_bits: u64,
}

impl Progress {
    /// The place of the run of an engine.
    pub fn of<R: Real, P: Recorded<R>>(engine: &Engine<P>) -> Self {
        let ledger = engine.ledger();
        Self {
            round: engine.protocol().round(),
            seconds: engine.now(),
            updates: engine.protocol().updates(),
            gradients: ledger.gradients,
            uplink_bits: ledger.uplink_bits,
            downlink_bits: ledger.downlink_bits,
        }
    }
}
