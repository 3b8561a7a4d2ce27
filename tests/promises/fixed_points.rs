//! Where methods end up on Q4: exactly at the optimum, or off it by the bias that theory predicts.

use crate::bench::{Bench, C, F80, H};

/// Rounds after which every run here has settled to rounding.
const SETTLED: usize = 6000;

#[track_caller]
fn assert_settles(bench: Bench, expected: f64, tolerance: f64) {
    let found = bench.last(SETTLED);
    assert!((found - expected).abs() <= tolerance, "{found} instead of {expected} for {bench:?}");
}

fn uneven(text: &str) -> Bench {
    Bench::q4(text).steps("{ values = [1.0, 2.0, 4.0, 8.0] }")
}

/// Where long-run weights `w` lead with `steps` exact local steps of `lr`: `Σ w a c / Σ w a`.
fn predicted(weights: [f64; 4], lr: f64, steps: i32) -> f64 {
    let pull = |i: usize| weights[i] * (1.0 - (1.0 - lr * H[i]).powi(steps));
    (0..4).map(|i| pull(i) * C[i]).sum::<f64>() / (0..4).map(pull).sum::<f64>()
}

#[test]
fn unlike_steps_bias_fedavg_and_hardly_fednova() {
    for (lr, fedavg, fednova) in
        [(0.05, 1.4640216539, 0.6669009432), (0.01, 1.6292301381, 0.9285274605), (0.002, 1.6593556201, 0.9856160527)]
    {
        assert_settles(uneven("fedavg").lr(lr), fedavg, 1e-9);
        assert_settles(uneven("fednova").lr(lr), fednova, 1e-9);
    }
}

#[test]
fn fednova_normalises_a_local_momentum() {
    let (rho, lr) = (0.9_f64, 0.002);
    let steps = [1_i32, 2, 4, 8];
    let expected = {
        // Displacement from 1 towards 0 of heavy ball on curvature h, and the closed form of ‖a‖₁.
        let share = |i: usize| {
            let (mut y, mut b) = (1.0, 0.0);
            for _ in 0..steps[i] {
                b = rho * b + H[i] * y;
                y -= lr * b;
            }
            let tau = f64::from(steps[i]);
            let length = (tau - rho * (1.0 - rho.powi(steps[i])) / (1.0 - rho)) / (1.0 - rho);
            (1.0 - y) / length
        };
        (0..4).map(|i| share(i) * C[i]).sum::<f64>() / (0..4).map(share).sum::<f64>()
    };
    assert!((expected - 0.9756).abs() < 5e-5, "{expected}");
    let momentum = "{ optimiser = [{ momentum = { beta = 0.9 } }] }";
    assert_settles(uneven("fednova").lr(lr).set("federated.client", momentum), expected, 1e-9);
}

#[test]
fn staleness_discounts_fednova_as_it_does_fedavg() {
    let discounted = |text: &str| Bench::q4(text).visits(&F80).schedule("{ buffered = { size = 2, discount = \"sqrt\" } }");
    let expected = discounted("fedavg").iterates(12);
    for (found, expected) in discounted("fednova").iterates(12).iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-12, "{found} instead of {expected}");
    }
}

#[test]
fn local_drift_biases_even_equal_steps() {
    assert_settles(Bench::q4("fedavg"), 0.8976343227, 1e-9);
    assert_settles(Bench::q4("fedprox; mu = 1.0"), 0.8973299762, 1e-9);
    assert_settles(uneven("fedprox; mu = 1.0"), 1.4164957171, 1e-9);
}

#[test]
fn scaffold_finds_the_optimum_exactly() {
    for option in ["I", "II"] {
        let text = format!("scaffold; option = \"{option}\"");
        for bench in [Bench::q4(&text), uneven(&text)] {
            assert_settles(bench.clone(), 1.0, 1e-13);
            assert_settles(bench.schedule("{ rounds = { cohort = 2 } }"), 1.0, 1e-13);
        }
    }
    let mut engine = Bench::q4("scaffold").engine();
    let _ = engine.run(&mut crate::watch::Observer::new(crate::watch::Until::Versions(SETTLED)));
    for (client, gradient) in [(0, 2.0), (1, 2.0), (2, 0.0), (3, -4.0)] {
        let variate = engine.protocol().memories().get(client).expect("everyone took part").own.vectors[0][0];
        assert!((variate - gradient).abs() < 1e-12, "client {client}: {variate}");
    }
}

#[test]
fn feddyn_comes_to_know_the_gradients_at_the_optimum() {
    let bench = Bench::q4("feddyn; alpha = 0.5").steps("120").lr(0.2);
    let mut engine = bench.engine();
    let _ = engine.run(&mut crate::watch::Observer::new(crate::watch::Until::Versions(4000)));
    let federated = engine.protocol();
    for (client, gradient) in [2.0, 2.0, 0.0, -4.0].into_iter().enumerate() {
        let found = federated.memories().get(client).expect("everyone took part").own.vectors[0][0];
        assert!((found - gradient).abs() < 1e-8, "client {client}: {found}");
    }
    let h = federated.server().state_vectors().iter().find(|letter| letter.name == "h").expect("the letter exists").vector[0];
    assert!(h.abs() < 1e-8, "{h}");
}

