//! Full-gradient local steps on dense quadratics, in double precision, against a plain loop over the same matrix.
//!
//! Compare `descend` with `plain` of the same dimension; both do 10 local steps a visit.

use std::{hint::black_box, path::Path};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fedfleet::{
    interrupt::Interrupt,
    problem::{
        BatchSize, Batches, Correction, Objective, Visit, Workspace,
        quadratic::{Alike, GeneratorSpec, LinearTerm, Quadratic, QuadraticSpec, Shape},
    },
    random::{Purpose, Streams},
};

const CLIENTS: usize = 100;
const STEPS: usize = 10;

fn problem(dimension: usize, clients: usize, shape: Shape) -> Quadratic<f64> {
    let linear = Some(LinearTerm { mean: 1.0, sd: 0.1 });
    let law = GeneratorSpec { dimension, shape, curvature: Alike::Heterogeneous, linear, ..GeneratorSpec::default() };
    let spec = QuadraticSpec { generate: Some(law), ..QuadraticSpec::default() };
    Quadratic::new(&spec, Some(clients), Streams::new(0), Path::new(".")).expect("the law is valid")
}

fn visit(problem: &Quadratic<f64>, client: usize, y: &mut [f64], work: &mut Workspace<f64>) {
    let mut rng = Streams::new(1).stream(Purpose::Batch, client, 0);
    let (mut order, mut draw) = (Vec::new(), Vec::new());
    let mut batches = Batches::new(BatchSize::Full, 0.0, (1, y.len()), &mut rng, &mut order, &mut draw);
    let mut visit = Visit { steps: STEPS, lr: &|_| 0.1, batches: &mut batches, interrupt: Interrupt::default() };
    problem.descend(client, y, &mut visit, &Correction::NONE, work);
}

/// The same steps as nested loops over a column-major matrix and a linear term.
fn plain(matrix: &[f64], b: &[f64], y: &mut [f64]) {
    let mut gradient = vec![0.0; y.len()];
    for _ in 0..STEPS {
        gradient.iter_mut().zip(b).for_each(|(g, b)| *g = -b);
        for (column, &y) in matrix.chunks_exact(b.len()).zip(y.iter()) {
            gradient.iter_mut().zip(column).for_each(|(g, a)| *g += a * y);
        }
        y.iter_mut().zip(&gradient).for_each(|(y, g)| *y -= 0.1 * g);
    }
}

fn steps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("local steps, dense f64");
    for dimension in [4, 20, 50, 200] {
        let problem = problem(dimension, CLIENTS, Shape::Dense);
        let mut work = Workspace::new();
        group.throughput(Throughput::Elements(STEPS as u64));
        group.bench_function(BenchmarkId::new("descend", dimension), |bencher| {
            let (mut y, mut client) = (vec![0.0; dimension], 0);
            bencher.iter(|| {
                client = (client + 37) % CLIENTS;
                y.fill(0.0);
                visit(&problem, client, black_box(&mut y), &mut work);
            });
        });
        let matrix = vec![0.5 / dimension as f64; CLIENTS * dimension * dimension];
        let b = vec![1.0; dimension];
        group.bench_function(BenchmarkId::new("plain", dimension), |bencher| {
            let (mut y, mut client) = (vec![0.0; dimension], 0);
            bencher.iter(|| {
                client = (client + 37) % CLIENTS;
                y.fill(0.0);
                plain(&matrix[client * dimension * dimension..][..dimension * dimension], black_box(&b), black_box(&mut y));
            });
        });
    }
    group.finish();
}

fn lazy(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("visit of a generated client, d = 20");
    for shape in [Shape::Diagonal, Shape::Dense] {
        let problem = problem(20, 10_000_000, shape);
        let (mut y, mut client, mut work) = (vec![0.0; 20], 0, Workspace::new());
        group.bench_function(format!("{shape:?}"), |bencher| {
            bencher.iter(|| {
                client = (client + 1_234_567) % 10_000_000;
                y.fill(0.0);
                visit(&problem, client, black_box(&mut y), &mut work);
            });
        });
    }
    group.finish();
}

fn form(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("optimum of 1,000,000 generated clients, d = 20");
    group.sample_size(10);
    for shape in [Shape::Diagonal, Shape::Dense] {
        group.bench_function(format!("{shape:?}"), |bencher| {
            bencher.iter(|| black_box(problem(20, 1_000_000, shape).quadratic_form().is_some()));
        });
    }
    group.finish();
}

criterion_group!(benches, steps, lazy, form);
criterion_main!(benches);
