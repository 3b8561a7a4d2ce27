//! Checks that every objective on samples must pass, and small data sets to run them on.

use super::{
    BatchSize, Batches, Correction, Objective, Sample, Visit, Workspace,
    data::{ClientData, Features, Samples, SparseRows, Targets},
};
use crate::{interrupt::Interrupt, num::Real, random::Rng};

/// Shape of a made-up data set: three clients with 1, 40 and 7 rows, and 50 held-out rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub columns: usize,
    /// Classes, or real targets for 0.
    pub classes: usize,
    pub sparse: bool,
}

impl Shape {
    pub fn data<R: Real>(self) -> ClientData<R> {
        ClientData {
            classes: Vec::new(),
            train: self.samples(48, 0.3),
            offsets: vec![0, 1, 41, 48].into(),
            test: Some(self.samples(50, 0.9)),
            validation: None,
        }
    }

    fn samples<R: Real>(self, rows: usize, salt: f64) -> Samples<R> {
        let value = |j: usize| (j as f64 * 1.7 + salt).sin() + (j as f64 * 0.31).cos();
        let entry = |j: usize| if self.sparse && !j.is_multiple_of(3) { R::zero() } else { R::of(value(j)) };
        let dense = ndarray::Array2::from_shape_fn((rows, self.columns), |(i, j)| entry(i * self.columns + j));
        let features = if self.sparse { Features::Sparse(compress(&dense)) } else { Features::Dense(dense) };
        let targets = match self.classes {
            0 => Targets::Values((0..rows).map(|i| R::of(value(i * 13))).collect()),
            count => Targets::Classes { labels: (0..rows).map(|i| (i * i % count) as u32).collect(), count },
        };
        Samples { features, targets }
    }
}

fn compress<R: Real>(dense: &ndarray::Array2<R>) -> SparseRows<R> {
    let mut sparse = SparseRows { columns: dense.ncols(), starts: vec![0], indices: Vec::new(), values: Vec::new() };
    for row in dense.rows() {
        for (j, &value) in row.iter().enumerate().filter(|(_, value)| **value != R::zero()) {
            sparse.indices.push(j as u32);
            sparse.values.push(value);
        }
        sparse.starts.push(sparse.values.len());
    }
    sparse
}

/// A point that is neither zero nor symmetric.
pub(crate) fn point<R: Real>(dim: usize, salt: f64) -> Vec<R> {
    (0..dim).map(|j| R::of(0.3 * (j as f64 * 0.77 + salt).sin())).collect()
}

/// Row lists of one batch each: 1, 7 and 32 rows of client 1, with repetition.
fn batches() -> [Vec<u32>; 3] {
    [vec![39], (0..7).map(|i| i * 5).collect(), (0..32).map(|i| i * 7 % 40).collect()]
}

/// Central differences of the loss agree with the gradient, on all rows and on batches.
pub(crate) fn gradient(objective: &dyn Objective<f64>) {
    let mut work = Workspace::new();
    let x: Vec<f64> = point(objective.dim(), 0.2);
    let (mut gradient, mut ignored) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    let batches = batches();
    let samples = batches.iter().map(|rows| (1, Sample::Rows(rows.as_slice()))).chain((0..3).map(|i| (i, Sample::Full)));
    for (client, sample) in samples {
        objective.gradient(client, &x, sample, &mut gradient, &mut work);
        let largest = gradient.iter().fold(1.0_f64, |largest, g| largest.max(g.abs()));
        for j in (0..x.len()).step_by(1 + x.len() / 60) {
            let mut at = |h: f64| {
                let mut moved = x.clone();
                moved[j] += h;
                objective.gradient(client, &moved, sample, &mut ignored, &mut work)
            };
            let slope = (at(1e-6) - at(-1e-6)) / 2e-6;
            assert!((slope - gradient[j]).abs() < 1e-8 * largest, "coordinate {j}: {slope} and {}", gradient[j]);
        }
    }
}

