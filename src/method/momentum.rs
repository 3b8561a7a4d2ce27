//! Client momentum: the halves shared by FedAvg-M, SCAFFOLD-M and their variance-reduced versions.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Paper;
use crate::{
    analysis::{Needs, Slot},
    invalid::{Invalid, require},
    num::{Real, vector},
    protocol::{
        Local, Payload,
        federated::{Apply, Arrived, ServerUpdate, Workload, weighted_sum},
    },
};

/// The paper of the methods with momentum in the clients; the algorithm differs.
pub(super) const fn cheng(place: &'static str) -> Paper {
    Paper {
        key: "cheng2024momentum",
        authors: "Cheng, Ziheng and Huang, Xinmeng and Wu, Pengfei and Yuan, Kun",
        title: "Momentum Benefits Non-IID Federated Learning Simply and Provably",
        venue: "ICLR",
        year: 2024,
        place,
        link: "https://arxiv.org/abs/2306.16504",
    }
}

/// The initial momentum of a variance-reduced method.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Stochastic gradients at the initial model, which the first round collects.
    #[default]
    Gradient,
    /// Zero.
    Zero,
}

impl Start {
    /// The first message to clients: `x`, the vectors that the method sends along unless the first round collects them, and a server
    /// step of 0.
    pub(super) fn model<R: Real>(self, x: Vec<R>, others: usize) -> Payload<R> {
        let others = if self == Self::Zero { others } else { 0 };
        Payload::with_zeros(x, others).with_scalar(0.0)
    }

    /// Whether rounds may overlap: the control variates of clients whose first gradients come late would be missing from their mean.
    pub(super) fn overlap(self) -> Slot {
        if self == Self::Zero {
            return Slot::Open;
        }
        Slot::Closed(
            "the first round collects gradients, and under this schedule no round comes before the others",
            "set `start = \"zero\"`, or let the server act in rounds",
        )
    }

    /// Whether the uplink may remember: what it lost of a first gradient would come with an update.
    pub(super) fn memory(self) -> Slot {
        if self == Self::Zero {
            return Slot::Open;
        }
        Slot::Closed(
            "the first message of a client is a gradient and the others are updates: what the uplink lost of one does not belong to \
             another",
            "set `start = \"zero\"`, or name the compressor alone",
        )
    }
}

/// Checks the share `beta` of the fresh gradient and the server step `gamma`.
pub(super) fn validate(beta: f64, gamma: Option<f64>) -> Result<(), Invalid> {
    require(beta > 0.0 && beta <= 1.0, "beta", beta, "a share in (0, 1]")?;
    let gamma = gamma.unwrap_or(1.0);
    require(gamma > 0.0 && gamma.is_finite(), "gamma", gamma, "a positive number")
}

/// `a x + b y`, a new vector.
pub(super) fn combine<R: Real>(a: f64, x: &[R], b: f64, y: &[R]) -> Vec<R> {
    let mut sum = y.to_vec();
    vector::blend(R::of(a), x, R::of(b), &mut sum);
    sum
}

/// `a x`, a new vector.
pub(super) fn scaled<R: Real>(a: f64, x: &[R]) -> Vec<R> {
    let mut scaled = x.to_vec();
    vector::scale(R::of(a), &mut scaled);
    scaled
}

/// The coefficients of a batch whose updates are gradients of the clients and the server's momentum `g`, `1 − beta` of it: with
/// weights `p_i` a client's gradients count `N p_i` times, and its share of `g` once. Otherwise `g` would be multiplied by the
/// `Σ N p_i / |S|` of each cohort, and grow without bound under very uneven weights.
pub(super) struct Coefficients {
    pub gradients: Vec<f64>,
    momentum: Vec<f64>,
}

impl Coefficients {
    pub fn of<R: Real>(batch: &[Arrived<R>], ctx: &Apply<'_, R>) -> Self {
        Self { gradients: ctx.coefficients(batch), momentum: ctx.coefficients_of_returns(batch) }
    }

    /// The sum of the `D_i` of a batch, each times a `factor`; they hold `(1 − beta) Σ lr` of the momentum that they were sent.
    pub fn sum<R: Real>(&self, batch: &[Arrived<R>], beta: f64, factor: impl Fn(&Arrived<R>) -> f64) -> Vec<R> {
        let factors: Vec<f64> = batch.iter().map(factor).collect();
        let own: Vec<f64> = self.gradients.iter().zip(&factors).map(|(coefficient, factor)| coefficient * factor).collect();
        let mut sum = weighted_sum(batch, 0, &own);
        let returns = self.momentum.iter().zip(&self.gradients).map(|(momentum, gradient)| momentum - gradient);
        for ((up, missing), factor) in batch.iter().zip(returns).zip(factors).filter(|((_, missing), _)| *missing != 0.0) {
            vector::axpy(R::of(missing * factor * (1.0 - beta) * up.total_lr), &up.down.vectors[1], &mut sum);
        }
        sum
    }
}

/// The momentum `g`: the weighted mean of the directions `D_i / Σ lr`; `None` where no step of the batch had a size.
pub(super) fn mean_direction<R: Real>(batch: &[Arrived<R>], coefficients: &Coefficients, beta: f64) -> Option<Vec<R>> {
    batch.iter().any(|up| up.total_lr > 0.0).then(|| coefficients.sum(batch, beta, Arrived::per_lr))
}

