//! What lossy links owe, and how large steps may be that they do not blow up.

use crate::{
    bench::Bench,
    watch::{Observer, Until},
};

const HALF: &str = "{ rounds = { cohort = { trace = [[0, 1, 2], [1, 3], [0, 2]] } } }";

#[test]
fn the_iterate_less_the_mean_debt_is_where_whole_gradients_would_have_led() {
    // With every client in each round x − mean eᵢ = x⁰ − γ Σ ∇f(x); with some, all debts over their number take its place.
    let (curvature, centre, gamma) =
        ([[1.0, 2.0], [3.0, 1.0], [0.5, 4.0], [2.0, 0.7]], [[1.0, -1.0], [-1.0, 2.0], [3.0, 0.5], [0.0, -2.0]], 0.05);
    let everyone: &[usize] = &[0, 1, 2, 3];
    for (schedule, cohorts) in [("{ rounds = {} }", [everyone; 3]), (HALF, [&[0, 1, 2], &[1, 3], &[0, 2]])] {
        let bench = Bench::q4("fedavg")
            .set("problem.objective", format!("{{ quadratic = {{ curvature = {curvature:?}, centre = {centre:?} }} }}"))
            .set("problem.init", "\"zeros\"")
            .set("federated.uplink", "{ ef = { top-k = { k = 1 } } }")
            .weighting("all")
            .schedule(schedule)
            .steps("1")
            .lr(gamma);
        let rounds = 60;
        let path = bench.path(rounds);
        let mut engine = bench.engine();
        let _ = engine.run(&mut Observer::new(Until::Versions(rounds)));
        let memories = engine.protocol().memories();
        let (mut x, mut whole) = (vec![0.0; 2], [0.0; 2]);
        for (next, cohort) in path.iter().zip(cohorts.iter().cycle()) {
            for j in 0..2 {
                let gradients = cohort.iter().map(|&i| curvature[i][j] * (x[j] - centre[i][j]));
                whole[j] -= gamma / 4.0 * gradients.sum::<f64>();
            }
            x.clone_from(next);
        }
        for j in 0..2 {
            let debt =
                (0..4).map(|i| memories.get(i).expect("everyone took part").compressor[0].vectors[0][j]).sum::<f64>() / 4.0;
            assert!((x[j] - debt - whole[j]).abs() < 1e-12, "{schedule}: {} owes {debt}, not {}", x[j], whole[j]);
            assert!(debt.abs() > 1e-3, "nothing was held back");
        }
    }
}

#[test]
fn naive_compression_is_stable_up_to_the_predicted_step() {
    // f_i = (a/2) ‖x‖²: a step multiplies E‖x‖² by (1 − γa)² + (γa)² ω/N, which is 1 at γa (1 + ω/N) = 2. Measured on one step from
    // equal coordinates, whose squares average as those of as many runs would.
    let (clients, d, k) = (4, 6000, 2000);
    let omega_over_n = (d as f64 / k as f64 - 1.0) / clients as f64;
    let centre = vec![vec![0.0; d]; clients];
    let bench = Bench::q4("fedavg")
        .set("problem.objective", format!("{{ quadratic = {{ curvature = 1.0, centre = {centre:?} }} }}"))
        .set("problem.init", "{ constant = 1.0 }")
        .set("federated.uplink", format!("{{ rand-k = {{ k = {k} }} }}"))
        .steps("1");
    let seeds = 8;
    for (share, expected) in [(0.5, 1.0 / 3.0), (0.9, 0.76), (1.0, 1.0), (1.2, 1.64)] {
        let lr = share * 2.0 / (1.0 + omega_over_n);
        assert!(((1.0 - lr).powi(2) + lr * lr * omega_over_n - expected).abs() < 1e-12, "{share}");
        let square = |seed| {
            let mut bench = bench.clone().lr(lr);
            bench.seed = seed;
            bench.path(1)[0].iter().map(|x| x * x).sum::<f64>() / d as f64
        };
        let found = (0..seeds).map(square).sum::<f64>() / seeds as f64;
        assert!((found - expected).abs() < 0.03, "{share} of the largest step: {found} instead of {expected}");
    }
}
