//! Personalised models: what a client makes of the global model by a few steps on its own samples.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BatchSize, Batches, Correction, Problem, Visit, Workspace};
use crate::{
    interrupt::Interrupt,
    invalid::{Invalid, require},
    num::Real,
    random::{Purpose, Streams},
};

/// The most steps, which every client takes at every sample.
const MOST_STEPS: usize = 10_000;

/// Plain gradient steps of every client on its own training samples, to score the model that they lead to. The run goes on as without them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PersonalSpec {
    /// Number of steps; 0 leaves the model as it is.
    pub steps: usize,
    /// Step size \[1\].
    pub lr: f64,
    /// Samples of a step, in shuffled passes; `"full"`, exact gradients, by default. The passes are the same at every instant and for every
    /// method, and have random streams of their own.
    #[serde(default)]
    pub batch: BatchSize,
    /// The model that the steps start from.
    #[serde(default)]
    pub from: Origin,
}

/// The model that personal steps start from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The model of the run at that instant; without a server that of the client's own node.
    #[default]
    Global,
    /// The initial model of the client's node: a model that knows nothing but the client's own samples.
    Initial,
}

impl PersonalSpec {
    /// Checks the values.
    ///
    /// # Errors
    /// [`Invalid`] for a step size that is not positive, and for more steps than a sample of a run could wait for.
    pub fn check(&self) -> Result<(), Invalid> {
        require(self.steps <= MOST_STEPS, "steps", self.steps, "at most 10,000 steps")?;
        require(self.lr > 0.0 && self.lr.is_finite(), "lr", self.lr, "a positive step size")
    }

    /// The personalised model of `client` when the run has reached `x`, shape `[d]`; nobody can learn from no samples.
    pub fn model<R: Real>(
        &self,
        problem: &Problem<R>,
        streams: Streams,
        client: usize,
        x: &[R],
        work: &mut Workspace<R>,
    ) -> Vec<R> {
        let objective = problem.objective();
        let mut y = match self.from {
            Origin::Global => x.to_vec(),
            Origin::Initial => problem.initial(client),
        };
        let samples = objective.samples(client);
        if self.steps == 0 || samples == 0 {
            return y;
        }
        let mut rng = streams.stream(Purpose::Personal, client, 0);
        let (mut order, mut draw) = (Vec::new(), Vec::new());
        let shape = (samples, objective.dim());
        let mut batches = Batches::new(self.batch, objective.gradient_noise(), shape, &mut rng, &mut order, &mut draw);
        let lr = |_| self.lr;
        let mut visit = Visit { steps: self.steps, lr: &lr, batches: &mut batches, interrupt: Interrupt::default() };
        objective.descend(client, &mut y, &mut visit, &Correction::NONE, work);
        y
    }
}