/// The loss on all rows is the same from the gradient and from an evaluation.
pub(crate) fn losses(objective: &dyn Objective<f64>) {
    let mut work = Workspace::new();
    let x = point(objective.dim(), 0.2);
    let mut gradient = vec![0.0; x.len()];
    for client in 0..objective.clients() {
        let loss = objective.gradient(client, &x, Sample::Full, &mut gradient, &mut work);
        approx::assert_relative_eq!(loss, objective.local_loss(client, &x, &mut work), max_relative = 1e-12);
    }
    let total: f64 = (0..objective.clients()).map(|client| objective.weight(client)).sum();
    approx::assert_relative_eq!(total, 1.0, epsilon = 1e-15);
    assert_eq!(objective.blocks().last().unwrap().range.end, objective.dim());
}

/// A step is the gradient followed by [`Correction::step`], up to `tolerance`, with and without every kind of correction and noise.
pub(crate) fn steps<R: Real>(objective: &dyn Objective<R>, tolerance: f64) {
    let mut work = Workspace::new();
    let y: Vec<R> = point(objective.dim(), 0.2);
    let (shift, anchor, noise) = (point(y.len(), 0.5), point(y.len(), 0.8), point(y.len(), 1.1));
    let batches = batches();
    let corrections = [
        Correction::NONE,
        Correction { scale: 0.4, ..Correction::NONE },
        Correction { shift: Some(&shift), ..Correction::NONE },
        Correction { pull: Some((0.7, &anchor)), ..Correction::NONE },
        Correction { scale: 0.9, shift: Some(&shift), pull: Some((0.7, &anchor)) },
    ];
    let samples = batches.iter().map(|rows| Sample::Rows(rows.as_slice())).chain([Sample::Full, Sample::Noise(&noise)]);
    for sample in samples {
        for correction in corrections {
            let (mut gradient, mut expected, mut stepped) = (vec![R::zero(); y.len()], y.clone(), y.clone());
            objective.gradient(1, &y, sample, &mut gradient, &mut work);
            correction.step(0.1, &gradient, &mut expected);
            objective.step(1, &mut stepped, sample, 0.1, &correction, &mut work);
            close(&stepped, &expected, tolerance);
        }
    }
}

/// A visit is its steps one by one, in the same bits.
pub(crate) fn visits<R: Real>(objective: &dyn Objective<R>) {
    let mut work = Workspace::new();
    let shift = point(objective.dim(), 0.5);
    let correction = Correction { shift: Some(&shift), ..Correction::NONE };
    let lr = |k: usize| 0.1 / (k + 1) as f64;
    for size in [BatchSize::Rows(9), BatchSize::Full] {
        let run = |together: bool, work: &mut Workspace<R>| {
            let (mut rng, mut order, mut draw) = (rng(), Vec::new(), Vec::new());
            let shape = (objective.samples(1), objective.dim());
            let mut batches = Batches::new(size, 0.0, shape, &mut rng, &mut order, &mut draw);
            let mut y: Vec<R> = point(objective.dim(), 0.2);
            if together {
                let mut visit = Visit { steps: 11, lr: &lr, batches: &mut batches, interrupt: Interrupt::default() };
                objective.descend(1, &mut y, &mut visit, &correction, work);
            } else {
                (0..11).for_each(|k| objective.step(1, &mut y, batches.next_sample(), lr(k), &correction, work));
            }
            y
        };
        assert_eq!(run(true, &mut work), run(false, &mut work));
    }
}

fn rng() -> Rng {
    use rand::SeedableRng;
    Rng::seed_from_u64(5)
}

/// Largest difference relative to the largest coordinate.
pub(crate) fn close<R: Real>(found: &[R], expected: &[R], tolerance: f64) {
    let largest = expected.iter().fold(0.0_f64, |largest, v| largest.max(v.f64().abs()));
    for (j, (found, expected)) in found.iter().zip(expected).enumerate() {
        let apart = (found.f64() - expected.f64()).abs();
        assert!(apart <= tolerance * largest, "coordinate {j}: {found} is not {expected}");
    }
}
