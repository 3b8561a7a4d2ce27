//! Linear models of one output over the clients' samples: least squares and logistic regression, with l2.
//!
//! `fᵢ(x) = (1/nᵢ) Σ φ(⟨a, w⟩ + b, t) + (l2/2) ‖x‖²` over the samples `(a, t)` of client `i`, with `x = (w, b)` where there
//! is an intercept and `x = w` where there is none. The regularisation acts on all parameters.

mod rows;

pub use rows::Loss;

use std::{
    ops::Range,
    sync::{Arc, OnceLock},
};

use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use rows::{Pass, Rows};

use super::{
    Block, BlockKind, HeldOutScore, Inputs, Objective, ObjectiveKind, Properties, Sample, Workspace,
    data::{ClientData, Features, HeldOut, Samples, TargetKind},
    head::{LinearHead, each_raw_part},
    predictor::{Outputs, Predictor},
    quadratic::{Hessian, QuadraticForm},
    supervised::Picked,
};
use crate::{invalid::Invalid, memory::check_layers, num::Real};

/// Parameters beyond which the Gram matrix is not formed; the optimum then comes from conjugate gradients.
const LARGEST: usize = 1024;

/// Samples that enter the Gram matrix together.
const ROWS: usize = 512;

/// Columns of the Gram matrix that one job sums.
const COLUMNS: usize = 64;

/// Linear regression with squared errors.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LeastSquares {
    /// Whether the model has a bias; by default no.
    #[serde(default)]
    pub intercept: bool,
}

/// Logistic regression on two classes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Logistic {
    /// Whether the model has a bias; by default yes.
    #[serde(default = "yes")]
    pub intercept: bool,
}

fn yes() -> bool {
    true
}

impl ObjectiveKind for LeastSquares {
    const NAME: &'static str = "least-squares";

    fn properties(&self) -> Properties {
        Properties { samples: true, targets: TargetKind::Values, convex: true, solvable_head: true }
    }

    fn build<R: Real>(&self, inputs: &Inputs<R>) -> Result<Box<dyn Objective<R>>, Invalid> {
        linear(Loss::Square, self.intercept, inputs)
    }
}

impl ObjectiveKind for Logistic {
    const NAME: &'static str = "logistic";

    fn properties(&self) -> Properties {
        Properties { samples: true, targets: TargetKind::Classes, convex: true, solvable_head: false }
    }

    fn build<R: Real>(&self, inputs: &Inputs<R>) -> Result<Box<dyn Objective<R>>, Invalid> {
        linear(Loss::Logistic, self.intercept, inputs)
    }
}

fn linear<R: Real>(loss: Loss, intercept: bool, inputs: &Inputs<R>) -> Result<Box<dyn Objective<R>>, Invalid> {
    let data = inputs.data()?;
    check_layers("objective", &[data.train.features.columns(), 1])?;
    Ok(Box::new(Regression::new(loss, intercept, data, inputs.weights.clone(), inputs.l2)?))
}

/// Least squares or logistic regression.
#[derive(Debug)]
pub struct Regression<R> {
    loss: Loss,
    data: Arc<ClientData<R>>,
    /// Targets as the loss takes them: ±1 for logistic regression.
    targets: Vec<R>,
    /// The same of the test part and of the validation part.
    held_out: [Vec<R>; 2],
    weights: Vec<f64>,
    l2: f64,
    intercept: bool,
    blocks: Vec<Block>,
    form: OnceLock<Option<QuadraticForm>>,
}

