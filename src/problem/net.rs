//! Neural networks of fully connected layers (MLP), trained on cross-entropy or squared loss.
//!
//! Layer `l` computes `a_l = σ(W_l a_{l−1} + b_l)` with `σ` the activation, left out in the last layer. Parameters lie layer by
//! layer: weights `W_l`, shape `[outputs, inputs]`, row by row, then biases `b_l`, shape `[outputs]`. With the inputs next
//! to each other, small batches are read in place: inner products forward, multiples of whole rows backward.
//!
//! `fᵢ(x) = (1/nᵢ) Σⱼ loss(a_L(j), target j) + λ/2 ‖x‖²`, where the loss is `−ln softmax(a_L)_label` for class labels and
//! `½ (a_L − target)²` for real targets. The regularisation acts on weights and biases alike.
//!
//! A client of few bits passes on hidden activations rounded to them, with one scale a layer and sample; errors pass straight
//! through the rounding. Inputs and outputs are not rounded.

mod layers;

use std::{ops::Range, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use layers::{Coarse, Layers, Target};

use super::{
    Block, Correction, HeldOutScore, Inputs, Objective, ObjectiveKind, Properties, Sample, Visit, Workspace,
    correction::Affine,
    data::{ClientData, HeldOut, Samples, TargetKind},
    head::LinearHead,
    outputs,
    predictor::{Outputs, Predictor},
    step_by_gradient, step_by_step,
    supervised::{Picked, Supervised, of_shared},
};
use crate::{
    invalid::{Invalid, require},
    memory::check_layers,
    num::{
        Real,
        low_precision::Bits,
        vector::{self, aligned, aligned_len},
    },
};

/// Rows that pass through the network together.
const PART: usize = 256;

/// Steps of a visit from which an aligned copy of the parameters pays.
const WORTH_A_COPY: usize = 4;

/// A neural network of fully connected layers (MLP).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct MlpSpec {
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// The activation of hidden units.
    pub activation: Activation,
}

impl Default for MlpSpec {
    fn default() -> Self {
        Self { hidden: vec![64], activation: Activation::default() }
    }
}

impl ObjectiveKind for MlpSpec {
    const NAME: &'static str = "mlp";

    fn validate(&self) -> Result<(), Invalid> {
        match self.hidden.iter().position(|&units| units == 0) {
            Some(layer) => Err(Invalid::at(&format!("hidden.{layer}"), "a hidden layer has no unit: expected at least 1")),
            None => Ok(()),
        }
    }

    fn properties(&self) -> Properties {
        Properties { samples: true, targets: TargetKind::Auto, convex: false, solvable_head: true }
    }

    fn build<R: Real>(&self, inputs: &Inputs<R>) -> Result<Box<dyn Objective<R>>, Invalid> {
        let data = inputs.data()?;
        let (columns, outputs) = (data.train.features.columns(), data.train.targets.outputs());
        check_layers("objective.mlp.hidden", &[&[columns], self.hidden.as_slice(), &[outputs]].concat())?;
        Ok(Box::new(Mlp::new(data, &self.hidden, self.activation, inputs.l2)?.with_weights(&inputs.weights)?))
    }
}

/// The activation of hidden units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `max(0, z)`, with derivative 0 at 0.
    #[default]
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

/// An MLP over the clients' data.
#[derive(Debug, Clone)]
pub struct Mlp<R> {
    shared: Supervised<R>,
    layers: Layers,
    blocks: Vec<Block>,
}

impl<R: Real> Mlp<R> {
    /// A network with the hidden layers `hidden` and `l2 = λ`; clients weigh as their shares of the training samples.
    ///
    /// # Errors
    /// [`Invalid`] at `data`, `partition`, `l2` or `hidden`: shapes that do not fit, a negative `λ`, an empty layer.
    pub fn new(data: Arc<ClientData<R>>, hidden: &[usize], activation: Activation, l2: f64) -> Result<Self, Invalid> {
        let shared = Supervised::new(data, l2)?;
        for &units in hidden {
            require(units > 0, "hidden", units, "at least one unit in a layer")?;
        }
        let outputs = outputs::count(&shared.data)?;
        let layers = Layers::new(shared.columns(), hidden, outputs, activation);
        let blocks = layers.blocks();
        Ok(Self { shared, layers, blocks })
    }