/// The server step: `gamma`, or the mean of the clients' summed local step sizes, with which a step is FedAvg's; 0 where
/// no client has any weight.
pub(super) fn server_step<R: Real>(gamma: Option<f64>, batch: &[Arrived<R>], coefficients: &[f64]) -> f64 {
    gamma.unwrap_or_else(|| {
        let total: f64 = coefficients.iter().sum();
        let share = |coefficient: f64| if total == 0.0 { 0.0 } else { coefficient / total };
        batch.iter().zip(coefficients).map(|(up, &coefficient)| share(coefficient) * up.total_lr).sum()
    })
}

/// The model before the last server step: `x + gamma g`, shape `[d]`.
pub(super) fn previous<R: Real>(x: &[R], gamma: f64, g: &[R]) -> Vec<R> {
    combine(gamma, g, 1.0, x)
}

/// The server of the methods with recursive variance reduction. Clients are sent `x`, then `g`, and `c` with control variates, once they
/// are known, and the last server step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Recursive {
    beta: f64,
    gamma: Option<f64>,
    /// Whether clients have control variates: their changes follow `x − y` in an upload.
    controls: bool,
    /// Rounds that collected first gradients and did not move `x`.
    waited: u64,
}

impl Recursive {
    pub fn new(beta: f64, gamma: Option<f64>, controls: bool) -> Self {
        Self { beta, gamma, controls, waited: 0 }
    }
}

impl<R: Real> ServerUpdate<R> for Recursive {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        let known = model.vectors.len();
        self.waited += u64::from(known == 1);
        let batch = answers(batch, known);
        if batch.is_empty() {
            return;
        }
        let coefficients = Coefficients::of(&batch, ctx);
        let controls = |k| self.controls.then(|| weighted_sum(&batch, k, &ctx.weights(&batch)));
        if known == 1 {
            model.vectors.push(weighted_sum(&batch, 0, &coefficients.gradients));
            return model.vectors.extend(controls(0));
        }
        if let Some(g) = mean_direction(&batch, &coefficients, self.beta) {
            let gamma = server_step(self.gamma, &batch, &coefficients.gradients);
            vector::axpy(R::of(-gamma), &g, &mut model.vectors[0]);
            model.vectors[1] = g;
            model.scalars[0] = gamma;
        }
        if let Some(change) = controls(1) {
            vector::axpy(R::one(), &change, &mut model.vectors[2]);
        }
    }

    fn waited(&self) -> u64 {
        self.waited
    }

    fn sent(&self) -> &'static [&'static str] {
        if self.controls { &["g", "c"] } else { &["g"] }
    }
}

/// The uploads of a batch that answer the latest kind of broadcast, one of `known` vectors: first gradients are not mixed with
/// later updates.
fn answers<R: Real>(batch: &[Arrived<R>], known: usize) -> Cow<'_, [Arrived<R>]> {
    let answers = |up: &&Arrived<R>| up.down.vectors.len() == known;
    if batch.iter().all(|up| answers(&up)) { batch.into() } else { batch.iter().filter(answers).cloned().collect() }
}

/// Needs of methods with recursive variance reduction.
pub(super) const RECURSION: Needs = Needs {
    client: Slot::Own("clients follow the recursion of two gradients"),
    server: Slot::Own("clients rebuild the previous model from the server's step"),
    ..Needs::NOTHING
};

/// Gradients of a visit with recursive variance reduction: two a step, and one where the first round collects them.
pub(super) fn gradients<R: Real>(down: &Payload<R>, work: Workload) -> usize {
    if down.vectors.len() == 1 { work.steps } else { 2 * work.steps }
}

/// The mean of one stochastic gradient a local step, all at `x`, shape `[d]`.
pub(super) fn gradient_at<R: Real>(x: &[R], local: &mut Local<'_, R>) -> Vec<R> {
    let mut sum = vec![R::zero(); x.len()];
    let share = R::of(1.0 / local.steps as f64);
    local.each_step(&mut [], |step, _| {
        let gradient = step.gradient(x);
        vector::axpy(share, &gradient, &mut sum);
        step.work.give(gradient);
    });
    sum
}

/// Local steps with the momentum of the server and with recursive variance reduction, in place:
/// `y ← y − lr (∇F(y; ξ) + shift − (1 − beta) ∇F(previous; ξ))`. Returns the mean of the gradients `∇F(y; ξ)`, at `y` before it is
/// rounded.
pub(super) fn descend_recursively<R: Real>(
    y: &mut [R],
    (beta, previous): (f64, &[R]),
    shift: &[R],
    local: &mut Local<'_, R>,
) -> Vec<R> {
    let mut mean = vec![R::zero(); y.len()];
    let share = R::of(1.0 / local.steps as f64);
    local.each_step(y, |step, y| {
        let (fresh, old) = (step.gradient(y), step.gradient(previous));
        let lr = R::of(step.lr);
        vector::axpy(share, &fresh, &mut mean);
        vector::axpy(-lr, &fresh, y);
        vector::axpy(lr * R::of(1.0 - beta), &old, y);
        vector::axpy(-lr, shift, y);
        step.work.give(fresh);
        step.work.give(old);
    });
    mean
}
