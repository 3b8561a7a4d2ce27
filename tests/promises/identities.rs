//! Methods that must agree with each other: equivalences of their updates, and invariants of their state.

use std::fmt::Debug;

use fedfleet::{
    engine::Engine,
    num::vector,
    protocol::{Observed, federated::Federated},
    registry::Registry,
};

use crate::{
    bench::{Bench, C, F80, H, PATTERN},
    watch::{Observer, Until},
};

const ROUNDS: usize = 12;

#[track_caller]
fn assert_near(found: &[f64], expected: &[f64], tolerance: f64, what: impl Debug) {
    assert_eq!(found.len(), expected.len(), "{what:?}");
    for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance, "{what:?}, step {step}: {found} instead of {expected}");
    }
}

/// A last round of everyone keeps the closed loop of the pattern alive.
fn over_pattern(text: &str) -> Bench {
    Bench::q4(text).schedule(PATTERN)
}

#[test]
fn full_participation_with_equal_steps_makes_one_method_of_many() {
    let expected = Bench::q4("fedavg").iterates(ROUNDS);
    let alike = [
        Bench::q4("fedavg").weighting("all"),
        Bench::q4("fedavg").weighting("all-weighted"),
        Bench::q4("fedavg").weighting("participating-weighted"),
        Bench::q4("fedavg").weighting("sampling"),
        Bench::q4("fedavg").weighting("known-probability"),
        Bench::q4("fedavg").weighting("unbiased"),
        Bench::q4("fedavg").weighting("sum-weights"),
        Bench::q4("fedau"),
        Bench::q4("fedau; cutoff = 1"),
        Bench::q4("fedau; cutoff = 5"),
        Bench::q4("mifa"),
        Bench::q4("mifa; table = \"zero\""),
        Bench::q4("fedvarp"),
        Bench::q4("fednova"),
        Bench::q4("fedprox; mu = 0.0"),
        Bench::q4("fedavgm; beta = 0.0"),
        Bench::q4("diloco; beta = 0.0; lr = 1.0").set("federated.client", "{ optimiser = [] }"),
        Bench::q4("delayed-nesterov; beta = 0.0; lr = 1.0; delay = 4").schedule("{ rounds = {} }"),
        Bench::q4("fedavg").weighting("unbiased").visits(&F80).schedule("{ window = { seconds = 1.0 } }"),
        Bench::q4("fedavg").weighting("all-weighted").visits(&F80).schedule("{ window = { seconds = 1.7 } }"),
        Bench::q4("fedavg").visits(&F80).schedule("{ group = { size = 4 } }"),
        Bench::q4("fedavg").visits(&F80).schedule("{ grace = { seconds = 1e9, buffer = 4 } }"),
        Bench::q4("fedavg").schedule("{ buffered = { size = 4, batch-ties = true } }"),
        Bench::q4("afa-cd; lr = 4.0").schedule("{ rounds = {} }"),
        Bench::q4("afa-cs; lr = 4.0").schedule("{ rounds = {} }"),
    ];
    for bench in alike {
        assert_near(&bench.iterates(ROUNDS), &expected, 1e-12, &bench);
    }
}

#[test]
fn neutral_parameters_change_no_bit() {
    let bits = |bench: Bench| bench.iterates(ROUNDS).into_iter().map(f64::to_bits).collect::<Vec<_>>();
    assert_eq!(bits(over_pattern("fedprox; mu = 0.0")), bits(over_pattern("fedavg")));
    assert_eq!(bits(over_pattern("fedavgm; beta = 0.0")), bits(over_pattern("fedavg")));
    assert_eq!(bits(over_pattern("fedbuff")), bits(over_pattern("fedavg")));
}

#[test]
fn a_cutoff_of_one_makes_fedau_the_average_over_all() {
    assert_near(
        &over_pattern("fedau; cutoff = 1").iterates(18),
        &over_pattern("fedavg").weighting("all").iterates(18),
        1e-12,
        "",
    );
}

#[test]
fn one_cluster_of_all_makes_fedvarp_the_average_of_participants() {
    let expected = over_pattern("fedavg").iterates(18);
    for clusters in ["{ contiguous = 1 }", "{ listed = [0] }", "\"classes\""] {
        let text = format!("fedvarp; clusters = {clusters}");
        assert_near(&over_pattern(&text).iterates(18), &expected, 1e-12, &text);
    }
    let alone = over_pattern("fedvarp; clusters = { listed = [0, 1, 2, 3] }").iterates(18);
    assert_near(&alone, &over_pattern("fedvarp").iterates(18), 0.0, "a cluster for each");
}