impl<R: Real> Regression<R> {
    /// The model over `data`, with a bias if `intercept`, with the weights `pᵢ` of the clients and regularisation `l2`.
    ///
    /// # Errors
    /// [`Invalid`] at `objective` or `data` where the targets do not suit the loss.
    pub fn new(loss: Loss, intercept: bool, data: Arc<ClientData<R>>, weights: Vec<f64>, l2: f64) -> Result<Self, Invalid> {
        let targets = loss.targets(&data, &data.train.targets)?;
        let of = |part: &Option<Samples<R>>| part.as_ref().map_or(Ok(Vec::new()), |part| loss.targets(&data, &part.targets));
        let held_out = [of(&data.test)?, of(&data.validation)?];
        let columns = data.train.features.columns();
        let block = |name: &str, range, kind| Block { name: name.into(), range, kind, fan_in: columns, fan_out: 1 };
        let mut blocks = vec![block("weight", 0..columns, BlockKind::Weight)];
        if intercept {
            blocks.push(block("bias", columns..columns + 1, BlockKind::Bias));
        }
        Ok(Self { loss, data, targets, held_out, weights, l2, intercept, blocks, form: OnceLock::new() })
    }

    fn pass<'a>(&'a self, x: &'a [R], rows: Rows<'a>) -> Pass<'a, R> {
        let (weights, bias) = x.split_at(self.data.train.features.columns());
        Pass {
            loss: self.loss,
            features: &self.data.train.features,
            targets: &self.targets,
            rows,
            weights,
            bias: bias.first().copied(),
        }
    }

    fn penalty(&self, x: &[R]) -> f64 {
        0.5 * self.l2 * crate::num::vector::norm2(x)
    }

    fn add_penalty_gradient(&self, x: &[R], gradient: &mut [R]) {
        if self.l2 != 0.0 {
            crate::num::vector::axpy(R::of(self.l2), x, gradient);
        }
    }

    /// The global least-squares objective as a quadratic form by the normal equations, summed in double precision in the order of
    /// the rows.
    fn form(&self) -> Option<QuadraticForm> {
        let (Self { data, targets, weights, .. }, dim) = (self, self.dim());
        if dim > LARGEST {
            return None;
        }
        let mut share = vec![0.0; targets.len()];
        for (client, weight) in weights.iter().enumerate() {
            let rows = data.rows(client);
            let each = weight / rows.len().max(1) as f64;
            share[rows].iter_mut().for_each(|share| *share += each);
        }
        let (mut gram, mut b, mut constant) = (vec![0.0; dim * dim], vec![0.0; dim], 0.0);
        let mut block = vec![0.0; ROWS * dim];
        for start in (0..targets.len()).step_by(ROWS) {
            let rows = start..(start + ROWS).min(targets.len());
            let block = &mut block[..rows.len() * dim];
            for (row, sample) in rows.zip(block.chunks_exact_mut(dim)) {
                let root = share[row].sqrt();
                fill(&data.train.features, row, root, self.intercept, sample);
                let target = root * targets[row].f64();
                sample.iter().zip(&mut b).for_each(|(a, b)| *b += a * target);
                constant += 0.5 * target * target;
            }
            add_gram(block, dim, &mut gram);
        }
        (0..dim).for_each(|j| gram[j * dim + j] += self.l2);
        Some(QuadraticForm::minimise(Hessian::Dense(gram), &b, constant))
    }
}

impl<R: Real> Objective<R> for Regression<R> {
    fn clients(&self) -> usize {
        self.data.clients()
    }

    fn samples(&self, client: usize) -> usize {
        self.data.rows(client).len()
    }

    fn weight(&self, client: usize) -> f64 {
        self.weights[client]
    }

    fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    fn gradient(&self, client: usize, x: &[R], sample: Sample<'_, R>, gradient: &mut [R], _: &mut Workspace<R>) -> f64 {
        let own = self.data.rows(client);
        let rows = match sample {
            Sample::Rows(rows) => Rows::Picked { start: own.start, rows },
            Sample::Full | Sample::Noise(_) => Rows::Range(own),
        };
        gradient.fill(R::zero());
        let loss = self.pass(x, rows).gradient(gradient);
        self.add_penalty_gradient(x, gradient);
        if let Sample::Noise(noise) = sample {
            gradient.iter_mut().zip(noise).for_each(|(g, &noise)| *g += noise);
        }
        loss + self.penalty(x)
    }

