//! Momentum in the clients: golden traces, identities and fixed points.

use crate::bench::Bench;

/// The scalar problem GP of the golden values: curvatures 1 and 3, centres 0 and 4, two steps of 0.1, from 1; optimum 3.
pub fn gp(text: &str) -> Bench {
    Bench::q4(text)
        .set("problem.objective", "{ quadratic = { curvature = [1.0, 3.0], centre = [0.0, 4.0] } }")
        .set("problem.init", "{ constant = 1.0 }")
        .set("fleet.clients", 2)
        .steps("2")
        .lr(0.1)
}

#[track_caller]
pub fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance, "step {step}: {found} instead of {expected}");
    }
}

/// The fixed point `FP(e)` of FedAvg on GP with `steps` local steps of `e`.
fn fixed_point(e: f64, steps: i32) -> f64 {
    let pull = |a: f64| 1.0 - (1.0 - e * a).powi(steps);
    4.0 * pull(3.0) / (pull(1.0) + pull(3.0))
}

#[test]
fn golden_traces() {
    // The first round collects the gradient -4 and does not move.
    assert_near(&gp("fedavg-m-vr; beta = 0.5; gamma = 0.4").iterates(4), &[1.0, 2.39, 2.7125, 2.815375], 1e-12);
    assert_near(&gp("scaffold-m; beta = 0.5; gamma = 0.4").iterates(3), &[1.735, 2.56675, 3.1301753125], 1e-12);
}

#[test]
fn the_letters_of_scaffold_m_are_golden() {
    use crate::watch::{Observer, Until};
    for (round, g, c) in [(1, -1.8375, -3.675), (2, -2.079375, -2.32125), (3, -1.40856328125, -0.7377515625)] {
        let mut engine = gp("scaffold-m; beta = 0.5; gamma = 0.4").engine();
        let _ = engine.run(&mut Observer::new(Until::Versions(round)));
        let federated = engine.protocol();
        let found: Vec<f64> = federated.model().vectors[1..].iter().map(|vector| vector[0]).collect();
        assert_near(&found, &[g, c], 1e-12);
        let variates: Vec<f64> = (0..2).map(|client| federated.memories().get(client).unwrap().own.vectors[0][0]).collect();
        assert_near(&[(variates[0] + variates[1]) / 2.0], &[c], 1e-12);
        if round == 1 {
            assert_near(&variates, &[0.975, -8.325], 1e-12);
        }
    }
}

#[test]
fn a_fresh_gradient_alone_is_the_plain_method() {
    for cohort in ["\"all\"", "2"] {
        let schedule = format!("{{ rounds = {{ cohort = {cohort} }} }}");
        let over = |text: &str| Bench::q4(text).schedule(&schedule);
        assert_near(&over("fedavg-m; beta = 1.0").iterates(12), &over("fedavg").iterates(12), 1e-12);
        assert_near(&over("fedavg-m; beta = 1.0; gamma = 0.2").iterates(12), &over("fedavg").iterates(12), 1e-12);
        assert_near(&over("fedavg-m-vr; beta = 1.0; start = \"zero\"").iterates(12), &over("fedavg").iterates(12), 1e-12);
        assert_near(&over("scaffold-m; beta = 1.0").iterates(12), &over("scaffold").iterates(12), 1e-12);
        assert_near(&over("scaffold-m-vr; beta = 1.0; start = \"zero\"").iterates(12), &over("scaffold").iterates(12), 1e-12);
    }
}

#[test]
fn one_local_step_of_everyone_makes_them_one_method() {
    let one = |text: &str| Bench::q4(text).steps("1").iterates(12);
    let expected = one("fedavg-m; beta = 0.3");
    assert_near(&one("scaffold-m; beta = 0.3"), &expected, 1e-12);
    assert_near(&one("scallion; alpha = 0.3"), &expected, 1e-12);
    assert_near(&one("scafcom; beta = 0.3"), &expected, 1e-12);
}

#[test]
fn variance_reduced_versions_are_gradient_descent_on_exact_gradients() {
    // Step sizes fall from the round after the one that collects gradients.
    for lr in ["0.05", "{ steps = { start = 0.1, factor = 0.5, every = 3 } }"] {
        let over = |text: &str| Bench::q4(text).steps("1").set("federated.local.lr", lr);
        let expected = over("fedavg").iterates(11);
        for text in ["fedavg-m-vr; beta = 0.3", "scaffold-m-vr; beta = 0.3"] {
            assert_near(&over(text).iterates(12)[1..], &expected, 1e-12);
        }
    }
}