#[test]
fn momentum_by_staleness_is_momentum_where_nothing_is_stale() {
    let with = |chain: &str| over_pattern("fedavg").set("federated.server", chain).iterates(18);
    let plain = with("[{ momentum = { beta = 0.9 } }]");
    assert_eq!(with("[{ momentum = { beta = 0.9, by-staleness = true } }]"), plain);
}

#[test]
fn fedvarp_is_unbiased_over_cohorts_drawn_uniformly() {
    let next = |cohort: [usize; 2]| {
        let trace = format!("{{ rounds = {{ cohort = {{ trace = [[0], [1, 2], [3], {cohort:?}] }} }} }}");
        Bench::q4("fedvarp").schedule(&trace).iterates(4)
    };
    let pairs = [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]].map(next);
    let mean = pairs.iter().map(|trace| trace[3]).sum::<f64>() / 6.0;
    let everyone = Bench::q4("fedavg").set("problem.init", format!("{{ constant = {:?} }}", pairs[0][2])).last(1);
    assert_near(&[mean], &[everyone], 1e-12, "the mean over all pairs");
}

#[test]
fn a_single_client_runs_local_sgd() {
    let alone = |text: &str| {
        let objective = "{ quadratic = { curvature = [2.0], centre = [1.0] } }";
        Bench::q4(text).set("problem.objective", objective).set("fleet.clients", 1)
    };
    let expected: Vec<f64> = (1..=ROUNDS as i32).map(|round| 1.0 + 4.0 * 0.9_f64.powi(4 * round)).collect();
    let same = [
        "fedavg",
        "fedprox; mu = 0.0",
        "fednova",
        "fedavgm; beta = 0.0",
        "fedau",
        "fedau; cutoff = 2",
        "mifa",
        "mifa; table = \"zero\"",
        "fedvarp",
        "scaffold",
        "scaffold; option = \"I\"",
        "delayed-nesterov; beta = 0.0; lr = 1.0; delay = 1",
    ];
    for text in same {
        assert_near(&alone(text).schedule("{ rounds = {} }").iterates(ROUNDS), &expected, 1e-12, text);
    }
    for text in ["afa-cd; lr = 4.0", "afa-cs; lr = 4.0", "fedbuff", "fedasync; alpha = 1.0; rho = 0.0"] {
        assert_near(&alone(text).schedule("{ every-arrival = {} }").iterates(ROUNDS), &expected, 1e-12, text);
    }
}

#[test]
fn an_endless_grace_period_with_a_buffer_of_all_is_a_barrier() {
    let sgd = |text: &str| Bench::q4(text).set("federated.client", "{ optimiser = [] }").visits(&F80);
    let rounds = sgd("diloco").schedule("{ rounds = {} }").iterates(ROUNDS);
    let grace = sgd("diloco").schedule("{ grace = { seconds = 1e9, buffer = 4 } }").iterates(ROUNDS);
    assert_near(&grace, &rounds, 1e-12, "DiLoCo");
}

#[test]
fn first_rounds_agree() {
    let first = |text| over_pattern(text).iterates(1)[0];
    assert_eq!(first("scaffold"), first("fedavg"));
    assert_eq!(first("scaffold; option = \"I\""), first("fedavg"));
    assert_near(&[first("fedvarp")], &[first("fedavg")], 1e-12, "fedvarp");
}

#[test]
fn frozen_moments_leave_a_constant_step() {
    let chain = "[{ scale = 0.05 }]";
    let expected = over_pattern("fedavg").set("federated.server", chain).iterates(ROUNDS);
    for name in ["fedadam", "fedyogi"] {
        let text = format!("{name}; b1 = 0.0; b2 = 1.0; tau = 0.01; lr = 0.001");
        assert_near(&over_pattern(&text).iterates(ROUNDS), &expected, 1e-12, name);
    }
}

#[test]
fn fednova_follows_the_gradient_as_the_step_shrinks() {
    let slope: f64 = H.iter().zip(C).map(|(h, c)| h * (5.0 - c) / 4.0).sum();
    let error = |lr: f64| {
        let effective = lr * (1.0 + 2.0 + 4.0 + 8.0) / 4.0;
        let x = Bench::q4("fednova").steps("{ values = [1.0, 2.0, 4.0, 8.0] }").lr(lr).last(1);
        ((5.0 - x) / effective - slope).abs()
    };
    let (coarse, fine) = (error(1e-3), error(1e-4));
    assert!(coarse < 0.1 && (coarse / fine - 10.0).abs() < 0.2, "{coarse} and {fine}");
}

