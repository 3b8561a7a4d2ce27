use approx::assert_relative_eq;

use super::*;
use crate::problem::data::{
    CentreLaw, LinearSpec, LinearTargets, MixtureClients, MixtureSpec, SyntheticSpec, Table, TeacherSpec,
};

fn matrix(samples: &Samples<f64>) -> &ndarray::Array2<f64> {
    match &samples.features {
        Features::Dense(matrix) => matrix,
        Features::Sparse(_) => panic!("expected dense features"),
    }
}

fn labels(samples: &Samples<f64>) -> &[u32] {
    match &samples.targets {
        Targets::Classes { labels, .. } => labels,
        Targets::Values(_) => panic!("expected classes"),
    }
}

fn synthetic_spec() -> SyntheticSpec {
    SyntheticSpec { max_samples: 300, ..SyntheticSpec::default() }
}

#[test]
fn synthetic_clients_have_sizes_within_their_bounds_and_a_tenth_held_out() {
    let sizes = sizes(&synthetic_spec(), 200, &Streams::new(0));
    for (train, test) in sizes.iter().copied() {
        let total = train + test;
        assert!((50..=300).contains(&total));
        assert_eq!(train, (0.9 * total as f64).floor() as usize);
    }
    // Half the lognormal draws are below the median e⁴, and some above the cap.
    let below = sizes.iter().filter(|(train, test)| train + test <= 50 + 54).count();
    assert!((70..=130).contains(&below), "{below}");
    assert!(sizes.iter().any(|(train, test)| train + test == 300));
}

#[test]
fn synthetic_data_have_the_shapes_of_the_paper() {
    let table: Table<f64> = synthetic(&synthetic_spec(), 30, &Streams::new(1));
    let natural = table.natural.as_ref().unwrap();
    assert_eq!((natural.values.len(), natural.of.len()), (30, table.train.len()));
    assert_eq!((matrix(&table.train).ncols(), table.classes.len()), (60, 10));
    assert!(labels(&table.train).iter().all(|&label| label < 10));
}

#[test]
fn another_client_leaves_the_first_ones_as_they_are() {
    let draw = |clients| synthetic::<f64>(&synthetic_spec(), clients, &Streams::new(1)).train;
    let (few, many) = (draw(3), draw(4));
    assert!(many.len() > few.len());
    assert_eq!(matrix(&few), matrix(&many).slice(ndarray::s![..few.len(), ..]));
    assert_eq!(labels(&few), &labels(&many)[..few.len()]);
}

#[test]
fn synthetic_features_spread_as_j_to_the_minus_1_2() {
    let spec = SyntheticSpec {
        log_sd: 0.0,
        log_mean: 0.0,
        min_samples: 20_000,
        max_samples: 20_000,
        test: 0.0,
        ..SyntheticSpec::default()
    };
    let table: Table<f64> = synthetic(&spec, 1, &Streams::new(2));
    assert!(table.test.is_none());
    for j in [1, 2, 10, 60] {
        let variance = matrix(&table.train).column(j - 1).var(1.0);
        assert_relative_eq!(variance, (j as f64).powf(-1.2), max_relative = 0.05);
    }
}

#[test]
fn alpha_is_the_deviation_of_the_classifier_and_beta_that_of_the_inputs() {
    // With few samples a client, the mean over features of a client's inputs is near B, with deviation β.
    let spec =
        SyntheticSpec { beta: 5.0, log_sd: 0.0, log_mean: 0.0, min_samples: 50, features: 200, ..SyntheticSpec::default() };
    let table: Table<f64> = synthetic(&spec, 400, &Streams::new(3));
    let natural = table.natural.as_ref().unwrap().members();
    let means = |table: &Table<f64>| -> Vec<f64> {
        natural.iter().map(|rows| table.train.select(rows)).map(|own| matrix(&own).mean().unwrap()).collect()
    };
    let deviation = ndarray::Array1::from(means(&table)).std(1.0);
    assert_relative_eq!(deviation, 5.0, max_relative = 0.15);
    // The noise is common: 2 β moves every client's mean by B, so the inputs of β = 0 differ by exactly that.
    let zero: Table<f64> = synthetic(&SyntheticSpec { beta: 0.0, ..spec.clone() }, 400, &Streams::new(3));
    let twice: Table<f64> = synthetic(&SyntheticSpec { beta: 10.0, ..spec }, 400, &Streams::new(3));
    for ((zero, once), twice) in means(&zero).into_iter().zip(means(&table)).zip(means(&twice)) {
        assert_relative_eq!(twice - zero, 2.0 * (once - zero), epsilon = 1e-9);
    }
}