#[test]
fn feddyn_finds_the_optimum_with_exact_solves() {
    for alpha in [0.1, 0.5, 1.0, 2.0] {
        let bench = Bench::q4(&format!("feddyn; alpha = {alpha:?}")).steps("120").lr(0.2);
        let all = bench.last(4000);
        assert!((all - 1.0).abs() < 1e-9, "alpha = {alpha}: {all}");
        let half = bench.schedule("{ rounds = { cohort = 2 } }").last(8000);
        assert!((half - 1.0).abs() < 1e-6, "alpha = {alpha}, two of four: {half}");
    }
}

#[test]
fn memory_makes_up_for_absence() {
    for text in ["mifa", "mifa; table = \"zero\"", "fedvarp"] {
        assert_settles(Bench::q4(text).bernoulli(&[0.2, 0.5, 0.9, 0.4]), 0.8976343227, 1e-9);
        assert_settles(Bench::q4(text).steps("5").lr(0.01).bernoulli(&[0.1, 0.3, 0.6, 0.9]), 0.9732788039, 1e-9);
    }
}

#[test]
fn anarchic_averages_end_where_arrival_rates_say() {
    let stream = |text: &str, start: f64| {
        let bench = uneven(text).visits(&F80).schedule("{ buffered = { size = 1 } }");
        bench.set("problem.init", format!("{{ constant = {start:?} }}")).set("federated.server", "[{ scale = 0.002 }]")
    };
    let settled = |bench: Bench, after: usize| {
        let tail = bench.iterates(after);
        tail[after / 2..].iter().sum::<f64>() / (after - after / 2) as f64
    };
    // Every client is weighed alike; by its arrivals; by its arrivals and its steps.
    for (text, expected) in [("afa-cs", 0.6669009432), ("afa-cd", 1.3868005834), ("fedavg", 1.8129918229)] {
        let found = settled(stream(text, expected), 40_000);
        assert!((found - expected).abs() < 3e-3, "{text}: {found} instead of {expected}");
    }
}

/// Mean of the second half of a run with five local steps of 0.002.
fn spread(bench: Bench, durations: &[f64], count: usize) -> f64 {
    let trace = bench.steps("5").lr(0.002).visits(durations).iterates(count);
    trace[count / 2..].iter().sum::<f64>() / (count - count / 2) as f64
}

#[test]
fn weights_by_speed_remove_the_bias_of_fast_clients() {
    let of = |weighting: &str, schedule: &str| spread(Bench::q4("fedavg").weighting(weighting).schedule(schedule), &F80, 16_000);
    // Values of a simulation apart: staleness parts arrivals by a shade from the predicted 1.6127982183 and 0.9946639527.
    let cases = [
        ("all", "{ every-arrival = {} }", 1.6117),
        ("unbiased", "{ every-arrival = {} }", 0.9972),
        ("unbiased", "{ window = { seconds = 0.2 } }", 0.9980),
        ("unbiased", "{ window = { seconds = 0.5 } }", 0.9967),
        ("unbiased", "{ window = { seconds = 0.8 } }", 0.9950),
        ("all-weighted", "{ window = { seconds = 0.2 } }", 1.6340),
        ("all-weighted", "{ window = { seconds = 0.5 } }", 1.3288),
        ("all-weighted", "{ window = { seconds = 0.8 } }", 1.1383),
    ];
    for (weighting, schedule, expected) in cases {
        let found = of(weighting, schedule);
        assert!((found - expected).abs() < 1e-3, "{weighting} on {schedule}: {found} instead of {expected}");
    }
    for weighting in ["unbiased", "all-weighted"] {
        let found = of(weighting, "{ window = { seconds = 1.0 } }");
        assert!((found - 0.9946639527).abs() < 1e-9, "{weighting} on windows of the slowest's time: {found}");
    }
}

#[test]
fn groups_of_two_with_one_weight_favour_the_fast() {
    // F-80 in fifteenths, so that those who return together do so exactly, and are taken in the order of clients.
    let bench = Bench::q4("fedavg").weighting("participating").schedule("{ group = { size = 2 } }");
    let found = spread(bench, &[15.0, 11.0, 7.0, 3.0], 16_000);
    let predicted = predicted([0.25, 0.35, 0.55, 0.85], 0.002, 5);
    assert!((predicted - 1.4718778158).abs() < 1e-9, "{predicted}");
    assert!((found - predicted).abs() < 1e-3, "{found} instead of {predicted}");
}

#[test]
fn shards_that_travel_leave_nothing_to_speed() {
    let bench =
        Bench::q4("fedavg").weighting("all").schedule("{ every-arrival = {} }").set("federated.shards", "\"least-visited\"");
    let found = spread(bench, &F80, 16_000);
    assert!((found - 0.9946639527).abs() < 6e-3, "{found}");
}