    /// Gives the clients these weights, scaled to sum to 1.
    ///
    /// # Errors
    /// [`Invalid`] at `weights` unless there is one weight of at least 0 per client, and not all are 0.
    pub fn with_weights(mut self, weights: &[f64]) -> Result<Self, Invalid> {
        self.shared.reweight(weights)?;
        Ok(self)
    }

    /// Adds `factor · Σ ∇loss` over `rows`, at most [`PART`] of them, to the target;
    /// returns the summed loss where the target [wants](Target::wants_loss) it.
    fn learn(&self, activations: Bits, rows: &Picked<'_, R>, target: Target<'_, R>, factor: f64, work: &mut Workspace<R>) -> f64 {
        let mut units = work.take(self.layers.units() * rows.len());
        let mut coarse = Coarse::take(activations, units.len(), work);
        let in_place = rows.dense().filter(|inputs| inputs.contiguous().is_some() || inputs.len() <= layers::IN_PLACE);
        let mut gathered = work.take(if in_place.is_some() { 0 } else { rows.len() * self.shared.columns() });
        let inputs = in_place.unwrap_or_else(|| rows.gather(&mut gathered));
        self.layers.forward(inputs, target.weights(), &mut units, coarse.as_mut());
        let outputs = self.layers.outputs_mut(&mut units, rows.len());
        let loss = if target.wants_loss() { outputs::score(rows, outputs).0 } else { 0.0 };
        outputs::residuals(rows, factor, outputs);
        self.layers.backward(inputs, target, (&mut units, coarse.as_ref()), work);
        Coarse::give(coarse, work);
        work.give(gathered);
        work.give(units);
        loss
    }

    /// Summed loss and number of hits on `rows`, without regularisation.
    fn evaluate(&self, activations: Bits, rows: &Picked<'_, R>, x: &[R], work: &mut Workspace<R>) -> (f64, usize) {
        let mut units = work.take(self.layers.units() * PART.min(rows.len()));
        let mut coarse = Coarse::take(activations, units.len(), work);
        let mut gathered = work.take(if rows.dense().is_some() { 0 } else { PART * self.shared.columns() });
        let (mut loss, mut hits) = (0.0, 0);
        for part in rows.parts(PART) {
            let inputs = part.dense().unwrap_or_else(|| part.gather(&mut gathered));
            let units = &mut units[..self.layers.units() * part.len()];
            self.layers.forward(inputs, x, units, coarse.as_mut());
            let (part_loss, part_hits) = outputs::score(&part, self.layers.outputs_mut(units, part.len()));
            loss += part_loss;
            hits += part_hits;
        }
        Coarse::give(coarse, work);
        work.give(gathered);
        work.give(units);
        (loss, hits)
    }
}

impl<R: Real> Objective<R> for Mlp<R> {
    of_shared!();

    fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    fn gradient(&self, client: usize, x: &[R], sample: Sample<'_, R>, gradient: &mut [R], work: &mut Workspace<R>) -> f64 {
        self.gradient_in(Bits::FLOAT, client, x, sample, gradient, work)
    }

    fn gradient_in(
        &self,
        activations: Bits,
        client: usize,
        x: &[R],
        sample: Sample<'_, R>,
        gradient: &mut [R],
        work: &mut Workspace<R>,
    ) -> f64 {
        let rows = self.shared.pick(client, sample);
        let count = rows.len().max(1) as f64;
        self.shared.begin_gradient(x, gradient);
        let mut loss = 0.0;
        for part in rows.parts(PART) {
            loss += self.learn(activations, &part, Target::Gradient { x, gradient }, 1.0 / count, work);
        }
        if let Sample::Noise(noise) = sample {
            vector::axpy(R::one(), noise, gradient);
        }
        loss / count + self.shared.ridge(x)
    }

    /// Adds the gradient to the weights layer by layer where all rows pass through the network at once.
    fn step(
        &self,
        client: usize,
        y: &mut [R],
        sample: Sample<'_, R>,
        lr: f64,
        correction: &Correction<'_, R>,
        work: &mut Workspace<R>,
    ) {
        let rows = self.shared.pick(client, sample);
        if (1..=PART).contains(&rows.len()) {
            let affine = Affine::new(lr, correction, self.shared.l2, sample);
            let factor = affine.gradient / rows.len() as f64;
            let _ = self.learn(Bits::FLOAT, &rows, Target::Step { y, affine: &affine }, factor, work);
        } else {
            step_by_gradient(self, client, y, (sample, lr), correction, work);
        }
    }

