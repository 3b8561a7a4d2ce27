//! One local step of softmax regression and of a perceptron, beside the same step in plain loops and in ndarray products.
//!
//! Quote the ratios within one run: absolute times drift with the machine.

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use fedfleet::{
    interrupt::Interrupt,
    num::vector,
    problem::{
        Activation, Batches, Correction, Mlp, Objective, Softmax, Visit, Workspace,
        batches::BatchSize,
        data::{ClientData, Features, Samples, Targets},
    },
    random::Rng,
};
use ndarray::{Array1, Array2, Axis, linalg::general_mat_mul};
use rand::SeedableRng;

/// Features, hidden units and classes of the measured problem.
const INPUTS: usize = 784;
const HIDDEN: usize = 200;
const CLASSES: usize = 10;

/// Steps of one visit to a client.
const STEPS: usize = 25;

/// Samples of the client: whole batches, about fifty.
fn samples(batch: usize) -> usize {
    50_usize.next_multiple_of(batch)
}

fn features(batch: usize) -> Array2<f32> {
    Array2::from_shape_fn((samples(batch), INPUTS), |(i, j)| ((i * INPUTS + j) as f32 * 0.37).sin().max(0.0))
}

fn label(row: usize) -> usize {
    row % CLASSES
}

fn data(batch: usize) -> Arc<ClientData<f32>> {
    let samples = samples(batch);
    let targets = Targets::Classes { labels: (0..samples).map(|row| label(row) as u32).collect(), count: CLASSES };
    let train = Samples { features: Features::Dense(features(batch)), targets };
    Arc::new(ClientData { classes: Vec::new(), train, offsets: vec![0, samples].into(), test: None, validation: None }.aligned())
}

fn start(len: usize) -> Vec<f32> {
    (0..len).map(|j| (j as f32 * 1.3).sin() * 0.05).collect()
}

/// A visit of [`STEPS`] steps as the simulator makes it.
fn visit(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, objective: &dyn Objective<f32>, batch: usize, shifted: bool) {
    let (mut work, mut rng, mut order, mut draw) = (Workspace::new(), Rng::seed_from_u64(1), Vec::new(), Vec::new());
    let (mut y, shift) = (start(objective.dim()), vec![1e-6; objective.dim()]);
    let drift = Correction { shift: shifted.then_some(shift.as_slice()), ..Correction::NONE };
    group.bench_function(format!("{name}, batch {batch}"), |bencher| {
        bencher.iter(|| {
            let mut batches =
                Batches::new(BatchSize::Rows(batch), 0.0, (samples(batch), y.len()), &mut rng, &mut order, &mut draw);
            let mut visit = Visit { steps: STEPS, lr: &|_| 0.01, batches: &mut batches, interrupt: Interrupt::default() };
            objective.descend(0, black_box(&mut y), &mut visit, &drift, &mut work);
        });
    });
}

/// `z ← factor (softmax(z) − one-hot)`, row by row.
fn residuals(z: &mut Array2<f32>, factor: f32, rows: &[usize]) {
    for (mut z, &row) in z.rows_mut().into_iter().zip(rows) {
        let largest = z.fold(f32::NEG_INFINITY, |a, &b| a.max(b));
        z.mapv_inplace(|z| (z - largest).exp());
        let sum = z.sum();
        z.mapv_inplace(|z| factor * z / sum);
        z[label(row)] -= factor;
    }
}

/// A softmax step in ndarray products on gathered rows.
fn ndarray_softmax(x: &Array2<f32>, rows: &[usize], w: &mut Array2<f32>, b: &mut Array1<f32>) {
    let batch = x.select(Axis(0), rows);
    let mut z = batch.dot(&w.t()) + &*b;
    residuals(&mut z, -0.01 / rows.len() as f32, rows);
    general_mat_mul(1.0, &z.t(), &batch, 1.0, w);
    *b += &z.sum_axis(Axis(0));
}

/// A softmax step in plain loops over rows of weights, compiled for the baseline of the architecture.
fn loop_softmax(x: &Array2<f32>, rows: &[usize], w: &mut Array2<f32>, b: &mut Array1<f32>) {
    let (x, w) = (x.as_slice().expect("row by row"), w.as_slice_mut().expect("row by row"));
    let sample = |row: usize| &x[row * INPUTS..(row + 1) * INPUTS];
    let inner = |a: &[f32], b: &[f32]| a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + a * b);
    let mut z = Array2::from_shape_fn((rows.len(), CLASSES), |(i, k)| inner(sample(rows[i]), &w[k * INPUTS..][..INPUTS]) + b[k]);
    residuals(&mut z, -0.01 / rows.len() as f32, rows);
    for (z, &row) in z.rows().into_iter().zip(rows) {
        for (k, w) in w.chunks_exact_mut(INPUTS).enumerate() {
            w.iter_mut().zip(sample(row)).for_each(|(w, x)| *w += z[k] * x);
            b[k] += z[k];
        }
    }
}

