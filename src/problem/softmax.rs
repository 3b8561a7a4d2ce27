//! Softmax (multinomial logistic) regression with l2 regularisation.
//!
//! `fᵢ(x) = (1/nᵢ) Σⱼ −ln softmax(W aⱼ + b)_{label j} + λ/2 ‖x‖²` with `x = (W, b)`: weights `W`, shape `[C, p]`, row by row,
//! then biases `b`, shape `[C]`. The regularisation acts on weights **and** biases, so that `f` is `λ`-strongly convex
//! and has one minimiser.

mod model;

use std::{ops::Range, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use model::{Model, accumulate, logits};

use super::{
    Block, BlockKind, Correction, HeldOutScore, Inputs, Objective, ObjectiveKind, Properties, Sample, Visit, Workspace,
    correction::Affine,
    data::{ClientData, HeldOut, Samples, TargetKind, Targets},
    head::{LinearHead, each_raw_part},
    outputs,
    predictor::{Outputs, Predictor},
    supervised::{self, Picked, Supervised, of_shared},
};
use crate::{
    invalid::Invalid,
    memory::check_layers,
    num::{Real, vector},
};

/// Rows whose logits are held at once where a whole data set is evaluated.
const PART: usize = 256;

/// Multinomial logistic regression.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SoftmaxSpec {}

impl ObjectiveKind for SoftmaxSpec {
    const NAME: &'static str = "softmax";

    fn properties(&self) -> Properties {
        Properties { samples: true, targets: TargetKind::Classes, convex: true, solvable_head: true }
    }

    fn build<R: Real>(&self, inputs: &Inputs<R>) -> Result<Box<dyn Objective<R>>, Invalid> {
        let data = inputs.data()?;
        check_layers("objective", &[data.train.features.columns(), data.train.targets.outputs()])?;
        Ok(Box::new(Softmax::new(data, inputs.l2)?.with_weights(&inputs.weights)?))
    }
}

/// Softmax regression over the clients' data.
#[derive(Debug, Clone)]
pub struct Softmax<R> {
    shared: Supervised<R>,
    classes: usize,
    blocks: Vec<Block>,
}

impl<R: Real> Softmax<R> {
    /// Softmax regression with `l2 = λ`; clients weigh as their shares of the training samples.
    ///
    /// # Errors
    /// [`Invalid`] at `data`, `partition` or `l2`: targets that are not classes, shapes that do not fit, a negative `λ`.
    pub fn new(data: Arc<ClientData<R>>, l2: f64) -> Result<Self, Invalid> {
        let shared = Supervised::new(data, l2)?;
        if let Targets::Values(values) = &shared.data.train.targets {
            return Err(supervised::real("softmax regression", false, values));
        }
        let classes = outputs::count(&shared.data)?;
        let columns = shared.columns();
        let block = |name: &str, range, kind| Block { name: name.to_owned(), range, kind, fan_in: columns, fan_out: classes };
        let split = classes * columns;
        let blocks = vec![block("weight", 0..split, BlockKind::Weight), block("bias", split..split + classes, BlockKind::Bias)];
        Ok(Self { shared, classes, blocks })
    }

    /// Gives the clients these weights, scaled to sum to 1.
    ///
    /// # Errors
    /// [`Invalid`] at `weights` unless there is one weight of at least 0 per client, and not all are 0.
    pub fn with_weights(mut self, weights: &[f64]) -> Result<Self, Invalid> {
        self.shared.reweight(weights)?;
        Ok(self)
    }

    /// One local step on a model in any layout, without ever writing the gradient down.
    fn fused_step(&self, rows: &Picked<'_, R>, mut model: Model<&mut [R]>, affine: &Affine<'_, R>, work: &mut Workspace<R>) {
        let mut residuals = work.take(rows.len() * self.classes);
        let factor = affine.gradient / rows.len().max(1) as f64;
        logits(rows, model.view(), &mut residuals);
        outputs::residuals(rows, factor, &mut residuals);
        let columns = self.shared.columns();
        for k in 0..self.classes {
            affine.apply(k * columns..(k + 1) * columns, model.row(k));
        }
        affine.apply(self.blocks[1].range.clone(), model.biases);
        accumulate(rows, &residuals, &mut model);
        work.give(residuals);
    }

    /// Summed loss and number of hits on `rows`, without regularisation.
    fn evaluate(&self, rows: &Picked<'_, R>, x: &[R], work: &mut Workspace<R>) -> (f64, usize) {
        let mut z = work.take(PART * self.classes);
        let (mut loss, mut hits) = (0.0, 0);
        for part in rows.parts(PART) {
            let z = &mut z[..part.len() * self.classes];
            logits(&part, self.model(x), z);
            let (part_loss, part_hits) = outputs::score(&part, z);
            loss += part_loss;
            hits += part_hits;
        }
        work.give(z);
        (loss, hits)
    }

    fn model<'a>(&self, x: &'a [R]) -> Model<&'a [R]> {
        let (weights, biases) = x.split_at(self.classes * self.shared.columns());
        Model::packed(weights, biases, self.shared.columns())
    }

    fn model_mut<'a>(&self, y: &'a mut [R]) -> Model<&'a mut [R]> {
        let (weights, biases) = y.split_at_mut(self.classes * self.shared.columns());
        Model::packed(weights, biases, self.shared.columns())
    }
}