    /// Works on a copy of `y` aligned to cache lines where the visit is long enough to pay for it.
    fn descend(
        &self,
        client: usize,
        y: &mut [R],
        visit: &mut Visit<'_, '_, R>,
        correction: &Correction<'_, R>,
        work: &mut Workspace<R>,
    ) {
        if visit.steps < WORTH_A_COPY {
            step_by_step(self, client, y, visit, correction, work);
            return;
        }
        let mut buffer = work.take(aligned_len::<R>(y.len()));
        let copy = aligned(&mut buffer, y.len());
        copy.copy_from_slice(y);
        step_by_step(self, client, copy, visit, correction, work);
        y.copy_from_slice(copy);
        work.give(buffer);
    }

    fn local_loss(&self, client: usize, x: &[R], work: &mut Workspace<R>) -> f64 {
        let rows = self.shared.pick(client, Sample::Full);
        self.evaluate(Bits::FLOAT, &rows, x, work).0 / rows.len().max(1) as f64 + self.shared.ridge(x)
    }

    fn score(&self, part: HeldOut, x: &[R], work: &mut Workspace<R>) -> Option<HeldOutScore> {
        self.score_in(Bits::FLOAT, part, x, work)
    }

    fn score_in(&self, activations: Bits, part: HeldOut, x: &[R], work: &mut Workspace<R>) -> Option<HeldOutScore> {
        let samples = self.shared.data.held_out(part)?;
        let (loss, hits) = self.evaluate(activations, &Picked::all(samples), x, work);
        let count = samples.len() as f64;
        let accuracy = outputs::is_classification(&samples.targets).then_some(hits as f64 / count);
        Some(HeldOutScore { loss: loss / count, accuracy })
    }

    fn linear_head(&self) -> Option<&dyn LinearHead<R>> {
        Some(self)
    }

    fn predictor(&self) -> Option<&dyn Predictor<R>> {
        Some(self)
    }

    fn cost(&self, samples: usize) -> f64 {
        3.0 * (samples * self.dim()) as f64
    }
}

impl<R: Real> LinearHead<R> for Mlp<R> {
    fn each_part(&self, client: usize, x: &[R], work: &mut Workspace<R>, visit: &mut dyn FnMut(&[R], &[R])) {
        let (mut units, mut wanted) = (work.take(self.layers.units() * PART), work.take(0));
        let mut gathered = work.take(PART * self.shared.columns());
        for part in self.shared.pick(client, Sample::Full).parts(PART) {
            let inputs = part.gather(&mut gathered);
            let units = &mut units[..self.layers.units() * part.len()];
            self.layers.forward(inputs, x, units, None);
            let outputs = self.layers.outputs_mut(units, part.len()).len() / part.len();
            part.wanted(outputs, &mut wanted);
            visit(self.layers.below_last(inputs, units), &wanted);
        }
        work.give(units);
        work.give(wanted);
        work.give(gathered);
    }
}

impl<R: Real> Predictor<R> for Mlp<R> {
    fn outputs(&self) -> Outputs {
        if outputs::is_classification(&self.shared.data.train.targets) { Outputs::Logits } else { Outputs::Value }
    }

    fn predict(&self, x: &[R], samples: &Samples<R>, rows: Range<usize>, outputs: &mut Vec<R>, work: &mut Workspace<R>) {
        let mut units = work.take(self.layers.units() * PART.min(rows.len()));
        let mut gathered = work.take(PART * self.shared.columns());
        for part in Picked::range(samples, rows).parts(PART) {
            let inputs = part.dense().unwrap_or_else(|| part.gather(&mut gathered));
            let units = &mut units[..self.layers.units() * part.len()];
            self.layers.forward(inputs, x, units, None);
            outputs.extend_from_slice(self.layers.outputs_mut(units, part.len()));
        }
        work.give(gathered);
        work.give(units);
    }
}

#[cfg(test)]
mod tests;
