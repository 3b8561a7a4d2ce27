//! Passes of a linear model over rows of samples, compiled for the processor's widest instructions.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::{
    invalid::Invalid,
    num::Real,
    problem::{
        data::{ClientData, Features, Row, Targets},
        supervised,
    },
};

/// Which rows a pass runs over.
#[derive(Debug, Clone)]
pub(super) enum Rows<'a> {
    /// Consecutive rows.
    Range(Range<usize>),
    /// Rows counted from `start`.
    Picked { start: usize, rows: &'a [u32] },
}

/// One pass of the model with weights `[columns]` and a bias over some rows.
#[derive(Debug, Clone)]
pub(super) struct Pass<'a, R> {
    pub loss: Loss,
    pub features: &'a Features<R>,
    pub targets: &'a [R],
    pub rows: Rows<'a>,
    pub weights: &'a [R],
    pub bias: Option<R>,
}

/// Means over the rows of a pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Score {
    pub loss: f64,
    /// Share of rows whose prediction has the sign of the target.
    pub hits: f64,
}

/// Stored entries of a feature matrix.
pub(super) fn stored<R: Real>(features: &Features<R>) -> usize {
    match features {
        Features::Dense(matrix) => matrix.len(),
        Features::Sparse(matrix) => matrix.values.len(),
    }
}

impl<R: Real> Pass<'_, R> {
    /// Adds the mean gradient to `gradient`, shape `[columns + 1]` with a bias, and returns the mean loss.
    pub fn gradient(&self, gradient: &mut [R]) -> f64 {
        Arch::new().dispatch(Gradient { pass: self, gradient })
    }

    /// Mean loss and share of hits.
    pub fn score(&self) -> Score {
        Arch::new().dispatch(Scoring { pass: self })
    }

    /// Adds the mean Hessian times `v` to `product`, shapes `[columns + 1]` with a bias.
    pub fn hessian_product(&self, v: &[R], product: &mut [R]) {
        Arch::new().dispatch(HessianProduct { pass: self, v, product });
    }

    fn len(&self) -> usize {
        match &self.rows {
            Rows::Range(range) => range.len(),
            Rows::Picked { rows, .. } => rows.len(),
        }
    }

    #[inline(always)]
    fn each(&self, mut visit: impl FnMut(Row<'_, R>, R)) {
        let mut visit_row = |row: usize| visit(self.features.row(row), self.targets[row]);
        match &self.rows {
            Rows::Range(range) => range.clone().for_each(&mut visit_row),
            Rows::Picked { start, rows } => rows.iter().for_each(|&row| visit_row(start + row as usize)),
        }
    }

    /// The output of the model for one row.
    #[inline(always)]
    pub fn predict(&self, row: Row<'_, R>) -> R {
        row.dot(self.weights) + self.bias.unwrap_or_else(R::zero)
    }
}

struct Gradient<'a, 'p, R> {
    pass: &'a Pass<'p, R>,
    gradient: &'a mut [R],
}

impl<R: Real> WithSimd for Gradient<'_, '_, R> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> f64 {
        let Self { pass, gradient } = self;
        let share = 1.0 / pass.len().max(1) as f64;
        let (slopes, bias) = gradient.split_at_mut(pass.weights.len());
        let mut loss = 0.0;
        pass.each(|row, target| {
            let p = pass.predict(row);
            loss += pass.loss.value(p, target);
            let slope = R::of(share) * pass.loss.slope(p, target);
            row.add_to(slope, slopes);
            bias.iter_mut().for_each(|bias| *bias += slope);
        });
        loss * share
    }
}

struct Scoring<'a, 'p, R> {
    pass: &'a Pass<'p, R>,
}

impl<R: Real> WithSimd for Scoring<'_, '_, R> {
    type Output = Score;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Score {
        let share = 1.0 / self.pass.len().max(1) as f64;
        let (mut loss, mut hits) = (0.0, 0usize);
        self.pass.each(|row, target| {
            let p = self.pass.predict(row);
            loss += self.pass.loss.value(p, target);
            hits += usize::from((p > R::zero()) == (target > R::zero()));
        });
        Score { loss: loss * share, hits: hits as f64 * share }
    }
}

