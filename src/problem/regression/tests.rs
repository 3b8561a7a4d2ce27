use rand::RngExt;

use super::*;
use crate::{
    num::vector::norm2,
    problem::{
        data::{Features, Samples, SparseRows, Targets},
        optimum,
    },
    random::{Purpose, Streams},
};

const COLUMNS: usize = 21;

/// Unequal clients; every third feature is 0.
fn data(binary: bool) -> ClientData<f64> {
    let mut rng = Streams::new(2).stream(Purpose::Data, 0, 0);
    let mut draw = || 2.0 * rng.random::<f64>() - 1.0;
    let features = ndarray::Array2::from_shape_fn((90, COLUMNS), |(i, j)| if (i + j) % 3 == 0 { 0.0 } else { draw() });
    let targets = features.rows().into_iter().map(|row| row[1] - 2.0 * row[2] + 0.3 * draw()).collect::<Vec<_>>();
    let targets = if binary {
        Targets::Classes { labels: targets.iter().map(|&t| u32::from(t > 0.1)).collect(), count: 2 }
    } else {
        Targets::Values(targets)
    };
    let train = Samples { features: Features::Dense(features), targets };
    ClientData {
        classes: Vec::new(),
        test: Some(train.clone()),
        validation: None,
        train,
        offsets: vec![0, 10, 15, 50, 90].into(),
    }
}

fn sparse(mut data: ClientData<f64>) -> ClientData<f64> {
    let Features::Dense(matrix) = &data.train.features else { panic!() };
    let mut rows = SparseRows { columns: COLUMNS, starts: vec![0], indices: Vec::new(), values: Vec::new() };
    for row in matrix.rows() {
        for (j, &value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            rows.indices.push(j as u32);
            rows.values.push(value);
        }
        rows.starts.push(rows.values.len());
    }
    data.train.features = Features::Sparse(rows.clone());
    data.test = data.test.map(|test| Samples { features: Features::Sparse(rows), ..test });
    data
}

fn model(loss: Loss, data: ClientData<f64>, intercept: bool) -> Regression<f64> {
    Regression::new(loss, intercept, Arc::new(data), vec![0.1, 0.2, 0.3, 0.4], 1e-2).unwrap()
}

fn every() -> Vec<Regression<f64>> {
    let mut all = Vec::new();
    for (loss, intercept) in [(Loss::Square, false), (Loss::Square, true), (Loss::Logistic, false), (Loss::Logistic, true)] {
        let data = data(loss == Loss::Logistic);
        all.push(model(loss, data.clone(), intercept));
        all.push(model(loss, sparse(data), intercept));
    }
    all
}

fn point(dim: usize) -> Vec<f64> {
    (0..dim).map(|j| (0.9 * j as f64 + 0.2).cos()).collect()
}