#[test]
fn weights_by_speed_work_for_groups() {
    // Without ties, of which groups would make a difference.
    let durations = [1.0, 0.731, 0.467, 0.209];
    let of = |weighting: &str| {
        let bench = Bench::q4("fedavg").weighting(weighting).schedule("{ group = { size = 2 } }");
        spread(bench, &durations, 16_000)
    };
    let delivered = [1.0 / 4.0, 1.0 / 3.0, 7.0 / 12.0, 5.0 / 6.0];
    let (identical, unbiased) = (of("participating"), of("unbiased"));
    assert!((identical - predicted(delivered, 0.002, 5)).abs() < 6e-3, "{identical}");
    assert!((unbiased - predicted([1.0; 4], 0.002, 5)).abs() < 6e-3, "{unbiased}");
}

#[test]
fn fedau_learns_the_weights_of_speed_by_itself() {
    let bench = Bench::q4("fedau").schedule("{ every-arrival = {} }");
    let found = spread(bench, &F80, 40_000);
    assert!((found - predicted([1.0; 4], 0.002, 5)).abs() < 0.02, "{found}");
}

/// Mean of the later part of a run from where it is to settle, for participation that is drawn.
fn drawn(bench: Bench, expected: f64) -> f64 {
    let bench = bench.set("problem.init", format!("{{ constant = {expected:?} }}"));
    let trace = bench.steps("5").lr(0.01).bernoulli(&[0.1, 0.3, 0.6, 0.9]).iterates(120_000);
    trace[20_000..].iter().sum::<f64>() / 100_000.0
}

#[test]
fn unknown_participation_biases_as_predicted() {
    // The mean of 100,000 rounds is known to 0.002 from the draws, and to 0.003 where weights are learnt from them.
    let known = 0.9732788039;
    let cases = [
        (Bench::q4("fedavg").weighting("all"), 1.5939218398),
        (Bench::q4("fedavg"), 1.6890412475),
        (Bench::q4("fedavg").weighting("known-probability"), known),
        (Bench::q4("fedau; cutoff = 1"), 1.5939218398),
        (Bench::q4("fedau; cutoff = 2"), 1.4397240611),
        (Bench::q4("fedau; cutoff = 5"), 1.2088289932),
        (Bench::q4("fedau; cutoff = 10"), 1.0819321950),
        (Bench::q4("fedau; cutoff = 50"), 0.9746859285),
        (Bench::q4("fedau"), known),
    ];
    for (bench, expected) in cases {
        let text = format!("{bench:?}");
        let found = drawn(bench, expected);
        assert!((found - expected).abs() < 0.012, "{found} instead of {expected} for {text}");
    }
}

/// Two clients of equal curvature at 0 and 100, between which the optimum is 50, with one step of `lr` a round.
fn two(text: &str, lr: f64) -> Bench {
    let objective = "{ quadratic = { curvature = [1.0, 1.0], centre = [0.0, 100.0] } }";
    Bench::q4(text).set("problem.objective", objective).set("fleet.clients", 2).steps("1").lr(lr)
}

#[test]
fn two_clients_show_the_weights_of_random_participation() {
    let mean = |bench: Bench| bench.bernoulli(&[0.9, 0.1]).iterates(100_000)[1000..].iter().sum::<f64>() / 99_000.0;
    // Whatever the step size: p₂ (1 − p₁/2) against p₁ (1 − p₂/2), here 0.055 against 0.855.
    for lr in [0.05, 0.5] {
        let participating = mean(two("fedavg", lr));
        assert!((participating - 100.0 * 0.0604395604).abs() < 0.3, "{participating} with steps of {lr}");
    }
    let all = mean(two("fedavg", 0.05).weighting("all"));
    assert!((all - 10.0).abs() < 0.4, "{all}");
}

#[test]
fn two_clients_whose_presence_is_exactly_as_likely_as_stated_settle_where_it_says() {
    // Every pair of states as often as of independent clients with p = (1/2, 1/4).
    let rounds = "{ rounds = { cohort = { trace = [[0], [], [0, 1], [0], [], [1], [0], []] } } }";
    let settled = |bench: Bench| {
        let trace = bench.set("problem.init", "{ constant = 40.0 }").schedule(rounds).iterates(48_000);
        trace[40_000..].iter().sum::<f64>() / 8_000.0
    };
    let participating = 100.0 * 0.25 * 0.75 / (0.5 * 0.875 + 0.25 * 0.75);
    for (bench, expected) in [
        (two("fedavg", 2e-3), participating),
        (two("fedavg", 2e-3).weighting("all"), 100.0 * 0.25 / 0.75),
        (two("fedau", 2e-3), 50.0),
    ] {
        let found = settled(bench.clone());
        assert!((found - expected).abs() < 0.1, "{found} instead of {expected} for {bench:?}");
    }
}