struct HessianProduct<'a, 'p, R> {
    pass: &'a Pass<'p, R>,
    v: &'a [R],
    product: &'a mut [R],
}

impl<R: Real> WithSimd for HessianProduct<'_, '_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { pass, v, product } = self;
        let share = R::of(1.0 / pass.len().max(1) as f64);
        let columns = pass.weights.len();
        let (sums, bias) = product.split_at_mut(columns);
        let along_bias = v.get(columns).copied().unwrap_or_else(R::zero);
        pass.each(|row, target| {
            let along = row.dot(&v[..columns]) + along_bias;
            let factor = share * pass.loss.curvature(pass.predict(row), target) * along;
            row.add_to(factor, sums);
            bias.iter_mut().for_each(|bias| *bias += factor);
        });
    }
}

/// The loss `φ(p, t)` of a prediction `p` for the target `t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// `½ (p − t)²`.
    Square,
    /// `ln(1 + exp(−t p))` with `t = ±1`.
    Logistic,
}

impl Loss {
    /// `φ(p, t)`.
    #[inline(always)]
    pub(super) fn value<R: Real>(self, p: R, t: R) -> f64 {
        match self {
            Self::Square => 0.5 * (p - t).f64().powi(2),
            Self::Logistic => {
                let margin = (t * p).f64();
                (-margin.abs()).exp().ln_1p() + (-margin).max(0.0)
            }
        }
    }

    /// `∂φ/∂p`.
    #[inline(always)]
    pub(super) fn slope<R: Real>(self, p: R, t: R) -> R {
        match self {
            Self::Square => p - t,
            Self::Logistic => -t * sigmoid(-t * p),
        }
    }

    /// `∂²φ/∂p²`.
    #[inline(always)]
    pub(super) fn curvature<R: Real>(self, p: R, t: R) -> R {
        match self {
            Self::Square => R::one(),
            Self::Logistic => sigmoid(t * p) * sigmoid(-t * p),
        }
    }

    /// Turns the targets of a data set into those of the loss; two classes become −1 and 1, in this order.
    pub(super) fn targets<R: Real>(self, data: &ClientData<R>, targets: &Targets<R>) -> Result<Vec<R>, Invalid> {
        let sign = |positive: bool| if positive { R::one() } else { -R::one() };
        match targets {
            Targets::Classes { labels, count: 2 } => Ok(labels.iter().map(|&label| sign(label == 1)).collect()),
            Targets::Classes { count, .. } => Err(match self {
                Self::Logistic if *count < 2 => supervised::only_one(data),
                Self::Logistic => {
                    Invalid::at("objective", format!("logistic regression needs two classes, and the data have {count}"))
                        .help("use `objective = \"softmax\"`")
                }
                Self::Square => supervised::no_values(data, *count),
            }),
            Targets::Values(values) => match self {
                Self::Square => Ok(values.clone()),
                Self::Logistic => binary(values).map(|positive| values.iter().map(|&value| sign(value == positive)).collect()),
            },
        }
    }
}

/// The larger of the two values that binary targets take: 1, beside 0 or −1.
fn binary<R: Real>(values: &[R]) -> Result<R, Invalid> {
    let zero_one = values.iter().all(|&v| v == R::zero() || v == R::one());
    let plus_minus = values.iter().all(|&v| v == -R::one() || v == R::one());
    if zero_one || plus_minus {
        return Ok(R::one());
    }
    Err(supervised::real("logistic regression", true, values))
}

#[inline(always)]
fn sigmoid<R: Real>(z: R) -> R {
    // Only exponentials of negative numbers, so that nothing overflows.
    let e = num_traits::Float::exp(-num_traits::Float::abs(z));
    if z >= R::zero() { R::one() / (R::one() + e) } else { e / (R::one() + e) }
}