impl<R: Real> Objective<R> for Softmax<R> {
    of_shared!();

    fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    fn gradient(&self, client: usize, x: &[R], sample: Sample<'_, R>, gradient: &mut [R], work: &mut Workspace<R>) -> f64 {
        let rows = self.shared.pick(client, sample);
        let count = rows.len().max(1) as f64;
        let mut residuals = work.take(rows.len() * self.classes);
        logits(&rows, self.model(x), &mut residuals);
        let (loss, _) = outputs::score(&rows, &residuals);
        outputs::residuals(&rows, 1.0 / count, &mut residuals);
        self.shared.begin_gradient(x, gradient);
        accumulate(&rows, &residuals, &mut self.model_mut(gradient));
        if let Sample::Noise(noise) = sample {
            vector::axpy(R::one(), noise, gradient);
        }
        work.give(residuals);
        loss / count + self.shared.ridge(x)
    }

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
        let affine = Affine::new(lr, correction, self.shared.l2, sample);
        self.fused_step(&rows, self.model_mut(y), &affine, work);
    }

    /// Works on a copy of `y` whose rows are aligned to cache lines.
    fn descend(
        &self,
        client: usize,
        y: &mut [R],
        visit: &mut Visit<'_, '_, R>,
        correction: &Correction<'_, R>,
        work: &mut Workspace<R>,
    ) {
        let mut buffer = work.take(Model::<&[R]>::aligned_len::<R>(self.classes, self.shared.columns()));
        let mut copy = Model::aligned(&mut buffer, self.classes, self.shared.columns());
        copy.copy_from(&self.model(y));
        for k in visit.interrupt.steps(visit.steps) {
            let sample = visit.batches.next_sample();
            let affine = Affine::new((visit.lr)(k), correction, self.shared.l2, sample);
            self.fused_step(&self.shared.pick(client, sample), copy.reborrow(), &affine, work);
        }
        self.model_mut(y).copy_from(&copy.view());
        work.give(buffer);
    }

    fn local_loss(&self, client: usize, x: &[R], work: &mut Workspace<R>) -> f64 {
        let rows = self.shared.pick(client, Sample::Full);
        self.evaluate(&rows, x, work).0 / rows.len().max(1) as f64 + self.shared.ridge(x)
    }

    fn score(&self, part: HeldOut, x: &[R], work: &mut Workspace<R>) -> Option<HeldOutScore> {
        let samples = self.shared.data.held_out(part)?;
        let (loss, hits) = self.evaluate(&Picked::all(samples), x, work);
        let count = samples.len() as f64;
        Some(HeldOutScore { loss: loss / count, accuracy: Some(hits as f64 / count) })
    }

    fn linear_head(&self) -> Option<&dyn LinearHead<R>> {
        Some(self)
    }

    fn predictor(&self) -> Option<&dyn Predictor<R>> {
        Some(self)
    }

    fn cost(&self, samples: usize) -> f64 {
        2.0 * (samples * self.dim()) as f64
    }
}

impl<R: Real> LinearHead<R> for Softmax<R> {
    fn each_part(&self, client: usize, _: &[R], work: &mut Workspace<R>, visit: &mut dyn FnMut(&[R], &[R])) {
        let rows = self.shared.pick(client, Sample::Full);
        each_raw_part(&rows, (self.shared.columns(), self.classes), work, visit);
    }
}

impl<R: Real> Predictor<R> for Softmax<R> {
    fn outputs(&self) -> Outputs {
        Outputs::Logits
    }

    fn predict(&self, x: &[R], samples: &Samples<R>, rows: Range<usize>, outputs: &mut Vec<R>, _: &mut Workspace<R>) {
        for part in Picked::range(samples, rows).parts(PART) {
            let first = outputs.len();
            outputs.resize(first + part.len() * self.classes, R::zero());
            logits(&part, self.model(x), &mut outputs[first..]);
        }
    }
}

#[cfg(test)]
mod tests;
