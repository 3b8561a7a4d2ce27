//! Analytic federated learning: the least-squares solution in one round, for any partition.

use fedfleet::{engine::Workers, num::vector, protocol::Observed};

use crate::{
    bench::Bench,
    watch::{Observer, Until},
};

/// Least squares over random samples; every client has fewer of them than there are features.
fn regression(text: &str, clients: usize) -> Bench {
    Bench::random(text, clients)
        .set("problem.objective", "{ least-squares = { intercept = true } }")
        .set("problem.weights", "\"samples\"")
        .set("problem.data", "{ linear = { features = 16, samples = 160, targets = { linear = { noise = 0.5 } } } }")
}

/// The model after one round of everyone.
fn model(bench: &Bench) -> Vec<f64> {
    let mut engine = bench.build(Workers::single()).unwrap_or_else(|fault| panic!("{fault}")).1;
    let _ = engine.run(&mut Observer::new(Until::Versions(1)));
    engine.protocol().iterate().to_vec()
}

fn optimum(bench: &Bench) -> Vec<f64> {
    let world = bench.build(Workers::single()).unwrap_or_else(|fault| panic!("{fault}")).0;
    world.problem.optimum().expect("least squares has an optimum").x.clone()
}

#[track_caller]
fn assert_same(a: &[f64], b: &[f64], tolerance: f64) {
    let distance = vector::distance2(a, b).sqrt();
    assert!(distance <= tolerance * vector::norm2(b).sqrt(), "{distance} apart");
}

#[test]
fn one_round_solves_least_squares_exactly() {
    for clients in [1, 2, 7, 40, 160] {
        for gamma in [0.0, 1.0, 100.0] {
            let bench = regression(&format!("analytic; gamma = {gamma:?}"), clients);
            assert_same(&model(&bench), &optimum(&bench), 1e-10);
        }
    }
}

/// The sums over samples do not depend on who adds which of them, nor on what each client adds to its own.
#[test]
fn the_evidence_is_the_same_for_any_number_of_clients_and_any_parts() {
    let evidence = |text: &str, clients: usize| {
        let mut engine = regression(&format!("analytic; {text}"), clients).build(Workers::single()).unwrap().1;
        let _ = engine.run(&mut Observer::new(Until::Versions(1)));
        engine.protocol().evidence().expect("it has a prior")
    };
    for prior in ["known-noise = { signal = 1.0, noise = 0.25 }", "unknown-noise = { ratio = 4.0, shape = 2.0, scale = 0.5 }"] {
        let prior = format!("evidence = {{ {prior} }}");
        let central = evidence(&format!("gamma = 0.0; {prior}"), 1);
        assert!(central < 0.0 && central.is_finite());
        for clients in [2, 7, 40, 160] {
            for more in
                ["gamma = 0.0", "gamma = 1.0", "gamma = 5.0; remove = false", "ridge = 3.0", "gamma = 10.0; law = 'pairwise'"]
            {
                approx::assert_relative_eq!(evidence(&format!("{more}; {prior}"), clients), central, max_relative = 1e-9);
            }
        }
    }
}

#[test]
fn what_is_not_removed_is_a_ridge() {
    let kept = regression("analytic; gamma = 0.5; remove = false", 40);
    let ridge = regression("analytic", 40).set("problem.l2", 40.0 * 0.5 / 160.0);
    assert_same(&model(&kept), &optimum(&ridge), 1e-10);
    let asked = regression("analytic; gamma = 3.0; ridge = 20.0", 40);
    assert_same(&model(&asked), &optimum(&ridge), 1e-10);
}

/// How far apart, as the sum of absolute differences, the model of all clients and the central solution are: `samples` of
/// `features` normal features in equal parts.
fn apart(text: &str, clients: usize, (samples, features): (usize, usize)) -> f64 {
    let bench = Bench::random(text, clients)
        .set("problem.objective", "\"least-squares\"")
        .set("problem.weights", "\"samples\"")
        .set("problem.partition", "\"contiguous\"")
        .set("problem.data", format!("{{ linear = {{ features = {features}, samples = {samples}, targets = \"random\" }} }}"));
    model(&bench).iter().zip(optimum(&bench)).map(|(found, best)| (found - best).abs()).sum()
}