#[test]
fn iid_synthetic_clients_share_one_classifier_and_mean() {
    let spec = SyntheticSpec { iid: true, min_samples: 2_000, max_samples: 2_000, ..SyntheticSpec::default() };
    let table: Table<f64> = synthetic(&spec, 3, &Streams::new(4));
    let members = table.natural.as_ref().unwrap().members();
    let histogram = |rows: &[usize]| {
        let mut counts = [0.0; 10];
        rows.iter().for_each(|&row| counts[labels(&table.train)[row] as usize] += 1.0 / rows.len() as f64);
        counts
    };
    for other in &members[1..] {
        for (a, b) in histogram(&members[0]).iter().zip(histogram(other)) {
            assert!((a - b).abs() < 0.06, "{a} {b}");
        }
    }
    for column in matrix(&table.train).columns() {
        assert!(column.mean().unwrap().abs() < 0.06);
    }
}

#[test]
fn a_mixture_without_noise_is_its_centres() {
    let spec =
        MixtureSpec { classes: 4, clusters: 8, features: 16, noise: 0.0, samples: 2_000, test: 40, ..MixtureSpec::default() };
    let table: Table<f64> = mixture(&spec, 0, &Streams::new(5));
    let mut rows: Vec<(u32, Vec<u64>)> = labels(&table.train)
        .iter()
        .zip(matrix(&table.train).rows())
        .map(|(&label, row)| (label, row.iter().map(|value| value.to_bits()).collect()))
        .collect();
    rows.sort();
    rows.dedup();
    assert_eq!(rows.len(), 32);
    for row in matrix(&table.train).rows() {
        assert_relative_eq!(row.dot(&row), 1.0, epsilon = 1e-12);
    }
    let test = labels(table.test.as_ref().unwrap());
    assert!((0..4).all(|class| test.iter().filter(|&&label| label == class).count() == 10));
}

#[test]
fn mixture_noise_and_centres_have_their_deviations() {
    let centres = CentreLaw::Normal { sd: 3.0 };
    let spec = MixtureSpec { classes: 2, features: 2_000, noise: 0.5, samples: 1_000, centres, ..MixtureSpec::default() };
    let table: Table<f64> = mixture(&spec, 0, &Streams::new(6));
    let of_class = |class| -> Vec<usize> { (0..1_000).filter(|&row| labels(&table.train)[row] == class).collect() };
    let own = table.train.select(&of_class(0));
    let deviations = matrix(&own).std_axis(ndarray::Axis(0), 1.0);
    assert_relative_eq!(deviations.mean().unwrap(), 0.5, max_relative = 0.01);
    let means = matrix(&own).mean_axis(ndarray::Axis(0)).unwrap();
    assert_relative_eq!(means.std(1.0), 3.0, max_relative = 0.06);
}