#[test]
fn one_arrival_at_a_time() {
    let stream = |bench: Bench, schedule: &str| -> Vec<f64> {
        // No two arrivals at the same time: grace periods and groups start clients of one instant together.
        bench.visits(&[1.0, 0.731, 0.467, 0.209]).schedule(schedule).arrivals(20).iter().map(|arrival| arrival.x[0]).collect()
    };
    let every = stream(Bench::q4("fedavg"), "{ every-arrival = {} }");
    let plain = "{ buffered = { size = 1, discount = \"constant\", replace = \"same\" } }";
    assert_eq!(stream(Bench::q4("fedbuff"), plain), every);
    assert_eq!(stream(Bench::q4("fedavg"), "{ grace = { seconds = 0.0 } }"), every);
    assert_eq!(stream(Bench::q4("fedavg"), "{ group = { size = 1 } }"), every);
    let normalised = stream(Bench::q4("afa-cd; lr = 4.0"), "{ buffered = { size = 1 } }");
    assert_near(&normalised, &every, 1e-12, "afa-cd");
    let single = |text: &str| Bench::q4(text).schedule("{ every-arrival = {} }").set("federated.local.lr", 0.05);
    let fresh = |text: &str| -> Vec<f64> {
        let bench = single(text).set("problem.objective", "{ quadratic = { curvature = [2.0], centre = [1.0] } }");
        bench.set("fleet.clients", 1).iterates(ROUNDS)
    };
    let half = Bench::q4("fedavg").schedule("{ every-arrival = {} }").set("federated.server", "[{ scale = 0.6 }]");
    let half = half.set("problem.objective", "{ quadratic = { curvature = [2.0], centre = [1.0] } }").set("fleet.clients", 1);
    assert_near(&fresh("fedasync; rho = 0.0"), &half.iterates(ROUNDS), 1e-12, "fresh models");
}

#[test]
fn delayed_nesterov_is_nesterov_on_block_means() {
    let equal = |bench: Bench| bench.schedule("{ rounds = {} }");
    let nesterov = |beta: f64, lr: f64| {
        let chain = format!("[{{ momentum = {{ beta = {beta}, nesterov = true }} }}, {{ scale = {lr} }}]");
        Bench::q4("fedavg").set("federated.server", chain)
    };
    let blocks = equal(Bench::q4("delayed-nesterov; delay = 4")).iterates(ROUNDS);
    assert_near(&blocks, &nesterov(0.9, 0.7).iterates(ROUNDS), 1e-10, "blocks of everyone");
    for activation in [0.0, 0.5, 1.0] {
        let text = format!("delayed-nesterov; delay = 1; lr = 0.1; activation = {activation:?}");
        let stream = Bench::q4(&text).visits(&F80).schedule("{ every-arrival = {} }").iterates(40);
        let plain = nesterov(0.9, 0.1).weighting("sum").visits(&F80).schedule("{ every-arrival = {} }").iterates(40);
        assert_near(&stream, &plain, 1e-10, &text);
    }
    let plain = Bench::q4("delayed-nesterov; beta = 0.0; delay = 4; lr = 0.8").visits(&F80).schedule("{ every-arrival = {} }");
    let sgd = Bench::q4("fedavg").weighting("sum").set("federated.server", "[{ scale = 0.2 }]").visits(&F80);
    assert_near(&plain.iterates(40), &sgd.schedule("{ every-arrival = {} }").iterates(40), 1e-12, "without momentum");
}

#[test]
fn large_batch_sgd_is_the_simplest_anarchy() {
    let once = |text: &str| Bench::q4(text).steps("1").lr(0.1).schedule("{ rounds = {} }").iterates(ROUNDS);
    let sgd = once("fedsgd");
    assert_near(&once("afa-cd"), &sgd, 1e-12, "afa-cd");
    assert_near(&once("afa-cs"), &sgd, 1e-12, "afa-cs");
    assert_near(&Bench::q4("fedsgd").steps("7").lr(0.1).iterates(ROUNDS), &sgd, 0.0, "always one step");
}

#[test]
fn anarchy_with_a_table_is_mifa_for_equal_steps() {
    let mifa = Bench::q4("mifa; table = \"zero\"").schedule(PATTERN).iterates(18);
    let afa = Bench::q4("afa-cs; table = \"zero\"; lr = 4.0").schedule(PATTERN).iterates(18);
    assert_near(&afa, &mifa, 1e-12, "");
}

