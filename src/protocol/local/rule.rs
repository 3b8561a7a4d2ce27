//! How clients take local steps.

use serde::{Deserialize, Serialize};

use crate::{
    part::{
        rate::{Clock, Rate},
        transform::Chain,
    },
    problem::BatchSize,
    random::Sampler,
};

/// How clients take local steps: what a scenario says under `local`, for one method.
pub struct LocalRule<R> {
    /// Local steps of a visit.
    pub steps: Steps,
    /// Samples per step.
    pub batch: BatchSize,
    /// Step size.
    pub rate: Rate,
    /// What the step size goes by.
    pub clock: Clock,
    /// The client's own optimiser; plain SGD when empty.
    pub optimiser: Chain<R>,
    /// Whether the optimiser's state outlives a visit.
    pub keep_state: bool,
}

impl<R> LocalRule<R> {
    /// Step size of local step `k` of a visit.
    pub fn lr(&self, pace: Pace, k: usize) -> f64 {
        self.rate.at(match self.clock {
            Clock::Versions => pace.version,
            Clock::Steps => pace.before + k as u64,
        })
    }
}

/// How long a visit is, and where step-size schedules stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Local steps of the visit.
    pub steps: usize,
    /// Server version (or own iteration) that the visit started from, not counting those before the method began to step.
    pub version: u64,
    /// Local steps on the same samples before the visit; 0 unless the [clock](Clock) counts them.
    pub before: u64,
}

/// How many local steps a visit takes.
#[derive(Debug, Clone)]
pub enum Steps {
    /// A number, or a draw for each visit.
    Count(Sampler),
    /// Passes over the client's samples.
    Epochs(f64),
    /// As many as the client does on average in what a visit leaves of this time [s].
    Seconds(f64),
    /// As many as the client has the energy for [J].
    Energy(f64),
    /// This many for the fastest client, and for the others as many as they do in the same time on average.
    BySpeed(f64),
}

impl Steps {
    /// Whether the number of a client is drawn anew for every visit.
    pub fn are_drawn(&self, client: usize) -> bool {
        if let Self::Count(sampler) = self { sampler.of_client(client).is_none() } else { false }
    }
}