    fn local_loss(&self, client: usize, x: &[R], _: &mut Workspace<R>) -> f64 {
        self.pass(x, Rows::Range(self.data.rows(client))).score().loss + self.penalty(x)
    }

    fn score(&self, part: HeldOut, x: &[R], _: &mut Workspace<R>) -> Option<HeldOutScore> {
        let samples = self.data.held_out(part)?;
        let rows = Rows::Range(0..samples.len());
        let targets = &self.held_out[part as usize];
        let score = Pass { features: &samples.features, targets, ..self.pass(x, rows) }.score();
        let accuracy = (self.loss == Loss::Logistic).then_some(score.hits);
        Some(HeldOutScore { loss: score.loss, accuracy })
    }

    fn hessian_product(&self, client: usize, x: &[R], v: &[R], product: &mut [R], _: &mut Workspace<R>) -> bool {
        product.fill(R::zero());
        self.pass(x, Rows::Range(self.data.rows(client))).hessian_product(v, product);
        self.add_penalty_gradient(v, product);
        true
    }

    fn quadratic_form(&self) -> Option<&QuadraticForm> {
        if self.loss != Loss::Square {
            return None;
        }
        self.form.get_or_init(|| self.form()).as_ref()
    }

    fn linear_head(&self) -> Option<&dyn LinearHead<R>> {
        (self.loss == Loss::Square).then_some(self)
    }

    fn predictor(&self) -> Option<&dyn Predictor<R>> {
        Some(self)
    }

    fn cost(&self, samples: usize) -> f64 {
        let train = &self.data.train;
        2.0 * samples as f64 * rows::stored(&train.features) as f64 / train.len().max(1) as f64
    }
}

impl<R: Real> LinearHead<R> for Regression<R> {
    fn each_part(&self, client: usize, _: &[R], work: &mut Workspace<R>, visit: &mut dyn FnMut(&[R], &[R])) {
        let rows = Picked::range(&self.data.train, self.data.rows(client));
        each_raw_part(&rows, (self.data.train.features.columns(), 1), work, visit);
    }
}

impl<R: Real> Predictor<R> for Regression<R> {
    fn outputs(&self) -> Outputs {
        if self.loss == Loss::Logistic { Outputs::Margin } else { Outputs::Value }
    }

    fn predict(&self, x: &[R], samples: &Samples<R>, rows: Range<usize>, outputs: &mut Vec<R>, _: &mut Workspace<R>) {
        let pass = Pass { features: &samples.features, targets: &[], ..self.pass(x, Rows::Range(rows.clone())) };
        outputs.extend(rows.map(|row| pass.predict(samples.features.row(row))));
    }
}

/// Writes `factor` times the features of `row`, and of the constant, into `sample`.
fn fill<R: Real>(features: &Features<R>, row: usize, factor: f64, intercept: bool, sample: &mut [f64]) {
    match features {
        Features::Dense(matrix) => sample.iter_mut().zip(matrix.row(row)).for_each(|(to, from)| *to = factor * from.f64()),
        Features::Sparse(matrix) => {
            sample.fill(0.0);
            let (indices, values) = matrix.row(row);
            indices.iter().zip(values).for_each(|(&j, value)| sample[j as usize] = factor * value.f64());
        }
    }
    if let Some(last) = sample.last_mut().filter(|_| intercept) {
        *last = factor;
    }
}

/// Adds `BᵀB` for the row-major block `B`; each job owns some columns of the sum, so the order of additions is fixed.
fn add_gram(block: &[f64], dim: usize, gram: &mut [f64]) {
    let rows = block.len() / dim;
    gram.par_chunks_mut(COLUMNS * dim).enumerate().for_each(|(job, columns)| {
        let count = columns.len() / dim;
        let samples = MatRef::from_row_major_slice(block, rows, dim);
        let right = samples.subcols(job * COLUMNS, count);
        let sum = MatMut::from_column_major_slice_mut(columns, dim, count);
        matmul(sum, Accum::Add, samples.transpose(), right, 1.0, Par::Seq);
    });
}

#[cfg(test)]
mod tests;