#[test]
fn nothing_moves_without_steps_or_without_anybody() {
    for text in ["fedavg", "fedprox", "fednova", "fedavgm", "fedvarp", "fedau", "fedasync", "fedbuff"] {
        let absent = Bench::q4(text).schedule("{ rounds = { cohort = { trace = [[]] } } }").last(3);
        assert_eq!(absent, 5.0, "{text} without anybody");
    }
}

#[test]
fn no_method_moves_with_a_step_size_of_zero() {
    for entry in
        Registry::builtin().methods().iter().filter(|entry| entry.section == "federated" && entry.card.name != "analytic")
    {
        let text = entry.card.name;
        assert_eq!(Bench::q4(text).lr(0.0).schedule("{ rounds = {} }").last(3), 5.0, "{text}");
    }
}

#[test]
fn a_cosine_to_zero_freezes_the_model_where_it_ends() {
    for text in [
        "scaffold",
        "scallion",
        "scafcom",
        "fedavg-m",
        "fedavg-m-vr",
        "scaffold-m",
        "scaffold-m-vr",
        "mifa",
        "fedvarp",
        "afa-cd",
        "afa-cs",
    ] {
        let trace = Bench::q4(text).set("federated.local.lr", "{ cosine = { start = 0.05, over = 3 } }").iterates(8);
        assert!(trace.iter().all(|x| x.is_finite()), "{text}: {trace:?}");
        assert_eq!(trace[7], trace[4], "{text}");
    }
}

/// The gap of a method on random quadratics whose uplinks lose half of the coordinates.
fn gap_over(uplink: &str, text: &str) -> f64 {
    Bench::random(text, 8).set("federated.uplink", uplink).schedule("{ rounds = {} }").gaps(4000).1
}

#[test]
fn control_variates_stand_uplinks_that_lose() {
    // An unbiased compressor must have a variance below 1: 1/4 for four of five coordinates.
    for uplink in ["{ top-k = { fraction = 0.4 } }", "{ rand-k = { fraction = 0.8 } }"] {
        assert!(gap_over(uplink, "scaffold") < 1e-12, "SCAFFOLD over {uplink}: {}", gap_over(uplink, "scaffold"));
    }
}

/// The run after `rounds` rounds of PAT.
fn after(text: &str, rounds: usize) -> Engine<Federated<f64>> {
    let mut engine = over_pattern(text).engine();
    let _ = engine.run(&mut Observer::new(Until::Versions(rounds)));
    engine
}

fn state_vector(federated: &Federated<f64>, name: &str) -> f64 {
    federated.state().iter().find(|letter| letter.name == name && letter.client.is_none()).expect("the letter exists").vector[0]
}

fn mean_of_memories(federated: &Federated<f64>) -> f64 {
    federated.memories().sorted().iter().map(|(_, memory)| memory.own.vectors[0][0]).sum::<f64>() / 4.0
}

#[test]
fn the_servers_variates_are_the_means_of_the_clients() {
    for rounds in 1..=9 {
        let scaffold = after("scaffold", rounds);
        assert_near(&[state_vector(scaffold.protocol(), "c")], &[mean_of_memories(scaffold.protocol())], 1e-12, rounds);
        let feddyn = after("feddyn; alpha = 0.5", rounds);
        assert_near(&[state_vector(feddyn.protocol(), "h")], &[mean_of_memories(feddyn.protocol())], 1e-12, rounds);
        let fedvarp = after("fedvarp", rounds);
        let rows = fedvarp.protocol().server().state_vectors();
        let mean = rows.iter().filter(|letter| letter.client.is_some()).map(|letter| letter.vector[0]).sum::<f64>() / 4.0;
        assert_near(&[state_vector(fedvarp.protocol(), "ȳ")], &[mean], 1e-12, rounds);
    }
    assert_near(&[state_vector(after("scaffold", 6).protocol(), "c")], &[1.26205165437], 1e-10, "golden");
}

#[test]
fn server_vectors_have_the_shape_of_the_model() {
    for text in ["scaffold", "feddyn", "fedvarp", "mifa", "delayed-nesterov"] {
        let engine = after(text, 4);
        let state_vectors = engine.protocol().state();
        assert!(!state_vectors.is_empty(), "{text} shows no vector of its server");
        assert!(state_vectors.iter().all(|letter| letter.vector.len() == 1), "{text}");
        assert!(vector::is_finite(engine.protocol().iterate()), "{text}");
    }
}