/// Distances of the printed law with γ = 1, which is taken out again, and without γ.
fn printed(clients: usize, size: (usize, usize)) -> (f64, f64) {
    let repaired = apart("analytic; law = \"pairwise\"", clients, size);
    (repaired, apart("analytic; law = \"pairwise\"; gamma = 0.0", clients, size))
}

#[test]
fn the_printed_law_breaks_down_where_samples_are_fewer_than_features() {
    for clients in [2, 10, 20, 31, 40, 100, 200] {
        let (repaired, bare) = printed(clients, (2000, 64));
        assert!(repaired < 1e-9, "{clients} clients with gamma = 1: {repaired}");
        // 2,000 / 31 > 64 > 2,000 / 40, if by a hair: 64 samples of 64 features are badly conditioned.
        assert_eq!(bare < 1e-3, clients <= 31, "{clients} clients with gamma = 0: {bare}");
    }
}

/// The table of the authors' notebook: 10,000 samples of 512 features, which 20 clients and more share in parts of fewer than
/// 512. Beyond that the distance without γ hangs on where a pseudo-inverse cuts off, and only grows.
#[test]
#[ignore = "takes minutes: `just long`"]
fn the_published_table_of_the_printed_law() {
    let mut before = 0.0;
    for (clients, most) in [(2, 1e-11), (10, 1e-10), (20, 1e-8), (50, 1e-8), (100, 1e-8), (200, 1e-8)] {
        let (repaired, bare) = printed(clients, (10_000, 512));
        println!("{clients} clients: {bare:.1e} without gamma, {repaired:.1e} with gamma = 1");
        assert!(repaired < most, "{clients} clients with gamma = 1: {repaired}");
        let broken = if clients <= 10 { bare < 1e-9 } else { bare > 0.1 && bare > before };
        assert!(broken, "{clients} clients with gamma = 0: {bare}");
        before = bare;
    }
}

#[test]
fn neither_partition_nor_absence_of_rounds_matters() {
    let features = "{ mlp = { hidden = [24] } }";
    let data = "{ mixture = { classes = 4, features = 6, samples = 300 } }";
    let of = |clients: usize, partition: &str| {
        let bench = Bench::random("analytic", clients).set("problem.objective", features).set("problem.data", data);
        model(&bench.set("problem.partition", partition).set("precision", "\"f64\""))
    };
    let central = of(1, "\"iid\"");
    for (clients, partition) in [
        (10, "\"iid\""),
        (50, "{ dirichlet = { alpha = 0.05 } }"),
        (10, "{ shards = { per-client = 2 } }"),
        (25, "\"contiguous\""),
    ] {
        assert_same(&of(clients, partition), &central, 1e-8);
    }
}

#[test]
fn clients_that_come_later_are_added_and_count_once() {
    let late = regression("analytic", 4).schedule("{ rounds = { cohort = { trace = [[0], [1, 0], [2, 3], [0, 1, 2]] } } }");
    let mut engine = late.engine();
    let _ = engine.run(&mut Observer::new(Until::Versions(4)));
    assert_same(engine.protocol().iterate(), &optimum(&late), 1e-10);
    // 16 features and an intercept: half of a Gram matrix and the cross moments of each client, in words of 32 bits, once.
    assert_eq!(engine.ledger().uplink_bits, 4 * 32 * (17 * 18 / 2 + 17));
}

#[test]
fn only_rounds_over_linear_layers_are_accepted() {
    let fault = |bench: Bench| bench.build(Workers::single()).err().expect("it makes no sense");
    assert!(fault(Bench::q4("analytic")).contains("linear layer over samples"));
    assert!(fault(regression("analytic", 4).schedule("{ every-arrival = {} }")).contains("asks every client once"));
    assert!(fault(regression("analytic", 4).weighting("all")).contains("sums over all samples"));
}