#[test]
fn mixture_clients_have_their_own_label_mixes() {
    let clients = |alpha| Some(MixtureClients { samples: 50, alpha, count: 100 });
    let spec = |alpha| MixtureSpec { features: 2, clients: clients(alpha), test: 0, ..MixtureSpec::default() };
    let largest = |alpha| {
        let table: Table<f64> = mixture(&spec(alpha), 100, &Streams::new(7));
        let share = |rows: &[usize]| {
            let mut counts = [0; 10];
            rows.iter().for_each(|&row| counts[labels(&table.train)[row] as usize] += 1);
            *counts.iter().max().unwrap()
        };
        let members = table.natural.as_ref().unwrap().members();
        assert!(members.iter().all(|rows| rows.len() == 50));
        members.iter().map(|rows| share(rows)).sum::<usize>()
    };
    assert!(largest(1e-3) > 99 * 50);
    assert!(largest(1e6) < 14 * 100);
    assert!((14 * 100..40 * 100).contains(&largest(0.5)));
}

#[test]
fn a_larger_pool_begins_with_the_smaller_one() {
    let pool =
        |samples| mixture::<f64>(&MixtureSpec { features: 3, samples, ..MixtureSpec::default() }, 0, &Streams::new(8)).train;
    let (small, large) = (pool(700), pool(1_500));
    assert_eq!(matrix(&small), matrix(&large).slice(ndarray::s![..700, ..]));
}

#[test]
fn a_teacher_uses_several_classes_and_normal_inputs() {
    let table: Table<f64> = teacher(&TeacherSpec { samples: 5_000, ..TeacherSpec::default() }, &Streams::new(9));
    let x = matrix(&table.train);
    assert_eq!((x.dim(), table.test.as_ref().unwrap().len()), ((5_000, 64), 500));
    assert_relative_eq!(x.std(1.0), 1.0, max_relative = 0.01);
    let mut seen = labels(&table.train).to_vec();
    seen.sort_unstable();
    seen.dedup();
    assert!(seen.len() >= 5);
}

#[test]
fn linear_targets_without_noise_are_linear() {
    let spec = LinearSpec { features: 2, samples: 50, test: 5, targets: LinearTargets::Linear { noise: 0.0 }, seed: None };
    let table: Table<f64> = linear(&spec, &Streams::new(10));
    let value = |samples: &Samples<f64>, row: usize| match &samples.targets {
        Targets::Values(values) => values[row],
        Targets::Classes { .. } => panic!("expected real targets"),
    };
    // Two rows give the weights by Cramer's rule; all others must agree, the held-out ones too.
    let x = matrix(&table.train);
    let (a, b) = (value(&table.train, 0), value(&table.train, 1));
    let determinant = x[[0, 0]] * x[[1, 1]] - x[[0, 1]] * x[[1, 0]];
    let weights = [(a * x[[1, 1]] - b * x[[0, 1]]) / determinant, (b * x[[0, 0]] - a * x[[1, 0]]) / determinant];
    for samples in [&table.train, table.test.as_ref().unwrap()] {
        for (row, x) in matrix(samples).rows().into_iter().enumerate() {
            assert_relative_eq!(value(samples, row), x[0] * weights[0] + x[1] * weights[1], epsilon = 1e-9);
        }
    }
}

#[test]
fn random_targets_have_nothing_to_do_with_the_inputs() {
    let spec = LinearSpec { features: 3, samples: 20_000, targets: LinearTargets::Random, ..LinearSpec::default() };
    let table: Table<f64> = linear(&spec, &Streams::new(11));
    let Targets::Values(y) = &table.train.targets else { panic!("expected real targets") };
    let y = ndarray::ArrayView1::from(y.as_slice());
    assert_relative_eq!(y.std(1.0), 1.0, max_relative = 0.03);
    assert!(matrix(&table.train).columns().into_iter().all(|column| (column.dot(&y) / 20_000.0).abs() < 0.03));
    let spec = LinearSpec { samples: 20_000, targets: LinearTargets::Labels { classes: 10 }, ..spec };
    let table: Table<f64> = linear(&spec, &Streams::new(11));
    assert!((0..10).all(|class| labels(&table.train).iter().filter(|&&label| label == class).count().abs_diff(2_000) < 200));
}