#[test]
fn momentum_shrinks_the_drift_as_a_smaller_local_step_does() {
    for beta in [0.05, 0.2, 0.5, 1.0] {
        for steps in [2, 5] {
            let settled = |text: &str| gp(&format!("{text}; beta = {beta}; gamma = 0.1")).steps(&steps.to_string()).last(4000);
            assert_near(&[settled("fedavg-m")], &[fixed_point(0.1 * beta, steps)], 1e-10);
            assert_near(&[settled("fedavg-m-vr")], &[fixed_point(0.1, steps)], 1e-10);
            assert_near(&[settled("scaffold-m"), settled("scaffold-m-vr")], &[3.0, 3.0], 1e-10);
        }
    }
    assert_near(&[fixed_point(0.05, 2)], &[2.96], 1e-12);
}

#[test]
fn control_variates_stay_exact_with_part_of_the_clients() {
    for text in ["scaffold-m; beta = 0.3", "scaffold-m-vr; beta = 0.3"] {
        let found = Bench::q4(text).schedule("{ rounds = { cohort = 2 } }").last(6000);
        assert_near(&[found], &[1.0], 1e-10);
    }
}

#[test]
fn rounds_may_overlap_where_no_first_gradients_are_collected() {
    let found = Bench::q4("scaffold-m-vr; beta = 0.3; start = \"zero\"").schedule("{ buffered = { size = 2 } }").last(6000);
    assert_near(&[found], &[1.0], 1e-10);
}

#[test]
fn one_local_step_contracts_at_the_square_root_of_what_momentum_keeps() {
    // Roots of z² − (2 − β − γβλ) z + (1 − β) are complex here, of modulus √(1 − β).
    let (beta, gamma, lambda) = (0.36_f64, 0.5, 1.0);
    let bench = gp(&format!("fedavg-m; beta = {beta}; gamma = {gamma}"))
        .set("problem.objective", format!("{{ quadratic = {{ curvature = [{lambda:?}, {lambda:?}], centre = [0.0, 4.0] }} }}"))
        .steps("1");
    let middle = 2.0 - beta - gamma * beta * lambda;
    assert!(middle * middle < 4.0 * (1.0 - beta));
    let errors: Vec<f64> = bench.iterates(60).into_iter().map(|x| x - 2.0).collect();
    for window in errors.windows(3) {
        assert_near(&[window[2]], &[middle * window[1] - (1.0 - beta) * window[0]], 1e-12);
    }
    let invariant = |a: f64, b: f64| (b * b - middle * a * b + (1.0 - beta) * a * a).abs();
    let rate = (invariant(errors[50], errors[51]) / invariant(errors[0], errors[1])).powf(0.01);
    assert_near(&[rate], &[(1.0 - beta).sqrt()], 1e-9);
}

/// FedAvg-M with one local step on four equal curvatures of 1, and the product `γβ` of its server step and its fresh share.
fn one_step(beta: f64, gamma: f64, noise: f64) -> Bench {
    let objective = format!("{{ quadratic = {{ curvature = [1.0, 1.0, 1.0, 1.0], centre = 0.0, noise = {noise:?} }} }}");
    Bench::q4(&format!("fedavg-m; beta = {beta}; gamma = {gamma}")).set("problem.objective", objective).steps("1").lr(0.1)
}

#[test]
fn momentum_makes_larger_server_steps_stable_up_to_the_predicted_one() {
    // Stable if and only if γβλ < 2 (2 − β).
    for beta in [0.2, 0.5, 1.0] {
        let most = 2.0 * (2.0 - beta) / beta;
        assert!(one_step(beta, 0.99 * most, 0.0).last(3000).abs() < 1e-6, "{beta}");
        assert!(one_step(beta, 1.01 * most, 0.0).last(3000).abs() > 1e6, "{beta}");
    }
}

#[test]
fn momentum_hardly_lowers_the_noise_floor() {
    // Var x = γ s² (2 − β) / (λ (2 (2 − β) − γβλ)) for noise of variance s² = 1/4 in the mean of four clients.
    let gamma = 0.2;
    for beta in [0.2, 0.5, 1.0] {
        let trace = one_step(beta, gamma, 1.0).set("problem.init", "\"zeros\"").iterates(120_000);
        let variance = trace[1000..].iter().map(|x| x * x).sum::<f64>() / (trace.len() - 1000) as f64;
        let expected = gamma * 0.25 * (2.0 - beta) / (2.0 * (2.0 - beta) - gamma * beta);
        assert!((variance / expected - 1.0).abs() < 0.08, "β = {beta}: {variance} instead of {expected}");
    }
}
