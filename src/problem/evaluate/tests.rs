use std::sync::Arc;

use super::*;
use crate::problem::{
    data::{ClientData, Features, Samples, Targets},
    optimum,
    regression::{Loss, Regression},
};

const ALL: Wanted = Wanted {
    loss: true,
    gap: true,
    gradient_norm: true,
    distance: true,
    test: true,
    validation: true,
    predictions: false,
    worst_decile: true,
    local_losses: true,
};

fn ridge(loss: Loss) -> Regression<f64> {
    let features = ndarray::Array2::from_shape_fn((300, 5), |(i, j)| ((i * 5 + j) as f64 * 0.77).sin());
    let targets = (0..300).map(|i| if (i * i) % 7 < 3 { 1.0 } else { -1.0 }).collect();
    let train = Samples { features: Features::Dense(features), targets: Targets::Values(targets) };
    let offsets: Vec<usize> = (0..=100).map(|i| 3 * i).collect();
    let data = ClientData { classes: Vec::new(), test: Some(train.clone()), validation: None, train, offsets: offsets.into() };
    Regression::new(loss, loss == Loss::Logistic, Arc::new(data), vec![0.01; 100], 1e-2).unwrap()
}

#[test]
fn scores_have_the_same_bits_on_one_and_two_threads() {
    for loss in [Loss::Square, Loss::Logistic] {
        let problem = ridge(loss);
        let best = optimum::solve(&problem).unwrap();
        let x = vec![0.3; problem.dim()];
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| (evaluate(&problem, Some(&best), &x, ALL), evaluate(&problem, None, &x, ALL)))
        };
        assert_eq!(on(1), on(2));
    }
}

#[test]
fn the_form_and_a_pass_over_the_clients_agree() {
    let problem = ridge(Loss::Square);
    let best = optimum::solve(&problem).unwrap();
    let x = vec![0.3; problem.dim()];
    let (quick, slow) = (evaluate(&problem, Some(&best), &x, ALL), over_clients(&problem, &x, true));
    assert!((quick.loss.unwrap() - slow.loss).abs() < 1e-13);
    assert!((quick.gap.unwrap() - (slow.loss - best.value)).abs() < 1e-13);
    assert!((quick.gradient_norm.unwrap() - norm2(&slow.gradient).sqrt()).abs() < 1e-13);
    assert_eq!(quick.local_losses.unwrap(), slow.losses);
}

#[test]
fn a_score_does_not_depend_on_which_others_are_wanted() {
    for loss in [Loss::Square, Loss::Logistic] {
        let problem = ridge(loss);
        let best = optimum::solve(&problem).unwrap();
        let x = vec![0.3; problem.dim()];
        let all = evaluate(&problem, Some(&best), &x, ALL);
        let alone = |wanted: Wanted| evaluate(&problem, Some(&best), &x, wanted);
        assert_eq!(alone(Wanted { loss: true, ..Wanted::default() }).loss, all.loss);
        assert_eq!(alone(Wanted { gap: true, ..Wanted::default() }).gap, all.gap);
        assert_eq!(alone(Wanted { gradient_norm: true, ..Wanted::default() }).gradient_norm, all.gradient_norm);
        assert_eq!(alone(Wanted { worst_decile: true, ..Wanted::default() }).worst_decile, all.worst_decile);
    }
}

#[test]
fn nothing_that_is_not_wanted_is_given() {
    let problem = ridge(Loss::Logistic);
    let x = vec![0.0; problem.dim()];
    assert_eq!(evaluate(&problem, None, &x, Wanted::default()), Evaluation::default());
    let loss = evaluate(&problem, None, &x, Wanted { loss: true, ..Wanted::default() });
    assert!((loss.loss.unwrap() - std::f64::consts::LN_2).abs() < 1e-15);
    assert_eq!(Evaluation { loss: None, ..loss }, Evaluation::default());
}

#[test]
fn the_worst_decile_rounds_up_and_shows_divergence() {
    let losses: Vec<f64> = (0..11).map(f64::from).collect();
    assert_eq!(worst_decile(&losses), 9.5);
    assert_eq!(worst_decile(&[2.0]), 2.0);
    assert!(worst_decile(&[1.0, f64::NAN, 3.0]).is_nan());
}

#[test]
fn every_index_is_met_once_and_in_order() {
    for count in [0, 1, 5, 64, 65, 1000] {
        let mut seen = Vec::new();
        ordered_fold(count, |range| range.collect::<Vec<_>>(), |part| seen.extend(part));
        assert_eq!(seen, (0..count).collect::<Vec<_>>());
    }
}