/// A perceptron step in ndarray products on gathered rows.
fn ndarray_mlp(x: &Array2<f32>, rows: &[usize], w: &mut [Array2<f32>; 2], b: &mut [Array1<f32>; 2]) {
    let batch = x.select(Axis(0), rows);
    let mut hidden = batch.dot(&w[0]) + &b[0];
    hidden.mapv_inplace(|h| h.max(0.0));
    let mut z = hidden.dot(&w[1]) + &b[1];
    residuals(&mut z, -0.01 / rows.len() as f32, rows);
    let mut errors = z.dot(&w[1].t());
    errors.zip_mut_with(&hidden, |error, &h| *error = if h > 0.0 { *error } else { 0.0 });
    general_mat_mul(1.0, &hidden.t(), &z, 1.0, &mut w[1]);
    general_mat_mul(1.0, &batch.t(), &errors, 1.0, &mut w[0]);
    b[1] += &z.sum_axis(Axis(0));
    b[0] += &errors.sum_axis(Axis(0));
}

/// [`STEPS`] steps of a yardstick over the same rows in a fixed order.
fn yardstick(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, batch: usize, mut step: impl FnMut(&Array2<f32>, &[usize])) {
    let x = features(batch);
    let order: Vec<usize> = (0..samples(batch)).map(|i| i * 7 % samples(batch)).collect();
    group.bench_function(format!("{name}, batch {batch}"), |bencher| {
        bencher.iter(|| order.chunks_exact(batch).cycle().take(STEPS).for_each(|rows| step(&x, black_box(rows))));
    });
}

fn softmax(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("softmax 784-10, 25 steps");
    let weights = || (Array2::from_elem((CLASSES, INPUTS), 0.01), Array1::zeros(CLASSES));
    for batch in [10, 32] {
        let plain = Softmax::new(data(batch), 0.0).expect("the data are sound");
        let ridge = Softmax::new(data(batch), 1e-4).expect("the data are sound");
        visit(&mut group, "fused", &plain, batch, false);
        visit(&mut group, "fused, l2", &ridge, batch, false);
        visit(&mut group, "fused, shift", &plain, batch, true);
        let (mut w, mut b) = weights();
        yardstick(&mut group, "ndarray", batch, |x, rows| ndarray_softmax(x, rows, &mut w, &mut b));
        let (mut w, mut b) = weights();
        yardstick(&mut group, "loops", batch, |x, rows| loop_softmax(x, rows, &mut w, &mut b));
    }
    group.finish();
}

fn perceptron(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("perceptron 784-200-10, 25 steps");
    for batch in [10, 32] {
        let plain = Mlp::new(data(batch), &[HIDDEN], Activation::Relu, 0.0).expect("the data are sound");
        visit(&mut group, "fused", &plain, batch, false);
        visit(&mut group, "fused, shift", &plain, batch, true);
        let matrix = |rows, columns| Array2::from_shape_vec((rows, columns), start(rows * columns)).expect("the shape fits");
        let mut w = [matrix(INPUTS, HIDDEN), matrix(HIDDEN, CLASSES)];
        let mut b = [Array1::zeros(HIDDEN), Array1::zeros(CLASSES)];
        yardstick(&mut group, "ndarray", batch, |x, rows| ndarray_mlp(x, rows, &mut w, &mut b));
    }
    group.finish();
}

fn vectors(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("vectors of 7850");
    let (x, mut y): (Vec<f32>, Vec<f32>) = (start(7850), start(7850));
    group.bench_function("axpy", |bencher| bencher.iter(|| vector::axpy(1e-6, black_box(&x), black_box(&mut y))));
    group.bench_function("dot", |bencher| bencher.iter(|| vector::dot(black_box(&x), black_box(&x))));
    let terms: Vec<(f64, &[f32])> = (0..10).map(|_| (0.1, x.as_slice())).collect();
    group.bench_function("weighted sum of 10", |bencher| bencher.iter(|| vector::weighted_sum(black_box(&terms), &mut y)));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = softmax, perceptron, vectors
}
criterion_main!(benches);