#[test]
fn gradients_are_slopes_of_the_local_loss() {
    let mut work = Workspace::new();
    for problem in every() {
        let dim = problem.dim();
        let x = point(dim);
        let mut gradient = vec![0.0; dim];
        let loss = problem.gradient(2, &x, Sample::Full, &mut gradient, &mut work);
        assert!((loss - problem.local_loss(2, &x, &mut work)).abs() < 1e-14);
        for j in 0..dim {
            let mut at = |h: f64| {
                let mut moved = x.clone();
                moved[j] += h;
                problem.local_loss(2, &moved, &mut work)
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((slope - gradient[j]).abs() < 1e-9, "{slope} {}", gradient[j]);
        }
    }
}

#[test]
fn hessian_products_are_slopes_of_the_gradient() {
    let mut work = Workspace::new();
    for problem in every() {
        let dim = problem.dim();
        let (x, v) = (point(dim), point(dim + 1)[1..].to_vec());
        let mut product = vec![0.0; dim];
        assert!(problem.hessian_product(1, &x, &v, &mut product, &mut work));
        let mut at = |h: f64| {
            let moved: Vec<f64> = x.iter().zip(&v).map(|(x, v)| x + h * v).collect();
            let mut gradient = vec![0.0; dim];
            let _ = problem.gradient(1, &moved, Sample::Full, &mut gradient, &mut work);
            gradient
        };
        let (ahead, behind) = (at(1e-5), at(-1e-5));
        for j in 0..dim {
            assert!(((ahead[j] - behind[j]) / 2e-5 - product[j]).abs() < 1e-8);
        }
    }
}

#[test]
fn sparse_and_dense_rows_agree() {
    for pair in every().chunks(2) {
        let x = point(pair[0].dim());
        let score = |problem: &Regression<f64>| problem.score(HeldOut::Test, &x, &mut Workspace::new()).unwrap();
        let (dense, sparse) = (score(&pair[0]), score(&pair[1]));
        assert!((dense.loss - sparse.loss).abs() < 1e-14);
        assert_eq!(dense.accuracy, sparse.accuracy);
    }
}

#[test]
fn batches_average_to_the_full_gradient() {
    let mut work = Workspace::new();
    for problem in every() {
        let dim = problem.dim();
        let x = point(dim);
        let (mut full, mut part, mut mean) = (vec![0.0; dim], vec![0.0; dim], vec![0.0; dim]);
        let _ = problem.gradient(2, &x, Sample::Full, &mut full, &mut work);
        let rows: Vec<u32> = (0..35).rev().collect();
        for batch in rows.chunks(7) {
            let _ = problem.gradient(2, &x, Sample::Rows(batch), &mut part, &mut work);
            crate::num::vector::axpy(0.2, &part, &mut mean);
        }
        assert!(crate::num::vector::distance2(&full, &mean).sqrt() < 1e-14);
    }
}

/// Solves the normal equations by elimination, independently of the code under test.
fn normal_equations(data: &ClientData<f64>, weights: &[f64], l2: f64) -> Vec<f64> {
    let (Features::Dense(matrix), Targets::Values(targets)) = (&data.train.features, &data.train.targets) else { panic!() };
    let mut system = vec![vec![0.0; COLUMNS + 1]; COLUMNS];
    for (client, weight) in weights.iter().enumerate() {
        let rows = data.rows(client);
        let share = weight / rows.len() as f64;
        for row in rows {
            for i in 0..COLUMNS {
                (0..COLUMNS).for_each(|j| system[i][j] += share * matrix[[row, i]] * matrix[[row, j]]);
                system[i][COLUMNS] += share * matrix[[row, i]] * targets[row];
            }
        }
    }
    (0..COLUMNS).for_each(|i| system[i][i] += l2);
    for pivot in 0..COLUMNS {
        let lead = system[pivot].clone();
        for i in (0..COLUMNS).filter(|&i| i != pivot) {
            let factor = system[i][pivot] / lead[pivot];
            (0..=COLUMNS).for_each(|j| system[i][j] -= factor * lead[j]);
        }
    }
    (0..COLUMNS).map(|i| system[i][COLUMNS] / system[i][i]).collect()
}

#[test]
fn ridge_solves_the_normal_equations() {
    let data = data(false);
    let expected = normal_equations(&data, &[0.1, 0.2, 0.3, 0.4], 1e-2);
    for data in [data.clone(), sparse(data)] {
        let problem = model(Loss::Square, data, false);
        let best = optimum::solve(&problem).unwrap();
        assert!(best.gradient_norm < 1e-14);
        for (found, expected) in best.x.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-12);
        }
        let loss = crate::problem::evaluate::over_clients(&problem, &expected, true);
        assert!((loss.loss - best.value).abs() < 1e-14 && norm2(&loss.gradient).sqrt() < 1e-13);
    }
}

#[test]
fn logistic_regression_reaches_its_optimum() {
    for problem in every().iter().filter(|problem| problem.loss == Loss::Logistic) {
        let best = optimum::solve(problem).unwrap();
        let check = crate::problem::evaluate::over_clients(problem, &best.x, true);
        assert!(norm2(&check.gradient).sqrt() <= 1e-12);
        assert_eq!(check.loss, best.value);
    }
}

#[test]
fn large_margins_do_not_overflow() {
    for target in [-1.0, 1.0] {
        for p in [-800.0, 800.0] {
            let loss = Loss::Logistic.value(p, target);
            let expected = if p * target > 0.0 { 0.0 } else { 800.0 };
            assert_eq!(loss, expected);
            assert_eq!(Loss::Logistic.slope(p, target), if p * target > 0.0 { 0.0 } else { -target });
        }
    }
}

#[test]
fn targets_that_do_not_suit_the_loss_are_refused() {
    let mut three = data(true);
    three.train.targets = Targets::Classes { labels: vec![2; 90], count: 3 };
    let (mut one, of_objective, of_data) = (data(true), "objective", "data");
    one.train.targets = Targets::Classes { labels: vec![0; 90], count: 1 };
    for (loss, data, key) in [
        (Loss::Logistic, three.clone(), of_objective),
        (Loss::Square, three, of_objective),
        (Loss::Logistic, data(false), of_data),
        (Loss::Logistic, one, of_data),
    ] {
        let error = Regression::new(loss, true, Arc::new(data), vec![0.25; 4], 0.0).unwrap_err();
        assert_eq!(error.path, [key]);
        assert!(error.help.is_some());
    }
}
